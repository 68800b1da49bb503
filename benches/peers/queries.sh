#!/usr/bin/env bash
# Polygon queries over synthetic parcels beside PostGIS, DuckDB and SedonaDB: the same parcels in
# the same plane CRS, one core each, in turn; every count must be equal. Usage:
# benches/peers/queries.sh [PARCELS]
#
# PostGIS in its best form: clustered GiST index, the polygon a literal, so that it is parsed and
# prepared once; for the overlay also cut up with ST_Subdivide, and parcels that are covered not
# intersected. DuckDB with its R-tree. The best of five runs each.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
parcels=${1:-1000000}
cd "$root"
source benches/peers/postgis.sh

target=${CARGO_TARGET_DIR:-target}
work=$(mktemp -d)
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    duckdb==1.5.5 duckdb-extension-spatial==1.5.5 sedonadb==0.5.0

cargo build --release --locked --quiet
"$target/release/tuban" synth "$work/parcels.fgb" --parcels "$parcels" --seed 1 --layer parcels --crs EPSG:4548
TUBAN_BENCH_PARCELS=$parcels TUBAN_BENCH_ONLY_QUERIES=1 cargo bench --locked --quiet --bench query >"$work/ours.txt"
load_parcels "$work/parcels.fgb" EPSG:4548
sed -n 's/^POINT \(.*\) \(.*\)/\1,\2/p' "$work/ours.txt" >"$work/points.csv"
sql -c 'create table points (x float8, y float8)' -c "\\copy points from '$work/points.csv' csv" \
    -c 'alter table points add geom geometry(point, 4548)' \
    -c 'update points set geom = ST_SetSRID(ST_MakePoint(x, y), 4548)' -c 'vacuum full analyze points'

# timed QUERY: the answer and the least milliseconds of five runs.
timed() {
    { echo '\timing on'; for _ in 1 2 3 4 5; do echo "$1;"; done; } | sql | awk '
        /^Time:/ { if (!least || $2 < least) least = $2; next } { answer = $1 } END { print answer, least }'
}
while read -r name wkt; do
    literal="ST_GeomFromText('$wkt', 4548)"
    literal="'$(sql -c "select $literal")'::geometry"
    echo "COUNT $name $(timed "select count(*) from parcels where ST_Intersects(geom, $literal)")"
    plain=$(timed "select sum(case when ST_CoveredBy(geom, $literal) then ST_Area(geom)
        else ST_Area(ST_Intersection(geom, $literal)) end) from parcels where ST_Intersects(geom, $literal)")
    cut=$(timed "select sum(case when ST_CoveredBy(p.geom, q.geom) then ST_Area(p.geom)
        else ST_Area(ST_Intersection(p.geom, q.geom)) end)
        from (select ST_Subdivide($literal, 64) as geom) q join parcels p on ST_Intersects(p.geom, q.geom)")
    echo "OVERLAY $name $(printf '%s\n%s\n' "$plain" "$cut" | sort -k2 -n | head -1)"
done < <(sed -n 's/^AREA //p' "$work/ours.txt") >"$work/postgis.txt"
echo "LOCATE all $(timed 'select count(*) from points q join parcels p on ST_Intersects(p.geom, q.geom)')" \
    >>"$work/postgis.txt"

"$work/venv/bin/python" benches/peers/queries.py "$work" >"$work/embedded.txt"
echo "$peer_version"
"$work/venv/bin/python" benches/peers/queries.py --report "$work"
rm -rf "$work"
