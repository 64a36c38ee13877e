"""Breaks the box in every way a box can be broken, and looks at what is left."""
