//! Sums over records against a plain recomputation, and what of them is refused when it is read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;
use spatial::{Collection, Crs, Timestamp, Value};

use super::histories_tests::shipped;
use super::{
    BoundSum, DefinitionSet, Definitions, Measure, Moment, OutsideSums, Period, Place, Question,
    Targets, Unit, UnitTree, evaluate,
};
use crate::record;

/// An order of a citizen: minutes of 2026 from its first moment in Shanghai on, when it came, was
/// answered and solved; what was said of it; where it lies.
#[derive(Clone, Debug)]
struct Order {
    at: i64,
    responded: Option<i64>,
    resolved: Option<i64>,
    satisfied: Option<bool>,
    unit: usize,
}

/// The units that rows name; the last is none that there is, the one before says nothing.
const UNITS: [&str; 5] = ["110115001", "110115002", "110115002001", "", "110115999"];
/// 2026-01-01 in Shanghai.
const YEAR_MS: i64 = 1_767_196_800_000;
const MINUTE_MS: i64 = 60_000;

fn moment_of(minutes: i64) -> Timestamp {
    Timestamp(YEAR_MS + minutes * MINUTE_MS)
}

fn written(minutes: i64) -> Value {
    Value::Text(crate::point::moment::written(moment_of(minutes)))
}

fn collection(id: &str) -> Collection {
    let place = || crate::place::COLLECTIONS.into_iter().find(|one| one.id == id);
    record::named(id).or_else(place).unwrap().collection(Crs::CGCS2000).unwrap()
}

fn row(collection: &Collection, order: &Order) -> Vec<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let value = |name: &str| match name {
        "occurred_at" => written(order.at),
        "responded_at" => order.responded.map_or(Value::Null, written),
        "resolved_at" => order.resolved.map_or(text(" "), written),
        "satisfied" => order.satisfied.map_or(Value::Null, Value::Bool),
        // A village within the second town, so that its town is said, too.
        "village" if order.unit == 2 => text(UNITS[2]),
        "town" if order.unit == 2 => text(UNITS[1]),
        "town" if order.unit != 3 => text(UNITS[order.unit]),
        _ => Value::Null,
    };
    collection.fields.iter().map(|field| value(&field.name)).collect()
}

fn units() -> UnitTree {
    let unit = |code: &str, parent: Option<&str>| Unit {
        code: code.to_owned(),
        name: code.to_owned(),
        parent: parent.map(str::to_owned),
    };
    let district = "110115";
    UnitTree::new(vec![
        unit(district, None),
        unit(UNITS[0], Some(district)),
        unit(UNITS[1], Some(district)),
        unit(UNITS[2], Some(UNITS[1])),
    ])
    .unwrap()
}

fn orders() -> impl Strategy<Value = Vec<Order>> {
    // Some lie before the window, some after the moment.
    let minutes = -40_000..500_000_i64;
    let later = || proptest::option::of(0..200_000_i64);
    let one = (minutes, later(), later(), proptest::option::of(any::<bool>()), 0..UNITS.len());
    let one = one.prop_map(|(at, responded, resolved, satisfied, unit)| Order {
        at,
        responded: responded.map(|after| at + after),
        resolved: resolved.map(|after| at + after),
        satisfied,
        unit,
    });
    proptest::collection::vec(one, 0..40)
}

/// What the engine does with rows of points and texts, in memory.
fn sums(orders: &[Order], moment: Moment, units: &UnitTree) -> OutsideSums {
    let (definitions, collection) = (shipped(), collection(record::calls::COMPLAINTS));
    let mut sums = OutsideSums::new();
    for sum in definitions.sums().iter().filter(|sum| sum.collection == collection.id.as_str()) {
        let bound = BoundSum::new(sum, &collection).unwrap();
        let of_units = sums.entry(sum.name.clone()).or_default();
        for order in orders {
            let row = row(&collection, order);
            let value = |at: usize| row[at].as_ref();
            if bound.holds(&value, moment, None) {
                let unit = bound.unit(&value, units).unwrap_or_default().to_owned();
                *of_units.entry(unit).or_insert(0) += bound.amount(&value).unwrap();
            }
        }
    }
    sums
}

