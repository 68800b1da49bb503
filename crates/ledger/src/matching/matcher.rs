//! Finds the target that a row means, by indexes of normal forms.
//!
//! *Invariants:* one row looks at no more than a few buckets of bounded size, however many targets
//! there are; a target whose credit code differs from the row's is another subject and never found.

use std::collections::{BTreeMap, BTreeSet};

use super::address::unit_core;
use super::index::{Index, details, house, key, mains, put, without};
use super::{Address, AddressLevel, NameForm};
use crate::{CreditCode, normal_form};

/// Most candidates that are told.
pub(crate) const MAX_CANDIDATES: usize = 10;
/// Shortest core that is enough where the legal forms differ, in characters.
const LEAST_CORE: usize = 4;

/// What a row or a target says of itself, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matters {
    /// 统一社会信用代码.
    pub credit_code: Option<String>,
    /// Other codes, of a parcel or a point.
    pub codes: Vec<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<String>,
}

/// What is known of a row or target, in normal forms.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    credit_code: Option<String>,
    /// A credit code that fails its check; it finds nothing.
    has_odd_code: bool,
    codes: BTreeSet<String>,
    name: Option<NameForm>,
    address: Option<Address>,
}

/// By what a match was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// A code.
    Code,
    /// Address and name, which agree.
    AddressAndName,
    /// The address alone.
    Address,
    /// The name alone.
    Name,
}

impl By {
    /// Its name.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Code => "代码",
            Self::AddressAndName => "地址和名称",
            Self::Address => "地址",
            Self::Name => "名称",
        }
    }
}

/// Targets that fit alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// The first ten, by number.
    pub targets: Vec<usize>,
    /// How many there are at least.
    pub count: usize,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchOutcome {
    /// One target is meant.
    Matched {
        /// Its number, in the order in which targets were added.
        target: usize,
        /// By what.
        by: By,
        /// Why, in words without values.
        reasons: Vec<String>,
    },
    /// Several fit alike, and a person must choose.
    Ambiguous {
        /// By what.
        by: By,
        /// Which.
        candidates: Candidates,
        /// Why, in words without values.
        reasons: Vec<String>,
    },
    /// None fits.
    Unmatched {
        /// What was lacking, in words without values.
        reasons: Vec<String>,
    },
}

/// Targets of one collection, and what finds them.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    targets: Vec<Sought>,
    /// Other names of units, by their cores.
    aliases: BTreeMap<String, String>,
    by_code: Index,
    /// By all that an address says of the house.
    by_address: Index,
    /// By the house alone, for addresses that say more.
    by_house: Index,
    by_whole_name: Index,
    by_core_name: Index,
}

/// Targets found by one sort of evidence.
#[derive(Debug, Default)]
struct Found {
    targets: BTreeSet<u32>,
    /// Whether there were more than are looked at.
    is_cut: bool,
    reason: String,
}

impl Matcher {
    /// A matcher that knows other names of units: a name and those that mean the same.
    pub fn new(units: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let mut aliases: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (name, others) in units {
            let name = unit_core(&name);
            for other in others {
                let known = aliases.entry(unit_core(&other)).or_insert_with(|| Some(name.clone()));
                // An alias of two units means neither.
                if known.as_ref() != Some(&name) {
                    *known = None;
                }
            }
        }
        let aliases = aliases.into_iter().filter_map(|(other, name)| Some((other, name?)));
        Self { aliases: aliases.collect(), ..Self::default() }
    }

    /// How many targets there are.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Adds a target; it is called by its number, from 0.
    pub fn add(&mut self, matters: &Matters) {
        let target = self.read(matters);
        let number = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
        for code in target.credit_code.iter().chain(&target.codes) {
            put(&mut self.by_code, code.clone(), number);
        }
        if let Some(address) = target.address.as_ref().filter(|one| one.is_precise()) {
            for main in mains(address) {
                let parts = details(address, main);
                put(&mut self.by_address, key(main.1, &parts), number);
                if let Some(house) = house(&parts).filter(|house| *house != parts) {
                    put(&mut self.by_house, key(main.1, &house), number);
                }
            }
        }
        if let Some(name) = &target.name {
            put(&mut self.by_whole_name, name.whole.clone(), number);
            put(&mut self.by_core_name, name.core.clone(), number);
        }
        self.targets.push(target);
    }

