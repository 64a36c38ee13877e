"""Screenshots of the pages of a real box."""
