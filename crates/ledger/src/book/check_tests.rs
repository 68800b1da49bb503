//! Ledgers that ship hold together and name columns that there are; faults are told one by one.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::{record, rows};

fn shipped() -> BookSet {
    toml::from_str(DEFAULT_BOOKS).unwrap()
}

#[test]
fn every_column_of_what_ships_is_in_its_collection() {
    let books = Books::new(shipped()).unwrap();
    let five = books.all().iter().filter(|book| book.group == "开墙打洞五账");
    assert_eq!(five.count(), 5);
    let names = |fields: Vec<spatial::Field>| -> Vec<String> {
        fields.into_iter().map(|one| one.name).collect()
    };
    let points = names(rows::points::fields());
    for book in books.all() {
        let own = match (record::named(&book.collection), book.collection.as_str()) {
            (Some(shipped), _) => names(shipped.fields()),
            (None, rows::POINT_EVENTS) => names(rows::events::fields()),
            (None, _) => points.clone(),
        };
        let fields = book.columns.iter().map(|one| &one.field).chain(&book.unit).chain(&book.task);
        for field in fields {
            let known = match field {
                Field::Own(_) => &own,
                Field::Point(_) => &points,
            };
            assert!(known.iter().any(|name| name == field.name()), "{}: {field:?}", book.id);
        }
        let others = book.sums.iter().map(|sum| &sum.field).chain(&book.point);
        let others = others.chain(book.stages.iter().map(|stages| &stages.field));
        let others = others.chain(&book.drawn.field);
        for name in others {
            assert!(own.contains(name), "{}: {name}", book.id);
        }
        assert!(!book.source.is_empty());
    }
}

#[test]
fn faults_say_ledger_key_value_and_way_out() {
    let mut set = shipped();
    let mut again = set.ledgers[0].clone();
    again.columns[0].field = Field::Point("code".to_owned());
    set.ledgers[1].id = "Ä".to_owned();
    set.ledgers[2].sums[0].decimals = 9;
    set.ledgers.push(again);
    let faults: Vec<String> =
        Books::new(set).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        faults,
        [
            "ledger \"Ä\", id: \"Ä\" must be small letters, digits and _, at most 64",
            "ledger \"outlets\", sums.decimals: \"9\" is too many; give 0 to 6",
            "ledger \"base\", id: \"base\" stands there twice; give one another name",
            "ledger \"base\", columns.field: \"point.code\" is of a point, and `point` does not say \
             which column names it",
        ]
    );
}

#[test]
fn colours_that_cannot_be_drawn_are_told() {
    let drawn = |text: &str| {
        let mut set = shipped();
        set.ledgers.truncate(1);
        set.ledgers[0].drawn = toml::from_str(text).unwrap();
        let faults = Books::new(set).map_or_else(|faults| faults, |_| Vec::new());
        faults.iter().map(ToString::to_string).collect::<Vec<String>>()
    };
    for (text, expected) in [
        ("colour = 'red'", "drawn.colour: \"red\" is no colour; write one as #1f77b4"),
        ("colour = '#12345g'", "drawn.colour: \"#12345g\" is no colour"),
        ("colours = [{ values = ['a'], colour = '#123456' }]", "drawn.field: \"\" is missing"),
        (
            "field = 'state'\ncolours = [{ values = ['a', 'a'], colour = '#123456' }]",
            "drawn.colours.values: \"a\" has two colours; leave one out",
        ),
        (
            "field = 'state'\ncolours = [{ colour = '#123456' }, { values = ['a'], colour = '#123456' }]",
            "drawn.colours.values: \"\" are missing beside others",
        ),
    ] {
        let faults = drawn(text);
        assert!(faults.len() == 1 && faults[0].contains(expected), "{text}: {faults:?}");
    }
    assert!(drawn("field = 'state'\ncolours = [{ colour = '#123456' }]").is_empty());
}

#[test]
fn a_member_is_a_whole_part_of_a_list() {
    let member = Member { field: "ledger_types".to_owned(), value: "反弹".to_owned() };
    assert!(member.is_in("证照、 反弹 "));
    assert!(member.is_in("反弹,证照"));
    assert!(!member.is_in("反弹治理、证照"));
    assert!(!member.is_in(""));
}
