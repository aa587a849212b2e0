"""Fault drills: a whole installation of its own, broken on purpose, then checked to the fen."""
