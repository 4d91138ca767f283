-- What is to be true outside: flag states with their fences, tokens, leases.
-- Older servers: stop.
CREATE TABLE environments (
  environment TEXT COLLATE "C" PRIMARY KEY,
  version INTEGER NOT NULL
);

CREATE TABLE flags (
  environment TEXT COLLATE "C" NOT NULL REFERENCES environments (environment),
  key TEXT COLLATE "C" NOT NULL,
  exposure INTEGER NOT NULL,
  mode TEXT NOT NULL,
  on_trial INTEGER NOT NULL,
  killed INTEGER NOT NULL,
  PRIMARY KEY (environment, key)
);

CREATE TABLE fences (
  log TEXT COLLATE "C" PRIMARY KEY,
  number INTEGER NOT NULL
);

CREATE TABLE tokens (
  hash TEXT COLLATE "C" PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL UNIQUE,
  role TEXT NOT NULL,
  created TEXT NOT NULL
);

CREATE TABLE leases (
  name TEXT COLLATE "C" PRIMARY KEY,
  holder TEXT NOT NULL,
  until TEXT COLLATE "C" NOT NULL
);
