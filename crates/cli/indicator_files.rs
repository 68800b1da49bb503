//! Files of indicators and targets: TOML, checked as a whole, every fault listed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ledger::indicator::{
    Clearing, DEFAULT_DEFINITIONS, DefinitionSet, Definitions, Target, Targets, Unit, UnitTree,
    clearing_faults,
};
use serde::Deserialize;
use server::indicators::Indicators;
use spatial::Snapshot;

use crate::data_files::{DataFileError, parse, read, read_dossiers};
use crate::ledger_config::{LedgerConfig, named};

/// How messages call the definitions that come with the program.
const BUILT_IN: &str = "indicators.toml (built in)";

/// Reads the indicators of a file; without one, those that come with the program.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_definitions(path: Option<&Path>) -> Result<Definitions, DataFileError> {
    let (path, text) = match path {
        Some(path) => (path, read(path)?),
        None => (Path::new(BUILT_IN), DEFAULT_DEFINITIONS.to_owned()),
    };
    let set: DefinitionSet = parse(path, &text)?;
    Definitions::new(set)
        .map_err(|faults| DataFileError::Definitions { path: path.to_owned(), faults })
}

/// Targets as a file has them: a table `[[targets]]` each, and `[[clearings]]` for a task that is to be
/// cleared as its points come.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetFile {
    #[serde(default)]
    targets: Vec<Target>,
    #[serde(default)]
    clearings: Vec<Clearing>,
}

/// Reads the targets of a file.
///
/// # Errors
/// When the file cannot be read, is no TOML, or has a fault.
pub fn read_targets(
    path: &Path,
    definitions: &Definitions,
    units: &UnitTree,
) -> Result<Targets, DataFileError> {
    let file: TargetFile = parse(path, &read(path)?)?;
    Targets::new(file.targets, definitions, units)
        .map_err(|faults| DataFileError::Targets { path: path.to_owned(), faults })
}

/// Where targets stand beside a store, under its name: what counts where the configuration names no file.
pub fn targets_beside(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".targets.toml");
    name.into()
}

/// What a user should know where there are no targets; none where there are some.
pub fn without_targets(indicators: &Indicators, store: &Path) -> Option<String> {
    let has_none = indicators.targets.is_empty() && indicators.clearings.is_empty();
    has_none.then(|| {
        format!(
            "there are no targets: name their file as `targets` in [ledger] of the configuration, or put it \
             beside the store as {}",
            targets_beside(store).display()
        )
    })
}

