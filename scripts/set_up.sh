# Makes .venv with everything in it. Sourced by the other scripts; call set_up, or "set_up test".
#
# Each step leaves a mark in .venv/set-up when it is done: a checksum of what it was made from. A
# step whose mark fits is skipped, so a second start takes no time and no network. A step that had
# begun and left no mark was interrupted: it is done again from the ground, for nobody knows what it
# left behind.
#
# BOX_VENV names another folder than .venv, and BOX_WHEELS a folder in which everything
# lies already, built for this kind of computer: then no network and no compiler is needed.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv=${BOX_VENV:-$root/.venv}
wheels=${BOX_WHEELS-}
marks=$venv/set-up
needed_kb=4000000
# Only ever with its version: by itself pip would take the newest, and gigabytes for GPUs with it.
torch=torch==2.13.0

stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

set_up() {
    choose_python
    if is_set_up "$@"; then return; fi
    mkdir -p "$marks" || stop "$root cannot be written to: start this as the one it belongs to."
    # One at a time; the lock is on the folder itself and goes with this process.
    if command -v flock >/dev/null; then
        exec 9<"$root"
        flock -n 9 || { echo "Another set-up is running here; waiting for it." && flock 9; }
    fi
    check_machine
    step venv "$python_version" make_venv
    if [ -n "$wheels" ]; then
        step carried "$wheels/requirements.txt" install_carried
        step appliance "$root/pyproject.toml" install_appliance
        exec 9<&-
        return
    fi
    step packages "$root/requirements/run.txt" install_locked run
    step llama "$root/requirements/built.txt" build_llama
    step torch "$torch" install_torch
    if [ "${1-}" = test ]; then step test "$root/requirements/test.txt" install_locked test; fi
    step appliance "$root/pyproject.toml" install_appliance
    exec 9<&-
}

is_set_up() {
    if [ -n "$wheels" ]; then
        fits venv "$python_version" && fits carried "$wheels/requirements.txt" &&
            fits appliance "$root/pyproject.toml"
        return
    fi
    fits venv "$python_version" && fits packages "$root/requirements/run.txt" &&
        fits llama "$root/requirements/built.txt" && fits torch "$torch" &&
        { [ "${1-}" != test ] || fits test "$root/requirements/test.txt"; } &&
        fits appliance "$root/pyproject.toml"
}

# step NAME SOURCE COMMAND...: run the command unless its mark fits, then mark it.
step() {
    name=$1 source=$2
    shift 2
    if fits "$name" "$source"; then return; fi
    again=
    if [ -f "$marks/$name.begun" ]; then again=--force-reinstall; fi
    rm -f "$marks/$name"
    : >"$marks/$name.begun"
    "$@"
    fingerprint "$source" >"$marks/$name"
    rm -f "$marks/$name.begun"
}

fits() {
    [ -f "$marks/$1" ] && [ "$(cat "$marks/$1")" = "$(fingerprint "$2")" ]
}

