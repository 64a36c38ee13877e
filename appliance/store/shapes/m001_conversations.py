"""The first shape: people, conversations, messages, turns."""

from appliance.store.shapes.migration import Migration

M001 = Migration(
    1,
    "m001_conversations",
    "People, their conversations as trees of messages, and the turns that answered.",
    (
        """
        CREATE TABLE people (
            person_key INTEGER PRIMARY KEY,
            person_id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT
        """,
        # activity orders the list: a counter, because clocks jump. leaf_key has no REFERENCES: that
        # would look through this table for every message deleted, and both go together anyway.
        """
        CREATE TABLE conversations (
            conversation_key INTEGER PRIMARY KEY,
            conversation_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            title TEXT NOT NULL,
            leaf_key INTEGER,
            activity INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX conversations_by_activity ON conversations (person_key, activity)",
        # A parent is older than its child, so a walk towards the root always ends.
        """
        CREATE TABLE messages (
            message_key INTEGER PRIMARY KEY,
            message_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            conversation_key INTEGER NOT NULL REFERENCES conversations,
            parent_key INTEGER REFERENCES messages CHECK (parent_key < message_key),
            role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
            created_at INTEGER NOT NULL,
            client_message_id TEXT,
            content TEXT NOT NULL,
            UNIQUE (person_key, client_message_id)
        ) STRICT
        """,
        "CREATE INDEX messages_by_conversation ON messages (conversation_key)",
        "CREATE INDEX messages_by_parent ON messages (parent_key)",
        # The long columns stand last: finding a row's status does not read past its text.
        """
        CREATE TABLE turns (
            turn_key INTEGER PRIMARY KEY,
            turn_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            conversation_key INTEGER NOT NULL REFERENCES conversations,
            input_message_key INTEGER NOT NULL REFERENCES messages,
            reply_message_key INTEGER REFERENCES messages,
            status TEXT NOT NULL
                CHECK (status IN ('waiting', 'running', 'finished', 'cancelled', 'failed')),
            created_at INTEGER NOT NULL,
            finish_reason TEXT,
            error TEXT,
            seed INTEGER NOT NULL,
            model_sha256 TEXT NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL,
            queue_ms INTEGER NOT NULL,
            ttft_ms INTEGER,
            decode_ms INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            sampling TEXT NOT NULL,
            prompt_record TEXT NOT NULL,
            checkpoint TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX turns_by_conversation ON turns (conversation_key)",
        "CREATE INDEX turns_by_input_message ON turns (input_message_key)",
        "CREATE INDEX turns_by_reply_message ON turns (reply_message_key)",
        # One open turn in a conversation, by law; it is also how the open ones are found.
        """
        CREATE UNIQUE INDEX turns_open ON turns (conversation_key)
            WHERE status IN ('waiting', 'running')
        """,
    ),
)
