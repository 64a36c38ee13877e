# Finds a Python and runs appliance/installation with it. Sourced by install, uninstall and update,
# which may be the first thing that happens on a machine: nothing but Python itself is needed.
. "$(dirname -- "$0")/set_up.sh"

run_installation() {
    choose_python
    exec "$python" -I -B -c "$entrance" "$root" "$@"
}

entrance='
import sys
root, *arguments = sys.argv[1:]
sys.path.insert(0, root)
from appliance.installation.command_line import main
sys.exit(main(arguments))
'
