"""Sealed accounts: whose words are ciphertext, and the key to them under two locks."""

from appliance.store.shapes.migration import Migration

M011 = Migration(
    11,
    "m011_seals",
    "A person may have all of their words encrypted, with a key that only they can open.",
    (
        # One row for each sealed account; without one, words are stored as they are. It holds
        # no words, and stays when a person deletes all of theirs.
        # is_swept: whether what was there before the sealing is gone from the file and elsewhere.
        """
        CREATE TABLE seals (
            account_key INTEGER PRIMARY KEY REFERENCES people ON DELETE CASCADE,
            seal_id TEXT NOT NULL UNIQUE,
            by_password TEXT NOT NULL,
            by_code TEXT NOT NULL,
            sealed_at INTEGER NOT NULL,
            is_swept INTEGER NOT NULL DEFAULT 0 CHECK (is_swept IN (0, 1))
        ) STRICT
        """,
    ),
)
