//! What somebody may see, as one value.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;
use spatial::FieldClass;

use crate::{HIGHEST_IN_TILES, Profile};

/// For whom answers are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Everyone: what is listed for everyone, and no small counts.
    Public,
    /// Those who work here: fields up to L1.
    Internal,
    /// Those who enforce: fields up to L3.
    Enforce,
}

impl Audience {
    /// Every one, from the least to the most.
    pub const ALL: [Self; 3] = [Self::Public, Self::Internal, Self::Enforce];

    /// The word that files and documents use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Enforce => "enforce",
        }
    }

    /// The one with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// The highest class of fields that it reads.
    pub fn highest(self) -> FieldClass {
        match self {
            Self::Public => FieldClass::L0,
            Self::Internal => FieldClass::L1,
            Self::Enforce => FieldClass::L3,
        }
    }
}

/// What somebody may see: for whom the answers are, up to which class the keys of collections may be for
/// these to be there, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// For whom.
    pub audience: Audience,
    /// Collections whose key is of a higher class are not there.
    pub sees: FieldClass,
    /// Codes of the units and areas beyond which nothing is there, ascending; absent for everywhere.
    pub areas: Option<Arc<[String]>>,
}

impl View {
    /// Everything, with fields as those who work here read them.
    pub const EVERYTHING: Self =
        Self { audience: Audience::Internal, sees: FieldClass::L4, areas: None };

    /// Everywhere.
    pub fn everywhere(audience: Audience, sees: FieldClass) -> Self {
        Self { audience, sees, areas: None }
    }

    /// What of this tiles are drawn by: in them those who enforce see no more than those who work.
    #[must_use]
    pub fn drawn(&self) -> Self {
        let (audience, sees) = (self.audience.min(Audience::Internal), HIGHEST_IN_TILES);
        Self { audience, sees, areas: self.areas.clone() }
    }

    /// Whether all collections are there with all of their features.
    pub(crate) fn is_whole(&self) -> bool {
        self.audience != Audience::Public && self.sees == FieldClass::L4 && self.areas.is_none()
    }

    /// Which fields are read.
    pub fn profile(&self) -> Profile {
        let highest = self.audience.highest();
        let within = match self.audience {
            Audience::Public => highest,
            Audience::Internal | Audience::Enforce => self.sees.max(highest),
        };
        Profile { highest, within }
    }

    /// Another number for another view, the same in every process.
    pub(crate) fn number(&self) -> u64 {
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}
