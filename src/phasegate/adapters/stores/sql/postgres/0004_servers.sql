-- What servers must know of one another: who was attended when, how far flags have come, secrets.
-- Older servers: go on.
CREATE TABLE attended (
  environment TEXT COLLATE "C" PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  until_ms BIGINT
);

CREATE TABLE reports (
  server TEXT COLLATE "C" NOT NULL,
  environment TEXT COLLATE "C" NOT NULL,
  version INTEGER NOT NULL,
  streams TEXT NOT NULL,
  lost TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  until_ms BIGINT,
  PRIMARY KEY (server, environment)
);

CREATE TABLE secrets (
  name TEXT COLLATE "C" PRIMARY KEY,
  secret BYTEA NOT NULL
);
