//! Tasks (任务) of special actions as data: they change every year.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::data_check::{Check, DataFault};
use crate::indicator::Basis;

/// The tasks that come with the program, as TOML.
pub const DEFAULT_TASKS: &str = include_str!("../tasks.toml");
/// Most tasks of an edition.
const MAX_TASKS: usize = 1_000;
/// Most indicators of one.
const MAX_INDICATORS: usize = 60;

/// The tasks of a city in one edition, as they are read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSet {
    /// Which edition it is, as in `2026-01`.
    pub edition: String,
    /// The tasks.
    pub tasks: Vec<Task>,
}

/// One task.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its code, part of the numbers of its points.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// The special action (专项行动) that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special_action: Option<String>,
    /// The only year that it is of; every year when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// How it is managed.
    pub mode: Mode,
    /// What it is for.
    pub category: Category,
    /// The department that leads it (牵头部门).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// 计量单位.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_of_measure: Option<String>,
    /// Codes of the indicators that it is looked at by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indicators: Vec<String>,
    /// On what it rests.
    pub basis: Basis,
    /// The document, or whose proposal it is.
    pub source: String,
}

/// How a task is managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// 计划管理: against targets and timetables.
    Planned,
    /// 动态清零: nothing open is the target.
    Cleared,
}

impl Mode {
    /// What people call it.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Planned => "计划管理",
            Self::Cleared => "动态清零",
        }
    }
}

/// What a task is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// 疏解.
    Relocation,
    /// 整治.
    Rectification,
    /// 提升.
    Improvement,
}

impl Category {
    /// What people call it.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Relocation => "疏解",
            Self::Rectification => "整治",
            Self::Improvement => "提升",
        }
    }
}

/// Tasks that hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tasks {
    edition: String,
    tasks: Vec<Task>,
}

impl Tasks {
    /// Takes the tasks of an edition.
    ///
    /// # Errors
    /// Every fault that is found.
    pub fn new(set: TaskSet) -> Result<Self, Vec<DataFault>> {
        let mut check = Check::new("task");
        check.line("edition", &set.edition);
        check.count("tasks", set.tasks.len(), 1..=MAX_TASKS);
        let mut seen = BTreeSet::new();
        for task in &set.tasks {
            check.of.clone_from(&task.code);
            let optional = [
                ("special_action", &task.special_action),
                ("lead", &task.lead),
                ("unit_of_measure", &task.unit_of_measure),
            ];
            let given = optional.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
            let lines = [("code", &task.code), ("name", &task.name), ("source", &task.source)];
            lines.into_iter().chain(given).for_each(|(key, text)| check.line(key, text));
            check.count("indicators", task.indicators.len(), 0..=MAX_INDICATORS);
            task.indicators.iter().for_each(|code| check.name("indicators", code));
            if !seen.insert((&task.code, task.year)) {
                let reason = "stands there twice for the same year; leave one out";
                check.fault("code", &task.code, reason);
            }
        }
        check.finish(Self { edition: set.edition, tasks: set.tasks })
    }

    /// Which edition it is.
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// Every task, in order.
    pub fn all(&self) -> &[Task] {
        &self.tasks
    }

    /// The codes.
    pub fn codes(&self) -> BTreeSet<String> {
        self.tasks.iter().map(|task| task.code.clone()).collect()
    }

    /// The task of a code: that of the latest year, where it is another one every year.
    pub fn named(&self, code: &str) -> Option<&Task> {
        let of_code = self.tasks.iter().filter(|task| task.code == code);
        of_code.max_by_key(|task| task.year)
    }

    /// The code of the task that is called so, by code or name; none where several have the name.
    pub fn code_of(&self, called: &str) -> Option<&str> {
        let called = called.trim();
        let is_code = |task: &&Task| task.code == called;
        if let Some(task) = self.tasks.iter().find(is_code) {
            return Some(&task.code);
        }
        let mut named = self.tasks.iter().filter(|task| task.name.trim() == called);
        let code = &named.next()?.code;
        named.all(|task| task.code == *code).then_some(code)
    }

    /// What people call the task of a code.
    pub fn name(&self, code: &str) -> Option<&str> {
        self.named(code).map(|task| task.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::indicator::{DEFAULT_DEFINITIONS, Definitions};

    fn shipped() -> TaskSet {
        toml::from_str(DEFAULT_TASKS).unwrap()
    }

    #[test]
    fn the_shipped_tasks_hold_together_and_name_indicators_that_there_are() {
        let tasks = Tasks::new(shipped()).unwrap();
        let definitions = Definitions::new(toml::from_str(DEFAULT_DEFINITIONS).unwrap()).unwrap();
        for task in tasks.all() {
            assert!(
                task.indicators.iter().all(|code| definitions.named(code).is_some()),
                "{task:?}"
            );
            assert_eq!(task.basis, Basis::Template, "nothing here is official");
        }
        for mode in [Mode::Planned, Mode::Cleared] {
            assert!(tasks.all().iter().any(|task| task.mode == mode));
        }
        assert_eq!(tasks.name("GX"), Some("管线规整"));
        assert_eq!(tasks.name("none"), None);
        for (called, code) in
            [("GX", Some("GX")), (" 管线规整 ", Some("GX")), ("gx", None), ("管线", None)]
        {
            assert_eq!(tasks.code_of(called), code, "{called}");
        }
    }

    #[test]
    fn faults_and_names_by_year_are_told() {
        let mut set = shipped();
        set.tasks.truncate(1);
        let of = |year: Option<i32>, name: &str| Task {
            year,
            name: name.to_owned(),
            ..set.tasks[0].clone()
        };
        let tasks = vec![of(Some(2027), "乙"), of(None, "甲"), of(Some(2026), "丙")];
        let tasks = Tasks::new(TaskSet { tasks, ..set.clone() }).unwrap();
        assert_eq!(tasks.name(&set.tasks[0].code), Some("乙"));
        assert_eq!(
            tasks.code_of("丙"),
            Some(set.tasks[0].code.as_str()),
            "the name of an earlier year"
        );
        let same = vec![of(None, "甲"), Task { code: "ZZ".to_owned(), ..of(None, "甲") }];
        let same = Tasks::new(TaskSet { tasks: same, ..set.clone() }).unwrap();
        assert_eq!((same.code_of("甲"), same.code_of("ZZ")), (None, Some("ZZ")));
        let twice = vec![of(None, "甲"), of(None, " ")];
        let faults = Tasks::new(TaskSet { tasks: twice, ..set.clone() }).unwrap_err();
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(
            told[0].contains("name: \" \"") && told[1].contains("stands there twice"),
            "{told:?}"
        );
    }
}
