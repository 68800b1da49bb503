//! The bytes of a layer on their way out.
//!
//! They are written where they stay. Memory that held the bytes of an earlier tile is not filled with
//! zeros again.

/// Collects bytes.
#[derive(Debug, Default)]
pub(crate) struct Output {
    bytes: Vec<u8>,
    /// Bytes in use.
    used: usize,
}

impl Output {
    /// Begins with nothing, in the memory of `bytes`, about `expected` bytes of which are needed.
    pub fn start(&mut self, bytes: Vec<u8>, expected: usize) {
        self.bytes = bytes;
        self.used = 0;
        if self.bytes.capacity() < expected {
            // Pages of zeros, which cost nothing until they are written to.
            self.bytes = vec![0; expected];
        }
    }

    /// Room to write the next bytes into, at least `len` of them; [`Output::advance`] says how
    /// many it were.
    #[inline]
    pub fn room(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() - self.used < len {
            self.make_room(len);
        }
        &mut self.bytes[self.used..]
    }

    #[cold]
    fn make_room(&mut self, len: usize) {
        let needed = self.used + len;
        // Not all of the memory at once: what held a large tile may hold a small one now.
        let room = if needed <= self.bytes.capacity() { needed / 8 } else { needed };
        self.bytes.resize(needed + room, 0);
    }

    /// Keeps the first `len` bytes of the room.
    #[inline]
    pub fn advance(&mut self, len: usize) {
        self.used += len;
    }

    /// Adds `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
    }

    /// What was written.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.truncate(self.used);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_length_come_out_in_order() {
        let mut output = Output::default();
        for memory in [Vec::new(), vec![9; 100_000]] {
            output.start(memory, 1000);
            let mut expected = Vec::new();
            for piece in 0..200_usize {
                let bytes = vec![piece as u8; piece * piece % 7_000];
                output.push(&bytes);
                expected.extend(bytes);
            }
            let long = vec![7; 100_001];
            output.push(&long);
            expected.extend(long);
            assert_eq!(output.finish(), expected);
        }
    }
}
