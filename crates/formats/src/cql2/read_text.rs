//! Reads CQL2 text by recursive descent.
//!
//! From the outside in: `OR`, `AND`, `NOT`, one predicate, `+ -`, `* / % div`, `^`, a sign, a
//! primary. *Invariant:* whatever recurses has asked [`Tally::depth`] before, so that no text
//! overflows the stack.

use spatial::Expression;
use spatial::filter::{Arithmetic, Comparison, Literal, Number};

use super::lexer::{Lexer, Token, is_keyword};
use super::read_call::begins_geometry;
use super::tally::Tally;
use super::{Cql2Error, Fault, Limits};

/// Words that name neither a property without quotes nor a function.
pub(super) const RESERVED: [&str; 9] =
    ["AND", "OR", "NOT", "IS", "NULL", "LIKE", "BETWEEN", "IN", "DIV"];

/// Words that name no function, since text or JSON means something else by them.
pub(super) const NO_FUNCTIONS: [&str; 3] = ["TRUE", "FALSE", "ISNULL"];

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

pub(super) struct Parser<'a> {
    pub(super) lexer: Lexer<'a>,
    /// The token that comes next, and where it begins.
    pub(super) token: Token<'a>,
    pub(super) start: usize,
    pub(super) tally: Tally<'a>,
}

/// An expression and how many levels it has; a leaf has none.
pub(super) struct Tree {
    pub(super) expression: Expression,
    pub(super) height: usize,
}

pub(super) type Read<T> = Result<T, Cql2Error>;

impl<'a> Parser<'a> {
    pub(super) fn error(&self, expected: &'static str) -> Cql2Error {
        self.lexer.error_at(self.start, expected)
    }

    pub(super) fn fault<T>(&self, result: Result<T, Fault>) -> Read<T> {
        result.map_err(|fault| Cql2Error::at_byte(self.start, fault))
    }

    pub(super) fn advance(&mut self) -> Read<Token<'a>> {
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

    pub(super) fn take_sign(&mut self, sign: &'static str) -> Read<bool> {
        let found = self.token == Token::Sign(sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn expect_sign(&mut self, sign: &'static str, expected: &'static str) -> Read<()> {
        if self.take_sign(sign)? { Ok(()) } else { Err(self.error(expected)) }
    }

    /// A tree one level above `parts`; refused where it is too high.
    pub(super) fn above(&self, expression: Expression, parts: &[usize]) -> Read<Tree> {
        let height = 1 + parts.iter().max().copied().unwrap_or_default();
        self.fault(self.tally.depth(height))?;
        Ok(Tree { expression, height })
    }

    pub(super) fn literal(&mut self, literal: Literal) -> Read<Tree> {
        let counted = self.tally.literal();
        self.fault(counted)?;
        Ok(Tree { expression: Expression::Literal(literal), height: 0 })
    }

    pub(super) fn any_of(&mut self, depth: usize) -> Read<Tree> {
        let first = self.all_of(depth)?;
        if !self.at_keyword("OR") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_keyword("OR")? {
            parts.push(self.all_of(depth)?);
        }
        self.joined(parts, Expression::any)
    }

    fn all_of(&mut self, depth: usize) -> Read<Tree> {
        let first = self.negated(depth)?;
        if !self.at_keyword("AND") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take_keyword("AND")? {
            parts.push(self.negated(depth)?);
        }
        self.joined(parts, Expression::all)
    }

    fn joined(&self, parts: Vec<Tree>, join: fn(Vec<Expression>) -> Expression) -> Read<Tree> {
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

    pub(super) fn sum(&mut self, depth: usize) -> Read<Tree> {
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

    pub(super) fn primary(&mut self, depth: usize) -> Read<Tree> {
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
    pub(super) fn list(
        &mut self,
        depth: usize,
        open: &'static str,
        close: &'static str,
    ) -> Read<Tree> {
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
}

fn negated_number(number: Number) -> Number {
    match number {
        Number::Int(value) => {
            value.checked_neg().map_or(Number::Real(-(value as f64)), Number::Int)
        }
        Number::Real(value) => Number::Real(-value),
    }
}
