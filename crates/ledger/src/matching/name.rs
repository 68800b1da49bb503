//! Names of enterprises and shops in the form in which they are compared.

use crate::normal_form;

/// Legal forms, the longest first; a name without its own is its core. 分公司 is none: a branch is
/// another subject than its company.
const LEGAL_FORMS: [&str; 16] = [
    "股份有限公司",
    "有限责任公司",
    "集团有限公司",
    "股份合作公司",
    "合伙企业",
    "有限合伙",
    "普通合伙",
    "个人独资企业",
    "个人独资",
    "个体工商户",
    "有限公司",
    "总公司",
    "公司",
    "个体",
    "经营部",
    "商行",
];
/// Shortest core that says anything, in characters.
const LEAST_CORE: usize = 2;

/// A name in two forms: whole, and without what says only its legal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameForm {
    /// Half width, without blanks, brackets and marks; 有限责任公司 as 有限公司, 北京市 as 北京.
    pub whole: String,
    /// Without the legal form; equals `whole` where too little would be left.
    pub core: String,
}

impl NameForm {
    /// The forms of a name; `None` when nothing is left of it.
    pub fn of(text: &str) -> Option<Self> {
        let kept = normal_form(text).chars().filter(|c| !is_mark(*c)).collect::<String>();
        let mut whole = kept.replace("有限责任公司", "有限公司");
        // 北京市某某公司 is 北京某某公司; 北京市政 is not.
        let city = whole.char_indices().skip(2).take(2).find(|(_, c)| *c == '市');
        if let Some((at, _)) = city {
            let next = whole[at..].chars().nth(1);
            if next.is_some_and(|next| !"政场民区".contains(next)) {
                whole.remove(at);
            }
        }
        if whole.is_empty() {
            return None;
        }
        let mut core = whole.as_str();
        while let Some(less) = LEGAL_FORMS.iter().find_map(|form| core.strip_suffix(form)) {
            if less.chars().count() < LEAST_CORE || less.ends_with('分') {
                break;
            }
            core = less;
        }
        let core = core.to_owned();
        Some(Self { whole, core })
    }
}

/// Brackets of every kind, quotes, points and dashes.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '(' | ')'
            | '['
            | ']'
            | '{'
            | '}'
            | '<'
            | '>'
            | '"'
            | '\''
            | '.'
            | ','
            | '-'
            | '_'
            | '·'
            | '•'
            | '—'
            | '–'
            | '“'
            | '”'
            | '‘'
            | '’'
            | '《'
            | '》'
            | '〈'
            | '〉'
            | '【'
            | '】'
            | '〔'
            | '〕'
            | '「'
            | '」'
            | '、'
            | '。'
            | '*'
            | '#'
            | '&'
            | '/'
            | '\\'
    )
}
