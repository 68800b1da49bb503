# Sourced by the benches against PostGIS: a server of its own in a temporary folder, on a socket, and where
# `pg_host` is set on that address too, ended with the script. Provides the function `sql` and the variables
# `peer_version` and PGPORT.
"$root/scripts/install-missing.sh" /usr/lib/postgresql/15/bin/postgres=postgresql-15 \
    /usr/share/postgresql/15/extension/postgis.control=postgresql-15-postgis-3 ogr2ogr=gdal-bin

pg_bin=/usr/lib/postgresql/15/bin
pg_dir=$(mktemp -d)
# PostgreSQL refuses to run as root.
as_pg=()
if [[ $(id -u) -eq 0 ]]; then
    chown postgres "$pg_dir"
    as_pg=(runuser -u postgres --)
fi
stop_postgis() {
    "${as_pg[@]}" "$pg_bin/pg_ctl" -D "$pg_dir/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$pg_dir"
}
trap stop_postgis EXIT

"${as_pg[@]}" "$pg_bin/initdb" -D "$pg_dir/data" -U postgres --auth trust --no-sync >/dev/null
# All in memory, one core a query, as a fair cold read without disk.
cat >>"$pg_dir/data/postgresql.conf" <<'CONF'
shared_buffers = 2GB
work_mem = 256MB
maintenance_work_mem = 1GB
max_wal_size = 8GB
fsync = off
jit = off
max_parallel_workers_per_gather = 0
CONF
export PGPORT=5432
[[ -z ${pg_host:-} ]] || PGPORT=$(python3 -c 'import socket; one = socket.create_server(("127.0.0.1", 0)); print(one.getsockname()[1])')
printf "listen_addresses = '%s'\nport = %s\n" "${pg_host:-}" "$PGPORT" >>"$pg_dir/data/postgresql.conf"
"${as_pg[@]}" "$pg_bin/pg_ctl" -D "$pg_dir/data" -o "-k $pg_dir" -l "$pg_dir/log" -w start >/dev/null
sql() { psql -h "$pg_dir" -U postgres -d postgres -qAt -v ON_ERROR_STOP=1 "$@"; }
sql -c 'create extension postgis'
peer_version=$(sql -c "select 'PostgreSQL ' || current_setting('server_version') || ', PostGIS ' || postgis_lib_version() || ', GEOS ' || postgis_geos_version()")

# load_parcels FILE [CRS]: the parcels in 3857 or that CRS, in Hilbert-like order on disk, indexed,
# analysed.
load_parcels() {
    PGHOST=$pg_dir PGUSER=postgres ogr2ogr -f PostgreSQL "PG:host=$pg_dir user=postgres dbname=postgres" "$1" \
        -nln parcels -t_srs "${2:-EPSG:3857}" -lco GEOMETRY_NAME=geom -lco FID=fid --config PG_USE_COPY YES -q
    sql -c 'cluster parcels using parcels_geom_geom_idx' -c 'vacuum analyze parcels'
}