    /// What is known of a row, in normal forms.
    pub fn read(&self, matters: &Matters) -> Sought {
        let given = matters.credit_code.as_deref().map(str::trim).filter(|code| !code.is_empty());
        let credit_code = given.and_then(|code| CreditCode::try_from(code).ok());
        let mut address = matters.address.as_deref().and_then(Address::of);
        if let Some(address) = address.as_mut().filter(|_| !self.aliases.is_empty()) {
            for level in [AddressLevel::District, AddressLevel::Town, AddressLevel::Village] {
                address.rename(level, |name| self.aliases.get(name).cloned());
            }
        }
        let codes = matters.codes.iter().map(|code| normal_form(code));
        Sought {
            has_odd_code: given.is_some() && credit_code.is_none(),
            credit_code: credit_code.map(|code| code.as_str().to_owned()),
            codes: codes.filter(|code| !code.is_empty()).collect(),
            name: matters.name.as_deref().and_then(NameForm::of),
            address,
        }
    }

    /// Which target a row means.
    pub fn find(&self, matters: &Matters) -> MatchOutcome {
        let row = self.read(matters);
        let mut notes = Vec::new();
        if row.has_odd_code {
            notes.push("统一社会信用代码不合校验，未使用".to_owned());
        }
        let coded = self.coded(&row);
        if !coded.targets.is_empty() {
            return self.settle_coded(&row, coded, notes);
        }
        let (placed, named) = (self.placed(&row), self.named(&row));
        if let (Some(placed), Some(named)) = (&placed, &named) {
            let (both, is_cut) = self.both(&row, placed, named);
            if !both.is_empty() {
                let reason = format!("{}；{}", placed.reason, named.reason);
                let found = Found { targets: both, is_cut, reason };
                return told(By::AddressAndName, found, notes);
            }
        }
        // What has another name is another subject at the same address.
        let placed = placed.and_then(|mut placed| {
            let before = placed.targets.len();
            placed.targets.retain(|target| !self.names_differ(&row, *target));
            if placed.targets.len() < before {
                notes.push("同一地址另有不同名称的对象".to_owned());
            }
            (!placed.targets.is_empty()).then_some(placed)
        });
        let named = named.and_then(|mut named| {
            let before = named.targets.len();
            named.targets.retain(|target| self.may_have_moved(&row, *target));
            if named.targets.len() < before {
                notes.push("另有同名对象在不同地址".to_owned());
            }
            (!named.targets.is_empty()).then_some(named)
        });
        match (placed, named) {
            (Some(placed), Some(named)) => {
                notes.push("地址与名称指向不同对象".to_owned());
                let targets = placed.targets.union(&named.targets).copied().collect();
                let is_cut = placed.is_cut || named.is_cut;
                let found = Found { targets, is_cut, reason: placed.reason };
                told(By::Address, found, notes)
            }
            (Some(placed), None) => told(By::Address, placed, notes),
            (None, Some(mut named)) => {
                let addresses_differ =
                    named.targets.iter().any(|target| self.addresses_differ(&row, *target));
                if addresses_differ {
                    named.reason.push_str("，地址不一致");
                }
                told(By::Name, named, notes)
            }
            (None, None) => {
                notes.extend(lacking(&row));
                MatchOutcome::Unmatched { reasons: notes }
            }
        }
    }

    /// Targets at the row's address with its name, and whether there may be more: where one sort of
    /// evidence finds too many, those of the other are held against the row themselves.
    fn both(&self, row: &Sought, placed: &Found, named: &Found) -> (BTreeSet<u32>, bool) {
        let both = match (placed.is_cut, named.is_cut) {
            (true, false) => {
                let there = named.targets.iter().filter(|target| self.is_there(row, **target));
                there.copied().collect()
            }
            (false, true) => {
                let called = placed.targets.iter().filter(|target| self.is_called(row, **target));
                called.copied().collect()
            }
            _ => placed.targets.intersection(&named.targets).copied().collect(),
        };
        (both, placed.is_cut && named.is_cut)
    }

