"""What goes wrong with a box in practice, each looked for by one small function."""
