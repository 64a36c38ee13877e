"""Files that people put into the box to be asked about: read, kept, cited, deleted."""
