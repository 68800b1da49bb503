#!/usr/bin/env bash
# Installs the system packages that are named on the command line as COMMAND=PACKAGE, or as
# FILE=PACKAGE with an absolute path, each only when its command or file is absent. Says what it does.
set -euo pipefail

missing=()
for need in "$@"; do
    have=${need%%=*} package=${need#*=}
    if [[ $have == /* ]]; then
        [[ -e $have ]] || missing+=("$package")
    else
        command -v "$have" >/dev/null || missing+=("$package")
    fi
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || { echo "missing: ${missing[*]}; install them as root" >&2; exit 1; }
    as_root=(sudo)
fi
echo "installing what is missing: ${missing[*]}"
# One at a time: package managers refuse a second one.
if command -v flock >/dev/null; then
    exec 9>"${TMPDIR:-/tmp}/install-missing.lock"
    flock 9
fi
if command -v apt-get >/dev/null; then
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
elif command -v dnf >/dev/null; then
    # Debian's names, as Fedora, openEuler and their kin spell them.
    "${as_root[@]}" dnf install -y -q "${missing[@]/sqlite3/sqlite}"
else
    echo "no known package manager; install: ${missing[*]}" >&2
    exit 1
fi
