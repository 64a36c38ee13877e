# Makes .venv with everything in it. Sourced by the other scripts; call set_up, or "set_up test".
#
# Each step leaves a mark in .venv/set-up when it is done: a checksum of what it was made from. A step whose mark
# fits is skipped, so a second start takes no time and no network. A step that had begun and left no mark was
# interrupted: it is done again from the ground, because nobody knows what it left behind.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv=$root/.venv
marks=$venv/set-up
needed_kb=4000000

stop() {
    printf '%s\n' "$1" >&2
    exit 1
}

set_up() {
    choose_python
    is_set_up "$@" && return
    check_machine
    # One set-up at a time; the lock is on the folder itself and ends with this process.
    if command -v flock >/dev/null; then
        exec 9<"$root"
        flock -n 9 || { echo "Another set-up is running here; waiting for it."; flock 9; }
    fi
    make_venv
    step packages "$root/requirements/run.txt" install_packages "$root/requirements/run.txt"
    step llama "$root/requirements/built.txt" build_llama
    # Only ever with its version: by itself pip would take the newest one and gigabytes for GPUs with it.
    # What it needs besides is in run.txt already.
    step torch torch==2.13.0 pip_install torch==2.13.0
    if [ "${1-}" = test ]; then
        step test "$root/requirements/test.txt" install_packages "$root/requirements/test.txt"
    fi
    step appliance "$root/pyproject.toml" pip_install --no-deps --no-build-isolation -e "$root"
    exec 9<&-
}

# is_set_up [test]: whether every step's mark fits.
is_set_up() {
    mark_fits venv "$python_version" || return 1
    mark_fits packages "$root/requirements/run.txt" || return 1
    mark_fits llama "$root/requirements/built.txt" || return 1
    mark_fits torch torch==2.13.0 || return 1
    [ "${1-}" != test ] || mark_fits test "$root/requirements/test.txt" || return 1
    mark_fits appliance "$root/pyproject.toml"
}

# fingerprint WHAT: a checksum of a file, or of a word; the place counts too, for .venv cannot be moved.
fingerprint() {
    if [ -f "$1" ]; then cat -- "$1"; else echo "$1"; fi | { cat; echo "$root"; } | cksum
}

mark_fits() {
    [ -f "$marks/$1" ] && [ "$(cat "$marks/$1")" = "$(fingerprint "$2")" ]
}

# step NAME MADE-FROM COMMAND...: run the command unless its mark fits, and mark it.
step() {
    name=$1 made_from=$2
    shift 2
    mark_fits "$name" "$made_from" && return
    again=
    [ ! -f "$marks/$name.begun" ] || again=--force-reinstall
    rm -f "$marks/$name"
    : >"$marks/$name.begun"
    "$@"
    fingerprint "$made_from" >"$marks/$name"
    rm -f "$marks/$name.begun"
}
