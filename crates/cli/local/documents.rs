//! Documents as the routes take them, sent to whoever holds the store.

use std::sync::Arc;

use engine::Engine;
use ledger::checklist::Checklists;
use ledger::whistle::WhistleRules;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use server::{WhistleStep, patrols, take_whistle};

use crate::config::Config;
use crate::data_files::{DataFileError, read_checklists};
use crate::ledger_config::named;

/// A body, and where it would be sent by HTTP.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// What takes it.
    pub to: Recipient,
    /// JSON, as the route takes it.
    pub body: String,
}

/// What takes a document.
#[derive(Debug, Deserialize, Serialize)]
pub enum Recipient {
    /// A call of departments.
    Whistle(WhistleStep),
    /// The patrols.
    Patrols,
}

/// What the city sets for the documents that are taken.
#[derive(Clone, Debug)]
pub struct DocumentRules {
    whistles: WhistleRules,
    checklists: Arc<Checklists>,
    /// Most points that the patrols of one document report.
    most_events: usize,
}

impl DocumentRules {
    /// The rules of a configuration.
    ///
    /// # Errors
    /// When a file that it names cannot be used.
    pub fn read(config: &Config) -> Result<Self, DataFileError> {
        Ok(Self {
            whistles: config.whistle_rules(),
            checklists: Arc::new(read_checklists(named(&config.patrols.checklists))?),
            most_events: config.server.max_transaction_changes,
        })
    }
}

impl Document {
    /// Has the engine take it; what the route answers.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub async fn take(self, engine: &Engine, rules: &DocumentRules) -> Result<Json, String> {
        let body = self.body.into_bytes();
        match self.to {
            Recipient::Whistle(step) => take_whistle(engine, &rules.whistles, &step, &body).await,
            Recipient::Patrols => {
                patrols::take_here(engine, &rules.checklists, body, rules.most_events).await
            }
        }
    }
}
