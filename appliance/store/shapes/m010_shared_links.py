"""Conversations that a person lets others read, as they were."""

from appliance.store.shapes.migration import Migration

M010 = Migration(
    10,
    "m010_shared_links",
    "A conversation can be shared as it is, by a link that ends.",
    (
        # The link itself is not kept, only its hash. The title is a copy, as the messages are.
        """
        CREATE TABLE shared_links (
            link_key INTEGER PRIMARY KEY,
            link_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            conversation_key INTEGER NOT NULL REFERENCES conversations,
            secret_hash BLOB NOT NULL UNIQUE,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            views INTEGER NOT NULL DEFAULT 0,
            shows_name INTEGER NOT NULL CHECK (shows_name IN (0, 1)),
            title TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX shared_links_by_person ON shared_links (person_key)",
        "CREATE INDEX shared_links_by_conversation ON shared_links (conversation_key)",
        "CREATE INDEX shared_links_by_end ON shared_links (expires_at)",
        # In the order of their keys, which is that of the branch: a parent is older than its child.
        """
        CREATE TABLE shared_messages (
            link_key INTEGER NOT NULL REFERENCES shared_links ON DELETE CASCADE,
            message_key INTEGER NOT NULL,
            person_key INTEGER NOT NULL REFERENCES people,
            role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
            created_at INTEGER NOT NULL,
            content TEXT NOT NULL,
            UNIQUE (link_key, message_key)
        ) STRICT
        """,
        "CREATE INDEX shared_messages_by_message ON shared_messages (message_key)",
        # Whoever deletes a message ends the links that show it; nobody has to remember to.
        """
        CREATE TRIGGER shared_links_of_deleted_messages BEFORE DELETE ON messages
        BEGIN
            DELETE FROM shared_links WHERE link_key IN
                (SELECT link_key FROM shared_messages WHERE message_key = OLD.message_key);
        END
        """,
    ),
)
