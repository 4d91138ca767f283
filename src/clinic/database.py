"""The clinic's own database: one SQLite connection, one transaction at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from threading import RLock

import msgspec

from clinic.records import AppointmentRequest, Patient

Value = str | bytes | int | float | None


class AlreadyThere(Exception):
    """The identifier is taken, or the thing was done before."""


class DoubleBooking(Exception):
    """The provider is booked already at that time."""


class Unknown(Exception):
    """There is no such patient or consultation."""


class Database:
    """Patients, appointments, consultations and ratings. Thread-safe; every call blocks.

    Commits do not wait for the disc (synchronous=NORMAL): a power failure may lose the last
    consultations, never mix them up. Raises sqlite3.Error when the database cannot be used.
    """

    def __init__(self, path: str) -> None:
        self._lock = RLock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(files("clinic").joinpath("schema.sql").read_text("utf-8"))

    def close(self) -> None:
        """Release the connection."""
        self._connection.close()

    @contextmanager
    def transaction(self, *, keep: bool = True) -> Iterator[None]:
        """Hold the database; commit at the end, or take everything back unless `keep`."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT" if keep else "ROLLBACK")

    def execute(self, statement: str, values: Sequence[Value] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        with self._lock:
            return self._connection.execute(statement, values)

    def add_patient(self, patient: Patient) -> None:
        """Put a patient on the books. Raises AlreadyThere."""
        try:
            self.execute(
                "INSERT INTO patients VALUES (?, ?)", (patient.id, msgspec.json.encode(patient))
            )
        except sqlite3.IntegrityError as error:
            raise AlreadyThere(f"patient {patient.id} is on the books already") from error

    def patient(self, id: str) -> Patient:
        """Return a patient. Raises Unknown."""
        row = self.execute("SELECT record FROM patients WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise Unknown(f"there is no patient {id}: POST /patients first")
        return msgspec.json.decode(row[0], type=Patient)

    def book(self, wish: AppointmentRequest) -> int:
        """Book a provider's time and return the appointment's number.

        Raises DoubleBooking if any part of it is taken, Unknown for an unknown patient.
        """
        ends = wish.starts + 60 * wish.minutes
        try:
            done = self.execute(
                "INSERT INTO appointments (patient, provider, starts, ends) VALUES (?, ?, ?, ?)",
                (wish.patient, wish.provider, wish.starts, ends),
            )
        except sqlite3.IntegrityError as error:
            if "double-booking" in str(error):
                raise DoubleBooking(f"{wish.provider} is booked at that time") from error
            raise Unknown(f"there is no patient {wish.patient}: POST /patients first") from error
        return int(done.lastrowid or 0)

    def add_consultation(
        self, *, patient: str, at: int, status: str, emergency: bool, model: str, detail: bytes
    ) -> int:
        """Keep a consultation and return its number."""
        done = self.execute(
            "INSERT INTO consultations (patient, at, status, emergency, model, detail)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (patient, at, status, int(emergency), model, detail),
        )
        return int(done.lastrowid or 0)

    def rate(self, consultation: int, rating: int, at: int) -> str:
        """Keep a rating and return whose it is. Raises Unknown, AlreadyThere."""
        row = self.execute(
            "SELECT patient FROM consultations WHERE id = ?", (consultation,)
        ).fetchone()
        if row is None:
            raise Unknown(f"there is no consultation {consultation}")
        try:
            self.execute("INSERT INTO ratings VALUES (?, ?, ?)", (consultation, rating, at))
        except sqlite3.IntegrityError as error:
            raise AlreadyThere(f"consultation {consultation} is rated already") from error
        return str(row[0])

    def exercise(self) -> None:
        """Write a row and read it back, keeping nothing. Raises sqlite3.Error."""
        with self.transaction(keep=False):
            self.execute("INSERT INTO patients VALUES ('health probe', x'7b7d')")
            row = self.execute("SELECT record FROM patients WHERE id = 'health probe'").fetchone()
        if row != (b"{}",):
            raise sqlite3.DatabaseError("what was written was not read back")
