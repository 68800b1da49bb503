//! Indicators, targets and rankings of the ledger, as JSON and as tables for people.
//!
//! No HTTP here: the routes and the command line share it. Figures are those of one state; a rounded
//! value stands beside what it is exactly made of.

mod classed;
mod document;
mod query;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::Engine;
use engine::ledger::{
    FactList, ProgressReport, SumsAsked, UnitSource, latest_reports, record_units, unit_tree,
};
use formats::report::{ReportFault, table_csv, workbook};
use ledger::dossier::Dossiers;
use ledger::indicator::{
    Caption, Cleared, Clearing, Definitions, Detail, Figures, Moment, OutsideSums, Persons,
    Progress, ProgressRules, Question, Ranked, Target, Targets, UnitTree, Window, cleared,
    clearing_table, figures_of, figures_table, names, progress, progress_table, rank,
    ranking_table,
};
use ledger::place::{ALLEYS, Day, FOCUS_AREAS};
use ledger::record::calls::PROGRESS_REPORTS;
use ledger::record::patrols::PATROLS;
use ledger::rows::POINTS;
use serde_json::Value;
use spatial::{CollectionId, FieldClass, Revision, Table, TableCell, Timestamp};

pub use classed::{Classed, UnitClass};
pub use query::{
    ALL_INDICATORS, DEPTH, FOCUS_AREA, INDICATOR, IndicatorQuery, IndicatorRefusal, MAX_DEPTH,
    PARAMETERS, Told,
};

/// Most rows of an answer.
const MAX_ROWS: usize = 20_000;

/// What is counted, and what is to be reached.
#[derive(Clone, Debug)]
pub struct Indicators {
    /// The definitions.
    pub definitions: Definitions,
    /// The targets; those of units that are none at the moment asked about do not count, and are
    /// listed.
    pub targets: Vec<Target>,
    /// The tasks that are to be cleared as they come (动态清零).
    pub clearings: Vec<Clearing>,
    /// What files are made of, of which some indicators tell.
    pub dossiers: Arc<Dossiers>,
}

/// An answer, before it is written.
#[derive(Debug)]
pub struct Answered<'a> {
    query: &'a IndicatorQuery,
    question: Question<'a>,
    figures: Figures,
    progress: Vec<Progress>,
    cleared: Vec<Cleared>,
    ranking: Option<(usize, Vec<Ranked>)>,
    /// Whether the window was said.
    is_said: bool,
    source: UnitSource,
    /// Every task of points and targets.
    tasks: BTreeSet<&'a str>,
    /// Targets of units that are none.
    left_out: Vec<&'a Target>,
    /// The latest report of each unit.
    reports: &'a BTreeMap<String, ProgressReport>,
    /// The name of the focus area that all lies in.
    focus_area: Option<&'a str>,
    revision: Revision,
}

