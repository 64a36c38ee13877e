"""One signed file with all that an installation needs, for a machine without any network.

Reading it stands on the standard library alone, for it comes before there is any package. Making
one is for a connected machine with the box on it: `making`, `signing`, `wheels` and `sbom`.
"""
