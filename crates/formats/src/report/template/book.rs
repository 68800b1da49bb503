//! What a workbook says of its sheets, its defined names and its shared texts.

use std::collections::BTreeMap;

use quick_xml::events::Event;

use super::xml::{Events, attribute, text};
use super::{Parts, broken};
use crate::report::ReportFault;
use crate::report::place::{self, Place};

/// What is known of a workbook before its sheets are read.
pub(super) struct Book {
    /// The name of the part that says so …
    pub part: String,
    /// … and its text.
    pub text: String,
    /// Sheets with cells: their names and parts, in order.
    pub sheets: Vec<(String, String)>,
    /// Defined names that stand for a cell: name, sheet, cell.
    pub names: Vec<(String, String, Place)>,
    /// Shared texts that ask for something, by their number.
    pub shared: BTreeMap<usize, String>,
}

/// Relationships: by id the ending of the type and the target.
type Relations = BTreeMap<String, (String, String)>;

impl Book {
    pub(super) fn read(parts: &mut Parts<'_>) -> Result<Self, ReportFault> {
        let root = relations(parts, "_rels/.rels", "")?;
        let main = root.values().find(|(kind, _)| kind == "officeDocument");
        let part = main.map(|(_, target)| target.clone());
        let part = part.ok_or_else(|| broken("_rels/.rels", "it names no workbook"))?;
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", &part));
        let of_book = match folder {
            "" => format!("_rels/{name}.rels"),
            folder => format!("{folder}/_rels/{name}.rels"),
        };
        let relations = relations(parts, &of_book, folder)?;
        let text = parts.text(&part)?;
        let (sheets, names) = sheets_and_names(&part, &text, &relations)?;
        let shared = match relations.values().find(|(kind, _)| kind == "sharedStrings") {
            Some((_, target)) => shared_texts(target, &parts.text(target)?)?,
            None => BTreeMap::new(),
        };
        Ok(Self { part, text, sheets, names, shared })
    }
}

fn relations(parts: &mut Parts<'_>, part: &str, folder: &str) -> Result<Relations, ReportFault> {
    let text = parts.text(part)?;
    let mut events = Events::of(part, &text);
    let mut found = Relations::new();
    while let Some((event, _)) = events.next()? {
        let (Event::Start(start) | Event::Empty(start)) = &event else {
            continue;
        };
        if start.local_name().as_ref() != "Relationship" {
            continue;
        }
        let of = |name| attribute(part, start, name);
        if let (Some(id), Some(kind), Some(target)) = (of("Id")?, of("Type")?, of("Target")?) {
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            let target = match (target.strip_prefix('/'), folder) {
                (Some(absolute), _) => absolute.to_owned(),
                (None, "") => target,
                (None, folder) => format!("{folder}/{target}"),
            };
            found.insert(id, (kind, target));
        }
    }
    Ok(found)
}

type SheetsAndNames = (Vec<(String, String)>, Vec<(String, String, Place)>);

fn sheets_and_names(
    part: &str,
    document: &str,
    relations: &Relations,
) -> Result<SheetsAndNames, ReportFault> {
    let mut events = Events::of(part, document);
    let (mut sheets, mut names) = (Vec::new(), Vec::new());
    // The defined name that is open, and its text so far.
    let mut open: Option<(String, String)> = None;
    while let Some((event, _)) = events.next()? {
        match &event {
            Event::Start(start) | Event::Empty(start) => match start.local_name().as_ref() {
                "sheet" => {
                    let name = attribute(part, start, "name")?.unwrap_or_default();
                    let id = attribute(part, start, "id")?.unwrap_or_default();
                    // Sheets that are charts have no cells.
                    if let Some((_, target)) =
                        relations.get(&id).filter(|(kind, _)| kind == "worksheet")
                    {
                        sheets.push((name, target.clone()));
                    }
                }
                "definedName" => {
                    let name = attribute(part, start, "name")?.unwrap_or_default();
                    open = Some((name, String::new()));
                }
                _ => {}
            },
            Event::End(end) if end.local_name().as_ref() == "definedName" => {
                let (name, reference) = open.take().unwrap_or_default();
                // Names of the program itself, such as the area that is printed.
                let is_own = !name.to_lowercase().starts_with("_xlnm.");
                if let Some((sheet, place)) = place::target(reference.trim()).filter(|_| is_own) {
                    names.push((name, sheet, place));
                }
            }
            other => {
                if let (Some((_, reference)), Some(more)) = (&mut open, text(part, other)?) {
                    reference.push_str(&more);
                }
            }
        }
    }
    Ok((sheets, names))
}

