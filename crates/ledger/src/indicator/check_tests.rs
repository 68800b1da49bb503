//! Which definitions are refused, and what the shipped ones say.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::histories_tests::shipped;
use super::{Basis, DEFAULT_DEFINITIONS, DefinitionSet, Definitions};

fn read(text: &str) -> DefinitionSet {
    toml::from_str(text).unwrap()
}

/// One indicator whose formula and other keys are given.
fn one(formula: &str, changed: &str) -> String {
    let mut lines: Vec<String> = [
        "code = \"a\"",
        "name = \"甲\"",
        "extent = \"stock\"",
        "unit_of_measure = \"处\"",
        "better = \"more\"",
        "basis = \"local\"",
        "source = \"a document\"",
    ]
    .map(str::to_owned)
    .to_vec();
    let key = changed.split(" =").next().unwrap();
    lines.retain(|line| changed.is_empty() || !line.starts_with(&format!("{key} =")));
    lines.push(changed.to_owned());
    lines.push(format!("formula = {formula}"));
    format!("edition = \"1\"\n[[indicators]]\n{}\n", lines.join("\n"))
}

const POINTS: &str = "{ sum = { terms = [{ measure = \"points\" }] } }";

fn check_fault(text: &str, expected: &str) {
    let faults = Definitions::new(read(text)).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|fault| fault.contains(expected)), "{expected}: {told:?}");
}

#[test]
fn a_fault_names_the_indicator_the_key_and_the_value() {
    assert_eq!(Definitions::new(read(&one(POINTS, ""))).unwrap().edition(), "1");
    for (changed, expected) in [
        ("code = \"A b\"", "indicator \"A b\", code: \"A b\" must be small letters"),
        ("code = \"revision\"", "code: \"revision\" has another meaning"),
        ("name = \" \"", "indicator \"a\", name: \" \" must be"),
        ("source = \"\"", "source: \"\" must be"),
        ("unit_of_measure = \"公倾\"", "unit_of_measure: \"公倾\" needs a factor"),
        ("decimals = 7", "decimals: \"7\" is too many; give 0 to 6"),
        ("extent = \"flow\"", "extent: \"flow\" does not fit"),
        ("population = { tasks = [\"\"] }", "population.tasks: \"\" must be"),
    ] {
        check_fault(&one(POINTS, changed), expected);
    }
    let factor = one(POINTS, "unit_of_measure = \"公倾\"\nfactor = \"10000\"");
    assert_eq!(Definitions::new(read(&factor)).unwrap().all().len(), 1);
}

#[test]
fn formulas_that_mean_nothing_are_refused() {
    let sum = |term: &str| format!("{{ sum = {{ terms = [{term}] }} }}");
    let rate = |above: &str, below: &str| {
        format!("{{ rate = {{ numerator = [{above}], denominator = [{below}] }} }}")
    };
    let points = "{ measure = \"points\" }";
    let target = "{ measure = \"target\" }";
    for (formula, expected) in [
        (sum(""), "formula.sum.terms: \"0\" of them; 1 to 100"),
        (sum("{ measure = \"points\", times = 0 }"), "\"0\" times; give 1 to 1000"),
        (sum("{ measure = \"points\", where = [{ rebounds_in_window = 0 }] }"), "holds always"),
        (sum("{ measure = \"points\", where = [{ in_states = [] }] }"), "holds never"),
        (sum("{ measure = \"points\", where = [\"closed_in_window\"] }"), "\"stock\" does not fit"),
        (sum("{ measure = \"done_count\" }"), "\"stock\" does not fit"),
        (sum("{ measure = { outside = \"x\" }, where = [\"open\"] }"), "\"x\" is a sum that no"),
        (sum(target), "\"target\" can only stand alone in the denominator"),
        (rate(target, points), "\"target\" can only stand alone"),
        (rate(points, &format!("{points}, {target}")), "\"target\" can only stand alone"),
        (rate(points, ""), "formula.rate.denominator: \"0\" of them"),
        ("{ score = { years = [] } }".to_owned(), "formula.score.years: \"0\" of them"),
        (
            "{ score = { years = [{ year = 2026, weights = [{ indicator = \"b\", weight = 1 }] }] } }"
                .to_owned(),
            "indicator: \"b\" is no rate of this edition",
        ),
        (
            "{ score = { years = [{ year = 2026, weights = [{ indicator = \"b\", weight = 0 }] }] } }"
                .to_owned(),
            "weight: \"0\" is no weight",
        ),
    ] {
        check_fault(&one(&formula, ""), expected);
    }
    let twice = one(POINTS, "");
    let second = twice.split_once("[[").unwrap().1;
    check_fault(&format!("{twice}[[{second}"), "code: \"a\" stands there twice");
    check_fault("edition = \"\"\nindicators = []\n", "edition: \"\" must be");
    check_fault("edition = \"1\"\nindicators = []\n", "indicators: \"0\" of them; 1 to 200");
}

#[test]
fn unknown_words_of_the_vocabulary_are_named() {
    for (formula, expected) in [
        ("{ sum = { terms = [{ measure = \"area\" }] } }", "unknown variant `area`"),
        ("{ total = { terms = [] } }", "unknown variant `total`"),
        ("{ sum = { terms = [{ measure = \"points\", wher = [] }] } }", "unknown field `wher`"),
        (
            "{ sum = { terms = [{ measure = \"points\", where = [{ in_states = [\"done\"] }] }] } }",
            "\"done\" is no state; there are reported, rejected",
        ),
    ] {
        let error = toml::from_str::<DefinitionSet>(&one(formula, "")).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn the_shipped_indicators_say_what_they_are_and_read_back() {
    let set = read(DEFAULT_DEFINITIONS);
    assert_eq!(read(&toml::to_string(&set).unwrap()), set);
    let shipped = shipped();
    for definition in shipped.all() {
        assert_eq!(definition.basis, Basis::Template, "{}", definition.code);
        assert!(definition.source.starts_with("自拟"), "{}", definition.code);
    }
    for (code, words) in [
        ("closing_rate", "销账率 = 点位数（已销账） ÷ 点位数，本年及上年结转点位"),
        (
            "in_time_rate",
            "按期率 = 点位数（按期销账） ÷ （点位数（已销账） + 点位数（超期未销账））\
             ，本年及上年结转点位",
        ),
        (
            "repeated_rebound_rate",
            "复反弹率 = 点位数（期内反弹 2 次及以上） ÷ 点位数（期末前曾销账）",
        ),
        ("completion_area", "完成率（建筑面积） = 期内完成建筑面积 ÷ 目标值"),
        ("clearing_days", "清零天数 = 挂账至销账天数的中位数（期内销账）"),
    ] {
        assert_eq!(shipped.named(code).unwrap().1.to_string(), words);
    }
}
