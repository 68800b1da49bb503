//! Figures, progress and rankings as tables for people.
//!
//! Values are rounded here and nowhere else. Figures of our own definitions carry 自拟口径 in their
//! heading.

use spatial::{Revision, Table, TableCell, TableColumn};

use super::progress::{is_by_the_piece, percent};
use super::window::shown;
use super::{
    Basis, Cleared, Definition, Exact, Figure, Figures, Formula, Moment, NoValue, Place, Progress,
    Question, Ranked,
};
use crate::point::Lamp;

/// What a table says of itself besides its figures.
#[derive(Clone, Copy, Debug)]
pub struct Caption<'a> {
    /// Its title.
    pub title: &'a str,
    /// The revision of the store at which the facts were read.
    pub revision: Revision,
    /// The focus area that all lies in, where one was asked about.
    pub focus_area: Option<&'a str>,
}

/// How much of each figure is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The value.
    Values,
    /// What stands above and below the line too, in m² or pieces.
    Parts,
}

/// Whether a table names persons, who are of class L2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persons {
    /// For whoever may read fields of class L2.
    Shown,
    /// For everyone else.
    Hidden,
}

/// How a row of what lies in no part is called.
const UNPLACED: &str = "未落界";
/// Shown before the reason for which there is no value.
const NO_VALUE: &str = "—";

/// A table of units and indicators, down to `depth` below the root.
pub fn figures_table(
    question: &Question<'_>,
    figures: &Figures,
    caption: Caption<'_>,
    (depth, detail): (usize, Detail),
) -> Table {
    let definitions = question.definitions.all();
    let mut columns = vec![TableColumn::named("编码"), TableColumn::named("单位")];
    for definition in definitions {
        columns.extend(figure_columns(definition, detail));
    }
    let row = |row: &super::FigureRow| {
        let (code, name) = match &row.place {
            Place::Unit { code, name } => (code.as_str().into(), name.as_str().into()),
            Place::Unplaced { .. } => (TableCell::Empty, UNPLACED.into()),
        };
        let mut cells = vec![code, name];
        for (definition, figure) in definitions.iter().zip(&row.figures) {
            cells.extend(figure_cells(definition, figure, detail));
        }
        cells
    };
    Table {
        title: caption.title.to_owned(),
        columns,
        rows: figures.rows.iter().filter(|row| row.depth <= depth).map(row).collect(),
        notes: notes(question, caption, definitions.iter()),
    }
}

fn has_parts(definition: &Definition, detail: Detail) -> bool {
    detail == Detail::Parts && matches!(definition.formula, Formula::Rate { .. })
}

fn figure_columns(definition: &Definition, detail: Detail) -> Vec<TableColumn> {
    let basis = match definition.basis {
        Basis::Template => "，自拟口径",
        Basis::Official | Basis::Local => "",
    };
    let measured = format!("（{}{basis}）", definition.unit_of_measure);
    if !has_parts(definition, detail) {
        return vec![TableColumn::named(format!("{}{measured}", definition.name))];
    }
    let unit = if is_by_the_piece(definition) { "" } else { "（㎡）" };
    let below = if definition.is_completion() { "目标" } else { "分母" };
    let names = [format!("分子{unit}"), format!("{below}{unit}"), format!("值{measured}")];
    names.map(|name| TableColumn { group: definition.name.clone(), name }).to_vec()
}

fn figure_cells(definition: &Definition, figure: &Figure, detail: Detail) -> Vec<TableCell> {
    let value = value_cell(&figure.value, definition.decimals);
    if !has_parts(definition, detail) {
        return vec![value];
    }
    let part = |sum: Option<i128>| amount_cell(sum, definition);
    vec![part(figure.numerator), part(figure.denominator), value]
}

/// A sum in hundredths; one of whole pieces without decimals.
pub(super) fn amount_cell(hundredths: Option<i128>, definition: &Definition) -> TableCell {
    match hundredths {
        None => TableCell::Empty,
        Some(scaled) if is_by_the_piece(definition) && scaled % 100 == 0 => {
            TableCell::Number { scaled: scaled / 100, decimals: 0 }
        }
        Some(scaled) => TableCell::Number { scaled, decimals: 2 },
    }
}

pub(super) fn value_cell(value: &Result<Exact, NoValue>, decimals: u8) -> TableCell {
    let rounded = value
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|value| value.rounded(decimals).ok_or(NoValue::TooLarge));
    match rounded {
        Ok(scaled) => TableCell::Number { scaled, decimals },
        Err(reason) => TableCell::Text(format!("{NO_VALUE}（{reason}）")),
    }
}

/// What stands below every table: when, of which data, by which definitions.
fn notes<'a>(
    question: &Question<'_>,
    caption: Caption<'_>,
    definitions: impl Iterator<Item = &'a Definition>,
) -> Vec<String> {
    let moment = question.moment;
    let unit = question.units.unit(question.root);
    let task = question.task.map_or_else(|| "全部任务".to_owned(), |task| format!("任务 {task}"));
    let within = caption.focus_area.map_or_else(String::new, |area| format!("，{area}以内"));
    let mut notes = vec![
        format!(
            "数据截至 {}（北京时间，按记录时间）；期间 {} 至 {}（不含）；数据修订号 {}",
            shown(moment.at),
            shown(moment.window.from),
            shown(moment.window.to),
            caption.revision.0,
        ),
        format!(
            "范围：{}（{}）{within}，{task}；指标口径 {} 版",
            unit.name,
            unit.code,
            question.definitions.edition()
        ),
    ];
    notes.extend(definitions.map(|definition| {
        format!("{definition}；{}；来源：{}", definition.says_basis(), definition.source)
    }));
    notes
}

