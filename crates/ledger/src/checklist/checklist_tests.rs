//! What ships, which version is in force, and every fault by its name.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{ChecklistSet, Checklists, DEFAULT_CHECKLISTS, ItemKind};
use crate::indicator::Basis;

fn read(text: &str) -> Result<Checklists, Vec<String>> {
    let set: ChecklistSet = toml::from_str(text).map_err(|error| vec![error.to_string()])?;
    Checklists::new(set).map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

#[test]
fn what_ships_has_the_ten_published_items_and_nothing_under_the_names_nobody_defined() {
    let all = read(DEFAULT_CHECKLISTS).unwrap();
    let ten = all.named("shi_wu", None).unwrap();
    assert_eq!(ten.name, "十无");
    let texts: Vec<&str> = ten.items.iter().map(|item| item.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "无私搭乱建",
            "无开墙打洞",
            "无乱停车",
            "无乱占道",
            "无乱搭架空线",
            "无外立面破损",
            "无违规广告牌匾",
            "无道路破损",
            "无违规经营",
            "无堆物堆料"
        ]
    );
    assert!(ten.items.iter().all(|item| item.kind == ItemKind::No));
    for (code, name) in [("san_you_liu_wu", "三有六无"), ("si_cha_san_lv", "四查三率")] {
        let one = all.named(code, None).unwrap();
        assert_eq!((one.name.as_str(), one.basis, one.items.len()), (name, Basis::Template, 0));
        assert!(one.is_empty_template() && one.source.contains("自拟口径"), "{}", one.source);
        assert_eq!(one.says_basis(), "自拟口径");
    }
}

#[test]
fn the_last_version_is_in_force_and_every_fault_is_named() {
    let one = |version: &str, items: &str| {
        format!(
            "[[checklists]]\ncode = \"a\"\nname = \"甲\"\nversion = \"{version}\"\nbasis = \
             \"local\"\nsource = \"本区\"\n{items}"
        )
    };
    let item = |code: &str| {
        format!("[[checklists.items]]\ncode = \"{code}\"\nkind = \"have\"\ntext = \"有\"\n")
    };
    let both = read(&format!("{}{}", one("1", &item("x")), one("2", &item("y")))).unwrap();
    assert_eq!(both.named("a", None).unwrap().version, "2");
    assert!(both.named("a", Some("1")).unwrap().item("x").is_some());
    assert_eq!(both.named("a", Some("3")), None);
    let twice = format!("{}{}", one("1", &item("x")), one("1", &item("X").repeat(2)));
    let faults = read(&twice).unwrap_err();
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert!(faults[0].contains("\"a\", version: \"1\" stands there twice"), "{faults:?}");
    let empty = read(&one("1", "")).unwrap_err();
    assert!(empty[0].contains("must be \"template\""), "{empty:?}");
    assert!(read(&one("1", "colour = 1")).unwrap_err()[0].contains("colour"));
}
