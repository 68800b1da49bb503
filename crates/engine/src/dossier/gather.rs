//! Everything that many files need, found by one walk over each collection.

use std::collections::BTreeSet;

use ::ledger::dossier::{DossierSet, ShareRow, SubjectKind, Via};
use rustc_hash::{FxHashMap, FxHashSet};
use spatial::{FeatureRef, Snapshot};

use super::rows::{Rows, key};
use crate::Profile;
use crate::clues::source::text;

/// A subject of a file.
#[derive(Clone, Debug)]
pub(super) struct Found<'a> {
    /// Its number.
    pub(super) id: &'a str,
    /// Its row.
    pub(super) row: FeatureRef<'a>,
}

/// What was found, by the names that rows give each other.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    /// By household.
    pub(super) shares: FxHashMap<&'a str, Vec<ShareRow>>,
    /// By code.
    pub(super) parcels: FxHashMap<&'a str, FeatureRef<'a>>,
    /// By the code of their parcel.
    pub(super) buildings: FxHashMap<&'a str, Vec<FeatureRef<'a>>>,
    /// By subject.
    pub(super) photos: FxHashMap<&'a str, Vec<FeatureRef<'a>>>,
    /// By the code of their parcel, and by household.
    pub(super) points: FxHashMap<&'a str, Vec<FeatureRef<'a>>>,
}

/// What doors say of parcels.
#[derive(Default)]
pub(super) struct Doors {
    /// The numbers at the doors of a parcel.
    pub(super) names: FxHashMap<String, BTreeSet<String>>,
    /// The households of a parcel.
    pub(super) households: FxHashMap<String, BTreeSet<String>>,
}

/// The collections that files are made of.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) set: &'a DossierSet,
    pub(super) state: &'a Snapshot,
    pub(super) profile: Profile,
}

