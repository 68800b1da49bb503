//! An atlas: cover, index maps and list of sheets before the sheets of many dossiers, as one PDF that is written
//! while dossiers come.
//!
//! *Invariant:* of a dossier that is written nothing is kept but its outline, names and page; the bytes depend on
//! the dossiers and their order, not on the threads.

use std::collections::BTreeSet;
use std::io::Write;

use rayon::prelude::*;

use crate::canvas::{Align, Canvas, Look};
use crate::display::Page;
use crate::dossier::{Area, Dossier, DossierFault, NamedLine, Orientation, Paper};
use crate::flow::{Flow, Style};
use crate::font::Fonts;
use crate::index_map;
use crate::pdf::{Bookmark, EncodedPage, Part, PdfFault, PdfWriter};

/// Dossiers drawn at a time, for each thread.
const BATCH: usize = 4;
const MARGIN: f64 = 15.0;

/// What stands before the sheets.
#[derive(Clone, Debug, Default)]
pub struct Atlas {
    /// 一户一档图集 …
    pub title: String,
    /// Below the title: village, codes, numbers.
    pub lines: Vec<String>,
    /// The CRS, as printed.
    pub crs: String,
    /// Streets and alleys of the index map, in metres of the sheets' CRS.
    pub streets: Vec<NamedLine>,
    /// Faintly across each page.
    pub watermark: String,
    /// Who made it.
    pub author: String,
    /// The day, as printed.
    pub date: String,
}

/// What became of an atlas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtlasSummary {
    /// Dossiers drawn.
    pub sheets: usize,
    /// Pages, with those before the sheets.
    pub pages: usize,
    /// Numbers of dossiers that could not be drawn, and why; the list of sheets names them.
    pub left_out: Vec<(String, String)>,
    /// Characters that no font has.
    pub missing: BTreeSet<char>,
}

/// Why an atlas is not written.
#[derive(Debug, thiserror::Error)]
pub enum AtlasFault<E> {
    /// No further dossier could be read.
    #[error("a dossier of the atlas cannot be read: {0}")]
    Source(E),
    /// The PDF.
    #[error(transparent)]
    Pdf(#[from] PdfFault),
}

/// What is kept of a dossier.
#[derive(Debug)]
pub(crate) struct Entry {
    pub sheet_number: String,
    pub number: String,
    pub name: String,
    pub areas: Vec<Area>,
    /// The printed number of its first page; none when it was not drawn.
    pub page: Option<usize>,
}

/// A dossier laid out, or why not.
enum Drawn {
    Pages(Entry, Vec<Page>),
    Fault(Entry, String),
}

/// Writes an atlas; dossiers are drawn a few at a time on rayon's threads while those before are written.
///
/// # Errors
/// When a dossier cannot be read, a font not be reduced, or nothing be written. A dossier that cannot be drawn is
/// left out and named.
pub fn atlas<W: Write + Send, E: Send>(
    out: W,
    atlas: &Atlas,
    (paper, orientation): (Paper, Orientation),
    fonts: &Fonts,
    dossiers: impl Iterator<Item = Result<Dossier, E>>,
) -> Result<(W, AtlasSummary), AtlasFault<E>> {
    let mut dossiers = dossiers;
    let mut writing = Writing {
        writer: PdfWriter::new(out, &atlas.title, fonts)?,
        entries: Vec::new(),
        summary: AtlasSummary::default(),
    };
    let mut next_page = 1;
    let mut waiting: Vec<(Entry, Result<Vec<EncodedPage>, String>)> = Vec::new();
    let batch = BATCH * rayon::current_num_threads();
    loop {
        let next: Vec<Dossier> =
            dossiers.by_ref().take(batch).collect::<Result<_, E>>().map_err(AtlasFault::Source)?;
        let is_last = next.len() < batch;
        let (drawn, written) = rayon::join(
            || draw(next, (paper, orientation), fonts, &mut next_page),
            || writing.take(std::mem::take(&mut waiting)),
        );
        written?;
        for (missing, entry, pages) in drawn {
            writing.summary.missing.extend(missing);
            waiting.push((entry, pages));
        }
        if is_last {
            break;
        }
    }
    writing.take(waiting)?;
    writing.front(atlas, (paper, orientation), fonts)?;
    let Writing { writer, summary, .. } = writing;
    Ok((writer.finish()?, summary))
}

struct Writing<W: Write> {
    writer: PdfWriter<W>,
    entries: Vec<Entry>,
    summary: AtlasSummary,
}

type Encoded = (BTreeSet<char>, Entry, Result<Vec<EncodedPage>, String>);

fn draw(
    dossiers: Vec<Dossier>,
    (paper, orientation): (Paper, Orientation),
    fonts: &Fonts,
    next_page: &mut usize,
) -> Vec<Encoded> {
    let laid_out: Vec<Drawn> = dossiers
        .into_par_iter()
        .map(|dossier| {
            let pages: Result<Vec<Page>, DossierFault> =
                crate::compose::pages(&dossier, paper, orientation, fonts);
            let Dossier { sheet_number, number, name, areas, .. } = dossier;
            let entry = Entry { sheet_number, number, name, areas, page: None };
            match pages {
                Ok(pages) => Drawn::Pages(entry, pages),
                // What has no position would break the index map.
                Err(fault) => Drawn::Fault(Entry { areas: Vec::new(), ..entry }, fault.to_string()),
            }
        })
        .collect();
    // Pages get their numbers in the order of the dossiers, whichever was laid out first.
    let mut numbered = Vec::with_capacity(laid_out.len());
    for one in laid_out {
        let first = *next_page;
        if let Drawn::Pages(_, pages) = &one {
            *next_page += pages.len();
        }
        numbered.push((first, one));
    }
    numbered
        .into_par_iter()
        .map(|(first, one)| match one {
            Drawn::Fault(entry, reason) => (BTreeSet::new(), entry, Err(reason)),
            Drawn::Pages(mut entry, pages) => {
                entry.page = Some(first);
                let missing = pages.iter().flat_map(|page| page.missing.clone()).collect();
                let encoded = pages
                    .into_iter()
                    .zip(first..)
                    .map(|(page, number)| {
                        EncodedPage::new(&with_number(page, number, fonts), fonts)
                    })
                    .collect::<Result<Vec<_>, _>>();
                (missing, entry, encoded.map_err(|fault| fault.to_string()))
            }
        })
        .collect()
}

/// Sets the page's number of the whole atlas at its foot.
fn with_number(page: Page, number: usize, fonts: &Fonts) -> Page {
    let [width, height] = page.size;
    let mut canvas = Canvas { page, fonts };
    canvas.text(
        &format!("— {number} —"),
        [width / 2.0, height - 8.0],
        Align::Centre,
        Look::body(2.8),
    );
    canvas.page
}

impl<W: Write> Writing<W> {
    fn take(
        &mut self,
        drawn: Vec<(Entry, Result<Vec<EncodedPage>, String>)>,
    ) -> Result<(), PdfFault> {
        for (mut entry, pages) in drawn {
            match pages {
                Ok(pages) => {
                    let title = [entry.sheet_number.as_str(), &entry.number, &entry.name].join(" ");
                    let mut bookmark = Some(Bookmark { title: title.trim().to_owned() });
                    for page in pages {
                        self.writer.add(page, Part::Body, bookmark.take())?;
                        self.summary.pages += 1;
                    }
                    self.summary.sheets += 1;
                }
                Err(reason) => {
                    entry.page = None;
                    self.summary.left_out.push((entry.number.clone(), reason));
                }
            }
            self.entries.push(entry);
        }
        Ok(())
    }

