//! Chinese addresses by the levels of GB/T 23705: 区、街乡、社区村、路、号、楼、单元、户.
//!
//! *Invariant:* two texts of one place give the same values on the levels that both name, whatever
//! their width, blanks, numerals (三号楼, 3号楼) and words of a kind (号, 号院; 栋, 幢, 号楼) are.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::numerals::with_digits;
use crate::normal_form;

/// A level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressLevel {
    /// 区、县.
    District,
    /// 街道、地区、镇、乡.
    Town,
    /// 社区、村.
    Village,
    /// 路、街、胡同.
    Road,
    /// 小区, or another named place.
    Place,
    /// 号、号院.
    Number,
    /// 楼、栋、幢.
    Building,
    /// 单元、门.
    Unit,
    /// 户、室.
    Room,
}

impl AddressLevel {
    /// Every one, from the largest down.
    pub const ALL: [Self; 9] = [
        Self::District,
        Self::Town,
        Self::Village,
        Self::Road,
        Self::Place,
        Self::Number,
        Self::Building,
        Self::Unit,
        Self::Room,
    ];

    /// Its name.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::District => "区",
            Self::Town => "街乡",
            Self::Village => "社区村",
            Self::Road => "路",
            Self::Place => "小区",
            Self::Number => "号",
            Self::Building => "楼",
            Self::Unit => "单元",
            Self::Room => "户",
        }
    }
}

/// What stands before or behind a number that was given twice.
const LETTERS: [char; 4] = ['甲', '乙', '丙', '丁'];
/// Longest address that is read, in characters; longer ones are sentences.
const MAX_CHARS: usize = 200;

const TOWNS: [&str; 6] = ["街道办事处", "街道", "地区办事处", "地区", "镇", "乡"];
const VILLAGES: [&str; 7] =
    ["社区居民委员会", "社区居委会", "社区", "村民委员会", "村委会", "居委会", "村"];
const ROADS: [&str; 10] = ["大街", "大道", "胡同", "街", "路", "巷", "道", "条", "弄", "里"];
/// After one of these, 区 ends no district.
const NO_DISTRICT: &str = "小园社地校厂东西南北中库片景矿";
/// Words between the parts of an address that place nothing.
const FILLERS: [&str; 8] = ["院内", "内", "的", "底商", "门脸", "临街", "附近", "旁"];

/// What follows a number, the longest first, and the level that it makes.
const KINDS: [(&str, AddressLevel); 22] = [
    ("号楼", AddressLevel::Building),
    ("号栋", AddressLevel::Building),
    ("号院", AddressLevel::Number),
    ("号房", AddressLevel::Room),
    ("号室", AddressLevel::Room),
    ("号门", AddressLevel::Unit),
    ("栋楼", AddressLevel::Building),
    ("单元", AddressLevel::Unit),
    ("楼", AddressLevel::Building),
    ("栋", AddressLevel::Building),
    ("幢", AddressLevel::Building),
    ("座", AddressLevel::Building),
    ("号", AddressLevel::Number),
    ("院", AddressLevel::Number),
    ("门", AddressLevel::Unit),
    ("室", AddressLevel::Room),
    ("户", AddressLevel::Room),
    ("房", AddressLevel::Room),
    ("铺", AddressLevel::Room),
    ("排", AddressLevel::Building),
    ("队", AddressLevel::Number),
    ("组", AddressLevel::Number),
];

/// An address by its levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    levels: BTreeMap<AddressLevel, String>,
}

impl Address {
    /// Reads an address; `None` when it has no level at all, or is longer than one is.
    pub fn of(text: &str) -> Option<Self> {
        let form = with_digits(&without_remarks(&normal_form(text)));
        if form.chars().count() > MAX_CHARS {
            return None;
        }
        let mut address = Self::default();
        let mut rest = without_city(&form);
        if let Some((name, after)) = district(rest) {
            address.set(AddressLevel::District, name);
            rest = after;
        }
        if let Some((name, after)) = ended(rest, &TOWNS, 2..=8) {
            address.set(AddressLevel::Town, name);
            rest = after;
        }
        if let Some((name, after)) =
            ended(rest, &VILLAGES, 1..=10).filter(|(_, after)| !is_road(after))
        {
            address.set(AddressLevel::Village, name);
            rest = after;
        }
        let (name, numbers) = rest.split_at(first_number(rest));
        address.name(name);
        address.numbers(numbers);
        (!address.levels.is_empty()).then_some(address)
    }

    /// What it says on a level.
    pub fn level(&self, level: AddressLevel) -> Option<&str> {
        self.levels.get(&level).map(String::as_str)
    }

    /// What the numbers belong to: the road, else the place, else the village.
    pub(super) fn main(&self) -> Option<&str> {
        let levels = [AddressLevel::Road, AddressLevel::Place, AddressLevel::Village];
        levels.into_iter().find_map(|level| self.level(level))
    }

