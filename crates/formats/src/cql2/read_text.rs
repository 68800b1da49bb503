//! Reads CQL2 text by recursive descent.
//!
//! From the outside in: `OR`, `AND`, `NOT`, one predicate, `+ -`, `* / % div`, `^`, a sign, a
//! primary. *Invariant:* whatever recurses has asked [`Tally::depth`] before, so that no text
//! overflows the stack.

use spatial::filter::{
    Arithmetic, ArrayRelation, Bbox, Bound, Comparison, Literal, Number, TemporalRelation, Time,
    TimeFault,
};
use spatial::{Expression, Predicate};

use super::lexer::{Lexer, Token, continues_name, is_keyword, starts_name};
use super::tally::Tally;
use super::{Cql2Error, Fault, Limits};
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

/// Words that name neither a property without quotes nor a function.
const RESERVED: [&str; 9] = ["AND", "OR", "NOT", "IS", "NULL", "LIKE", "BETWEEN", "IN", "DIV"];

/// Words that name no function, since text or JSON means something else by them.
const NO_FUNCTIONS: [&str; 3] = ["TRUE", "FALSE", "ISNULL"];

/// Reads a filter written as CQL2 text.
pub fn parse_text(text: &str, limits: &Limits) -> Result<Expression, Cql2Error> {
    let tally =
        Tally::new(limits, text.len()).map_err(|fault| Cql2Error::at_byte(limits.bytes, fault))?;
    let mut lexer = Lexer::new(text);
    let (token, start) = lexer.next()?;
    let mut parser = Parser { lexer, token, start, tally };
    let tree = parser.any_of(0)?;
    match parser.token {
        Token::End => Ok(tree.expression),
        _ => Err(parser.error("AND, OR or the end")),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token that comes next, and where it begins.
    token: Token<'a>,
    start: usize,
    tally: Tally<'a>,
}

/// An expression and how many levels it has; a leaf has none.
struct Tree {
    expression: Expression,
    height: usize,
}

type Read<T> = Result<T, Cql2Error>;

impl<'a> Parser<'a> {
    fn error(&self, expected: &'static str) -> Cql2Error {
        self.lexer.error_at(self.start, expected)
    }

    fn fault<T>(&self, result: Result<T, Fault>) -> Read<T> {
        result.map_err(|fault| Cql2Error::at_byte(self.start, fault))
    }

    fn advance(&mut self) -> Read<Token<'a>> {
        let (next, start) = self.lexer.next()?;
        self.start = start;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        matches!(self.token, Token::Word(word) if is_keyword(word, keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> Read<bool> {
        let found = self.at_keyword(keyword);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn take_sign(&mut self, sign: &'static str) -> Read<bool> {
        let found = self.token == Token::Sign(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect_sign(&mut self, sign: &'static str, expected: &'static str) -> Read<()> {
        if self.take_sign(sign)? { Ok(()) } else { Err(self.error(expected)) }
    }

    /// A tree one level above `parts`; refused where it is too high.
    fn above(&self, expression: Expression, parts: &[usize]) -> Read<Tree> {
        let height = 1 + parts.iter().max().copied().unwrap_or_default();
        self.fault(self.tally.depth(height))?;
        Ok(Tree { expression, height })
    }

    fn literal(&mut self, literal: Literal) -> Read<Tree> {
        let counted = self.tally.literal();
        self.fault(counted)?;
        Ok(Tree { expression: Expression::Literal(literal), height: 0 })
    }

    fn any_of(&mut self, depth: usize) -> Read<Tree> {
        let mut parts = vec![self.all_of(depth)?];
        while self.take_keyword("OR")? {
            parts.push(self.all_of(depth)?);
        }
        self.joined(parts, Expression::any)
    }

    fn all_of(&mut self, depth: usize) -> Read<Tree> {
        let mut parts = vec![self.negated(depth)?];
        while self.take_keyword("AND")? {
            parts.push(self.negated(depth)?);
        }
        self.joined(parts, Expression::all)
    }

    fn joined(&self, mut parts: Vec<Tree>, join: fn(Vec<Expression>) -> Expression) -> Read<Tree> {
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let heights: Vec<_> = parts.iter().map(|part| part.height).collect();
        self.above(join(parts.into_iter().map(|part| part.expression).collect()), &heights)
    }

    fn negated(&mut self, depth: usize) -> Read<Tree> {
        if !self.at_keyword("NOT") {
            return self.predicate(depth);
        }
        self.fault(self.tally.depth(depth + 1))?;
        self.advance()?;
        let part = self.negated(depth + 1)?;
        self.not(part)
    }

    fn not(&self, part: Tree) -> Read<Tree> {
        self.above(Expression::Not(Box::new(part.expression)), &[part.height])
    }

    fn predicate(&mut self, depth: usize) -> Read<Tree> {
        let left = self.sum(depth)?;
        if let Token::Sign(sign) = self.token
            && let Some(op) = Comparison::named(sign)
        {
            self.advance()?;
            let right = self.sum(depth)?;
            let heights = [left.height, right.height];
            return self
                .above(Expression::compare(op, left.expression, right.expression), &heights);
        }
        if self.take_keyword("IS")? {
            let negated = self.take_keyword("NOT")?;
            if !self.take_keyword("NULL")? {
                return Err(self.error("NULL"));
            }
            let test = self.above(Expression::IsNull(Box::new(left.expression)), &[left.height])?;
            return if negated { self.not(test) } else { Ok(test) };
        }
        let negated = self.take_keyword("NOT")?;
        let test = if self.take_keyword("LIKE")? {
            let pattern = self.sum(depth)?;
            let heights = [left.height, pattern.height];
            self.above(Expression::Like(Box::new([left.expression, pattern.expression])), &heights)?
        } else if self.take_keyword("BETWEEN")? {
            let low = self.sum(depth)?;
            if !self.take_keyword("AND")? {
                return Err(self.error("AND and the upper bound"));
            }
            let high = self.sum(depth)?;
            let heights = [left.height, low.height, high.height];
            let operands = [left.expression, low.expression, high.expression];
            self.above(Expression::Between(Box::new(operands)), &heights)?
        } else if self.take_keyword("IN")? {
            self.choices(left, depth)?
        } else if negated {
            return Err(self.error("LIKE, BETWEEN or IN"));
        } else {
            return Ok(left);
        };
        if negated { self.not(test) } else { Ok(test) }
    }

    fn choices(&mut self, left: Tree, depth: usize) -> Read<Tree> {
        self.fault(self.tally.depth(depth + 1))?;
        self.expect_sign("(", "'(' and the values of IN")?;
        let (mut list, mut height) = (Vec::new(), left.height);
        loop {
            let before = self.tally.mark();
            let member = self.any_of(depth + 1)?;
            let counted = self.tally.list_member(before);
            self.fault(counted)?;
            height = height.max(member.height);
            list.push(member.expression);
            if !self.take_sign(",")? {
                break;
            }
        }
        self.expect_sign(")", "',' or ')'")?;
        self.above(Expression::In(Box::new(left.expression), list), &[height])
    }

    fn sum(&mut self, depth: usize) -> Read<Tree> {
        let mut left = self.product(depth)?;
        loop {
            let op = match self.token {
                Token::Sign("+") => Arithmetic::Add,
                Token::Sign("-") => Arithmetic::Subtract,
                _ => return Ok(left),
            };
            self.advance()?;
            let right = self.product(depth)?;
            left = self.combined(op, left, right)?;
        }
    }

    fn product(&mut self, depth: usize) -> Read<Tree> {
        let mut left = self.power(depth)?;
        loop {
            let op = match self.token {
                Token::Sign("*") => Arithmetic::Multiply,
                Token::Sign("/") => Arithmetic::Divide,
                Token::Sign("%") => Arithmetic::Modulo,
                Token::Word(word) if is_keyword(word, "DIV") => Arithmetic::IntegerDivide,
                _ => return Ok(left),
            };
            self.advance()?;
            let right = self.power(depth)?;
            left = self.combined(op, left, right)?;
        }
    }

    /// A power; a power of a power is written in parentheses, since nobody agrees on which.
    fn power(&mut self, depth: usize) -> Read<Tree> {
        let left = self.signed(depth)?;
        if !self.take_sign("^")? {
            return Ok(left);
        }
        let right = self.signed(depth)?;
        if self.token == Token::Sign("^") {
            return Err(self.error("parentheses around one of the powers"));
        }
        self.combined(Arithmetic::Power, left, right)
    }

    fn combined(&self, op: Arithmetic, left: Tree, right: Tree) -> Read<Tree> {
        let heights = [left.height, right.height];
        let operands = Box::new([left.expression, right.expression]);
        self.above(Expression::Arithmetic(op, operands), &heights)
    }

    fn signed(&mut self, depth: usize) -> Read<Tree> {
        let minus = match self.token {
            Token::Sign("-") => true,
            Token::Sign("+") => false,
            _ => return self.primary(depth),
        };
        self.fault(self.tally.depth(depth + 1))?;
        self.advance()?;
        let operand = self.signed(depth + 1)?;
        match operand.expression {
            _ if !minus => Ok(operand),
            Expression::Literal(Literal::Number(number)) => {
                let negative = Expression::Literal(Literal::Number(negated_number(number)));
                Ok(Tree { expression: negative, height: 0 })
            }
            _ => {
                let one = Tree { expression: Expression::int(-1), height: 0 };
                self.combined(Arithmetic::Multiply, one, operand)
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Read<Tree> {
        let property = |name: String| Tree { expression: Expression::Property(name), height: 0 };
        match &mut self.token {
            Token::Text(text) => {
                let text = std::mem::take(text);
                self.advance()?;
                self.literal(Literal::Text(text))
            }
            Token::Number(number) => {
                let number = *number;
                self.advance()?;
                self.literal(Literal::Number(number))
            }
            Token::Quoted(name) => {
                let name = std::mem::take(name);
                self.advance()?;
                Ok(property(name))
            }
            Token::Sign("(") => self.grouped(depth),
            Token::Sign("[") => self.list(depth, "[", "]"),
            Token::Word(word) => {
                let word = *word;
                let one_of = |names: &[&str]| names.iter().any(|name| is_keyword(word, name));
                if one_of(&RESERVED) {
                    return Err(self.error("a value, property or function"));
                }
                let (next, _) = self.lexer.peek()?;
                if next == Token::Sign("(") || begins_geometry(word, &next) {
                    if one_of(&NO_FUNCTIONS) {
                        return Err(self.error("a value, property or function"));
                    }
                    return self.call(word, depth);
                }
                self.advance()?;
                match word {
                    _ if is_keyword(word, "TRUE") => self.literal(Literal::Bool(true)),
                    _ if is_keyword(word, "FALSE") => self.literal(Literal::Bool(false)),
                    _ => Ok(property(word.to_owned())),
                }
            }
            _ => Err(self.error("a value, property or function")),
        }
    }

    /// What stands in parentheses: an expression, or with a comma or nothing in it an array.
    fn grouped(&mut self, depth: usize) -> Read<Tree> {
        self.fault(self.tally.depth(depth + 1))?;
        self.advance()?;
        if self.take_sign(")")? {
            return self.above(Expression::List(Vec::new()), &[]);
        }
        let first = self.any_of(depth + 1)?;
        if self.take_sign(")")? {
            return Ok(first);
        }
        self.list_after(vec![first], depth, ")")
    }

    /// An array between brackets.
    fn list(&mut self, depth: usize, open: &'static str, close: &'static str) -> Read<Tree> {
        self.fault(self.tally.depth(depth + 1))?;
        self.expect_sign(open, "an array")?;
        if self.take_sign(close)? {
            return self.above(Expression::List(Vec::new()), &[]);
        }
        let first = self.any_of(depth + 1)?;
        if self.take_sign(close)? {
            return self.above(Expression::List(vec![first.expression]), &[first.height]);
        }
        self.list_after(vec![first], depth, close)
    }

    /// The rest of an array, from its first comma on.
    fn list_after(
        &mut self,
        mut members: Vec<Tree>,
        depth: usize,
        close: &'static str,
    ) -> Read<Tree> {
        while self.take_sign(",")? {
            members.push(self.any_of(depth + 1)?);
        }
        self.expect_sign(close, "',' or a closing bracket")?;
        let heights: Vec<_> = members.iter().map(|member| member.height).collect();
        let members = members.into_iter().map(|member| member.expression).collect();
        self.above(Expression::List(members), &heights)
    }

    /// A function, or a literal that is written like one, called `word`.
    fn call(&mut self, word: &'a str, depth: usize) -> Read<Tree> {
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
        let Token::Text(text) = &self.token else {
            let end = self.sum(depth)?;
            return Ok((Bound::At(end.expression), end.height));
        };
        if text == ".." {
            self.advance()?;
            return Ok((Bound::Open, 0));
        }
        let time = self.fault(Time::parse(text).map_err(Fault::Time))?;
        self.advance()?;
        Ok((Bound::At(self.literal(Literal::Time(time))?.expression), 0))
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

fn negated_number(number: Number) -> Number {
    match number {
        Number::Int(value) => {
            value.checked_neg().map_or(Number::Real(-(value as f64)), Number::Int)
        }
        Number::Real(value) => Number::Real(-value),
    }
}

/// Whether `word` is `name`, with dimensions perhaps: `POINT`, `PointZ`.
fn is_geometry_name(word: &str, name: &str) -> bool {
    let (head, tail) = word.split_at_checked(name.len()).unwrap_or((word, ""));
    is_keyword(head, name) && ["", "Z", "M", "ZM"].iter().any(|tag| is_keyword(tail, tag))
}

/// Whether well-known text begins with `word`, though no parenthesis follows it.
fn begins_geometry(word: &str, next: &Token<'_>) -> bool {
    let dimensions = matches!(next, Token::Word(next)
        if ["Z", "M", "ZM", "EMPTY"].iter().any(|tag| is_keyword(next, tag)));
    dimensions && GEOMETRIES.iter().any(|name| is_geometry_name(word, name))
}
