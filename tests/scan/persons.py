"""The persons of the sample city, and others of no city that are planted beside them.

The holders of households lie in `tuban_personal`, each value sealed by AES-256-GCM under a data key of its
feature, and that under the master key in STORE.key. They are opened here without the server's code.
"""

import csv
import json
import sqlite3
import struct
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
# What a value is bound to in place of the revision at which it ended.
PRESENT = 2**64 - 1
NAME, TELEPHONE, IDENTITY = KINDS = ("QLRMC", "LXDH", "ZJH")
SAID = {NAME: "name", TELEPHONE: "telephone", IDENTITY: "identity number"}
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
NUMERALS = "〇一二三四五六七八九"


def bound_to(collection, fid, until, field):
    """The place that a sealed value belongs to."""
    name = collection.encode()
    return struct.pack("<I", len(name)) + name + struct.pack("<qQ", fid, until) + field.encode()


def unseal(cipher, sealed, place):
    return cipher.decrypt(sealed[:NONCE], sealed[NONCE:], place)


def holders(store):
    """Values by column and household, and the place of each household."""
    db = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    master = AESGCM(Path(f"{store}.key").read_bytes())
    keys = {}
    for collection, fid, sealed_as, wrapped in db.execute(
        "select collection, fid, sealed_as, wrapped from tuban_personal_keys"
    ):
        key = unseal(master, wrapped, bound_to(sealed_as, fid, 0, ""))
        keys[collection, fid] = sealed_as, AESGCM(key)
    numbers = dict(db.execute("select fid, household_no from households"))
    values = {kind: {} for kind in KINDS}
    for collection, fid, field, sealed in db.execute(
        "select collection, fid, field, sealed from tuban_personal"
    ):
        sealed_as, key = keys[collection, fid]
        value = unseal(key, sealed, bound_to(sealed_as, fid, PRESENT, field))
        values[field][numbers[fid]] = value.decode()
    boxes = db.execute(
        "select household_no, minx, miny from households join rtree_households_geom on id = fid"
    )
    return values, {number: (x, y) for number, x, y in boxes}


def check_character(digits):
    """The last character of an identity number, GB 11643."""
    return "10X98765432"[sum(int(d) * weight for d, weight in zip(digits, WEIGHTS)) % 11]


def is_identity(text):
    """Whether 18 characters can be an identity number: province, date and check character."""
    month, day = int(text[10:12]), int(text[12:14])
    place = 11 <= int(text[:2]) <= 82 and "1800" <= text[6:10] <= "2099"
    return place and 1 <= month <= 12 and 1 <= day <= 31 and check_character(text[:17]) == text[17].upper()


def planted(numbers, series):
    """One person a household whom nobody knows, unlike the holders and unlike those of another series."""
    values = {kind: {} for kind in KINDS}
    for at, number in enumerate(numbers):
        words = "".join(NUMERALS[int(digit)] for digit in str(at))
        day = at // 900
        digits = f"119999191{series}{day // 28 + 1:02}{day % 28 + 1:02}{at % 900 + 100}"
        values[NAME][number] = f"欧阳{'虚拟设假'[series]}例{words}"
        values[TELEPHONE][number] = f"1549{series}{at:06}"
        values[IDENTITY][number] = digits + check_character(digits)
    return values


def write_table(path, values, places):
    """Persons as a spreadsheet with positions, in the columns that offices have."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["household_no", "lon", "lat", "door", *KINDS])
        for at, (number, (lon, lat)) in enumerate(places.items()):
            rows.writerow([number, lon, lat, at, *(values[kind][number] for kind in KINDS)])


def write_package(folder, values):
    """A survey package: a parcel each, north of the towns, and its holder."""
    folder.mkdir()
    parcels = []
    for at, code in enumerate(values[NAME]):
        west, south = 116.42 + at * 0.0003, 39.6514
        east, north = west + 0.0002, south + 0.00015
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        properties = {"ZDDM": code, "ZL": f"示例路{at + 1}号", "ZDMJ": 286.0}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        parcels.append({"type": "Feature", "properties": properties, "geometry": geometry})
    (folder / "ZD.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": parcels}))
    with open(folder / "QLR.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["ZDDM", "QLRMC", "ZJZL", "ZJH", "DH", "GYFS"])
        for code in values[NAME]:
            rows.writerow([code, values[NAME][code], "1", values[IDENTITY][code], values[TELEPHONE][code], "0"])
