//! The section `[evidence]` of the configuration: what is asked of photos and documents.

use ledger::rows::evidence::EvidenceRules;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// Most bytes that a piece may be given.
const MOST_BYTES: usize = 256 << 20;

/// What is asked of photos and documents.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvidenceConfig {
    /// Whether events, but for reports and old history, may only name evidence of their point that
    /// is there; holds where the store has the collection evidence.
    pub required: bool,
    /// Evidence that was taken farther from its point than so many metres is flagged.
    pub far_m: u32,
    /// Largest photo or document, in bytes.
    #[serde(deserialize_with = "bytes")]
    pub max_bytes: usize,
}

impl Default for EvidenceConfig {
    fn default() -> Self {
        let EvidenceRules { is_required, far_m } = EvidenceRules::default();
        Self { required: is_required, far_m, max_bytes: 20 << 20 }
    }
}

impl EvidenceConfig {
    /// As the engine takes it.
    pub fn rules(&self) -> EvidenceRules {
        EvidenceRules { is_required: self.required, far_m: self.far_m }
    }
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let number = u64::deserialize(from)?;
    let within = usize::try_from(number).ok().filter(|number| *number <= MOST_BYTES);
    within
        .ok_or_else(|| D::Error::custom(format!("{number} is too much; {MOST_BYTES} is the most")))
}
