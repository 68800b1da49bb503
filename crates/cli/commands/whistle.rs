//! `tuban whistle`: calls of departments (吹哨报到), as the server would take them.

use std::path::Path;

use serde_json::{Value, json};
use server::WhistleStep;

use super::CommandError;
use super::into_ledger::send;
use crate::args::{AddWhistleArgs, ArriveArgs, CloseArgs, ToldAtArgs, WhistleAction, WhistleArgs};
use crate::config::Config;
use crate::local::{Document, Recipient};
use crate::output::say;

/// Tells of a call, and prints what it has become.
pub async fn whistle(args: WhistleArgs, config: &Config) -> Result<(), CommandError> {
    match args.action {
        WhistleAction::Add(args) => {
            let AddWhistleArgs { store, caller, subject, department, point, code, told, .. } = args;
            let place = args.lon.zip(args.lat);
            let body = json!({
                "code": code, "caller": caller, "subject": subject, "point": point,
                "departments": department, "called_at": told.at,
                "geometry": place.map(|(lon, lat)| json!({ "type": "Point", "coordinates": [lon, lat] }))
            });
            tell(&store, WhistleStep::Call, &body, (&told, config)).await
        }
        WhistleAction::Arrive(args) => {
            let ArriveArgs { store, code, department, note, told } = args;
            let body = json!({ "department": department, "note": note, "arrived_at": told.at });
            tell(&store, WhistleStep::Arrival(code), &body, (&told, config)).await
        }
        WhistleAction::Close(args) => {
            let CloseArgs { store, code, result, accept_missing, told } = args;
            let body = json!({
                "result": result, "accept_missing": accept_missing, "closed_at": told.at
            });
            tell(&store, WhistleStep::Closing(code), &body, (&told, config)).await
        }
    }
}

async fn tell(
    store: &Path,
    step: WhistleStep,
    body: &Value,
    (told, config): (&ToldAtArgs, &Config),
) -> Result<(), CommandError> {
    let named = match &step {
        WhistleStep::Call => ("STORE", store.display().to_string()),
        WhistleStep::Arrival(code) | WhistleStep::Closing(code) => ("CODE", code.clone()),
    };
    let document = Document { to: Recipient::Whistle(step), body: body.to_string() };
    let call = send(store, document, (named.0, &named.1), config).await?;
    if told.json {
        say(serde_json::to_string_pretty(&call).unwrap_or_default());
        return Ok(());
    }
    let text = |name: &str| call[name].as_str().unwrap_or_default();
    let again = if text("outcome") == "again" { ", as it was" } else { "" };
    let closed = if call["closed_at"].is_null() { "" } else { ", closed" };
    say(format_args!("{}{again}{closed}", text("code")));
    for one in call["departments"].as_array().into_iter().flatten() {
        let department = one["department"].as_str().unwrap_or_default();
        match one["minutes"].as_i64() {
            Some(minutes) => say(format_args!("  {department}: came after {minutes} min")),
            None => say(format_args!("  {department}: has not come")),
        }
    }
    Ok(())
}
