//! What a spatial rule is: data, in a closed vocabulary of kinds.
//!
//! Distances are metres, areas square metres on the ground.

use serde::{Deserialize, Serialize};

use super::business_rule::{ExitOverdue, HighRisk, LegalSteps, LicenceAlive};
use crate::indicator::Basis;

/// The rules of a city in one edition, as they are read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Which edition it is, as in `2026-01`; told with every clue.
    pub edition: String,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name for interfaces: small letters, digits, `_`.
    pub code: String,
    /// Its name for people; begins with 疑似.
    pub name: String,
    /// On what it rests.
    pub basis: Basis,
    /// The document, or whose proposal it is.
    pub source: String,
    /// What it looks for.
    pub kind: Kind,
}

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 反弹: a new report near a closed point of its task.
    Rebound(Rebound),
    /// 超占: a building outside the parcel that holds most of it.
    OverParcel(OverParcel),
    /// Two parcels that share area.
    ParcelOverlap(ParcelOverlap),
    /// Ground between parcels that belongs to none.
    ParcelGap(ParcelGap),
    /// 全覆盖: buildings on no parcel, or on one without a file.
    NoFile(NoFile),
    /// Complaints near closed points.
    ComplaintNearClosed(ComplaintNearClosed),
    /// 拆一补一, 先补后拆: a closing outlet that no open one replaces.
    Replacement(Replacement),
    /// Communities that lack a function.
    ServiceGap(ServiceGap),
    /// 留白增绿: released land that is not greened.
    IdleLand(IdleLand),
    /// 连片: features that lie together.
    Contiguous(Contiguous),
    /// 四至: with which parcels one parcel shares its border, asked by its key.
    Neighbours(Neighbours),
    /// 一户多宅: a household with several parcels.
    SeveralHomesteads(SeveralHomesteads),
    /// Buildings that the last survey did not have.
    NewBuilding(NewBuilding),
    /// 高风险主体: enterprises by a score of reasons, the highest first.
    HighRisk(Box<HighRisk>),
    /// 封堵后仍持照: a licence that lives on after its point was closed.
    LicenceAlive(LicenceAlive),
    /// 退出逾期: exits that are late, or without released land.
    ExitOverdue(ExitOverdue),
    /// 复议诉讼零发生: legal steps of closed points that are missing or late.
    LegalSteps(LegalSteps),
}

/// See [`Kind::Rebound`]; points are those of the ledger.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rebound {
    /// Collection of points.
    pub points: String,
    /// How near.
    pub metres: f64,
    /// Field with the accuracy of the position in metres, which widens the search; it may be absent
    /// from the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<String>,
}

/// See [`Kind::OverParcel`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OverParcel {
    /// Collection of buildings.
    pub buildings: String,
    /// Collection of parcels.
    pub parcels: String,
    /// More than so much lies outside.
    pub least_m2: f64,
}

/// See [`Kind::ParcelOverlap`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelOverlap {
    /// Collection of parcels.
    pub parcels: String,
    /// More than so much is shared.
    pub least_m2: f64,
}

/// See [`Kind::ParcelGap`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelGap {
    /// Collection of parcels.
    pub parcels: String,
    /// From so much on; less is noise.
    pub least_m2: f64,
    /// Up to so much; more is a yard or a lane.
    pub most_m2: f64,
}

/// See [`Kind::NoFile`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NoFile {
    /// Collection of buildings.
    pub buildings: String,
    /// Collection of parcels.
    pub parcels: String,
    /// Field of parcels that files name.
    pub parcel_key: String,
    /// Files of households; without them only the parcel counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Files>,
    /// Shares of households in parcels, whose parcels have files too; they may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<Files>,
    /// Units for which shares are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
}

/// A collection, and its field that names a parcel.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The collection.
    pub collection: String,
    /// Field that names the parcel.
    pub parcel: String,
}

/// A collection of units.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// The collection.
    pub collection: String,
    /// Field with the code.
    pub code: String,
    /// Field with the name.
    pub name: String,
}

/// See [`Kind::ComplaintNearClosed`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ComplaintNearClosed {
    /// Collection of complaints.
    pub complaints: String,
    /// Field with their day or time.
    pub occurred: String,
    /// Collection of points of the ledger.
    pub points: String,
    /// How near.
    pub metres: f64,
    /// How long after the closing.
    pub days: u32,
}

/// A collection of outlets (便民网点).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Outlets {
    /// The collection.
    pub collection: String,
    /// Field with the functions, parted by 、 or comma.
    pub functions: String,
    /// Field with the day of opening; without a value it was always open.
    pub opened: String,
    /// Field with the day of closing, which may be to come.
    pub closed: String,
}

/// See [`Kind::Replacement`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// The outlets.
    pub outlets: Outlets,
    /// How near a replacement must be.
    pub metres: f64,
    /// Outlets that closed at most so long ago, and all that are to close.
    pub days: u32,
}

