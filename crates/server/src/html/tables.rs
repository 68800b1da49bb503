//! Tables for people as the body of a page.

use std::fmt::Write;

use spatial::{Table, TableCell};

use super::escape;

/// The body of a page with these tables, after links to other encodings.
pub fn tables_body(tables: &[Table], links: &[(&str, String)]) -> String {
    let mut body = String::from("<p>");
    for (name, href) in links {
        let _ = write!(body, "<a href=\"{}\">{}</a> ", escape(href), escape(name));
    }
    body.push_str("</p>\n");
    for table in tables {
        let _ = write!(body, "<h2>{}</h2>\n<div class=\"wide\">", escape(&table.title));
        body.push_str("<table class=\"items\"><thead><tr>");
        for column in &table.columns {
            let _ = write!(body, "<th>{}</th>", escape(&column.heading()));
        }
        body.push_str("</tr></thead><tbody>\n");
        for row in &table.rows {
            body.push_str("<tr>");
            for cell in row {
                let attribute = match cell {
                    TableCell::Number { .. } => " style=\"text-align:right\"",
                    _ => "",
                };
                let _ = write!(body, "<td{attribute}>{}</td>", escape(&cell.to_string()));
            }
            body.push_str("</tr>\n");
        }
        body.push_str("</tbody></table></div>\n<ul>");
        for note in &table.notes {
            let _ = write!(body, "<li><small>{}</small></li>", escape(note));
        }
        body.push_str("</ul>\n");
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_cells_and_notes_is_text() {
        let table = Table {
            title: "<t>".to_owned(),
            columns: vec![spatial::TableColumn::named("单位")],
            rows: vec![vec!["<b>".into()], vec![TableCell::Number { scaled: 125, decimals: 2 }]],
            notes: vec!["&".to_owned()],
        };
        let body = tables_body(&[table], &[("CSV", "http://a/?f=csv&x=1".to_owned())]);
        for part in [
            "<h2>&lt;t&gt;</h2>",
            "<td>&lt;b&gt;</td>",
            "<td style=\"text-align:right\">1.25</td>",
            "<small>&amp;</small>",
            "href=\"http://a/?f=csv&amp;x=1\"",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
    }
}
