"""Which tiles of a grid there are to ask for, and all of them scanned.

Of every grid: each tile of every collection down to the last zoom that has not too many; each tile over
the two towns at every zoom, a child of an empty tile left out; and the tile of each shop and place at the
last one. Where less is asked for, over the towns, too, zooms of too many tiles are those of households. With
`every` all tiles at all zooms.
"""

import json
import math
import random
from collections import Counter
from dataclasses import dataclass

import pyproj

# Most tiles of a zoom that is asked for by the other doors.
DOORS = 300
# What fills the towns and lies nowhere else.
TOWN_COLLECTION = "households"
SEED = 20261127
SAMPLE = 200


@dataclass
class Extent:
    """How much is asked for: everything, or of what is told apart one in so many.

    `everywhere` and `towns` are the most tiles of a zoom that is asked for whole, of all collections and
    over the towns.
    """

    every: bool
    one_in: int

    def __post_init__(self):
        whole = self.one_in == 1
        self.everywhere, self.towns = (3_000, math.inf) if whole else (20_000 // self.one_in, 80_000 // self.one_in)


@dataclass
class Matrix:
    """A zoom of a grid: its square, east and north, and the tiles with content, as rows and columns."""

    id: str
    west: float
    north: float
    span: float
    limits: tuple

    def count(self):
        top, bottom, left, right = self.limits
        return (bottom - top + 1) * (right - left + 1)

    def all(self):
        top, bottom, left, right = self.limits
        return {(row, col) for row in range(top, bottom + 1) for col in range(left, right + 1)}

    def at(self, east, north):
        return int((self.north - north) // self.span), int((east - self.west) // self.span)

    def holds(self, place):
        top, bottom, left, right = self.limits
        return top <= place[0] <= bottom and left <= place[1] <= right


def limits_of(client, tileset):
    """Rows and columns with content by matrix; none where there is no such tileset."""
    answer = client.get(f"{tileset}?f=json")
    if answer.status != 200:
        return {}
    sides = ("minTileRow", "maxTileRow", "minTileCol", "maxTileCol")
    limits = json.loads(answer.body)["tileMatrixSetLimits"]
    return {one["tileMatrix"]: tuple(one[side] for side in sides) for one in limits}


class Grid:
    """A grid with what one reader is told of it; where the towns are, tells who sees them."""

    def __init__(self, client, name, townsman=None):
        self.name = name
        townsman = townsman or client
        document = json.loads(client.get(f"/tileMatrixSets/{name}?f=json").body)
        authority, code = document["crs"].rstrip("/").split("/")[-3::2]
        crs = pyproj.CRS(f"{authority}:{code}")
        self.project = pyproj.Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform
        is_north_first = crs.axis_info[0].direction == "north"
        self.matrices, self.towns = [], limits_of(townsman, f"/collections/{TOWN_COLLECTION}/tiles/{name}")
        limits = limits_of(client, f"/tiles/{name}")
        for one in document["tileMatrices"]:
            if one["id"] in limits:
                origin = one["pointOfOrigin"][:: -1 if is_north_first else 1]
                span = one["cellSize"] * one["tileWidth"]
                self.matrices.append(Matrix(one["id"], *origin, span, limits[one["id"]]))

    def town_matrix(self, matrix):
        limits = self.towns.get(matrix.id)
        return limits and Matrix(matrix.id, matrix.west, matrix.north, matrix.span, limits)

    def placed(self, matrix, places):
        """The tiles that places, in degrees, lie in."""
        if not places:
            return set()
        easts, norths = self.project(*zip(*places))
        tiles = (matrix.at(*position) for position in zip(easts, norths))
        return {tile for tile in tiles if matrix.holds(tile)}


def children(tiles):
    return {(2 * row + down, 2 * col + right) for row, col in tiles for down in (0, 1) for right in (0, 1)}


class TileScan:
    """The tiles of one profile."""

    def __init__(self, asker, extent):
        self.asker, self.extent = asker, extent
        self.tiles, self.empty, self.skipped = Counter(), Counter(), 0

    def ask(self, grid, matrix, tiles, query=""):
        """Scans tiles; those that hold something."""
        paths = {f"/tiles/{grid.name}/{matrix.id}/{row}/{col}{query}": (row, col) for row, col in sorted(tiles)}
        filled = set()
        for target, answer in self.asker.client.all(paths):
            assert answer.status in (200, 204), f"{target}: {answer.status} {answer.body[:300]}"
            self.tiles[grid.name, matrix.id] += 1
            if answer.body:
                filled.add(paths[target])
                self.asker.scan(target, answer)
            else:
                self.empty[grid.name, matrix.id] += 1
        return filled

    def walk(self, grid, households, background):
        extent, above = self.extent, None
        for matrix in grid.matrices:
            towns = grid.town_matrix(matrix)
            wanted = set()
            if matrix.count() <= extent.everywhere or (extent.every and above is None):
                wanted |= matrix.all()
            elif extent.every:
                wanted |= children(above) & matrix.all()
            if towns and (extent.every or towns.count() <= extent.towns):
                wanted |= self.over_towns(grid, matrix, towns, above)
            elif towns:
                wanted |= grid.placed(matrix, households[:: extent.one_in])
            if matrix is self.last_of_background(grid):
                wanted |= grid.placed(matrix, background[:: extent.one_in])
            above = self.ask(grid, matrix, wanted)

    def over_towns(self, grid, matrix, towns, above):
        """Every tile, but below those that are known to be empty."""
        tiles = towns.all() & matrix.all()
        before = grid.matrices[grid.matrices.index(matrix) - 1]
        known = grid.town_matrix(before)
        if above is None or not known or known.count() < DOORS:
            return tiles
        below = children(above) & tiles
        left_out = sorted(tile for tile in tiles - below if known.holds((tile[0] // 2, tile[1] // 2)))
        sample = random.Random(SEED).sample(left_out, min(SAMPLE, len(left_out)))
        assert not self.ask(grid, matrix, sample), f"a child of an empty tile of {grid.name}/{matrix.id} is not empty"
        self.skipped += len(left_out) - len(sample)
        return tiles - set(left_out)

    @staticmethod
    def last_of_background(grid):
        """The last zoom with tiles of more than the towns."""
        wide = [one for one in grid.matrices if not grid.town_matrix(one) or one.count() > 4 * grid.town_matrix(one).count()]
        return wide[-1] if wide else None
