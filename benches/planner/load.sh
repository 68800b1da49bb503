# Sourced by planner.sh beside postgis.sh: the collections of a store as tables of PostGIS in
# EPSG:4548, each with the indexes that its questions want, in Hilbert order where it is large.

# table NAME: a layer of the store with a GiST index.
table() {
    PGHOST=$pg_dir PGUSER=postgres ogr2ogr -f PostgreSQL "PG:host=$pg_dir user=postgres dbname=postgres" \
        "$store" "$1" -nln "$1" -t_srs EPSG:4548 -lco GEOMETRY_NAME=geom -lco FID=fid -lco UNLOGGED=ON \
        --config PG_USE_COPY YES -q 2> >(grep -v user_version >&2)
}

load_store() {
    local open="'reported','registered','dispatched','returned','in_progress','suspended','submitted','verified_town','rebounded'"
    local name
    for name in parcels buildings households villages buildings_before points facilities railways outlets \
        complaints land_releases green_plots enterprises admin_units responsibilities permits; do
        table "$name"
    done
    for name in parcels buildings buildings_before; do
        sql -c "cluster $name using ${name}_geom_geom_idx"
    done
    # Days of Shanghai are columns, so that no query works them out.
    sql -c "alter table points add closed_day date; update points set closed_day = (closed_at at time zone 'Asia/Shanghai')::date" \
        -c "alter table complaints add day date; update complaints set day = (occurred_at at time zone 'Asia/Shanghai')::date" \
        -c "cluster points using points_geom_geom_idx" \
        -c "create index on parcels (zddm)" \
        -c "create index on buildings (zddm)" \
        -c "create index on permits (zddm)" \
        -c "create index on responsibilities (area_code)" \
        -c "create index points_open on points using gist (geom) where state in ($open)" \
        -c "create index points_closed on points using gist (geom) where state = 'closed'" \
        -c "create index outlets_vegetables on outlets using gist (geom) where functions like '%蔬菜零售%'" \
        -c "create table point_versions (fid int, state text, since timestamptz, until timestamptz)" \
        -c "\\copy point_versions from '$work/versions.csv' csv" \
        -c "create table point_states as select v.*, p.geom, p.task, p.town, p.registered_at, p.planned_build_area_m2
            from point_versions v join points p using (fid)" \
        -c "create index point_states_geom on point_states using gist (geom)" \
        -c "cluster point_states using point_states_geom" \
        -c "vacuum analyze"
}
