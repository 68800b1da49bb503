//! Which rows of holders (权利人) make one household: those who hold a parcel together, and the same
//! person wherever he holds something.

use std::collections::{BTreeMap, BTreeSet};

/// Longest portion that is told, in bytes.
const MAX_PORTION: usize = 200;

/// Stands for a person or certificate and says nothing of it; equal tokens mean equal values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonToken(pub u128);

/// A row of holders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The parcel that is held.
    pub parcel: String,
    /// The number of the certificate.
    pub certificate: Option<PersonToken>,
    /// The name.
    pub name: Option<PersonToken>,
    /// Whether whoever holds so is a household of his own (按份共有).
    pub is_apart: bool,
    /// How it is held, as it is told.
    pub portion: Option<String>,
}

/// Rows that make one household.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HolderGroup {
    /// Positions of the rows, rising.
    pub rows: Vec<usize>,
    /// The parcels that it holds with the portion, in the order of the rows.
    pub parcels: Vec<(String, Option<String>)>,
    /// Its certificates.
    pub certificates: BTreeSet<PersonToken>,
    /// Its names.
    pub names: BTreeSet<PersonToken>,
}

/// The households that rows of holders make, by their first rows. Who holds a parcel together (no row
/// stands apart) is one household; whoever has the same certificate is, too. A name alone joins nobody.
pub fn households(rows: &[Holder]) -> Vec<HolderGroup> {
    let mut joined = Joined { above: (0..rows.len()).collect() };
    let (mut together, mut certified) = (BTreeMap::new(), BTreeMap::new());
    for (at, row) in rows.iter().enumerate() {
        if !row.is_apart {
            let first = *together.entry(row.parcel.as_str()).or_insert(at);
            joined.join(first, at);
        }
        if let Some(certificate) = row.certificate {
            let first = *certified.entry(certificate).or_insert(at);
            joined.join(first, at);
        }
    }
    let mut groups: BTreeMap<usize, HolderGroup> = BTreeMap::new();
    let mut places: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let first = joined.first(at);
        let group = groups.entry(first).or_default();
        group.rows.push(at);
        group.certificates.extend(row.certificate);
        group.names.extend(row.name);
        let place = *places.entry((first, &row.parcel)).or_insert_with(|| {
            group.parcels.push((row.parcel.clone(), None));
            group.parcels.len() - 1
        });
        let portion = &mut group.parcels[place].1;
        match (&mut *portion, &row.portion) {
            (Some(all), Some(more)) => {
                let is_new = !all.split('、').any(|one| one == more);
                if is_new && all.len() + more.len() < MAX_PORTION {
                    all.push('、');
                    all.push_str(more);
                }
            }
            (None, Some(_)) => portion.clone_from(&row.portion),
            (_, None) => {}
        }
    }
    groups.into_values().collect()
}

/// Sets that only grow together; each is called by its lowest member.
struct Joined {
    above: Vec<usize>,
}

impl Joined {
    fn first(&mut self, mut at: usize) -> usize {
        while self.above[at] != at {
            // Halved on the way, so that a long list of rows costs no square.
            self.above[at] = self.above[self.above[at]];
            at = self.above[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.above[a.max(b)] = a.min(b);
    }
}
