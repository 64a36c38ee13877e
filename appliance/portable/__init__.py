"""A person's conversations as files: out of the box, into it, and gone from it."""
