//! Rules about enterprises (经营主体) as data: who may be a high risk, whose licence lives on after a
//! closing, whose exit is late; and the legal steps of demolitions.
//!
//! They read names and codes of enterprises, which not everybody may: each says in which roles it is
//! told.

use serde::{Deserialize, Serialize};

use super::rule::{Input, POINT_FIELDS, extra, needed};

/// See [`super::Kind::HighRisk`]. A reason that is left out is not looked for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HighRisk {
    /// Collection of enterprises.
    pub enterprises: String,
    /// Roles of the ledger that may be told.
    pub readers: Vec<String>,
    /// From this score on, 1 or more.
    pub least_score: u32,
    /// The highest so many.
    pub most: u32,
    /// State of the licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<LicenceRisk>,
    /// Industry against the catalogue (禁限目录) of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry: Option<IndustryRisk>,
    /// On a parcel for dwelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residential: Option<ResidentialRisk>,
    /// Complaints nearby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complaints: Option<ComplaintsRisk>,
    /// A point that came back, its own or nearby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebound: Option<ReboundRisk>,
}

/// Licences that count.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceRisk {
    /// Field with the state.
    pub field: String,
    /// States that count, word by word.
    pub states: Vec<String>,
    /// What they count.
    pub weight: u32,
    /// What no state at all counts.
    #[serde(default)]
    pub weight_unknown: u32,
}

/// Industries that count.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IndustryRisk {
    /// Field with the code of GB/T 4754.
    pub field: String,
    /// Field with the code of the district, for entries that hold in areas.
    pub unit: String,
    /// Field with the day of founding, which the reason tells.
    pub opened: String,
    /// What 禁止 counts.
    pub weight_prohibited: u32,
    /// What 限制 counts.
    pub weight_restricted: u32,
}

/// Parcels that count.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ResidentialRisk {
    /// Collection of parcels.
    pub parcels: String,
    /// Its field with the parcel's code.
    pub code: String,
    /// Its field with the use.
    pub use_code: String,
    /// Uses that are dwelling, by the beginning of their codes.
    pub uses: Vec<String>,
    /// Field of enterprises that names the parcel; without a value the parcel under it counts.
    pub parcel: String,
    /// What it counts.
    pub weight: u32,
}

/// Complaints that count.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ComplaintsRisk {
    /// Collection of complaints.
    pub complaints: String,
    /// Field with their day or time.
    pub occurred: String,
    /// How near.
    pub metres: f64,
    /// How long ago at most.
    pub days: u32,
    /// How many there must be.
    pub least: u32,
    /// What they count together.
    pub weight: u32,
}

/// Rebounds that count.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReboundRisk {
    /// Collection of points of the ledger.
    pub points: String,
    /// Field of enterprises that names their point, by id or number.
    pub point: String,
    /// How near another point counts.
    pub metres: f64,
    /// What it counts.
    pub weight: u32,
}

/// See [`super::Kind::LicenceAlive`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceAlive {
    /// Collection of enterprises.
    pub enterprises: String,
    /// Roles of the ledger that may be told.
    pub readers: Vec<String>,
    /// Field of enterprises that names their point, by id or number.
    pub point: String,
    /// Field with the state of the licence.
    pub licence_state: String,
    /// States in which a licence lives.
    pub alive: Vec<String>,
    /// Collection of points of the ledger.
    pub points: String,
    /// Tasks of points that count; none for every task.
    #[serde(default)]
    pub tasks: Vec<String>,
    /// How long after the closing it may take.
    pub days: u32,
}

/// See [`super::Kind::ExitOverdue`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExitOverdue {
    /// Collection of enterprises.
    pub enterprises: String,
    /// Roles of the ledger that may be told.
    pub readers: Vec<String>,
    /// Field that says how far the exit is; without a value an enterprise is not listed.
    pub exit_state: String,
    /// States in which it is done.
    pub done: Vec<String>,
    /// Field with the day by which it must be done.
    pub exit_due: String,
    /// Field with the day on which it was done.
    pub exited: String,
    /// Field with the released land in square metres.
    pub released_m2: String,
    /// How long after the exit land may not be told.
    pub days: u32,
}

/// See [`super::Kind::LegalSteps`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LegalSteps {
    /// Collection of points of the ledger.
    pub points: String,
    /// Tasks of points that need them.
    pub tasks: Vec<String>,
    /// Table of steps, one a row.
    pub steps: String,
    /// Its field that names the point, by id or number.
    pub point: String,
    /// Its field with the name of the step.
    pub step: String,
    /// Its field with the day on which it was done.
    pub done: String,
    /// Its field with the day by which it must be done, if there is one.
    pub due: String,
    /// The steps in their order.
    pub order: Vec<String>,
}

impl HighRisk {
    pub(super) fn inputs(&self) -> Vec<Input<'_>> {
        let mut fields: Vec<&str> = Vec::new();
        let mut inputs = Vec::new();
        fields.extend(self.licence.iter().map(|one| one.field.as_str()));
        if let Some(one) = &self.industry {
            fields.extend([one.field.as_str(), &one.unit, &one.opened]);
        }
        if let Some(one) = &self.residential {
            fields.push(&one.parcel);
            inputs.push(extra(&one.parcels, vec![&one.code, &one.use_code]));
        }
        if let Some(one) = &self.complaints {
            inputs.push(extra(&one.complaints, vec![&one.occurred]));
        }
        if let Some(one) = &self.rebound {
            fields.push(&one.point);
            inputs.push(extra(&one.points, vec!["id", "code", "rebound_count"]));
        }
        inputs.insert(0, needed(&self.enterprises, fields));
        inputs
    }
}

impl LicenceAlive {
    pub(super) fn inputs(&self) -> Vec<Input<'_>> {
        vec![
            needed(&self.enterprises, vec![&self.point, &self.licence_state]),
            needed(&self.points, POINT_FIELDS.to_vec()),
        ]
    }
}

impl ExitOverdue {
    pub(super) fn inputs(&self) -> Vec<Input<'_>> {
        let fields = [&self.exit_state, &self.exit_due, &self.exited, &self.released_m2];
        vec![needed(&self.enterprises, fields.map(String::as_str).to_vec())]
    }
}

impl LegalSteps {
    pub(super) fn inputs(&self) -> Vec<Input<'_>> {
        let fields = [&self.point, &self.step, &self.done, &self.due];
        vec![
            needed(&self.points, POINT_FIELDS.to_vec()),
            needed(&self.steps, fields.map(String::as_str).to_vec()),
        ]
    }
}
