"""Full-text search over what was said and over titles."""

from appliance.store.shapes.migration import Migration

TOKENIZE = "tokenize='porter unicode61 remove_diacritics 2'"

M004 = Migration(
    4,
    "m004_message_terms",
    "Messages and titles can be searched, in languages without spaces too.",
    (
        # The key of a row is that of its message, which names the person. The text itself is not
        # kept a second time.
        f"CREATE VIRTUAL TABLE message_terms USING fts5 (terms, content='', {TOKENIZE})",
        # The same for conversations. Titles are short and change: this one keeps the terms, so
        # that it can take them out by itself.
        f"CREATE VIRTUAL TABLE title_terms USING fts5 (terms, {TOKENIZE})",
        # Without it a deleted word stays in the file until its page is written anew by chance.
        "INSERT INTO message_terms (message_terms, rank) VALUES ('secure-delete', 1)",
        "INSERT INTO title_terms (title_terms, rank) VALUES ('secure-delete', 1)",
        # By which rules what is derived from other tables was made. There is no row yet: nothing
        # was. It is made when the database is opened, as it is whenever the rules have changed.
        "CREATE TABLE derivations (name TEXT PRIMARY KEY, rules TEXT NOT NULL) STRICT",
    ),
)
