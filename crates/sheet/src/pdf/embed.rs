//! Fonts in a PDF: the glyphs used, their widths, and which character each is.

use std::io::Write;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Rect, Ref, Str};
use subsetter::GlyphRemapper;

use super::{PdfFault, PdfWriter, deflated};
use crate::font::Font;

const SYSTEM: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Writes a font as the object `id`; nothing when no page used it.
pub(super) fn font<W: Write>(
    writer: &mut PdfWriter<W>,
    face: usize,
    id: Ref,
) -> Result<(), PdfFault> {
    let font = std::sync::Arc::clone(&writer.fonts.all()[face]);
    let used: Vec<(u16, char)> = writer
        .used
        .range((face, 0)..=(face, u16::MAX))
        .map(|((_, glyph), character)| (*glyph, *character))
        .collect();
    let Some((most, _)) = used.last().copied() else { return Ok(()) };
    let mut remapper = GlyphRemapper::new();
    let mut map = vec![0_u8; (usize::from(most) + 1) * 2];
    for (glyph, _) in &used {
        let at = usize::from(*glyph) * 2;
        map[at..at + 2].copy_from_slice(&remapper.remap(*glyph).to_be_bytes());
    }
    let reduced = subsetter::subset(font.bytes(), 0, &remapper)
        .map_err(|fault| PdfFault::Font { name: font.name.clone(), reason: fault.to_string() })?;
    let name = format!("{}+{}", tag(&used), font.name);
    let base = Name(name.as_bytes());
    let [descendant, descriptor, file, mapping, unicode] = std::array::from_fn(|_| writer.fresh());
    writer.object(id, |chunk| {
        let mut whole = chunk.type0_font(id);
        whole.base_font(base).encoding_predefined(Name(b"Identity-H"));
        whole.descendant_font(descendant).to_unicode(unicode);
    })?;
    writer.object(descendant, |chunk| {
        let mut cid = chunk.cid_font(descendant);
        cid.subtype(CidFontType::Type2).base_font(base).system_info(SYSTEM);
        cid.font_descriptor(descriptor).default_width(1000.0).cid_to_gid_map_stream(mapping);
        widths(&mut cid, &font, &used);
    })?;
    let [ascent, descent, capitals] = font.heights.map(|height| (height * 1000.0) as f32);
    let [left, bottom, right, top] = font.bounds.map(|side| (side * 1000.0) as f32);
    writer.object(descriptor, |chunk| {
        let mut described = chunk.font_descriptor(descriptor);
        described.name(base).flags(FontFlags::SYMBOLIC).italic_angle(0.0);
        described.bbox(Rect::new(left, bottom, right, top));
        described.ascent(ascent).descent(descent).cap_height(capitals).stem_v(80.0);
        described.font_file2(file);
    })?;
    let packed = deflated(&reduced);
    writer.object(file, |chunk| {
        let mut stream = chunk.stream(file, &packed);
        stream.filter(Filter::FlateDecode).pair(Name(b"Length1"), reduced.len() as i32);
    })?;
    let packed = deflated(&map);
    writer.object(mapping, |chunk| {
        chunk.stream(mapping, &packed).filter(Filter::FlateDecode);
    })?;
    let mut characters = UnicodeCmap::<u16>::new(Name(b"Tuban-Unicode"), SYSTEM);
    used.iter().for_each(|(glyph, character)| characters.pair(*glyph, *character));
    let packed = deflated(characters.finish().as_slice());
    writer.object(unicode, |chunk| {
        chunk.cmap(unicode, &packed).filter(Filter::FlateDecode);
    })
}

/// Widths of the glyphs used that are not an em wide, in runs.
fn widths(cid: &mut pdf_writer::writers::CidFont<'_>, font: &Font, used: &[(u16, char)]) {
    let mut widths = cid.widths();
    let advances: Vec<(u16, f32)> = used
        .iter()
        .filter_map(|(glyph, character)| {
            let width = (font.advance(*character)? * 1000.0) as f32;
            ((width - 1000.0).abs() > 0.5).then_some((*glyph, width))
        })
        .collect();
    for run in advances.chunk_by(|a, b| b.0 == a.0 + 1) {
        widths.consecutive(run[0].0, run.iter().map(|(_, width)| *width));
    }
    widths.finish();
}

/// Six letters that tell one reduced font from another (ISO 32000-1 9.6.4), from the glyphs that it has.
fn tag(used: &[(u16, char)]) -> String {
    // FNV-1a.
    let mut hash = used.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, (glyph, _)| {
        (hash ^ u64::from(*glyph)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (0..6)
        .map(|_| {
            let letter = b'A' + (hash % 26) as u8;
            hash /= 26;
            char::from(letter)
        })
        .collect()
}
