//! What became of every row, as a table for people.

use ledger::matching::MatchOutcome;
use spatial::{Crs, CrsError, CrsRegistry, Projector, Table, TableCell, TableColumn};

use super::{RowOutcome, Targets};

/// Decimals of longitudes and latitudes: a centimetre.
const DECIMALS: u8 = 7;

/// How many rows ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Found in a collection at least.
    pub found: usize,
    /// Not found, and ambiguous somewhere.
    pub ambiguous: usize,
    /// Neither.
    pub unmatched: usize,
}

impl Tally {
    /// Counts.
    pub fn of(rows: &[RowOutcome]) -> Self {
        let mut tally = Self::default();
        for row in rows {
            match (row.found().next(), row.is_ambiguous()) {
                (Some(_), _) => tally.found += 1,
                (None, true) => tally.ambiguous += 1,
                (None, false) => tally.unmatched += 1,
            }
        }
        tally
    }
}

/// The table: a line for each collection in which a row was found or is ambiguous, one for a row that
/// is neither.
///
/// # Errors
/// When a place cannot be brought into longitudes and latitudes.
pub fn table(
    rows: &[RowOutcome],
    targets: &[Targets],
    registry: &CrsRegistry,
) -> Result<Table, CrsError> {
    let names =
        ["行号", "结果", "对象集合", "对象", "依据", "理由", "经度", "纬度", "候选对象", "候选数"];
    let to_degrees: Vec<Projector> = targets
        .iter()
        .map(|one| registry.projector(&one.collection().crs, &Crs::CGCS2000))
        .collect::<Result<_, _>>()?;
    let mut table = Table {
        title: "数据归集对比".to_owned(),
        columns: names.map(TableColumn::named).to_vec(),
        rows: Vec::new(),
        notes: Vec::new(),
    };
    for row in rows {
        let number = TableCell::from(i64::try_from(row.row).unwrap_or(i64::MAX));
        let mut lacking = Vec::new();
        let before = table.rows.len();
        for ((outcome, targets), projector) in row.outcomes.iter().zip(targets).zip(&to_degrees) {
            let collection = targets.collection().id.to_string();
            let text = |text: &str| TableCell::from(text);
            match outcome {
                MatchOutcome::Matched { target, by, reasons } => {
                    let place = targets.position(*target).map(|at| projector.project(at));
                    let [lon, lat] = match place.transpose()? {
                        Some(place) => place.map(degrees),
                        None => [TableCell::Empty, TableCell::Empty],
                    };
                    table.rows.push(vec![
                        number.clone(),
                        text("已匹配"),
                        text(&collection),
                        text(&targets.name(*target)),
                        text(by.chinese()),
                        text(&reasons.join("；")),
                        lon,
                        lat,
                        TableCell::Empty,
                        TableCell::Empty,
                    ]);
                }
                MatchOutcome::Ambiguous { by, candidates, reasons } => {
                    let names: Vec<String> =
                        candidates.targets.iter().map(|target| targets.name(*target)).collect();
                    table.rows.push(vec![
                        number.clone(),
                        text("多个候选"),
                        text(&collection),
                        TableCell::Empty,
                        text(by.chinese()),
                        text(&reasons.join("；")),
                        TableCell::Empty,
                        TableCell::Empty,
                        text(&names.join("、")),
                        TableCell::from(i64::try_from(candidates.count).unwrap_or(i64::MAX)),
                    ]);
                }
                MatchOutcome::Unmatched { reasons } => {
                    for reason in reasons {
                        if !lacking.contains(reason) {
                            lacking.push(reason.clone());
                        }
                    }
                }
            }
        }
        if table.rows.len() == before {
            let reason = row.defect.clone().unwrap_or_else(|| lacking.join("；"));
            let mut cells = vec![TableCell::Empty; names.len()];
            (cells[0], cells[1]) = (number, TableCell::from("未匹配"));
            cells[5] = TableCell::from(reason.as_str());
            table.rows.push(cells);
        }
    }
    let Tally { found, ambiguous, unmatched } = Tally::of(rows);
    table.notes.push(format!(
        "共 {} 行：已匹配 {found}，仅有多个候选 {ambiguous}，未匹配 {unmatched}。多个候选不作选择，由人核实。",
        rows.len()
    ));
    Ok(table)
}

fn degrees(number: f64) -> TableCell {
    match number.is_finite() {
        true => TableCell::Number {
            scaled: (number * 10_f64.powi(i32::from(DECIMALS))).round() as i128,
            decimals: DECIMALS,
        },
        false => TableCell::Empty,
    }
}
