//! Reads what CQL2 text writes like a function: standard functions, literals, geometries, and
//! functions of other names.

use spatial::filter::{ArrayRelation, Bbox, Bound, Literal, TemporalRelation, Time, TimeFault};
use spatial::{Expression, Predicate};

use super::lexer::{Token, continues_name, is_keyword, starts_name};
use super::read_text::{NO_FUNCTIONS, Parser, RESERVED, Read, Tree};
use super::{Cql2Error, Fault};
use crate::wkt::read_wkt_start;

/// Words that begin a geometry when dimensions or a parenthesis follow.
const GEOMETRIES: [&str; 7] = [
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
];

impl<'a> Parser<'a> {
    /// A function, or a literal that is written like one, called `word`.
    pub(super) fn call(&mut self, word: &'a str, depth: usize) -> Read<Tree> {
        self.fault(self.tally.depth(depth + 1))?;
        if GEOMETRIES.iter().any(|name| is_geometry_name(word, name)) {
            return self.geometry();
        }
        let start = self.start;
        self.advance()?;
        self.advance()?;
        let named = |name: &str| is_keyword(word, name);
        let tree = if named("DATE") || named("TIMESTAMP") {
            let time = self.time(named("DATE"))?;
            self.literal(Literal::Time(time))?
        } else if named("BBOX") {
            self.bbox(start)?
        } else if named("INTERVAL") {
            let first = self.bound(depth + 1)?;
            self.expect_sign(",", "',' and the end of the interval")?;
            let second = self.bound(depth + 1)?;
            let heights = [first.1, second.1];
            self.above(Expression::Interval(Box::new([first.0, second.0])), &heights)?
        } else if named("CASEI") || named("ACCENTI") {
            let operand = self.sum(depth + 1)?;
            let fold = if named("CASEI") { Expression::CaseFold } else { Expression::AccentFold };
            self.above(fold(Box::new(operand.expression)), &[operand.height])?
        } else if let Some(predicate) = predicate_named(word) {
            let (operands, heights) = self.two(depth, Self::sum)?;
            self.above(Expression::Spatial(predicate, operands), &heights)?
        } else if let Some(relation) = TemporalRelation::named(word) {
            let (operands, heights) = self.two(depth, Self::sum)?;
            self.above(Expression::Temporal(relation, operands), &heights)?
        } else if let Some(relation) = ArrayRelation::named(word) {
            let (operands, heights) = self.two(depth, Self::array)?;
            self.above(Expression::Array(relation, operands), &heights)?
        } else {
            // As `2024年(`, which names a property but no function.
            if !is_function_name(word) {
                return Err(self.lexer.error_at(start, "the name of a function"));
            }
            return self.function(word, depth);
        };
        self.expect_sign(")", "')'")?;
        Ok(tree)
    }

    fn two(
        &mut self,
        depth: usize,
        read: fn(&mut Self, usize) -> Read<Tree>,
    ) -> Read<(Box<[Expression; 2]>, [usize; 2])> {
        let first = read(self, depth + 1)?;
        self.expect_sign(",", "',' and a second argument")?;
        let second = read(self, depth + 1)?;
        let heights = [first.height, second.height];
        Ok((Box::new([first.expression, second.expression]), heights))
    }

    /// An argument of an array function: parentheses are an array even around one member.
    fn array(&mut self, depth: usize) -> Read<Tree> {
        if self.token == Token::Sign("(") {
            return self.list(depth, "(", ")");
        }
        let start = self.start;
        let operand = self.primary(depth)?;
        if is_array(&operand.expression) {
            Ok(operand)
        } else {
            Err(self.lexer.error_at(start, "an array, property or function"))
        }
    }

    fn function(&mut self, name: &str, depth: usize) -> Read<Tree> {
        let mut arguments = Vec::new();
        if !self.take_sign(")")? {
            loop {
                arguments.push(self.any_of(depth + 1)?);
                if !self.take_sign(",")? {
                    break;
                }
            }
            self.expect_sign(")", "',' or ')'")?;
        }
        let heights: Vec<_> = arguments.iter().map(|argument| argument.height).collect();
        let arguments = arguments.into_iter().map(|argument| argument.expression).collect();
        self.above(Expression::Function(name.to_owned(), arguments), &heights)
    }

    /// The text of a date, or of an instant.
    fn time(&mut self, date: bool) -> Read<Time> {
        let Token::Text(text) = &self.token else {
            return Err(self.error("a time in single quotes"));
        };
        let time = Time::parse(text).and_then(|time| match (&time, date) {
            (Time::Date(_), true) | (Time::Instant(_), false) => Ok(time),
            (Time::Date(_), false) => Err(wrong_time(text, "TIMESTAMP takes a time of day too")),
            (Time::Instant(_), true) => Err(wrong_time(text, "DATE takes a day alone")),
        });
        let time = self.fault(time.map_err(Fault::Time))?;
        self.advance()?;
        Ok(time)
    }

