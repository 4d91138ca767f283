-- Old tallies, packed by the minute and then by the hour, and who wrote what is in a pack.
-- Older servers: stop.
CREATE TABLE packs (
  entry BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run TEXT COLLATE "C" NOT NULL,
  hourly INTEGER NOT NULL,
  tallies INTEGER NOT NULL,
  first_ripe_ms BIGINT NOT NULL,
  first_row BIGINT NOT NULL,
  last_ripe_ms BIGINT NOT NULL,
  last_row BIGINT NOT NULL,
  digest TEXT NOT NULL,
  content BYTEA NOT NULL
);

CREATE INDEX packs_in_folding_order ON packs (run, last_ripe_ms, last_row);

CREATE INDEX packs_by_hour ON packs (hourly, run, first_ripe_ms);

CREATE TABLE packed_writers (
  writer TEXT COLLATE "C" NOT NULL,
  low BIGINT NOT NULL,
  high BIGINT NOT NULL,
  pack BIGINT NOT NULL
);

CREATE INDEX packed_writers_by_sequence ON packed_writers (writer, high);

CREATE INDEX packed_writers_of_a_pack ON packed_writers (pack);

-- Servers of before do not know packs: while one of them reports, nothing is packed.
ALTER TABLE reports ADD COLUMN knows_packs INTEGER NOT NULL DEFAULT 0;
