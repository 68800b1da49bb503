"""Takes out of a store what a reader does not see of parcels and buildings.

profiles_alone.py ADDRESS TOKEN STORE
"""

import json
import sqlite3
import sys
import urllib.request


def seen(address, token, collection):
    """Ids of the features that a reader sees, page by page."""
    href = f"http://{address}/collections/{collection}/items?limit=10000&properties="
    while href:
        asked = urllib.request.Request(href, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked) as answer:
            page = json.load(answer)
        yield from (feature["id"] for feature in page["features"])
        href = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)


def main():
    address, token, store = sys.argv[1:]
    db = sqlite3.connect(store)
    db.execute("create temp table seen (id integer primary key)")
    for collection in ("parcels", "buildings"):
        db.execute("delete from seen")
        db.executemany("insert into seen values (?)", ((id,) for id in seen(address, token, collection)))
        gone = db.execute(f"delete from {collection} where fid not in (select id from seen)").rowcount
        kept = db.execute(f"select count(*) from {collection}").fetchone()[0]
        print(f"{collection}: {kept} in the town, {gone} elsewhere")
    db.commit()


if __name__ == "__main__":
    main()