    /// Whether it names one house: something with a number or building in it.
    pub fn is_precise(&self) -> bool {
        let has = |level| self.levels.contains_key(&level);
        self.main().is_some() && (has(AddressLevel::Number) || has(AddressLevel::Building))
    }

    /// The levels on which both say something, and whether they agree there.
    pub fn compared<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (AddressLevel, bool)> {
        self.levels
            .iter()
            .filter_map(|(level, own)| Some((*level, other.levels.get(level)? == own)))
    }

    /// Gives a level another value, where it has one.
    pub(super) fn rename(&mut self, level: AddressLevel, to: impl Fn(&str) -> Option<String>) {
        if let Some(value) = self.levels.get_mut(&level)
            && let Some(name) = to(value)
        {
            *value = name;
        }
    }

    fn set(&mut self, level: AddressLevel, value: &str) {
        if !value.is_empty() {
            self.levels.entry(level).or_insert_with(|| value.to_owned());
        }
    }

    /// Road and place before the first number.
    fn name(&mut self, name: &str) {
        let mut name = name;
        while let Some(less) = FILLERS.iter().find_map(|filler| name.strip_suffix(filler)) {
            name = less;
        }
        let end = ROADS.iter().filter_map(|road| Some(name.rfind(road)? + road.len())).max();
        match end.filter(|end| *end > '路'.len_utf8()) {
            Some(end) => {
                self.set(AddressLevel::Road, &name[..end]);
                self.set(AddressLevel::Place, &name[end..]);
            }
            None => self.set(AddressLevel::Place, name),
        }
    }

    /// Number, building, unit and room.
    fn numbers(&mut self, text: &str) {
        use AddressLevel::{Building, Number, Room, Unit};
        let mut rest = text;
        while !rest.is_empty() {
            let (number, after) = rest.split_at(number_length(rest));
            if number.is_empty() {
                // A word between two numbers: 3号院清源小区5号楼.
                let length = number_start(rest).unwrap_or(rest.len());
                let (word, after) = rest.split_at(length);
                rest = after;
                let word = word.trim_matches('-');
                if !FILLERS.contains(&word) && !after.is_empty() {
                    self.set(AddressLevel::Place, word);
                }
                continue;
            }
            let number = number.trim_matches('-');
            // The room says on which floor it is.
            if number.is_empty() || after.starts_with('层') {
                rest = after;
                continue;
            }
            let kind = KINDS.iter();
            let kind = kind.filter_map(|(word, level)| Some((*level, after.strip_prefix(word)?)));
            let kind = kind.min_by_key(|(_, after)| after.len());
            let (level, after) = kind.unwrap_or((Room, after));
            // 3号甲 is 甲3号.
            let (letter, after) = match after.chars().next().filter(|c| LETTERS.contains(c)) {
                Some(letter) => (letter.to_string(), &after[letter.len_utf8()..]),
                None => (String::new(), after),
            };
            rest = after;
            let has = [Number, Building, Unit].map(|level| self.levels.contains_key(&level));
            let [has_number, has_building, has_unit] = has;
            let parts: Vec<&str> = number.split('-').filter(|part| !part.is_empty()).collect();
            match (level, parts.as_slice()) {
                // 3号院5号 is 5号楼 there, 5号楼2号 its room 2.
                (Number, _) if has_building || has_unit => self.set(Room, &plain(number, &letter)),
                (Number, _) if has_number => self.set(Building, &plain(number, &letter)),
                (Room, [building, unit, room]) if !has_building => {
                    self.set(Building, &plain(building, ""));
                    self.set(Unit, &plain(unit, ""));
                    self.set(Room, &plain(room, &letter));
                }
                (Room, [building, room]) if !has_building => {
                    self.set(Building, &plain(building, ""));
                    self.set(Room, &plain(room, &letter));
                }
                (Room, [unit, room]) if !has_unit => {
                    self.set(Unit, &plain(unit, ""));
                    self.set(Room, &plain(room, &letter));
                }
                (Room, _) if kind.is_none() && !has_number && !has_building => {
                    self.set(Number, &plain(number, &letter));
                }
                (level, _) => self.set(level, &plain(number, &letter)),
            }
        }
    }
}

/// A number without leading zeros and with its letter behind: 甲3 and 3甲 are one.
fn plain(number: &str, letter: &str) -> String {
    let (front, rest) = match number.chars().next().filter(|c| LETTERS.contains(c)) {
        Some(first) => number.split_at(first.len_utf8()),
        None => ("", number),
    };
    let digits = rest.trim_start_matches('0');
    let digits = if digits.starts_with(|c: char| c.is_ascii_digit()) { digits } else { rest };
    format!("{digits}{front}{letter}")
}

