"""Looks for personal values in bytes: those that are known, and any that a number or telephone can be.

A known value is looked for as text in the encodings that files and URLs have, and as the numbers that
vector tiles and FlatGeobuf keep. What is packed is unpacked first: gzip, ZIP (workbooks, packs), PDF, SQLite.
"""

import gzip
import io
import re
import sqlite3
import struct
import subprocess
import tempfile
import zipfile
from collections import defaultdict
from urllib.parse import quote

import ahocorasick

from persons import IDENTITY, KINDS, SAID, TELEPHONE, is_identity

# Fewer bytes would stand in too many bodies to tell them apart.
SHORTEST_ANCHOR = 3
# No value is shorter in any encoding.
SHORTEST_CELL = 8
# Letters beside it make a digit run part of an identifier, a full stop part of a coordinate.
NUMBER = re.compile(rb"(?<![0-9A-Za-z.])(?:1[3-9][0-9]{9}|[0-9]{17}[0-9Xx])(?![0-9A-Za-z])")
GZIP = b"\x1f\x8b\x08"
IMAGES = (b"\x89PNG", b"\xff\xd8\xff")


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def texts_of(value):
    """How a text may stand in a file or URL."""
    plain = value.encode()
    forms = {"UTF-8": plain, "UTF-16": value.encode("utf-16-be")}
    if not value.isascii():
        forms |= {"GB18030": value.encode("gb18030"), "URL": quote(value).encode()}
        forms |= {"JSON": "".join(f"\\u{ord(c):04x}" for c in value).encode()}
    return forms


def numbers_of(value):
    """How a number may stand in a vector tile (whole value messages) or in a FlatGeobuf."""
    if not value.isdigit():
        return {}
    number = int(value)
    messages = {"uint": b"\x28" + varint(number), "int": b"\x20" + varint(number)}
    messages["sint"] = b"\x30" + varint(number << 1)
    forms = {name: b"\x22" + bytes([len(one)]) + one for name, one in messages.items()}
    return forms | {"i64": struct.pack("<q", number), "f64": struct.pack("<d", float(number))}


def common_part(patterns):
    """The longest run of bytes that all patterns have; what lacks it lacks them all."""
    shortest = min(patterns, key=len)
    spans = [
        shortest[start:end]
        for start in range(len(shortest))
        for end in range(start + SHORTEST_ANCHOR, len(shortest) + 1)
    ]
    for span in sorted(spans, key=len, reverse=True):
        if all(span in pattern for pattern in patterns):
            return span
    return b""


class Scanner:
    """What is looked for, and what ordinary numbers look alike."""

    def __init__(self, groups, ordinary):
        """`groups` are values by kind, each of one series; `ordinary` are digit runs of the data that are nobody's."""
        self.kinds = {value: kind for group in groups for kind in KINDS for value in group[kind]}
        # As SQLite keeps them; a float holds 16 digits.
        numbers = {value: kind for value, kind in self.kinds.items() if value.isdigit()}
        self.numbers = {of(value): kind for value, kind in numbers.items() for of in (int, float)}
        self.ordinary = ordinary
        self.anchors = set()
        self.automaton = ahocorasick.Automaton()
        self.patterns = 0
        for group in groups:
            for kind in KINDS:
                self.add_series(kind, group[kind])
        self.automaton.make_automaton()

    def add_series(self, kind, values):
        by_form = defaultdict(list)
        for value in values:
            for form, pattern in (texts_of(value) | numbers_of(value)).items():
                by_form[form].append(pattern)
                self.automaton.add_word(pattern.decode("latin-1"), kind)
                self.patterns += 1
        for form, patterns in by_form.items():
            anchor = common_part(patterns)
            # Without one every body would be searched whole.
            assert anchor, f"{SAID[kind]} as {form} have nothing in common"
            self.anchors.add(anchor)

    def known(self, body):
        """Kinds of the known values that stand in the bytes."""
        if not any(anchor in body for anchor in self.anchors):
            return set()
        return {kind for _, kind in self.automaton.iter(body.decode("latin-1"))}

    def unknown(self, body):
        """Kinds of the numbers that could be somebody's."""
        found = set()
        for match in NUMBER.findall(body):
            if len(match) == 11:
                found |= {TELEPHONE} if match not in self.ordinary else set()
            elif is_identity(match.decode()):
                found.add(IDENTITY)
        return found

    def plain(self, body):
        return self.known(body) | self.unknown(body)

    def find(self, body):
        """Kinds of personal values in a body, packed or not."""
        if body.startswith(IMAGES):
            return self.known(body)
        if body.startswith(GZIP):
            return self.find(gzip.decompress(body))
        if body.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                found = (self.find(archive.read(name)) for name in archive.namelist())
                return set().union(*found)
        if body.startswith(b"%PDF"):
            return self.plain(body) | self.plain(text_of_pdf(body))
        if body.startswith(b"SQLite format 3"):
            return self.known(body) | self.find_in_database(body, self.plain)
        return self.plain(body)

    def find_in_database(self, body, look):
        """What `look` finds in the cells of every table, and known numbers; blobs may be tiles of an MBTiles."""
        found = set()
        with tempfile.NamedTemporaryFile(suffix=".db") as file:
            file.write(body)
            file.flush()
            db = sqlite3.connect(f"file:{file.name}?immutable=1", uri=True)
            db.text_factory = bytes
            tables = db.execute("select name from sqlite_schema where type = 'table' and sql not like '%virtual%'")
            for (table,) in tables.fetchall():
                for row in db.execute(f'select * from "{table.decode()}"'):
                    for cell in row:
                        if isinstance(cell, bytes) and len(cell) >= SHORTEST_CELL:
                            found |= look(gzip.decompress(cell) if cell.startswith(GZIP) else cell)
                        elif not isinstance(cell, bytes) and cell in self.numbers:
                            found.add(self.numbers[cell])
        return found


def text_of_pdf(body):
    told = subprocess.run(["pdftotext", "-enc", "UTF-8", "-", "-"], input=body, capture_output=True, check=True)
    return told.stdout
