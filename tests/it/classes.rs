//! A field above class L1 of a collection that is there for all who work: nobody below `enforce` reads it or
//! asks by it, no refusal tells it, and no tile or file shows it to anybody.

use serde_json::json;

use crate::areas::{shown, tells};
use crate::areas_town::Areas;
use crate::running::run;

/// The address of a parcel, in a field of class L2.
const VALUE: &str = "甲街3号";

#[test]
fn a_field_of_class_l2_is_there_for_those_who_enforce_alone() {
    let store = Areas::new();
    let place = store.town.folder.path();
    let set = ["collection", "set", "s.gpkg", "parcels", "--class", "ZL=L2"];
    assert_eq!(run(place, &set).code, 0);
    let store = store.anew();
    let parcels = "/collections/parcels";
    for target in [
        format!("{parcels}/items"),
        format!("{parcels}/items?f=csv&limit=1000"),
        format!("{parcels}/items?f=html"),
        format!("{parcels}/items?f=jsonfg"),
        format!("{parcels}/all.fgb"),
    ] {
        for (token, may) in [(&store.first, false), (&store.first_enforcing, true)] {
            let answer = store.get(token, &target);
            assert_eq!(answer.status, 200, "{target}: {}", shown(&answer));
            assert_eq!(tells(&answer, VALUE), may, "{target}: {}", shown(&answer));
        }
    }
    for target in ["/xyz/parcels/14/13485/6218.mvt", "/xyz/parcels/16/53941/24875.mvt"] {
        for token in [&store.first, &store.first_enforcing, &store.whole] {
            let tile = store.get(token, target);
            assert!(tile.status == 200 && !tells(&tile, "ZL"), "{target}: {}", tile.status);
            let asked = store.get(token, &format!("{target}?filter=ZL%3D%27a%27"));
            assert_eq!(asked.status, 403, "{target}: {}", shown(&asked));
        }
    }
    let question = json!({ "return": "features", "filter": format!("ZL = '{VALUE}'") }).to_string();
    let answer = store.ask(&store.first, "POST", &format!("{parcels}/search"), &question);
    assert_eq!(answer.status, 403, "{}", shown(&answer));
    let answer = store.ask(&store.first_enforcing, "POST", &format!("{parcels}/search"), &question);
    assert!(answer.status == 200 && tells(&answer, VALUE), "{}", shown(&answer));
    for more in ["filter=ZL%3D%27a%27", "sortby=ZL", "properties=ZL", "ZL=a"] {
        let answer = store.get(&store.first, &format!("{parcels}/items?{more}"));
        assert_eq!(answer.status, 403, "{more}: {}", shown(&answer));
    }
    let found = store.get(&store.first, &format!("{parcels}/items?q=%E7%94%B2%E8%A1%97"));
    assert_eq!(found.json()["numberMatched"], 0, "{}", shown(&found));
    for name in ["schema", "queryables", "sortables"] {
        let answer = store.get(&store.first, &format!("{parcels}/{name}"));
        assert!(!tells(&answer, "\"ZL\""), "{name}: {}", shown(&answer));
    }
    let place = store.town.folder.path();
    for out in ["out.csv", "out.geojson"] {
        let done = run(place, &["export", "s.gpkg", out, "--collection", "parcels"]);
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(done.err.contains("left out: field \"ZL\""), "{}", done.err);
        let text = std::fs::read_to_string(place.join(out)).unwrap();
        assert!(!text.contains("街3号"), "{out}");
    }
}

#[test]
fn a_column_that_may_not_be_read_is_not_told_of_when_what_it_names_goes() {
    let store = Areas::new();
    let item = "/collections/notices/items/1";
    let refused = store.ask(&store.whole, "DELETE", item, "");
    assert_eq!(refused.status, 422, "{}", shown(&refused));
    assert!(tells(&refused, "is named by comments/1 (notice)"), "{}", shown(&refused));
    let place = store.town.folder.path();
    let set = ["collection", "set", "s.gpkg", "comments", "--class", "notice=L4"];
    assert_eq!(run(place, &set).code, 0);
    let store = store.anew();
    let gone = store.ask(&store.whole, "DELETE", item, "");
    assert_eq!(gone.status, 204, "{}", shown(&gone));
}
