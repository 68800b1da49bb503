//! Names and codes of what does not exist: each passes the checks of its scheme, and each
//! stands where the county (Daxing, 110115) has no unit.

/// The county that the fictional towns are laid over.
const COUNTY: &str = "110115";
const STEMS: [char; 10] = ['甲', '乙', '丙', '丁', '戊', '己', '庚', '辛', '壬', '癸'];
const BRANCHES: [char; 12] =
    ['子', '丑', '寅', '卯', '辰', '巳', '午', '未', '申', '酉', '戌', '亥'];
const ENDINGS: [char; 4] = ['村', '庄', '营', '屯'];
const TOWNS: [&str; 6] = ["示例镇", "虚构镇", "样图镇", "拟真镇", "假想镇", "演示镇"];

/// Name of a town, from 0.
pub(super) fn town_name(town: u64) -> String {
    TOWNS
        .get(town as usize)
        .map_or_else(|| format!("示例{}镇", town + 1), |name| (*name).to_owned())
}

/// Name of a village of a town, from 0: stem, branch and ending, e.g. 甲子村.
pub(super) fn village_name(village: u64) -> String {
    let at = |choices: &[char], turn: u64| choices[(turn % choices.len() as u64) as usize];
    // 60 pairs of the cycle, then the next ending; after 240 a number.
    let mut name: String = [at(&STEMS, village), at(&BRANCHES, village)].into_iter().collect();
    if village >= 240 {
        name.push('新');
    }
    name.push(at(&ENDINGS, village / 60));
    name
}

/// Nine digits of a town: numbers of towns (镇) that the county does not use.
pub(super) fn town_code(town: u64) -> String {
    let number = match town {
        0..10 => 190 + town,
        10..50 => 140 + town,
        _ => 62 + town,
    };
    format!("{COUNTY}{number}")
}

/// Twelve digits of a village.
pub(super) fn village_code(town: u64, village: u64) -> String {
    let number = if village < 199 { 201 + village } else { 202 + village };
    format!("{}{number}", town_code(town))
}

/// Fourteen characters that the parcel codes of a village begin with: cadastral areas from 900,
/// homesteads on collective land.
pub(super) fn parcel_prefix(town: u64, village: u64) -> String {
    format!("{COUNTY}{}{:03}JC", 900 + town, village + 1)
}
