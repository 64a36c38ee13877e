"""Accounts: who may come in, where they are in, and a record of it."""

from appliance.store.shapes.migration import Migration

M006 = Migration(
    6,
    "m006_accounts",
    "People have roles and passwords, browsers are signed in, and there is a record of it.",
    (
        "ALTER TABLE people ADD COLUMN role TEXT NOT NULL DEFAULT 'member'"
        " CHECK (role IN ('admin', 'member'))",
        "ALTER TABLE people ADD COLUMN is_disabled INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE people ADD COLUMN is_sealed INTEGER NOT NULL DEFAULT 0",
        # Both are missing until somebody can sign in. name_key is the name as others are compared
        # with it: two names that look alike have the same one.
        "ALTER TABLE people ADD COLUMN password_hash TEXT",
        "ALTER TABLE people ADD COLUMN name_key TEXT",
        "CREATE UNIQUE INDEX people_by_name ON people (name_key)",
        # What belongs to an account and holds no words of its person names it account_key: that
        # goes with the account, and stays when a person deletes all that was said.
        """
        CREATE TABLE sign_ins (
            sign_in_key INTEGER PRIMARY KEY,
            sign_in_id TEXT NOT NULL UNIQUE,
            account_key INTEGER NOT NULL REFERENCES people ON DELETE CASCADE,
            key_hash BLOB NOT NULL UNIQUE,
            browser TEXT NOT NULL,
            system TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            seen_at INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX sign_ins_by_account ON sign_ins (account_key)",
        # A browser that was signed in once is let try again while strangers have to wait.
        """
        CREATE TABLE known_devices (
            account_key INTEGER NOT NULL REFERENCES people ON DELETE CASCADE,
            device_hash BLOB NOT NULL,
            seen_at INTEGER NOT NULL,
            PRIMARY KEY (account_key, device_hash)
        ) STRICT, WITHOUT ROWID
        """,
        # A link is there until it is used. It goes with whoever made it and whom it is for.
        """
        CREATE TABLE one_time_links (
            link_key INTEGER PRIMARY KEY,
            link_id TEXT NOT NULL UNIQUE,
            key_hash BLOB NOT NULL UNIQUE,
            purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'reset')),
            account_key INTEGER REFERENCES people ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('admin', 'member')),
            made_by_key INTEGER REFERENCES people ON DELETE CASCADE,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT
        """,
        # subject is a keyed hash of an account, an address or a device.
        """
        CREATE TABLE failed_tries (
            subject BLOB PRIMARY KEY,
            failures INTEGER NOT NULL,
            last_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX failed_tries_by_age ON failed_tries (last_at)",
        # Names as they were then, and no keys of people: it outlives them, and changes no more.
        """
        CREATE TABLE audit (
            audit_key INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            act TEXT NOT NULL,
            who TEXT NOT NULL,
            who_id TEXT NOT NULL,
            about TEXT NOT NULL,
            address TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX audit_by_age ON audit (at)",
        """
        CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN
            SELECT RAISE(ABORT, 'the record of what was done is not changed');
        END
        """,
        """
        CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
        WHEN OLD.at > unixepoch() - 400 * 86400
        BEGIN
            SELECT RAISE(ABORT, 'the record of what was done is kept for 400 days');
        END
        """,
    ),
)
