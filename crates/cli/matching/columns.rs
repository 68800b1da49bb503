//! Which column of a spreadsheet is which column of `enterprises`, and what a row says of what it is
//! held against.

use std::collections::BTreeMap;

use ledger::matching::Matters;
use ledger::normal_form;
use ledger::record;
use ledger::record::business::{ENTERPRISES, OUTLETS};
use ledger::rows::POINTS;

/// Column of the code of an outlet, which enterprises do not have.
const OUTLET: &str = "outlet";

/// Other names that columns go by, beside their own and their Chinese ones.
const OTHERS: [(&str, &[&str]); 10] = [
    ("uscc", &["信用代码", "社会信用代码", "统一代码", "统一信用代码", "credit_code"]),
    (
        "name",
        &[
            "企业名称",
            "主体名称",
            "单位名称",
            "公司名称",
            "商户名称",
            "网点名称",
            "店名",
            "字号",
            "名称",
        ],
    ),
    (
        "address",
        &["地址", "经营地址", "注册地址", "经营场所", "坐落", "门牌", "门牌地址", "ZL", "location"],
    ),
    ("industry", &["行业", "所属行业", "国民经济行业", "industry_gb4754"]),
    ("licence_state", &["登记状态", "经营状态", "企业状态", "营业状态", "license_state"]),
    ("parcel", &["宗地", "宗地号", "ZDDM", "BDCDYH", "不动产单元号", "不动产单元代码"]),
    ("point", &["点位编号", "台账编号", "挂账编号"]),
    ("opened", &["成立日期", "开业日期", "注册日期"]),
    ("code", &["主体编号"]),
    (OUTLET, &["网点编号", "网点"]),
];

/// The column that a header means.
pub fn column_of(header: &str) -> Option<String> {
    let wanted = normal_form(header);
    let is_meant = |name: &str| normal_form(name) == wanted;
    let own = record::named(ENTERPRISES).and_then(|enterprises| {
        let mut fields = enterprises.fields().into_iter();
        fields.find(|field| is_meant(&field.name) || field.alias.as_deref().is_some_and(is_meant))
    });
    let other = || OTHERS.iter().find(|(_, names)| names.iter().any(|name| is_meant(name)));
    own.map(|field| field.name).or_else(|| other().map(|(name, _)| (*name).to_owned()))
}

/// What a row says, as it is held against the collection of an id.
pub fn matters(cells: &BTreeMap<String, String>, collection: &str) -> Matters {
    let cell = |name: &str| cells.get(name).cloned();
    let codes = match collection {
        POINTS => cell("point").into_iter().collect(),
        OUTLETS => cell(OUTLET).into_iter().collect(),
        "parcels" => cell("parcel").into_iter().flat_map(|code| parcel_codes(&code)).collect(),
        _ => cell("code").into_iter().collect(),
    };
    Matters { credit_code: cell("uscc"), codes, name: cell("name"), address: cell("address") }
}

/// A code of a parcel; of a unit (28 characters) that of its parcel, too.
pub fn parcel_codes(code: &str) -> Vec<String> {
    let code = normal_form(code);
    let parcel = code.get(..19).filter(|_| code.len() == 28).map(str::to_owned);
    [Some(code), parcel].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_offices_are_understood() {
        for (header, column) in [
            ("统一社会信用代码", "uscc"),
            ("企业 名称", "name"),
            ("住所", "address"),
            ("经营地址", "address"),
            ("zddm", "parcel"),
            ("点位编号", "point"),
            ("登记状态", "licence_state"),
            ("Industry", "industry"),
            ("网点编号", "outlet"),
        ] {
            assert_eq!(column_of(header).as_deref(), Some(column), "{header}");
        }
        assert_eq!(column_of("法定代表人"), None);
        let unit = "110115001002JC00011F00010001";
        assert_eq!(parcel_codes(unit), [unit, "110115001002JC00011"]);
        assert_eq!(parcel_codes(" x1 "), ["X1"]);
    }
}
