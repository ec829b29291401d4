# shellcheck shell=bash disable=SC2030,SC2031 # what make_environment sets is read by the functions that it calls
# Sourced by the scripts beside it. `ensure_environment FOLDER LOCK` makes a virtual environment with exactly what
# requirements/LOCK says, and does nothing when it is there already. Python 3.11 is all that has to be installed.

set -euo pipefail

root=$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")
tools=$root/.venv-uv

note() { printf '… %s\n' "$*" >&2; }
fail() { printf '❌ %s\n' "$*" >&2; exit 1; }

ensure_environment() {
    local environment=$root/$1 lock=$root/requirements/$2 wanted held
    wanted=$(stamp "$lock")
    if is_made "$environment" "$wanted"; then return; fi
    [ -w "$root" ] || fail "The set-up needs to write in $root: run this once as the person who owns that folder."

    exec {held}<"$root/requirements/uv.txt"
    flock --nonblock "$held" || { note "Another set-up of this folder is at work; waiting for it."; flock "$held"; }
    if ! is_made "$environment" "$wanted"; then
        note "Setting up ${environment##*/} with what requirements/${lock##*/} says. This is done once and takes a minute."
        make_environment "$environment" "$lock"
        # Last, so that an interrupted set-up is done again.
        printf '%s\n' "$wanted" >"$environment/.made"
    fi
    exec {held}<&-
}

# What an environment depends on; its folder too, since an environment cannot be moved.
stamp() { { printf '%s\n' "$root"; cat -- "$1" "$root/pyproject.toml" "$root/scripts/environment.sh"; } | sha256sum; }

is_made() { [ -x "$1/bin/python" ] && [ -r "$1/.made" ] && [ "$(<"$1/.made")" = "$2" ]; }

# In a subshell: what is set here for pip and uv must not reach the program that runs afterwards.
make_environment() (
    environment=$1 lock=$2
    unset VIRTUAL_ENV PYTHONHOME PYTHONPATH
    python=$(find_python) || fail "Python 3.11 or newer is needed: install it with  apt-get install python3 python3-venv"
    # A home that cannot be written to (a service account has one) cannot hold a cache.
    [ -w "${HOME:-/nowhere}" ] || export PIP_NO_CACHE_DIR=1 UV_CACHE_DIR=$tools/cache
    get_uv
    export UV_PYTHON_DOWNLOADS=never
    use_mirror_of_pip
    {
        "$uv" venv --quiet --clear --no-project --python "$python" "$environment" &&
            "$uv" pip sync --quiet --require-hashes --compile-bytecode --python "$environment/bin/python" "$lock" &&
            # The build tool comes from the lock as well, so this fetches nothing.
            "$uv" pip install --quiet --offline --no-deps --no-build-isolation --python "$environment/bin/python" \
                --editable "$root"
    } || fail "The set-up did not succeed, for the reason above. Put that right and run the same command again."
)

# The first Python that is new enough, outside any virtual environment that may be active.
find_python() {
    local name
    for name in python3.11 python3 python3.12 python3.13 python3.14; do
        "$name" -c 'import sys; sys.exit(1) if sys.version_info < (3, 11) else print(sys._base_executable)' 2>/dev/null &&
            return
    done
    return 1
}

# Sets uv to the pinned one, in an environment of its own; to the machine's own where pip cannot be had.
get_uv() {
    local pinned pip
    uv=$tools/bin/uv
    pinned=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' "$root/requirements/uv.txt")
    if [[ "$("$uv" --version 2>/dev/null)" == "uv $pinned"* ]]; then return; fi

    rm -rf -- "$tools"
    pip=("$tools/bin/python" -m pip)
    if has ensurepip; then
        "$python" -m venv "$tools"
    elif has pip; then
        "$python" -m venv --without-pip "$tools"
        pip=("$python" -m pip --python "$tools/bin/python")
    elif command -v uv >/dev/null; then
        uv=$(command -v uv)
        return
    else
        "$python" -m venv --without-pip "$tools"
        get_pip_of_debian ||
            fail "Python's venv module is not complete here: run  sudo apt-get install python3-venv  and then this again."
    fi
    PIP_USER=0 "${pip[@]}" install --quiet --no-input --disable-pip-version-check --require-hashes \
        --only-binary :all: --requirement "$root/requirements/uv.txt" ||
        fail "uv could not be fetched with pip, for the reason above. Put that right and run the same command again."
}

# uv does not read the configuration of pip: a mirror that is set there is meant for everything that is fetched.
use_mirror_of_pip() {
    local with mirror=${PIP_INDEX_URL:-}
    for with in "$tools/bin/python" "$python"; do
        [ -n "$mirror" ] || mirror=$("$with" -m pip config get global.index-url 2>/dev/null) || true
    done
    if [ -n "$mirror" ] && [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then export UV_DEFAULT_INDEX=$mirror; fi
}

has() { "$python" -c "import $1" 2>/dev/null; }

# Debian keeps the part of venv that brings pip in a package of its own. Without root it can be unpacked, not installed:
# pip goes from there into the environment of uv. The package lists are fetched too; the machine's may be old or absent.
get_pip_of_debian() (
    command -v apt-get >/dev/null || exit 1
    note "Taking pip from Debian's packages, for this folder only."
    folder=$(mktemp -d) && trap 'rm -rf -- "$folder"' EXIT && cd -- "$folder" || exit 1
    apt=(apt-get -qq -o Dir::State="$folder" -o Dir::Cache="$folder" -o APT::Sandbox::User=root)
    # Another source of packages may fail in the update, so whether it went well is seen in the download.
    "${apt[@]}" update || true
    "${apt[@]}" download python3-pip-whl && dpkg-deb --extract python3-pip-whl_*.deb . || exit 1
    for wheel in usr/share/python-wheels/pip-*.whl; do
        PIP_USER=0 "$tools/bin/python" "$wheel/pip" install --quiet --no-input --disable-pip-version-check --no-index \
            "$wheel"
    done
)
