//! The shipped rules, faults of others, and reasons word by word.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::point::Roles;

fn shipped() -> RuleSet {
    toml::from_str(DEFAULT_RULES).unwrap()
}

#[test]
fn the_shipped_rules_hold_together_and_cover_every_kind() {
    let rules = Rules::new(shipped(), &Roles::default()).unwrap();
    let kinds: Vec<&str> = rules.all().iter().map(|rule| rule.kind.name()).collect();
    let codes: Vec<&str> = rules.all().iter().map(|rule| rule.code.as_str()).collect();
    assert_eq!(kinds, codes);
    assert_eq!(kinds.len(), 17);
    assert_eq!(rules.named("rebound").unwrap().name, "疑似反弹");
    assert!(rules.named("verdict").is_none());
    // What is written is read again.
    let text = toml::to_string(&shipped()).unwrap();
    assert_eq!(toml::from_str::<RuleSet>(&text).unwrap(), shipped());
}

#[test]
fn every_fault_of_a_rule_is_listed_with_a_way_out() {
    for (from, to, expected) in [
        ("metres = 15", "metres = -1", "\"rebound\", metres: \"-1\" is not usable; give 0 to 5000"),
        ("metres = 15", "metres = nan", "\"NaN\" is not usable"),
        ("least_m2 = 1\n", "least_m2 = 1e9\n", "give 0 to 1000000"),
        ("most_m2 = 50", "most_m2 = 0.01", "\"parcel_gap\", most_m2"),
        ("\"疑似超占\"", "\"超占\"", "must begin with 疑似"),
        ("code = \"no_file\"", "code = \"rebound\"", "stands there twice"),
        ("code = \"no_file\"", "code = \"No\"", "small letters"),
        ("least_share = 0.5", "least_share = 50", "give 0 to 1"),
        ("least = 3", "least = 1", "give 2 or more"),
        ("days = 90", "days = 99999", "give 0 to 7305"),
        ("earlier = \"buildings_last\"", "earlier = \"a b\"", "collection: \"a b\" is unusable"),
        ("idle_uses = [\"闲置\"]", "idle_uses = []", "1 to 100 are possible"),
        (
            "readers = [\"town\",",
            "readers = [\"mayor\",",
            "\"mayor\" is no role of the ledger; use",
        ),
        ("opened = \"opened\"", "opened = \"closed\"", "one field twice"),
    ] {
        assert!(DEFAULT_RULES.contains(from), "{from}");
        let set = toml::from_str(&DEFAULT_RULES.replacen(from, to, 1)).unwrap();
        let faults = Rules::new(set, &Roles::default()).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|fault| fault.contains(expected)), "{to}: {told:?}");
    }
    for (from, to) in [("[rules.kind.rebound]", "[rules.kind.guilt]"), ("metres = 15", "feet = 5")]
    {
        toml::from_str::<RuleSet>(&DEFAULT_RULES.replacen(from, to, 1)).unwrap_err();
    }
}

#[test]
fn reasons_are_made_of_their_inputs_and_only_suspect() {
    let text = |text: &str| text.to_owned();
    let day = |text: &str| text.parse::<Day>().unwrap();
    let rebound = |task: Option<&str>, by_accuracy| Finding::Rebound {
        reported: text("b"),
        closed: text("a"),
        task: task.map(str::to_owned),
        distance_m: 7.126,
        within_m: 15.0,
        by_accuracy,
        days_since_closed: 12,
    };
    let cases = [
        (
            rebound(Some("CW"), false),
            "疑似反弹：点位 b 距已销账点位 a 7.13 米（规则距离 15 米内），销账后 12 天出现，同属任务 CW",
        ),
        (
            rebound(None, true),
            "疑似反弹：点位 b 距已销账点位 a 7.13 米（定位精度 15 米内），销账后 12 天出现，上报尚未定任务",
        ),
        (
            Finding::OverParcel {
                building: text("F1"),
                parcel: text("Z1"),
                outside_m2: 12.345,
                building_m2: 100.0,
                least_m2: 1.0,
            },
            "疑似超占：建筑 F1 占地 100 平方米，其中 12.35 平方米在宗地 Z1 之外，超过 1 平方米",
        ),
        (
            Finding::NoFile { building: text("F1"), parcel: None, building_m2: 80.0 },
            "疑似无档建筑：建筑 F1（占地 80 平方米）不在任何宗地内",
        ),
        (
            Finding::Unreplaced {
                outlet: text("菜店"),
                functions: vec![text("蔬菜零售"), text("早餐")],
                closed: day("2026-12-01"),
                is_to_come: true,
                within_m: 500.0,
            },
            "疑似先拆未补：网点 菜店 拟于 2026-12-01 关停，500 米内没有此前已开业的蔬菜零售、早餐网点",
        ),
        (
            Finding::IdleLand {
                land: text("T1"),
                released: day("2026-01-01"),
                days: 200,
                allowed_days: 180,
                area_m2: 1000.0,
                green_m2: 100.0,
                least_share: 0.5,
                actual_use: None,
            },
            "疑似腾退土地闲置：地块 T1 于 2026-01-01 腾退，已 200 天（超过 180 天），登记用途为空，\
             1000 平方米中绿地 100 平方米，不足 50%",
        ),
        (
            Finding::Neighbour {
                parcel: text("Z1"),
                toward: Toward::of([3.0, -2.0]),
                neighbour: Some(text("Z2")),
                shared_m: 12.0,
            },
            "疑似四至：宗地 Z1 东邻宗地 Z2，共界 12 米",
        ),
        (
            Finding::SeveralHomesteads {
                household: text("H1"),
                parcels: vec![text("Z1"), text("Z2")],
            },
            "疑似一户多宅：户 H1 在份额表中有 2 处宗地：Z1、Z2",
        ),
    ];
    for (finding, expected) in cases {
        assert_eq!(finding.to_string(), expected);
        assert!(!finding.measures().is_empty());
    }
    let measures = rebound(Some("CW"), false).measures();
    assert_eq!(measures[0], ("distance_m", Measured::Number(7.13)));
}

#[test]
fn days_and_moments_are_those_of_shanghai() {
    assert_eq!(day_of("2026-11-22T16:00:00.000Z").unwrap().to_string(), "2026-11-23");
    assert_eq!(day_of("2026-11-22").unwrap().days_since("2026-11-20".parse().unwrap()), 2);
    assert_eq!(day_of("yesterday"), None);
    assert_eq!(read_moment("2026-11-23"), read_moment("2026-11-22T16:00:00.000Z"));
    assert_eq!(read_moment("?"), None);
}
