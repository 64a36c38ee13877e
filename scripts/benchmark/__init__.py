"""Measures this appliance against llama.cpp's own llama-server, through HTTP, in one run."""
