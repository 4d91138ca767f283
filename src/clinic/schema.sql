CREATE TABLE IF NOT EXISTS patients (
  id TEXT PRIMARY KEY,
  record BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS appointments (
  id INTEGER PRIMARY KEY,
  patient TEXT NOT NULL REFERENCES patients (id),
  provider TEXT NOT NULL,
  starts INTEGER NOT NULL CHECK (starts >= 0),
  ends INTEGER NOT NULL CHECK (ends > starts)
);
CREATE INDEX IF NOT EXISTS appointments_of_provider ON appointments (provider, starts);

-- Writers are serialised, so nothing can slip in between this question and the insert.
CREATE TRIGGER IF NOT EXISTS no_double_booking BEFORE INSERT ON appointments
WHEN EXISTS (
  SELECT 1 FROM appointments
  WHERE provider = NEW.provider AND starts < NEW.ends AND ends > NEW.starts
)
BEGIN
  SELECT RAISE (ABORT, 'double-booking');
END;

CREATE TABLE IF NOT EXISTS consultations (
  id INTEGER PRIMARY KEY,
  patient TEXT NOT NULL REFERENCES patients (id),
  at INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('answered', 'refused', 'failed')),
  emergency INTEGER NOT NULL,
  model TEXT NOT NULL,
  detail BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS ratings (
  consultation INTEGER PRIMARY KEY REFERENCES consultations (id),
  rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
  at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS ai_performance (
  minute INTEGER NOT NULL,
  model TEXT NOT NULL,
  class INTEGER NOT NULL,
  answers INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  total_ms REAL NOT NULL,
  PRIMARY KEY (minute, model, class)
) WITHOUT ROWID;
