//! Looks the names of an expression up in a collection, and checks that kinds fit.

use super::array::Element;
use super::fold::Fold;
use super::functions::FUNCTIONS;
use super::like::Pattern;
use super::literal::literal_shape;
use super::scalar::{Cell, Scalar};
use super::spatial_test::{Other, SpatialTest, exactly};
use super::temporal::{Edge, Span};
use super::test::{Choices, Test};
use super::{BindContext, Bound, Expression, FilterError, Kind, Literal, Time};
use crate::{Collection, FieldType, Predicate};

/// Names of the geometry in a filter; the first is the one published.
const GEOMETRY_NAMES: [&str; 2] = ["geometry", "geom"];

pub(super) struct Binder<'a> {
    pub(super) collection: &'a Collection,
    pub(super) context: &'a BindContext<'a>,
}

impl Binder<'_> {
    /// `expression` as a test.
    pub(super) fn test(&self, expression: &Expression) -> Result<Test, FilterError> {
        let tests = |parts: &[Expression]| -> Result<Vec<_>, _> {
            parts.iter().map(|part| self.test(part)).collect()
        };
        Ok(match expression {
            Expression::And(parts) => Test::And(tests(parts)?),
            Expression::Or(parts) => Test::Or(tests(parts)?),
            Expression::Not(part) => Test::Not(Box::new(self.test(part)?)),
            Expression::Compare(op, operands) => {
                let [left, right] = self.alike([&operands[0], &operands[1]])?;
                Test::Compare(*op, [left, right])
            }
            Expression::Between(operands) => {
                Test::Between(self.alike([&operands[0], &operands[1], &operands[2]])?)
            }
            Expression::In(value, list) => {
                let time = self.is_time(value) || list.iter().any(|one| self.is_time(one));
                let (scalar, kind) = self.scalar(value, time)?;
                let list: Result<Vec<_>, _> = list
                    .iter()
                    .map(|one| {
                        let (choice, found) = self.scalar(one, time)?;
                        comparable((value, kind), (one, found)).map(|()| choice)
                    })
                    .collect();
                Test::In(scalar, Choices::new(list?))
            }
            Expression::Like(operands) => {
                let [text, pattern] = &**operands;
                Test::Like(self.of_kind(text, Kind::Text, "LIKE")?, like_pattern(pattern)?)
            }
            Expression::IsNull(operand) => self.is_null(operand)?,
            Expression::Spatial(predicate, operands) => {
                self.spatial(*predicate, [&operands[0], &operands[1]])?
            }
            Expression::Temporal(relation, operands) => {
                let place = relation.name().to_ascii_uppercase();
                let [left, right] = &**operands;
                Test::Temporal(*relation, [self.span(left, &place)?, self.span(right, &place)?])
            }
            Expression::Array(relation, operands) => {
                let [left, right] = &**operands;
                let time = self.is_time(left) || self.is_time(right);
                Test::Array(*relation, [self.array(left, time)?, self.array(right, time)?])
            }
            other => Test::Flag(self.of_kind(other, Kind::Bool, "a filter")?),
        })
    }

    /// `expression` as one value; text is read as a time when `time` is wanted.
    fn scalar(&self, expression: &Expression, time: bool) -> Result<(Scalar, Kind), FilterError> {
        let constant = |cell, kind| (Scalar::Constant(cell), kind);
        let (scalar, kind) = match expression {
            Expression::Literal(literal) => match literal {
                Literal::Bool(value) => constant(Cell::Bool(*value), Kind::Bool),
                Literal::Number(value) => constant(Cell::Number(*value), Kind::Number),
                Literal::Time(value) => constant(Cell::Time(*value), Kind::Time),
                Literal::Text(text) if time => constant(Cell::Time(Time::parse(text)?), Kind::Time),
                Literal::Text(text) => constant(Cell::Text(text.clone().into()), Kind::Text),
                Literal::Geometry(_) | Literal::Bbox(_) => return Err(no_value(expression)),
            },
            Expression::Property(name) => {
                let index = self.column(name)?;
                let kind = kind_of(self.collection.fields[index].field_type);
                (Scalar::Column { index, kind }, kind)
            }
            Expression::CaseFold(operand) => {
                let operand = self.of_kind(operand, Kind::Text, "CASEI")?;
                (Scalar::Fold(Fold::Case, Box::new(operand)), Kind::Text)
            }
            Expression::AccentFold(operand) => {
                let operand = self.of_kind(operand, Kind::Text, "ACCENTI")?;
                (Scalar::Fold(Fold::Accent, Box::new(operand)), Kind::Text)
            }
            Expression::Arithmetic(op, operands) => {
                let [left, right] = &**operands;
                let left = self.of_kind(left, Kind::Number, op.name())?;
                let right = self.of_kind(right, Kind::Number, op.name())?;
                (Scalar::Arithmetic(*op, Box::new([left, right])), Kind::Number)
            }
            Expression::Function(name, arguments) => self.call(name, arguments)?,
            Expression::List(_) | Expression::Interval(_) => return Err(no_value(expression)),
            test => (Scalar::Test(Box::new(self.test(test)?.settled(&mut 0))), Kind::Bool),
        };
        Ok((scalar.reduced(), kind))
    }

    /// `expression` as one value of `kind`, which `place` takes.
    fn of_kind(
        &self,
        expression: &Expression,
        kind: Kind,
        place: &str,
    ) -> Result<Scalar, FilterError> {
        let (scalar, found) = self.scalar(expression, kind == Kind::Time)?;
        if found == kind { Ok(scalar) } else { Err(misfit(expression, found.name(), place, kind)) }
    }

    /// Values of one kind; text beside a time is a time.
    fn alike<const N: usize>(
        &self,
        operands: [&Expression; N],
    ) -> Result<[Scalar; N], FilterError> {
        let time = operands.iter().any(|operand| self.is_time(operand));
        let mut scalars = Vec::with_capacity(N);
        let mut first = None;
        for operand in operands {
            let (scalar, kind) = self.scalar(operand, time)?;
            let before = *first.get_or_insert((operand, kind));
            comparable(before, (operand, kind))?;
            scalars.push(scalar);
        }
        // As many as went in.
        scalars.try_into().map_err(|_more: Vec<_>| no_value(operands[0]))
    }

    /// Whether the value is a time, as far as that can be told without reading text.
    fn is_time(&self, expression: &Expression) -> bool {
        match expression {
            Expression::Literal(Literal::Time(_)) => true,
            Expression::Property(name) => {
                let position = self.collection.field_position(name);
                let field = position.map(|position| &self.collection.fields[position]);
                field.is_some_and(|field| kind_of(field.field_type) == Kind::Time)
            }
            Expression::List(elements) => elements.iter().any(|element| self.is_time(element)),
            _ => false,
        }
    }

    fn column(&self, name: &str) -> Result<usize, FilterError> {
        let readable = self.context.readable;
        match self.collection.field_position(name) {
            Some(position) if readable(&self.collection.fields[position]) => Ok(position),
            Some(_) => Err(FilterError::Unreadable { name: name.to_owned() }),
            None if GEOMETRY_NAMES.contains(&name) => {
                Err(no_value(&Expression::Property(name.to_owned())))
            }
            None => {
                let fields = self.collection.fields.iter().filter(|field| readable(field));
                let known = std::iter::once(GEOMETRY_NAMES[0].to_owned())
                    .chain(fields.map(|field| field.name.clone()));
                Err(FilterError::UnknownProperty { name: name.to_owned(), known: known.collect() })
            }
        }
    }

    fn call(&self, name: &str, arguments: &[Expression]) -> Result<(Scalar, Kind), FilterError> {
        let function = FUNCTIONS.iter().find(|one| one.name.eq_ignore_ascii_case(name));
        let Some(function) = function else {
            let known = FUNCTIONS.iter().map(|one| one.name).collect();
            return Err(FilterError::UnknownFunction { name: name.to_owned(), known });
        };
        if arguments.len() != function.arguments.len() {
            return Err(FilterError::ArgumentCount {
                name: function.name,
                wanted: function.arguments.len(),
                found: arguments.len(),
            });
        }
        let cells: Result<Vec<_>, _> = arguments
            .iter()
            .zip(function.arguments)
            .map(|(argument, kind)| self.of_kind(argument, *kind, function.name))
            .collect();
        Ok((Scalar::Call(function, cells?), function.returns))
    }

    fn is_null(&self, operand: &Expression) -> Result<Test, FilterError> {
        Ok(match operand {
            Expression::Property(name) if self.is_geometry(name) => Test::Placeless,
            Expression::Literal(_) | Expression::List(_) => Test::Constant(Some(false)),
            Expression::Interval(_) => {
                return Err(misfit_name(operand, "an interval", "IS NULL", "one value"));
            }
            other => Test::IsNull(self.scalar(other, false)?.0),
        })
    }

    fn is_geometry(&self, name: &str) -> bool {
        GEOMETRY_NAMES.contains(&name) && self.collection.field_position(name).is_none()
    }

    fn spatial(
        &self,
        predicate: Predicate,
        [left, right]: [&Expression; 2],
    ) -> Result<Test, FilterError> {
        let operands = (self.geometry(left, predicate)?, self.geometry(right, predicate)?);
        Ok(Test::Spatial(match operands {
            (Other::Itself, other) => SpatialTest { predicate, other },
            (other, Other::Itself) => SpatialTest { predicate: predicate.converse(), other },
            (Other::Literal(a), Other::Literal(b)) => {
                let truth = exactly(predicate, &a.shape, &b.shape)?;
                return Ok(Test::Constant(Some(truth)));
            }
        }))
    }

    fn geometry(
        &self,
        expression: &Expression,
        predicate: Predicate,
    ) -> Result<Other, FilterError> {
        let found = match expression {
            Expression::Property(name) if GEOMETRY_NAMES.contains(&name.as_str()) => {
                return Ok(Other::Itself);
            }
            Expression::Literal(literal @ (Literal::Geometry(_) | Literal::Bbox(_))) => {
                let shape = literal_shape(literal, self.context)?;
                return Ok(Other::Literal(Box::new(shape)));
            }
            Expression::List(_) => "an array",
            Expression::Interval(_) => "an interval",
            other => self.scalar(other, false)?.1.name(),
        };
        let place = format!("S_{}", predicate.name().to_ascii_uppercase());
        Err(misfit_name(expression, found, &place, "a geometry"))
    }

    fn span(&self, expression: &Expression, place: &str) -> Result<Span, FilterError> {
        let Expression::Interval(bounds) = expression else {
            return self.of_kind(expression, Kind::Time, place).map(Span::At);
        };
        let end = |bound: &Bound| match bound {
            Bound::Open => Ok(None),
            Bound::At(expression) => self.of_kind(expression, Kind::Time, "INTERVAL").map(Some),
        };
        let ends = [end(&bounds[0])?, end(&bounds[1])?];
        if let [Some(Scalar::Constant(Cell::Time(start))), Some(Scalar::Constant(Cell::Time(end)))] =
            &ends
            && Edge::At(*start).compare(&Edge::At(*end)).is_gt()
        {
            return Err(FilterError::Interval { start: start.to_string(), end: end.to_string() });
        }
        Ok(Span::Between(ends))
    }

    /// The members of an array; of one value they are that value.
    fn array(&self, expression: &Expression, time: bool) -> Result<Vec<Element>, FilterError> {
        match expression {
            Expression::List(elements) => elements
                .iter()
                .map(|element| match element {
                    Expression::List(_) => self.array(element, time).map(Element::List),
                    other => Ok(Element::Scalar(self.scalar(other, time)?.0)),
                })
                .collect(),
            Expression::Property(_) | Expression::Function(..) => {
                Ok(vec![Element::Scalar(self.scalar(expression, time)?.0)])
            }
            other => {
                let found = self.scalar(other, false)?.1.name();
                Err(misfit_name(other, found, "an array function", "an array or a property"))
            }
        }
    }
}

