"""What each code of the store, its backups and the health of a server means."""

from __future__ import annotations

STORE_EXPLANATIONS: dict[str, str] = {
    # What keeps a store from answering.
    "store-full": (
        "The disk under the store, or PostgreSQL's, is full. Nothing was half written. Sentinels "
        "withdraw from memory meanwhile, and all is written once there is room."
    ),
    "store-busy": (
        "Somebody else held the store's locks, or all its connections, for too long: a program "
        "that keeps a transaction open, or a disk that is very slow. It is tried again."
    ),
    "store-slow": "PostgreSQL took longer than a call may take. See what keeps it busy.",
    "store-unreachable": "PostgreSQL cannot be reached, or the connection to it broke.",
    "store-address": "The address is no PostgreSQL URL like postgresql://user@host:5432/phasegate.",
    "store-not-allowed": "PostgreSQL refuses the password, or the role may not do that.",
    "store-read-only": "The file may not be written to, or the database is a standby.",
    "store-foreign": (
        "The file or the database holds another program's tables, so nothing was written to it."
    ),
    "store-newer": (
        "A later version of phasegate has changed the schema so that this one would misread it. "
        "Start that version, or a later one."
    ),
    "store-damaged": (
        "SQLite finds its own file damaged, by a disk or by another program. Restore a backup."
    ),
    "store-not-a-database": "The file is no SQLite database; it was left as it is.",
    "store-not-opened": "The file cannot be opened; look whether its folder is there.",
    "store-disk": "The disk failed to read or write. Look at the disk.",
    "store-failed": "SQLite failed in a way that has no code of its own; the message is SQLite's.",
    "store-in-memory": "A store in memory ends with its process: nothing of it can be backed up.",
    "evidence-damaged": (
        "A pack of old tallies does not open, or is not what its SHA-256 was made of. The run is "
        "not judged by less than there was: its turns break, and its lease is not renewed."
    ),
    "packed-elsewhere": "Another server packed the same tallies first; nothing was changed here.",
    # What a verification finds.
    "plan-missing": "A log speaks of a plan whose text is not in the store: it was deleted.",
    "rows-missing": "A table has another number of rows than the backup says of itself.",
    "table-unknown": "The backup holds a table that this version does not know.",
    # Backups.
    "backup-exists": "A backup never replaces a file. Name another one.",
    "backup-disk-full": "There is no room for the backup; nothing of it was kept.",
    "backup-not-written": "The folder is missing, or may not be written to; nothing was kept.",
    "backup-missing": "There is no file of that name.",
    "backup-damaged": (
        "The backup was cut off or changed: its end is missing, or its SHA-256 does not fit what "
        "it holds. Nothing was restored."
    ),
    "backup-newer": "A later version wrote the backup, in a form that this one does not know.",
    # Health.
    "nobody-decides": (
        "No server has finished a round of decisions lately. Guards are not judged; exposure on "
        "trial goes back when its lease ends. See what the other servers say, or start one."
    ),
    "engine-stuck": (
        "This server has finished no round lately: its store hangs, or a run's turn takes for "
        "ever. Its log says which."
    ),
    "clock-skewed": (
        "This server's clock is not the store's, so it does not decide; it still withdraws what "
        "others decide. Set the clocks right and restart it."
    ),
    "clock-jumped": (
        "The machine's clock was set while the server ran. Decisions go by the time before; a "
        "restart takes up the new one."
    ),
}
"""A paragraph for each code."""
