//! PDF 1.7 (ISO 32000-1) as a stream: pages are written as they come, fonts (only the glyphs used, with their
//! characters, so that text can be selected and searched) and bookmarks at the end.
//!
//! Glyphs keep the numbers of their whole font on pages; a map at the end leads to those of the reduced one, so
//! that pages are encoded before anybody knows which glyphs others need. *Invariant:* kept in memory are
//! positions of objects, bookmarks and glyphs used, never pages.

mod embed;
mod encode;

use std::collections::BTreeMap;
use std::io::Write;

use pdf_writer::{Chunk, Finish, Name, Rect, Ref, TextStr};

use crate::display::Page;
use crate::font::Fonts;
use crate::image::ImageFault;

pub use encode::EncodedPage;

/// Pages of a node of the page tree.
const BRANCH: usize = 64;

/// Why a PDF is not written.
#[derive(Debug, thiserror::Error)]
pub enum PdfFault {
    /// An image on a page is broken.
    #[error(transparent)]
    Image(#[from] ImageFault),
    /// The glyphs used could not be taken out of their font.
    #[error("font {name} cannot be reduced to the glyphs used ({reason}): give another file of it")]
    Font {
        /// Of the font.
        name: String,
        /// What the reducer says.
        reason: String,
    },
    /// Nowhere to write to.
    #[error("the PDF cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Where in a file pages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Before all others, though it may be written last: contents, index maps.
    Front,
    /// In the order of writing.
    Body,
}

/// A line of the outline that a reader's program shows beside the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bookmark {
    /// What it says.
    pub title: String,
}

/// Characters by font and glyph.
pub(crate) type Used = BTreeMap<(usize, u16), char>;

#[derive(Debug, Default)]
struct Branches {
    nodes: Vec<(Ref, Vec<Ref>)>,
    bookmarks: Vec<(String, Ref)>,
}

/// Writes a PDF page by page.
#[derive(Debug)]
pub struct PdfWriter<W: Write> {
    out: W,
    at: u64,
    /// Where each object begins, by its number less one; 0 for one that was not written.
    offsets: Vec<u64>,
    fonts: Fonts,
    font_refs: Vec<Ref>,
    used: Used,
    root: Ref,
    title: String,
    front: Branches,
    body: Branches,
}

impl<W: Write> PdfWriter<W> {
    /// Begins a file with this title.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn new(out: W, title: &str, fonts: &Fonts) -> Result<Self, PdfFault> {
        let mut writer = Self {
            out,
            at: 0,
            offsets: Vec::new(),
            fonts: fonts.clone(),
            font_refs: Vec::new(),
            used: Used::new(),
            root: Ref::new(1),
            title: title.to_owned(),
            front: Branches::default(),
            body: Branches::default(),
        };
        writer.root = writer.fresh();
        writer.font_refs = fonts.all().iter().map(|_| writer.fresh()).collect();
        writer.bytes(b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")?;
        Ok(writer)
    }

    fn fresh(&mut self) -> Ref {
        self.offsets.push(0);
        Ref::new(self.offsets.len() as i32)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), PdfFault> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Writes one object.
    fn object(&mut self, id: Ref, draw: impl FnOnce(&mut Chunk)) -> Result<(), PdfFault> {
        let mut chunk = Chunk::new();
        draw(&mut chunk);
        if let Some(offset) = self.offsets.get_mut(id.get() as usize - 1) {
            *offset = self.at;
        }
        self.bytes(chunk.as_bytes())
    }

