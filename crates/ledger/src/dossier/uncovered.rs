//! 全覆盖: which buildings are in no file, as the rule that finds them.

use super::Dossiers;
use crate::clue::{Files, Kind, NoFile, Rule, Units};

impl Dossiers {
    /// The rule of buildings on no parcel, or on one that no file names: neither a household by its field
    /// nor a share. Shares of units are told of the finest level.
    pub fn uncovered(&self) -> Rule {
        let set = self.set();
        let household = set.subjects.iter().find(|subject| subject.is_household);
        let files = household.and_then(|subject| {
            Some(Files { collection: subject.collection.clone(), parcel: subject.parcel.clone()? })
        });
        let shares =
            Files { collection: set.shares.collection.clone(), parcel: set.shares.parcel.clone() };
        let units = set.units.first().map(|layer| Units {
            collection: layer.collection.clone(),
            code: layer.code.clone(),
            name: layer.name.clone(),
        });
        Rule {
            code: "uncovered".to_owned(),
            name: "疑似无档建筑".to_owned(),
            basis: set.basis,
            source: set.source.clone(),
            kind: Kind::NoFile(NoFile {
                buildings: set.buildings.collection.clone(),
                parcels: set.parcels.collection.clone(),
                parcel_key: set.parcels.code.clone(),
                files,
                shares: Some(shares),
                units,
            }),
        }
    }
}
