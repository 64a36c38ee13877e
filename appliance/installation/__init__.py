"""How the box comes onto a machine, from one version to the next, and off again.

`scripts/install` runs this before there is any package, so all of it stands on the standard
library alone. What needs the database is done by a child process with the program that was
installed (`data_child`), as the box's own user: root never writes where that user may.

    /opt/appliance/RELEASE/   a version: the project, and `venv` with all that it stands on
    /opt/appliance/current    the one that runs; changed by renaming a link, in one moment
    /var/lib/appliance        the data
"""
