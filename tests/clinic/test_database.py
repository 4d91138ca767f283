from concurrent.futures import ThreadPoolExecutor

import pytest

from clinic.database import Database, DoubleBooking, Unknown
from clinic.records import AppointmentRequest, Patient


@pytest.fixture
def path(tmp_path):
    path = str(tmp_path / "clinic.sqlite3")
    database = Database(path)
    database.add_patient(Patient(id="ada-1"))
    database.close()
    return path


def book(database, starts):
    wish = AppointmentRequest(patient="ada-1", provider="room 1", starts=starts, minutes=15)
    try:
        return database.book(wish)
    except DoubleBooking:
        return None


def test_of_many_who_want_one_slot_exactly_one_gets_it(path):
    databases = [Database(path) for _ in range(4)]

    with ThreadPoolExecutor(16) as threads:
        booked = list(threads.map(lambda turn: book(databases[turn % 4], 900), range(60)))
    for database in databases:
        database.close()

    assert sum(number is not None for number in booked) == 1


def test_an_overlap_is_a_double_booking_and_a_neighbour_is_not(path):
    database = Database(path)

    booked = [book(database, starts) is not None for starts in (900, 1200, 0, 1800)]
    database.close()

    assert booked == [True, False, True, True]


def test_an_appointment_needs_a_patient(path):
    database = Database(path)

    with pytest.raises(Unknown):
        database.book(AppointmentRequest(patient="nobody", provider="room 1", starts=0))
    database.close()


def test_a_double_booking_is_answered_with_409(bench):
    bench.patient()
    wish = {"patient": "ada-1", "provider": "room 1", "starts": 900}

    answers = [bench.http.post("/appointments", json=wish) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["code"] == "double-booking"
