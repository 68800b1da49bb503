//! A cut of the ground out of tiles of images: put together, turned onto the plan's plane, packed as PNG.
//!
//! Pixels of the mosaic count from the upper left corner of its first tile, x to the right, y down; that of the
//! cut alike. A pixel's middle is half a pixel from its corner.
//!
//! *Invariant:* neither the mosaic nor the cut has more pixels than [`MOST_PIXELS`]; where a tile is missing
//! there is paper.

use png::{BitDepth, ColorType, Compression};

use crate::image::{Image, ImageFault, MOST_PIXELS};

/// What paper looks like.
const PAPER: u8 = 255;

/// A tile of a mosaic.
#[derive(Clone, Debug)]
pub struct MosaicTile {
    /// Column and row, from the mosaic's upper left tile.
    pub at: [usize; 2],
    /// What it shows: a square.
    pub image: Image,
}

/// Where a cut lies in a mosaic whose sides are measured in tiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MosaicCut {
    /// Columns and rows of the mosaic.
    pub tiles: [usize; 2],
    /// The upper left corner of the cut, in tiles.
    pub corner: [f64; 2],
    /// From there to the upper right corner, in tiles.
    pub across: [f64; 2],
    /// And to the lower left corner.
    pub down: [f64; 2],
}

/// The cut as an image of as many pixels as the tiles have there, each mixed of the four nearest.
///
/// # Errors
/// When a tile is broken, is no square, is of another size than the first one, or there are too many pixels.
pub fn mosaic(tiles: &[MosaicTile], cut: &MosaicCut) -> Result<Image, ImageFault> {
    let side = tiles.first().map_or(1, |tile| tile.image.pixels()[0]);
    let [columns, rows] = cut.tiles;
    let [width, height] = [columns * side, rows * side];
    check_size(width, height)?;
    let mut whole = vec![PAPER; width * height * 3];
    for tile in tiles {
        if tile.image.pixels() != [side, side] {
            let [width, height] = tile.image.pixels();
            let reason = format!("{width} by {height} pixels beside tiles of {side} by {side}");
            return Err(ImageFault::Broken { format: tile.image.media_type(), reason });
        }
        let [column, row] = tile.at;
        if column >= columns || row >= rows {
            continue;
        }
        for (line, pixels) in tile.image.rgb()?.chunks_exact(side * 3).enumerate() {
            let from = ((row * side + line) * width + column * side) * 3;
            whole[from..from + side * 3].copy_from_slice(pixels);
        }
    }
    let pixels = |vector: [f64; 2]| vector.map(|tiles| tiles * side as f64);
    let (corner, across, down) = (pixels(cut.corner), pixels(cut.across), pixels(cut.down));
    let long = |[x, y]: [f64; 2]| x.hypot(y).round().clamp(1.0, MOST_PIXELS as f64) as usize;
    let size = [long(across), long(down)];
    check_size(size[0], size[1])?;
    let mut rgb = Vec::with_capacity(size[0] * size[1] * 3);
    for y in 0..size[1] {
        let by = (y as f64 + 0.5) / size[1] as f64;
        for x in 0..size[0] {
            let along = (x as f64 + 0.5) / size[0] as f64;
            let at = [0, 1].map(|axis| corner[axis] + across[axis] * along + down[axis] * by);
            rgb.extend_from_slice(&mixed(&whole, [width, height], at));
        }
    }
    packed(&rgb, size)
}

fn check_size(width: usize, height: usize) -> Result<(), ImageFault> {
    match width.saturating_mul(height) <= MOST_PIXELS {
        true => Ok(()),
        false => Err(ImageFault::Large { width, height }),
    }
}

/// The colour at a place, mixed of the four pixels whose middles lie around it.
fn mixed(rgb: &[u8], [width, height]: [usize; 2], [x, y]: [f64; 2]) -> [u8; 3] {
    let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
    let (right_part, lower_part) = (x - 0.5 - left, y - 0.5 - top);
    let mut sum = [0.0; 3];
    for (row, part_y) in [(top, 1.0 - lower_part), (top + 1.0, lower_part)] {
        for (column, part_x) in [(left, 1.0 - right_part), (left + 1.0, right_part)] {
            // Beyond the border its own pixel goes on.
            let column = column.clamp(0.0, width as f64 - 1.0) as usize;
            let row = row.clamp(0.0, height as f64 - 1.0) as usize;
            let from = (row * width + column) * 3;
            for (sum, value) in sum.iter_mut().zip(&rgb[from..from + 3]) {
                *sum += f64::from(*value) * part_x * part_y;
            }
        }
    }
    sum.map(|value| value.round() as u8)
}

