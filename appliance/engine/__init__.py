"""Tokens in, tokens out. Knows no chat, no HTTP, no event loop and no database."""
