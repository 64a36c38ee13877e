"""What the model says beside a conversation: its title, and summaries of its earlier part."""

from appliance.store.shapes.migration import Migration

M005 = Migration(
    5,
    "m005_titles_and_summaries",
    "Who gave a conversation its title, and what a model reads for messages that no longer fit.",
    (
        # A title of before may be a person's own, so none of them is written over.
        """
        ALTER TABLE conversations ADD COLUMN titled_by TEXT NOT NULL DEFAULT 'person'
            CHECK (titled_by IN ('box', 'model', 'person'))
        """,
        # branch_keys is a JSON list of every message from the root to the last one covered. No
        # REFERENCES to messages: the trigger below sees to it, and asks one index instead of two.
        # Without content a summary was deleted by its person, and is not made again.
        """
        CREATE TABLE summaries (
            summary_key INTEGER PRIMARY KEY,
            summary_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            conversation_key INTEGER NOT NULL REFERENCES conversations,
            first_message_key INTEGER NOT NULL,
            last_message_key INTEGER NOT NULL CHECK (first_message_key <= last_message_key),
            created_at INTEGER NOT NULL,
            model_sha256 TEXT NOT NULL,
            is_edited INTEGER NOT NULL DEFAULT 0,
            branch_keys TEXT NOT NULL,
            content TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX summaries_by_place ON summaries (conversation_key, last_message_key)",
        # Whoever deletes a message deletes what was made of it; nobody has to remember to.
        """
        CREATE TRIGGER summaries_of_deleted_messages BEFORE DELETE ON messages
        BEGIN
            DELETE FROM summaries
            WHERE conversation_key = OLD.conversation_key
              AND last_message_key >= OLD.message_key
              AND EXISTS (SELECT 1 FROM json_each(branch_keys) WHERE value = OLD.message_key);
        END
        """,
    ),
)
