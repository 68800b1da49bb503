//! `tuban ledgers`: the ledgers as lists, as the server answers; `tuban town`: lists and plan of a
//! town. Whoever may open the file sees all of it.

use engine::ledger::BookQuery;
use formats::report::{save_report, table_csv};
use serde_json::{Value, json};
use server::tasks::KnownTasks;
use server::units::AskedUnit;
use server::{ledgers, towns};
use spatial::Day;

use super::query::open;
use super::tables::save;
use super::{CommandError, now};
use crate::args::{LedgersArgs, PrintedAs, TownArgs, TownPart};
use crate::config::Config;
use crate::data_files::{read_ledgers, read_tasks};
use crate::ledger_config::named;
use crate::output::say;

/// Prints the ledgers, or the rows of one, or writes them to a file.
pub async fn ledgers(args: LedgersArgs, config: &Config) -> Result<(), CommandError> {
    let file = args.ledgers.as_deref().or(named(&config.ledger.ledgers));
    let all = read_ledgers(file)?;
    let engine = open(&args.store, config).await?;
    let day = Day::of(args.as_of.unwrap_or_else(now));
    let Some(id) = &args.id else {
        let mut listed = Vec::new();
        for (book, _) in all.all() {
            let Some(query) = all.query(&book.id, day) else { continue };
            let count = engine.book_count(query).await?;
            if args.format == PrintedAs::Json {
                let mut described = ledgers::described(book);
                described["there"] = json!(count.is_some());
                described["count"] = json!(count);
                listed.push(described);
            } else {
                let count = count.map_or("-".to_owned(), |count| count.to_string());
                say(format_args!("{}\t{}\t{}\t{count}", book.id, book.title, book.collection));
            }
        }
        if args.format == PrintedAs::Json {
            print(&json!({ "edition": all.edition(), "ledgers": listed }));
        }
        return Ok(());
    };
    let query = all.query(id, day).ok_or_else(|| {
        let ids: Vec<&str> = all.all().map(|(book, _)| book.id.as_str()).collect();
        refused("id", id, format!("there is no such ledger; the ledgers are {}", ids.join(", ")))
    })?;
    let query = BookQuery {
        unit: args.unit,
        task: args.task,
        as_of: args.as_of,
        limit: args.limit,
        ..query
    };
    let tasks = read_tasks(named(&config.ledger.tasks))?;
    let known = KnownTasks { file: &tasks, indicators: None, book: Some(&query.book) };
    known.check(&engine, query.task.as_deref()).await?;
    let page = engine.book(query.clone()).await?;
    let (is_known, has_rows) = (page.unit_is_known, page.whole.count > 0);
    let unit = AskedUnit { code: query.unit.as_deref(), day, is_known, has_rows };
    unit.check(&engine).await?;
    let tables = ledgers::tables(&query, &page, all.edition());
    if let Some(out) = args.out.as_deref() {
        let [_, rows] = &tables;
        save(out, rows, &tables)?;
        say(format_args!("{}: {} of {} rows", out.display(), page.rows.len(), page.whole.count));
        return Ok(());
    }
    match args.format {
        PrintedAs::Json => print(&ledgers::document(&query, &page)),
        PrintedAs::Csv => {
            let bytes = table_csv(&tables[1])
                .map_err(|fault| refused("--format", "csv", fault.to_string()))?;
            say(String::from_utf8_lossy(&bytes).trim_end());
        }
        PrintedAs::Text => {
            for table in &tables {
                for row in &table.rows {
                    let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
                    say(cells.join("\t"));
                }
            }
            tables[1].notes.iter().for_each(say);
        }
    }
    Ok(())
}

/// Prints lists or plan of a town, or writes them to a file.
pub async fn town(args: TownArgs, config: &Config) -> Result<(), CommandError> {
    let engine = open(&args.store, config).await?;
    let day = args.date.unwrap_or_else(|| Day::of(args.as_of.unwrap_or_else(now)));
    let no_town = || {
        let reason = "nothing in the store knows it: no valid row of admin_units, no problem, \
                      project or plan";
        refused("code", &args.code, reason.to_owned())
    };
    match args.part {
        TownPart::Lists => {
            let lists =
                engine.town_lists(&args.code, args.as_of, day).await?.ok_or_else(no_town)?;
            let Some(out) = args.out.as_deref() else {
                print(&towns::lists_document(&lists, day));
                return Ok(());
            };
            let tables = towns::lists_tables(&lists, day);
            let [problems, _] = &tables;
            save(out, problems, &tables)?;
            say(out.display());
        }
        TownPart::Plan => {
            let plan = engine.town_plan(&args.code, args.as_of, day).await?.ok_or_else(no_town)?;
            let Some(out) = args.out.as_deref() else {
                print(&towns::plan_document(&plan, day));
                return Ok(());
            };
            if out.extension().is_none_or(|ending| ending != "html") {
                let shown = out.display().to_string();
                let reason = "a name that ends in .html is expected";
                return Err(refused("--out", &shown, reason.to_owned()));
            }
            let body = towns::plan_page(&plan, day);
            let page = format!(
                "<!doctype html>\n<html lang=\"zh\"><head><meta charset=\"utf-8\">\
                 <title>一街（镇）一方案</title></head><body>\n<h1>一街（镇）一方案</h1>\n{body}\
                 </body></html>\n"
            );
            save_report(out, page.as_bytes())?;
            say(out.display());
        }
    }
    Ok(())
}

fn print(document: &Value) {
    say(serde_json::to_string_pretty(document).unwrap_or_default());
}

fn refused(name: &'static str, value: &str, reason: String) -> CommandError {
    CommandError::Argument { name, value: value.to_owned(), reason }
}
