//! The EPSG codes of China's geodetic datums and of their Gauss-Krüger zones.
//!
//! 3° zone n has its central meridian at 3n and serves 1.5° to each side; 6° zone n has it at
//! 6n − 3 and serves 3°. A code either writes the zone before the easting (false easting
//! n 500 000 m) or leaves it away (500 000 m). Registry: EPSG 12, read out of PROJ 9.6.

/// A geodetic datum of China.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChinaDatum {
    /// China Geodetic Coordinate System 2000 (2000 国家大地坐标系).
    Cgcs2000,
    /// Xian 1980 (西安 80).
    Xian1980,
    /// Beijing 1954 (北京 54).
    Beijing1954,
    /// New Beijing (新北京 54), the 1954 system adjusted anew.
    NewBeijing,
}

impl ChinaDatum {
    /// EPSG code of its longitude and latitude.
    pub fn geographic(self) -> u32 {
        match self {
            Self::Cgcs2000 => 4490,
            Self::Xian1980 => 4610,
            Self::Beijing1954 => 4214,
            Self::NewBeijing => 4555,
        }
    }

    /// The datum of a CRS code; none when it is not one of China's.
    pub fn of(code: u32) -> Option<Self> {
        [Self::Cgcs2000, Self::Xian1980, Self::Beijing1954, Self::NewBeijing]
            .into_iter()
            .find(|datum| datum.geographic() == code)
            .or_else(|| Zone::of(code).map(|zone| zone.datum))
    }
}

/// Width of a Gauss-Krüger zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ZoneWidth {
    /// 3°, for scales of 1 : 10 000 and larger.
    Three,
    /// 6°, for smaller scales.
    Six,
}

/// A Gauss-Krüger zone of China: scale 1 on the central meridian, false northing 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone {
    /// Its datum.
    pub datum: ChinaDatum,
    /// Its width.
    pub width: ZoneWidth,
    /// Zone number: 25–45 at 3°, 13–23 at 6°.
    pub number: u32,
    /// Whether eastings carry the zone number as a prefix.
    pub prefixed: bool,
}

/// Codes that follow each other: first code, first zone, number of zones.
type Run = (ChinaDatum, ZoneWidth, bool, u32, u32, u32);

use ChinaDatum::{Beijing1954, Cgcs2000, NewBeijing, Xian1980};
use ZoneWidth::{Six, Three};

const RUNS: [Run; 20] = [
    (Cgcs2000, Six, true, 4491, 13, 11),
    (Cgcs2000, Six, false, 4502, 13, 11),
    (Cgcs2000, Three, true, 4513, 25, 21),
    (Cgcs2000, Three, false, 4534, 25, 21),
    (Xian1980, Six, true, 2327, 13, 11),
    (Xian1980, Six, false, 2338, 13, 11),
    (Xian1980, Three, true, 2349, 25, 21),
    (Xian1980, Three, false, 2370, 25, 21),
    (Beijing1954, Six, true, 21413, 13, 11),
    (Beijing1954, Six, false, 21453, 13, 11),
    (Beijing1954, Three, true, 2401, 25, 21),
    (Beijing1954, Three, false, 2422, 25, 21),
    // Withdrawn in favour of 21453–21463, still found in files.
    (Beijing1954, Six, false, 21473, 13, 11),
    (NewBeijing, Six, true, 4568, 13, 11),
    (NewBeijing, Six, false, 4579, 13, 11),
    (NewBeijing, Three, true, 4652, 25, 5),
    (NewBeijing, Three, true, 4766, 30, 16),
    (NewBeijing, Three, false, 4782, 25, 19),
    (NewBeijing, Three, false, 4812, 44, 1),
    (NewBeijing, Three, false, 4822, 45, 1),
];

impl Zone {
    /// The zone of an EPSG code; none when the code is no Gauss-Krüger zone of China.
    pub fn of(code: u32) -> Option<Self> {
        RUNS.iter().find_map(|&(datum, width, prefixed, first_code, first_zone, count)| {
            let offset = code.checked_sub(first_code).filter(|&offset| offset < count)?;
            Some(Self { datum, width, number: first_zone + offset, prefixed })
        })
    }

    /// Its EPSG code; none when there is no such zone.
    pub fn code(&self) -> Option<u32> {
        RUNS.iter().find_map(|&(datum, width, prefixed, first_code, first_zone, count)| {
            let same = (datum, width, prefixed) == (self.datum, self.width, self.prefixed);
            let offset = self.number.checked_sub(first_zone).filter(|&offset| offset < count)?;
            same.then_some(first_code + offset)
        })
    }

    /// Longitude of the central meridian, degrees.
    pub fn central_meridian(&self) -> f64 {
        match self.width {
            Three => f64::from(3 * self.number),
            Six => f64::from(6 * self.number) - 3.0,
        }
    }

    /// Easting of the central meridian, metres.
    pub fn false_easting(&self) -> f64 {
        500_000.0 + if self.prefixed { f64::from(self.number) * 1e6 } else { 0.0 }
    }
}

/// The CGCS2000 code whose numbers read like those of `code` (of Xian 1980, Beijing 1954 or New
/// Beijing) and lie tens of metres off; none for any other code.
pub fn cgcs2000_alike(code: u32) -> Option<u32> {
    match ChinaDatum::of(code)? {
        Cgcs2000 => None,
        datum if datum.geographic() == code => Some(Cgcs2000.geographic()),
        _ => Zone { datum: Cgcs2000, ..Zone::of(code)? }.code(),
    }
}
