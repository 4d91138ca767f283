"""Faults brought about on purpose, against real processes: each promise is checked and timed."""
