"""python -m appliance.installation install | update | uninstall | recover"""

import sys

from appliance.installation.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
