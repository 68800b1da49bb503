//! OGC API – Features Part 4: `POST` on items; `PUT`, `PATCH` and `DELETE` on an item.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{EditOp, EditSet, FeatureEdit, ReadableField};
use formats::Json;
use spatial::{CollectionSnapshot, Commit, FeatureId, Revision};

use super::one::{feature_called, no_such_feature};
use super::preconditions::{self, Condition, failed};
use super::{Representation, content_crs, set};
use crate::access::{Editor, check_editor};
use crate::actor::Actor;
use crate::asked::Asked;
use crate::crs_uri::{CRS84, named};
use crate::edits::{FeatureReader, Findings, Form, OwnRecords, parse};
use crate::http_date;
use crate::negotiate;
use crate::problem::Problem;
use crate::request_body::{self, Body, EditBody, GEOJSON, JSON, MERGE_PATCH};
use crate::routes::REVISION;
use crate::routes::collections::known;
use crate::state::App;

/// Where the one feature of such a request stands; nothing of it is seen outside.
const FEATURE: &str = "/feature";
const REASON: &str = "OGC API Features";

/// `POST /collections/{id}/items`
pub async fn create(
    State(app): State<Arc<App>>,
    Editor(actor): Editor,
    Path(id): Path<String>,
    asked: Asked,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    let edit = Edit::new(&app, actor, &id, &asked)?;
    let commit = edit.insert(body).await?;
    let id = commit.changes.first().map(|change| change.id);
    let id = id.ok_or_else(|| Problem::internal(&"a commit without its insert"))?;
    let mut response = StatusCode::CREATED.into_response();
    edit.describe(&mut response, id, &commit);
    let location = format!("{}/{id}", asked.resource());
    set(response.headers_mut(), header::LOCATION, &location);
    Ok(response)
}

/// `PUT /collections/{id}/items/{fid}`
pub async fn replace(
    State(app): State<Arc<App>>,
    Editor(actor): Editor,
    Path((id, fid)): Path<(String, String)>,
    asked: Asked,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    Edit::new(&app, actor, &id, &asked)?.assign(&fid, body, Form::Whole).await
}

/// `PATCH /collections/{id}/items/{fid}`
pub async fn update(
    State(app): State<Arc<App>>,
    Editor(actor): Editor,
    Path((id, fid)): Path<(String, String)>,
    asked: Asked,
    EditBody(body): EditBody,
) -> Result<Response, Problem> {
    Edit::new(&app, actor, &id, &asked)?.assign(&fid, body, Form::Patch).await
}