    /// Whether a target has the row's house and contradicts its address nowhere.
    fn is_there(&self, row: &Sought, target: u32) -> bool {
        use AddressLevel::{Building, Number, Place, Road, Village};
        let other = self.targets.get(target as usize).and_then(|one| one.address.as_ref());
        let (Some(own), Some(other)) = (&row.address, other) else { return false };
        let agreeing: Vec<AddressLevel> = own.compared(other).map(|(level, _)| level).collect();
        let has = |levels: &[AddressLevel]| levels.iter().any(|level| agreeing.contains(level));
        has(&[Road, Place, Village])
            && has(&[Number, Building])
            && !self.addresses_differ(row, target)
    }

    /// Whether a target has the row's name, whatever its legal form.
    fn is_called(&self, row: &Sought, target: u32) -> bool {
        let other = self.targets.get(target as usize).and_then(|one| one.name.as_ref());
        other.is_some() && row.name.is_some() && !self.names_differ(row, target)
    }

    /// Targets with a code of the row.
    fn coded(&self, row: &Sought) -> Found {
        let mut found = Found::default();
        let mut reasons = Vec::new();
        let codes = row.codes.iter().map(|code| (code, "代码一致"));
        for (code, reason) in
            row.credit_code.iter().map(|code| (code, "统一社会信用代码一致")).chain(codes)
        {
            if let Some(bucket) = self.by_code.get(code) {
                found.targets.extend(&bucket.first);
                found.is_cut |= bucket.count > bucket.first.len();
                reasons.push(reason);
            }
        }
        reasons.dedup();
        found.reason = reasons.join("；");
        found
    }

    /// Of several targets with the row's code the one that address or name single out.
    fn settle_coded(&self, row: &Sought, mut found: Found, notes: Vec<String>) -> MatchOutcome {
        if found.targets.len() > 1 && !found.is_cut {
            let agree = found.targets.iter().copied().filter(|target| {
                let is_there = |found: Option<Found>| {
                    found.is_some_and(|found| !found.is_cut && found.targets.contains(target))
                };
                is_there(self.placed(row)) || is_there(self.named(row))
            });
            let agree: BTreeSet<u32> = agree.collect();
            if agree.len() == 1 {
                found.targets = agree;
                found.reason.push_str("；同码多个对象，以地址或名称区分");
            }
        }
        if let [target] = found.targets.iter().copied().collect::<Vec<_>>().as_slice() {
            if self.names_differ(row, *target) {
                found.reason.push_str("，名称不一致");
            }
            if self.addresses_differ(row, *target) {
                found.reason.push_str("，地址不一致");
            }
        }
        told(By::Code, found, notes)
    }

    /// Targets at the row's address: those that say as much of it as can be, and agree on the most
    /// levels.
    fn placed(&self, row: &Sought) -> Option<Found> {
        let address = row.address.as_ref().filter(|address| address.is_precise())?;
        let mains: Vec<(AddressLevel, &str)> = mains(address).collect();
        let mut dropped = 0;
        loop {
            let mut found = Found::default();
            let mut is_last = true;
            for main in &mains {
                let Some(parts) = without(&details(address, *main), dropped) else { continue };
                is_last = false;
                self.gather(&self.by_address, &key(main.1, &parts), row, &mut found);
            }
            if !found.targets.is_empty() {
                return Some(self.most_agreeing(address, found));
            }
            if is_last {
                break;
            }
            dropped += 1;
        }
        let mut found = Found::default();
        for main in &mains {
            let parts = details(address, *main);
            if house(&parts).as_ref() == Some(&parts) {
                self.gather(&self.by_house, &key(main.1, &parts), row, &mut found);
            }
        }
        (!found.targets.is_empty()).then(|| self.most_agreeing(address, found))
    }

    /// Adds the targets behind a key that contradict the row nowhere.
    fn gather(&self, index: &Index, key: &str, row: &Sought, found: &mut Found) {
        let Some(bucket) = index.get(key) else { return };
        found.is_cut |= bucket.count > bucket.first.len();
        let fitting = bucket.first.iter().copied();
        found.targets.extend(
            fitting.filter(|target| {
                !self.is_other(row, *target) && !self.addresses_differ(row, *target)
            }),
        );
    }

