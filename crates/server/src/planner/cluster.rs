//! `/cluster`: features of one collection put together by distance, each group with its hull.

use std::fmt::Write;

use engine::query::ClusterQuery;
use engine::{Engine, Profile};
use formats::geojson::Positions;
use spatial::CrsRegistry;

use super::Refusal;
use super::asked::{aggregates, collection, condition, crs};
use super::members::Members;
use super::search::{
    MAX_DISTANCE, SearchAnswer, at_geometry, place, push_ids, push_values, written_keys,
};
use crate::crs_uri::OfferedCrs;

/// Most groups of one answer, and their number when nothing is said.
const MAX_GROUPS: u64 = 10_000;
/// Least size of a group when nothing is said.
const DEFAULT_SIZE: u64 = 2;

const MEMBERS: [&str; 11] = [
    "collection",
    "distance",
    "minSize",
    "geometry",
    "crs",
    "filter",
    "filterLang",
    "filterCrs",
    "aggregates",
    "ids",
    "limit",
];

/// A clustering made out.
#[derive(Clone, Debug)]
pub struct ClusterRequest {
    query: ClusterQuery,
    crs: OfferedCrs,
    /// Whether the ids of members are answered.
    ids: bool,
    limit: usize,
}

impl ClusterRequest {
    /// Reads the body of a clustering.
    pub fn read(body: &[u8], registry: &CrsRegistry) -> Result<Self, Refusal> {
        let members = Members::of_body(body, &MEMBERS)?;
        let crs = crs(&members, "crs", registry)?;
        members.required("distance")?;
        let least = members.whole("minSize", 1..=100_000)?.unwrap_or(DEFAULT_SIZE);
        let ids = match members.value("ids") {
            None => false,
            Some(value) => {
                value.truth().ok_or_else(|| members.refuse("ids", "true or false is expected"))?
            }
        };
        let limit = members.whole("limit", 1..=MAX_GROUPS)?.unwrap_or(MAX_GROUPS);
        let query = ClusterQuery {
            collection: collection(&members, "collection")?,
            distance: members.measure("distance", MAX_DISTANCE)?.unwrap_or_default(),
            least: usize::try_from(least).unwrap_or(usize::MAX),
            place: place(&members, &crs)?,
            condition: condition(&members, ("filter", "filterLang", "filterCrs"), registry)?,
            aggregates: aggregates(&members)?,
            crs: crs.crs.clone(),
            profile: Profile::default(),
        };
        Ok(Self { query, crs, ids, limit: limit as usize })
    }

    /// Answers with what `engine` finds.
    pub async fn answer(mut self, engine: &Engine) -> Result<SearchAnswer, Refusal> {
        // What was read is asked by whoever holds this handle.
        self.query.profile = engine.profile();
        let names: Vec<String> = self.query.aggregates.iter().map(|one| one.name.clone()).collect();
        let order = self.crs.axis_order;
        let found = engine.cluster(self.query).await;
        let found = found.map_err(|error| at_geometry(error, order))?;
        let revision = found.revision;
        let (ids, limit) = (self.ids, self.limit);
        let write = move || {
            let mut text = format!(
                "{{\"revision\":{revision},\"count\":{},\"noise\":{},\"groups\":[",
                found.clusters.len(),
                found.noise
            );
            let keys = written_keys(names.iter().map(String::as_str));
            for (position, cluster) in found.clusters.iter().take(limit).enumerate() {
                text.push_str(if position == 0 { "\n" } else { ",\n" });
                let _ = write!(text, "{{\"count\":{}", cluster.members.len());
                if !names.is_empty() {
                    text.push_str(",\"values\":");
                    push_values(&mut text, &keys, &cluster.values);
                }
                text.push_str(",\"hull\":");
                let declared = cluster.hull.geometry_type();
                Positions { axis_order: order, declared }.push_geometry(&mut text, &cluster.hull);
                if ids {
                    push_ids(&mut text, &cluster.members);
                }
                text.push('}');
            }
            text.push_str("]}\n");
            text.into_bytes()
        };
        let body = engine.pool().run_waiting(write).await?;
        let content_crs = Some(self.crs.uri);
        Ok(SearchAnswer { body, revision, content_crs, is_paged: false, features: Vec::new() })
    }
}
