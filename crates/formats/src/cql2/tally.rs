//! Counts what a filter holds against its limits while it is read.

use super::{Fault, Limits};

/// What is read so far.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    limits: &'a Limits,
    literals: usize,
    list_members: usize,
    vertices: usize,
}

impl<'a> Tally<'a> {
    /// Nothing yet of a filter of `bytes`.
    pub(super) fn new(limits: &'a Limits, bytes: usize) -> Result<Self, Fault> {
        if bytes > limits.bytes {
            return Err(Fault::TooLong { found: bytes, limit: limits.bytes });
        }
        Ok(Self { limits, literals: 0, list_members: 0, vertices: 0 })
    }

    /// Refuses what lies deeper than may be.
    pub(super) fn depth(&self, depth: usize) -> Result<(), Fault> {
        let limit = self.limits.depth;
        if depth > limit { Err(Fault::TooDeep { limit }) } else { Ok(()) }
    }

    /// Counts a literal.
    pub(super) fn literal(&mut self) -> Result<(), Fault> {
        self.literals += 1;
        let limit = self.limits.literals;
        if self.literals > limit { Err(Fault::TooManyLiterals { limit }) } else { Ok(()) }
    }

    /// How many literals there are, for [`Tally::list_member`].
    pub(super) fn mark(&self) -> usize {
        self.literals
    }

    /// Counts a member of an `IN` list that was read since `mark`; a literal in it counts here
    /// and not among the literals.
    pub(super) fn list_member(&mut self, mark: usize) -> Result<(), Fault> {
        self.literals -= usize::from(self.literals > mark);
        self.list_members += 1;
        let limit = self.limits.list_members;
        if self.list_members > limit { Err(Fault::ListTooLong { limit }) } else { Ok(()) }
    }

    /// Counts the vertices of a geometry.
    pub(super) fn vertices(&mut self, count: usize) -> Result<(), Fault> {
        self.vertices += count;
        let limit = self.limits.vertices;
        if self.vertices > limit { Err(Fault::TooManyVertices { limit }) } else { Ok(()) }
    }
}
