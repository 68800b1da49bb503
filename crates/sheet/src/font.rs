//! The fonts that text is set with: the one shipped (Noto Sans SC, reduced), then those that a caller adds for
//! rare characters. Lengths are in ems.
//!
//! *Invariant:* a font that parsed once parses again: its bytes do not change.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use ttf_parser::{Face, GlyphId, OutlineBuilder};

const SHIPPED: &[u8] = include_bytes!("../../../data/fonts/NotoSansSC-sheet.ttf");
/// Largest font file that is read, in bytes: whole Chinese fonts have 10 to 30 MB.
const MOST_BYTES: usize = 64 << 20;
/// Most fonts at a time.
const MOST_FONTS: usize = 8;

/// Why a font is refused.
#[derive(Debug, thiserror::Error)]
pub enum FontFault {
    /// Not to be read.
    #[error("font {number} is none that can be read ({reason}): give a TrueType file (.ttf)")]
    Unreadable {
        /// Its place among the fonts, from 1.
        number: usize,
        /// What the parser says.
        reason: String,
    },
    /// Outlines that a PDF would need otherwise.
    #[error("font {number} has no TrueType outlines: convert it to a .ttf with glyf outlines")]
    Outlines {
        /// Its place among the fonts, from 1.
        number: usize,
    },
    /// Too much.
    #[error("{what} {found} is more than the {most} allowed: leave some out")]
    Excess {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        found: usize,
        /// How much may be.
        most: usize,
    },
}

/// A glyph of one of the fonts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Glyph {
    /// Which font.
    pub font: usize,
    /// Its number in the font.
    pub id: u16,
    /// How far the next glyph stands, in ems.
    pub advance: f64,
}

/// A font.
#[derive(Debug)]
pub struct Font {
    /// Its file.
    bytes: Cow<'static, [u8]>,
    glyphs: HashMap<char, (u16, f64)>,
    /// Units of an em.
    pub(crate) units: f64,
    /// Its PostScript name, or ours.
    pub(crate) name: String,
    /// Ascent, descent, height of capitals in ems.
    pub(crate) heights: [f64; 3],
    /// The box around all glyphs in ems.
    pub(crate) bounds: [f64; 4],
}

impl Font {
    fn read(bytes: Cow<'static, [u8]>, number: usize) -> Result<Self, FontFault> {
        if bytes.len() > MOST_BYTES {
            let (found, most) = (bytes.len(), MOST_BYTES);
            return Err(FontFault::Excess { what: "font size in bytes", found, most });
        }
        let face = Face::parse(&bytes, 0)
            .map_err(|fault| FontFault::Unreadable { number, reason: fault.to_string() })?;
        if face.tables().glyf.is_none() {
            return Err(FontFault::Outlines { number });
        }
        let units = f64::from(face.units_per_em());
        let mut glyphs = HashMap::new();
        for table in face.tables().cmap.iter().flat_map(|cmap| cmap.subtables) {
            if !table.is_unicode() {
                continue;
            }
            table.codepoints(|point| {
                let found = char::from_u32(point).zip(table.glyph_index(point));
                if let Some((character, id)) = found.filter(|(_, id)| id.0 != 0) {
                    let advance = f64::from(face.glyph_hor_advance(id).unwrap_or(0)) / units;
                    glyphs.entry(character).or_insert((id.0, advance));
                }
            });
        }
        let name = face
            .names()
            .into_iter()
            .filter(|name| name.name_id == ttf_parser::name_id::POST_SCRIPT_NAME)
            .find_map(|name| name.to_string())
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
            .unwrap_or_else(|| format!("Font{number}"));
        let height = |value: i16| f64::from(value) / units;
        let heights = [
            height(face.ascender()),
            height(face.descender()),
            height(face.capital_height().unwrap_or(face.ascender())),
        ];
        let bounds = face.global_bounding_box();
        let bounds = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(height);
        Ok(Self { glyphs, units, name, heights, bounds, bytes })
    }

    /// Ems that a character takes in this font.
    pub(crate) fn advance(&self, character: char) -> Option<f64> {
        self.glyphs.get(&character).map(|(_, advance)| *advance)
    }

    /// Its file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Draws glyphs into a builder, each after `at` has been told of it; in font units.
    pub(crate) fn outlines<B: OutlineBuilder>(
        &self,
        ids: &[u16],
        mut at: impl FnMut(usize) -> B,
    ) -> Vec<B> {
        let Ok(face) = Face::parse(&self.bytes, 0) else { return Vec::new() };
        let mut drawn = Vec::with_capacity(ids.len());
        for (place, id) in ids.iter().enumerate() {
            let mut builder = at(place);
            if face.outline_glyph(GlyphId(*id), &mut builder).is_some() {
                drawn.push(builder);
            }
        }
        drawn
    }
}

/// The fonts of a drawing, asked in order. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Fonts {
    fonts: Vec<Arc<Font>>,
}

impl Fonts {
    /// The font that is shipped: GB 2312, Latin and frequent characters of names. Read once.
    ///
    /// # Errors
    /// Never for the file that the program was built with.
    pub fn shipped() -> Result<Self, FontFault> {
        static READ: OnceLock<Arc<Font>> = OnceLock::new();
        let font = match READ.get() {
            Some(font) => Arc::clone(font),
            None => {
                let font = Arc::new(Font::read(Cow::Borrowed(SHIPPED), 1)?);
                Arc::clone(READ.get_or_init(|| font))
            }
        };
        Ok(Self { fonts: vec![font] })
    }

    /// With another font for characters that those before lack: the bytes of a TrueType file.
    ///
    /// # Errors
    /// When it cannot be read, has other outlines than TrueType, or is too much.
    pub fn with(mut self, bytes: Vec<u8>) -> Result<Self, FontFault> {
        let number = self.fonts.len() + 1;
        if number > MOST_FONTS {
            return Err(FontFault::Excess {
                what: "number of fonts",
                found: number,
                most: MOST_FONTS,
            });
        }
        self.fonts.push(Arc::new(Font::read(Cow::Owned(bytes), number)?));
        Ok(self)
    }

    /// The glyph of a character in the first font that has it.
    pub fn glyph(&self, character: char) -> Option<Glyph> {
        self.fonts.iter().enumerate().find_map(|(font, one)| {
            one.glyphs.get(&character).map(|(id, advance)| Glyph {
                font,
                id: *id,
                advance: *advance,
            })
        })
    }

    /// Width of a text in ems; a character that no font has takes one.
    pub fn ems(&self, text: &str) -> f64 {
        text.chars().map(|one| self.glyph(one).map_or(1.0, |glyph| glyph.advance)).sum()
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> &[Arc<Font>] {
        &self.fonts
    }

    /// The glyphs of a text, in pieces of one font each.
    pub(crate) fn pieces(&self, text: &str) -> Vec<(usize, Vec<(char, Glyph)>)> {
        let mut pieces: Vec<(usize, Vec<(char, Glyph)>)> = Vec::new();
        for (character, glyph) in text.chars().filter_map(|one| Some((one, self.glyph(one)?))) {
            match pieces.last_mut() {
                Some((font, piece)) if *font == glyph.font => piece.push((character, glyph)),
                _ => pieces.push((glyph.font, vec![(character, glyph)])),
            }
        }
        pieces
    }
}
