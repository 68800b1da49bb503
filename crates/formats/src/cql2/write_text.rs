//! Writes CQL2 text in its canonical form: one expression, one text.

use spatial::Expression;
use spatial::filter::{Arithmetic, Bbox, Bound, Literal, Number, Time};

use super::lexer::{identifier, push_quoted};
use crate::number::push_number;
use crate::wkt::write_wkt;

/// How tightly an expression holds together; the grammar of text from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hold {
    Or,
    And,
    Not,
    Predicate,
    Sum,
    Product,
    Power,
    Primary,
}

/// `expression` as CQL2 text: keywords and names of standard functions in capitals, no more
/// parentheses than it takes to read the same back.
pub fn write_text(expression: &Expression) -> String {
    let mut writer = TextWriter { out: String::new() };
    writer.within(expression, Hold::Or);
    writer.out
}

struct TextWriter {
    out: String,
}

impl TextWriter {
    /// Writes `expression` where only what holds as tightly as `least` needs no parentheses.
    fn within(&mut self, expression: &Expression, least: Hold) {
        let loose = hold(expression) < least;
        if loose {
            self.out.push('(');
        }
        self.bare(expression);
        if loose {
            self.out.push(')');
        }
    }

    fn bare(&mut self, expression: &Expression) {
        match expression {
            Expression::Literal(literal) => self.literal(literal),
            Expression::Property(name) => self.out.push_str(&identifier(name)),
            Expression::And(parts) => self.list(parts, " AND ", Hold::Not),
            Expression::Or(parts) => self.list(parts, " OR ", Hold::And),
            Expression::Not(part) => {
                self.out.push_str("NOT ");
                self.within(part, Hold::Not);
            }
            Expression::Compare(op, operands) => {
                self.infix(operands, op.name(), [Hold::Sum, Hold::Sum]);
            }
            Expression::Like(operands) => self.infix(operands, "LIKE", [Hold::Sum, Hold::Sum]),
            Expression::Between(operands) => {
                let [value, low, high] = &**operands;
                self.within(value, Hold::Sum);
                self.out.push_str(" BETWEEN ");
                self.within(low, Hold::Sum);
                self.out.push_str(" AND ");
                self.within(high, Hold::Sum);
            }
            Expression::In(value, list) => {
                self.within(value, Hold::Sum);
                self.out.push_str(" IN (");
                self.list(list, ", ", Hold::Or);
                self.out.push(')');
            }
            Expression::IsNull(operand) => {
                self.within(operand, Hold::Sum);
                self.out.push_str(" IS NULL");
            }
            Expression::CaseFold(operand) => self.call("CASEI", std::slice::from_ref(operand)),
            Expression::AccentFold(operand) => self.call("ACCENTI", std::slice::from_ref(operand)),
            Expression::Arithmetic(op, operands) => {
                let holds = match hold(expression) {
                    Hold::Sum => [Hold::Sum, Hold::Product],
                    Hold::Product => [Hold::Product, Hold::Power],
                    _ => [Hold::Primary, Hold::Primary],
                };
                self.infix(operands, op.name(), holds);
            }
            Expression::Spatial(predicate, operands) => {
                let name = format!("S_{}", predicate.name().to_ascii_uppercase());
                self.call(&name, &**operands);
            }
            Expression::Temporal(relation, operands) => {
                self.call(&relation.name().to_ascii_uppercase(), &**operands);
            }
            Expression::Array(relation, operands) => {
                self.out.push_str(&relation.name().to_ascii_uppercase());
                for (position, operand) in operands.iter().enumerate() {
                    self.out.push_str(if position == 0 { "(" } else { ", " });
                    match operand {
                        Expression::List(members) => self.enclosed(members, ['(', ')']),
                        other => self.within(other, Hold::Sum),
                    }
                }
                self.out.push(')');
            }
            // Parentheses around one member would only group it.
            Expression::List(members) if members.len() == 1 => self.enclosed(members, ['[', ']']),
            Expression::List(members) => self.enclosed(members, ['(', ')']),
            Expression::Interval(bounds) => {
                self.out.push_str("INTERVAL(");
                self.bound(&bounds[0]);
                self.out.push_str(", ");
                self.bound(&bounds[1]);
                self.out.push(')');
            }
            Expression::Function(name, arguments) => self.call(name, arguments),
        }
    }

