//! The columns of `evidence`: one row a photo or document of a point, written once. The bytes lie
//! beside the store under their SHA-256.
//!
//! Positions are kept as the device gave them, with the system that it gave them in; distances are
//! metres. Where somebody stood is of class L2, how far that is from the point of class L1.
//!
//! *Invariant:* what was written reads back as the same piece of evidence.

use spatial::shift::Shift;
use spatial::{Field, FieldClass, FieldType, Timestamp, Value, ValueRef};

use super::ID;
use super::events::Unfit;
use crate::point::named::named;
use crate::point::{EvidenceId, PointId, moment};
use crate::shipped::{Column, field};

use FieldClass::{L1, L2};
use FieldType::{Bool, DateTime, Int, Real, Text};

/// The columns, in order.
const COLUMNS: &[Column] = &[
    (ID, "标识", Text, L1),
    ("point", "点位", Text, L1),
    ("kind", "类型", Text, L1),
    ("phase", "阶段", Text, L1),
    ("media_type", "媒体类型", Text, L1),
    ("bytes", "字节数", Int, L1),
    ("sha256", "SHA-256", Text, L1),
    ("sm3", "SM3", Text, L1),
    ("captured_at", "拍摄时间", DateTime, L1),
    ("received_at", "接收时间", DateTime, L1),
    ("lon", "经度", Real, L2),
    ("lat", "纬度", Real, L2),
    ("crs_src", "坐标来源", Text, L1),
    ("accuracy_m", "精度", Real, L2),
    ("distance_m", "与点位距离", Real, L1),
    ("far", "距离过远", Bool, L1),
    ("device", "设备", Text, L2),
    ("actor", "上传人", Text, L1),
    ("unit_of_actor", "上传单位", Text, L1),
];

/// Every column.
pub fn fields() -> Vec<Field> {
    COLUMNS.iter().map(|column| field(*column)).collect()
}

named! {
    /// What a piece of evidence is.
    EvidenceKind
    Photo "photo" "照片" "A photo."
    Document "document" "文书" "A document."
}

named! {
    /// What of a point's history a piece of evidence shows.
    Phase
    Before "before" "整治前" "The place before anything was done."
    During "during" "整治中" "The work."
    After "after" "整治后" "What was done."
    Rebound "rebound" "反弹" "That it came back."
}

named! {
    /// The system in which a device gives positions.
    PositionSource
    Wgs84 "WGS84" "WGS 84" "That of satellites."
    Cgcs2000 "CGCS2000" "CGCS2000" "China's own, within a decimetre of WGS 84."
    Gcj02 "GCJ-02" "国测局坐标" "That of phone maps in China."
    Bd09 "BD-09" "百度坐标" "That of Baidu's maps."
}

impl PositionSource {
    /// WGS 84 longitude and latitude of a position of this system, degrees.
    pub fn to_wgs84(self, position: [f64; 2]) -> [f64; 2] {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => position,
            Self::Gcj02 => Shift::Gcj02.to_wgs84(position),
            Self::Bd09 => Shift::Bd09.to_wgs84(position),
        }
    }
}

/// Where a device says that it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GivenPosition {
    /// Longitude and latitude as given, degrees.
    pub lon_lat: [f64; 2],
    /// The system that they are of.
    pub source: PositionSource,
    /// How far off it may be, metres, if the device says so.
    pub accuracy_m: Option<f64>,
}

/// What a city sets for evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidenceRules {
    /// Whether an event may only name evidence of its point that is there.
    pub is_required: bool,
    /// Evidence that was taken farther from its point than so many metres is flagged.
    pub far_m: u32,
}

impl Default for EvidenceRules {
    fn default() -> Self {
        Self { is_required: true, far_m: 100 }
    }
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Made by the client.
    pub id: EvidenceId,
    /// The point that it belongs to.
    pub point: PointId,
    /// What it is.
    pub kind: EvidenceKind,
    /// What it shows.
    pub phase: Option<Phase>,
    /// What its bytes are, such as `image/jpeg`.
    pub media_type: String,
    /// How many there are.
    pub bytes: u64,
    /// Their SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Their SM3 (GB/T 32905), likewise.
    pub sm3: String,
    /// When it was taken, by the device's clock.
    pub captured_at: Option<Timestamp>,
    /// When the server had all of it.
    pub received_at: Timestamp,
    /// Where it was taken.
    pub position: Option<GivenPosition>,
    /// How far that is from the point, metres.
    pub distance_m: Option<f64>,
    /// Whether that is too far.
    pub is_far: Option<bool>,
    /// What took it.
    pub device: Option<String>,
    /// Who sent it.
    pub actor: String,
    /// That one's unit.
    pub unit_of_actor: Option<String>,
}

