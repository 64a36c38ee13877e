"""More of what a turn cost."""

from appliance.store.shapes.migration import Migration

M002 = Migration(
    2,
    "m002_turn_prefill_and_drafts",
    "How long a turn's prompt took to read, and how many of its tokens were guessed ahead.",
    tuple(
        f"ALTER TABLE turns ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0"
        for column in ("prefill_ms", "drafted_tokens", "accepted_tokens")
    ),
)
