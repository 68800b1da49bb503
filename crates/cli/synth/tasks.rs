//! The tasks of the fictional towns, and how much a point of each is.

use ledger::point::{Quantities, SquareMetres};

use super::random::Random;

/// A task (任务) that points are counted under.
#[derive(Debug)]
pub(super) struct Task {
    /// Code of the task, part of a point's number.
    pub code: &'static str,
    /// Special action (专项行动).
    pub action: &'static str,
    /// Department or office that does the work.
    pub lead: &'static str,
    /// Days from registering to the deadline, fewest and most.
    pub days: [u64; 2],
    measure: Measure,
}

/// What a point of a task is measured by.
#[derive(Clone, Copy, Debug)]
enum Measure {
    /// Only counted, up to so many.
    Count(u64),
    /// Built area, m², from and to.
    Built([u64; 2]),
    /// Land, m², from and to.
    Land([u64; 2]),
}

/// Where a house reaches beyond its parcel.
pub(super) const DEMOLITION: Task = Task {
    code: "CW",
    action: "拆除违法建设",
    lead: "规划建设与环境保护办公室",
    days: [60, 210],
    measure: Measure::Built([8, 40]),
};

/// All other tasks, by how often they are met in a village.
const OTHERS: &[(u32, &Task)] = &[
    (24, &task("ZD", "占道经营整治", "综合行政执法队", [20, 45], Measure::Count(6))),
    (16, &task("WZ", "无证无照经营整治", "市场监管所", [30, 75], Measure::Count(1))),
    (14, &task("KQ", "开墙打洞治理", "综合行政执法队", [30, 90], Measure::Count(2))),
    (14, &task("BJ", "背街小巷环境整治", "城市管理办公室", [45, 150], Measure::Count(4))),
    (10, &task("QZ", "群租房治理", "平安建设办公室", [30, 60], Measure::Built([40, 160]))),
    (6, &task("DX", "地下空间清理", "住房保障办公室", [60, 150], Measure::Built([60, 900]))),
    (
        8,
        &task("LB", "留白增绿", "规划建设与环境保护办公室", [150, 420], Measure::Land([200, 3200])),
    ),
    (8, &task("GX", "管线规整", "城市管理办公室", [60, 180], Measure::Count(5))),
];

const fn task(
    code: &'static str,
    action: &'static str,
    lead: &'static str,
    days: [u64; 2],
    measure: Measure,
) -> Task {
    Task { code, action, lead, days, measure }
}

impl Task {
    /// Draws any task but [`DEMOLITION`].
    pub fn drawn(random: &mut Random) -> &'static Self {
        random.pick(OTHERS)
    }

    /// Draws how much is to be done.
    pub fn planned(&self, random: &mut Random) -> Quantities {
        let mut area = |[from, to]: [u64; 2]| {
            SquareMetres::from_hundredths(from * 100 + random.below((to - from) * 100))
        };
        match self.measure {
            Measure::Count(most) => {
                Quantities { count: 1 + random.below(most), ..Quantities::default() }
            }
            Measure::Built(range) => {
                Quantities { build_area_m2: area(range), count: 1, ..Quantities::default() }
            }
            Measure::Land(range) => {
                Quantities { land_area_m2: area(range), count: 1, ..Quantities::default() }
            }
        }
    }
}
