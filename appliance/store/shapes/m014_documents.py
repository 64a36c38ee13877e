"""Files that people put in to be asked about."""

from appliance.store.shapes.migration import Migration

M014 = Migration(
    14,
    "m014_documents",
    "A person, a conversation or everybody can have documents; their text is among the chunks.",
    (
        # The file itself lies beside the database, under document_id. person_key 0 is everybody's.
        # With a conversation_key only that conversation sees it, and it goes with it.
        # A key is never used twice, so that no chunk of one that is gone is taken for another's.
        # folder_path, folder_stamp: of a file in the watched folder, and how it was when it was
        # taken from there.
        """
        CREATE TABLE documents (
            document_key INTEGER PRIMARY KEY AUTOINCREMENT,
            document_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL,
            conversation_key INTEGER REFERENCES conversations,
            name TEXT NOT NULL,
            kind TEXT NOT NULL DEFAULT '',
            size_bytes INTEGER NOT NULL DEFAULT 0,
            pages INTEGER NOT NULL DEFAULT 0,
            passages INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL
                CHECK (state IN ('receiving', 'waiting', 'reading', 'ready', 'refused')),
            why TEXT NOT NULL DEFAULT '',
            folder_path TEXT,
            folder_stamp TEXT
        ) STRICT
        """,
        "CREATE INDEX documents_by_person ON documents (person_key)",
        "CREATE INDEX documents_by_conversation ON documents (conversation_key)",
        "CREATE INDEX documents_to_read ON documents (document_key) WHERE state = 'waiting'",
    ),
)
