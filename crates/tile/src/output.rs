//! The bytes of a layer on their way out.
//!
//! Small pieces are put together in a chunk that stays in the processor's cache; a full chunk
//! goes on in one copy. So nothing is filled with zeros first, and nothing is copied from far.

/// Bytes of the chunk; longer pieces make it longer.
const CHUNK: usize = 1 << 15;

/// Collects bytes.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// What has left the chunk.
    bytes: Vec<u8>,
    chunk: Vec<u8>,
    /// Bytes of the chunk in use.
    used: usize,
}

impl Output {
    /// Begins with nothing, in the memory of `bytes`, about `expected` bytes of which are needed.
    pub fn start(&mut self, mut bytes: Vec<u8>, expected: usize) {
        bytes.clear();
        bytes.reserve(expected);
        self.bytes = bytes;
        self.used = 0;
    }

    /// Room to write the next bytes into, at least `len` of them; [`Output::advance`] says how
    /// many it were.
    #[inline]
    pub fn room(&mut self, len: usize) -> &mut [u8] {
        if self.chunk.len() - self.used < len {
            self.make_room(len);
        }
        &mut self.chunk[self.used..]
    }

    #[cold]
    fn make_room(&mut self, len: usize) {
        self.flush();
        if self.chunk.len() < len {
            self.chunk.resize(len.next_power_of_two().max(CHUNK), 0);
        }
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

    fn flush(&mut self) {
        self.bytes.extend_from_slice(&self.chunk[..self.used]);
        self.used = 0;
    }

    /// What was written.
    pub fn finish(&mut self) -> Vec<u8> {
        self.flush();
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_length_come_out_in_order() {
        let mut output = Output::default();
        for memory in [Vec::new(), vec![9; 3 * CHUNK]] {
            output.start(memory, 1000);
            let mut expected = Vec::new();
            for piece in 0..200_usize {
                let bytes = vec![piece as u8; piece * piece % 7_000];
                output.push(&bytes);
                expected.extend(bytes);
            }
            let long = vec![7; 3 * CHUNK + 1];
            output.push(&long);
            expected.extend(long);
            assert_eq!(output.finish(), expected);
        }
    }
}
