//! What the name of a field says of its class.
//!
//! Names are compared in normal form, without separators and trailing digits: `qlr_mc 1` is
//! `QLRMC`. Short names are ambiguous: DH is a telephone or a building's number, DZ anyone's
//! address, XM a person or a project, `name` anything. So they count only beside a field that
//! holds persons, or identity numbers, for sure.

use spatial::FieldClass;

use crate::normal_form;

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameVerdict {
    /// A person's name or identity number stands here.
    Person(FieldClass),
    /// A telephone, an address, something else of a person.
    Private(FieldClass),
    /// Personal beside a [`NameVerdict::Person`] only.
    PrivateBesidePerson(FieldClass),
    /// Personal beside a [`NameVerdict::Person`] of class L4 only.
    PrivateBesideIdentity(FieldClass),
    /// Not personal, of this class.
    Plain(FieldClass),
}

use FieldClass::{L0, L1, L2, L3, L4};
use NameVerdict::{Person, Plain, Private, PrivateBesideIdentity, PrivateBesidePerson};

/// Whole names: of the tables of the cadastre in pinyin, and in English.
const WHOLE: &[(&[&str], NameVerdict)] = &[
    (
        &[
            "ZJH",
            "ZJHM",
            "ZJBH",
            "QLRZJH",
            "QLRZJHM",
            "SFZ",
            "SFZH",
            "SFZHM",
            "SFZJH",
            "GMSFHM",
            "FRZJH",
            "DLRZJH",
            "IDCARD",
            "IDCARDNO",
            "IDCARDNUMBER",
            "IDNUMBER",
            "CITIZENID",
        ],
        Person(L4),
    ),
    (
        &[
            "QLR",
            "QLRMC",
            "QLRXM",
            "SYQR",
            "SYQRMC",
            "SYQRXM",
            "TDSYQR",
            "TDSYZ",
            "FWSYQR",
            "HZXM",
            "HZMC",
            "HUZHU",
            "XINGMING",
            "CYXM",
            "JTCY",
            "OWNERNAME",
            "FULLNAME",
            "PERSONNAME",
            "HOUSEHOLDER",
        ],
        Person(L3),
    ),
    (
        &[
            "LXDH",
            "LXFS",
            "SJH",
            "SJHM",
            "YDDH",
            "DHHM",
            "DIANHUA",
            "SHOUJI",
            "QLRDH",
            "PHONE",
            "PHONENO",
            "PHONENUMBER",
            "MOBILE",
            "MOBILEPHONE",
            "MOBILENO",
            "CELLPHONE",
            "TEL",
            "TELEPHONE",
            "TELNO",
            "CONTACT",
            "EMAIL",
            "WECHAT",
            "TXDZ",
            "QLRDZ",
            "JTZZ",
            "JTDZ",
            "HJDZ",
            "HJSZD",
            "BDCQZH",
            "LXR",
            "LXRXM",
            "FZR",
            "FZRXM",
            "FDDBR",
            "FRXM",
            "FRDB",
            "DLRXM",
            "DLRMC",
            "CONTACTNAME",
        ],
        Private(L3),
    ),
    (
        &["DH", "DZ", "XB", "HZ", "CSRQ", "CSNY", "YB", "ADDRESS", "ADDR", "地址"],
        PrivateBesidePerson(L3),
    ),
    (&["XM", "MC", "NAME", "名称"], PrivateBesideIdentity(L3)),
    (&["OWNER", "DCR", "DCY", "CLR", "CLY", "SHR", "JCR", "HTR"], Plain(L2)),
    (&["ZT", "STATE", "STATUS", "状态"], Plain(L0)),
];

