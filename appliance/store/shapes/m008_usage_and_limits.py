"""What each person asks of the model, in numbers, and how much they may."""

from appliance.store.shapes.migration import Migration

M008 = Migration(
    8,
    "m008_usage_and_limits",
    "Requests and tokens of each person and key, by day; limits that an administrator has set.",
    (
        # day is the box's own date as text; api_key_id is empty for the page. It refers to no key:
        # what one has used stays counted after it was revoked.
        """
        CREATE TABLE usage (
            account_key INTEGER NOT NULL REFERENCES people ON DELETE CASCADE,
            day TEXT NOT NULL,
            api_key_id TEXT NOT NULL,
            requests INTEGER NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            PRIMARY KEY (account_key, day, api_key_id)
        ) STRICT, WITHOUT ROWID
        """,
        # Of one person, where it is not everybody's; 0 is none.
        "ALTER TABLE people ADD COLUMN requests_per_minute INTEGER",
        "ALTER TABLE people ADD COLUMN tokens_per_day INTEGER",
        """
        CREATE TABLE limits_of_everybody (
            only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
            requests_per_minute INTEGER NOT NULL,
            tokens_per_day INTEGER NOT NULL
        ) STRICT
        """,
    ),
)
