"""A second factor beside the password, passkeys, and which password a sign-in was begun with."""

from appliance.store.shapes.migration import Migration

M015 = Migration(
    15,
    "m015_second_factors",
    "People may be asked for a code beside their password, or come in with a passkey.",
    (
        # Counts the passwords that the account has had, so that whoever is let in with one that
        # was right a moment ago can be told from whoever knows the one of now.
        "ALTER TABLE people ADD COLUMN password_generation INTEGER NOT NULL DEFAULT 0",
        # One row where codes are asked for. secret is ciphertext under the box's own secret.
        # used_step is the time step of the last code that was taken, told_step that of a code of
        # another time of which somebody was told; neither lets anybody in again.
        """
        CREATE TABLE second_factors (
            account_key INTEGER PRIMARY KEY REFERENCES people ON DELETE CASCADE,
            secret BLOB NOT NULL,
            used_step INTEGER NOT NULL,
            told_step INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL
        ) STRICT
        """,
        # Each is there until it is used; only its hash.
        """
        CREATE TABLE spare_codes (
            account_key INTEGER NOT NULL REFERENCES second_factors ON DELETE CASCADE,
            code_hash BLOB NOT NULL,
            PRIMARY KEY (account_key, code_hash)
        ) STRICT, WITHOUT ROWID
        """,
        # A passkey works under the host for which it was made.
        """
        CREATE TABLE passkeys (
            passkey_key INTEGER PRIMARY KEY,
            passkey_id TEXT NOT NULL UNIQUE,
            account_key INTEGER NOT NULL REFERENCES people ON DELETE CASCADE,
            credential_id BLOB NOT NULL UNIQUE,
            public_key BLOB NOT NULL,
            sign_count INTEGER NOT NULL,
            host TEXT NOT NULL,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            last_used_at INTEGER
        ) STRICT
        """,
        "CREATE INDEX passkeys_by_account ON passkeys (account_key)",
    ),
)