fn is_number(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

/// How long the number is that a text begins with: 12, 5-2-301, A, 甲3; 0 for none.
fn number_length(text: &str) -> usize {
    let letter = text.chars().next().filter(|c| LETTERS.contains(c)).map_or(0, char::len_utf8);
    let run = &text[letter..];
    let length = match run.starts_with('-') {
        true => 0,
        false => run.find(|c| !is_number(c)).unwrap_or(run.len()),
    };
    match letter {
        0 => length,
        // 甲 of 甲3号 is of the number, that of 甲子庄 of a name.
        _ if run.starts_with(|c: char| c.is_ascii_digit()) => letter + length,
        _ => 0,
    }
}

/// Where the first number of a text begins.
fn number_start(text: &str) -> Option<usize> {
    text.char_indices().map(|(at, _)| at).find(|at| number_length(&text[*at..]) > 0)
}

/// Brackets with a number of a building or room in them stay, as text; others are remarks.
fn without_remarks(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['(', '〔', '【', '[']) {
        kept.push_str(&rest[..start]);
        let inside = rest[start..].char_indices().nth(1).map_or(rest.len(), |(at, _)| start + at);
        let end =
            rest[inside..].find([')', '〕', '】', ']']).map_or(rest.len(), |end| inside + end);
        let remark = &rest[inside..end];
        let places = ["楼", "栋", "幢", "单元", "室", "号"];
        if remark.contains(|c: char| c.is_ascii_digit())
            && places.iter().any(|one| remark.contains(one))
        {
            kept.push_str(remark);
        }
        rest = rest[end..].char_indices().nth(1).map_or("", |(at, _)| &rest[end + at..]);
    }
    kept.push_str(rest);
    kept.replace(['、', ',', ';', '。', '#'], "").replace(['—', '–', '－', '~'], "-")
}

/// Without 某省某市 before the district.
fn without_city(text: &str) -> &str {
    let mut rest = text;
    for ends in [&["自治区", "省"][..], &["市"][..]] {
        let cut = ends.iter().filter_map(|end| {
            let at = rest.find(end)?;
            let (before, after) = (&rest[..at], &rest[at + end.len()..]);
            let is_word = after.starts_with(['场', '政', '民'])
                || before.contains(['区', '县', '镇', '乡', '街', '路', '村']);
            ((2..=6).contains(&before.chars().count()) && !is_word).then_some(after)
        });
        rest = cut.min_by_key(|after| rest.len() - after.len()).unwrap_or(rest);
    }
    // 北京大兴区 has no 市.
    match rest.strip_prefix("北京") {
        Some(after) if district(after).is_some() => after,
        _ => rest,
    }
}

/// A district at the beginning, and what follows.
fn district(text: &str) -> Option<(&str, &str)> {
    let (at, end) = text.char_indices().take(6).find(|(_, c)| matches!(c, '区' | '县'))?;
    let name = &text[..at];
    let last = name.chars().next_back()?;
    let is_name = name.chars().count() >= 2 && !NO_DISTRICT.contains(last);
    let has_lower = TOWNS.iter().chain(&ROADS).any(|word| name.contains(word));
    (is_name && !has_lower).then(|| (name, &text[at + end.len_utf8()..]))
}

/// A name of so many characters before the first of these words, and what follows the word.
fn ended<'t>(
    text: &'t str,
    words: &[&str],
    characters: RangeInclusive<usize>,
) -> Option<(&'t str, &'t str)> {
    let number = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let found = words.iter().filter_map(|word| Some((text[..number].find(word)?, *word)));
    // The first; of those at one place the longest.
    let (at, word) = found.min_by_key(|(at, word)| (*at, usize::MAX - word.len()))?;
    let name = &text[..at];
    let is_name = characters.contains(&name.chars().count());
    let has_road = ["大街", "大道", "胡同"].iter().any(|road| name.contains(road));
    (is_name && !has_road).then(|| (name, &text[at + word.len()..]))
}

/// The name of a unit without the word of its kind: 黄村 of 黄村镇 and of 黄村地区.
pub(super) fn unit_core(name: &str) -> String {
    let name = normal_form(name);
    let words = TOWNS.iter().chain(&VILLAGES).chain(&["区", "县"]);
    let core = words.filter_map(|word| name.strip_suffix(word)).min_by_key(|core| core.len());
    core.filter(|core| !core.is_empty()).unwrap_or(&name).to_owned()
}

/// Whether a text goes on as the name of a road: 黄村 before 西大街 is no village.
fn is_road(text: &str) -> bool {
    let rest = text.trim_start_matches(['东', '西', '南', '北', '中', '前', '后']);
    ROADS.iter().any(|road| rest.starts_with(road))
}

/// Where the numbers begin: at the first that is no part of a road's name, as in 东四3条.
fn first_number(text: &str) -> usize {
    const OF_ROADS: [&str; 9] = ["条", "巷", "弄", "街", "路", "里", "区", "期", "环"];
    let mut from = 0;
    while let Some(start) = number_start(&text[from..]).map(|at| from + at) {
        let end = start + number_length(&text[start..]);
        if !OF_ROADS.iter().any(|word| text[end..].starts_with(word)) {
            return start;
        }
        from = end;
    }
    text.len()
}
