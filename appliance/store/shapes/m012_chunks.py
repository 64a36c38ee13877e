"""What can be recalled: pieces of messages and of documents, and what finds them."""

from appliance.store.shapes.migration import Migration

TOKENIZE = "tokenize='porter unicode61 remove_diacritics 2'"

M012 = Migration(
    12,
    "m012_chunks",
    "What was said, and what stands in documents, can be recalled in later conversations.",
    (
        """
        ALTER TABLE conversations ADD COLUMN is_recalled INTEGER NOT NULL DEFAULT 1
            CHECK (is_recalled IN (0, 1))
        """,
        # What is not cut into chunks yet is a question to this column, and no list in memory.
        """
        ALTER TABLE messages ADD COLUMN is_chunked INTEGER NOT NULL DEFAULT 0
            CHECK (is_chunked IN (0, 1))
        """,
        "CREATE INDEX messages_to_chunk ON messages (message_key) WHERE is_chunked = 0",
        # person_key 0 is everybody's: a document that is there for all. A key is never used twice,
        # so that what was computed for one chunk cannot end up at another.
        # conversation_key: that of the message; of a document, the only one that may see it.
        # embedded_in: the newest space that has its vector, 0 for none.
        """
        CREATE TABLE chunks (
            chunk_key INTEGER PRIMARY KEY AUTOINCREMENT,
            person_key INTEGER NOT NULL,
            message_key INTEGER REFERENCES messages,
            document_key INTEGER,
            conversation_key INTEGER REFERENCES conversations,
            passage INTEGER NOT NULL,
            page INTEGER,
            said_at INTEGER NOT NULL,
            embedded_in INTEGER NOT NULL DEFAULT 0,
            heading TEXT NOT NULL DEFAULT '',
            text TEXT NOT NULL,
            CHECK ((message_key IS NULL) <> (document_key IS NULL))
        ) STRICT
        """,
        "CREATE INDEX chunks_of_message ON chunks (message_key, passage)",
        "CREATE INDEX chunks_of_document ON chunks (document_key, passage)",
        "CREATE INDEX chunks_of_conversation ON chunks (conversation_key)",
        "CREATE INDEX chunks_of_person ON chunks (person_key)",
        "CREATE INDEX chunks_to_embed ON chunks (embedded_in, chunk_key)",
        # Each term begins with whose it is, so that nobody's question reads through another's words
        # or is weighed by them.
        f"CREATE VIRTUAL TABLE chunk_terms USING fts5 (terms, content='', {TOKENIZE})",
        "INSERT INTO chunk_terms (chunk_terms, rank) VALUES ('secure-delete', 1)",
        # A space is what one embedding model makes of texts; vectors of two are never compared. Its
        # table of vectors, chunk_vectors_<space_key>, is made together with this row.
        """
        CREATE TABLE spaces (
            space_key INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            dimension INTEGER NOT NULL,
            is_complete INTEGER NOT NULL DEFAULT 0 CHECK (is_complete IN (0, 1))
        ) STRICT
        """,
    ),
)