    /// One end of an interval, and its levels.
    fn bound(&mut self, depth: usize) -> Read<(Bound, usize)> {
        let start = self.start;
        let end = self.sum(depth)?;
        // However a text comes here, in parentheses or after a sign, it is a time or `..`.
        let Expression::Literal(Literal::Text(text)) = &end.expression else {
            return Ok((Bound::At(end.expression), end.height));
        };
        if text == ".." {
            return Ok((Bound::Open, 0));
        }
        let time =
            Time::parse(text).map_err(|fault| Cql2Error::at_byte(start, Fault::Time(fault)))?;
        Ok((Bound::At(Expression::Literal(Literal::Time(time))), 0))
    }

    fn bbox(&mut self, start: usize) -> Read<Tree> {
        let mut numbers = vec![self.coordinate()?];
        while self.take_sign(",")? {
            numbers.push(self.coordinate()?);
        }
        let bbox = bbox_of(&numbers).map_err(|fault| Cql2Error::at_byte(start, fault))?;
        let counted = self.tally.vertices(2);
        self.fault(counted)?;
        self.literal(Literal::Bbox(bbox))
    }

    fn coordinate(&mut self) -> Read<f64> {
        let minus = self.take_sign("-")?;
        if !minus {
            self.take_sign("+")?;
        }
        let Token::Number(number) = self.token else { return Err(self.error("a number")) };
        self.advance()?;
        Ok(if minus { -number.as_f64() } else { number.as_f64() })
    }

    /// Well-known text, which the token at hand begins.
    fn geometry(&mut self) -> Read<Tree> {
        let start = self.start;
        let at = |at: usize, reason| Cql2Error::at_byte(at, Fault::Geometry { reason });
        let (read, length) = read_wkt_start(&self.lexer.text[start..])
            .map_err(|error| at(start + error.at, error.reason))?;
        let read = read.ok_or_else(|| at(start, "it is empty"))?;
        if !read.mended.is_empty() {
            return Err(at(start, "a ring does not end where it begins"));
        }
        let mut geometry = read.geometry;
        geometry.m.clear();
        let counted = self.tally.vertices(geometry.vertex_count());
        self.fault(counted)?;
        self.lexer.at = start + length;
        self.advance()?;
        self.literal(Literal::Geometry(geometry))
    }
}

/// Whether an array function takes `operand`.
pub(super) fn is_array(operand: &Expression) -> bool {
    matches!(operand, Expression::List(_) | Expression::Property(_) | Expression::Function(..))
}

/// Whether text can call a function by this name.
pub(super) fn is_function_name(name: &str) -> bool {
    const LITERALS: [&str; 4] = ["DATE", "TIMESTAMP", "INTERVAL", "BBOX"];
    let mut chars = name.chars();
    chars.next().is_some_and(starts_name)
        && chars.all(continues_name)
        && !RESERVED.iter().chain(&NO_FUNCTIONS).chain(&LITERALS).any(|word| is_keyword(name, word))
        && !GEOMETRIES.iter().any(|word| is_geometry_name(name, word))
}

/// The box with these numbers.
pub(super) fn bbox_of(numbers: &[f64]) -> Result<Bbox, Fault> {
    match *numbers {
        [a, b, c, d] => Ok(Bbox { corners: [a, b, c, d], heights: None }),
        [a, b, low, c, d, high] => Ok(Bbox { corners: [a, b, c, d], heights: Some([low, high]) }),
        _ => Err(Fault::ArgumentCount {
            operator: "bbox".to_owned(),
            wanted: "4 or 6",
            found: numbers.len(),
        }),
    }
}

/// The predicate whose function is called `name`, as in `S_INTERSECTS`.
pub(super) fn predicate_named(name: &str) -> Option<Predicate> {
    let prefix = name.get(..2).filter(|prefix| prefix.eq_ignore_ascii_case("s_"))?;
    let rest = &name[prefix.len()..];
    Predicate::ALL.into_iter().find(|predicate| predicate.name().eq_ignore_ascii_case(rest))
}

pub(super) fn wrong_time(text: &str, reason: &'static str) -> TimeFault {
    TimeFault { text: text.chars().take(40).collect(), reason }
}

/// Whether `word` is `name`, with dimensions perhaps: `POINT`, `PointZ`.
fn is_geometry_name(word: &str, name: &str) -> bool {
    let (head, tail) = word.split_at_checked(name.len()).unwrap_or((word, ""));
    is_keyword(head, name) && ["", "Z", "M", "ZM"].iter().any(|tag| is_keyword(tail, tag))
}

/// Whether well-known text begins with `word`, though no parenthesis follows it.
pub(super) fn begins_geometry(word: &str, next: &Token<'_>) -> bool {
    let dimensions = matches!(next, Token::Word(next)
        if ["Z", "M", "ZM", "EMPTY"].iter().any(|tag| is_keyword(next, tag)));
    dimensions && GEOMETRIES.iter().any(|name| is_geometry_name(word, name))
}
