//! Vectors without room behind their values.

/// Moves the values to memory of their size. What shrinking in place cuts off a block can hardly
/// be used again between blocks that stay; the whole block can, by the next shard that is built.
pub(crate) fn tighten<T: Copy>(values: &mut Vec<T>) {
    if values.capacity() > values.len() {
        *values = values.as_slice().to_vec();
    }
}
