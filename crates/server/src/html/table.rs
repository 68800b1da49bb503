//! A table for people as part of a page.

use std::fmt::Write;

use spatial::{Table, TableCell};

use super::escape;

/// The table with its notes below; every value escaped, numbers set to the right.
pub fn table_body(table: &Table) -> String {
    let mut body = String::from("<table><thead><tr>");
    for column in &table.columns {
        let _ = write!(body, "<th>{}</th>", escape(&column.heading()));
    }
    body.push_str("</tr></thead><tbody>");
    for row in &table.rows {
        body.push_str("<tr>");
        for cell in row {
            let side = match cell {
                TableCell::Number { .. } => " style=\"text-align:right\"",
                _ => "",
            };
            let _ = write!(body, "<td{side}>{}</td>", escape(&cell.to_string()));
        }
        body.push_str("</tr>");
    }
    body.push_str("</tbody></table>");
    for note in &table.notes {
        let _ = write!(body, "<p>{}</p>", escape(note));
    }
    body
}

#[cfg(test)]
mod tests {
    use spatial::TableColumn;

    use super::*;

    #[test]
    fn nothing_escapes_from_cells_headings_and_notes() {
        let table = Table {
            title: String::new(),
            columns: vec![TableColumn::named("<b>")],
            rows: vec![vec!["<script>".into()], vec![TableCell::from(7)]],
            notes: vec!["<i>".to_owned()],
        };
        let body = table_body(&table);
        for tag in ["<b>", "<script>", "<i>"] {
            assert!(!body.contains(tag), "{tag} in {body}");
        }
        assert!(body.contains("&lt;script&gt;") && body.contains("right\">7</td>"));
    }
}
