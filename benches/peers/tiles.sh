#!/usr/bin/env bash
# Cold tiles of synthetic parcels beside PostGIS ST_AsMVT: the same data, the same attributes, both
# raw, one core each, in turn, by time on the core: other work of the machine does not count.
# Usage: benches/peers/tiles.sh [PARCELS]
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
printf '%-4s %10s %12s %12s %8s %12s %8s %12s %12s\n' zoom features 'Tuban ms' 'PostGIS ms' ratio 'first ms' ratio 'Tuban bytes' 'PostGIS bytes'
while read -r z x y features ms bytes first; do
    query="select coalesce(length(ST_AsMVT(t, 'parcels', 4096, 'geom', 'fid')), 0) from (
        select fid, $columns, ST_AsMVTGeom(geom, ST_TileEnvelope($z, $x, $y), 4096, 64, true) as geom
        from parcels where geom && ST_TileEnvelope($z, $x, $y, margin => 64.0 / 4096)) t where geom is not null"
    runs=5; [[ $z -le 11 ]] && runs=3
    peer_bytes=$(sql -c "$query")
    # psql lets the shell read how long its backend has been on a core, before, between and after.
    on_core="\\! sed 's/^/core /' /proc/\$PEER_PID/schedstat"
    peer_ms=$({
        printf '%s\n' 'select pg_backend_pid() as pid \gset' '\setenv PEER_PID :pid' "$on_core"
        for _ in $(seq $runs); do printf '%s\n' "$query;" "$on_core"; done
    } | sql | awk '/^core/ { if (n++) print ($2 - last) / 1e6; last = $2 }' |
        sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
    awk -v z="$z" -v f="$features" -v a="$ms" -v b="$peer_ms" -v c="$first" -v x="$bytes" -v y="$peer_bytes" \
        'BEGIN { printf "%-4s %10d %12.3f %12.1f %7.0fx %12.3f %7.0fx %12d %12d\n", z, f, a, b, b / a, c, b / c, x, y }'
done < <(sed -n 's/^TILE //p' "$work/ours.txt")
rm -rf "$work"
