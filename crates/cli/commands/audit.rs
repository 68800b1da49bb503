//! `tuban audit`: prints the audit log, holds it against its hashes, signs its head.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use formats::datetime::utc_of_millis;
use store::AuditStore;
use store::audit::{AuditFault, AuditHead, AuditQuery, AuditRow, MAX_PAGE};

use super::collection::{read_only, writable};
use super::{CommandError, now};
use crate::args::{AuditAction, AuditArgs};
use crate::audit_heads::signed;
use crate::config::Config;
use crate::meeting::key;
use crate::output::say;

/// Does what is asked about the audit log.
pub async fn audit(args: AuditArgs, config: &Config) -> Result<ExitCode, CommandError> {
    match args.action {
        AuditAction::List { store, after, limit, actor, action, json } => {
            let query = AuditQuery { after, actor, action, ..AuditQuery::default() };
            list(&store, query, limit as usize, json).await?;
            Ok(ExitCode::SUCCESS)
        }
        AuditAction::Verify { store, key } => verify(&store, key.as_deref()).await,
        AuditAction::Head { store, key } => {
            head(&store, &key, config).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(
    store: &Path,
    mut query: AuditQuery,
    mut left: usize,
    as_json: bool,
) -> Result<(), CommandError> {
    let store = read_only(store)?;
    while left > 0 {
        query.limit = left.min(MAX_PAGE);
        let rows = store.audit_rows(query.clone()).await?;
        for row in &rows {
            match as_json {
                true => say(server::audit_row(row)),
                false => say(line(row)),
            }
        }
        left -= rows.len();
        match rows.last() {
            Some(last) if rows.len() == query.limit => query.after = last.seq,
            _ => break,
        }
    }
    Ok(())
}

/// A row for people: what is not said is left out.
fn line(row: &AuditRow) -> String {
    let entry = &row.entry;
    let mut line = format!(
        "{}\t{}\t{}\t{}\t{}\t{}",
        row.seq,
        utc_of_millis(entry.at.0),
        if entry.actor.is_empty() { "-" } else { &entry.actor },
        entry.action,
        entry.object,
        entry.result
    );
    let ip = entry.ip.as_deref().unwrap_or_default();
    let fields = entry.fields.join(",");
    let count = entry.count.map(|count| count.to_string()).unwrap_or_default();
    for (name, said) in [
        ("ip", ip),
        ("role", entry.role.as_deref().unwrap_or_default()),
        ("fields", &fields),
        ("count", &count),
        ("reason", &entry.reason),
    ] {
        if !said.is_empty() {
            // A tab or a line break of whoever wrote it must not make another row of it.
            let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let _ = write!(line, "\t{name}={said}");
        }
    }
    line
}

async fn verify(path: &Path, key: Option<&Path>) -> Result<ExitCode, CommandError> {
    let expected = key.map(key::read_public).transpose()?;
    let expected = expected.as_ref().map(key::PublicKey::head_key);
    let store = read_only(path)?;
    let (sender, faults) = std::sync::mpsc::channel::<AuditFault>();
    let told = move |fault| {
        let _gone = sender.send(fault);
    };
    let done = store.verify_audit(expected, told).await?;
    let mut count = 0;
    for fault in faults.try_iter() {
        count += 1;
        let row = fault.seq.map_or(String::new(), |seq| format!("row {seq}: "));
        say(format_args!("{row}{}", fault.reason));
    }
    let last = match &done.last {
        Some((seq, hash)) => {
            let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            format!(", the last one {seq} with hash {digits}")
        }
        None => String::new(),
    };
    let heads = match done.heads {
        0 => "no head: rows cut off at the end with their numbers would not be found; sign one a \
              day (`tuban audit head`)"
            .to_owned(),
        heads => format!("{heads} heads, which cover rows up to {}", done.covered),
    };
    say(format_args!(
        "{}: {} rows{last}; {heads}; {} files of evidence: {}",
        path.display(),
        done.rows,
        done.evidence,
        match count {
            0 => "whole".to_owned(),
            1 => "1 fault".to_owned(),
            faults => format!("{faults} faults"),
        }
    ));
    if expected.is_none() {
        for key in &done.keys {
            say(format_args!("signed with {key}; compare it with the key that you were given"));
        }
    }
    Ok(if count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn head(path: &Path, key: &Path, config: &Config) -> Result<(), CommandError> {
    let pair = key::read_secret(key)?;
    let newest = read_only(path)?.audit_newest().await?;
    let Some(newest) = newest else {
        say(format_args!("{}: the audit log is empty; there is nothing to sign", path.display()));
        return Ok(());
    };
    let head = signed(&pair, &newest, now());
    let AuditHead { day, seq, hash, key: public, .. } = head.clone();
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    writable(path, config)?.add_audit_head(head).await?;
    say(format_args!("{day}: row {seq}, hash {digits}, signed with {public}; keep this line"));
    Ok(())
}