fn kind_of(field_type: FieldType) -> Kind {
    match field_type {
        FieldType::Bool => Kind::Bool,
        FieldType::Int | FieldType::Real => Kind::Number,
        FieldType::Text => Kind::Text,
        FieldType::Date | FieldType::DateTime => Kind::Time,
        FieldType::Bytes => Kind::Bytes,
    }
}

/// The pattern of `LIKE`, with the folds around it.
fn like_pattern(expression: &Expression) -> Result<Pattern, FilterError> {
    let mut folds = Vec::new();
    let mut inner = expression;
    loop {
        inner = match inner {
            Expression::CaseFold(operand) => {
                folds.push(Fold::Case);
                operand
            }
            Expression::AccentFold(operand) => {
                folds.push(Fold::Accent);
                operand
            }
            Expression::Literal(Literal::Text(text)) => {
                folds.reverse();
                return Ok(Pattern::new(text, &folds));
            }
            other => {
                return Err(misfit_name(other, "something else", "LIKE", "text as its pattern"));
            }
        };
    }
}

fn comparable(
    (left, left_kind): (&Expression, Kind),
    (right, right_kind): (&Expression, Kind),
) -> Result<(), FilterError> {
    if left_kind == Kind::Bytes || right_kind == Kind::Bytes {
        let odd = if left_kind == Kind::Bytes { left } else { right };
        return Err(misfit_name(odd, Kind::Bytes.name(), "a comparison", "values with an order"));
    }
    if left_kind == right_kind {
        return Ok(());
    }
    Err(FilterError::Mixed {
        left: described(left),
        left_kind: left_kind.name(),
        right: described(right),
        right_kind: right_kind.name(),
    })
}

