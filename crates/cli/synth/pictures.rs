//! Pictures of courtyards as the generator draws them: flat colours, plainly no photograph, with a
//! chequered rim that says so.
//!
//! PNG by hand (ISO/IEC 15948): four bits a pixel from a palette, rows in stored blocks.

/// Pixels of a picture.
const WIDTH: usize = 240;
const HEIGHT: usize = 160;
/// Pixels of the rim.
const RIM: usize = 6;

/// Colours: sky, ground, wall, roof of brick and timber, of mixed structure, of concrete, window, door,
/// black and white of the rim.
const PALETTE: [[u8; 3]; 10] = [
    [196, 221, 238],
    [205, 196, 170],
    [222, 214, 200],
    [112, 116, 122],
    [150, 92, 74],
    [176, 180, 184],
    [92, 130, 160],
    [150, 40, 36],
    [40, 40, 40],
    [250, 250, 250],
];

/// Most houses and floors that a picture tells apart.
const HOUSES: usize = 4;
const FLOORS: usize = 3;
/// Structures in the order of their roofs.
const STRUCTURES: [&str; 3] = ["5", "4", "3"];

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    houses: usize,
    floors: usize,
    roof: usize,
}

impl Picture {
    /// How many pictures there are.
    pub(super) const COUNT: usize = HOUSES * FLOORS * STRUCTURES.len();

    /// That of a courtyard with so many houses, the first of so many floors and this structure.
    pub(super) fn of(houses: usize, floors: i64, structure: &str) -> Self {
        Self {
            houses: houses.clamp(1, HOUSES) - 1,
            floors: usize::try_from(floors).unwrap_or(1).clamp(1, FLOORS) - 1,
            roof: STRUCTURES.iter().position(|one| *one == structure).unwrap_or(0),
        }
    }

    /// Every picture, by its number.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(|number| Self {
            houses: number % HOUSES,
            floors: number / HOUSES % FLOORS,
            roof: number / HOUSES / FLOORS,
        })
    }

    /// Its number.
    pub(super) fn number(self) -> usize {
        (self.roof * FLOORS + self.floors) * HOUSES + self.houses
    }

    /// Its bytes.
    pub(super) fn png(self) -> Vec<u8> {
        encode(&self.pixels())
    }

    /// The same with a label of bars in the sky, another one for every number.
    pub(super) fn labelled_png(self, number: u128) -> Vec<u8> {
        let mut pixels = self.pixels();
        let left = (WIDTH - 128) / 2;
        for row in 12..20 {
            for bar in 0..128 {
                let is_black = number >> (127 - bar) & 1 == 1;
                pixels[row * WIDTH + left + bar] = if is_black { 8 } else { 9 };
            }
        }
        encode(&pixels)
    }

    fn pixels(self) -> Vec<u8> {
        let mut pixels = vec![0; WIDTH * HEIGHT];
        let mut fill = |x: [usize; 2], y: [usize; 2], colour: u8| {
            for row in y[0]..y[1].min(HEIGHT) {
                pixels[row * WIDTH + x[0]..row * WIDTH + x[1].min(WIDTH)].fill(colour);
            }
        };
        fill([0, WIDTH], [108, HEIGHT], 1);
        // The main house in the middle, wings beside it.
        let floor = 22;
        let top = 108 - floor * (self.floors + 1);
        fill([70, 170], [top, 108], 2);
        for row in 0..14 {
            fill([62 + row, 178 - row], [top - 1 - row, top - row], 3 + self.roof as u8);
        }
        for storey in 0..=self.floors {
            for window in 0..4 {
                let x = 78 + window * 23;
                let y = top + storey * floor + 5;
                fill([x, x + 14], [y, y + 10], 6);
            }
        }
        for wing in 0..self.houses.min(2) {
            let x = if wing == 0 { 182 } else { 22 };
            fill([x, x + 38], [90, 122], 2);
            fill([x - 2, x + 40], [84, 90], 3 + self.roof as u8);
            fill([x + 12, x + 26], [98, 108], 6);
        }
        // The wall before the yard, and its gate; with four houses one in front.
        fill([14, WIDTH - 14], [126, 146], 2);
        if self.houses == HOUSES - 1 {
            fill([30, 120], [116, 146], 2);
            fill([28, 122], [110, 116], 3 + self.roof as u8);
        }
        fill([150, 176], [122, 146], 7);
        for row in 0..HEIGHT {
            for column in 0..WIDTH {
                let is_rim =
                    row < RIM || column < RIM || row >= HEIGHT - RIM || column >= WIDTH - RIM;
                if is_rim {
                    let is_black = (row / RIM + column / RIM).is_multiple_of(2);
                    pixels[row * WIDTH + column] = if is_black { 8 } else { 9 };
                }
            }
        }
        pixels
    }
}

fn encode(pixels: &[u8]) -> Vec<u8> {
    let mut rows = Vec::with_capacity(HEIGHT * (WIDTH / 2 + 1));
    for row in pixels.chunks_exact(WIDTH) {
        // No filter.
        rows.push(0);
        rows.extend(row.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]));
    }
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&(WIDTH as u32).to_be_bytes());
    header.extend_from_slice(&(HEIGHT as u32).to_be_bytes());
    // Four bits of a palette, no interlacing.
    header.extend_from_slice(&[4, 3, 0, 0, 0]);
    chunk(&mut png, b"IHDR", &header);
    chunk(&mut png, b"PLTE", &PALETTE.concat());
    chunk(&mut png, b"IDAT", &stored(&rows));
    chunk(&mut png, b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let start = png.len();
    png.extend_from_slice(name);
    png.extend_from_slice(data);
    let check = crc32(&png[start..]);
    png.extend_from_slice(&check.to_be_bytes());
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951).
fn stored(bytes: &[u8]) -> Vec<u8> {
    const MOST: usize = 65_535;
    let mut stream = vec![0x78, 0x01];
    let blocks = bytes.len().div_ceil(MOST);
    for (number, block) in bytes.chunks(MOST).enumerate() {
        stream.push(u8::from(number + 1 == blocks));
        let length = block.len() as u16;
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    let sum = |[a, b]: [u32; 2], byte: &u8| {
        let a = (a + u32::from(*byte)) % 65_521;
        [a, (b + a) % 65_521]
    };
    let [a, b] = bytes.iter().fold([1, 0], sum);
    stream.extend_from_slice(&(b << 16 | a).to_be_bytes());
    stream
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let bits = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        (0..8).fold(crc ^ u32::from(*byte), bits)
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn pictures_are_whole_all_different_and_found_by_what_they_show() {
        let mut seen = std::collections::BTreeSet::new();
        for (number, picture) in Picture::all().enumerate() {
            assert_eq!(picture.number(), number);
            let bytes = picture.png();
            assert!(bytes.len() < 24_000, "{}", bytes.len());
            let copy = formats::PhotoFormat::Png.stripped(&bytes).unwrap();
            assert_eq!(copy, bytes);
            assert!(seen.insert(bytes));
        }
        assert_eq!(seen.len(), Picture::COUNT);
        assert_eq!(Picture::of(9, 7, "?"), Picture { houses: 3, floors: 2, roof: 0 });
        // The check value of ISO 3309.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
