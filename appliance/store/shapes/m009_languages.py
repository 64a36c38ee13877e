"""Which language a person reads the page in."""

from appliance.store.shapes.migration import Migration

M009 = Migration(
    9,
    "m009_languages",
    "A person's choice of a language is known in every browser that they sign in with.",
    # Empty: as the browser asks for it.
    ("ALTER TABLE people ADD COLUMN language TEXT NOT NULL DEFAULT ''",),
)