/// Evaluates the indicators of the ledger, and has `write` make an answer of it; with the state that
/// it is of.
///
/// # Errors
/// When a parameter names what there is not, when there is no ledger, or when `write` refuses.
pub async fn answer<T: Send + 'static>(
    engine: &Engine,
    indicators: &Arc<Indicators>,
    (query, now): (IndicatorQuery, Timestamp),
    write: impl FnOnce(&Answered<'_>) -> Result<T, ReportFault> + Send + 'static,
) -> Result<(Revision, T), IndicatorRefusal> {
    // What is asked of the future is told as of now.
    let at = query.as_of.map_or(now, |as_of| as_of.min(now));
    let (window, _) = query.window(at);
    let indicators = Arc::new(chosen(indicators, &query, window)?);
    let beside = collections(&indicators);
    let reports = CollectionId::try_from(PROGRESS_REPORTS).ok();
    let mut beside: Vec<CollectionId> = beside.into_iter().chain(reports).collect();
    if query.focus_area.is_some() {
        let others = [POINTS, FOCUS_AREAS].map(CollectionId::try_from);
        beside.extend(others.into_iter().flatten());
        beside = engine.with_owners(&beside).into_iter().collect();
    }
    let facts = engine.ledger_facts(query.as_of, query.profile, &beside).await?;
    let reading = engine.clone();
    let evaluated = move || {
        let revision = facts.state.revision;
        let of_records = || record_units(&facts.state, indicators.definitions.sums());
        // Whoever sees an area is told of no unit beyond it.
        let is_limited = reading.view().areas.is_some();
        let targets = indicators.targets.iter().filter(|_| !is_limited);
        let others = targets.map(|target| target.unit.clone());
        let others = others.chain(std::iter::once_with(of_records).flatten());
        let (units, source) = unit_tree(&facts.state, Day::of(at), &facts.points, others)?;
        let focus = query.focus_area.as_deref().map(|code| {
            let found = reading.in_focus_area(&facts.state, (code, Day::of(at)), &beside);
            found.map_err(|known| no_focus_area(code, Day::of(at), &known))
        });
        let focus = focus.transpose()?;
        let points = match &focus {
            Some(part) => Arc::new(facts.points.only(&part.points())),
            None => Arc::clone(&facts.points),
        };
        let sums = SumsAsked {
            sums: indicators.definitions.sums(),
            units: &units,
            moment: Moment { at, window },
            task: query.task.as_deref(),
            profile: query.profile,
            beside: &facts.state,
            dossiers: Some(&indicators.dossiers),
        };
        let records = focus.as_ref().map_or(&*facts.state, |part| &part.state);
        let outside = reading.record_sums(records, &sums)?;
        let reports = match query.told {
            Told::Figures => BTreeMap::new(),
            Told::Progress => latest_reports(&facts.state, sums.task, at, query.profile),
        };
        let asked = Asked {
            engine: &reading,
            indicators: &indicators,
            query: &query,
            units: &units,
            at,
            outside: &outside,
            reports: &reports,
            is_limited,
            focus_area: focus.as_ref().map(|part| part.name.as_str()),
        };
        asked.answer(&points, (revision, source), write)
    };
    engine.pool().run(evaluated).await?
}

/// The indicators that a query is about, measured by the targets of its window.
fn chosen(
    indicators: &Indicators,
    query: &IndicatorQuery,
    window: Window,
) -> Result<Indicators, IndicatorRefusal> {
    let all = &indicators.definitions;
    let named = query.indicators.as_deref();
    for code in named.unwrap_or_default() {
        if code != ALL_INDICATORS && all.named(code).is_none() {
            return Err(no_indicator(all, INDICATOR, code));
        }
    }
    let has_target = |code: &str| {
        query.told == Told::Progress && indicators.targets.iter().any(|one| one.indicator == code)
    };
    let is_wanted = |code: &str, by_name: bool| match named {
        Some(codes) => codes.iter().any(|one| one == code || one == ALL_INDICATORS),
        None => !by_name,
    };
    let definitions = all.only(|one| {
        is_wanted(&one.code, one.by_name)
            || has_target(&one.code)
            || query.rank.as_deref() == Some(&one.code)
    });
    let targets = indicators.targets.iter();
    let targets = targets.filter(|one| definitions.named(&one.indicator).is_some());
    let targets: Vec<Target> = targets.cloned().collect();
    Ok(Indicators {
        definitions: definitions.measured_by(targets.iter(), window),
        targets,
        clearings: indicators.clearings.clone(),
        dossiers: Arc::clone(&indicators.dossiers),
    })
}

/// The collections of which sums over records are made.
fn collections(indicators: &Indicators) -> BTreeSet<CollectionId> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for sum in indicators.definitions.sums() {
        names.insert(&sum.collection);
        names.extend(sum.lists());
        if sum.asks_files() {
            names.extend(indicators.dossiers.collections());
        }
        if sum.asks_patrols() {
            names.extend([PATROLS, ALLEYS]);
        }
    }
    names.into_iter().filter_map(|name| CollectionId::try_from(name).ok()).collect()
}

/// What is answered where no indicator has a code.
pub(crate) fn no_indicator(
    known: &Definitions,
    name: &'static str,
    code: &str,
) -> IndicatorRefusal {
    let codes: Vec<&str> = known.all().iter().map(|definition| definition.code.as_str()).collect();
    IndicatorRefusal::parameter(
        name,
        code,
        format!("is no indicator; there are {}", codes.join(", ")),
    )
}

