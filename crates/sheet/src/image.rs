//! Photographs and pictures: PNG and JPEG as they come, looked at before they are drawn.
//!
//! *Invariant:* no image has more pixels than [`MOST_PIXELS`], whatever its head says.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// Most pixels of an image.
pub const MOST_PIXELS: usize = 50_000_000;

/// Why an image is not drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageFault {
    /// Neither PNG nor JPEG.
    #[error("an image begins with none of the marks of PNG or JPEG: convert it to one of them")]
    Unknown,
    /// Broken within.
    #[error("a {format} image cannot be read ({reason}): save it anew")]
    Broken {
        /// PNG or JPEG.
        format: &'static str,
        /// What its reader says.
        reason: String,
    },
    /// Too large.
    #[error(
        "an image of {width} by {height} pixels is larger than {MOST_PIXELS} allow: scale it down"
    )]
    Large {
        /// Pixels from left to right.
        width: usize,
        /// Pixels from top to bottom.
        height: usize,
    },
}

/// How bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// PNG.
    Png,
    /// JPEG of so many components.
    Jpeg(u8),
}

/// An image whose head was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its file.
    pub(crate) bytes: Vec<u8>,
    pub(crate) packing: Packing,
    /// Width and height in pixels.
    pub(crate) pixels: [usize; 2],
}

impl Image {
    /// Takes the bytes of a PNG or JPEG file.
    ///
    /// # Errors
    /// When they are of neither, broken in their head, or of too many pixels.
    pub fn new(bytes: Vec<u8>) -> Result<Self, ImageFault> {
        let (packing, pixels) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            let reader = png_reader(&bytes)?;
            let (width, height) = reader.info().size();
            (Packing::Png, [width as usize, height as usize])
        } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            let mut decoder = JpegDecoder::new(ZCursor::new(&bytes[..]));
            decoder.decode_headers().map_err(broken_jpeg)?;
            let size = decoder.dimensions().unwrap_or_default();
            let components = decoder.input_colorspace().map_or(3, |space| space.num_components());
            (Packing::Jpeg(components as u8), [size.0, size.1])
        } else {
            return Err(ImageFault::Unknown);
        };
        let [width, height] = pixels;
        if width.saturating_mul(height) > MOST_PIXELS {
            return Err(ImageFault::Large { width, height });
        }
        Ok(Self { bytes, packing, pixels })
    }

    /// Width and height in pixels.
    pub fn pixels(&self) -> [usize; 2] {
        self.pixels
    }

    /// Its file, as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Red, green and blue of each pixel; what is transparent shows paper.
    ///
    /// # Errors
    /// When the bytes are broken.
    pub fn rgb(&self) -> Result<Vec<u8>, ImageFault> {
        let pixels = self.pixels[0] * self.pixels[1];
        let rgb = match self.packing {
            Packing::Png => png_rgb(&self.bytes)?,
            Packing::Jpeg(_) => {
                let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
                let cursor = ZCursor::new(&self.bytes[..]);
                JpegDecoder::new_with_options(cursor, options).decode().map_err(broken_jpeg)?
            }
        };
        if rgb.len() != pixels * 3 {
            let reason = format!("{} bytes for {pixels} pixels", rgb.len());
            return Err(ImageFault::Broken { format: self.media_type(), reason });
        }
        Ok(rgb)
    }

    /// The packed rows of a PNG that other programs unpack alike, and whether it is grey: 8 bits a colour, neither
    /// interlaced nor transparent nor with a palette.
    pub(crate) fn plain_png(&self) -> Option<(Vec<u8>, bool)> {
        const MARK: usize = 8;
        if self.packing != Packing::Png {
            return None;
        }
        let mut rows = Vec::with_capacity(self.bytes.len());
        let mut is_grey = None;
        let mut rest = self.bytes.get(MARK..)?;
        loop {
            let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize;
            let data = rest.get(8..8_usize.checked_add(length)?)?;
            match rest.get(4..8)? {
                b"IHDR" => {
                    is_grey = match data.get(8..13)? {
                        [8, 0, 0, 0, 0] => Some(true),
                        [8, 2, 0, 0, 0] => Some(false),
                        _ => return None,
                    };
                }
                b"tRNS" => return None,
                b"IDAT" => rows.extend_from_slice(data),
                b"IEND" => return Some((rows, is_grey?)),
                _ => {}
            }
            // Length, name, data, checksum.
            rest = rest.get(length + 12..)?;
        }
    }

    /// Its media type.
    pub(crate) fn media_type(&self) -> &'static str {
        match self.packing {
            Packing::Png => "image/png",
            Packing::Jpeg(_) => "image/jpeg",
        }
    }
}

fn broken_jpeg(fault: zune_jpeg::errors::DecodeErrors) -> ImageFault {
    ImageFault::Broken { format: "JPEG", reason: format!("{fault:?}") }
}

fn broken_png(fault: png::DecodingError) -> ImageFault {
    ImageFault::Broken { format: "PNG", reason: fault.to_string() }
}

fn png_reader(bytes: &[u8]) -> Result<png::Reader<std::io::Cursor<&[u8]>>, ImageFault> {
    let limits = png::Limits { bytes: MOST_PIXELS * 4 };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    decoder.read_info().map_err(broken_png)
}

fn png_rgb(bytes: &[u8]) -> Result<Vec<u8>, ImageFault> {
    let mut reader = png_reader(bytes)?;
    let size = reader.output_buffer_size().unwrap_or(0);
    if size > MOST_PIXELS * 4 {
        let (width, height) = reader.info().size();
        return Err(ImageFault::Large { width: width as usize, height: height as usize });
    }
    let mut buffer = vec![0; size];
    let info = reader.next_frame(&mut buffer).map_err(broken_png)?;
    buffer.truncate(info.buffer_size());
    let on_paper = |value: u8, alpha: u8| {
        ((u16::from(value) * u16::from(alpha) + 255 * (255 - u16::from(alpha))) / 255) as u8
    };
    Ok(match info.color_type {
        png::ColorType::Rgb => buffer,
        png::ColorType::Grayscale => buffer.iter().flat_map(|grey| [*grey; 3]).collect(),
        png::ColorType::GrayscaleAlpha => {
            buffer.chunks_exact(2).flat_map(|pixel| [on_paper(pixel[0], pixel[1]); 3]).collect()
        }
        png::ColorType::Rgba => buffer
            .chunks_exact(4)
            .flat_map(|pixel| [0, 1, 2].map(|at| on_paper(pixel[at], pixel[3])))
            .collect(),
        png::ColorType::Indexed => Vec::new(),
    })
}