/// Shared texts that hold `{{`, by their number; runs of one text together, without phonetic ones.
fn shared_texts(part: &str, document: &str) -> Result<BTreeMap<usize, String>, ReportFault> {
    let mut events = Events::of(part, document);
    let mut found = BTreeMap::new();
    let (mut number, mut whole) = (0, String::new());
    let (mut is_text, mut phonetic) = (false, 0_u32);
    while let Some((event, _)) = events.next()? {
        match &event {
            Event::Start(start) => match start.local_name().as_ref() {
                "si" => whole.clear(),
                "rPh" => phonetic += 1,
                "t" => is_text = phonetic == 0,
                _ => {}
            },
            Event::Empty(start) if start.local_name().as_ref() == "si" => number += 1,
            Event::End(end) => match end.local_name().as_ref() {
                "si" => {
                    if whole.contains("{{") {
                        found.insert(number, whole.clone());
                    }
                    number += 1;
                }
                "rPh" => phonetic = phonetic.saturating_sub(1),
                "t" => is_text = false,
                _ => {}
            },
            other if is_text => whole.push_str(&text(part, other)?.unwrap_or_default()),
            _ => {}
        }
    }
    Ok(found)
}

/// Elements that may stand after `calcPr`, of which the first is looked for.
const AFTER_CALC: [&str; 9] = [
    "oleSize",
    "customWorkbookViews",
    "pivotCaches",
    "smartTagPr",
    "smartTagTypes",
    "webPublishing",
    "fileRecoveryPr",
    "webPublishObjects",
    "extLst",
];

/// The text of a workbook that has its formulas computed when it is opened.
pub(super) fn computed_anew(document: &str) -> Result<String, ReportFault> {
    const PART: &str = "workbook";
    let mut events = Events::of(PART, document);
    let mut depth = 0_u32;
    let splice = |at: std::ops::Range<usize>, text: &str| {
        format!("{}{text}{}", &document[..at.start], &document[at.end..])
    };
    while let Some((event, range)) = events.next()? {
        match &event {
            Event::Start(start) | Event::Empty(start)
                if depth == 1 && start.local_name().as_ref() == "calcPr" =>
            {
                let mut anew = start.to_owned();
                anew.clear_attributes();
                for attribute in start.attributes() {
                    let attribute = attribute.map_err(|error| broken(PART, error))?;
                    if attribute.key.as_ref() != "fullCalcOnLoad" {
                        anew.push_attribute(attribute);
                    }
                }
                anew.push_attribute(("fullCalcOnLoad", "1"));
                let slash = if matches!(event, Event::Empty(_)) { "/" } else { "" };
                return Ok(splice(range, &format!("<{}{slash}>", &*anew)));
            }
            Event::Start(start) | Event::Empty(start)
                if depth == 1 && AFTER_CALC.contains(&start.local_name().as_ref()) =>
            {
                let element = calculation(start.name().as_ref());
                return Ok(splice(range.start..range.start, &element));
            }
            Event::Start(_) => depth += 1,
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    let element = calculation(end.name().as_ref());
                    return Ok(splice(range.start..range.start, &element));
                }
            }
            _ => {}
        }
    }
    Err(broken(PART, "it has no end"))
}

/// The element, with the prefix of another one.
fn calculation(other: &str) -> String {
    format!("<{}calcPr fullCalcOnLoad=\"1\"/>", prefix(other))
}

/// The prefix of a name, with its colon.
pub(super) fn prefix(name: &str) -> &str {
    name.find(':').map_or("", |at| &name[..=at])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn formulas_are_computed_anew_whatever_a_workbook_says_of_them() {
        for (document, expected) in [
            (
                "<workbook><mc:AlternateContent><calcPr/></mc:AlternateContent><sheets/></workbook>",
                "<workbook><mc:AlternateContent><calcPr/></mc:AlternateContent><sheets/>\
                 <calcPr fullCalcOnLoad=\"1\"/></workbook>",
            ),
            (
                "<x:workbook><x:definedNames/><x:pivotCaches/><x:extLst/></x:workbook>",
                "<x:workbook><x:definedNames/><x:calcPr fullCalcOnLoad=\"1\"/><x:pivotCaches/>\
                 <x:extLst/></x:workbook>",
            ),
            (
                "\u{feff}<workbook><calcPr fullCalcOnLoad=\"0\" calcMode=\"manual\"></calcPr></workbook>",
                "\u{feff}<workbook><calcPr calcMode=\"manual\" fullCalcOnLoad=\"1\"></calcPr></workbook>",
            ),
        ] {
            assert_eq!(computed_anew(document).unwrap(), expected);
        }
        assert!(computed_anew("<a>").unwrap_err().to_string().contains("no end"));
    }
}
