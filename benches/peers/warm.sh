#!/usr/bin/env bash
# Warm tiles over HTTP in gzip beside Martin (PostGIS source, its cache on) and beside nginx, which
# serves our very bytes as files: the same parcels, the same list of tiles, every tile asked for once
# before. wrk asks over 32 connections that are kept alive; the servers run all the time and are asked
# in turn. Server and wrk share the first two cores. PIN=1 gives the first core to the server and the
# second to wrk. MARTIN and TUBAN name binaries that are there already. Usage:
# benches/peers/warm.sh [PARCELS]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
parcels=${1:-300000}
rounds=${ROUNDS:-3} seconds=${SECONDS_A_RUN:-4}
cd "$root"
scripts/install-missing.sh nginx=nginx-light wrk=wrk python3=python3
source benches/peers/postgis.sh

target=${CARGO_TARGET_DIR:-target}
version=1.14.0
martin=${MARTIN:-$target/peers-martin/bin/martin}
if [[ ! -x $martin ]]; then
    CARGO_TARGET_DIR=$target/peers-martin/target cargo install martin --version $version --locked \
        --no-default-features --features postgres,mbtiles,pmtiles --root "$target/peers-martin"
fi
tuban=${TUBAN:-$target/release/tuban}
[[ -n ${TUBAN:-} ]] || cargo build --release --locked --quiet
work=$(mktemp -d)
servers=()
stop() {
    [[ ${#servers[@]} -eq 0 ]] || kill "${servers[@]}" 2>/dev/null || true
    wait
    stop_postgis
    rm -rf "$work"
}
trap stop EXIT

"$tuban" synth "$work/parcels.fgb" --parcels "$parcels" --seed 1 --layer parcels >/dev/null
"$tuban" import "$work/s.gpkg" "$work/parcels.fgb" --collection parcels >/dev/null
load_parcels "$work/parcels.fgb"
box=$(sql -F ' ' -c 'select ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) from (select ST_Extent(geom) e from parcels) q')

client=(taskset -c 0,1 wrk -t2 -c32) cores=0,1 nginx_workers=2
[[ -z ${PIN:-} ]] || client=(taskset -c 1 wrk -t1 -c32) cores=0 nginx_workers=1
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
nginx_port=$(free_port) martin_port=$(free_port)

: >"$work/tuban.log"
taskset -c $cores "$tuban" serve "$work/s.gpkg" --listen 127.0.0.1:0 >"$work/tuban.log" &
servers+=($!) tuban_pid=$!
until grep -q ' s on ' "$work/tuban.log"; do sleep 0.2; done
address=$(sed -n 's/.* s on //p' "$work/tuban.log")
mkdir "$work/www"
# shellcheck disable=SC2086
python3 benches/peers/warm.py choose "$work" "$address" $box

cat >"$work/nginx.conf" <<CONF
$([[ $(id -u) -ne 0 ]] || echo 'user root;')
worker_processes $nginx_workers;
pid $work/nginx.pid;
error_log $work/nginx.log warn;
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=10000 inactive=10m;
    open_file_cache_valid 10m;
    etag on;
    default_type application/vnd.mapbox-vector-tile;
    server {
        listen 127.0.0.1:$nginx_port;
        root $work/www;
        location / {
            add_header Content-Encoding gzip;
            add_header Cache-Control no-cache;
            add_header Vary Accept-Encoding;
            add_header Access-Control-Allow-Origin *;
        }
    }
}
CONF
taskset -c $cores nginx -e "$work/nginx.log" -c "$work/nginx.conf" -g 'daemon off;' &
servers+=($!) nginx_pid=$!

cat >"$work/martin.yaml" <<CONF
postgres:
  connection_string: 'postgresql://postgres@${pg_dir//\//%2F}/postgres'
  auto_bounds: skip
  auto_publish:
    tables: { from_schemas: public, source_id_format: '{table}', id_columns: fid, extent: 4096, buffer: 64, clip_geom: true }
    functions: false
CONF
taskset -c $cores "$martin" --config "$work/martin.yaml" --listen-addresses 127.0.0.1:$martin_port \
    --workers 2 --cache-size 4096 --preferred-encoding gzip >"$work/martin.log" 2>&1 &
servers+=($!) martin_pid=$!
until (exec 3<>"/dev/tcp/127.0.0.1/$martin_port") 2>/dev/null; do sleep 0.2; done

echo "$("$martin" --version), $(nginx -v 2>&1 | sed 's/.*: //'), $peer_version"
warm() { python3 benches/peers/warm.py warm "$work" "$@"; }
warm tuban "$address" /xyz/parcels/ZXY.mvt
warm nginx "127.0.0.1:$nginx_port" /xyz/parcels/ZXY.mvt
warm martin "127.0.0.1:$martin_port" /parcels/ZXY

# Microseconds on a core of a server and its children so far, by the clock ticks of the kernel.
core_time() { cat $(printf '/proc/%s/stat ' "$1" $(pgrep -P "$1")) | sed 's/.*) //' | awk -v hz="$(getconf CLK_TCK)" '{ t += $12 + $13 } END { printf "%d", t * 1e6 / hz }'; }
# run KIND SERVER PID ADDRESS LIST keep|close
run() {
    local before after
    before=$(core_time "$3")
    "${client[@]}" -d "${seconds}s" --timeout 60s --latency -s benches/peers/warm.lua "http://$4" -- "$work/$2.$5" "$6" >"$work/out"
    after=$(core_time "$3")
    echo "$1 $2 $(sed -n 's/^FIGURES //p' "$work/out") $((after - before))" >>"$work/figures"
}
for _ in $(seq "$rounds"); do
    while read -r kind list how; do
        run "$kind" tuban "$tuban_pid" "$address" "$list" "$how"
        run "$kind" nginx "$nginx_pid" "127.0.0.1:$nginx_port" "$list" "$how"
        run "$kind" martin "$martin_pid" "127.0.0.1:$martin_port" "$list" "$how"
    done <<'KINDS'
z12-z16 mix.list keep
z14-z16 same.list keep
z17-z18 small.list keep
304 mix.tagged keep
z17-z18,close small.list close
KINDS
done
python3 benches/peers/warm.py table "$work"
