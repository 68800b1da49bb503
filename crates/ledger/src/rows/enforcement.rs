//! The columns of `enforcement_records`: what departments did at a point (执法信息共享), one row an act.
//!
//! *Invariant:* what says who was there, or what it cost whom, is of class L2: the department that
//! wrote a record reads it, others read that it is withheld.

use spatial::{Field, FieldClass, FieldType};

use super::ID;
use crate::shipped::{Column, field};

use FieldClass::{L1, L2};
use FieldType::{DateTime, Real, Text};

/// The columns, in order.
const COLUMNS: &[Column] = &[
    (ID, "标识", Text, L1),
    ("point", "点位", Text, L1),
    ("department", "部门", Text, L1),
    ("act", "执法行为", Text, L1),
    ("document_no", "文书号", Text, L1),
    ("occurred_at", "时间", DateTime, L1),
    ("basis", "依据", Text, L1),
    ("result", "结果", Text, L1),
    ("amount_yuan", "金额", Real, L2),
    ("officer", "执法人员", Text, L2),
    ("note", "说明", Text, L2),
];

/// Every column.
pub fn fields() -> Vec<Field> {
    COLUMNS.iter().map(|column| field(*column)).collect()
}
