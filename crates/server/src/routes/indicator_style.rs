//! `/indicators/{code}/style`: units of administration coloured by an indicator. Whoever is refused its
//! figures is refused its colours.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use engine::now;
use ledger::place::ADMIN_UNITS;
use spatial::{Collection, CollectionId};

use super::indicators::{defined, reading};
use super::tasks::check_task;
use super::{answers, styles};
use crate::access::UrlToken;
use crate::as_of::AS_OF;
use crate::asked::Asked;
use crate::indicators::{INDICATOR, PARAMETERS, Told, answer, no_indicator};
use crate::problem::{Code, Problem};
use crate::query_string::append;
use crate::state::App;
use crate::style;

/// Parameters of figures that colours have no use for.
const OF_FIGURES: [&str; 2] = ["rank", INDICATOR];

/// `GET /indicators/{code}/style`
pub(super) async fn its_style(
    State(app): State<Arc<App>>,
    Path(code): Path<String>,
    token: UrlToken,
    asked: Asked,
) -> Result<Response, Problem> {
    let of_figures = PARAMETERS.into_iter().filter(|name| !OF_FIGURES.contains(name));
    let known: Vec<&str> = ["f", "client"].into_iter().chain(of_figures).collect();
    let values = asked.query(&known)?;
    let format = values.choice("f", &["mapbox", "json", "qml"])?;
    let client = styles::client(&values)?;
    let (engine, mut query) = reading(&app, Told::Figures, &values)?;
    let indicators = defined(&app)?;
    let definitions = &indicators.definitions;
    if definitions.named(&code).is_none() {
        let refusal = no_indicator(definitions, "code", &code);
        return Err(Problem::new(Code::StyleNotFound, refusal.to_string()));
    }
    check_task(&app, query.task.as_deref(), (Some(indicators), None)).await?;
    query.indicators = Some(vec![code.clone()]);
    let units = units(&app)?;
    let (revision, classed) =
        answer(&engine, indicators, (query, now()), move |told| Ok(told.classed(&code))).await?;
    let classed = classed?;
    let response = if format == Some("qml") {
        styles::qml(style::qml_by_indicator(&units, &classed))
    } else {
        let coloured = style::by_indicator(&units, &classed);
        let of_then = |tiles: &str| {
            let url = format!("{}/xyz/{ADMIN_UNITS}/{tiles}", asked.base);
            let past = values.value(AS_OF);
            token.append(&past.map_or(url.clone(), |at| append(&url, AS_OF, at)))
        };
        let document = style::document(
            &format!("{}（{}）", classed.name, classed.unit_of_measure),
            &[&coloured],
            client,
            &of_then("tilejson.json"),
            &of_then("{z}/{x}/{y}.mvt"),
        );
        answers::json(styles::MAPBOX_STYLE, &document)
    };
    // Figures of now are others at another time.
    Ok(answers::of_state(response, revision, "no-cache"))
}

/// The collection whose features are coloured.
fn units(app: &App) -> Result<Arc<Collection>, Problem> {
    let state = app.engine.snapshot();
    let id = CollectionId::try_from(ADMIN_UNITS).map_err(|error| Problem::internal(&error))?;
    let held = state.collections.get(&id);
    held.map(|held| Arc::clone(held.collection())).ok_or_else(|| {
        let detail = format!("there is no collection {ADMIN_UNITS} whose units could be coloured");
        Problem::new(Code::StyleNotFound, detail)
    })
}