/// What a query is about.
struct Asked<'a> {
    engine: &'a Engine,
    indicators: &'a Indicators,
    query: &'a IndicatorQuery,
    units: &'a UnitTree,
    at: Timestamp,
    /// What records beside the points come to.
    outside: &'a OutsideSums,
    /// The latest report of each unit.
    reports: &'a BTreeMap<String, ProgressReport>,
    /// Whether an area is all that is told of.
    is_limited: bool,
    /// The name of the focus area that all lies in.
    focus_area: Option<&'a str>,
}

/// What is answered where there is no focus area with a code.
fn no_focus_area(code: &str, day: Day, known: &[String]) -> IndicatorRefusal {
    const SHOWN: usize = 5;
    let some = known[..known.len().min(SHOWN)].join(", ");
    let reason = match some.is_empty() {
        true => format!("is the code of no focus area on {day}: there are none"),
        false => format!("is the code of no focus area on {day}; there are for example {some}"),
    };
    IndicatorRefusal::parameter(FOCUS_AREA, code, reason)
}

impl Asked<'_> {
    fn answer<T>(
        &self,
        points: &Arc<FactList>,
        (revision, source): (Revision, UnitSource),
        write: impl FnOnce(&Answered<'_>) -> Result<T, ReportFault>,
    ) -> Result<(Revision, T), IndicatorRefusal> {
        let Self { engine, indicators, query, units, at, outside, reports, is_limited, focus_area } =
            *self;
        let (window, is_said) = query.window(at);
        let definitions = &indicators.definitions;
        let root = self.root()?;
        self.check_size(root)?;
        let ranked_by = self.ranked_by()?;
        let is_unit = |target: &&Target| units.slot(&target.unit).is_some();
        // Targets are of units.
        let targets = indicators.targets.iter().filter(|_| focus_area.is_none());
        let (bound, left_out): (Vec<&Target>, Vec<&Target>) = targets.partition(is_unit);
        let left_out = if is_limited { Vec::new() } else { left_out };
        let bound = bound.into_iter().cloned().collect();
        // They were checked when the files were read; only units may have gone since.
        let targets = Targets::new(bound, definitions, units).map_err(|faults| {
            let what = faults.first().map(ToString::to_string).unwrap_or_default();
            engine::EngineError::Internal { what }
        })?;
        let question = Question {
            definitions,
            units,
            root,
            task: query.task.as_deref(),
            moment: Moment { at, window },
            targets: &targets,
            outside,
            takes_strays: !is_limited,
        };
        let counts = engine.ledger_counts(points, &question.counting());
        let mut figures = figures_of(&question, &counts);
        figures.rows.retain(|row| row.depth <= query.depth.max(1));
        if query.least_count > 0 {
            figures.hide_small_counts(definitions.all(), query.least_count);
        }
        if focus_area.is_some() {
            // Most units have nothing in it.
            figures.rows.retain(|row| row.depth == 0 || row.says_something());
        }
        let ranking =
            ranked_by.map(|indicator| (indicator, rank(&figures, definitions, indicator, 1)));
        figures.rows.retain(|row| row.depth <= query.depth);
        let progress = match query.told {
            Told::Figures => Vec::new(),
            Told::Progress => progress(&question, &figures, ProgressRules::default()),
        };
        let cleared = match query.told {
            Told::Figures => Vec::new(),
            Told::Progress => cleared(&question, &indicators.clearings, &figures, points.iter()),
        };
        let mut tasks = points.tasks();
        tasks.extend(indicators.targets.iter().map(|target| target.task.as_str()));
        let answered = Answered {
            query,
            question,
            figures,
            progress,
            cleared,
            ranking,
            is_said,
            source,
            tasks,
            left_out,
            reports,
            focus_area,
            revision,
        };
        Ok((revision, write(&answered)?))
    }

    fn root(&self) -> Result<usize, IndicatorRefusal> {
        let Some(code) = &self.query.unit else { return Ok(self.units.root()) };
        self.units.slot(code).ok_or_else(|| {
            const SHOWN: usize = 5;
            let below = self.units.below(self.units.root());
            let some: Vec<&str> =
                below.iter().take(SHOWN).map(|slot| self.units.unit(*slot).code.as_str()).collect();
            let (some, day) = (some.join(", "), Day::of(self.at));
            let reason = format!("is the code of no unit on {day}; there are for example {some}");
            IndicatorRefusal::parameter("unit", code, reason)
        })
    }

    /// Refuses what has more rows than are told.
    fn check_size(&self, root: usize) -> Result<(), IndicatorRefusal> {
        let (mut level, mut rows) = (vec![root], 1);
        for _ in 0..self.query.depth {
            level = level.iter().flat_map(|slot| self.units.children(*slot)).copied().collect();
            // A row for what lies in no part, too.
            rows += 2 * level.len();
        }
        if rows <= MAX_ROWS {
            return Ok(());
        }
        let depth = self.query.depth.to_string();
        let reason = format!("makes about {rows} rows; at most {MAX_ROWS} are told: name a unit");
        Err(IndicatorRefusal::parameter("depth", &depth, reason))
    }

    fn ranked_by(&self) -> Result<Option<usize>, IndicatorRefusal> {
        let Some(code) = &self.query.rank else { return Ok(None) };
        let definitions = &self.indicators.definitions;
        let found = definitions.named(code).map(|(slot, _)| Some(slot));
        found.ok_or_else(|| no_indicator(definitions, "rank", code))
    }
}

