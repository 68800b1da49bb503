//! Whatever expression there is, text and JSON read back as the same; whatever text there is,
//! reading it ends with an expression or an error.

#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use spatial::filter::{
    Arithmetic, ArrayRelation, Bbox, Bound, Comparison, Literal, Number, TemporalRelation, Time,
};
use spatial::{Expression, Predicate};

use super::{Limits, parse_json, parse_text, write_json, write_text};
use crate::read_wkt;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_:][a-z0-9_.]{0,6}",
        Just("地块编号".to_owned()),
        Just("AND".to_owned()),
        Just("date".to_owned()),
        any::<String>().prop_filter("a name has characters", |name| !name.is_empty()),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(|value| Number::Int(value.into())),
        any::<i128>()
            .prop_filter_map("no smallest", |v| (v != i128::MIN).then_some(Number::Int(v))),
        any::<f64>().prop_filter_map("finite", Number::canonical),
        (-1000.0..1000.0).prop_filter_map("finite", Number::canonical),
    ]
}

fn time() -> impl Strategy<Value = Time> {
    const TEXTS: &[&str] =
        &["2026-11-22", "0000-01-01", "2026-11-22T08:00:00.123456789Z", "9999-12-31T00:00:00Z"];
    proptest::sample::select(TEXTS).prop_map(|text: &str| Time::parse(text).unwrap())
}

fn geometry() -> impl Strategy<Value = Literal> {
    const TEXTS: &[&str] = &[
        "POINT (1 2)",
        "POINT Z (1 2 3)",
        "MULTIPOINT ((1 2), (3 4))",
        "LINESTRING (0.1 0, 1e-7 1)",
        "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
        "POLYGON Z ((0 0 1, 4 4 2, 4 0 3, 0 0 1), (1 1 4, 2 1 5, 2 2 6, 1 1 4))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))",
    ];
    let read = |text: &str| Literal::Geometry(read_wkt(text).unwrap().unwrap().geometry);
    proptest::sample::select(TEXTS).prop_map(read)
}

fn literal() -> impl Strategy<Value = Literal> {
    let corner = -1e6..1e6;
    let corners = [corner.clone(), corner.clone(), corner.clone(), corner.clone()];
    prop_oneof![
        any::<bool>().prop_map(Literal::Bool),
        number().prop_map(Literal::Number),
        any::<String>().prop_map(Literal::Text),
        "[a%_\\\\'\"]{0,5}".prop_map(Literal::Text),
        time().prop_map(Literal::Time),
        geometry(),
        (corners, proptest::option::of([corner.clone(), corner]))
            .prop_map(|(corners, heights)| Literal::Bbox(Bbox { corners, heights })),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        literal().prop_map(Expression::Literal),
        name().prop_map(Expression::Property),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let two = || [inner.clone(), inner.clone()].prop_map(Box::new);
        let three = [inner.clone(), inner.clone(), inner.clone()].prop_map(Box::new);
        let many = |least| proptest::collection::vec(inner.clone(), least..4);
        let array = || {
            prop_oneof![
                many(0).prop_map(Expression::List),
                name().prop_map(Expression::Property),
                ("[a-z]{3}[A-Z]", many(0))
                    .prop_map(|(name, arguments)| Expression::Function(name, arguments)),
            ]
        };
        let bound = || {
            prop_oneof![
                Just(Bound::Open),
                time().prop_map(|time| Bound::At(Expression::Literal(Literal::Time(time)))),
                name().prop_map(|name| Bound::At(Expression::Property(name))),
            ]
        };
        prop_oneof![
            many(2).prop_map(Expression::all),
            many(2).prop_map(Expression::any),
            inner.clone().prop_map(|part| Expression::Not(Box::new(part))),
            (proptest::sample::select(Comparison::ALL), two())
                .prop_map(|(op, two)| Expression::Compare(op, two)),
            two().prop_map(Expression::Like),
            three.prop_map(Expression::Between),
            (inner.clone(), many(1))
                .prop_map(|(value, list)| Expression::In(Box::new(value), list)),
            inner.clone().prop_map(|part| Expression::IsNull(Box::new(part))),
            inner.clone().prop_map(|part| Expression::CaseFold(Box::new(part))),
            inner.clone().prop_map(|part| Expression::AccentFold(Box::new(part))),
            (proptest::sample::select(Arithmetic::ALL), two())
                .prop_map(|(op, two)| Expression::Arithmetic(op, two)),
            (proptest::sample::select(&Predicate::ALL[..]), two())
                .prop_map(|(op, two)| Expression::Spatial(op, two)),
            (proptest::sample::select(TemporalRelation::ALL), two())
                .prop_map(|(op, two)| Expression::Temporal(op, two)),
            (proptest::sample::select(ArrayRelation::ALL), [array(), array()])
                .prop_map(|(op, two)| Expression::Array(op, Box::new(two))),
            many(0).prop_map(Expression::List),
            [bound(), bound()].prop_map(|ends| Expression::Interval(Box::new(ends))),
            ("[a-z]{3}[A-Z0-9_]{1,4}", many(0))
                .prop_map(|(name, arguments)| Expression::Function(name, arguments)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_reads_back_from_text_and_json(expression in expression()) {
        let text = write_text(&expression);
        let read = parse_text(&text, &Limits::BODY);
        prop_assert_eq!(read.as_ref(), Ok(&expression), "{}", text);
        let json = write_json(&expression);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{}", json);
        let read = parse_json(&json, &Limits::BODY);
        prop_assert_eq!(read.as_ref(), Ok(&expression), "{}", json);
    }

    #[test]
    fn any_text_is_read_or_refused(
        text in r#"(a|地|1|\.|e|'|"|\\|\(|\)|\[|\]|,| |AND|NOT|IN|LIKE|IS|NULL|=|<|-|\^|DATE|POINT|Z|BBOX|S_WITHIN|INTERVAL){0,16}"#
    ) {
        if let Ok(expression) = parse_text(&text, &Limits::URL) {
            let written = write_text(&expression);
            prop_assert_eq!(parse_text(&written, &Limits::URL), Ok(expression), "{}", written);
        }
    }
}
