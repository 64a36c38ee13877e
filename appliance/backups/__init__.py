"""Backups: one file with all that a box needs to be itself again, and the way back from it."""
