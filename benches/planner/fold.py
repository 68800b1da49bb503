"""States of points folded from the rows of their events, without Tuban.

fold.py STORE OUT      writes OUT/versions.csv: fid, state, from when and until when it was recorded so
"""

import csv
import sys
from pathlib import Path

from geopackage import Store

AFTER = {
    "report": "reported", "reject": "rejected", "register": "registered", "dispatch": "dispatched",
    "return": "returned", "accept": "in_progress", "suspend": "suspended", "resume": "in_progress",
    "submit": "submitted", "town_verify": "verified_town", "district_close": "closed",
    "fail": "in_progress", "withdraw": "in_progress", "rebound": "rebounded", "transfer": "transferred",
    "void": "void",
}
SPOT_CHECKS = {"never_cleared": "in_progress", "reappeared": "rebounded"}
OPEN = (
    "reported", "registered", "dispatched", "returned", "in_progress", "suspended", "submitted",
    "verified_town", "rebounded",
)


def versions(store):
    """Point, state, recorded from and until: one row for each time that something was recorded."""
    fids = dict(store.rows("select id, fid from points"))
    rows = store.db.execute("select point, recorded_at, kind, finding from point_events order by point, seq")
    now = None  # of the point at hand: fid, state, since
    for point, recorded, kind, finding in rows:
        fid = fids[point]
        state = AFTER.get(kind) or SPOT_CHECKS.get(finding)
        if now is None or now[0] != fid:
            if now:
                yield (*now, None)
            now = (fid, state, recorded)
        elif state is not None and state != now[1]:
            if recorded != now[2]:
                yield (*now, recorded)
            now = (fid, state, recorded)
    if now:
        yield (*now, None)


def states(store, at=None):
    """The state of each point by its fid, now or as it was recorded at a moment."""
    return {
        fid: state
        for fid, state, since, until in versions(store)
        if (at is None and until is None) or (at is not None and since <= at and (until is None or at < until))
    }


if __name__ == "__main__":
    with open(Path(sys.argv[2]) / "versions.csv", "w", newline="") as file:
        csv.writer(file).writerows(versions(Store(sys.argv[1])))
