//! `/conformance`: what is conformed to, and nothing that is not there.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use super::answers;
use crate::asked::Asked;
use crate::links::self_and_alternates;
use crate::negotiate::{HTML, JSON};
use crate::problem::Problem;
use crate::state::{App, ServerSettings};

/// Conformance classes, without what they all begin with.
const CLASSES: [&str; 63] = [
    "ogcapi-common-1/1.0/conf/core",
    "ogcapi-common-1/1.0/conf/landing-page",
    "ogcapi-common-1/1.0/conf/json",
    "ogcapi-common-1/1.0/conf/html",
    "ogcapi-common-1/1.0/conf/oas30",
    "ogcapi-common-2/1.0/conf/collections",
    "ogcapi-features-1/1.0/conf/core",
    "ogcapi-features-1/1.0/conf/geojson",
    "ogcapi-features-1/1.0/conf/html",
    "ogcapi-features-1/1.0/conf/oas30",
    "ogcapi-features-2/1.0/conf/crs",
    "ogcapi-features-3/1.0/conf/queryables",
    "ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "ogcapi-features-3/1.0/conf/filter",
    "ogcapi-features-3/1.0/conf/features-filter",
    "ogcapi-features-4/1.0/conf/create-replace-delete",
    "ogcapi-features-4/1.0/conf/update",
    "ogcapi-features-4/1.0/conf/features",
    // The draft itself writes /req/ here.
    "ogcapi-features-4/1.0/req/optimistic-locking-etags",
    "ogcapi-features-4/1.0/req/optimistic-locking-timestamps",
    "ogcapi-features-4/1.0/conf/optimistic-locking-etags",
    "ogcapi-features-4/1.0/conf/optimistic-locking-timestamps",
    "cql2/1.0/conf/basic-cql2",
    "cql2/1.0/conf/advanced-comparison-operators",
    "cql2/1.0/conf/case-insensitive-comparison",
    "cql2/1.0/conf/accent-insensitive-comparison",
    "cql2/1.0/conf/basic-spatial-functions",
    "cql2/1.0/conf/basic-spatial-functions-plus",
    "cql2/1.0/conf/spatial-functions",
    "cql2/1.0/conf/temporal-functions",
    "cql2/1.0/conf/array-functions",
    "cql2/1.0/conf/property-property",
    "cql2/1.0/conf/functions",
    "cql2/1.0/conf/arithmetic",
    "cql2/1.0/conf/cql2-text",
    "cql2/1.0/conf/cql2-json",
    // QGIS up to 3.43 looks for the name that the class had as a draft.
    "cql2/1.0/conf/basic-spatial-operators",
    "ogcapi-common-3/1.0/conf/schemas",
    "ogcapi-common-3/1.0/conf/returnables-and-receivables",
    "ogcapi-common-3/1.0/conf/queryables",
    "ogcapi-common-3/1.0/conf/sortables",
    "ogcapi-common-3/1.0/conf/profile-parameter",
    // QGIS looks for the name that the class had as a draft.
    "ogcapi-features-5/1.0/conf/schemas",
    "ogcapi-features-5/1.0/conf/queryables",
    "ogcapi-features-5/1.0/conf/sortables",
    "ogcapi-features-6/1.0/conf/properties",
    "ogcapi-features-6/1.0/conf/properties-features",
    "ogcapi-features-8/1.0/conf/sortables",
    "ogcapi-features-8/1.0/conf/sorting",
    "ogcapi-features-8/1.0/conf/features-sorting",
    "json-fg-1/1.0/conf/core",
    "json-fg-1/1.0/conf/types-schemas",
    "json-fg-1/1.0/conf/api",
    "json-fg-1/1.0/conf/profiles",
    "ogcapi-tiles-1/1.0/conf/core",
    "ogcapi-tiles-1/1.0/conf/tileset",
    "ogcapi-tiles-1/1.0/conf/tilesets-list",
    "ogcapi-tiles-1/1.0/conf/dataset-tilesets",
    "ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "ogcapi-tiles-1/1.0/conf/collections-selection",
    "ogcapi-tiles-1/1.0/conf/oas30",
    "ogcapi-tiles-1/1.0/conf/mvt",
    "ogcapi-styles-1/1.0/conf/core",
];

/// What the classes of edits begin with.
const OF_EDITS: &str = "ogcapi-features-4/";

/// Every class, as an absolute URI.
fn classes(settings: &ServerSettings) -> impl Iterator<Item = String> {
    let edits = settings.offers_edits;
    let offered = CLASSES.iter().filter(move |class| edits || !class.starts_with(OF_EDITS));
    offered.map(|class| format!("http://www.opengis.net/spec/{class}"))
}

/// `GET /conformance`
pub async fn conformance(State(app): State<Arc<App>>, asked: Asked) -> Result<Response, Problem> {
    let offers = [&JSON, &HTML];
    let chosen = asked.format(&offers)?;
    let body = json!({
        "conformsTo": classes(&app.settings).collect::<Vec<_>>(),
        "links": self_and_alternates(&asked, chosen, &offers)
    });
    Ok(answers::document(&asked, chosen, "Conformance", &body))
}