    fn list(&mut self, parts: &[Expression], between: &str, least: Hold) {
        for (position, part) in parts.iter().enumerate() {
            if position > 0 {
                self.out.push_str(between);
            }
            self.within(part, least);
        }
    }

    fn enclosed(&mut self, parts: &[Expression], [open, close]: [char; 2]) {
        self.out.push(open);
        self.list(parts, ", ", Hold::Or);
        self.out.push(close);
    }

    fn infix(&mut self, [left, right]: &[Expression; 2], op: &str, holds: [Hold; 2]) {
        self.within(left, holds[0]);
        self.out.push(' ');
        self.out.push_str(op);
        self.out.push(' ');
        self.within(right, holds[1]);
    }

    fn call<E: std::borrow::Borrow<Expression>>(&mut self, name: &str, arguments: &[E]) {
        self.out.push_str(name);
        self.out.push('(');
        for (position, argument) in arguments.iter().enumerate() {
            if position > 0 {
                self.out.push_str(", ");
            }
            self.within(argument.borrow(), Hold::Sum);
        }
        self.out.push(')');
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Bool(value) => self.out.push_str(if *value { "TRUE" } else { "FALSE" }),
            Literal::Number(number) => push_exact(&mut self.out, *number),
            Literal::Text(text) => push_quoted(&mut self.out, text, '\''),
            Literal::Time(time) => {
                let name = match time {
                    Time::Date(_) => "DATE",
                    Time::Instant(_) => "TIMESTAMP",
                };
                self.out.push_str(&format!("{name}('{time}')"));
            }
            Literal::Geometry(geometry) => write_wkt(geometry, &mut self.out),
            Literal::Bbox(bbox) => {
                self.out.push_str("BBOX(");
                for (position, number) in bbox_numbers(bbox).into_iter().enumerate() {
                    if position > 0 {
                        self.out.push_str(", ");
                    }
                    push_number(&mut self.out, number);
                }
                self.out.push(')');
            }
        }
    }

    fn bound(&mut self, bound: &Bound) {
        match bound {
            Bound::Open => self.out.push_str("'..'"),
            Bound::At(Expression::Literal(Literal::Time(time))) => {
                self.out.push_str(&format!("'{time}'"));
            }
            Bound::At(expression) => self.within(expression, Hold::Sum),
        }
    }
}

/// The numbers of a box in the order of CQL2.
pub(super) fn bbox_numbers(bbox: &Bbox) -> Vec<f64> {
    let [a, b, c, d] = bbox.corners;
    match bbox.heights {
        None => vec![a, b, c, d],
        Some([low, high]) => vec![a, b, low, c, d, high],
    }
}

/// Appends a number with all its digits.
pub(super) fn push_exact(out: &mut String, number: Number) {
    match number {
        Number::Int(value) => out.push_str(&value.to_string()),
        Number::Real(value) => push_number(out, value),
    }
}

fn hold(expression: &Expression) -> Hold {
    match expression {
        Expression::Or(_) => Hold::Or,
        Expression::And(_) => Hold::And,
        Expression::Not(_) => Hold::Not,
        Expression::Compare(..)
        | Expression::Like(_)
        | Expression::Between(_)
        | Expression::In(..)
        | Expression::IsNull(_) => Hold::Predicate,
        Expression::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, _) => Hold::Sum,
        Expression::Arithmetic(Arithmetic::Power, _) => Hold::Power,
        Expression::Arithmetic(..) => Hold::Product,
        _ => Hold::Primary,
    }
}
