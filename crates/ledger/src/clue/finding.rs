//! What a rule found, as values and as a reason in words.
//!
//! *Invariant:* every reason begins with 疑似 and names what it was made of.

use std::fmt;

use super::business_finding::{Left, Risk};
use crate::place::Day;

/// What a rule found at one place.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the values are named by what they are; units stand in the names")]
pub enum Finding {
    /// A new report near a closed point.
    Rebound {
        reported: String,
        closed: String,
        task: Option<String>,
        distance_m: f64,
        within_m: f64,
        by_accuracy: bool,
        days_since_closed: i64,
    },
    /// A building outside its parcel.
    OverParcel {
        building: String,
        parcel: String,
        outside_m2: f64,
        building_m2: f64,
        least_m2: f64,
    },
    /// Two parcels that share area.
    ParcelOverlap { first: String, second: String, common_m2: f64, least_m2: f64 },
    /// Ground between parcels.
    ParcelGap { parcels: Vec<String>, area_m2: f64, most_m2: f64 },
    /// A building without a file, on this parcel or on none.
    NoFile { building: String, parcel: Option<String>, building_m2: f64 },
    /// A complaint near a closed point.
    Complaint {
        complaint: String,
        point: String,
        distance_m: f64,
        within_m: f64,
        days_since_closed: i64,
        within_days: u32,
    },
    /// An outlet that closes without a replacement for these functions.
    Unreplaced {
        outlet: String,
        functions: Vec<String>,
        closed: Day,
        is_to_come: bool,
        within_m: f64,
    },
    /// A community without these functions.
    ServiceGap { community: String, functions: Vec<String>, within_m: f64 },
    /// Released land that is not greened.
    IdleLand {
        land: String,
        released: Day,
        days: i64,
        allowed_days: u32,
        area_m2: f64,
        green_m2: f64,
        least_share: f64,
        actual_use: Option<String>,
    },
    /// Features that lie together.
    Contiguous { members: usize, within_m: f64 },
    /// A side of a parcel, with the parcel that lies there, if one does.
    Neighbour { parcel: String, toward: Toward, neighbour: Option<String>, shared_m: f64 },
    /// A household with several parcels.
    SeveralHomesteads { household: String, parcels: Vec<String> },
    /// A building that the last survey did not have.
    NewBuilding { building: String, new_m2: f64, building_m2: f64, least_m2: f64 },
    /// An enterprise that may be a high risk.
    HighRisk(Risk),
    /// What is late or lacking after a closing or an exit.
    Left(Left),
}

/// A side of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Toward {
    /// 东.
    East,
    /// 南.
    South,
    /// 西.
    West,
    /// 北.
    North,
}

impl Toward {
    /// The side that a direction (east, north) points to most.
    pub fn of([east, north]: [f64; 2]) -> Self {
        match (east.abs() >= north.abs(), east > 0.0, north > 0.0) {
            (true, true, _) => Self::East,
            (true, false, _) => Self::West,
            (false, _, true) => Self::North,
            (false, _, false) => Self::South,
        }
    }

    /// Its name.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::East => "东",
            Self::South => "南",
            Self::West => "西",
            Self::North => "北",
        }
    }
}

/// A measured value.
#[derive(Clone, Debug, PartialEq)]
pub enum Measured {
    /// Metres, square metres or a share, rounded to hundredths.
    Number(f64),
    /// How many, or days.
    Whole(i64),
    /// A name or day.
    Text(String),
    /// Several names.
    Texts(Vec<String>),
    /// Yes or no.
    Truth(bool),
}

/// A number as it is told: hundredths.
pub(super) fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