fn misfit(expression: &Expression, found: &'static str, place: &str, wanted: Kind) -> FilterError {
    misfit_name(expression, found, place, wanted.name())
}

fn misfit_name(
    expression: &Expression,
    found: &'static str,
    place: &str,
    wanted: &'static str,
) -> FilterError {
    FilterError::Kind { operand: described(expression), found, place: place.to_owned(), wanted }
}

/// What is no single value stands where one must.
fn no_value(expression: &Expression) -> FilterError {
    let found = match expression {
        Expression::List(_) => "an array",
        Expression::Interval(_) => "an interval",
        _ => "a geometry",
    };
    misfit_name(expression, found, "its place", "one value")
}

/// `expression` in a few words, for messages.
fn described(expression: &Expression) -> String {
    match expression {
        Expression::Property(name) => format!("property {name:?}"),
        Expression::Literal(Literal::Text(text)) => {
            format!("'{}'", text.chars().take(40).collect::<String>())
        }
        Expression::Literal(Literal::Number(number)) => format!("the number {number}"),
        Expression::Literal(Literal::Time(time)) => format!("'{time}'"),
        Expression::Literal(Literal::Bool(value)) => value.to_string(),
        Expression::Literal(Literal::Geometry(_) | Literal::Bbox(_)) => "a literal".to_owned(),
        Expression::CaseFold(_) => "CASEI(…)".to_owned(),
        Expression::AccentFold(_) => "ACCENTI(…)".to_owned(),
        Expression::Function(name, _) => format!("{name}(…)"),
        Expression::Arithmetic(op, _) => format!("the result of {}", op.name()),
        Expression::List(_) => "a list".to_owned(),
        Expression::Interval(_) => "INTERVAL(…)".to_owned(),
        _ => "a condition".to_owned(),
    }
}