# A checksum of a file (named by its whole path) or of a word. The place counts too, for a .venv
# cannot be moved.
fingerprint() {
    { case $1 in /*) cat -- "$1" ;; *) echo "$1" ;; esac && echo "$root"; } | cksum
}

# $PYTHON, else the one that .venv was made with, else the first that is new enough.
choose_python() {
    if [ -n "${PYTHON-}" ]; then
        set -- "$PYTHON"
    else
        set -- "$venv/bin/python" python3 python3.14 python3.13 python3.12 python3.11
    fi
    here="there is none"
    for python in "$@"; do
        python_version=$(version_of "$python") || continue
        case $python_version in
            3.11 | 3.12 | 3.13 | 3.14) return ;;
            *) here="$python is Python $python_version" ;;
        esac
    done
    stop "Python 3.11, 3.12, 3.13 or 3.14 is needed, but $here: install one (on Debian 12 and" \
        "newer: apt install python3 python3-venv) or name it: PYTHON=/path/to/python3 $0"
}

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

check_machine() {
    [ "$(uname -sm)" = "Linux x86_64" ] ||
        stop "This version needs Linux on a 64-bit Intel or AMD computer; this is $(uname -sm)."
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        stop "Python's venv module is missing: install it (apt install python3-venv), start again."
    if [ -z "$wheels" ] && ! fits llama "$root/requirements/built.txt"; then
        for compiler in "${CC:-cc}" "${CXX:-c++}"; do
            command -v "${compiler%% *}" >/dev/null ||
                stop "No C++ compiler is here: install one (apt install g++) and start again."
        done
    fi
    free_kb=$(df -Pk "$root" | { read -r _ && read -r _ _ _ free _ && echo "$free"; })
    used_kb=$(du -sk "$venv" | cut -f1)
    [ $((free_kb + used_kb)) -ge $needed_kb ] ||
        stop "Too little space: about 4 GB are needed in $root, and $((free_kb / 1000)) MB are" \
            "free; make room and start again."
}

make_venv() {
    # A .venv that works is kept, whoever made it; one that was interrupted is not.
    if [ -z "$again" ] && [ "$(version_of "$venv/bin/python")" = "$python_version" ]; then
        return
    fi
    base=$("$python" -c 'import sys; print(sys._base_executable)')
    "$base" -m venv --clear "$venv" || stop "Python could not make $venv; its words are above."
    mkdir -p "$marks"
}

# The list is complete, so pip looks for nothing else, and each file must have its checksum.
install_locked() {
    pip_install --require-hashes --no-deps --only-binary :all: -r "$root/requirements/$1.txt"
}

# Everything, llama.cpp and torch too, from files that came along. No index is asked, whatever pip's
# configuration says.
install_carried() {
    pip_install --isolated --no-index --find-links "$wheels" \
        --require-hashes --no-deps --only-binary :all: -r "$wheels/requirements.txt"
}

# Compiled here, for this computer's processor, by the tools in .venv.
build_llama() {
    echo "Building llama.cpp for this computer; this takes a few minutes."
    rm -f "$marks/llama.failed"
    {
        export PATH="$venv/bin:$PATH" PYTHONUNBUFFERED=1
        run_pip -v --require-hashes --no-deps --no-build-isolation \
            -r "$root/requirements/built.txt" 2>&1 || : >"$marks/llama.failed"
    } | show_build
    if [ -f "$marks/llama.failed" ]; then explain_pip; fi
}

# torch has no checksum: its file differs from index to index. On an index with builds for the
# processor alone it needs nothing that is not there already.
install_torch() {
    pip_install --no-deps "$torch"
    again=
    pip_install "$torch"
}

install_appliance() {
    pip_install ${wheels:+--isolated --no-index} --no-deps --no-build-isolation -e "$root"
}

pip_install() {
    run_pip "$@" || explain_pip
}

run_pip() {
    rm -f "$marks/pip.log"
    "$venv/bin/python" -m pip install --disable-pip-version-check --retries 2 \
        --log "$marks/pip.log" ${again:+"$again"} "$@"
}

# pip says nothing while it builds: show how far the compiler is, and for how long.
show_build() {
    began=$(date +%s)
    shown=$began
    while IFS= read -r line; do
        case $line in *\[[0-9]*/[0-9]*\]*) ;; *) continue ;; esac
        part=${line#*\[}
        now=$(date +%s)
        if [ -t 1 ]; then
            printf '\r  %s, %s s  ' "${part%%\]*}" $((now - began))
        elif [ $((now - shown)) -ge 20 ]; then
            shown=$now
            echo "  ${part%%\]*}, $((now - began)) s"
        fi
    done
    if [ -t 1 ]; then printf '\r'; fi
    echo "  llama.cpp took $(($(date +%s) - began)) s"
}

explain_pip() {
    if log_has 'no space left on device'; then
        stop "The disk is full: make room (about 4 GB in $root, some in ${TMPDIR:-/tmp} too) and" \
            "start again; it goes on where it stopped."
    elif log_has 'name resolution|name or service not known|unreachable|no route to host' ||
        log_has 'connection refused|newconnectionerror|connecttimeout|read timed out'; then
        stop "No package index can be reached: the first start needs a network; connect this" \
            "computer and start again; it goes on where it stopped."
    elif log_has 'do not match the hashes'; then
        stop "A package is not the one this version was tested with, and was not installed: start" \
            "again, and if that does not help, use another package index."
    fi
    if [ -f "$marks/pip.log" ]; then tail -n 15 "$marks/pip.log" >&2; fi
    stop "A package could not be installed: its last words are above, all are in $marks/pip.log"
}

log_has() {
    grep -Eiq "$1" "$marks/pip.log" 2>/dev/null
}
