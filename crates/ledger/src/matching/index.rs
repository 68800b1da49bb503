//! Keys by which targets are found: what an address says of a house, under each thing that its numbers
//! may belong to.
//!
//! *Invariant:* behind one key no more than [`MAX_BUCKET`] targets are kept, and it is known that there
//! are more.

use std::collections::HashMap;

use super::{Address, AddressLevel};

/// Most targets that are looked at behind one key.
const MAX_BUCKET: usize = 256;

/// Targets behind one key: the first, and how many.
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket {
    /// The first of them, by number.
    pub(super) first: Vec<u32>,
    /// How many there are.
    pub(super) count: usize,
}

/// Targets by a normal form.
pub(super) type Index = HashMap<String, Bucket>;

/// Puts a target behind a key.
pub(super) fn put(index: &mut Index, key: String, target: u32) {
    let bucket = index.entry(key).or_default();
    // A target may come by two keys that are one.
    if bucket.first.last() == Some(&target) {
        return;
    }
    bucket.count += 1;
    if bucket.first.len() < MAX_BUCKET {
        bucket.first.push(target);
    }
}

/// What numbers may belong to: road, place and village, each by itself.
pub(super) fn mains(address: &Address) -> impl Iterator<Item = (AddressLevel, &str)> {
    let levels = [AddressLevel::Road, AddressLevel::Place, AddressLevel::Village];
    let present = levels.into_iter().filter_map(|level| Some((level, address.level(level)?)));
    present.filter(|main| house(&details(address, *main)).is_some())
}

pub(super) type Details<'a> = [Option<&'a str>; 4];

/// Number, building, unit and room of something that is called by road, place or village. Buildings of
/// a place are numbered whatever its gate's number is.
pub(super) fn details<'a>(address: &'a Address, (main, _): (AddressLevel, &str)) -> Details<'a> {
    let levels =
        [AddressLevel::Number, AddressLevel::Building, AddressLevel::Unit, AddressLevel::Room];
    let mut details = levels.map(|level| address.level(level));
    if main == AddressLevel::Place && details[1].is_some() {
        details[0] = None;
    }
    details
}

/// The house alone: its number, else its building.
pub(super) fn house<'a>(details: &Details<'a>) -> Option<Details<'a>> {
    match details {
        [Some(number), ..] => Some([Some(number), None, None, None]),
        [None, Some(building), ..] => Some([None, Some(building), None, None]),
        _ => None,
    }
}

/// Without the last so many parts that are there; `None` where the house itself would go.
pub(super) fn without<'a>(details: &Details<'a>, dropped: usize) -> Option<Details<'a>> {
    let mut left = *details;
    for _ in 0..dropped {
        let last = left.iter().rposition(Option::is_some)?;
        if left[..last].iter().all(Option::is_none) {
            return None;
        }
        left[last] = None;
    }
    left.iter().any(Option::is_some).then_some(left)
}

/// The key of a house, or of a part of it.
pub(super) fn key(main: &str, parts: &Details<'_>) -> String {
    let mut key = main.to_owned();
    for part in parts {
        key.push('|');
        key.push_str(part.unwrap_or_default());
    }
    key
}
