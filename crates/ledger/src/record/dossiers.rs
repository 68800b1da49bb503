//! What household files need beside households, parcels and buildings: who has a share in which
//! parcel, and photos.

use spatial::{FieldClass, FieldType, GeometryType};

use crate::shipped::{Beside, ShippedCollection};

use FieldClass::L1;
use FieldType::{DateTime, Text};

/// Shares of households in parcels (一宅多户、一户多宅), one row a household and parcel.
pub const SHARES: &str = "shares";
/// Photos of the subjects of files; the bytes lie with the evidence under their SHA-256.
pub const PHOTOS: &str = "photos";

/// The collections of this file.
pub(super) const COLLECTIONS: [ShippedCollection; 2] = [
    ShippedCollection {
        id: SHARES,
        title: "户与宗地份额",
        description: "一宅多户、一户多宅：每户在每宗地的份额与建筑",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("household", "户编号", Text, L1),
            ("parcel", "宗地代码", Text, L1),
            ("portion", "份额", Text, L1),
            ("buildings", "自然幢", Text, L1),
        ],
        beside: Beside::Nothing,
    },
    ShippedCollection {
        id: PHOTOS,
        title: "档案照片",
        description: "户、单位、建筑、街巷的照片",
        geometry_type: GeometryType::Any,
        key: Some("code"),
        columns: &[
            ("code", "编号", Text, L1),
            ("subject_kind", "主体类别", Text, L1),
            ("subject", "主体编号", Text, L1),
            ("title", "标题", Text, L1),
            ("captured_at", "拍摄时间", DateTime, L1),
            ("hash", "SHA-256", Text, L1),
        ],
        beside: Beside::Nothing,
    },
];
