#!/usr/bin/env bash
# Import of synthetic parcels from FlatGeobuf beside `ogr2ogr -f GPKG` with its spatial index, in turn.
# Usage: benches/peers/import.sh [PARCELS]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
parcels=${1:-1000000}
cd "$root"
scripts/install-missing.sh ogr2ogr=gdal-bin
target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked --quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$target/release/tuban" synth "$work" --parcels "$parcels" --seed 1 --layer parcels

seconds() { local start; start=$(date +%s.%N); "$@" >/dev/null 2>&1; awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f\n", b - a }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
for _ in 1 2 3; do
    rm -f "$work"/a.gpkg* "$work"/b.gpkg*
    seconds "$target/release/tuban" import "$work/a.gpkg" "$work/parcels.fgb" >>"$work/ours"
    # Durable as ours is: written to the disk before the clock stops.
    seconds sh -c "ogr2ogr -f GPKG '$work/b.gpkg' '$work/parcels.fgb' && sync -f '$work/b.gpkg'" >>"$work/theirs"
done
ours=$(median <"$work/ours") theirs=$(median <"$work/theirs")
echo "$(ogr2ogr --version)"
awk -v n="$parcels" -v a="$ours" -v b="$theirs" 'BEGIN { printf "%d parcels: Tuban %.2f s, ogr2ogr %.2f s, ratio %.2f\n", n, a, b, b / a }'
