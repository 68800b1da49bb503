//! `/join`: two collections, counted and summed for each feature of the first, or as pairs.

use std::fmt::Write;

use engine::query::{JoinQuery, JoinRelation, JoinRows, JoinWanted, MAX_JOIN_PAGE};
use engine::{Engine, Profile};
use formats::geojson::{push_string, push_value};
use spatial::{CrsRegistry, FeatureId, Predicate, ValueRef};

use super::Refusal;
use super::asked::{aggregates, collection, condition};
use super::members::Members;
use super::search::{MAX_DISTANCE, SearchAnswer, neighbours, push_values, written_keys};

/// Rows of a page when nothing is said.
const DEFAULT_LIMIT: usize = 1_000;

const MEMBERS: [&str; 15] = [
    "first",
    "second",
    "predicate",
    "distance",
    "nearest",
    "filter",
    "filterLang",
    "filterCrs",
    "secondFilter",
    "secondFilterLang",
    "secondFilterCrs",
    "return",
    "aggregates",
    "limit",
    "cursor",
];

/// A join made out.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    query: JoinQuery,
    limit: usize,
    cursor: Option<String>,
}

impl JoinRequest {
    /// Reads the body of a join.
    pub fn read(body: &[u8], registry: &CrsRegistry) -> Result<Self, Refusal> {
        let members = Members::of_body(body, &MEMBERS)?;
        let predicate = members.parsed("predicate", str::parse::<Predicate>)?;
        let distance = members.measure("distance", MAX_DISTANCE)?;
        let relation = match (predicate, neighbours(&members)?, distance) {
            (predicate, None, None) => {
                JoinRelation::Predicate(predicate.unwrap_or(Predicate::Intersects))
            }
            (None, None, Some(distance)) => JoinRelation::Distance(distance),
            (None, Some(count), within) => {
                JoinRelation::Nearest { count, within: within.unwrap_or(f64::INFINITY) }
            }
            (Some(_), Some(_), _) => {
                return Err(members.refuse("nearest", "send a predicate or nearest, not both"));
            }
            (Some(_), None, Some(_)) => {
                return Err(members.refuse("distance", "send a predicate or a distance, not both"));
            }
        };
        let is_pairs = members.choice("return", &[("counts", false), ("pairs", true)])?;
        if is_pairs != Some(true) && matches!(relation, JoinRelation::Nearest { .. }) {
            return Err(
                members.refuse("nearest", "neighbours are pairs; send \"return\": \"pairs\"")
            );
        }
        let wanted = match is_pairs {
            Some(true) if members.value("aggregates").is_some() => {
                return Err(members.refuse("aggregates", "aggregates have no part in pairs"));
            }
            Some(true) => JoinWanted::Pairs,
            _ => JoinWanted::Counts(aggregates(&members)?),
        };
        let second = ("secondFilter", "secondFilterLang", "secondFilterCrs");
        let query = JoinQuery {
            first: collection(&members, "first")?,
            second: collection(&members, "second")?,
            relation,
            condition: condition(&members, ("filter", "filterLang", "filterCrs"), registry)?,
            second_condition: condition(&members, second, registry)?,
            wanted,
            profile: Profile::default(),
        };
        let limit = members.whole("limit", 1..=MAX_JOIN_PAGE as u64)?;
        let limit = limit.map_or(DEFAULT_LIMIT, |limit| limit as usize);
        let cursor = members.text("cursor")?.map(|text| text.into_owned());
        Ok(Self { query, limit, cursor })
    }

    /// Answers with what `engine` finds.
    pub async fn answer(mut self, engine: &Engine) -> Result<SearchAnswer, Refusal> {
        // What was read is asked by whoever holds this handle.
        self.query.profile = engine.profile();
        let names: Vec<String> = match &self.query.wanted {
            JoinWanted::Counts(aggregates) => {
                aggregates.iter().map(|one| one.name.clone()).collect()
            }
            JoinWanted::Pairs => Vec::new(),
        };
        let joined = engine.join(self.query, self.limit, self.cursor.as_deref()).await?;
        let revision = joined.revision;
        let is_paged = self.cursor.is_some() || joined.next.is_some();
        let write = move || {
            let mut text = format!(
                "{{\"revision\":{revision},\"count\":{},\"pairCount\":{}",
                joined.count, joined.pairs
            );
            if let Some(next) = &joined.next {
                text.push_str(",\"next\":");
                push_string(&mut text, next);
            }
            match &joined.rows {
                JoinRows::Counts(rows) => {
                    let keys = written_keys(names.iter().map(String::as_str));
                    text.push_str(",\"counts\":[");
                    for (position, (id, count, values)) in rows.iter().enumerate() {
                        text.push_str(if position == 0 { "\n" } else { ",\n" });
                        let _ = write!(text, "{{\"id\":{id},\"count\":{count}");
                        if !names.is_empty() {
                            text.push_str(",\"values\":");
                            push_values(&mut text, &keys, values);
                        }
                        text.push('}');
                    }
                }
                JoinRows::Pairs(pairs) => {
                    text.push_str(",\"pairs\":[");
                    push_pairs(&mut text, pairs.iter().copied());
                }
                JoinRows::Near(near) => {
                    text.push_str(",\"pairs\":[");
                    push_pairs(&mut text, near.iter().map(|(first, second, _)| (*first, *second)));
                    text.push_str("],\"distances\":[");
                    for (position, (.., metres)) in near.iter().enumerate() {
                        if position > 0 {
                            text.push(',');
                        }
                        push_value(&mut text, ValueRef::Real(*metres));
                    }
                }
            }
            text.push_str("]}\n");
            text.into_bytes()
        };
        let body = engine.pool().run_waiting(write).await?;
        Ok(SearchAnswer { body, revision, content_crs: None, is_paged, features: Vec::new() })
    }
}

/// Appends pairs of ids, with commas between them.
fn push_pairs(text: &mut String, pairs: impl Iterator<Item = (FeatureId, FeatureId)>) {
    for (position, (first, second)) in pairs.enumerate() {
        text.push_str(if position == 0 { "[" } else { ",[" });
        push_value(text, ValueRef::Int(first.value()));
        text.push(',');
        push_value(text, ValueRef::Int(second.value()));
        text.push(']');
    }
}
