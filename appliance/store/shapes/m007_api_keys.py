"""Keys for programs."""

from appliance.store.shapes.migration import Migration

M007 = Migration(
    7,
    "m007_api_keys",
    "Keys by which programs act for a person: of each only its hash, and what it may do.",
    (
        # scopes is a list with blanks between; 0 is no limit of its own.
        """
        CREATE TABLE api_keys (
            api_key_key INTEGER PRIMARY KEY,
            api_key_id TEXT NOT NULL UNIQUE,
            account_key INTEGER NOT NULL REFERENCES people ON DELETE CASCADE,
            digest BLOB NOT NULL UNIQUE,
            name TEXT NOT NULL,
            beginning TEXT NOT NULL,
            scopes TEXT NOT NULL,
            requests_per_minute INTEGER NOT NULL CHECK (requests_per_minute >= 0),
            tokens_per_day INTEGER NOT NULL CHECK (tokens_per_day >= 0),
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            last_used_at INTEGER,
            UNIQUE (account_key, name)
        ) STRICT
        """,
    ),
)
