//! The packed R-tree of FlatGeobuf, written level by level from leaves in the order given.

use std::io::{self, Write};

use spatial::Envelope;

use super::{NODE_BYTES, NODE_SIZE};

/// Bytes of the index of `count` features; `None` when no file could hold it.
pub(super) fn byte_size(count: u64, node_size: u16) -> Option<u64> {
    if count == 0 || node_size == 0 {
        return Some(0);
    }
    // The format knows no smaller node.
    let node_size = u64::from(node_size.max(2));
    let mut nodes = count;
    let mut level = count;
    while level > 1 || nodes == count {
        level = level.div_ceil(node_size);
        nodes = nodes.checked_add(level)?;
    }
    nodes.checked_mul(NODE_BYTES as u64).filter(|&bytes| i64::try_from(bytes).is_ok())
}

/// Collects the boxes of the level above the leaves; the leaves themselves are the caller's.
#[derive(Debug, Default)]
pub(super) struct IndexBuilder {
    leaves: u64,
    parents: Vec<Envelope>,
}

impl IndexBuilder {
    /// Adds the envelope of the next feature.
    pub(super) fn push(&mut self, envelope: Envelope) {
        if self.leaves.is_multiple_of(u64::from(NODE_SIZE)) {
            self.parents.push(envelope);
        } else if let Some(parent) = self.parents.last_mut() {
            *parent = parent.union(&envelope);
        }
        self.leaves += 1;
    }

    /// Writes every level but the leaves, root first.
    pub(super) fn write_above_leaves(&self, out: &mut impl Write) -> io::Result<()> {
        let mut levels = vec![self.parents.clone()];
        while let Some(level) = levels.last()
            && level.len() > 1
        {
            let union = |boxes: &[Envelope]| {
                boxes.iter().fold(Envelope::EMPTY, |all, envelope| all.union(envelope))
            };
            let above = level.chunks(NODE_SIZE.into()).map(union).collect();
            levels.push(above);
        }
        let mut first_child = 0;
        for level in levels.iter().rev() {
            first_child += level.len() as u64;
            for (position, envelope) in level.iter().enumerate() {
                let child = first_child + position as u64 * u64::from(NODE_SIZE);
                write_node(out, envelope, child)?;
            }
        }
        Ok(())
    }
}

/// Writes a node: its box, then the number of its first child or, of a leaf, the position of
/// its feature in bytes.
pub(super) fn write_node(out: &mut impl Write, envelope: &Envelope, offset: u64) -> io::Result<()> {
    for border in [envelope.min_x, envelope.min_y, envelope.max_x, envelope.max_y] {
        out.write_all(&border.to_le_bytes())?;
    }
    out.write_all(&offset.to_le_bytes())
}