impl Evidence {
    /// Names and values of the columns that are not null.
    pub fn values(&self) -> Vec<(&'static str, Value)> {
        let text = |text: &str| Value::Text(text.to_owned());
        let position = self.position.as_ref();
        let all = [
            (ID, Some(text(&self.id.to_string()))),
            ("point", Some(text(&self.point.to_string()))),
            ("kind", Some(text(self.kind.identifier()))),
            ("phase", self.phase.map(|phase| text(phase.identifier()))),
            ("media_type", Some(text(&self.media_type))),
            ("bytes", Some(Value::Int(i64::try_from(self.bytes).unwrap_or(i64::MAX)))),
            ("sha256", Some(text(&self.sha256))),
            ("sm3", Some(text(&self.sm3))),
            ("captured_at", self.captured_at.map(|at| text(&moment::written(at)))),
            ("received_at", Some(text(&moment::written(self.received_at)))),
            ("lon", position.map(|given| Value::Real(given.lon_lat[0]))),
            ("lat", position.map(|given| Value::Real(given.lon_lat[1]))),
            ("crs_src", position.map(|given| text(given.source.identifier()))),
            ("accuracy_m", position.and_then(|given| given.accuracy_m).map(Value::Real)),
            ("distance_m", self.distance_m.map(Value::Real)),
            ("far", self.is_far.map(Value::Bool)),
            ("device", self.device.as_deref().map(text)),
            ("actor", Some(text(&self.actor))),
            ("unit_of_actor", self.unit_of_actor.as_deref().map(text)),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The piece of a row; `value` knows its columns by name.
    ///
    /// # Errors
    /// The first column whose value no piece of evidence could have.
    pub fn read<'a>(value: &dyn Fn(&'static str) -> ValueRef<'a>) -> Result<Self, Unfit> {
        let row = Row(value);
        let position = match (row.real("lon"), row.real("lat")) {
            (Some(lon), Some(lat)) => Some(GivenPosition {
                lon_lat: [lon, lat],
                source: row.named("crs_src", PositionSource::from_identifier)?,
                accuracy_m: row.real("accuracy_m"),
            }),
            _ => None,
        };
        let digits = |column, digits: String| match is_hash(&digits) {
            true => Ok(digits),
            false => Err(unfit(column, "64 lower-case hexadecimal digits are expected")),
        };
        let is_far = match value("far") {
            ValueRef::Bool(is_far) => Some(is_far),
            _ => None,
        };
        Ok(Self {
            id: row.id(ID)?,
            point: row.id("point")?,
            kind: row.named("kind", EvidenceKind::from_identifier)?,
            phase: match value("phase") {
                ValueRef::Null => None,
                _ => Some(row.named("phase", Phase::from_identifier)?),
            },
            media_type: row.needed("media_type")?,
            bytes: match value("bytes") {
                ValueRef::Int(bytes @ 0..) => bytes.unsigned_abs(),
                _ => return Err(unfit("bytes", "a whole number from 0 on is expected")),
            },
            sha256: digits("sha256", row.needed("sha256")?)?,
            sm3: digits("sm3", row.needed("sm3")?)?,
            captured_at: row.text("captured_at").and_then(moment::read),
            received_at: row
                .text("received_at")
                .and_then(moment::read)
                .ok_or_else(|| unfit("received_at", "a time is expected"))?,
            position,
            distance_m: row.real("distance_m"),
            is_far,
            device: row.text("device").map(str::to_owned),
            actor: row.needed("actor")?,
            unit_of_actor: row.text("unit_of_actor").map(str::to_owned),
        })
    }
}

/// Whether a text is a hash as it is written here.
fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn unfit(column: &'static str, problem: impl Into<String>) -> Unfit {
    Unfit { column, problem: problem.into() }
}

/// Reads the columns of a row by name.
struct Row<'r, 'a>(&'r dyn Fn(&'static str) -> ValueRef<'a>);

