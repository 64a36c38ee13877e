"""The second kind of engine: an OpenAI-compatible server on a bigger machine (`engine.url`)."""
