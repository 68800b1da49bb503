//! What CQL2 text and JSON read as, what is refused and where, in tables of cases.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Cql2Error, Fault, Limits, parse_json, parse_text, write_json, write_text};

/// Text reads as the canonical text and JSON, and both read back as the same.
fn check_reads(text: &str, canonical: &str, json: &str) {
    let expression = parse_text(text, &Limits::URL).unwrap();
    assert_eq!(write_text(&expression), canonical, "{text}");
    assert_eq!(write_json(&expression), json, "{text}");
    assert_eq!(parse_text(canonical, &Limits::URL), Ok(expression.clone()), "{canonical}");
    assert_eq!(parse_json(json, &Limits::URL), Ok(expression), "{json}");
}

/// Text reads as the same as the canonical text.
fn check_same(text: &str, canonical: &str) {
    let expression = parse_text(text, &Limits::URL).unwrap();
    assert_eq!(write_text(&expression), canonical, "{text}");
    assert_eq!(parse_text(canonical, &Limits::URL), Ok(expression), "{canonical}");
}

fn check_error(error: Cql2Error, expected: &str) {
    assert_eq!(error.to_string(), format!("the filter is not usable at {expected}"));
}

fn refused(text: &str, expected: &str) {
    check_error(parse_text(text, &Limits::URL).unwrap_err(), expected);
}

fn refused_json(json: &str, expected: &str) {
    check_error(parse_json(json, &Limits::URL).unwrap_err(), expected);
}

