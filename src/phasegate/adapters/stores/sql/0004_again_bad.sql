-- Subjects whose second bad observation a tally holds: a feature that breaks a few for good.
ALTER TABLE tallies ADD COLUMN again_bad INTEGER NOT NULL DEFAULT 0;
