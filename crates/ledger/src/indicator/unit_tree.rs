//! The units (单位) that figures are told of: a tree, from the city or district down.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A unit, as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// The code that points and targets name it by.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The code of the unit that it is a part of; none of the whole.
    #[serde(default)]
    pub parent: Option<String>,
}

/// Why units are no tree.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnitFault {
    /// Two of one code.
    #[error("unit {code:?} stands there twice; leave one out")]
    Twice {
        /// The code.
        code: String,
    },
    /// The parent is none of the units.
    #[error("unit {code:?} names the parent {parent:?}, which is no unit; add it, or name another")]
    NoParent {
        /// The unit.
        code: String,
        /// The parent that is missing.
        parent: String,
    },
    /// Not exactly one unit has no parent.
    #[error("{found} units have no parent; exactly one is the whole, give the others a parent")]
    Roots {
        /// How many have none.
        found: usize,
    },
    /// A unit is a part of itself.
    #[error("unit {code:?} is a part of itself by way of its parents; mend one of them")]
    Circle {
        /// One of the units in the circle.
        code: String,
    },
    /// More units than can be told of.
    #[error("{found} units; at most {most} are possible")]
    TooMany {
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
}

/// Most units: every village and courtyard of a city.
const MAX_UNITS: usize = 1_000_000;

/// Units as a tree with one root. Slots number them in the order given.
#[derive(Clone, Debug)]
pub struct UnitTree {
    units: Vec<Unit>,
    slots: BTreeMap<String, usize>,
    /// Of codes of units that are gone: where what still names them counts.
    former: BTreeMap<String, usize>,
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    root: usize,
}

impl UnitTree {
    /// Takes units in the order in which tables show them.
    ///
    /// # Errors
    /// When they are no tree with one root.
    pub fn new(units: Vec<Unit>) -> Result<Self, UnitFault> {
        if units.len() > MAX_UNITS {
            return Err(UnitFault::TooMany { found: units.len(), most: MAX_UNITS });
        }
        let mut slots = BTreeMap::new();
        for (slot, unit) in units.iter().enumerate() {
            if slots.insert(unit.code.clone(), slot).is_some() {
                return Err(UnitFault::Twice { code: unit.code.clone() });
            }
        }
        let mut children = vec![Vec::new(); units.len()];
        let mut parents = Vec::with_capacity(units.len());
        let mut roots = Vec::new();
        for (slot, unit) in units.iter().enumerate() {
            let parent = match &unit.parent {
                None => None,
                Some(parent) => Some(*slots.get(parent).ok_or_else(|| UnitFault::NoParent {
                    code: unit.code.clone(),
                    parent: parent.clone(),
                })?),
            };
            match parent {
                Some(parent) => children[parent].push(slot),
                None => roots.push(slot),
            }
            parents.push(parent);
        }
        let &[root] = roots.as_slice() else {
            return Err(UnitFault::Roots { found: roots.len() });
        };
        let former = BTreeMap::new();
        let tree = Self { units, slots, former, parents, children, root };
        let reached: BTreeSet<usize> = tree.below(root).into_iter().collect();
        match (0..tree.units.len()).find(|slot| !reached.contains(slot)) {
            Some(slot) => Err(UnitFault::Circle { code: tree.units[slot].code.clone() }),
            None => Ok(tree),
        }
    }

    /// The unit of a slot.
    pub fn unit(&self, slot: usize) -> &Unit {
        &self.units[slot]
    }

    /// How many units there are.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there are none; there is always a root.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The slot of a code.
    pub fn slot(&self, code: &str) -> Option<usize> {
        self.slots.get(code).copied()
    }

    /// The same units, knowing of others that are gone which unit each was a part of: a unit of the tree
    /// or another that is gone. What names them counts there.
    #[must_use]
    pub fn with_former(mut self, above: &BTreeMap<String, String>) -> Self {
        for gone in above.keys().filter(|code| !self.slots.contains_key(*code)) {
            let mut code = gone;
            // No deeper than there are units, whatever they name.
            let found = above.iter().find_map(|_| {
                code = above.get(code)?;
                self.slot(code)
            });
            if let Some(slot) = found {
                self.former.insert(gone.clone(), slot);
            }
        }
        self
    }

    /// The slot at which something counts that names a unit.
    pub fn counts_at(&self, code: &str) -> Option<usize> {
        self.slot(code).or_else(|| self.former.get(code).copied())
    }

    /// The whole.
    pub fn root(&self) -> usize {
        self.root
    }

    /// The unit that a unit is a part of.
    pub fn parent(&self, slot: usize) -> Option<usize> {
        self.parents[slot]
    }

    /// The parts of a unit, in order.
    pub fn children(&self, slot: usize) -> &[usize] {
        &self.children[slot]
    }

    /// A unit and all below it; each after the one that it is a part of.
    pub fn below(&self, slot: usize) -> Vec<usize> {
        let mut found = vec![slot];
        let mut next = 0;
        while let Some(slot) = found.get(next).copied() {
            found.extend(&self.children[slot]);
            next += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn tree(units: &[(&str, Option<&str>)]) -> Result<UnitTree, UnitFault> {
        let unit = |(code, parent): &(&str, Option<&str>)| Unit {
            code: (*code).to_owned(),
            name: format!("{code} name"),
            parent: parent.map(str::to_owned),
        };
        UnitTree::new(units.iter().map(unit).collect())
    }

    #[test]
    fn units_are_one_tree_or_are_refused() {
        let good = tree(&[("t1", Some("d")), ("d", None), ("t2", Some("d")), ("v", Some("t2"))]);
        let good = good.unwrap();
        assert_eq!(
            (good.root(), good.children(1), good.below(1)),
            (1, &[0, 2][..], vec![1, 0, 2, 3])
        );
        assert_eq!((good.slot("v"), good.parent(3), good.slot("x")), (Some(3), Some(2), None));
        let above =
            [("t3", "d"), ("v3", "t3"), ("lost", "nowhere"), ("a", "b"), ("b", "a"), ("t1", "t2")];
        let above = above.map(|(code, above)| (code.to_owned(), above.to_owned())).into();
        let good = good.with_former(&above);
        for (code, slot) in
            [("t1", Some(0)), ("t3", Some(1)), ("v3", Some(1)), ("lost", None), ("a", None)]
        {
            assert_eq!(good.counts_at(code), slot, "{code}");
        }
        assert_eq!(good.slot("t3"), None, "nobody asks about a unit that is gone");
        let code = |code: &str| code.to_owned();
        for (units, fault) in [
            (&[][..], UnitFault::Roots { found: 0 }),
            (&[("a", None), ("b", None)], UnitFault::Roots { found: 2 }),
            (&[("a", None), ("a", Some("a"))], UnitFault::Twice { code: code("a") }),
            (
                &[("a", None), ("b", Some("c"))],
                UnitFault::NoParent { code: code("b"), parent: code("c") },
            ),
            (
                &[("a", None), ("b", Some("c")), ("c", Some("b"))],
                UnitFault::Circle { code: code("b") },
            ),
            (&[("a", None), ("b", Some("b"))], UnitFault::Circle { code: code("b") }),
        ] {
            assert_eq!(tree(units).unwrap_err(), fault);
        }
    }
}
