-- What was agreed and what was decided: plans and events, neither ever edited.
-- Older servers: stop.
CREATE TABLE plans (
  hash TEXT COLLATE "C" PRIMARY KEY,
  text TEXT NOT NULL,
  origin TEXT NOT NULL
);

CREATE TABLE events (
  entry BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  log TEXT COLLATE "C" NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  actor TEXT NOT NULL,
  body TEXT NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL,
  UNIQUE (log, number)
);

CREATE FUNCTION events_are_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are never edited and never deleted';
END
$$;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION events_are_never_changed();
