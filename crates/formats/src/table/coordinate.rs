//! One coordinate from one cell: a number, or degrees, minutes and seconds.

use super::Cell;

/// The coordinate in `cell`; `Ok(None)` when it is empty, an error when it is no coordinate.
pub(crate) fn coordinate(cell: &Cell) -> Result<Option<f64>, NotACoordinate> {
    let value = match cell {
        Cell::Empty => return Ok(None),
        Cell::Number(number) => Some(*number),
        Cell::Untyped(text) | Cell::Text(text) => {
            text.parse().ok().or_else(|| grouped(text)).or_else(|| sexagesimal(text))
        }
        Cell::Bool(_) | Cell::Date(_) => None,
    };
    value.filter(|value| value.is_finite()).map(Some).ok_or(NotACoordinate)
}

/// A cell that holds something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotACoordinate;

/// `4,412,345.12`
fn grouped(text: &str) -> Option<f64> {
    let whole = text.split('.').next()?;
    let mut groups = whole.split(',');
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.trim_start_matches('-').len())
        && groups.all(|group| group.len() == 3)
        && whole.contains(',');
    fits.then(|| text.replace(',', "").parse().ok())?
}

/// `116°23'50.1"`, `北纬39度54分`, `116:23:50.1`, `E 116-23-50`, `39.9°N`.
fn sexagesimal(text: &str) -> Option<f64> {
    const EAST_NORTH: [&str; 6] = ["东经", "北纬", "E", "e", "N", "n"];
    const WEST_SOUTH: [&str; 6] = ["西经", "南纬", "W", "w", "S", "s"];
    let mut rest = text.trim();
    let mut negative = false;
    for (marks, sign) in [(EAST_NORTH, false), (WEST_SOUTH, true)] {
        for mark in marks {
            let stripped = rest.strip_prefix(mark).or_else(|| rest.strip_suffix(mark));
            if let Some(stripped) = stripped {
                rest = stripped.trim();
                negative |= sign;
            }
        }
    }
    if let Some(stripped) = rest.strip_prefix('-') {
        rest = stripped;
        negative = true;
    }
    let separator = |c: char| {
        matches!(
            c,
            '°' | 'º'
                | '˚'
                | '度'
                | '\''
                | '′'
                | '’'
                | '＇'
                | '分'
                | '"'
                | '″'
                | '”'
                | '＂'
                | '秒'
                | ':'
                | '：'
                | '-'
                | ' '
        )
    };
    if !rest.chars().all(|c| separator(c) || c.is_ascii_digit() || c == '.') {
        return None;
    }
    let parts: Vec<&str> = rest.split(separator).filter(|part| !part.is_empty()).collect();
    if !(1..=3).contains(&parts.len()) || !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut value = 0.0;
    let mut unit = 1.0;
    for (slot, part) in parts.iter().enumerate() {
        let number: f64 = part.parse().ok()?;
        let last = slot + 1 == parts.len();
        if (slot > 0 && number >= 60.0) || (!last && number.fract() != 0.0) || number > 360.0 {
            return None;
        }
        value += number / unit;
        unit *= 60.0;
    }
    Some(if negative { -value } else { value })
}
