//! Which column of a spreadsheet is which column of `point_events`, and which words are which.

use ledger::normal_form;
use ledger::point::{EventKind, Finding, Proof};
use ledger::rows::events;

/// Other names that columns go by, beside their own and their Chinese ones.
const OTHERS: [(&str, &[&str]); 7] = [
    ("code", &["点位编号", "台账编号", "number"]),
    ("kind", &["事件类型", "event"]),
    ("receiver", &["接收单位"]),
    ("due_at", &["deadline", "新期限", "延至", "完成期限", "截止日期"]),
    ("approval", &["审批", "批准文号"]),
    ("occurred_at", &["时间", "日期"]),
    ("unit", &["街乡", "单位"]),
];
/// What the server says of an event: it is not read from a file.
const SERVER_SIDE: [&str; 3] = ["seq", "recorded_at", "unit_of_actor"];

/// The name of the column of `point_events` that a header means.
pub fn event_column_of(header: &str) -> Option<String> {
    let wanted = normal_form(header);
    let is_meant = |name: &str| normal_form(name) == wanted;
    let fields = events::fields();
    let own = fields
        .iter()
        .find(|field| is_meant(&field.name) || field.alias.as_deref().is_some_and(is_meant))
        .map(|field| field.name.as_str());
    let other = || OTHERS.iter().find(|(_, names)| names.iter().any(|name| is_meant(name)));
    let name = own.or_else(|| other().map(|(name, _)| *name))?;
    (!SERVER_SIDE.contains(&name)).then(|| name.to_owned())
}

/// A word as files and interfaces write it, of a column whose words are few; people may write the
/// Chinese ones. Others stay as they are, for the ledger to refuse in its words.
pub fn word<'t>(column: &str, text: &'t str) -> &'t str {
    let wanted = text.trim();
    let found = match column {
        "kind" => EventKind::ALL.iter().find(|one| one.chinese() == wanted).map(|o| o.identifier()),
        "proof" => Proof::ALL.iter().find(|one| one.chinese() == wanted).map(|o| o.identifier()),
        "finding" => {
            Finding::ALL.iter().find(|one| one.chinese() == wanted).map(|o| o.identifier())
        }
        _ => None,
    };
    found.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_words_go_by_their_chinese_names_too() {
        for (header, column) in [
            ("点位编号", Some("code")),
            ("事件", Some("kind")),
            ("Due_At", Some("due_at")),
            ("新期限", Some("due_at")),
            ("recorded_at", None),
            ("序号", None),
            ("天气", None),
        ] {
            assert_eq!(event_column_of(header).as_deref(), column, "{header}");
        }
        for (column, text, expected) in [
            ("kind", "延期", "extend"),
            ("kind", "dispatch", "dispatch"),
            ("proof", "现场核查", "site"),
            ("reason", "延期", "延期"),
        ] {
            assert_eq!(word(column, text), expected);
        }
    }
}
