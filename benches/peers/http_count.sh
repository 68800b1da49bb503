#!/usr/bin/env bash
# Parcels in a polygon of 4 km radius and 1,024 vertices, asked over HTTP, beside PostGIS asked over
# its socket: the same parcels in the same plane CRS, the same polygon, in turn; the counts must be
# equal. PostGIS: clustered GiST index, the polygon a literal. Usage:
# benches/peers/http_count.sh [PARCELS]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
parcels=${1:-1000000}
cd "$root"
source benches/peers/postgis.sh

tuban=${CARGO_TARGET_DIR:-target}/release/tuban
work=$(mktemp -d)
cargo build --release --locked --quiet
"$tuban" synth "$work/parcels.fgb" --parcels "$parcels" --seed 1 --layer parcels --crs EPSG:4548
"$tuban" import "$work/s.gpkg" "$work/parcels.fgb" --collection parcels
load_parcels "$work/parcels.fgb" EPSG:4548
middle=$(sql -F ' ' -c 'select (ST_XMin(e)+ST_XMax(e))/2, (ST_YMin(e)+ST_YMax(e))/2 from (select ST_Extent(geom) e from parcels) q')
"$tuban" serve "$work/s.gpkg" --listen 127.0.0.1:0 >"$work/log" &
server=$!
trap 'kill $server 2>/dev/null || true; stop_postgis; rm -rf "$work"' EXIT
until grep -q ' s on ' "$work/log"; do sleep 0.2; done
address=$(sed -n 's/.* s on //p' "$work/log")

# shellcheck disable=SC2086
python3 benches/peers/http_count.py circle $middle >"$work/circle.wkt"
literal="'$(sql -c "select ST_GeomFromText('$(cat "$work/circle.wkt")', 4548)")'::geometry"
{ echo '\timing on'; for _ in $(seq 9); do echo "select count(*) from parcels where ST_Intersects(geom, $literal);"; done; } |
    sql | awk '/^Time:/ { print $2; next } { print "COUNT", $1 }' >"$work/postgis.txt"
echo "$peer_version"
# shellcheck disable=SC2086
python3 benches/peers/http_count.py ask "$address" "$work/postgis.txt" $middle
