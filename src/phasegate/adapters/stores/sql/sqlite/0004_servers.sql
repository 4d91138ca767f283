-- What servers must know of one another: who was attended when, how far flags have come, secrets.
-- A mark of reading is a whole position, as rows of equal ripe_ms may come at any time.
ALTER TABLE folded ADD COLUMN "row" INTEGER NOT NULL DEFAULT 0;

CREATE TABLE attended (
  environment TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  until_ms INTEGER
);

CREATE TABLE reports (
  server TEXT NOT NULL,
  environment TEXT NOT NULL,
  version INTEGER NOT NULL,
  streams TEXT NOT NULL,
  lost TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  until_ms INTEGER,
  PRIMARY KEY (server, environment)
);

CREATE TABLE secrets (
  name TEXT PRIMARY KEY,
  secret BLOB NOT NULL
);
