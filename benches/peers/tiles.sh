#!/usr/bin/env bash
# Cold tiles of synthetic parcels beside PostGIS ST_AsMVT: the same data, the same attributes, both
# raw, one core each, in turn. Usage: benches/peers/tiles.sh [PARCELS]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
parcels=${1:-1000000}
cd "$root"
source benches/peers/postgis.sh

target=${CARGO_TARGET_DIR:-target}
cargo build --release --locked --quiet
work=$(mktemp -d)
"$target/release/tuban" synth "$work" --parcels "$parcels" --seed 1 --layer parcels
load_parcels "$work/parcels.fgb"
columns=$(sql -c "select string_agg(quote_ident(column_name), ', ') from information_schema.columns where table_name = 'parcels' and column_name not in ('geom', 'fid')")

# The tiles that hold the middle of the parcels, z10 to z16.
TUBAN_BENCH_PARCELS=$parcels TUBAN_BENCH_ONLY_TILES=1 cargo bench --locked --quiet --bench tiles >"$work/ours.txt"
echo "$peer_version"
printf '%-4s %10s %12s %12s %8s %12s %12s\n' zoom features 'Tuban ms' 'PostGIS ms' ratio 'Tuban bytes' 'PostGIS bytes'
while read -r z x y features ms bytes; do
    query="select coalesce(length(ST_AsMVT(t, 'parcels', 4096, 'geom', 'fid')), 0) from (
        select fid, $columns, ST_AsMVTGeom(geom, ST_TileEnvelope($z, $x, $y), 4096, 64, true) as geom
        from parcels where geom && ST_TileEnvelope($z, $x, $y, margin => 64.0 / 4096)) t where geom is not null"
    runs=5; [[ $z -le 11 ]] && runs=3
    peer_bytes=$(sql -c "$query")
    peer_ms=$({ echo '\timing on'; for _ in $(seq $runs); do echo "$query;"; done; } | sql |
        sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
    awk -v z="$z" -v f="$features" -v a="$ms" -v b="$peer_ms" -v x="$bytes" -v y="$peer_bytes" \
        'BEGIN { printf "%-4s %10d %12.3f %12.1f %7.0fx %12d %12d\n", z, f, a, b, b / a, x, y }'
done < <(sed -n 's/^TILE //p' "$work/ours.txt")
rm -rf "$work"