/// See [`Kind::ServiceGap`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceGap {
    /// Collection of communities.
    pub communities: String,
    /// The outlets.
    pub outlets: Outlets,
    /// Functions that each community must have.
    pub functions: Vec<String>,
    /// How far outside the community an outlet still counts.
    pub metres: f64,
}

/// See [`Kind::IdleLand`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdleLand {
    /// Collection of released land.
    pub land: String,
    /// Field with the day of the release.
    pub released: String,
    /// Field with the use that is made of it; nothing means none.
    pub actual_use: String,
    /// Uses that count as none.
    pub idle_uses: Vec<String>,
    /// Collection of green plots, which may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub green: Option<String>,
    /// Least share that must be green, of 1.
    pub least_share: f64,
    /// How long it may take.
    pub days: u32,
}

/// See [`Kind::Contiguous`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contiguous {
    /// The collection.
    pub collection: String,
    /// Which of its features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Only>,
    /// How near neighbours are.
    pub metres: f64,
    /// How many make a group.
    pub least: u32,
}

/// Features of which a field has one of these values.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    /// The field, a text.
    pub field: String,
    /// Its values.
    pub values: Vec<String>,
}

/// See [`Kind::Neighbours`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbours {
    /// Collection of parcels.
    pub parcels: String,
    /// Field by which the parcel is asked for.
    pub parcel: String,
    /// How far apart borders may run that are one.
    pub metres: f64,
}

/// See [`Kind::SeveralHomesteads`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SeveralHomesteads {
    /// Table of shares, a household and a parcel a row.
    pub shares: String,
    /// Field that names the household.
    pub household: String,
    /// Field that names the parcel.
    pub parcel: String,
    /// The parcels, for the map; they may be absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcels: Option<Files>,
}

/// See [`Kind::NewBuilding`].
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NewBuilding {
    /// Collection of buildings.
    pub buildings: String,
    /// Collection of the last survey.
    pub earlier: String,
    /// More than so much is new.
    pub least_m2: f64,
    /// Who has a permit to build; buildings on such a parcel are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permits: Option<Permits>,
}

/// A table of permits to build.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Permits {
    /// The collection.
    pub collection: String,
    /// Field that names the parcel.
    pub parcel: String,
    /// Field of a building that names the parcel it stands on.
    pub building: String,
}

/// A collection that a rule reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input<'r> {
    /// The collection.
    pub collection: &'r str,
    /// Fields of it.
    pub fields: Vec<&'r str>,
    /// Whether the rule says nothing without it.
    pub is_needed: bool,
}

/// Fields of the ledger's points that rules read.
pub(super) const POINT_FIELDS: [&str; 6] =
    ["id", "task", "state", "state_since", "registered_at", "closed_at"];

