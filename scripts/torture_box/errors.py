"""Why nothing could be proved: a sentence for the person who started it."""


class TortureError(Exception):
    """What the run needs is missing, or the box did not do what every run needs of it."""