impl Answered<'_> {
    /// The answer as JSON, without links.
    pub fn document(&self) -> Value {
        document::document(self)
    }

    /// The answer as tables: what was asked for, then what is to be cleared, then the ranking.
    pub fn tables(&self, detail: Detail) -> Vec<Table> {
        let caption = self.caption();
        let first = match self.query.told {
            Told::Figures => {
                let shown = (self.query.depth, detail);
                figures_table(&self.question, &self.figures, caption, shown)
            }
            Told::Progress => {
                progress_table(&self.question, &self.progress, self.persons(), caption)
            }
        };
        let ranking = self.ranking.as_ref().map(|(indicator, ranked)| {
            let definition = &self.question.definitions.all()[*indicator];
            let title = format!("排名 {}", definition.name);
            let caption = Caption { title: &title, ..caption };
            ranking_table(&self.question, ranked, *indicator, None, caption)
        });
        let cleared = (!self.cleared.is_empty())
            .then(|| clearing_table(&self.question, &self.cleared, self.caption()));
        std::iter::once(first).chain(cleared).chain(ranking).collect()
    }

    /// The answer as CSV: the ranking where one is asked for.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub fn csv(&self) -> Result<Vec<u8>, ReportFault> {
        let tables = self.tables(Detail::Parts);
        let table = match self.ranking {
            Some(_) => tables.last(),
            None => tables.first(),
        };
        table_csv(table.ok_or(ReportFault::NoTable)?)
    }

    /// The answer as a workbook, a sheet each table.
    ///
    /// # Errors
    /// When a sheet cannot hold a table.
    pub fn workbook(&self) -> Result<Vec<u8>, ReportFault> {
        workbook(&self.tables(Detail::Parts))
    }

    /// Every figure by the name under which an office's own template asks for it.
    pub fn names(&self) -> Vec<(String, TableCell)> {
        names(&self.question, &self.figures, self.caption())
    }

    /// What a page or sheet is called.
    pub fn title(&self) -> &'static str {
        match self.query.told {
            Told::Figures => "指标",
            Told::Progress => "目标进度",
        }
    }

    fn caption(&self) -> Caption<'_> {
        let (title, revision, focus_area) = (self.title(), self.revision, self.focus_area);
        Caption { title, revision, focus_area }
    }

    fn persons(&self) -> Persons {
        match self.query.profile.highest >= FieldClass::L2 {
            true => Persons::Shown,
            false => Persons::Hidden,
        }
    }
}