impl Kind {
    /// Its name in files and interfaces.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rebound(_) => "rebound",
            Self::OverParcel(_) => "over_parcel",
            Self::ParcelOverlap(_) => "parcel_overlap",
            Self::ParcelGap(_) => "parcel_gap",
            Self::NoFile(_) => "no_file",
            Self::ComplaintNearClosed(_) => "complaint_near_closed",
            Self::Replacement(_) => "replacement",
            Self::ServiceGap(_) => "service_gap",
            Self::IdleLand(_) => "idle_land",
            Self::Contiguous(_) => "contiguous",
            Self::Neighbours(_) => "neighbours",
            Self::SeveralHomesteads(_) => "several_homesteads",
            Self::NewBuilding(_) => "new_building",
            Self::HighRisk(_) => "high_risk",
            Self::LicenceAlive(_) => "licence_alive",
            Self::ExitOverdue(_) => "exit_overdue",
            Self::LegalSteps(_) => "legal_steps",
        }
    }

    /// What its clues depend on, where that lies around the features that they are about; none for
    /// rules of which more must be read to tell one clue.
    pub fn dependence(&self) -> Option<Dependence<'_>> {
        let near = match self {
            Self::OverParcel(rule) => vec![(rule.parcels.as_str(), 0.0)],
            Self::ComplaintNearClosed(rule) => vec![(rule.points.as_str(), rule.metres)],
            Self::ServiceGap(rule) => vec![(rule.outlets.collection.as_str(), rule.metres)],
            Self::IdleLand(rule) => rule.green.iter().map(|green| (green.as_str(), 0.0)).collect(),
            Self::NewBuilding(rule) => vec![(rule.earlier.as_str(), 0.0)],
            Self::Neighbours(rule) => vec![(rule.parcels.as_str(), rule.metres)],
            _ => return None,
        };
        let subject = self.inputs().first()?.collection;
        // A permit lets buildings be wherever it lies itself.
        let by_value = match self {
            Self::NewBuilding(rule) => rule.permits.as_ref().map(|one| one.collection.as_str()),
            _ => None,
        };
        let is_near = |name: &str| name == subject || near.iter().any(|(near, _)| *near == name);
        (!by_value.is_some_and(is_near)).then_some(Dependence { subject, near })
    }

    /// What it reads; the first is what its clues are about.
    pub fn inputs(&self) -> Vec<Input<'_>> {
        match self {
            Self::Rebound(rule) => vec![needed(&rule.points, POINT_FIELDS.to_vec())],
            Self::OverParcel(rule) => {
                vec![needed(&rule.buildings, Vec::new()), needed(&rule.parcels, Vec::new())]
            }
            Self::ParcelOverlap(rule) => vec![needed(&rule.parcels, Vec::new())],
            Self::ParcelGap(rule) => vec![needed(&rule.parcels, Vec::new())],
            Self::NoFile(rule) => {
                let mut inputs = vec![
                    needed(&rule.buildings, Vec::new()),
                    needed(&rule.parcels, vec![&rule.parcel_key]),
                ];
                let files = rule.files.iter().chain(&rule.shares);
                inputs.extend(files.map(|one| extra(&one.collection, vec![&one.parcel])));
                let units = rule.units.as_ref();
                inputs.extend(units.map(|one| extra(&one.collection, vec![&one.code, &one.name])));
                inputs
            }
            Self::ComplaintNearClosed(rule) => vec![
                needed(&rule.complaints, vec![&rule.occurred]),
                needed(&rule.points, POINT_FIELDS.to_vec()),
            ],
            Self::Replacement(rule) => vec![of_outlets(&rule.outlets)],
            Self::ServiceGap(rule) => {
                vec![needed(&rule.communities, Vec::new()), of_outlets(&rule.outlets)]
            }
            Self::IdleLand(rule) => {
                let mut inputs = vec![needed(&rule.land, vec![&rule.released, &rule.actual_use])];
                inputs.extend(rule.green.as_ref().map(|green| extra(green, Vec::new())));
                inputs
            }
            Self::Contiguous(rule) => {
                let fields = rule.only.iter().map(|only| only.field.as_str()).collect();
                vec![needed(&rule.collection, fields)]
            }
            Self::Neighbours(rule) => vec![needed(&rule.parcels, vec![&rule.parcel])],
            Self::SeveralHomesteads(rule) => {
                let mut inputs = vec![needed(&rule.shares, vec![&rule.household, &rule.parcel])];
                let parcels = rule.parcels.as_ref();
                inputs.extend(parcels.map(|one| extra(&one.collection, vec![&one.parcel])));
                inputs
            }
            Self::NewBuilding(rule) => {
                let permits = rule.permits.as_ref();
                let named = permits.iter().map(|one| one.building.as_str()).collect();
                let mut inputs =
                    vec![needed(&rule.buildings, named), needed(&rule.earlier, Vec::new())];
                // Without the table nobody is known to have one, and every building would be told.
                inputs.extend(permits.map(|one| needed(&one.collection, vec![&one.parcel])));
                inputs
            }
            Self::HighRisk(rule) => rule.inputs(),
            Self::LicenceAlive(rule) => rule.inputs(),
            Self::ExitOverdue(rule) => rule.inputs(),
            Self::LegalSteps(rule) => rule.inputs(),
        }
    }

    /// The roles to which it is told where it reads names and codes of enterprises; `None` for a rule
    /// that everybody who reads the map may ask.
    pub fn readers(&self) -> Option<&[String]> {
        match self {
            Self::HighRisk(rule) => Some(&rule.readers),
            Self::LicenceAlive(rule) => Some(&rule.readers),
            Self::ExitOverdue(rule) => Some(&rule.readers),
            _ => None,
        }
    }
}

/// On what a clue depends: the feature that it is about, and what lies around that. What else a rule reads
/// matters wherever it lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependence<'r> {
    /// The collection of which each clue is about one feature, which it names first.
    pub subject: &'r str,
    /// Collections of which those features matter that come as near as so many metres to it, and those
    /// alone.
    pub near: Vec<(&'r str, f64)>,
}

impl Dependence<'_> {
    /// How near features of a collection must come to matter, in metres; none where any may, or none
    /// is known to.
    pub fn reach(&self, collection: &str) -> Option<f64> {
        let near = self.near.iter().filter(|(name, _)| *name == collection);
        near.map(|(_, metres)| *metres).reduce(f64::max)
    }
}

pub(super) fn needed<'r>(collection: &'r str, fields: Vec<&'r str>) -> Input<'r> {
    Input { collection, fields, is_needed: true }
}

pub(super) fn extra<'r>(collection: &'r str, fields: Vec<&'r str>) -> Input<'r> {
    Input { collection, fields, is_needed: false }
}

fn of_outlets(outlets: &Outlets) -> Input<'_> {
    let Outlets { collection, functions, opened, closed } = outlets;
    needed(collection, vec![functions, opened, closed])
}
