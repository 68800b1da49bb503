"""GeoPackages read and written as SQLite files, without GDAL and without Tuban.

A geometry is a header ("GP", version, flags, CRS, perhaps a box) and WKB. Plane coordinates are
those of EPSG:4548 in metres, east first.
"""

import functools
import sqlite3
import struct

import numpy
import pyproj
import shapely

PLANE = 4548
BOX_BYTES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}


def wkb(blob):
    """The WKB of a stored geometry."""
    return None if blob is None else bytes(blob[8 + BOX_BYTES[blob[3] >> 1 & 7] :])


def blob(shape, crs):
    return b"GP\x00\x01" + struct.pack("<i", crs) + shapely.to_wkb(shape)


class Store:
    """A GeoPackage, read as it lies there."""

    def __init__(self, path):
        self.db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        row = self.db.execute("select srs_id from gpkg_geometry_columns where table_name = 'parcels'")
        self.crs = row.fetchone()[0]
        self.is_plane = self.crs == PLANE

    def rows(self, sql, *values):
        return self.db.execute(sql, values).fetchall()

    def tables(self):
        return {name for (name,) in self.rows("select table_name from gpkg_contents")}

    def count(self, table):
        return self.rows(f'select count(*) from "{table}"')[0][0] if table in self.tables() else 0

    def shapes(self, blobs):
        """Geometries in the CRS of the store."""
        return shapely.from_wkb([wkb(one) for one in blobs])

    def to_plane(self, shapes):
        return shapes if self.is_plane else moved(shapes, self.crs, PLANE)

    def from_plane(self, shapes):
        return shapes if self.is_plane else moved(shapes, PLANE, self.crs)


@functools.cache
def transformer(from_crs, to_crs):
    return pyproj.Transformer.from_crs(from_crs, to_crs, always_xy=True)


def moved(shapes, from_crs, to_crs):
    """Geometries in another CRS, east first on both sides."""
    move = transformer(from_crs, to_crs)
    return shapely.transform(shapes, lambda xy: numpy.column_stack(move.transform(xy[:, 0], xy[:, 1])))


class Writer:
    """A GeoPackage of layers for `tuban import`, in the CRS of the store."""

    def __init__(self, path, crs):
        self.crs = crs
        self.db = sqlite3.connect(path)
        self.db.executescript(
            f"""
            pragma journal_mode = off; pragma synchronous = off;
            pragma application_id = 0x47504b47; pragma user_version = 10300;
            create table gpkg_spatial_ref_sys (srs_name text, srs_id integer primary key, organization text,
                organization_coordsys_id integer, definition text, description text);
            create table gpkg_contents (table_name text primary key, data_type text, identifier text,
                description text, last_change datetime default '2026-01-01T00:00:00.000Z', min_x double,
                min_y double, max_x double, max_y double, srs_id integer);
            create table gpkg_geometry_columns (table_name text primary key, column_name text,
                geometry_type_name text, srs_id integer, z tinyint, m tinyint);
            """
        )
        systems = [("none", -1, "NONE", -1), ("none", 0, "NONE", 0), (f"EPSG:{crs}", crs, "EPSG", crs)]
        wkt = {crs: pyproj.CRS(crs).to_wkt("WKT1_GDAL")}
        self.db.executemany(
            "insert into gpkg_spatial_ref_sys values (?, ?, ?, ?, ?, '')",
            [(*one, wkt.get(one[1], "undefined")) for one in systems],
        )

    def layer(self, name, geometry_type, columns):
        """Makes a layer; columns are (name, SQL type). Without a type of geometry it is a table."""
        geometry = f", geom {geometry_type}" if geometry_type else ""
        listed = "".join(f', "{column}" {kind}' for column, kind in columns)
        self.db.execute(f'create table "{name}" (fid integer primary key{geometry}{listed})')
        kind = "features" if geometry_type else "attributes"
        self.db.execute(
            "insert into gpkg_contents (table_name, data_type, identifier, srs_id) values (?, ?, ?, ?)",
            (name, kind, name, self.crs if geometry_type else 0),
        )
        if geometry_type:
            self.db.execute(
                "insert into gpkg_geometry_columns values (?, 'geom', ?, ?, 0, 0)",
                (name, geometry_type, self.crs),
            )

    def add(self, name, columns, rows, shapes=None):
        """Adds rows, with the geometry of each first where there are some."""
        names = ["geom", *columns] if shapes is not None else columns
        marks = ", ".join("?" * len(names))
        listed = ", ".join(f'"{one}"' for one in names)
        rows = rows if shapes is None else ((blob(s, self.crs), *r) for s, r in zip(shapes, rows))
        self.db.executemany(f'insert into "{name}" ({listed}) values ({marks})', rows)

    def close(self):
        self.db.commit()
        self.db.close()
