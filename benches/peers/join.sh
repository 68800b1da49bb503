#!/usr/bin/env bash
# The join of points with the parcels that they lie in, beside PostGIS, DuckDB and SedonaDB: the
# same data, all in memory, two threads each, in turn. Usage: benches/peers/join.sh [PARCELS]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
parcels=${1:-1000000}
cd "$root"
source benches/peers/postgis.sh
source benches/peers/python.sh

work=$(mktemp -d)
trap 'rm -rf "$work"; stop_postgis' EXIT
TUBAN_BENCH_PARCELS=$parcels TUBAN_BENCH_ONLY_JOIN=1 TUBAN_BENCH_DATA=$work \
    cargo bench --locked --quiet --bench join >"$work/ours.txt"

sql -c 'create table parcels_hex (id bigint, wkb text)' \
    -c "\\copy parcels_hex from '$work/parcels.csv' csv" \
    -c 'create table points_xy (id bigint, x float8, y float8)' \
    -c "\\copy points_xy from '$work/points.csv' csv"
for table in parcels:parcels_hex:'ST_GeomFromWKB(decode(wkb, $$hex$$))' points:points_xy:'ST_MakePoint(x, y)'; do
    IFS=: read -r name from geom <<<"$table"
    sql -c "create table $name as select id, $geom as geom from $from" -c "drop table $from" \
        -c "create index ${name}_geom on $name using gist (geom)" \
        -c "cluster $name using ${name}_geom" -c "vacuum analyze $name"
done
query="select count(*) from parcels p join points q on ST_Intersects(p.geom, q.geom)"
# A leader and a worker.
setting="set max_parallel_workers_per_gather = $((peer_threads - 1)); set min_parallel_table_scan_size = 0;"
pairs=$(sql -c "$setting" -c "$query")
ms=$({ echo "$setting"; echo '\timing on'; for _ in 1 2 3; do echo "$query;"; done; } | sql |
    sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | sort -n | sed -n 2p)
echo "PEER PostGIS ${peer_version##*PostGIS } $pairs $ms" | sed 's/, GEOS /+GEOS-/; s/-CAPI[^ ]*//' >"$work/peers.txt"
"$peer_python" -W ignore benches/peers/join.py "$work" "$peer_threads" 2>/dev/null >>"$work/peers.txt"

ours=$(sed -n 's/^JOIN count //p' "$work/ours.txt")
read -r count count_ms <<<"$ours"
echo "$parcels points, $parcels parcels; $peer_threads threads; $(nproc) cores"
printf '%-10s %-22s %10s %12s %8s\n' engine version pairs ms ratio
sed -n 's/^JOIN //p' "$work/ours.txt" | while read -r what found ms; do
    printf '%-10s %-22s %10d %12.1f\n' Tuban "$what" "$found" "$ms"
done
while read -r _ name version found ms; do
    [[ $found == "$count" ]] || { echo "$name finds $found pairs, Tuban $count" >&2; exit 1; }
    awk -v n="$name" -v v="$version" -v f="$found" -v m="$ms" -v o="$count_ms" \
        'BEGIN { printf "%-10s %-22s %10d %12.1f %7.1fx\n", n, v, f, m, m / o }'
done <"$work/peers.txt"
