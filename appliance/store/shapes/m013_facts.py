"""What the box remembers about a person, and whether they want it to."""

from appliance.store.shapes.migration import Migration

M013 = Migration(
    13,
    "m013_facts",
    "What people say of themselves can be told to the model in later conversations.",
    (
        # message_key: no REFERENCES, as in `summaries`; the trigger below sees to it.
        # superseded_by: the id of a fact that may have been deleted since.
        """
        CREATE TABLE facts (
            fact_key INTEGER PRIMARY KEY,
            fact_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            message_key INTEGER NOT NULL,
            topic TEXT NOT NULL,
            content TEXT NOT NULL,
            said_at INTEGER NOT NULL,
            confidence_percent INTEGER NOT NULL CHECK (confidence_percent BETWEEN 0 AND 100),
            is_confirmed INTEGER NOT NULL DEFAULT 0 CHECK (is_confirmed IN (0, 1)),
            is_edited INTEGER NOT NULL DEFAULT 0 CHECK (is_edited IN (0, 1)),
            superseded_at INTEGER,
            superseded_by TEXT
        ) STRICT
        """,
        "CREATE INDEX facts_by_person ON facts (person_key)",
        "CREATE INDEX facts_by_message ON facts (message_key)",
        # Whoever deletes a message deletes what was learnt from it; nobody has to remember to.
        """
        CREATE TRIGGER facts_of_deleted_messages BEFORE DELETE ON messages
        BEGIN
            DELETE FROM facts WHERE message_key = OLD.message_key;
        END
        """,
        """
        ALTER TABLE people ADD COLUMN facts_use TEXT NOT NULL DEFAULT 'sure'
            CHECK (facts_use IN ('sure', 'confirmed', 'off'))
        """,
    ),
)