/// `DELETE /collections/{id}/items/{fid}`
pub async fn remove(
    State(app): State<Arc<App>>,
    Editor(actor): Editor,
    Path((id, fid)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Problem> {
    let edit = Edit::new(&app, actor, &id, &asked)?;
    let (fid, condition) = edit.target(&fid).await?;
    let commit = edit.apply(EditOp::Delete(fid), condition, Findings::default()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(REVISION, HeaderValue::from(commit.revision.0));
    Ok(response)
}

/// A change of one collection.
struct Edit<'a> {
    app: &'a Arc<App>,
    actor: Actor,
    asked: &'a Asked,
    held: Arc<CollectionSnapshot>,
    /// What a department may do to records of departments.
    own: Option<OwnRecords>,
}

impl<'a> Edit<'a> {
    fn new(app: &'a Arc<App>, actor: Actor, id: &str, asked: &'a Asked) -> Result<Self, Problem> {
        let snapshot = app.engine.snapshot();
        let held = Arc::clone(&snapshot.collections[&known(&snapshot, id)?]);
        asked.query(&[])?;
        check_editor(app, &actor, &held.collection().id)?;
        let own = OwnRecords::of(&actor, held.collection());
        Ok(Self { app, actor, asked, held, own })
    }

    /// The feature that is changed, and on which condition.
    async fn target(&self, fid: &str) -> Result<(FeatureId, Condition), Problem> {
        let Some(id) = feature_called(&self.held, fid) else {
            return Err(self.gone(fid, self.asked.headers.contains_key(header::IF_MATCH)));
        };
        let condition = preconditions::read(self.app, &self.held, id, &self.asked.headers).await?;
        Ok((id, condition))
    }

    fn gone(&self, fid: &str, is_conditional: bool) -> Problem {
        match is_conditional {
            true => failed("If-Match is given, and there is no such feature"),
            false => no_such_feature(&self.held.collection().id, fid),
        }
    }

    async fn insert(&self, body: Body) -> Result<Commit, Problem> {
        let (op, findings) = self
            .read(body, &[GEOJSON, JSON, "application/vnd.geo+json"], |reader, json, findings| {
                EditOp::Insert(reader.new_feature(json, FEATURE, findings))
            })
            .await?;
        self.apply(op, Condition::None, findings).await
    }

    async fn assign(&self, fid: &str, body: Body, form: Form) -> Result<Response, Problem> {
        let (id, condition) = self.target(fid).await?;
        let media_types: &[&str] = match form {
            Form::Whole => &[GEOJSON, JSON, "application/vnd.geo+json"],
            Form::Patch => &[MERGE_PATCH],
        };
        let (op, findings) = self
            .read(body, media_types, move |reader, json, findings| {
                EditOp::Assign(id, reader.assigned(json, FEATURE, (form, id), findings))
            })
            .await?;
        let commit = self.apply(op, condition, findings).await?;
        let mut response = StatusCode::NO_CONTENT.into_response();
        self.describe(&mut response, id, &commit);
        Ok(response)
    }

    /// What `make` makes of the body, on the pool.
    async fn read(
        &self,
        body: Body,
        media_types: &[&str],
        make: impl FnOnce(&FeatureReader<'_>, Json<'_>, &mut Findings) -> EditOp + Send + 'static,
    ) -> Result<(EditOp, Findings), Problem> {
        let headers = &self.asked.headers;
        let most = self.app.settings.max_batch_bytes;
        let body = request_body::read(headers, body, most, media_types)?;
        let crs = content_crs(headers)?;
        let offered = self.app.crs_lists.of(&self.app.engine, &self.held);
        let crs = named("Content-Crs", crs.as_deref(), &offered)?;
        let (app, held) = (Arc::clone(self.app), Arc::clone(&self.held));
        let own = self.own.clone();
        let read = move || -> Result<_, Problem> {
            let json = parse(&body)?;
            let collection = held.collection();
            let profile = app.engine.profile();
            let profile = own.as_ref().map_or(profile, |own| own.profile(profile));
            let reader = FeatureReader::new(&app.engine, collection, &crs, profile)?;
            let mut findings = Findings::default();
            let op = make(&reader, json, &mut findings);
            Ok((op, findings))
        };
        self.app.engine.pool().run(read).await?
    }

    async fn apply(
        &self,
        op: EditOp,
        condition: Condition,
        findings: Findings,
    ) -> Result<Commit, Problem> {
        if let Some(own) = &self.own {
            own.check(&self.held, &op)?;
        }
        let edit = FeatureEdit {
            place: String::new(),
            collection: self.held.collection().id.clone(),
            op,
            unchanged_since: condition.unchanged_since(),
        };
        let fid = edit.id().map_or(String::new(), |id| id.to_string());
        let edits = EditSet {
            actor: self.actor.name().to_owned(),
            reason: REASON.to_owned(),
            edits: vec![edit],
        };
        let applied = crate::routes::transactions::apply(&self.app.engine, edits, findings).await;
        applied.map_err(|problem| {
            // Removed by somebody else meanwhile.
            if problem.is_at("/id") {
                return self.gone(&fid, condition != Condition::None);
            }
            problem.inside(FEATURE)
        })
    }

    /// Says which state of the feature the change has made.
    fn describe(&self, response: &mut Response, id: FeatureId, commit: &Commit) {
        let collection = self.held.collection();
        let fields: Vec<ReadableField> = ReadableField::all(collection, self.app.engine.profile())
            .map(|(field, _)| field)
            .collect();
        let shown =
            Representation { encoding: negotiate::GEOJSON.name, crs_uri: CRS84, fields: &fields };
        let revision: Revision = commit.revision;
        let headers = response.headers_mut();
        set(headers, header::ETAG, &shown.etag(&self.app.engine, collection, id, revision));
        set(headers, header::LAST_MODIFIED, &http_date::write(commit.recorded_at));
        headers.insert(REVISION, HeaderValue::from(revision.0));
    }
}