proptest! {
    #[test]
    fn the_three_rates_are_those_counted_plainly_and_units_make_the_whole(
        orders in orders(), at in 0..525_600_i64
    ) {
        let window = "2026".parse::<Period>().unwrap().window();
        let moment = Moment { at: moment_of(at), window };
        let (definitions, units) = (shipped(), units());
        let outside = sums(&orders, moment, &units);
        let targets = Targets::default();
        let question = Question {
            definitions: &definitions, units: &units, root: units.root(), task: None,
            moment, targets: &targets, outside: &outside, takes_strays: true };
        let figures = evaluate(&question, []);
        // Those asked of: by their unit, whole or in no part.
        let asked = |place: &Place, order: &Order| match place {
            Place::Unit { code, .. } => match order.unit {
                3 | 4 => code == "110115",
                unit => UNITS[unit].starts_with(code.as_str()),
            },
            Place::Unplaced { within } => match order.unit {
                3 | 4 => within == "110115",
                unit => within == UNITS[unit],
            },
        };
        let came = |order: &&Order| (0..=at).contains(&order.at);
        for (code, above, below) in [
            ("response_rate", (|o: &Order, at| o.responded.is_some_and(|t| t <= at))
                as fn(&Order, i64) -> bool, (|_| true) as fn(&Order) -> bool),
            ("resolution_rate", |o, at| o.resolved.is_some_and(|t| t <= at), |_| true),
            ("satisfaction_rate", |o, _| o.satisfied == Some(true), |o| o.satisfied.is_some()),
        ] {
            let slot = definitions.named(code).unwrap().0;
            for row in &figures.rows {
                let of_row = || orders.iter().filter(came).filter(|o| asked(&row.place, o));
                let figure = &row.figures[slot];
                let counted = of_row().filter(|o| above(o, at)).count() as i128 * 100;
                let all = of_row().filter(|o| below(o)).count() as i128 * 100;
                prop_assert_eq!(
                    (figure.numerator, figure.denominator), (Some(counted), Some(all)),
                    "{} of {:?}", code, row.place
                );
            }
            let parts: i128 = figures.rows.iter().filter(|row| row.depth == 1)
                .map(|row| row.figures[slot].denominator.unwrap()).sum();
            prop_assert_eq!(Some(parts), figures.rows[0].figures[slot].denominator);
        }
    }
}

/// The row of a collection of dates and numbers, by name.
fn holds(sum: &str, fields: &[(&str, Value)], at: i64) -> bool {
    let text = format!("edition = \"1\"\nindicators = []\n[[sums]]\nname = \"s\"\n{sum}");
    let set: DefinitionSet = toml::from_str(&text).unwrap();
    let collection = collection(&set.sums[0].collection);
    let bound = BoundSum::new(&set.sums[0], &collection).unwrap();
    let row: Vec<Value> = collection
        .fields
        .iter()
        .map(|field| {
            let said = fields.iter().find(|(name, _)| *name == field.name);
            said.map_or(Value::Null, |(_, value)| value.clone())
        })
        .collect();
    let window = "2026".parse::<Period>().unwrap().window();
    bound.holds(&|at| row[at].as_ref(), Moment { at: moment_of(at), window }, None)
}

#[test]
fn conditions_hold_until_the_moment_and_not_beyond() {
    let day = 1_440;
    let text = |text: &str| Value::Text(text.to_owned());
    let land = |condition: &str, fields: &[(&str, Value)], at| {
        holds(&format!("collection = \"land_releases\"\nwhere = [{condition}]"), fields, at)
    };
    let released = [("released_at", text("2026-01-02"))];
    let idle = "{ days_by_end = { field = \"released_at\", days = 180 } }";
    assert!(!land(idle, &released, 181 * day - 1) && land(idle, &released, 181 * day));
    let window = "{ in_window = \"released_at\" }";
    assert!(!land(window, &released, day - 1) && land(window, &released, day));
    assert!(!land(window, &[("released_at", text("2025-12-31"))], day));
    assert!(!land(window, &[("released_at", text("someday"))], day));
    assert!(land("{ not_by_end = \"done\" }", &[("done", text("2026-03-01"))], day));
    assert!(!land("{ not_by_end = \"done\" }", &[("done", text("2026-03-01"))], 90 * day));
    let used = "{ none_of = { field = \"actual_use\", values = [\"绿化\", \"公服\"] } }";
    assert!(land(used, &[], day) && !land(used, &[("actual_use", text("绿化"))], day));
    let any = used.replace("none_of", "any_of");
    assert!(!land(&any, &[], day) && land(&any, &[("actual_use", text("公服"))], day));

    let came = "collection = \"arrivals\"\nunit = \"unit\"\nwhere = [{ within_minutes = \
        { field = \"arrived_at\", of = \"called_at\", minutes = 120 } }]";
    let arrival = |called, arrived| [("called_at", written(called)), ("arrived_at", arrived)];
    assert!(holds(came, &arrival(0, written(120)), 200));
    assert!(!holds(came, &arrival(0, written(121)), 200), "late");
    assert!(!holds(came, &arrival(0, written(120)), 119), "not yet");
    assert!(!holds(came, &arrival(0, Value::Null), 200));
    let asked = "collection = \"surveys\"\nunit = \"unit\"\nwhere = [{ equals = { \
        field = \"asked\", value = 3 } }]";
    assert!(holds(asked, &[("asked", Value::Int(3))], 0) && !holds(asked, &[], 0));
}