impl Finding {
    /// The values by name; units stand in the names.
    pub fn measures(&self) -> Vec<(&'static str, Measured)> {
        use Measured::{Text, Texts, Truth, Whole};
        let number = |number: &f64| Measured::Number(hundredths(*number));
        match self {
            Self::Rebound {
                distance_m, within_m, by_accuracy, days_since_closed, task, ..
            } => {
                let mut measures = vec![
                    ("distance_m", number(distance_m)),
                    ("within_m", number(within_m)),
                    ("by_accuracy", Truth(*by_accuracy)),
                    ("days_since_closed", Whole(*days_since_closed)),
                ];
                measures.extend(task.iter().map(|task| ("task", Text(task.clone()))));
                measures
            }
            Self::OverParcel { outside_m2, building_m2, least_m2, .. } => vec![
                ("outside_m2", number(outside_m2)),
                ("building_m2", number(building_m2)),
                ("least_m2", number(least_m2)),
            ],
            Self::ParcelOverlap { common_m2, least_m2, .. } => {
                vec![("common_m2", number(common_m2)), ("least_m2", number(least_m2))]
            }
            Self::ParcelGap { area_m2, most_m2, .. } => {
                vec![("area_m2", number(area_m2)), ("most_m2", number(most_m2))]
            }
            Self::NoFile { parcel, building_m2, .. } => {
                let is_on_parcel = Truth(parcel.is_some());
                vec![("building_m2", number(building_m2)), ("on_parcel", is_on_parcel)]
            }
            Self::Complaint { distance_m, within_m, days_since_closed, within_days, .. } => vec![
                ("distance_m", number(distance_m)),
                ("within_m", number(within_m)),
                ("days_since_closed", Whole(*days_since_closed)),
                ("within_days", Whole(i64::from(*within_days))),
            ],
            Self::Unreplaced { functions, closed, is_to_come, within_m, .. } => vec![
                ("functions", Texts(functions.clone())),
                ("closed", Text(closed.to_string())),
                ("is_to_come", Truth(*is_to_come)),
                ("within_m", number(within_m)),
            ],
            Self::ServiceGap { functions, within_m, .. } => {
                vec![("functions", Texts(functions.clone())), ("within_m", number(within_m))]
            }
            Self::IdleLand {
                released, days, area_m2, green_m2, least_share, allowed_days, ..
            } => {
                vec![
                    ("released", Text(released.to_string())),
                    ("days", Whole(*days)),
                    ("allowed_days", Whole(i64::from(*allowed_days))),
                    ("area_m2", number(area_m2)),
                    ("green_m2", number(green_m2)),
                    ("least_share", number(least_share)),
                ]
            }
            Self::Contiguous { members, within_m } => vec![
                ("members", Whole(i64::try_from(*members).unwrap_or(i64::MAX))),
                ("within_m", number(within_m)),
            ],
            Self::Neighbour { toward, shared_m, .. } => {
                vec![("toward", Text(toward.chinese().to_owned())), ("shared_m", number(shared_m))]
            }
            Self::SeveralHomesteads { parcels, .. } => {
                vec![("parcels", Texts(parcels.clone()))]
            }
            Self::NewBuilding { new_m2, building_m2, least_m2, .. } => vec![
                ("new_m2", number(new_m2)),
                ("building_m2", number(building_m2)),
                ("least_m2", number(least_m2)),
            ],
            Self::HighRisk(risk) => risk.measures(),
            Self::Left(left) => left.measures(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = hundredths;
        match self {
            Self::Rebound {
                reported,
                closed,
                task,
                distance_m,
                within_m,
                by_accuracy,
                days_since_closed,
            } => {
                write!(f, "疑似反弹：点位 {reported} 距已销账点位 {closed} {} 米", n(*distance_m))?;
                let basis = if *by_accuracy { "定位精度" } else { "规则距离" };
                write!(f, "（{basis} {} 米内），销账后 {days_since_closed} 天出现", n(*within_m))?;
                match task {
                    Some(task) => write!(f, "，同属任务 {task}"),
                    None => f.write_str("，上报尚未定任务"),
                }
            }
            Self::OverParcel { building, parcel, outside_m2, building_m2, least_m2 } => write!(
                f,
                "疑似超占：建筑 {building} 占地 {} 平方米，其中 {} 平方米在宗地 {parcel} 之外，超过 {} 平方米",
                n(*building_m2),
                n(*outside_m2),
                n(*least_m2)
            ),
            Self::ParcelOverlap { first, second, common_m2, least_m2 } => write!(
                f,
                "疑似宗地重叠：宗地 {first} 与 {second} 重叠 {} 平方米，超过 {} 平方米",
                n(*common_m2),
                n(*least_m2)
            ),
            Self::ParcelGap { parcels, area_m2, most_m2 } => write!(
                f,
                "疑似宗地缝隙：宗地 {} 之间有 {} 平方米不属于任何宗地，不超过 {} 平方米",
                parcels.join("、"),
                n(*area_m2),
                n(*most_m2)
            ),
            Self::NoFile { building, parcel, building_m2 } => {
                write!(f, "疑似无档建筑：建筑 {building}（占地 {} 平方米）", n(*building_m2))?;
                match parcel {
                    Some(parcel) => write!(f, "所在宗地 {parcel} 没有一户一档"),
                    None => f.write_str("不在任何宗地内"),
                }
            }
            Self::Complaint {
                complaint,
                point,
                distance_m,
                within_m,
                days_since_closed,
                within_days,
            } => write!(
                f,
                "疑似销账点周边复诉：诉求 {complaint} 距已销账点位 {point} {} 米（{} 米内），销账后 \
                 {days_since_closed} 天（{within_days} 天内）",
                n(*distance_m),
                n(*within_m)
            ),
            Self::Unreplaced { outlet, functions, closed, is_to_come, within_m } => write!(
                f,
                "疑似先拆未补：网点 {outlet} {}于 {closed} 关停，{} 米内没有此前已开业的{}网点",
                if *is_to_come { "拟" } else { "已" },
                n(*within_m),
                functions.join("、")
            ),
            Self::ServiceGap { community, functions, within_m } => write!(
                f,
                "疑似便民服务缺口：{community} 及其外 {} 米内没有开业的{}网点",
                n(*within_m),
                functions.join("、")
            ),
            Self::IdleLand {
                land,
                released,
                days,
                allowed_days,
                area_m2,
                green_m2,
                least_share,
                actual_use,
            } => write!(
                f,
                "疑似腾退土地闲置：地块 {land} 于 {released} 腾退，已 {days} 天（超过 {allowed_days} 天），\
                 登记用途{}，{} 平方米中绿地 {} 平方米，不足 {}%",
                actual_use.as_deref().unwrap_or("为空"),
                n(*area_m2),
                n(*green_m2),
                n(least_share * 100.0)
            ),
            Self::Contiguous { members, within_m } => {
                write!(f, "疑似连片：{members} 处相互间隔不超过 {} 米", n(*within_m))
            }
            Self::Neighbour { parcel, toward, neighbour, shared_m } => {
                write!(f, "疑似四至：宗地 {parcel} {}", toward.chinese())?;
                match neighbour {
                    Some(neighbour) => write!(f, "邻宗地 {neighbour}，共界 {} 米", n(*shared_m)),
                    None => write!(f, "侧 {} 米无相邻宗地", n(*shared_m)),
                }
            }
            Self::SeveralHomesteads { household, parcels } => write!(
                f,
                "疑似一户多宅：户 {household} 在份额表中有 {} 处宗地：{}",
                parcels.len(),
                parcels.join("、")
            ),
            Self::NewBuilding { building, new_m2, building_m2, least_m2 } => write!(
                f,
                "疑似新增建筑：建筑 {building} 占地 {} 平方米，其中 {} 平方米上次调查没有，超过 {} 平方米",
                n(*building_m2),
                n(*new_m2),
                n(*least_m2)
            ),
            Self::HighRisk(risk) => risk.fmt(f),
            Self::Left(left) => left.fmt(f),
        }
    }
}
