//! Reads CQL2 JSON.

use spatial::filter::{
    Arithmetic, ArrayRelation, Bound, Comparison, Literal, TemporalRelation, Time,
};
use spatial::{Expression, Geometry};

use super::error::shown;
use super::lexer::read_number;
use super::read_text::{bbox_of, is_array, is_function_name, predicate_named, wrong_time};
use super::tally::Tally;
use super::tree::{Node, Path, read_tree};
use super::{Cql2Error, Fault, Limits};
use crate::geojson::read_geometry;
use crate::json::Cursor;

/// Reads a filter written as CQL2 JSON.
pub fn parse_json(text: &str, limits: &Limits) -> Result<Expression, Cql2Error> {
    let tally =
        Tally::new(limits, text.len()).map_err(|fault| Cql2Error::at_byte(limits.bytes, fault))?;
    let tree = read_tree(text, limits)?;
    JsonReader { path: Path::default(), tally }.expression(&tree, 0)
}

struct JsonReader<'a> {
    path: Path,
    tally: Tally<'a>,
}

type Read<T> = Result<T, Cql2Error>;

impl JsonReader<'_> {
    fn syntax(&self, expected: &'static str, found: &Node<'_>) -> Cql2Error {
        let found = match found {
            Node::Null => "null".to_owned(),
            Node::Bool(value) => value.to_string(),
            Node::Number(digits) => shown(digits),
            Node::Text(text) => format!("{:?}", shown(text)),
            Node::Array(_) => "an array".to_owned(),
            Node::Object(_, text) => shown(text),
            Node::Unread => "coordinates".to_owned(),
        };
        self.path.error(Fault::Syntax { expected, found })
    }

    fn fault<T>(&self, result: Result<T, Fault>) -> Read<T> {
        result.map_err(|fault| self.path.error(fault))
    }

    /// Reads the member of an object.
    fn member<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.path.enter_member(name);
        let value = read(self)?;
        self.path.leave();
        Ok(value)
    }

    /// Reads an item of an array.
    fn item<T>(&mut self, position: usize, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.path.enter_item(position);
        let value = read(self)?;
        self.path.leave();
        Ok(value)
    }

    /// `depth` operators are around `node`.
    fn expression(&mut self, node: &Node<'_>, depth: usize) -> Read<Expression> {
        match node {
            Node::Bool(value) => self.literal(Literal::Bool(*value)),
            Node::Number(digits) => {
                let number =
                    read_number(digits).ok_or_else(|| Fault::Number { digits: shown(digits) });
                let number = self.fault(number)?;
                self.literal(Literal::Number(number))
            }
            Node::Text(text) => self.literal(Literal::Text(text.as_ref().to_owned())),
            Node::Array(items) => {
                self.fault(self.tally.depth(depth + 1))?;
                Ok(Expression::List(self.all(items, depth + 1)?))
            }
            Node::Object(members, text) => self.object(members, text, node, depth),
            Node::Null => Err(self.syntax("a value; isNull asks whether one is missing", node)),
            Node::Unread => Err(self.syntax("an expression", node)),
        }
    }

    fn literal(&mut self, literal: Literal) -> Read<Expression> {
        let counted = self.tally.literal();
        self.fault(counted)?;
        Ok(Expression::Literal(literal))
    }

    fn all(&mut self, items: &[Node<'_>], depth: usize) -> Read<Vec<Expression>> {
        let read = |(position, item)| self.item(position, |reader| reader.expression(item, depth));
        items.iter().enumerate().map(read).collect()
    }

    fn object(
        &mut self,
        members: &[(std::borrow::Cow<'_, str>, Node<'_>)],
        text: &str,
        node: &Node<'_>,
        depth: usize,
    ) -> Read<Expression> {
        const FORMS: &str =
            "op with args, property, date, timestamp, interval, bbox or a GeoJSON geometry";
        let find = |name: &str| members.iter().find(|member| member.0 == name);
        if find("type").is_some() {
            return self.geometry(text);
        }
        if let Some((_, op)) = find("op") {
            self.only(members, &["op", "args"])?;
            let Node::Text(op) = op else {
                return self.member("op", |reader| Err(reader.syntax("an operator's name", op)));
            };
            let Some((_, Node::Array(args))) = find("args") else {
                return Err(self.syntax("args, an array", node));
            };
            self.fault(self.tally.depth(depth + 1))?;
            return self.operation(op, args, depth + 1);
        }
        let Some((name, value)) = members.first() else { return Err(self.syntax(FORMS, node)) };
        self.only(members, &[name.as_ref()])?;
        match name.as_ref() {
            "property" => match value {
                Node::Text(property) if !property.is_empty() => {
                    Ok(Expression::Property(property.as_ref().to_owned()))
                }
                other => self.member("property", |reader| Err(reader.syntax("a name", other))),
            },
            "date" | "timestamp" => self.member(name, |reader| {
                let Node::Text(text) = value else {
                    return Err(reader.syntax("a time as text", value));
                };
                let time = Time::parse(text).and_then(|time| match (&time, name.as_ref()) {
                    (Time::Date(_), "date") | (Time::Instant(_), "timestamp") => Ok(time),
                    (Time::Date(_), _) => {
                        Err(wrong_time(text, "timestamp takes a time of day too"))
                    }
                    (Time::Instant(_), _) => Err(wrong_time(text, "date takes a day alone")),
                });
                let time = reader.fault(time.map_err(Fault::Time))?;
                reader.literal(Literal::Time(time))
            }),
            "interval" => self.member(name, |reader| {
                let Node::Array(ends) = value else {
                    return Err(reader.syntax("an array of two ends", value));
                };
                let [start, end] = ends.as_slice() else {
                    return Err(reader.wrong_count("interval", "2", ends.len()));
                };
                reader.fault(reader.tally.depth(depth + 1))?;
                let start = reader.item(0, |reader| reader.bound(start, depth + 1))?;
                let end = reader.item(1, |reader| reader.bound(end, depth + 1))?;
                Ok(Expression::Interval(Box::new([start, end])))
            }),
            "bbox" => self.member(name, |reader| {
                let Node::Array(numbers) = value else {
                    return Err(reader.syntax("an array of four or six numbers", value));
                };
                let numbers: Vec<f64> = numbers
                    .iter()
                    .enumerate()
                    .map(|(at, number)| reader.item(at, |reader| reader.coordinate(number)))
                    .collect::<Read<_>>()?;
                let bbox = reader.fault(bbox_of(&numbers))?;
                let counted = reader.tally.vertices(2);
                reader.fault(counted)?;
                reader.literal(Literal::Bbox(bbox))
            }),
            _ => Err(self.syntax(FORMS, node)),
        }
    }

    /// Refuses members other than `known`.
    fn only(
        &mut self,
        members: &[(std::borrow::Cow<'_, str>, Node<'_>)],
        known: &[&str],
    ) -> Read<()> {
        match members.iter().find(|(name, _)| !known.contains(&name.as_ref())) {
            Some((name, value)) => {
                self.member(name, |reader| Err(reader.syntax("no such member", value)))
            }
            None => Ok(()),
        }
    }

    fn wrong_count(&self, operator: &str, wanted: &'static str, found: usize) -> Cql2Error {
        let operator = shown(operator);
        self.path.error(Fault::ArgumentCount { operator, wanted, found })
    }

    fn coordinate(&self, node: &Node<'_>) -> Read<f64> {
        let Node::Number(digits) = node else { return Err(self.syntax("a number", node)) };
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
        self.fault(number.ok_or_else(|| Fault::Number { digits: shown(digits) }))
    }

    fn geometry(&mut self, text: &str) -> Read<Expression> {
        let read = read_geometry(&mut Cursor::new(text));
        let read = self.fault(read.map_err(|error| Fault::Geometry { reason: error.reason }))?;
        let read = self.fault(read.ok_or(Fault::Geometry { reason: "it is empty" }))?;
        if !read.mended.is_empty() {
            let reason = "a ring does not end where it begins";
            return Err(self.path.error(Fault::Geometry { reason }));
        }
        let geometry: Geometry = read.geometry;
        let counted = self.tally.vertices(geometry.vertex_count());
        self.fault(counted)?;
        self.literal(Literal::Geometry(geometry))
    }

    fn bound(&mut self, node: &Node<'_>, depth: usize) -> Read<Bound> {
        match node {
            Node::Text(text) if text == ".." => Ok(Bound::Open),
            Node::Text(text) => {
                let time = self.fault(Time::parse(text).map_err(Fault::Time))?;
                self.literal(Literal::Time(time)).map(Bound::At)
            }
            other => self.expression(other, depth).map(Bound::At),
        }
    }

    /// An operator with its arguments; `depth` counts it.
    fn operation(&mut self, op: &str, args: &[Node<'_>], depth: usize) -> Read<Expression> {
        let is = |name: &str| op.eq_ignore_ascii_case(name);
        if is("in") {
            return self.member("args", |reader| reader.choices(args, depth));
        }
        let mut all = self.member("args", |reader| reader.all(args, depth))?;
        if is("and") || is("or") {
            if all.len() < 2 {
                return Err(self.wrong_count(op, "two or more", all.len()));
            }
            return Ok(if is("and") { Expression::all(all) } else { Expression::any(all) });
        }
        if is("not") || is("isNull") || is("casei") || is("accenti") {
            let [_] = all.as_slice() else { return Err(self.wrong_count(op, "1", all.len())) };
            let operand = Box::new(all.remove(0));
            return Ok(match () {
                () if is("not") => Expression::Not(operand),
                () if is("isNull") => Expression::IsNull(operand),
                () if is("casei") => Expression::CaseFold(operand),
                () => Expression::AccentFold(operand),
            });
        }
        if is("between") {
            let count = all.len();
            let operands = <[Expression; 3]>::try_from(all);
            let operands = operands.map_err(|_all| self.wrong_count(op, "3", count))?;
            return Ok(Expression::Between(Box::new(operands)));
        }
        let Some(make) = operator_of_two(op) else {
            return if is_function_name(op) {
                Ok(Expression::Function(op.to_owned(), all))
            } else {
                let operator = Node::Text(op.into());
                self.member("op", |reader| {
                    Err(reader.syntax("an operator or the name of a function", &operator))
                })
            };
        };
        let odd = all.iter().position(|operand| !is_array(operand));
        if let (Some(_), Some(odd)) = (ArrayRelation::named(op), odd) {
            return self.member("args", |reader| {
                reader.item(odd, |reader| {
                    Err(reader.syntax("an array, property or function", &args[odd]))
                })
            });
        }
        let count = all.len();
        let operands = <[Expression; 2]>::try_from(all);
        operands
            .map(|operands| make(Box::new(operands)))
            .map_err(|_all| self.wrong_count(op, "2", count))
    }

    fn choices(&mut self, args: &[Node<'_>], depth: usize) -> Read<Expression> {
        let [value, list] = args else { return Err(self.wrong_count("in", "2", args.len())) };
        let value = self.item(0, |reader| reader.expression(value, depth))?;
        let list = self.item(1, |reader| match list {
            Node::Array(items) if !items.is_empty() => {
                let member = |(position, item)| {
                    let mark = reader.tally.mark();
                    let member = reader.item(position, |reader| reader.expression(item, depth))?;
                    let counted = reader.tally.list_member(mark);
                    reader.fault(counted)?;
                    Ok(member)
                };
                items.iter().enumerate().map(member).collect::<Read<Vec<_>>>()
            }
            other => Err(reader.syntax("an array of one or more values", other)),
        })?;
        Ok(Expression::In(Box::new(value), list))
    }
}

type OfTwo = Box<dyn FnOnce(Box<[Expression; 2]>) -> Expression>;

/// What makes an expression of the operator called `op`, if it is one of two operands.
fn operator_of_two(op: &str) -> Option<OfTwo> {
    if op.eq_ignore_ascii_case("like") {
        return Some(Box::new(Expression::Like));
    }
    if let Some(op) = Comparison::named(op) {
        return Some(Box::new(move |operands| Expression::Compare(op, operands)));
    }
    if let Some(op) = Arithmetic::named(op) {
        return Some(Box::new(move |operands| Expression::Arithmetic(op, operands)));
    }
    if let Some(predicate) = predicate_named(op) {
        return Some(Box::new(move |operands| Expression::Spatial(predicate, operands)));
    }
    if let Some(relation) = TemporalRelation::named(op) {
        return Some(Box::new(move |operands| Expression::Temporal(relation, operands)));
    }
    let relation = ArrayRelation::named(op)?;
    Some(Box::new(move |operands| Expression::Array(relation, operands)))
}
