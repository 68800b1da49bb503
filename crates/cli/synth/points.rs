//! Rectification points: what is wrong at a courtyard, how far it has come, and by when.

use super::calendar::{DAY_MS, date};
use super::random::Random;

/// 2026-01-05, the first day on which a point is found.
const FIRST_DAY: u64 = 20_458;
/// Days in which points are found.
const SEASON: u64 = 240;
/// 2026-09-30: the state of every point is that of this day.
const TODAY: u64 = FIRST_DAY + 268;

/// What is said of a point beside its place.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// UUIDv7.
    pub id: String,
    pub action: &'static str,
    /// Code of the task within a point's code.
    pub task: &'static str,
    pub source: &'static str,
    pub state: &'static str,
    pub state_since: String,
    /// Day of registration and deadline; none until it is registered.
    pub registered: Option<(String, String)>,
    pub rebound_count: i64,
    pub lead_unit: &'static str,
}

/// Special action, task code, lead unit, by how often they are met in a village.
const ACTIONS: &[(u32, [&str; 3])] = &[
    (30, ["占道经营整治", "ZD", "综合行政执法队"]),
    (18, ["无证无照经营整治", "WZ", "市场监管所"]),
    (12, ["开墙打洞治理", "KQ", "综合行政执法队"]),
    (16, ["背街小巷环境整治", "BJ", "城市管理办公室"]),
    (10, ["群租房治理", "QZ", "平安建设办公室"]),
    (8, ["散乱污企业治理", "SL", "生态环境办公室"]),
    (6, ["留白增绿", "LB", "规划建设与环境保护办公室"]),
];
/// Where a house reaches beyond its parcel.
const DEMOLITION: [&str; 3] = ["拆除违法建设", "CW", "规划建设与环境保护办公室"];
/// Where points come from, by how often.
pub(super) const SOURCES: &[(u32, &str)] =
    &[(34, "巡查"), (22, "12345"), (16, "卫片"), (14, "数据比对"), (10, "上级交办"), (4, "媒体")];
const STATES: &[(u32, &str)] = &[
    (6, "reported"),
    (2, "rejected"),
    (9, "registered"),
    (9, "dispatched"),
    (2, "returned"),
    (24, "in_progress"),
    (3, "suspended"),
    (8, "submitted"),
    (5, "verified_town"),
    (26, "closed"),
    (3, "rebounded"),
    (2, "transferred"),
    (1, "void"),
];

/// Draws what is wrong: an illegal building, or anything else.
pub(super) fn finding(random: &mut Random, is_encroachment: bool) -> Finding {
    let [action, task, lead_unit] = if is_encroachment { DEMOLITION } else { random.pick(ACTIONS) };
    let state = random.pick(STATES);
    let found = FIRST_DAY + random.below(SEASON);
    let registered_on = found + random.below(6);
    let deadline = registered_on + 30 + 15 * random.below(9);
    // Most are closed in time, one in eight is late.
    let latest = match state {
        "reported" | "rejected" => (found + 5).min(TODAY),
        "closed" if !random.chance(0.12) => deadline.min(TODAY),
        _ => TODAY,
    };
    let since = match state {
        "reported" => found,
        "registered" => registered_on,
        _ => {
            let earliest = registered_on.min(latest);
            earliest + random.below(latest - earliest + 1)
        }
    };
    let is_registered = !matches!(state, "reported" | "rejected");
    let rebound_count = match state {
        "rebounded" => 1 + i64::from(random.chance(0.2)),
        "closed" | "in_progress" => i64::from(random.chance(0.04)),
        _ => 0,
    };
    Finding {
        id: uuid(random, found * DAY_MS),
        action,
        task,
        source: random.pick(SOURCES),
        state,
        state_since: date(since),
        registered: is_registered.then(|| (date(registered_on), date(deadline))),
        rebound_count,
        lead_unit,
    }
}

/// A UUIDv7 of some moment of the day that begins at `day_ms`.
fn uuid(random: &mut Random, day_ms: u64) -> String {
    // Working hours in China: 00:00 to 10:00 UTC.
    let ms = day_ms + random.below(36_000_000);
    let [a, b] = [random.bits(), random.bits()];
    format!(
        "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
        ms >> 16,
        ms & 0xffff,
        a & 0xfff,
        0x8000 | (a >> 12 & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}
