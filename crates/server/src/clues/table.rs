//! What a rule proposes as a table, for offices that pass it on.

use engine::clues::{Clue, CluesFound, CluesQuery, FoundClue};
use ledger::clue::Review;
use spatial::{Table, TableCell, TableColumn};

/// Features that one row names; a group may have more.
const MAX_NAMED: usize = 100;
/// Steps that a degree is rounded to, a centimetre, and their digits.
const STEPS_A_DEGREE: f64 = 1e7;
const DECIMALS: u8 = 7;

/// A row a clue, with the keys of its features and the middle of where it is: longitude and latitude in
/// degrees.
pub fn table(query: &CluesQuery, found: &CluesFound) -> Table {
    let names = ["疑似情形", "状态", "决定或理由", "理由", "要素", "经度", "纬度", "线索"];
    let reviews = found.reviews.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    let rows = found.clues.iter().zip(reviews);
    let rows = rows.map(|(clue, review)| row(&query.rule.name, clue, review)).collect();
    let mut notes = vec![
        format!("版本 {}，计至 {}", found.revision.0, query.today),
        "疑似线索，须经核实；依据与口径见规则".to_owned(),
        query.rule.source.clone(),
    ];
    if found.clues.len() < found.count {
        let (first, shown) = (query.offset + 1, found.clues.len());
        notes.push(format!("共 {} 条，此处自第 {first} 条起 {shown} 条", found.count));
    }
    Table {
        title: query.rule.name.clone(),
        columns: names.map(TableColumn::named).to_vec(),
        rows,
        notes,
    }
}

fn row(suspicion: &str, clue: &FoundClue, review: Option<&Review>) -> Vec<TableCell> {
    let said = review.and_then(|review| review.decision.as_deref().or(review.reason.as_deref()));
    let place = clue.placed().map(|geometry| geometry.envelope());
    let place = place.filter(|envelope| !envelope.is_empty()).map(|envelope| envelope.center());
    let [lon, lat] = place.map_or([TableCell::Empty, TableCell::Empty], |at| at.map(degrees));
    vec![
        suspicion.into(),
        review.map_or("未核实", |review| review.verdict.chinese()).into(),
        said.map_or(TableCell::Empty, TableCell::from),
        clue.finding.to_string().as_str().into(),
        named(clue).as_str().into(),
        lon,
        lat,
        clue.name().as_str().into(),
    ]
}

/// The keys of the features of a clue; where a reader may not read one, collection and id.
fn named(clue: &Clue) -> String {
    let names = clue.subjects.iter().take(MAX_NAMED).map(|subject| match &subject.key {
        Some(key) => key.clone(),
        None => format!("{}/{}", subject.collection, subject.id),
    });
    let mut named = names.collect::<Vec<_>>().join("、");
    if clue.subjects.len() > MAX_NAMED {
        named.push_str(&format!(" 等 {} 个", clue.subjects.len()));
    }
    named
}

fn degrees(angle: f64) -> TableCell {
    TableCell::Number { scaled: (angle * STEPS_A_DEGREE).round() as i128, decimals: DECIMALS }
}