impl<'a> Row<'_, 'a> {
    fn text(&self, column: &'static str) -> Option<&'a str> {
        match (self.0)(column) {
            ValueRef::Text(text) => Some(text),
            _ => None,
        }
    }

    fn needed(&self, column: &'static str) -> Result<String, Unfit> {
        self.text(column).map(str::to_owned).ok_or_else(|| unfit(column, "text is expected"))
    }

    fn real(&self, column: &'static str) -> Option<f64> {
        match (self.0)(column) {
            ValueRef::Real(number) => Some(number),
            ValueRef::Int(number) => Some(number as f64),
            _ => None,
        }
    }

    fn id<T: for<'t> TryFrom<&'t str, Error = crate::point::InvalidIdText>>(
        &self,
        column: &'static str,
    ) -> Result<T, Unfit> {
        let text = self.needed(column)?;
        T::try_from(text.as_str()).map_err(|error| unfit(column, error.to_string()))
    }

    fn named<T>(&self, column: &'static str, find: impl Fn(&str) -> Option<T>) -> Result<T, Unfit> {
        let text = self.needed(column)?;
        find(&text).ok_or_else(|| unfit(column, "the word is unknown"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn piece() -> Evidence {
        Evidence {
            id: EvidenceId::try_from("01990000-0000-7000-8000-00000000000a").unwrap(),
            point: PointId::try_from("01990000-0000-7000-8000-000000000001").unwrap(),
            kind: EvidenceKind::Photo,
            phase: Some(Phase::After),
            media_type: "image/jpeg".to_owned(),
            bytes: 12,
            sha256: "0a".repeat(32),
            sm3: "f1".repeat(32),
            captured_at: Some(Timestamp(1_788_220_800_123)),
            received_at: Timestamp(1_788_220_900_000),
            position: Some(GivenPosition {
                lon_lat: [116.3446, 39.7299],
                source: PositionSource::Gcj02,
                accuracy_m: Some(8.0),
            }),
            distance_m: Some(12.5),
            is_far: Some(false),
            device: Some("phone 7".to_owned()),
            actor: "local".to_owned(),
            unit_of_actor: None,
        }
    }

    fn read(values: &[(&'static str, Value)]) -> Result<Evidence, Unfit> {
        Evidence::read(&|name| {
            let found = values.iter().find(|(column, _)| *column == name);
            found.map_or(ValueRef::Null, |(_, value)| value.as_ref())
        })
    }

    #[test]
    fn what_was_written_reads_back() {
        let full = piece();
        assert_eq!(read(&full.values()).unwrap(), full);
        let bare = Evidence {
            phase: None,
            captured_at: None,
            position: None,
            distance_m: None,
            is_far: None,
            device: None,
            ..piece()
        };
        assert_eq!(read(&bare.values()).unwrap(), bare);
        let columns: Vec<&str> = COLUMNS.iter().map(|column| column.0).collect();
        assert!(full.values().iter().all(|(name, _)| columns.contains(name)));
    }

    #[test]
    fn a_row_that_no_evidence_could_have_names_its_column() {
        for (column, value) in [
            ("id", Value::Text("7".to_owned())),
            ("kind", Value::Text("rumour".to_owned())),
            ("phase", Value::Int(1)),
            ("bytes", Value::Int(-1)),
            ("sha256", Value::Text("0A".repeat(32))),
            ("sm3", Value::Text("../../etc".to_owned())),
            ("received_at", Value::Null),
            ("crs_src", Value::Text("EPSG:3857".to_owned())),
        ] {
            let mut values = piece().values();
            values.retain(|(name, _)| *name != column);
            values.push((column, value));
            assert_eq!(read(&values).unwrap_err().column, column);
        }
    }

    #[test]
    fn positions_of_phone_maps_come_back_to_where_they_were() {
        let here = [116.3385, 39.7285];
        for (source, shift) in
            [(PositionSource::Gcj02, Shift::Gcj02), (PositionSource::Bd09, Shift::Bd09)]
        {
            let [lon, lat] = source.to_wgs84(shift.from_wgs84(here));
            assert!((lon - here[0]).abs() < 1e-8 && (lat - here[1]).abs() < 1e-8);
        }
        assert_eq!(PositionSource::Cgcs2000.to_wgs84(here), here);
    }
}
