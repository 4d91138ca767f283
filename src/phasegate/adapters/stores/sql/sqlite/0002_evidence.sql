-- What was seen: tallies, the subjects behind them, findings; and how far tallies were folded.
CREATE TABLE tallies (
  "row" INTEGER PRIMARY KEY AUTOINCREMENT,
  ripe_ms INTEGER NOT NULL,
  run TEXT NOT NULL,
  phase TEXT NOT NULL,
  component TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  series TEXT NOT NULL,
  arm TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  bad INTEGER NOT NULL,
  subjects INTEGER NOT NULL,
  subjects_bad INTEGER NOT NULL,
  at_risk INTEGER NOT NULL,
  newly_bad INTEGER NOT NULL,
  again_bad INTEGER NOT NULL,
  total REAL NOT NULL,
  writer TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  UNIQUE (writer, sequence)
);

CREATE INDEX tallies_in_folding_order ON tallies (run, ripe_ms, "row");

-- The highest ripe_ms that was ever read: no tally added later may sort before it.
CREATE TABLE folded (
  run TEXT PRIMARY KEY,
  ripe_ms INTEGER NOT NULL
);

CREATE TABLE sightings (
  entry INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL,
  phase TEXT NOT NULL,
  component TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  series TEXT NOT NULL,
  subjects BLOB NOT NULL,
  ill BLOB NOT NULL
);

CREATE INDEX sightings_of_a_phase ON sightings (run, phase);

CREATE TABLE findings (
  entry INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL,
  phase TEXT NOT NULL,
  step TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  exercised INTEGER NOT NULL,
  bad INTEGER NOT NULL,
  seen TEXT NOT NULL,
  remedy TEXT NOT NULL,
  at TEXT NOT NULL,
  took_ms REAL NOT NULL
);

CREATE INDEX findings_of_a_run ON findings (run, phase);
