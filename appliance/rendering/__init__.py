"""Markdown from a model to safe HTML, block by block. Knows no HTTP and no database."""
