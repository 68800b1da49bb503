//! A page as content of a PDF: operators, packed; the images and glyphs that it needs.

use std::fmt::Write;

use pdf_writer::types::Predictor;
use pdf_writer::{Chunk, Filter, Finish, Ref};

use super::{PdfFault, Used, deflated};
use crate::display::{Colour, Item, Page, Picture, Run, Shape};
use crate::font::Fonts;
use crate::image::{Image, Packing};

/// Points of a millimetre.
const POINTS: f64 = 72.0 / 25.4;

/// A page that only needs to be written. Pages are encoded apart from each other, on as many threads as there are.
#[derive(Debug)]
pub struct EncodedPage {
    pub(super) size: [f32; 2],
    pub(super) content: Vec<u8>,
    pub(super) images: Vec<EncodedImage>,
    pub(super) used: Used,
}

#[derive(Debug)]
pub(super) struct EncodedImage {
    pixels: [usize; 2],
    bytes: Vec<u8>,
    packed: Packed,
    is_grey: bool,
}

/// How an image's pixels are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packed {
    /// As JPEG does.
    Dct,
    /// Deflated rows, each filtered as PNG does.
    PngRows,
    /// Deflated rows.
    Rows,
}

pub(super) fn font_name(face: usize) -> String {
    format!("F{face}")
}

pub(super) fn image_name(number: usize) -> String {
    format!("I{number}")
}

impl EncodedPage {
    /// Encodes a page that was set with these fonts.
    ///
    /// # Errors
    /// When an image is broken.
    pub fn new(page: &Page, fonts: &Fonts) -> Result<Self, PdfFault> {
        let mut encoder = Encoder {
            out: String::new(),
            height: page.size[1],
            fonts,
            used: Used::new(),
            images: Vec::new(),
        };
        for item in &page.items {
            match item {
                Item::Shape(one) => encoder.shape(one),
                Item::Text(one) => encoder.text(one),
                Item::Picture(one) => encoder.picture(one)?,
            }
        }
        Ok(Self {
            size: page.size.map(|side| (side * POINTS) as f32),
            content: deflated(encoder.out.as_bytes()),
            images: encoder.images,
            used: encoder.used,
        })
    }
}

struct Encoder<'f> {
    out: String,
    height: f64,
    fonts: &'f Fonts,
    used: Used,
    images: Vec<EncodedImage>,
}

fn components(Colour(red, green, blue): Colour) -> String {
    let part = |value: u8| f64::from(value) / 255.0;
    format!("{:.3} {:.3} {:.3}", part(red), part(green), part(blue))
}

impl Encoder<'_> {
    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [x * POINTS, (self.height - y) * POINTS]
    }

    fn shape(&mut self, shape: &Shape) {
        let fill = shape.fill.filter(|_| shape.is_closed);
        if let Some(fill) = fill {
            let _ = writeln!(self.out, "{} rg", components(fill));
        }
        if let Some(stroke) = shape.stroke {
            let lengths: Vec<String> =
                stroke.dash.lengths().iter().map(|one| format!("{:.3}", one * POINTS)).collect();
            let _ = writeln!(
                self.out,
                "{} RG {:.3} w [{}] 0 d 1 j",
                components(stroke.colour),
                stroke.width * POINTS,
                lengths.join(" ")
            );
        }
        for part in &shape.parts {
            for (at, place) in part.iter().enumerate() {
                let [x, y] = self.place(*place);
                let _ = writeln!(self.out, "{x:.3} {y:.3} {}", if at == 0 { "m" } else { "l" });
            }
            if shape.is_closed {
                self.out.push_str("h\n");
            }
        }
        self.out.push_str(match (fill.is_some(), shape.stroke.is_some()) {
            (true, true) => "B*\n",
            (true, false) => "f*\n",
            (false, true) => "S\n",
            (false, false) => "n\n",
        });
    }

    fn text(&mut self, run: &Run) {
        let [x, y] = self.place(run.at);
        let (sin, cos) = run.angle.sin_cos();
        let _ = writeln!(
            self.out,
            "BT {} rg {cos:.5} {sin:.5} {:.5} {cos:.5} {x:.3} {y:.3} Tm",
            components(run.colour),
            -sin
        );
        for (face, piece) in self.fonts.pieces(&run.text) {
            let _ = write!(self.out, "/{} {:.3} Tf <", font_name(face), run.size * POINTS);
            for (character, glyph) in piece {
                let _ = write!(self.out, "{:04X}", glyph.id);
                self.used.entry((face, glyph.id)).or_insert(character);
            }
            self.out.push_str("> Tj\n");
        }
        self.out.push_str("ET\n");
    }

    fn picture(&mut self, picture: &Picture) -> Result<(), PdfFault> {
        let [x, y] = self.place([picture.at[0], picture.at[1] + picture.size[1]]);
        let [width, height] = picture.size.map(|side| side * POINTS);
        let name = image_name(self.images.len());
        let _ = writeln!(self.out, "q {width:.3} 0 0 {height:.3} {x:.3} {y:.3} cm /{name} Do Q");
        self.images.push(EncodedImage::new(&picture.image)?);
        Ok(())
    }
}

impl EncodedImage {
    /// A JPEG of grey or three colours and a plain PNG as they are packed; others by their pixels.
    fn new(image: &Image) -> Result<Self, PdfFault> {
        let pixels = image.pixels;
        if let Packing::Jpeg(parts @ (1 | 3)) = image.packing {
            let (bytes, packed) = (image.bytes.clone(), Packed::Dct);
            return Ok(Self { pixels, bytes, packed, is_grey: parts == 1 });
        }
        if let Some((bytes, is_grey)) = image.plain_png() {
            return Ok(Self { pixels, bytes, packed: Packed::PngRows, is_grey });
        }
        Ok(Self { pixels, bytes: deflated(&image.rgb()?), packed: Packed::Rows, is_grey: false })
    }

    pub(super) fn write(&self, chunk: &mut Chunk, id: Ref) {
        let mut object = chunk.image_xobject(id, &self.bytes);
        object.filter(match self.packed {
            Packed::Dct => Filter::DctDecode,
            Packed::PngRows | Packed::Rows => Filter::FlateDecode,
        });
        if self.packed == Packed::PngRows {
            let mut parameters = object.decode_parms();
            parameters.predictor(Predictor::PngOptimum).columns(self.pixels[0] as i32);
            parameters.colors(if self.is_grey { 1 } else { 3 });
        }
        object.width(self.pixels[0] as i32).height(self.pixels[1] as i32);
        object.bits_per_component(8);
        match self.is_grey {
            true => object.color_space().device_gray(),
            false => object.color_space().device_rgb(),
        }
        object.finish();
    }
}