/// Pixels as a PNG that is made in little time.
pub(crate) fn packed(rgb: &[u8], [width, height]: [usize; 2]) -> Result<Image, ImageFault> {
    let mut bytes = Vec::with_capacity(rgb.len() / 4);
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let write = |encoder: png::Encoder<'_, &mut Vec<u8>>| {
        let mut writer = encoder.write_header()?;
        writer.write_image_data(rgb)?;
        writer.finish()
    };
    let broken = |fault: png::EncodingError| ImageFault::Broken {
        format: "image/png",
        reason: fault.to_string(),
    };
    write(encoder).map_err(broken)?;
    Image::new(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    /// A tile whose pixels tell where in the mosaic they are.
    fn tile(side: usize, at: [usize; 2]) -> MosaicTile {
        let pixel = |n: usize| {
            let (x, y) = (at[0] * side + n % side, at[1] * side + n / side);
            [(x * 4) as u8, (y * 4) as u8, 7]
        };
        let rgb: Vec<u8> = (0..side * side).flat_map(pixel).collect();
        MosaicTile { at, image: packed(&rgb, [side, side]).unwrap() }
    }

    fn tiles(side: usize) -> Vec<MosaicTile> {
        [[0, 0], [1, 0], [0, 1], [1, 1]].map(|at| tile(side, at)).to_vec()
    }

    fn cut(corner: [f64; 2], across: [f64; 2], down: [f64; 2]) -> MosaicCut {
        MosaicCut { tiles: [2, 2], corner, across, down }
    }

    #[test]
    fn a_cut_has_the_pixels_of_its_place_whichever_way_it_is_turned() {
        for (cut, size) in [
            (cut([0.0, 0.0], [2.0, 0.0], [0.0, 2.0]), [16, 16]),
            (cut([0.25, 0.5], [1.0, 0.0], [0.0, 0.75]), [8, 6]),
            (cut([0.5, 0.75], [0.9, -0.3], [0.3, 0.9]), [8, 8]),
            (cut([1.5, 0.5], [0.0, 1.0], [-1.0, 0.0]), [8, 8]),
        ] {
            let image = mosaic(&tiles(8), &cut).unwrap();
            assert_eq!(image.pixels(), size);
            for (n, found) in image.rgb().unwrap().chunks_exact(3).enumerate() {
                let part = [(n % size[0]) as f64, (n / size[0]) as f64];
                let [u, v] = [0, 1].map(|axis| (part[axis] + 0.5) / size[axis] as f64);
                for axis in [0, 1] {
                    let tiles = cut.corner[axis] + cut.across[axis] * u + cut.down[axis] * v;
                    let pixel = (tiles * 8.0 - 0.5).clamp(0.0, 15.0);
                    let off = (f64::from(found[axis]) - pixel * 4.0).abs();
                    assert!(off <= 0.5 + 1e-9, "{cut:?} pixel {n} is off by {off}");
                }
            }
        }
    }

    #[test]
    fn where_a_tile_is_missing_there_is_paper_and_what_does_not_fit_is_refused() {
        let whole = cut([0.0, 0.0], [2.0, 0.0], [0.0, 2.0]);
        let image = mosaic(&tiles(8)[..3], &whole).unwrap();
        let rgb = image.rgb().unwrap();
        assert_eq!(rgb[(15 * 16 + 15) * 3..], [PAPER; 3]);
        assert_eq!(rgb[..3], [0, 0, 7]);

        let mut odd = tiles(8);
        odd[2] = tile(4, [0, 1]);
        let said = mosaic(&odd, &whole).unwrap_err().to_string();
        assert!(said.contains("4 by 4 pixels beside tiles of 8 by 8"), "{said}");
        let wide = MosaicCut { tiles: [40_000, 1_000], ..whole };
        assert!(matches!(mosaic(&tiles(8), &wide), Err(ImageFault::Large { .. })));
        let far = MosaicCut { across: [1e9, 0.0], ..whole };
        assert!(matches!(mosaic(&tiles(8), &far), Err(ImageFault::Large { .. })));
    }
}