/// What a configuration says of indicators and targets, for the store at `store` whose state is `state`: targets
/// must be those of units that it knows on some day; where it knows none, any code will do.
///
/// # Errors
/// When a file cannot be used.
pub fn read_indicators(
    config: &LedgerConfig,
    (store, state): (&Path, &Snapshot),
) -> Result<Indicators, DataFileError> {
    let definitions = read_definitions(named(&config.indicators))?;
    let dossiers = Arc::new(read_dossiers(named(&config.dossiers))?);
    let beside = targets_beside(store);
    let beside = beside.exists().then_some(beside.as_path());
    let Some(path) = named(&config.targets).or(beside) else {
        let (targets, clearings) = (Vec::new(), Vec::new());
        return Ok(Indicators { definitions, targets, clearings, dossiers });
    };
    let file: TargetFile = parse(path, &read(path)?)?;
    let known = engine::ledger::known_units(state);
    let named = || {
        let clearings = file.clearings.iter().filter_map(|one| one.unit.as_ref());
        file.targets.iter().map(|one| &one.unit).chain(clearings).cloned().collect()
    };
    let known = known.unwrap_or_else(named);
    let whole = Unit { code: String::new(), name: String::new(), parent: None };
    let part = |code: String| Unit { name: code.clone(), code, parent: Some(String::new()) };
    let known = known.into_iter().filter(|code| !code.is_empty()).map(part);
    let refused = |faults| DataFileError::Targets { path: path.to_owned(), faults };
    let units = UnitTree::new(std::iter::once(whole).chain(known).collect());
    let units = units.map_err(|fault| DataFileError::Units { path: path.to_owned(), fault })?;
    let faults = clearing_faults(&file.clearings, |unit| units.slot(unit).is_some());
    if !faults.is_empty() {
        return Err(refused(faults));
    }
    Targets::new(file.targets.clone(), &definitions, &units).map_err(refused)?;
    Ok(Indicators { definitions, targets: file.targets, clearings: file.clearings, dossiers })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use ledger::indicator::{
        Caption, Detail, Moment, OutsideSums, Period, Question, Unit, evaluate, figures_table,
        names,
    };
    use spatial::{Revision, Value};

    use super::*;

    fn units() -> UnitTree {
        let unit = |code: &str, parent: Option<&str>| Unit {
            code: code.to_owned(),
            name: format!("{code} 镇"),
            parent: parent.map(str::to_owned),
        };
        UnitTree::new(vec![unit("110115", None), unit("110115001", Some("110115"))]).unwrap()
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("口径.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    const TARGETS: &str = "\u{feff}[[targets]]\ntask = \"CW\"\nunit = \"110115001\"\n\
        period = \"2026\"\nindicator = \"completion_area\"\nplanned = 12\n\
        unit_of_measure = \"万㎡\"\nperson = \"甲\"\n";

    #[test]
    fn mistakes_name_the_file_and_the_line_or_the_key() {
        let definitions = |text: &str| {
            let (_folder, path) = file(text);
            read_definitions(Some(&path)).unwrap_err().to_string()
        };
        let unknown = DEFAULT_DEFINITIONS.replacen("\"registered_in_window\"", "\"new\"", 1);
        let line = 1 + unknown.lines().position(|line| line.contains("\"new\"")).unwrap();
        let error = definitions(&unknown);
        assert!(error.contains(&format!("口径.toml, line {line}: ")), "{error}");
        assert!(error.contains("unknown variant `new`"), "{error}");
        let faulty = DEFAULT_DEFINITIONS.replacen("\"公顷\"", "\"公倾\"", 1).replacen(
            "decimals = 1",
            "decimals = 9",
            1,
        );
        let error = definitions(&faulty);
        assert!(error.contains("口径.toml: the indicators cannot be used:\n  indicator \""));
        assert!(error.contains("\"demolished_land\", unit_of_measure: \"公倾\" needs a factor"));
        assert!(error.contains("\"clearing_days\", decimals: \"9\" is too many; give 0 to 6"));
        let missing = read_definitions(Some(Path::new("nowhere.toml"))).unwrap_err().to_string();
        assert!(missing.starts_with("nowhere.toml: "), "{missing}");

        let shipped = read_definitions(None).unwrap();
        let targets = |text: &str| {
            let (_folder, path) = file(text);
            read_targets(&path, &shipped, &units()).unwrap_err().to_string()
        };
        for (from, to, expected) in [
            ("\"2026\"", "\"2026-Q5\"", "line 4: \"2026-Q5\" is no period: write a year 2026"),
            ("planned", "planed", "line 6: unknown field `planed`"),
            ("110115001", "110115009", "\n  target 1, unit: \"110115009\" is the code of no unit"),
        ] {
            let error = targets(&TARGETS.replace(from, to));
            assert!(error.contains(expected), "{error}");
        }
    }

    /// From files to figures, tables, workbooks and a filled template, as a command or route does it.
    #[test]
    fn files_lead_to_tables_and_filled_templates() {
        let (units, outside) = (units(), OutsideSums::new());
        let definitions = read_definitions(None).unwrap();
        let (_folder, path) = file(TARGETS);
        let targets = read_targets(&path, &definitions, &units).unwrap();
        let window = "2026".parse::<Period>().unwrap().window();
        let question = Question {
            definitions: &definitions,
            units: &units,
            root: units.root(),
            task: Some("CW"),
            moment: Moment { at: window.to, window },
            targets: &targets,
            outside: &outside,
            takes_strays: true,
        };
        let figures = evaluate(&question, []);
        let caption = Caption { title: "考核表", revision: Revision(7), focus_area: None };
        let table = figures_table(&question, &figures, caption, (1, Detail::Parts));
        let csv = formats::report::table_csv(&table).unwrap();
        assert!(String::from_utf8(csv).unwrap().contains("数据修订号 7"));
        let asking = spatial::Table {
            title: "{{title}}：{{completion_area.110115001}}".to_owned(),
            rows: vec![vec!["{{unit}}".into(), "{{denominator.completion_area}}".into()]],
            columns: ["单位", "目标（㎡）"].map(spatial::TableColumn::named).to_vec(),
            notes: Vec::new(),
        };
        let template = formats::report::workbook(&[asking, table]).unwrap();
        let values = names(&question, &figures, caption);
        let (filled, report) = formats::report::fill_template(&template, values).unwrap();
        assert_eq!(report.cells, 3);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xlsx");
        formats::report::save_report(&path, &filled).unwrap();
        let mut layers = formats::open(&path, &formats::ReadOptions::default()).unwrap();
        let rows = layers[0].next_rows(10).unwrap();
        let values = &rows[0].feature.as_ref().unwrap().properties;
        let expected = [Value::Text("110115 镇".to_owned()), Value::Int(120_000)];
        assert_eq!(values.as_slice(), expected);
    }
}