impl<'a> Sources<'a> {
    pub(super) fn rows(&self, name: &str) -> Option<Rows<'a>> {
        Rows::of(self.state, name, self.profile)
    }

    /// The subjects of a kind that are wanted, by id of their rows; of two of one number the first.
    pub(super) fn subjects(
        &self,
        kind: &SubjectKind,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        if let Some(rows) = self.rows(&kind.collection) {
            rows.each_key(&kind.id, &mut |id, row| {
                if is_wanted(id) {
                    found.push(Found { id, row });
                }
            });
        }
        found.sort_unstable_by_key(|one| one.row.id());
        let mut seen = FxHashSet::default();
        found.retain(|one| seen.insert(one.id));
        found
    }

    /// The parcels that a subject names, each once: those of its shares, or that of its field.
    pub(super) fn parcels_of<'g>(
        &self,
        kind: &SubjectKind,
        subject: &Found<'a>,
        shares: &'g [ShareRow],
    ) -> Vec<(&'g str, Via)>
    where
        'a: 'g,
    {
        let mut codes: Vec<(&str, Via)> =
            shares.iter().map(|share| (share.parcel.as_str(), Via::Share)).collect();
        if codes.is_empty() {
            let field = kind.parcel.as_deref();
            let at = field.and_then(|field| self.rows(&kind.collection)?.at(field));
            codes.extend(at.and_then(|at| key(subject.row, at)).map(|code| (code, Via::Field)));
        }
        let mut seen = FxHashSet::default();
        codes.retain(|(code, _)| seen.insert(*code));
        codes
    }

    /// One walk over each collection for all of `subjects`.
    pub(super) fn gather(&self, kind: &SubjectKind, subjects: &[Found<'a>]) -> Gathered<'a> {
        let set = self.set;
        let ids: FxHashSet<&str> = subjects.iter().map(|one| one.id).collect();
        let mut all = Gathered::default();
        if let (true, Some(rows)) = (kind.is_household, self.rows(&set.shares.collection)) {
            let [parcel, portion, buildings] =
                [&set.shares.parcel, &set.shares.portion, &set.shares.buildings]
                    .map(|field| rows.at(field));
            let mut found: Vec<(&str, FeatureRef<'a>)> = Vec::new();
            rows.each_key(&set.shares.household, &mut |household, row| {
                if ids.contains(household) {
                    found.push((household, row));
                }
            });
            found.sort_unstable_by_key(|(_, row)| row.id());
            for (household, row) in found {
                let Some(parcel) = parcel.and_then(|at| key(row, at)) else { continue };
                let split = |list: &str| {
                    let parts = list.split(|c: char| "、,，;；|".contains(c)).map(str::trim);
                    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
                };
                all.shares.entry(household).or_default().push(ShareRow {
                    parcel: parcel.to_owned(),
                    portion: portion.and_then(|at| text(row, at)),
                    buildings: buildings.and_then(|at| key(row, at)).map(split).unwrap_or_default(),
                });
            }
        }
        let mut codes: FxHashSet<&str> = FxHashSet::default();
        for subject in subjects {
            let shares = all.shares.get(subject.id).map_or(&[][..], Vec::as_slice);
            codes.extend(self.parcels_of(kind, subject, shares).into_iter().map(|(code, _)| code));
        }
        let mut parcels: FxHashMap<&'a str, FeatureRef<'a>> = FxHashMap::default();
        if let Some(rows) = self.rows(&set.parcels.collection) {
            rows.each_key(&set.parcels.code, &mut |code, row| {
                if codes.contains(code) {
                    let first = parcels.entry(code).or_insert(row);
                    if row.id() < first.id() {
                        *first = row;
                    }
                }
            });
        }
        let by = |name: &str, fields: &[&str], wanted: &dyn Fn(&str) -> bool| {
            let mut found: FxHashMap<&'a str, Vec<FeatureRef<'a>>> = FxHashMap::default();
            let Some(rows) = self.rows(name) else { return found };
            for field in fields {
                rows.each_key(field, &mut |key, row| {
                    if wanted(key) {
                        found.entry(key).or_default().push(row);
                    }
                });
            }
            for rows in found.values_mut() {
                rows.sort_unstable_by_key(|row| row.id());
                rows.dedup_by_key(|row| row.id());
            }
            found
        };
        let is_code = |key: &str| codes.contains(key);
        let buildings = by(&set.buildings.collection, &[&set.buildings.parcel], &is_code);
        let of_points = [Some(&set.points.parcel), Some(&set.points.household)];
        let of_points = of_points.into_iter().chain([set.points.building.as_ref()]).flatten();
        let of_points: Vec<&str> = of_points.map(String::as_str).collect();
        let points = by(&set.points.collection, &of_points, &|key| {
            codes.contains(key) || kind.is_named_by_points() && ids.contains(key)
        });
        let mut photos =
            by(&set.photos.collection, &[&set.photos.subject], &|key| ids.contains(key));
        if let Some(at) =
            self.rows(&set.photos.collection).and_then(|rows| rows.at(&set.photos.kind))
        {
            photos.values_mut().for_each(|rows| {
                rows.retain(|row| key(*row, at).is_none_or(|of| of == kind.kind));
            });
        }
        all.parcels = parcels;
        (all.buildings, all.points, all.photos) = (buildings, points, photos);
        all
    }

    /// The doors and households of the parcels that are wanted.
    pub(super) fn doors(&self, is_wanted: &dyn Fn(&str) -> bool) -> Doors {
        let mut doors = Doors::default();
        let households = self.set.subjects.iter().filter(|kind| kind.is_household);
        for kind in households {
            let Some(rows) = self.rows(&kind.collection) else { continue };
            let Some(parcel) = &kind.parcel else { continue };
            let name = kind.name.as_deref().and_then(|field| rows.at(field));
            let id = rows.at(&kind.id);
            rows.each_key(parcel, &mut |code, row| {
                if !is_wanted(code) {
                    return;
                }
                if let Some(name) = name.and_then(|at| text(row, at)) {
                    doors.names.entry(code.to_owned()).or_default().insert(name);
                }
                if let Some(id) = id.and_then(|at| key(row, at)) {
                    doors.households.entry(code.to_owned()).or_default().insert(id.to_owned());
                }
            });
        }
        let shares = &self.set.shares;
        if let Some(rows) = self.rows(&shares.collection) {
            let household = rows.at(&shares.household);
            rows.each_key(&shares.parcel, &mut |code, row| {
                if let (true, Some(id)) = (is_wanted(code), household.and_then(|at| key(row, at))) {
                    doors.households.entry(code.to_owned()).or_default().insert(id.to_owned());
                }
            });
        }
        doors
    }
}