    fn most_agreeing(&self, address: &Address, mut found: Found) -> Found {
        let agreeing = |target: u32| -> usize {
            let other = self.targets.get(target as usize).and_then(|one| one.address.as_ref());
            other.map_or(0, |other| address.compared(other).count())
        };
        let most = found.targets.iter().map(|target| agreeing(*target)).max().unwrap_or(0);
        found.targets.retain(|target| agreeing(*target) == most);
        let first = found.targets.first().and_then(|one| self.targets.get(*one as usize));
        if let Some(other) = first.and_then(|one| one.address.as_ref()) {
            let levels: Vec<&str> =
                address.compared(other).map(|(level, _)| level.chinese()).collect();
            found.reason = format!("地址在{}上一致", levels.join("、"));
            let only = |a: &Address, b: &Address| -> Vec<&'static str> {
                let houses = &AddressLevel::ALL[5..];
                let only = houses
                    .iter()
                    .filter(|one| a.level(**one).is_some() && b.level(**one).is_none());
                only.map(|level| level.chinese()).collect()
            };
            let (more, less) = (only(other, address), only(address, other));
            if !less.is_empty() {
                found.reason.push_str(&format!("，目标不含{}", less.join("、")));
            }
            if !more.is_empty() {
                found.reason.push_str(&format!("，目标另含{}", more.join("、")));
            }
        }
        found
    }

    /// Targets of the row's name, else of its core.
    fn named(&self, row: &Sought) -> Option<Found> {
        let name = row.name.as_ref()?;
        let core = name.core.as_str();
        let is_long = core.chars().count() >= LEAST_CORE;
        let ways = [
            (&self.by_whole_name, name.whole.as_str(), "名称一致", true),
            (&self.by_core_name, core, "字号一致，组织形式不同", is_long),
        ];
        for (index, key, reason, is_enough) in ways {
            let Some(bucket) = index.get(key).filter(|_| is_enough) else { continue };
            let targets = bucket.first.iter().copied().filter(|one| !self.is_other(row, *one));
            let targets: BTreeSet<u32> = targets.collect();
            if !targets.is_empty() {
                let is_cut = bucket.count > bucket.first.len();
                return Some(Found { targets, is_cut, reason: reason.to_owned() });
            }
        }
        None
    }

    /// Whether both have credit codes and they differ.
    fn is_other(&self, row: &Sought, target: u32) -> bool {
        let other = self.targets.get(target as usize).and_then(|one| one.credit_code.as_ref());
        matches!((&row.credit_code, other), (Some(own), Some(other)) if own != other)
    }

    fn names_differ(&self, row: &Sought, target: u32) -> bool {
        let other = self.targets.get(target as usize).and_then(|one| one.name.as_ref());
        matches!((&row.name, other), (Some(own), Some(other)) if own.core != other.core)
    }

    fn addresses_differ(&self, row: &Sought, target: u32) -> bool {
        let other = self.targets.get(target as usize).and_then(|one| one.address.as_ref());
        let (Some(own), Some(other)) = (&row.address, other) else { return false };
        own.compared(other).any(|(_, agrees)| !agrees)
    }

    /// Whether a name is enough although addresses may differ: a registered company keeps its name
    /// when it moves, while shops of one name are many.
    fn may_have_moved(&self, row: &Sought, target: u32) -> bool {
        let is_company = row.name.as_ref().is_some_and(|name| name.whole.contains("公司"));
        is_company || !self.addresses_differ(row, target)
    }
}

fn told(by: By, found: Found, notes: Vec<String>) -> MatchOutcome {
    let reasons: Vec<String> = [found.reason].into_iter().chain(notes).collect();
    let all = &found.targets;
    match all.first() {
        Some(target) if all.len() == 1 && !found.is_cut => {
            MatchOutcome::Matched { target: *target as usize, by, reasons }
        }
        _ => {
            let first = all.iter().take(MAX_CANDIDATES).map(|target| *target as usize);
            let candidates = Candidates { targets: first.collect(), count: all.len() };
            MatchOutcome::Ambiguous { by, candidates, reasons }
        }
    }
}

/// What a row would have needed.
fn lacking(row: &Sought) -> Vec<String> {
    let mut lacking = Vec::new();
    match &row.address {
        None => lacking.push("没有可读的地址"),
        Some(address) if !address.is_precise() => lacking.push("地址没有门牌号或楼号"),
        Some(_) => lacking.push("没有同一地址的对象"),
    }
    lacking.push(match &row.name {
        None => "没有名称",
        Some(_) => "没有同名的对象",
    });
    if row.credit_code.is_some() || !row.codes.is_empty() {
        lacking.push("没有同一代码的对象");
    }
    lacking.into_iter().map(str::to_owned).collect()
}