/// A table of targets: what is planned and done, the lamp, and why a unit is said to be behind.
pub fn progress_table(
    question: &Question<'_>,
    progress: &[Progress],
    persons: Persons,
    caption: Caption<'_>,
) -> Table {
    let definitions = question.definitions.all();
    let names = ["编码", "单位", "指标", "目标", "实际", "完成率（%）", "时间进度（%）"];
    let names = names.into_iter().chain(["灯", "说明"]);
    let person = (persons == Persons::Shown).then_some("责任人");
    let row = |one: &Progress| {
        let definition = &definitions[one.indicator];
        let percent_cell = |text: String| match text.replace('.', "").parse() {
            Ok(scaled) => TableCell::Number { scaled, decimals: 2 },
            Err(_) => TableCell::Text(text),
        };
        let mut cells = vec![
            one.code.as_str().into(),
            one.name.as_str().into(),
            definition.name.as_str().into(),
            amount_cell(Some(one.planned), definition),
            amount_cell(Some(one.done), definition),
            match &one.rate {
                Ok(rate) => percent_cell(percent(&[*rate])),
                Err(reason) => TableCell::Text(format!("{NO_VALUE}（{reason}）")),
            },
            percent_cell(percent(one.time.parts())),
            one.lamp.map_or(TableCell::Empty, |lamp| lamp_name(lamp).into()),
            text_cell(one.reason.as_deref()),
        ];
        cells.extend(person.map(|_shown| text_cell(one.person.as_deref())));
        cells
    };
    Table {
        title: caption.title.to_owned(),
        columns: names.chain(person).map(TableColumn::named).collect(),
        rows: progress.iter().map(row).collect(),
        notes: notes(question, caption, definitions.iter().filter(|one| one.is_completion())),
    }
}

/// A table of tasks that are to be cleared as they come: what is open, for how long, and how long it took.
pub fn clearing_table(question: &Question<'_>, cleared: &[Cleared], caption: Caption<'_>) -> Table {
    let names = ["编码", "单位", "任务", "时限（天）", "在账", "超时限", "最久（天）", "期内销账"];
    let names = names.into_iter().chain(["用时中位数（天）", "灯", "说明"]);
    let count = |count: u64| TableCell::Number { scaled: i128::from(count), decimals: 0 };
    let row = |one: &Cleared| {
        vec![
            one.code.as_str().into(),
            one.name.as_str().into(),
            one.task.as_str().into(),
            count(one.days.into()),
            count(one.open),
            count(one.late),
            one.oldest_days.map_or(TableCell::Empty, TableCell::from),
            count(one.closed),
            one.twice_median_days.map_or(TableCell::Empty, |twice| TableCell::Number {
                scaled: i128::from(twice) * 5,
                decimals: 1,
            }),
            lamp_name(one.lamp).into(),
            text_cell(one.reason.as_deref()),
        ]
    };
    let mut notes = notes(question, caption, std::iter::empty());
    notes.push(
        "自拟口径：在账为已挂账未销账，天数自挂账或反弹起算，用时不计经抽查不实的销账".to_owned(),
    );
    Table {
        title: "动态清零".to_owned(),
        columns: names.map(TableColumn::named).collect(),
        rows: cleared.iter().map(row).collect(),
        notes,
    }
}

fn text_cell(text: Option<&str>) -> TableCell {
    text.map_or(TableCell::Empty, TableCell::from)
}

fn lamp_name(lamp: Lamp) -> &'static str {
    match lamp {
        Lamp::Green => "绿",
        Lamp::Yellow => "黄",
        Lamp::Red => "红",
    }
}

/// A table of a ranking by one indicator; ties are said. With a ranking of an earlier moment the place
/// then and the places won since (lost ones below zero) stand beside it.
pub fn ranking_table(
    question: &Question<'_>,
    ranked: &[Ranked],
    indicator: usize,
    earlier: Option<(Moment, &[Ranked])>,
    caption: Caption<'_>,
) -> Table {
    let Some(definition) = question.definitions.all().get(indicator) else {
        return Table::default();
    };
    let mut columns = ["名次", "编码", "单位"].map(TableColumn::named).to_vec();
    columns.extend(figure_columns(definition, Detail::Values));
    columns.push(TableColumn::named("并列"));
    if earlier.is_some() {
        columns.extend(["上次名次", "名次升降"].map(TableColumn::named));
    }
    let place_cell = |place: Option<usize>| place.map_or(TableCell::Empty, |n| (n as i64).into());
    let row = |one: &Ranked| {
        let mut cells = vec![
            place_cell(one.place),
            one.code.as_str().into(),
            one.name.as_str().into(),
            value_cell(&one.value, definition.decimals),
            match one.ties {
                0 => TableCell::Empty,
                ties => TableCell::Text(format!("{} 家并列", ties + 1)),
            },
        ];
        if let Some((_, earlier)) = earlier {
            let before = earlier.iter().find(|before| before.code == one.code);
            let before = before.and_then(|before| before.place);
            let won = before.zip(one.place).map(|(before, now)| before as i64 - now as i64);
            cells.extend([place_cell(before), won.map_or(TableCell::Empty, TableCell::from)]);
        }
        cells
    };
    let mut notes = notes(question, caption, std::iter::once(definition));
    notes.push("名次按未经四舍五入的值排列，值相等的并列".to_owned());
    notes.extend(earlier.map(|(moment, _)| {
        format!("上次名次的数据截至 {}（北京时间，按记录时间）", shown(moment.at))
    }));
    Table {
        title: caption.title.to_owned(),
        columns,
        rows: ranked.iter().map(row).collect(),
        notes,
    }
}
