//! Forms of addresses and names that offices write differently, who is found by what, against a
//! comparison of every pair, and how the work grows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

fn levels(text: &str) -> String {
    let Some(address) = Address::of(text) else { return "-".to_owned() };
    let told = AddressLevel::ALL.into_iter().filter_map(|level| {
        address.level(level).map(|value| format!("{}={value}", level.chinese()))
    });
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn addresses_are_read_by_level_however_they_are_written() {
    for (text, expected) in [
        ("北京市大兴区黄村镇兴丰大街3号", "区=大兴 街乡=黄村 路=兴丰大街 号=3"),
        ("北京大兴区黄村地区 兴丰大街 ３ 号院", "区=大兴 街乡=黄村 路=兴丰大街 号=3"),
        ("大兴区兴丰街道兴丰大街三号", "区=大兴 街乡=兴丰 路=兴丰大街 号=3"),
        ("兴丰大街甲3号", "路=兴丰大街 号=3甲"),
        ("兴丰大街3号甲", "路=兴丰大街 号=3甲"),
        ("兴丰大街003号", "路=兴丰大街 号=3"),
        ("清源西里十二号楼二单元501室", "路=清源西里 楼=12 单元=2 户=501"),
        ("清源小区5-2-301", "小区=清源小区 楼=5 单元=2 户=301"),
        ("清源小区5栋2单元3层301", "小区=清源小区 楼=5 单元=2 户=301"),
        ("清源小区5幢301室", "小区=清源小区 楼=5 户=301"),
        ("兴丰大街3号院5号楼2门501", "路=兴丰大街 号=3 楼=5 单元=2 户=501"),
        ("兴丰大街3号清源小区5号楼", "路=兴丰大街 小区=清源小区 号=3 楼=5"),
        ("大兴区魏善庄镇半壁店村12号", "区=大兴 街乡=魏善庄 社区村=半壁店 号=12"),
        ("魏善庄镇半壁店村村委会东12号", "街乡=魏善庄 社区村=半壁店 小区=村委会东 号=12"),
        ("黄村西大街5号", "路=黄村西大街 号=5"),
        ("东城区东四三条8号", "区=东城 路=东四三条 号=8"),
        ("清源街道兴华园社区2号楼", "街乡=清源 社区村=兴华园 楼=2"),
        ("大兴区西红门镇欣荣北大街45号(集群注册)", "区=大兴 街乡=西红门 路=欣荣北大街 号=45"),
        ("万达广场A座1205", "小区=万达广场 楼=A 户=1205"),
        ("河北省廊坊市固安县迎宾路6号", "区=固安 路=迎宾路 号=6"),
        ("城市花园6号楼", "小区=城市花园 楼=6"),
        ("示例镇甲寅庄12号", "街乡=示例 小区=甲寅庄 号=12"),
        ("示例镇甲子村12号", "街乡=示例 社区村=甲子 号=12"),
        ("丁家胡同乙12号3号楼", "路=丁家胡同 号=12乙 楼=3"),
        ("一百二十号", "号=120"),
        ("", "-"),
        ("   ", "-"),
    ] {
        assert_eq!(levels(text), expected, "{text}");
    }
    assert!(Address::of(&"长".repeat(300)).is_none());
    assert!(!Address::of("大兴区黄村镇").unwrap().is_precise());
    assert!(!Address::of("3号").unwrap().is_precise());
}

proptest! {
    /// Whatever stands in a cell, it is read to its end, and means itself.
    #[test]
    fn any_text_is_read_and_finds_itself(text in "[甲乙三十百0-9A-c区县镇村路里号院楼单元室层京市省() ,-]{0,40}") {
        let _form = NameForm::of(&text);
        let mut matcher = Matcher::default();
        matcher.add(&matters("", "", &text));
        let found = matcher.find(&matters("", "", &text));
        let is_precise = Address::of(&text).is_some_and(|address| address.is_precise());
        let is_found = matches!(found, MatchOutcome::Matched { target: 0, by: By::Address, .. });
        prop_assert_eq!(is_found, is_precise, "{:?}", found);
    }
}

#[test]
fn names_agree_without_brackets_and_legal_forms() {
    let whole = |text: &str| NameForm::of(text).unwrap().whole;
    let core = |text: &str| NameForm::of(text).unwrap().core;
    assert_eq!(whole("北京市（大兴）绿源 商贸有限责任公司"), "北京大兴绿源商贸有限公司");
    assert_eq!(whole("北京大兴绿源商贸有限公司"), "北京大兴绿源商贸有限公司");
    assert_eq!(whole("北京市政路桥公司"), "北京市政路桥公司");
    assert_eq!(core("绿源商贸有限公司"), core("绿源商贸股份有限公司"));
    assert_eq!(core("绿源便民商店(个体工商户)"), "绿源便民商店");
    assert_ne!(core("绿源商贸有限公司黄村分公司"), core("绿源商贸有限公司"));
    assert_eq!(core("公司"), "公司");
    assert!(NameForm::of(" （） ").is_none());
}

fn matters(credit_code: &str, name: &str, address: &str) -> Matters {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Matters {
        credit_code: given(credit_code),
        codes: Vec::new(),
        name: given(name),
        address: given(address),
    }
}

const CODE: &str = "91350100M000100Y43";

fn town() -> Matcher {
    let mut matcher = Matcher::new([("黄村镇".to_owned(), vec!["大庄乡".to_owned()])]);
    for (code, name, address) in [
        (CODE, "绿源商贸有限公司", "大兴区黄村镇兴丰大街3号"),
        ("", "便民菜店", "大兴区黄村镇兴丰大街5号"),
        ("", "便民菜店", "大兴区黄村镇兴丰大街7号"),
        ("", "", "大兴区西红门镇团结路8号"),
        ("", "", "大兴区黄村镇团结路8号"),
        ("", "", "清源小区5号楼2单元301室"),
        ("", "", "清源小区5号楼2单元302室"),
        ("", "宏达建材", "大兴区黄村镇兴丰大街9号"),
    ] {
        matcher.add(&matters(code, name, address));
    }
    matcher
}

#[test]
fn a_row_is_found_by_what_it_has_and_never_by_chance() {
    let matcher = town();
    let told = |row: &Matters| match matcher.find(row) {
        MatchOutcome::Matched { target, by, reasons } => {
            format!("{target} {}：{}", by.chinese(), reasons.join("；"))
        }
        MatchOutcome::Ambiguous { by, candidates, reasons } => {
            format!("{:?} {}：{}", candidates.targets, by.chinese(), reasons.join("；"))
        }
        MatchOutcome::Unmatched { reasons } => format!("- {}", reasons.join("；")),
    };
    for (code, name, address, expected) in [
        ("91350100ｍ000100y43", "", "", "0 代码：统一社会信用代码一致"),
        (CODE, "红星公司", "兴丰大街4号", "0 代码：统一社会信用代码一致，名称不一致，地址不一致"),
        (
            "91350100M000100Y44",
            "绿源商贸有限责任公司",
            "",
            "0 名称：名称一致；统一社会信用代码不合校验，未使用",
        ),
        ("", "便民菜店", "兴丰大街5号", "1 地址和名称：地址在路、号上一致；名称一致"),
        ("", "便民菜店", "", "[1, 2] 名称：名称一致"),
        ("", "", "团结路8号", "[3, 4] 地址：地址在路、号上一致"),
        ("", "", "黄村地区团结路八号", "4 地址：地址在街乡、路、号上一致"),
        ("", "", "大庄乡团结路8号", "4 地址：地址在街乡、路、号上一致"),
        ("", "", "亦庄镇团结路8号", "- 没有同一地址的对象；没有名称"),
        ("", "", "清源小区5栋2单元301", "5 地址：地址在小区、楼、单元、户上一致"),
        ("", "", "清源小区5号楼", "[5, 6] 地址：地址在小区、楼上一致，目标另含单元、户"),
        ("", "", "兴丰大街9号2号楼", "7 地址：地址在路、号上一致，目标不含楼"),
        (
            "",
            "红星理发店",
            "兴丰大街9号",
            "- 同一地址另有不同名称的对象；没有同一地址的对象；没有同名的对象",
        ),
        (
            "",
            "便民菜店",
            "兴丰大街8号",
            "- 另有同名对象在不同地址；没有同一地址的对象；没有同名的对象",
        ),
        ("", "绿源商贸公司", "兴丰大街8号", "0 名称：字号一致，组织形式不同，地址不一致"),
        (
            "",
            "绿源商贸公司",
            "团结路8号",
            "[0, 3, 4] 地址：地址在路、号上一致；地址与名称指向不同对象",
        ),
        ("", "", "黄村镇", "- 地址没有门牌号或楼号；没有名称"),
        ("", "", "", "- 没有可读的地址；没有名称"),
        // Another subject at the same place under the same name.
        (
            "91110115MA00000001",
            "",
            "",
            "- 统一社会信用代码不合校验，未使用；没有可读的地址；没有名称",
        ),
    ] {
        assert_eq!(told(&matters(code, name, address)), expected, "{code} {name} {address}");
    }
    // Without a place, the code of another collection finds by itself.
    let mut parcels = Matcher::default();
    for code in ["110115001002JC00011", "110115001002JC00012", "110115001002JC00012"] {
        parcels.add(&Matters { codes: vec![code.to_owned()], ..Matters::default() });
    }
    let row = |code: &str| Matters { codes: vec![code.to_owned()], ..Matters::default() };
    assert!(matches!(
        parcels.find(&row("110115001002jc0001１")),
        MatchOutcome::Matched { target: 0, by: By::Code, .. }
    ));
    assert!(matches!(
        parcels.find(&row("110115001002JC00012")),
        MatchOutcome::Ambiguous { by: By::Code, .. }
    ));
    assert_eq!((parcels.len(), parcels.is_empty()), (3, false));
}

#[test]
fn a_differing_credit_code_is_another_subject() {
    let mut matcher = Matcher::default();
    matcher.add(&matters(CODE, "绿源商贸有限公司", "兴丰大街3号"));
    let other = other_code();
    let found = matcher.find(&matters(&other, "绿源商贸有限公司", "兴丰大街3号"));
    assert!(matches!(found, MatchOutcome::Unmatched { .. }), "{found:?}");
}

/// A valid credit code that is another than [`CODE`].
fn other_code() -> String {
    let last = "0123456789ABCDEFGHJKLMNPQRTUWXY".chars();
    let mut codes = last.map(|last| format!("91350100M000101Y4{last}"));
    codes.find(|code| crate::CreditCode::try_from(code.as_str()).is_ok()).unwrap()
}

/// Every pair of a row and a target whose texts mean one place, by a slow and plain rule.
#[test]
fn addresses_find_what_every_pair_finds() {
    let roads = ["兴丰大街", "团结路", "清源胡同"];
    let towns = ["", "黄村镇", "西红门镇"];
    let targets: Vec<(usize, usize, usize)> =
        (0..90).map(|n| (n % 3, n / 3 % 3, 1 + n / 9)).collect();
    let mut matcher = Matcher::default();
    for (road, town, number) in &targets {
        matcher.add(&matters("", "", &format!("{}{}{number}号", towns[*town], roads[*road])));
    }
    for (road, road_name) in roads.iter().enumerate() {
        for (town, town_name) in towns.iter().enumerate() {
            for number in 1..=11 {
                let fits = |one: &&(usize, usize, usize)| {
                    (one.0, one.2) == (road, number) && (one.1 == town || one.1 == 0 || town == 0)
                };
                // The one that agrees on most levels; several that agree alike are not parted.
                let agreeing = |one: &(usize, usize, usize)| usize::from(one.1 == town && town > 0);
                let fitting: Vec<_> = targets.iter().filter(fits).collect();
                let most = fitting.iter().map(|one| agreeing(one)).max();
                let best = fitting.iter().filter(|one| Some(agreeing(one)) == most).count();
                let text = format!("{town_name}{road_name}{number}号院");
                let found = matcher.find(&matters("", "", &text));
                let count = match &found {
                    MatchOutcome::Matched { target, .. } => {
                        assert!(fits(&&targets[*target]), "{text}");
                        1
                    }
                    MatchOutcome::Ambiguous { candidates, .. } => candidates.count,
                    MatchOutcome::Unmatched { .. } => 0,
                };
                assert_eq!(count, best, "{text}: {found:?}");
            }
        }
    }
}

#[test]
fn thousands_at_one_key_are_bounded_and_told_as_ambiguous() {
    let mut matcher = Matcher::default();
    for _ in 0..5_000 {
        matcher.add(&matters("", "便民超市", "兴丰大街3号"));
    }
    for _ in 0..200 {
        let found = matcher.find(&matters("", "便民超市", "兴丰大街3号"));
        let MatchOutcome::Ambiguous { candidates, .. } = found else { panic!("{found:?}") };
        assert_eq!((candidates.targets.len(), candidates.count), (10, 256));
    }
    // A market under one roof: the address finds too many, the name tells them apart.
    let mut market = Matcher::default();
    for stall in 0..1_000 {
        market.add(&matters("", &format!("摊位{stall}"), "兴丰大街3号"));
    }
    let found = market.find(&matters("", "摊位777", "兴丰大街三号院"));
    assert!(
        matches!(found, MatchOutcome::Matched { target: 777, by: By::AddressAndName, .. }),
        "{found:?}"
    );
    let found = market.find(&matters("", "摊位777", "兴丰大街4号"));
    assert!(matches!(found, MatchOutcome::Unmatched { .. }), "{found:?}");
}

/// Twenty thousand rows against a hundred thousand targets. Run in release for a figure.
#[test]
#[ignore = "a measurement"]
fn a_large_sheet_is_matched_in_seconds() {
    let address = |n: usize| format!("大兴区黄村镇{}路{}号院{}号楼", n % 977, n / 977, n % 7);
    let mut matcher = Matcher::default();
    for n in 0..100_000 {
        matcher.add(&matters("", &format!("绿源{n}商贸有限公司"), &address(n)));
    }
    let found = (0..20_000).filter(|n| {
        let row = matters("", &format!("绿源{}商贸公司", n * 5), &address(n * 5));
        matches!(matcher.find(&row), MatchOutcome::Matched { .. })
    });
    assert_eq!(found.count(), 20_000);
}
