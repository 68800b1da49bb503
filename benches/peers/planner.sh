#!/usr/bin/env bash
# The 15 questions of a planner asked of Tuban and of PostGIS, both over TCP on this machine, with answers held
# against each other and against what the GeoPackage itself says; with times, behind edits on both sides and
# again while the state is the same, by one client and by a crowd, and of another place each time. Usage:
#   benches/peers/planner.sh demo          the sample city, equality alone
#   benches/peers/planner.sh demo times [NUMBER…]   with times, some questions alone
#   benches/peers/planner.sh city          a million parcels, 300,000 points, with times
# TUBAN names a binary that is there already, TUBAN_SAMPLE the folder of a sample city. The city takes 10 GB
# of disk.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
size=${1:?demo or city}
times=${2:-}
cd "$root"
pg_host=127.0.0.1
source benches/peers/postgis.sh
source benches/planner/load.sh

tuban=${TUBAN:-${CARGO_TARGET_DIR:-target}/release/tuban}
[[ -n ${TUBAN:-} ]] || cargo build --release --locked --quiet
tuban=$(realpath "$tuban")
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill $server 2>/dev/null || true; stop_postgis; rm -rf "$work"' EXIT
"$root/scripts/install-missing.sh" python3=python3 wrk=wrk
python3 -c 'import ensurepip' 2>/dev/null || "$root/scripts/install-missing.sh" python3-venv=python3-venv
python3 -m venv "$work/venv"
python=$work/venv/bin/python
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    shapely==2.1.0 pyproj==3.7.0 'psycopg[binary]==3.2.4'

# quietly COMMAND…: says nothing unless it fails.
quietly() { "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2; return 1; }; }
if [[ $size == city ]]; then
    times=times
    store=$work/city.gpkg
    for layer in towns villages parcels buildings households; do
        quietly "$tuban" synth "$work/$layer.fgb" --parcels "${TUBAN_BENCH_PARCELS:-1000000}" --seed 1 \
            --layer $layer --crs EPSG:4548
        quietly "$tuban" import "$store" "$work/$layer.fgb" --collection $layer
        rm "$work/$layer.fgb"
    done
else
    store=$work/demo/city.gpkg
    [[ -z ${TUBAN_SAMPLE:-} ]] || cp -r "$TUBAN_SAMPLE" "$work/demo"
    quietly "$tuban" demo --dir "$work/demo" --prepare-only
    # They are of the indicators that ship, not of those that are asked here.
    rm "$store.targets.toml"
fi
"$python" benches/planner/data.py "$store" "$work"
quietly "$tuban" import "$store" "$work/layers.gpkg"
rm "$work/layers.gpkg"
quietly "$tuban" places init "$store"
for table in responsibilities permits; do
    [[ -f $work/$table.csv ]] || continue
    [[ $table == permits ]] && append= || append=--append
    quietly "$tuban" import $append "$store" "$work/$table.csv"
done
sleep 1
meeting=$(date -u +%Y-%m-%dT%H:%M:%SZ)
sleep 1
"$python" benches/planner/data.py "$store" "$work" late
quietly "$tuban" ledger raise "$store" "$work/late.csv"
"$python" benches/planner/fold.py "$store" "$work"
load_store

printf '[server]\nrequest_timeout_seconds = 60\n[ledger]\nspatial_rules = "%s"\nindicators = "%s"\n' \
    "$root/benches/planner/rules.toml" "$root/benches/planner/indicators.toml" >"$work/tuban.toml"
"$tuban" serve "$store" --config "$work/tuban.toml" --listen 127.0.0.1:0 >"$work/log" 2>&1 &
server=$!
until grep -q ' s on ' "$work/log"; do
    kill -0 $server 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.2
done
echo "$peer_version, $(uptime | sed 's/.*load/load/')"
address=$(sed -n 's/.* s on //p' "$work/log")
"$python" benches/planner/run.py "$store" "$meeting" "$address" $server $pg_host $times "${@:3}"
[[ -z $times ]] || "$python" benches/planner/crowd.py "$store" "$meeting" "$address" $server $pg_host "$pg_dir/data" "$pg_bin/pgbench" "${@:3}"
[[ -z $times ]] || "$python" benches/planner/once.py "$store" "$meeting" "$address" $server $pg_host "${@:3}"
