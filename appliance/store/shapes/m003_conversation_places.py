"""Where a conversation stands in its person's list."""

from appliance.store.shapes.migration import Migration

M003 = Migration(
    3,
    "m003_conversation_places",
    "Conversations can be pinned, put away in the archive, and sorted into folders.",
    (
        """
        CREATE TABLE folders (
            folder_key INTEGER PRIMARY KEY,
            folder_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (person_key, name)
        ) STRICT
        """,
        """
        ALTER TABLE conversations
            ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0 CHECK (is_pinned IN (0, 1))
        """,
        """
        ALTER TABLE conversations
            ADD COLUMN is_archived INTEGER NOT NULL DEFAULT 0 CHECK (is_archived IN (0, 1))
        """,
        "ALTER TABLE conversations ADD COLUMN folder_key INTEGER REFERENCES folders",
        # The list as it is read: without the archive, pinned first, then the newest.
        """
        CREATE INDEX conversations_by_place
            ON conversations (person_key, is_archived, is_pinned, activity)
        """,
        "CREATE INDEX conversations_by_folder ON conversations (folder_key)",
    ),
)
