#!/usr/bin/env bash
# What it costs that a server knows who asks: tiles and counts of the sample city, first and again, by a server
# without accounts and by one with accounts; of the whole city to somebody who sees everything, and of what lies
# in one town to somebody who sees no more, beside a store without accounts that holds no more.
# TUBAN names a binary that is there already. Usage: benches/profiles.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
tuban=${TUBAN:-${CARGO_TARGET_DIR:-target}/release/tuban}
[[ -n ${TUBAN:-} ]] || cargo build --release --locked --quiet
tuban=$(realpath "$tuban")
"$root/scripts/install-missing.sh" python3=python3
work=$(mktemp -d)
servers=()
trap 'for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done; rm -rf "$work"' EXIT
"$tuban" demo --dir "$work/open" --prepare-only >/dev/null 2>&1
cp -r "$work/open" "$work/known"
printf '[exports]\ntiles_km2 = 1000000.0\n' >"$work/tuban.toml"
cd "$work"
town=$(python3 -c "import sqlite3; print(sqlite3.connect('open/city.gpkg').execute(\"select code from admin_units where level = 'town' order by code\").fetchone()[0])")
for name in everywhere town; do
    "$tuban" user add known/city.gpkg $name --role town >/dev/null
    "$tuban" user token known/city.gpkg $name >"$name.token"
done
"$tuban" user scope known/city.gpkg town "$town" >/dev/null
at() { sed -n 's/.* s on //p' "$1.log"; }
serve() {
    "$tuban" serve "$1/city.gpkg" --listen 127.0.0.1:0 --config tuban.toml >"$1.log" 2>&1 &
    servers+=($!)
    until grep -q ' s on ' "$1.log"; do
        kill -0 "${servers[-1]}" 2>/dev/null || { cat "$1.log" >&2; exit 1; }
        sleep 0.2
    done
}
cp -r open alone
serve open
serve known
python3 "$root/benches/profiles_alone.py" "$(at known)" "$(cat town.token)" alone/city.gpkg
serve alone
python3 "$root/benches/profiles.py" "$(at open)" "${servers[0]}" "$(at known)" "${servers[1]}" \
    "$(at alone)" "${servers[2]}" "$(cat everywhere.token)" "$(cat town.token)" alone/city.gpkg "$town"
