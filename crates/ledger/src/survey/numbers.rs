//! Numbers of households: opaque, and the same each time a package is read.

use std::collections::{BTreeMap, BTreeSet};

use super::{HolderGroup, PersonToken};
use crate::matching::{Address, AddressLevel};
use crate::text_hash;

/// A household that the store has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHousehold {
    /// Its number.
    pub number: String,
    /// The parcels that it has a share in, or that its row names.
    pub parcels: Vec<String>,
    /// Its certificates.
    pub certificates: BTreeSet<PersonToken>,
    /// Its names.
    pub names: BTreeSet<PersonToken>,
}

/// The number of a household of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The number.
    pub number: String,
    /// Which of the known ones it is; `None` for a new one.
    pub known: Option<usize>,
}

/// The number of each group, in their order: that of the household which has one of its certificates; else
/// of one that holds one of its parcels and has one of its names; else of one that holds one of its
/// parcels where of either nobody is known by name; else a new one.
pub fn number_households(groups: &[HolderGroup], known: &[KnownHousehold]) -> Vec<Numbered> {
    let mut found: Vec<Option<usize>> = vec![None; groups.len()];
    let mut free = vec![true; known.len()];
    let mut certified: BTreeMap<PersonToken, Vec<usize>> = BTreeMap::new();
    let mut holding: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, one) in known.iter().enumerate() {
        for token in &one.certificates {
            certified.entry(*token).or_default().push(at);
        }
        for parcel in &one.parcels {
            holding.entry(parcel).or_default().push(at);
        }
    }
    let by_certificate = |group: &HolderGroup| -> Vec<usize> {
        let all = group.certificates.iter().filter_map(|token| certified.get(token));
        all.flatten().copied().collect()
    };
    let on_parcels = |group: &HolderGroup, fits: &dyn Fn(&KnownHousehold) -> bool| -> Vec<usize> {
        let all = group.parcels.iter().filter_map(|(parcel, _)| holding.get(parcel.as_str()));
        all.flatten().copied().filter(|at| fits(&known[*at])).collect()
    };
    let is_nobody = |names: &BTreeSet<PersonToken>, certificates: &BTreeSet<PersonToken>| {
        names.is_empty() && certificates.is_empty()
    };
    for step in 0..3 {
        for (group, found) in groups.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            let candidates = match step {
                0 => by_certificate(group),
                1 => on_parcels(group, &|one| !one.names.is_disjoint(&group.names)),
                _ => on_parcels(group, &|one| {
                    is_nobody(&one.names, &one.certificates)
                        || is_nobody(&group.names, &group.certificates)
                }),
            };
            let first = candidates.into_iter().filter(|at| free[*at]);
            *found = first.min_by(|a, b| known[*a].number.cmp(&known[*b].number));
            if let Some(at) = found {
                free[*at] = false;
            }
        }
    }
    let mut taken: BTreeSet<String> = known.iter().map(|one| one.number.clone()).collect();
    let number = |(group, known_as): (&HolderGroup, Option<usize>)| match known_as {
        Some(at) => Numbered { number: known[at].number.clone(), known: Some(at) },
        None => {
            let parcel = group.parcels.first().map_or("", |(parcel, _)| parcel.as_str());
            let mut nth = 1;
            let number = loop {
                let number = opaque(parcel, nth);
                if taken.insert(number.clone()) {
                    break number;
                }
                nth += 1;
            };
            Numbered { number, known: None }
        }
    };
    groups.iter().zip(found).map(number).collect()
}

/// Digits that nobody takes for another.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A number of 12 digits of the `nth` household that was first seen on a parcel. It says nothing of
/// who lives there, and is the same wherever the same package is read first.
fn opaque(parcel: &str, nth: u32) -> String {
    let hash = text_hash(&format!("{parcel}\u{1f}{nth}"));
    let digit = |at: u32| char::from(DIGITS[(hash >> (5 * at) & 31) as usize]);
    std::iter::once('H').chain((0..12).map(digit)).collect()
}

/// The number at the door of an address: 12号.
pub fn door_number(address: &str) -> Option<String> {
    let address = Address::of(address)?;
    Some(format!("{}号", address.level(AddressLevel::Number)?))
}
