-- What was agreed and what was decided: plans and events, neither ever edited.
CREATE TABLE plans (
  hash TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  origin TEXT NOT NULL
);

CREATE TABLE events (
  entry INTEGER PRIMARY KEY AUTOINCREMENT,
  log TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  body TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  UNIQUE (log, number)
);

CREATE TRIGGER events_are_never_edited BEFORE UPDATE ON events
BEGIN
  SELECT RAISE(ABORT, 'events are never edited');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
  SELECT RAISE(ABORT, 'events are never deleted');
END;
