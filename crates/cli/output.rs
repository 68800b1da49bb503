//! What the commands print: results on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::Write;

use tracing_subscriber::EnvFilter;

/// Prints a line on standard output. A reader that has gone away is no error.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints rows as columns that stand below each other, whatever the script of a cell. `right` are
/// the positions of columns that end below each other; the last column is not filled up.
pub fn say_columns<const N: usize>(rows: &[[String; N]], right: &[usize]) {
    for line in columns(rows, right) {
        say(line);
    }
}

fn columns<const N: usize>(rows: &[[String; N]], right: &[usize]) -> Vec<String> {
    let widest: [usize; N] = std::array::from_fn(|column| {
        rows.iter().map(|row| cells(&row[column])).max().unwrap_or_default()
    });
    let line = |row: &[String; N]| {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let blank = " ".repeat(widest[column] - cells(cell));
            let (before, after) = match column {
                _ if right.contains(&column) => (blank.as_str(), ""),
                _ if column + 1 == N => ("", ""),
                _ => ("", blank.as_str()),
            };
            let gap = if column == 0 { "" } else { "  " };
            line.extend([gap, before, cell, after]);
        }
        line
    };
    rows.iter().map(line).collect()
}

/// Cells of a terminal that `text` takes: two for a Chinese character.
fn cells(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3fffd}');
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

/// Prints a line on standard error.
pub fn tell(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Prints an error on standard error, with what caused it where that says more.
pub fn complain(error: &dyn std::error::Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    tell(format_args!("tuban: {text}"));
}

/// Sends the log to standard error; `RUST_LOG` chooses more finely than -v does.
pub fn log_to_stderr(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_in_any_script() {
        let rows = [["建筑物", "5442", "last"], ["a_long_name", "16", "建"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows, &[1]), ["建筑物       5442  last", "a_long_name    16  建"]);
        assert!(columns::<2>(&[], &[]).is_empty());
    }
}