/// Stretches of Chinese names, whatever stands around them.
const PARTS: &[(&[&str], NameVerdict)] = &[
    (&["身份证", "证件号", "公民身份", "护照号"], Person(L4)),
    (
        &[
            "残疾",
            "低保",
            "特困",
            "病史",
            "银行卡",
            "银行账",
            "社保号",
            "优抚",
            "宗教信仰",
            "出生日期",
            "出生年月",
        ],
        Private(L4),
    ),
    (
        &["姓名", "户主", "权利人", "使用权人", "所有权人", "承包人", "承租人", "家庭成员"],
        Person(L3),
    ),
    (&["法定代表人", "法人代表", "负责人", "联系人", "代理人"], Private(L3)),
    (
        &["电话", "手机", "联系方式", "住址", "家庭地址", "通讯地址", "户籍地", "邮箱", "微信号"],
        Private(L3),
    ),
];

/// Endings that make a count or a kind of what stands before them: 权利人类型, 户主数量.
const HARMLESS_ENDINGS: &[&str] =
    &["类型", "种类", "类别", "数", "数量", "个数", "率", "比例", "面积", "性质", "亭", "店"];

/// What a personal column holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A number of a document.
    Identity,
    /// A name.
    Name,
    /// A telephone.
    Telephone,
    /// An address.
    Address,
}

/// Beginnings and ends of names in pinyin and English, and stretches of Chinese ones.
const KINDS: &[(Holds, &[&str], &[&str])] = &[
    (
        Holds::Telephone,
        &[
            "DH",
            "LXDH",
            "LXFS",
            "SJH",
            "SJHM",
            "YDDH",
            "DHHM",
            "DIANHUA",
            "SHOUJI",
            "QLRDH",
            "TEL",
            "TELNO",
            "TELEPHONE",
            "PHONE",
            "PHONENO",
            "PHONENUMBER",
            "MOBILE",
            "MOBILENO",
            "MOBILEPHONE",
            "CELLPHONE",
            "CONTACT",
        ],
        &["电话", "手机", "联系方式"],
    ),
    (
        Holds::Address,
        &["DZ", "TXDZ", "QLRDZ", "JTZZ", "JTDZ", "HJDZ", "HJSZD", "ADDRESS", "ADDR"],
        &["址", "户籍地"],
    ),
    (
        Holds::Name,
        &[
            "LXR",
            "LXRXM",
            "FZR",
            "FZRXM",
            "FDDBR",
            "FRXM",
            "FRDB",
            "DLRXM",
            "DLRMC",
            "CONTACTNAME",
            "XM",
            "MC",
            "NAME",
            "HZ",
            "OWNER",
        ],
        &["姓名", "名称", "代表", "负责人", "联系人", "代理人"],
    ),
];

/// What a personal column holds; none where its name does not say it.
pub(crate) fn holds(name: &str) -> Option<Holds> {
    match judge(name) {
        Person(L4) => return Some(Holds::Identity),
        Person(_) => return Some(Holds::Name),
        _ => {}
    }
    let name = bare(name);
    let kind = KINDS.iter().find(|(_, whole, parts)| {
        whole.contains(&name.as_str()) || parts.iter().any(|part| name.contains(part))
    });
    kind.map(|(holds, ..)| *holds)
}

/// A name in normal form, without separators and trailing digits.
fn bare(name: &str) -> String {
    let mut name = normal_form(name);
    name.retain(|c| !matches!(c, '_' | '-' | '.' | '(' | ')' | '/' | ':'));
    name.truncate(name.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    name
}

/// What the name of a field says.
pub(crate) fn judge(name: &str) -> NameVerdict {
    let bare = bare(name);
    let bare = bare.as_str();
    for (names, verdict) in WHOLE {
        if names.contains(&bare) {
            return *verdict;
        }
    }
    if !HARMLESS_ENDINGS.iter().any(|ending| bare.ends_with(ending)) {
        for (parts, verdict) in PARTS {
            if parts.iter().any(|part| bare.contains(part)) {
                return *verdict;
            }
        }
    }
    Plain(L1)
}

/// The class that a field's name suggests on its own; L1 when it says nothing.
pub fn class_of(name: &str) -> FieldClass {
    match judge(name) {
        Person(class) | Private(class) | Plain(class) => class,
        PrivateBesidePerson(_) | PrivateBesideIdentity(_) => L1,
    }
}
