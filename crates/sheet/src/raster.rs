//! A page as PNG: outlines of glyphs and lines by tiny-skia, 8 bits a colour, without transparency.

use png::{BitDepth, ColorType, PixelDimensions, Unit};
use tiny_skia::{
    Color, FillRule, FilterQuality, LineCap, LineJoin, Paint, PathBuilder, Pixmap, PixmapPaint,
    Stroke as Pen, StrokeDash, Transform,
};
use ttf_parser::OutlineBuilder;

use crate::display::{Colour, Item, Page, Picture, Run, Shape};
use crate::font::{Font, Fonts};
use crate::image::{Image, ImageFault};
use crate::mosaic::packed;

/// Most pixels of a page: A3 at 400 dots an inch.
const MOST_PIXELS: f64 = 32e6;

/// Why a page is not drawn as an image.
#[derive(Debug, thiserror::Error)]
pub enum RasterFault {
    /// Too many pixels, or none.
    #[error("{dpi} dots an inch make no page image that can be drawn: ask for 36 to 400")]
    Resolution {
        /// What was asked for.
        dpi: f64,
    },
    /// An image on the page is broken.
    #[error(transparent)]
    Image(#[from] ImageFault),
    /// The writer's.
    #[error("the page cannot be written as PNG: {0}")]
    Write(#[from] png::EncodingError),
}

/// The page as a PNG file of so many dots an inch.
///
/// # Errors
/// When it had more pixels than one may have, or an image on it is broken.
pub fn png(page: &Page, fonts: &Fonts, dpi: f64) -> Result<Vec<u8>, RasterFault> {
    let pixmap = drawn(page, fonts, dpi)?;
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixmap.width(), pixmap.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let dots = (dpi / 0.0254).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions { xppu: dots, yppu: dots, unit: Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb(&pixmap))?;
    writer.finish()?;
    Ok(out)
}

/// The page as an image that is packed in little time: a tile of a map.
///
/// # Errors
/// As [`png()`].
pub fn picture(page: &Page, fonts: &Fonts, dpi: f64) -> Result<Image, RasterFault> {
    let pixmap = drawn(page, fonts, dpi)?;
    Ok(packed(&rgb(&pixmap), [pixmap.width() as usize, pixmap.height() as usize])?)
}

fn drawn(page: &Page, fonts: &Fonts, dpi: f64) -> Result<Pixmap, RasterFault> {
    let scale = dpi / 25.4;
    let [width, height] = page.size.map(|side| (side * scale).round());
    let is_good = (36.0..=400.0).contains(&dpi) && width * height <= MOST_PIXELS;
    let pixmap = if is_good { Pixmap::new(width as u32, height as u32) } else { None };
    let mut pixmap = pixmap.ok_or(RasterFault::Resolution { dpi })?;
    pixmap.fill(Color::WHITE);
    let to_pixels = Transform::from_scale(scale as f32, scale as f32);
    for item in &page.items {
        match item {
            Item::Shape(one) => shape(&mut pixmap, one, to_pixels),
            Item::Text(one) => text(&mut pixmap, one, fonts, to_pixels),
            Item::Picture(one) => put(&mut pixmap, one, to_pixels)?,
        }
    }
    Ok(pixmap)
}

/// Every pixel is opaque, so that premultiplied colours are the colours.
fn rgb(pixmap: &Pixmap) -> Vec<u8> {
    let mut rgb = vec![0; pixmap.data().len() / 4 * 3];
    for (to, from) in rgb.chunks_exact_mut(3).zip(pixmap.data().chunks_exact(4)) {
        to.copy_from_slice(&from[..3]);
    }
    rgb
}

fn paint(Colour(red, green, blue): Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint
}

fn shape(pixmap: &mut Pixmap, shape: &Shape, to_pixels: Transform) {
    let mut path = PathBuilder::new();
    for part in &shape.parts {
        for (at, [x, y]) in part.iter().enumerate() {
            match at {
                0 => path.move_to(*x as f32, *y as f32),
                _ => path.line_to(*x as f32, *y as f32),
            }
        }
        if shape.is_closed {
            path.close();
        }
    }
    let Some(path) = path.finish() else { return };
    if let Some(fill) = shape.fill.filter(|_| shape.is_closed) {
        pixmap.fill_path(&path, &paint(fill), FillRule::EvenOdd, to_pixels, None);
    }
    if let Some(stroke) = shape.stroke {
        let lengths = stroke.dash.lengths().iter().map(|one| *one as f32).collect();
        let pen = Pen {
            width: stroke.width as f32,
            line_cap: LineCap::Butt,
            line_join: LineJoin::Round,
            dash: StrokeDash::new(lengths, 0.0),
            ..Pen::default()
        };
        pixmap.stroke_path(&path, &paint(stroke.colour), &pen, to_pixels, None);
    }
}

/// A glyph's outline, scaled and shifted into a line of text.
#[derive(Debug)]
struct Outline {
    path: PathBuilder,
    shift: f32,
    scale: f32,
}

impl Outline {
    fn place(&self, x: f32, y: f32) -> (f32, f32) {
        (self.shift + x * self.scale, -y * self.scale)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) =
            (self.place(x1, y1), self.place(x2, y2), self.place(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

fn text(pixmap: &mut Pixmap, run: &Run, fonts: &Fonts, to_pixels: Transform) {
    let to_page = Transform::from_rotate((-run.angle.to_degrees()) as f32)
        .post_translate(run.at[0] as f32, run.at[1] as f32)
        .post_concat(to_pixels);
    let mut shift = 0.0;
    for (font, piece) in fonts.pieces(&run.text) {
        let font: &Font = &fonts.all()[font];
        let ids: Vec<u16> = piece.iter().map(|(_, glyph)| glyph.id).collect();
        let shifts: Vec<f64> = piece
            .iter()
            .map(|(_, glyph)| {
                let at = shift;
                shift += glyph.advance * run.size;
                at
            })
            .collect();
        let outlines = font.outlines(&ids, |at| Outline {
            path: PathBuilder::new(),
            shift: shifts[at] as f32,
            scale: (run.size / font.units) as f32,
        });
        for path in outlines.into_iter().filter_map(|outline| outline.path.finish()) {
            pixmap.fill_path(&path, &paint(run.colour), FillRule::Winding, to_page, None);
        }
    }
}

fn put(pixmap: &mut Pixmap, picture: &Picture, to_pixels: Transform) -> Result<(), ImageFault> {
    let [width, height] = picture.image.pixels();
    let rgb = picture.image.rgb()?;
    let Some(mut image) = Pixmap::new(width as u32, height as u32) else { return Ok(()) };
    for (pixel, rgb) in image.data_mut().chunks_exact_mut(4).zip(rgb.chunks_exact(3)) {
        pixel[..3].copy_from_slice(rgb);
        pixel[3] = 255;
    }
    let scale = |axis: usize, pixels: usize| (picture.size[axis] / pixels as f64) as f32;
    let place = Transform::from_scale(scale(0, width), scale(1, height))
        .post_translate(picture.at[0] as f32, picture.at[1] as f32)
        .post_concat(to_pixels);
    let paint = PixmapPaint { quality: FilterQuality::Bicubic, ..PixmapPaint::default() };
    pixmap.draw_pixmap(0, 0, image.as_ref(), &paint, place, None);
    Ok(())
}