#[test]
fn what_does_not_fit_a_collection_is_not_given() {
    let one = |text: &str| {
        let text = format!("edition = \"1\"\nindicators = []\n[[sums]]\nname = \"s\"\n{text}");
        toml::from_str::<DefinitionSet>(&text).unwrap().sums.remove(0)
    };
    let fits = |text: &str| {
        let sum = one(text);
        BoundSum::new(&sum, &collection(&sum.collection)).is_some()
    };
    assert!(fits("collection = \"surveys\"\nunit = \"unit\"\nquantity = { field = \"asked\" }"));
    assert!(!fits("collection = \"surveys\"\nquantity = { field = \"asked\" }"), "of no unit");
    assert!(!fits("collection = \"surveys\"\nunit = \"unit\"\nquantity = { field = \"code\" }"));
    assert!(!fits("collection = \"surveys\"\nunit = \"unit\"\nwhere = [{ filled = \"x\" }]"));
    assert!(!one("collection = \"surveys\"").is_of(Some("CW")));
    assert!(one("collection = \"projects\"\ntask = \"task\"").is_of(Some("CW")));
    let outlets = one("collection = \"outlets\"\nquantity = { field = \"area_m2\" }");
    let collection = collection("outlets");
    let bound = BoundSum::new(&outlets, &collection).unwrap();
    let area = collection.field_position("area_m2").unwrap();
    let amount = |value: Value| {
        bound.amount(&|at| if at == area { value.as_ref() } else { Value::Null.as_ref() })
    };
    assert_eq!(amount(Value::Real(12.345)), Ok(1235));
    assert_eq!((amount(Value::Int(-2)), amount(Value::Null)), (Ok(-200), Ok(0)));
    assert_eq!(amount(Value::Real(1e30)), Err(1e30));
}

#[test]
fn faults_of_sums_are_found_when_they_are_read() {
    for (sum, expected) in [
        ("name = \" \"\ncollection = \"a\"", "sums.name: \" \" must be"),
        ("name = \"a\"\ncollection = \"A b\"", "sums.collection: \"A b\" is no id"),
        ("name = \"a\"\ncollection = \"a\"\nunit = \"\"", "sums.unit: \"\" must be"),
        (
            "name = \"a\"\ncollection = \"a\"\nwhere = [{ any_of = { field = \"f\", values = [] } }]",
            "sums.where.values: \"0\" of them",
        ),
        (
            "name = \"a\"\ncollection = \"a\"\nwhere = [{ equals = { field = \"f\", value = \" x\" } }]",
            "sums.where.value: \" x\" is never",
        ),
        (
            "name = \"a\"\ncollection = \"a\"\nwhere = [{ days_by_end = { field = \"f\", days = 9999 } }]",
            "\"days = 9999\" is too much",
        ),
        (
            "name = \"a\"\ncollection = \"a\"\nwhere = [{ within_minutes = { field = \"f\", of = \"f\", minutes = 9 } }]",
            "\"f\" is compared with itself",
        ),
    ] {
        let text = format!("edition = \"1\"\nindicators = []\n[[sums]]\n{sum}\n");
        let faults = Definitions::new(toml::from_str(&text).unwrap()).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|fault| fault.contains(expected)), "{expected}: {told:?}");
    }
    let unknown = "edition = \"1\"\nindicators = []\n[[sums]]\nname = \"a\"\ncollection = \"a\"\n\
        where = [{ within_minutes = { field = \"f\", of = \"g\", hours = 9 } }]";
    assert!(toml::from_str::<DefinitionSet>(unknown).unwrap_err().message().contains("hours"));
}

#[test]
fn shipped_sums_fit_the_collections_that_ship_and_are_all_asked_for() {
    let definitions = shipped();
    let asked = definitions.outside_names();
    for sum in definitions.sums() {
        // Those of the cadastre come with their files.
        if !["households", "buildings"].contains(&sum.collection.as_str()) {
            assert!(BoundSum::new(sum, &collection(&sum.collection)).is_some(), "{sum}");
        }
        assert!(asked.contains(sum.name.as_str()), "{sum}");
        assert!(sum.to_string().starts_with(&format!("{} = {} 的", sum.name, sum.collection)));
    }
    let late = definitions.sums().iter().find(|sum| sum.name == "期内按时到场部门次").unwrap();
    assert_eq!(
        late.to_string(),
        "期内按时到场部门次 = arrivals 的行数（called_at 在期内且arrived_at 不晚于 called_at 后 120 \
         分钟），按 unit 归属"
    );
    let is_outside = |measure: &Measure| matches!(measure, Measure::Outside(_));
    let terms = definitions.all().iter().flat_map(|one| one.formula.terms());
    assert!(terms.filter(|term| is_outside(&term.measure)).count() >= asked.len());
}
