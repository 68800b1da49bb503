//! The section `[exports]` of the configuration: how much of the cadastre an account may take by HTTP.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use server::{Approval, ExportSettings};
use spatial::Day;

/// What may be taken.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExportsConfig {
    /// Collections whose features are counted.
    pub collections: BTreeSet<String>,
    /// Square kilometres that an account, and a unit, may take as features.
    #[serde(deserialize_with = "km2")]
    pub limit_km2: f64,
    /// The same by tiles, from zoom 14 on.
    #[serde(deserialize_with = "km2")]
    pub tiles_km2: f64,
    /// Within so many days.
    pub window_days: u32,
    /// Who was allowed more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovalConfig>,
}

/// What whoever looks after security has allowed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalConfig {
    /// Its number.
    pub number: String,
    /// The account, or the code of the unit, that it is for.
    pub of: String,
    /// Square kilometres in place of the limit.
    #[serde(deserialize_with = "km2")]
    pub km2: f64,
    /// Its last day, as in `2026-12-31`.
    #[serde(deserialize_with = "day")]
    pub until: String,
}

impl Default for ExportsConfig {
    fn default() -> Self {
        let ExportSettings { collections, limit_km2, tiles_km2, window, .. } =
            ExportSettings::default();
        let window_days = u32::try_from(window.as_secs() / 86_400).unwrap_or(u32::MAX);
        Self { collections, limit_km2, tiles_km2, window_days, approvals: Vec::new() }
    }
}

impl ExportsConfig {
    /// As the server takes it.
    pub fn settings(&self) -> ExportSettings {
        let approval = |one: &ApprovalConfig| {
            let ApprovalConfig { number, of, km2, until } = one.clone();
            Some(Approval { number, of, km2, until: until.parse().ok()? })
        };
        ExportSettings {
            collections: self.collections.clone(),
            limit_km2: self.limit_km2,
            tiles_km2: self.tiles_km2,
            window: Duration::from_secs(u64::from(self.window_days) * 86_400),
            approvals: self.approvals.iter().filter_map(approval).collect(),
        }
    }
}

fn km2<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let km2 = f64::deserialize(from)?;
    match km2.is_finite() && km2 >= 0.0 {
        true => Ok(km2),
        false => Err(D::Error::custom(format!("{km2} is no area in km²; use 0 or more"))),
    }
}

fn day<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    match text.parse::<Day>() {
        Ok(_day) => Ok(text),
        Err(error) => Err(D::Error::custom(format!("{text:?}: {error}"))),
    }
}