#[test]
fn text_and_json_say_the_same() {
    let property = |name: &str| format!("{{\"property\":\"{name}\"}}");
    let p = property("p");
    for (text, canonical, json) in [
        ("p=1", "p = 1", format!(r#"{{"op":"=","args":[{p},1]}}"#)),
        ("p<>-1.50", "p <> -1.5", format!(r#"{{"op":"<>","args":[{p},-1.5]}}"#)),
        (
            "p like 'a%' and not p is null",
            "p LIKE 'a%' AND NOT p IS NULL",
            format!(
                r#"{{"op":"and","args":[{{"op":"like","args":[{p},"a%"]}},{{"op":"not","args":[{{"op":"isNull","args":[{p}]}}]}}]}}"#
            ),
        ),
        (
            "p Not Between 1 And 2.0",
            "NOT p BETWEEN 1 AND 2",
            format!(r#"{{"op":"not","args":[{{"op":"between","args":[{p},1,2]}}]}}"#),
        ),
        (
            "casei(p) IN (casei('Straße'),'b')",
            "CASEI(p) IN (CASEI('Straße'), 'b')",
            format!(
                r#"{{"op":"in","args":[{{"op":"casei","args":[{p}]}},[{{"op":"casei","args":["Straße"]}},"b"]]}}"#
            ),
        ),
        (
            "s_intersects(geom,bbox(150,-90,-150,90))",
            "S_INTERSECTS(geom, BBOX(150, -90, -150, 90))",
            r#"{"op":"s_intersects","args":[{"property":"geom"},{"bbox":[150,-90,-150,90]}]}"#
                .to_owned(),
        ),
        (
            "S_WITHIN(geom,PolygonZ((0 0 1,1 0 2,1 1 3,0 0 1)))",
            "S_WITHIN(geom, POLYGON Z ((0 0 1, 1 0 2, 1 1 3, 0 0 1)))",
            r#"{"op":"s_within","args":[{"property":"geom"},{"type":"Polygon","coordinates":[[[0,0,1],[1,0,2],[1,1,3],[0,0,1]]]}]}"#
                .to_owned(),
        ),
        (
            "S_EQUALS(geom,MULTIPOINT((1 2),(3 4)))",
            "S_EQUALS(geom, MULTIPOINT ((1 2), (3 4)))",
            r#"{"op":"s_equals","args":[{"property":"geom"},{"type":"MultiPoint","coordinates":[[1,2],[3,4]]}]}"#
                .to_owned(),
        ),
        (
            "T_FINISHEDBY(interval(a,'..'),INTERVAL('1991-10-07','2010-02-10T05:29:20.073225Z'))",
            "T_FINISHEDBY(INTERVAL(a, '..'), INTERVAL('1991-10-07', '2010-02-10T05:29:20.073225Z'))",
            r#"{"op":"t_finishedBy","args":[{"interval":[{"property":"a"},".."]},{"interval":["1991-10-07","2010-02-10T05:29:20.073225Z"]}]}"#
                .to_owned(),
        ),
        (
            "T_AFTER(d,INTERVAL(('..'),+'2026-09-01T00:00:00.5z'))",
            "T_AFTER(d, INTERVAL('..', '2026-09-01T00:00:00.5Z'))",
            r#"{"op":"t_after","args":[{"property":"d"},{"interval":["..","2026-09-01T00:00:00.5Z"]}]}"#
                .to_owned(),
        ),
        (
            "A_CONTAINEDBY(p,('a'))",
            "A_CONTAINEDBY(p, ('a'))",
            format!(r#"{{"op":"a_containedBy","args":[{p},["a"]]}}"#),
        ),
        (
            "A_OVERLAPS(['a',TRUE,1.0,DATE('2010-02-10'),(1,2),[3],()],p)",
            "A_OVERLAPS(('a', TRUE, 1, DATE('2010-02-10'), (1, 2), [3], ()), p)",
            format!(
                r#"{{"op":"a_overlaps","args":[["a",true,1,{{"date":"2010-02-10"}},[1,2],[3],[]],{p}]}}"#
            ),
        ),
        (
            "FALSE <> Bar(geometry, 100, 'a', (p = 1))",
            "FALSE <> Bar(geometry, 100, 'a', (p = 1))",
            format!(
                r#"{{"op":"<>","args":[false,{{"op":"Bar","args":[{{"property":"geometry"}},100,"a",{{"op":"=","args":[{p},1]}}]}}]}}"#
            ),
        ),
        (
            "1 = p div 2",
            "1 = p div 2",
            format!(r#"{{"op":"=","args":[1,{{"op":"div","args":[{p},2]}}]}}"#),
        ),
    ] {
        check_reads(text, canonical, &json);
    }
}

#[test]
fn what_qgis_writes_is_read() {
    for (text, canonical) in [
        ("((a = 1) AND (b LIKE 'x%'))", "a = 1 AND b LIKE 'x%'"),
        ("(x IS NULL)", "x IS NULL"),
        ("(CASEI(n) LIKE CASEI('a%'))", "CASEI(n) LIKE CASEI('a%')"),
        ("(a NOT LIKE 'x')", "NOT a LIKE 'x'"),
        ("(NOT (a IS NULL))", "NOT a IS NULL"),
        ("(t >= TIMESTAMP('2024-01-01T00:00:00.000Z'))", "t >= TIMESTAMP('2024-01-01T00:00:00Z')"),
        ("(d = DATE('2024-01-01'))", "d = DATE('2024-01-01')"),
        ("S_INTERSECTS(geom,BBOX(116,39,117,40))", "S_INTERSECTS(geom, BBOX(116, 39, 117, 40))"),
        ("S_INTERSECTS(geom,POINT(116.5 39.5))", "S_INTERSECTS(geom, POINT (116.5 39.5))"),
        ("(a = ( - (5)))", "a = -5"),
        ("(a = ( + (5)))", "a = 5"),
        ("(a = (-(b)))", "a = -1 * b"),
        (
            "(A = 1) AND (S_INTERSECTS(geom,BBOX(0,0,1,1)))",
            "A = 1 AND S_INTERSECTS(geom, BBOX(0, 0, 1, 1))",
        ),
        ("(a IN (1,2,3))", "a IN (1, 2, 3)"),
        ("(a NOT IN ('x''y'))", "NOT a IN ('x''y')"),
        ("(a BETWEEN 1 AND 2)", "a BETWEEN 1 AND 2"),
        (r#"("ru""ssian \\ name" = 'back\\slash')"#, r#""ru""ssian \\ name" = 'back\\slash'"#),
        (r"(a LIKE '100\\%')", r"a LIKE '100\\%'"),
        (r#"("地块编号" = 'JC20114')"#, "地块编号 = 'JC20114'"),
        (r#"("end date" = DATE('2024-01-01'))"#, r#""end date" = DATE('2024-01-01')"#),
    ] {
        check_same(text, canonical);
    }
}

#[test]
fn identifiers_and_texts_are_read_as_written() {
    for (text, canonical) in [
        ("地块编号 = '宗地\u{3000}一'", "地块编号 = '宗地\u{3000}一'"),
        ("2024年面积 > 5", "\"2024年面积\" > 5"),
        ("eo:cloud_cover.max < 0.10", "eo:cloud_cover.max < 0.1"),
        ("\"and\" = 1 and \"NULL\" is null", "\"and\" = 1 AND \"NULL\" IS NULL"),
        ("date = 1 AND point = 2 AND interval = 3", "date = 1 AND point = 2 AND interval = 3"),
        ("a = 'it''s' or a = 'it\\'s'", "a = 'it''s' OR a = 'it''s'"),
        (r"a LIKE '5\%'", r"a LIKE '5\\%'"),
        (r"a = 'C:\dir\\'", r"a = 'C:\\dir\\'"),
        ("a = ''", "a = ''"),
        ("a\u{a0}=\u{2003}1\u{3000}", "a = 1"),
        ("TRUE", "TRUE"),
        ("NOT NOT flag", "NOT NOT flag"),
    ] {
        check_same(text, canonical);
    }
}

#[test]
fn operators_bind_as_the_grammar_says() {
    for (text, canonical) in [
        ("a = 1 OR b = 2 AND c = 3", "a = 1 OR b = 2 AND c = 3"),
        ("(a = 1 OR b = 2) AND c = 3", "(a = 1 OR b = 2) AND c = 3"),
        ("a = 1 AND (b = 2 AND c = 3)", "a = 1 AND b = 2 AND c = 3"),
        ("NOT a = 1 AND b = 2", "NOT a = 1 AND b = 2"),
        ("NOT (a = 1 AND b = 2)", "NOT (a = 1 AND b = 2)"),
        ("a = 1 + 2 * 3 ^ 2", "a = 1 + 2 * 3 ^ 2"),
        ("a = (1 + 2) * 3", "a = (1 + 2) * 3"),
        ("a = 1 - (2 - 3) - 4", "a = 1 - (2 - 3) - 4"),
        ("a = 8 / 4 / 2 % 3 div 1", "a = 8 / 4 / 2 % 3 div 1"),
        ("a = 8 / (4 * 2)", "a = 8 / (4 * 2)"),
        ("a = -b ^ 2", "a = (-1 * b) ^ 2"),
        ("a = -2 ^ 2", "a = -2 ^ 2"),
        ("a = (2 ^ 3) ^ 2", "a = (2 ^ 3) ^ 2"),
        ("a = 1--1", "a = 1 - -1"),
        ("(a = 1) = TRUE", "(a = 1) = TRUE"),
        ("f() = g(1,(2,3),())", "f() = g(1, (2, 3), ())"),
    ] {
        check_same(text, canonical);
    }
}

#[test]
fn numbers_keep_their_digits() {
    for (text, canonical) in [
        ("a = 110105001001000123", "a = 110105001001000123"),
        ("a = 110105001001000123.0", "a = 110105001001000123"),
        (
            "a = -170141183460469231731687303715884105727",
            "a = -170141183460469231731687303715884105727",
        ),
        ("a = 1E3", "a = 1000"),
        ("a = 5.", "a = 5"),
        ("a = .5e-1", "a = 0.05"),
        ("a = 1e300", "a = 1e+300"),
        ("a = 0001", "a = 1"),
        ("a = -0.0", "a = 0"),
    ] {
        check_same(text, canonical);
    }
    let json = r#"{"op":"=","args":[{"property":"a"},110105001001000123]}"#;
    assert_eq!(write_json(&parse_json(json, &Limits::URL).unwrap()), json);
}

#[test]
fn text_is_refused_with_its_place() {
    for (text, expected) in [
        ("", "byte 0: a value, property or function expected, found the end"),
        ("a = ", "byte 4: a value, property or function expected, found the end"),
        ("a = 1 b = 2", "byte 6: AND, OR or the end expected, found \"b\""),
        ("a = 1 = 2", "byte 6: AND, OR or the end expected, found \"=\""),
        ("a == 1", "byte 3: a value, property or function expected, found \"=\""),
        ("地块 = ;", "byte 9: a name, value or operator expected, found \";\""),
        ("a = 'x", "byte 4: a closing quote expected, found \"'x\""),
        ("\"\" = 1", "byte 0: a name within the double quotes expected, found \"\\\"\\\"\""),
        ("\"a = 1", "byte 0: a closing double quote expected, found \"\\\"a\""),
        ("a IS 1", "byte 5: NULL expected, found \"1\""),
        ("a NOT 1", "byte 6: LIKE, BETWEEN or IN expected, found \"1\""),
        ("a BETWEEN 1 OR 2", "byte 12: AND and the upper bound expected, found \"OR\""),
        ("a IN ()", "byte 6: a value, property or function expected, found \")\""),
        ("a IN 1", "byte 5: '(' and the values of IN expected, found \"1\""),
        ("(a = 1", "byte 6: ',' or a closing bracket expected, found the end"),
        ("AND = 1", "byte 0: a value, property or function expected, found \"AND\""),
        ("2 ^ 3 ^ 2 = a", "byte 6: parentheses around one of the powers expected, found \"^\""),
        ("a = 1e309", "byte 4: 1e309 is too large a number"),
        ("a = NaN(", "byte 8: a value, property or function expected, found the end"),
        ("d = DATE(5)", "byte 9: a time in single quotes expected, found \"5)\""),
        (
            "d = DATE('2026-02-29')",
            "byte 9: \"2026-02-29\" is no time: no such day in the calendar",
        ),
        (
            "d = TIMESTAMP('2026-02-28')",
            "byte 14: \"2026-02-28\" is no time: TIMESTAMP takes a time of day too",
        ),
        (
            "d = DATE('2026-02-28T00:00:00Z')",
            "byte 9: \"2026-02-28T00:00:00Z\" is no time: DATE takes a day alone",
        ),
        (
            "T_AFTER(d,INTERVAL('x','..'))",
            "byte 19: \"x\" is no time: write 2026-11-22, or 2026-11-22T08:00:00Z",
        ),
        ("S_INTERSECTS(geom)", "byte 17: ',' and a second argument expected, found \")\""),
        ("S_INTERSECTS(geom,BBOX(1,2,3))", "byte 18: \"bbox\" takes 4 or 6 arguments, not 3"),
        ("S_INTERSECTS(geom,BBOX(1,2,3,x))", "byte 29: a number expected, found \"x))\""),
        ("S_INTERSECTS(geom,POINT(1))", "byte 25: the geometry is not usable: number expected"),
        ("S_INTERSECTS(geom,POINT EMPTY)", "byte 18: the geometry is not usable: it is empty"),
        (
            "S_INTERSECTS(geom,POLYGON((0 0,1 0,1 1)))",
            "byte 18: the geometry is not usable: a ring does not end where it begins",
        ),
        ("A_EQUALS(a,1)", "byte 11: an array, property or function expected, found \"1)\""),
        ("x = 2024年(1)", "byte 4: the name of a function expected, found \"2024年(1)\""),
        ("x = ISNULL(a)", "byte 4: a value, property or function expected, found \"ISNULL(a)\""),
    ] {
        refused(text, expected);
    }
}

#[test]
fn json_is_refused_with_its_pointer() {
    for (json, expected) in [
        ("", "byte 0: a value expected"),
        ("{\"op\":\"=\"", "byte 9: ',' or '}' expected"),
        ("true false", "byte 5: more text after the value"),
        ("NaN", "byte 0: a value expected"),
        ("[1e309]", "JSON pointer \"/0\": 1e309 is too large a number"),
        (
            "null",
            "JSON pointer \"\": a value; isNull asks whether one is missing expected, found null",
        ),
        (
            r#"{"op":"not","args":[{"op":"=","args":[1,1],"op":"<"}]}"#,
            "JSON pointer \"/args/0\": member \"op\" stands twice in one object",
        ),
        (
            r#"{"property":"a","b/c~":1}"#,
            "JSON pointer \"/b~1c~0\": no such member expected, found 1",
        ),
        (r#"{"op":"=","args":[1]}"#, "JSON pointer \"\": \"=\" takes 2 arguments, not 1"),
        (
            r#"{"op":"and","args":[true]}"#,
            "JSON pointer \"\": \"and\" takes two or more arguments, not 1",
        ),
        (
            r#"{"op":"between","args":[1,2]}"#,
            "JSON pointer \"\": \"between\" takes 3 arguments, not 2",
        ),
        (
            r#"{"op":"in","args":[1,[]]}"#,
            "JSON pointer \"/args/1\": an array of one or more values expected, found an array",
        ),
        (r#"{"op":5,"args":[]}"#, "JSON pointer \"/op\": an operator's name expected, found 5"),
        (
            r#"{"op":"=","args":1}"#,
            "JSON pointer \"\": args, an array expected, found {\"op\":\"=\",\"args\":1}",
        ),
        (
            r#"{"op":"date","args":[]}"#,
            "JSON pointer \"/op\": an operator or the name of a function expected, found \"date\"",
        ),
        (
            r#"{"op":"a b","args":[]}"#,
            "JSON pointer \"/op\": an operator or the name of a function expected, found \"a b\"",
        ),
        (r#"{"property":""}"#, "JSON pointer \"/property\": a name expected, found \"\""),
        (
            r#"{"date":"2026-02-30"}"#,
            "JSON pointer \"/date\": \"2026-02-30\" is no time: no such day in the calendar",
        ),
        (
            r#"{"interval":[".."]}"#,
            "JSON pointer \"/interval\": \"interval\" takes 2 arguments, not 1",
        ),
        (r#"{"bbox":[1,2,3,"x"]}"#, "JSON pointer \"/bbox/3\": a number expected, found \"x\""),
        (r#"{"bbox":[1,2,3]}"#, "JSON pointer \"/bbox\": \"bbox\" takes 4 or 6 arguments, not 3"),
        (
            r#"{"op":"s_within","args":[{"property":"geom"},{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}]}"#,
            "JSON pointer \"/args/1\": the geometry is not usable: a ring does not end where it begins",
        ),
        (
            r#"{"type":"Circle","coordinates":[1,2]}"#,
            "JSON pointer \"\": the geometry is not usable: an unknown type of geometry",
        ),
        (
            r#"{"type":"Point","coordinates":[1,1e309]}"#,
            "JSON pointer \"\": the geometry is not usable: a number too large",
        ),
        (
            r#"{"op":"a_equals","args":[1,[1]]}"#,
            "JSON pointer \"/args/0\": an array, property or function expected, found 1",
        ),
        (
            "{}",
            "JSON pointer \"\": op with args, property, date, timestamp, interval, bbox or a GeoJSON geometry expected, found {}",
        ),
    ] {
        refused_json(json, expected);
    }
}

fn fault(text: &str, limits: &Limits) -> Fault {
    let error = parse_text(text, limits).unwrap_err();
    assert!(error.is_over_limit(), "{error}");
    error.fault
}

#[test]
fn limits_hold() {
    let limits =
        Limits { bytes: 1 << 20, depth: 32, literals: 100, list_members: 50, vertices: 20 };
    let many = |count: usize, one: &str, between: &str| vec![one; count].join(between);
    let cases = [
        (
            format!("a = '{}'", "x".repeat(1 << 20)),
            Fault::TooLong { found: (1 << 20) + 6, limit: 1 << 20 },
        ),
        (format!("{}a = 1{}", "(".repeat(33), ")".repeat(33)), Fault::TooDeep { limit: 32 }),
        (format!("{} a", "NOT ".repeat(33)), Fault::TooDeep { limit: 32 }),
        (format!("a = {}b", "-".repeat(33)), Fault::TooDeep { limit: 32 }),
        (format!("a = {}", many(40, "b", "+")), Fault::TooDeep { limit: 32 }),
        (format!("a = {}1{}", "f(".repeat(33), ")".repeat(33)), Fault::TooDeep { limit: 32 }),
        (
            format!("A_EQUALS(a,{}1{})", "[".repeat(33), "]".repeat(33)),
            Fault::TooDeep { limit: 32 },
        ),
        (many(101, "a = 1", " OR "), Fault::TooManyLiterals { limit: 100 }),
        (format!("a IN ({})", many(51, "1", ",")), Fault::ListTooLong { limit: 50 }),
        (
            format!("S_INTERSECTS(geom,MULTIPOINT({}))", many(21, "1 1", ",")),
            Fault::TooManyVertices { limit: 20 },
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(fault(&text, &limits), expected, "{}", &text[..40]);
    }
    let fits = [
        format!("{}a = 1{}", "(".repeat(32), ")".repeat(32)),
        many(100, "a = 1", " OR "),
        format!("a IN ({})", many(50, "'x'", ",")),
    ];
    for text in fits {
        let expression = parse_text(&text, &limits).unwrap();
        assert!(parse_json(&write_json(&expression), &limits) == Ok(expression), "{text}");
    }
}

#[test]
fn a_hundred_thousand_levels_are_refused_at_once() {
    let deep = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(100_000), close.repeat(100_000))
    };
    let limits = Limits { bytes: usize::MAX, ..Limits::BODY };
    for (open, close) in
        [("(", ")"), ("NOT ", ""), ("-", ""), ("f(", ")"), ("CASEI(", ")"), ("[", "]")]
    {
        assert_eq!(fault(&deep(open, "a", close), &limits), Fault::TooDeep { limit: 32 }, "{open}");
    }
    let collections = format!("S_WITHIN(geom,{})", deep("GEOMETRYCOLLECTION(", "POINT(1 1)", ")"));
    assert!(matches!(parse_text(&collections, &limits).unwrap_err().fault, Fault::Geometry { .. }));
    for (open, inner, close) in [
        (r#"{"op":"not","args":["#, "true", "]}"),
        ("[", "1", "]"),
        (r#"{"type":"GeometryCollection","geometries":["#, "1", "]}"),
    ] {
        let error = parse_json(&deep(open, inner, close), &limits).unwrap_err();
        assert_eq!(error.fault, Fault::TooDeep { limit: 32 }, "{open}");
    }
}
