-- What is to be true outside: flag states with their fences, tokens, leases.
CREATE TABLE environments (
  environment TEXT PRIMARY KEY,
  version INTEGER NOT NULL
);

CREATE TABLE flags (
  environment TEXT NOT NULL REFERENCES environments (environment),
  key TEXT NOT NULL,
  exposure INTEGER NOT NULL,
  mode TEXT NOT NULL,
  on_trial INTEGER NOT NULL,
  killed INTEGER NOT NULL,
  PRIMARY KEY (environment, key)
);

CREATE TABLE fences (
  log TEXT PRIMARY KEY,
  number INTEGER NOT NULL
);

CREATE TABLE tokens (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  created TEXT NOT NULL
);

CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until TEXT NOT NULL
);