    /// Writes a page, with a bookmark to it or without.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn add(
        &mut self,
        page: EncodedPage,
        part: Part,
        bookmark: Option<Bookmark>,
    ) -> Result<(), PdfFault> {
        let (id, content) = (self.fresh(), self.fresh());
        let images: Vec<Ref> = page.images.iter().map(|_| self.fresh()).collect();
        let is_full = |branches: &Branches| {
            branches.nodes.last().is_none_or(|(_, kids)| kids.len() >= BRANCH)
        };
        let is_new = match part {
            Part::Front => is_full(&self.front),
            Part::Body => is_full(&self.body),
        };
        let node = is_new.then(|| self.fresh());
        let branches = match part {
            Part::Front => &mut self.front,
            Part::Body => &mut self.body,
        };
        branches.nodes.extend(node.map(|node| (node, Vec::new())));
        branches.bookmarks.extend(bookmark.map(|bookmark| (bookmark.title, id)));
        let parent = branches.nodes.last_mut().map(|(node, kids)| {
            kids.push(id);
            *node
        });
        self.object(content, |chunk| {
            chunk.stream(content, &page.content).filter(pdf_writer::Filter::FlateDecode);
        })?;
        for (image, id) in page.images.iter().zip(&images) {
            self.object(*id, |chunk| image.write(chunk, *id))?;
        }
        let faces: Vec<usize> = {
            let mut faces: Vec<usize> = page.used.keys().map(|(font, _)| *font).collect();
            faces.dedup();
            faces
        };
        let faces: Vec<(usize, Ref)> =
            faces.into_iter().filter_map(|face| Some((face, *self.font_refs.get(face)?))).collect();
        self.object(id, |chunk| {
            let mut drawn = chunk.page(id);
            let [width, height] = page.size;
            drawn.media_box(Rect::new(0.0, 0.0, width, height)).contents(content);
            if let Some(parent) = parent {
                drawn.parent(parent);
            }
            let mut resources = drawn.resources();
            let mut fonts = resources.fonts();
            for (face, id) in &faces {
                fonts.pair(Name(encode::font_name(*face).as_bytes()), *id);
            }
            fonts.finish();
            let mut objects = resources.x_objects();
            for (number, id) in images.iter().enumerate() {
                objects.pair(Name(encode::image_name(number).as_bytes()), *id);
            }
        })?;
        for (glyph, character) in page.used {
            self.used.entry(glyph).or_insert(character);
        }
        Ok(())
    }

    /// Writes what all pages share, and the end.
    ///
    /// # Errors
    /// When a font cannot be reduced, or nothing can be written.
    pub fn finish(mut self) -> Result<W, PdfFault> {
        for (face, id) in self.font_refs.clone().into_iter().enumerate() {
            embed::font(&mut self, face, id)?;
        }
        let (front, body) = (std::mem::take(&mut self.front), std::mem::take(&mut self.body));
        let nodes: Vec<(Ref, Vec<Ref>)> = front.nodes.into_iter().chain(body.nodes).collect();
        let root = self.root;
        for (node, kids) in &nodes {
            self.object(*node, |chunk| {
                let mut pages = chunk.pages(*node);
                pages.parent(root).kids(kids.iter().copied()).count(kids.len() as i32);
            })?;
        }
        let count: usize = nodes.iter().map(|(_, kids)| kids.len()).sum();
        self.object(root, |chunk| {
            chunk.pages(root).kids(nodes.iter().map(|(node, _)| *node)).count(count as i32);
        })?;
        let bookmarks: Vec<(String, Ref)> =
            front.bookmarks.into_iter().chain(body.bookmarks).collect();
        let outline = self.outline(&bookmarks)?;
        let (catalog, info) = (self.fresh(), self.fresh());
        self.object(catalog, |chunk| {
            let mut dictionary = chunk.indirect(catalog).dict();
            dictionary.pair(Name(b"Type"), Name(b"Catalog")).pair(Name(b"Pages"), root);
            dictionary.pair(Name(b"Lang"), TextStr("zh-CN"));
            if let Some(outline) = outline {
                dictionary
                    .pair(Name(b"Outlines"), outline)
                    .pair(Name(b"PageMode"), Name(b"UseOutlines"));
            }
        })?;
        let title = std::mem::take(&mut self.title);
        self.object(info, |chunk| {
            let mut dictionary = chunk.indirect(info).dict();
            dictionary
                .pair(Name(b"Title"), TextStr(&title))
                .pair(Name(b"Producer"), TextStr("Tuban"));
        })?;
        self.end(catalog, info)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn outline(&mut self, bookmarks: &[(String, Ref)]) -> Result<Option<Ref>, PdfFault> {
        if bookmarks.is_empty() {
            return Ok(None);
        }
        let root = self.fresh();
        let ids: Vec<Ref> = bookmarks.iter().map(|_| self.fresh()).collect();
        for (at, (title, page)) in bookmarks.iter().enumerate() {
            self.object(ids[at], |chunk| {
                let mut item = chunk.outline_item(ids[at]);
                item.title(TextStr(title)).parent(root);
                if let Some(before) = at.checked_sub(1) {
                    item.prev(ids[before]);
                }
                if let Some(next) = ids.get(at + 1) {
                    item.next(*next);
                }
                item.dest().page(*page).fit();
            })?;
        }
        self.object(root, |chunk| {
            let mut outline = chunk.outline(root);
            outline.first(ids[0]).last(ids[ids.len() - 1]).count(ids.len() as i32);
        })?;
        Ok(Some(root))
    }

    /// The table of objects and the trailer.
    fn end(&mut self, catalog: Ref, info: Ref) -> Result<(), PdfFault> {
        let begin = self.at;
        let mut table = format!("xref\n0 {}\n0000000000 65535 f\r\n", self.offsets.len() + 1);
        for offset in &self.offsets {
            match offset {
                0 => table.push_str("0000000000 65535 f\r\n"),
                offset => table.push_str(&format!("{offset:010} 00000 n\r\n")),
            }
        }
        let size = self.offsets.len() + 1;
        table.push_str(&format!(
            "trailer\n<< /Size {size} /Root {} 0 R /Info {} 0 R >>\nstartxref\n{begin}\n%%EOF\n",
            catalog.get(),
            info.get()
        ));
        self.bytes(table.as_bytes())
    }
}

/// Pages as one PDF with a title.
///
/// # Errors
/// When an image is broken or a font cannot be reduced.
pub fn pdf(pages: &[Page], title: &str, fonts: &Fonts) -> Result<Vec<u8>, PdfFault> {
    let mut writer = PdfWriter::new(Vec::new(), title, fonts)?;
    for page in pages {
        writer.add(EncodedPage::new(page, fonts)?, Part::Body, None)?;
    }
    writer.finish()
}

/// Bytes in zlib's wrapping.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut packed = vec![0; compressor.zlib_compress_bound(bytes.len())];
    // The bound is enough for any bytes.
    let size = compressor.zlib_compress(bytes, &mut packed).unwrap_or(0);
    packed.truncate(size);
    packed
}
