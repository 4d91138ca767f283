-- What was seen: tallies, the subjects behind them, findings; and how far tallies were folded.
-- Older servers: stop.
CREATE TABLE tallies (
  "row" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ripe_ms BIGINT NOT NULL,
  run TEXT COLLATE "C" NOT NULL,
  phase TEXT NOT NULL,
  component TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  series TEXT NOT NULL,
  arm TEXT NOT NULL,
  bucket BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  bad BIGINT NOT NULL,
  subjects BIGINT NOT NULL,
  subjects_bad BIGINT NOT NULL,
  at_risk BIGINT NOT NULL,
  newly_bad BIGINT NOT NULL,
  again_bad BIGINT NOT NULL,
  total DOUBLE PRECISION NOT NULL,
  writer TEXT COLLATE "C" NOT NULL,
  sequence BIGINT NOT NULL,
  UNIQUE (writer, sequence)
);

CREATE INDEX tallies_in_folding_order ON tallies (run, ripe_ms, "row");

-- The highest position that was ever read: no tally added later may sort before it.
CREATE TABLE folded (
  run TEXT COLLATE "C" PRIMARY KEY,
  ripe_ms BIGINT NOT NULL,
  "row" BIGINT NOT NULL
);

CREATE TABLE sightings (
  entry BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run TEXT COLLATE "C" NOT NULL,
  phase TEXT COLLATE "C" NOT NULL,
  component TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  series TEXT NOT NULL,
  subjects BYTEA NOT NULL,
  ill BYTEA NOT NULL
);

CREATE INDEX sightings_of_a_phase ON sightings (run, phase);

CREATE TABLE findings (
  entry BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run TEXT COLLATE "C" NOT NULL,
  phase TEXT COLLATE "C" NOT NULL,
  step TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  exercised INTEGER NOT NULL,
  bad INTEGER NOT NULL,
  seen TEXT NOT NULL,
  remedy TEXT NOT NULL,
  at TEXT NOT NULL,
  took_ms DOUBLE PRECISION NOT NULL
);

CREATE INDEX findings_of_a_run ON findings (run, phase);
