//! Ranks units of one level by one indicator (考核排名).

use std::cmp::Ordering;

use super::{Better, Definitions, Exact, Figures, NoValue, Place};

/// A unit in a ranking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Its place from 1; units with equal values share one, and the places after it are left out.
    /// None without a value.
    pub place: Option<usize>,
    /// How many other units share the place.
    pub ties: usize,
    /// The code of the unit.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The exact value by which it is ranked.
    pub value: Result<Exact, NoValue>,
}

/// Ranks the units that lie `depth` below the root by an indicator, the better value first; units with
/// equal values stay in the order of the figures, and those without a value come last.
pub fn rank(
    figures: &Figures,
    definitions: &Definitions,
    indicator: usize,
    depth: usize,
) -> Vec<Ranked> {
    let Some(definition) = definitions.all().get(indicator) else {
        return Vec::new();
    };
    let mut ranked: Vec<Ranked> = figures
        .rows
        .iter()
        .filter(|row| row.depth == depth)
        .filter_map(|row| match &row.place {
            Place::Unit { code, name } => Some(Ranked {
                place: None,
                ties: 0,
                code: code.clone(),
                name: name.clone(),
                value: row.figures.get(indicator)?.value.clone(),
            }),
            Place::Unplaced { .. } => None,
        })
        .collect();
    ranked.sort_by(|one, other| match (&one.value, &other.value) {
        (Ok(one), Ok(other)) => match definition.better {
            Better::More => other.cmp(one),
            Better::Less => one.cmp(other),
        },
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => Ordering::Equal,
    });
    let mut first = 0;
    while first < ranked.len() && ranked[first].value.is_ok() {
        let equal = |other: &&Ranked| other.value == ranked[first].value;
        let count = ranked[first..].iter().take_while(equal).count();
        for one in &mut ranked[first..first + count] {
            one.place = Some(first + 1);
            one.ties = count - 1;
        }
        first += count;
    }
    ranked
}