    /// Cover, index maps and list of sheets.
    fn front(
        &mut self,
        atlas: &Atlas,
        (paper, orientation): (Paper, Orientation),
        fonts: &Fonts,
    ) -> Result<(), PdfFault> {
        let size = paper.size(orientation != Orientation::Landscape);
        let frame = [MARGIN, MARGIN, size[0] - MARGIN, size[1] - MARGIN];
        let style = |heading: &str| Style {
            size,
            frame,
            text: 2.7,
            heading: format!("{}　{heading}", atlas.title),
            watermark: atlas.watermark.clone(),
        };
        let maps = index_map::pages(atlas, &self.entries, &style("索引图"), fonts);
        for (title, pages) in [
            ("封面", cover(atlas, style(""), self.summary.sheets, fonts)),
            ("索引图", maps),
            ("图幅目录", list(&self.entries, style("图幅目录（续）"), fonts)),
        ] {
            let mut bookmark = Some(Bookmark { title: title.to_owned() });
            for page in pages {
                self.summary.missing.extend(&page.missing);
                self.writer.add(EncodedPage::new(&page, fonts)?, Part::Front, bookmark.take())?;
                self.summary.pages += 1;
            }
        }
        Ok(())
    }
}

fn cover(atlas: &Atlas, style: Style, sheets: usize, fonts: &Fonts) -> Vec<Page> {
    let [left, top, right, bottom] = style.frame;
    let mut flow = Flow::new(style, fonts);
    let canvas = &mut flow.canvas;
    let thick = crate::display::Stroke::solid(crate::display::Colour::BLACK, 0.8);
    canvas.rectangle([left, top, right - left, bottom - top], None, Some(thick));
    let middle = f64::midpoint(left, right);
    let width = (right - left) * 0.86;
    let (size, lines) = canvas.fitted(&atlas.title, [width, 60.0], 13.0);
    let mut at = canvas.lines(
        &lines,
        [middle, top + (bottom - top) * 0.24],
        Align::Centre,
        Look::body(size),
    );
    at += 12.0;
    let mut texts = atlas.lines.clone();
    texts.push(format!("共 {sheets} 幅"));
    let (size, lines) =
        canvas.fitted(&texts.join("\n"), [width, (bottom - 40.0 - at).max(20.0)], 5.5);
    canvas.lines(&lines, [middle, at], Align::Centre, Look::body(size));
    let feet = [&atlas.author, &atlas.date];
    let feet =
        feet.map(String::as_str).into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>();
    let (size, lines) = canvas.fitted(&feet.join("\n"), [width, 18.0], 4.5);
    canvas.lines(&lines, [middle, bottom - 26.0], Align::Centre, Look::body(size));
    vec![flow.canvas.page]
}

fn list(entries: &[Entry], style: Style, fonts: &Fonts) -> Vec<Page> {
    let mut flow = Flow::new(style, fonts);
    let columns = [("图幅", 1.0), ("编号", 2.4), ("名称", 3.6), ("页", 0.7)];
    let columns: Vec<(String, f64)> =
        columns.into_iter().map(|(name, share)| (name.to_owned(), share)).collect();
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let page = entry.page.map_or("未绘".to_owned(), |page| page.to_string());
            vec![entry.sheet_number.clone(), entry.number.clone(), entry.name.clone(), page]
        })
        .collect();
    flow.table("图幅目录", &columns, &rows);
    flow.finish()
}
