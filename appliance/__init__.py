"""A chatbot that lives in one box on the LAN and never sends a word outside."""

__version__ = "0.1.0"
