//! Directories of PMTiles 3: where the tile of a place is.

use std::ops::Range;

use super::facts::ArchiveFault;
use super::header::PmTilesHeader;
use super::pmtiles::Entry;

/// A directory, with its entries ascending by place.
#[derive(Debug)]
pub struct PmTilesDirectory {
    entries: Vec<Entry>,
}

/// What a directory says of a tile; places are those in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PmTilesStep {
    /// The tile is there.
    Tile(Range<u64>),
    /// The directory there knows more.
    Directory(Range<u64>),
    /// There is no such tile.
    Nothing,
}

impl PmTilesDirectory {
    /// Directories that lead to a tile at most: the root and leaves below one another.
    pub const MAX_DEPTH: usize = 4;

    /// Reads a directory as the file has it. Counts and places are checked against its bytes.
    pub fn parse(header: &PmTilesHeader, bytes: &[u8]) -> Result<Self, ArchiveFault> {
        let bytes = header.unpack(bytes, "a directory")?;
        let mut numbers = Numbers { bytes: &bytes };
        let count = numbers.next(0)?;
        // An entry is four numbers of a byte at least.
        if count == 0 || count > bytes.len() as u64 / 4 {
            return Err(fault(0, "is counted that its bytes do not hold"));
        }
        let mut entries = vec![Entry { place: 0, run: 0, offset: 0, length: 0 }; count as usize];
        let mut place: u64 = 0;
        for (number, entry) in entries.iter_mut().enumerate() {
            let step = numbers.next(number)?;
            place = place.checked_add(step).ok_or(fault(number, "has a place beyond all tiles"))?;
            if number > 0 && step == 0 {
                return Err(fault(number, "has the place of the one before"));
            }
            entry.place = place;
        }
        for (number, entry) in entries.iter_mut().enumerate() {
            let run = numbers.next(number)?;
            entry.run =
                u32::try_from(run).map_err(|_large| fault(number, "stands for too many tiles"))?;
        }
        for (number, entry) in entries.iter_mut().enumerate() {
            let length = numbers.next(number)?;
            let length = u32::try_from(length).ok().filter(|length| *length > 0);
            entry.length = length.ok_or(fault(number, "has a length that cannot be"))?;
        }
        let mut end = None;
        for (number, entry) in entries.iter_mut().enumerate() {
            entry.offset = match (numbers.next(number)?, end) {
                (0, Some(end)) => end,
                (0, None) => return Err(fault(number, "lies behind one that is not there")),
                (offset, _) => offset - 1,
            };
            let behind = entry.offset.checked_add(u64::from(entry.length));
            end = Some(behind.ok_or(fault(number, "ends beyond all files"))?);
        }
        Ok(Self { entries })
    }

    /// What is known of the tile at `place` in the archive's order.
    pub fn find(&self, header: &PmTilesHeader, place: u64) -> Result<PmTilesStep, ArchiveFault> {
        let after = self.entries.partition_point(|entry| entry.place <= place);
        let Some(entry) = after.checked_sub(1).and_then(|at| self.entries.get(at)) else {
            return Ok(PmTilesStep::Nothing);
        };
        let length = u64::from(entry.length);
        if entry.run == 0 {
            return Ok(PmTilesStep::Directory(header.leaf(entry.offset, length)?));
        }
        if place - entry.place < u64::from(entry.run) {
            return Ok(PmTilesStep::Tile(header.tile(entry.offset, length)?));
        }
        Ok(PmTilesStep::Nothing)
    }

    /// Memory that it takes, in bytes.
    pub fn weight(&self) -> usize {
        self.entries.len() * size_of::<Entry>()
    }
}

fn fault(entry: usize, reason: &'static str) -> ArchiveFault {
    ArchiveFault::Directory { entry, reason }
}

/// Numbers as varints of at most 64 bits.
struct Numbers<'a> {
    bytes: &'a [u8],
}

impl Numbers<'_> {
    fn next(&mut self, entry: usize) -> Result<u64, ArchiveFault> {
        let mut number = 0;
        for shift in (0..70).step_by(7) {
            let (first, rest) = self.bytes.split_first().ok_or(fault(entry, "is cut off"))?;
            self.bytes = rest;
            let bits = u64::from(first & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if first & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(fault(entry, "has a number of more than 64 bits"))
    }
}
