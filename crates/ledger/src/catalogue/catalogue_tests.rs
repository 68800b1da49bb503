//! The shipped example, what editions say on days and in areas, and faults.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn shipped() -> CatalogueSet {
    toml::from_str(DEFAULT_CATALOGUE).unwrap()
}

#[test]
fn the_shipped_example_holds_together_and_calls_itself_a_template() {
    let set = shipped();
    for edition in &set.editions {
        assert_eq!(edition.basis, Basis::Template);
        assert!(edition.source.starts_with("自拟口径"), "{}", edition.source);
    }
    Catalogue::new(set).unwrap();
}

#[test]
fn codes_of_industries_are_read_with_and_without_their_section() {
    let code = |text: &str| Industry::of(text);
    assert_eq!(code("C2631"), code("２６３１"));
    assert!(code("C").unwrap().holds(&code("1310").unwrap()));
    assert!(code("C").unwrap().holds(&code("C43").unwrap()));
    assert!(!code("C").unwrap().holds(&code("4410").unwrap()));
    assert!(code("26").unwrap().holds(&code("C2631").unwrap()));
    assert!(!code("C2631").unwrap().holds(&code("26").unwrap()));
    assert!(code("A").unwrap().holds(&code("0111").unwrap()));
    for odd in ["", "26310", "D2631", "化工", "2", "99", "00", "U", "C2"] {
        assert_eq!(code(odd), None, "{odd}");
    }
}

const EDITIONS: &str = r#"
[[editions]]
edition = "2"
valid_from = "2022-03-01"
basis = "template"
source = "自拟口径"
areas = [{ name = "核心区", units = ["110101", "110102"] }]
entries = [
    { industry = "F51", name = "批发业", verdict = "prohibited", areas = ["核心区"] },
    { industry = "F51", name = "批发业", verdict = "restricted" },
    { industry = "5121", name = "米面批发", verdict = "restricted", conditions = "保障供应的除外" },
]
[[editions]]
edition = "1"
valid_from = "2018-09-26"
basis = "template"
source = "自拟口径"
entries = [{ industry = "C", name = "制造业", verdict = "prohibited" }]
"#;

#[test]
fn the_edition_of_the_day_says_what_holds_in_the_area() {
    let catalogue = Catalogue::new(toml::from_str(EDITIONS).unwrap()).unwrap();
    let says = |code: &str, unit: Option<&str>, day: &str| {
        let said = catalogue.says(&Industry::of(code).unwrap(), unit, day.parse().unwrap());
        said.map(|said| (said.edition.edition.as_str(), said.entry.verdict))
    };
    use Verdict::{Prohibited, Restricted};
    assert_eq!(says("C2631", None, "2018-09-25"), None);
    assert_eq!(says("C2631", None, "2018-09-26"), Some(("1", Prohibited)));
    assert_eq!(says("C2631", None, "2022-03-01"), None);
    assert_eq!(says("F5199", Some("110115"), "2024-01-01"), Some(("2", Restricted)));
    assert_eq!(says("F5199", Some("110101003"), "2024-01-01"), Some(("2", Prohibited)));
    assert_eq!(says("5121", Some("110101"), "2024-01-01"), Some(("2", Restricted)));
    assert_eq!(says("F51", None, "2024-01-01"), Some(("2", Restricted)));
    let day = "2024-01-01".parse().unwrap();
    assert_eq!(catalogue.edition_on(day).unwrap().edition, "2");
}

#[test]
fn every_fault_is_listed_with_a_way_out() {
    for (from, to, expected) in [
        ("\"2022-03-01\"", "\"2018-09-26\"", "another edition, too"),
        ("\"2022-03-01\"", "\"spring\"", "no day such as"),
        ("\"110101\", ", "\"1101\", ", "6 to 15 digits"),
        ("areas = [\"核心区\"]", "areas = [\"郊区\"]", "no area of this edition"),
        ("\"5121\"", "\"X1\"", "no code of GB/T 4754"),
        ("\"米面批发\"", "\"\"", "must be a line"),
    ] {
        let set = toml::from_str(&EDITIONS.replacen(from, to, 1)).unwrap();
        let faults = Catalogue::new(set).unwrap_err();
        assert!(faults.iter().any(|fault| fault.to_string().contains(expected)), "{faults:?}");
    }
    toml::from_str::<CatalogueSet>(&EDITIONS.replacen("prohibited", "forbidden", 1)).unwrap_err();
}
