//! Pages that are filled from the top: tables whose rows go on over pages, images with captions, notes.
//!
//! *Invariant:* no text is cut: a row that is higher than a page goes on on the next.

use std::sync::Arc;

use crate::canvas::{Align, Canvas, LEADING, Look, SMALLEST};
use crate::display::{Colour, Page, Stroke, TextKind};
use crate::font::Fonts;
use crate::ground::Frame;
use crate::image::Image;

const HEADING: f64 = 3.6;
const PADDING: f64 = 1.0;
const NOTE: f64 = 2.4;
/// Height of the line with a page's number, below the frame.
const FOOT: f64 = 6.0;
const THIN: Stroke = Stroke::solid(Colour::BLACK, 0.15);

/// What all pages of a sheet share.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    /// Of the paper.
    pub size: [f64; 2],
    /// Left, top, right, bottom of the frame.
    pub frame: Frame,
    /// Of text in tables.
    pub text: f64,
    /// Over further pages.
    pub heading: String,
    /// Across each page.
    pub watermark: String,
}

/// A cell: its text, whether it is a label, and its part of the width.
pub(crate) type Cell<'t> = (&'t str, bool, f64);

/// Pages in the making.
#[derive(Debug)]
pub(crate) struct Flow<'f> {
    style: Style,
    fonts: &'f Fonts,
    done: Vec<Page>,
    /// The page that is drawn on.
    pub canvas: Canvas<'f>,
    /// Where the next thing goes: left, top, right, bottom.
    pub room: Frame,
}

impl<'f> Flow<'f> {
    pub(crate) fn new(style: Style, fonts: &'f Fonts) -> Self {
        let mut canvas = Canvas::new(style.size, fonts);
        watermark(&mut canvas, &style.watermark);
        let room = style.frame;
        Self { style, fonts, done: Vec::new(), canvas, room }
    }

    pub(crate) fn break_page(&mut self) {
        let mut next = Canvas::new(self.style.size, self.fonts);
        watermark(&mut next, &self.style.watermark);
        self.done.push(std::mem::replace(&mut self.canvas, next).page);
        self.room = self.style.frame;
        let [left, top, right, _] = self.room;
        let (size, lines) = self.canvas.fitted(&self.style.heading, [right - left, 12.0], HEADING);
        let end = self.canvas.lines(&lines, [left, top], Align::Left, Look::body(size));
        self.canvas
            .line(vec![[left, end + 0.5], [right, end + 0.5]], Stroke::solid(Colour::BLACK, 0.4));
        self.room[1] = end + 3.0;
    }

    /// How many pages there are.
    pub(crate) fn pages(&self) -> usize {
        self.done.len() + 1
    }

    /// Goes on on the next page unless so much room is left.
    pub(crate) fn need(&mut self, height: f64) {
        if self.room[1] + height > self.room[3] + 1e-9 && !self.is_fresh() {
            self.break_page();
        }
    }

    fn is_fresh(&self) -> bool {
        let full = self.style.frame[3] - self.style.frame[1];
        self.room[3] - self.room[1] > full - 20.0
    }

    fn width(&self) -> f64 {
        self.room[2] - self.room[0]
    }

    pub(crate) fn title(&mut self, text: &str, following: f64) {
        let lines = self.canvas.wrapped(text, self.width(), HEADING);
        let height = lines.len() as f64 * HEADING * LEADING;
        self.need(height + 1.0 + following);
        self.room[1] += 1.0;
        let [left, top, ..] = self.room;
        self.room[1] = self.canvas.lines(&lines, [left, top], Align::Left, Look::body(HEADING));
    }

    /// A table with heads; they stand again on each page.
    pub(crate) fn table(&mut self, title: &str, columns: &[(String, f64)], rows: &[Vec<String>]) {
        let total: f64 = columns.iter().map(|(_, share)| share.max(0.01)).sum();
        let share = |at: usize| columns.get(at).map_or(0.0, |(_, share)| share.max(0.01) / total);
        let heads: Vec<Cell<'_>> = columns
            .iter()
            .enumerate()
            .map(|(at, (name, _))| (name.as_str(), true, share(at)))
            .collect();
        let first = self.row_height(&heads) + 2.0 * self.style.text * LEADING;
        self.title(title, first);
        self.row(&heads, None);
        for row in rows {
            let cells: Vec<Cell<'_>> = (0..columns.len())
                .map(|at| (row.get(at).map_or("", String::as_str), false, share(at)))
                .collect();
            self.row(&cells, Some(&heads));
        }
        self.room[1] += 2.0;
    }

    /// Lines of each cell, and how high they are together.
    fn wrapped(&self, cells: &[Cell<'_>]) -> Vec<Vec<String>> {
        let width = self.width();
        let inside = |share: f64| (width * share - 2.0 * PADDING).max(self.style.text);
        cells
            .iter()
            .map(|(text, _, share)| self.canvas.wrapped(text, inside(*share), self.style.text))
            .collect()
    }

    pub(crate) fn row_height(&self, cells: &[Cell<'_>]) -> f64 {
        let most = self.wrapped(cells).iter().map(Vec::len).max().unwrap_or(0);
        most as f64 * self.style.text * LEADING + 2.0 * PADDING
    }

    /// A row of cells side by side; heads are repeated on a page that it begins.
    pub(crate) fn row(&mut self, cells: &[Cell<'_>], heads: Option<&[Cell<'_>]>) {
        let texts = self.wrapped(cells);
        let most = texts.iter().map(Vec::len).max().unwrap_or(0);
        let fitting = |flow: &Self| {
            let room = flow.room[3] - flow.room[1] - 2.0 * PADDING;
            (room / (flow.style.text * LEADING) + 1e-9).max(0.0) as usize
        };
        let mut from = 0;
        while from < most {
            // A short row moves on whole; a long one is broken where a few lines fit.
            if fitting(self) < (most - from).min(4) && !self.is_fresh() {
                self.break_page();
                if let Some(heads) = heads {
                    self.row(heads, None);
                }
            }
            let to = most.min(from + fitting(self).max(1));
            self.cells(cells, &texts, from..to);
            from = to;
        }
    }

    fn cells(&mut self, cells: &[Cell<'_>], texts: &[Vec<String>], shown: std::ops::Range<usize>) {
        let height = shown.len() as f64 * self.style.text * LEADING + 2.0 * PADDING;
        let (mut left, top, width) = (self.room[0], self.room[1], self.width());
        for ((_, is_label, share), lines) in cells.iter().zip(texts) {
            let wide = width * share;
            self.canvas.rectangle(
                [left, top, wide, height],
                is_label.then_some(Colour::PALE),
                Some(THIN),
            );
            let lines = &lines[shown.start.min(lines.len())..shown.end.min(lines.len())];
            self.canvas.lines(
                lines,
                [left + PADDING, top + PADDING],
                Align::Left,
                Look::body(self.style.text),
            );
            left += wide;
        }
        self.room[1] += height;
    }

    /// Small text over the whole width.
    pub(crate) fn note(&mut self, text: &str) {
        for line in self.canvas.wrapped(text, self.width(), NOTE) {
            self.need(NOTE * LEADING);
            let [left, top, ..] = self.room;
            self.room[1] = self.canvas.lines(&[line], [left, top], Align::Left, Look::body(NOTE));
        }
    }

    /// Images side by side, each in a box of this height, with what stands below it; their rectangles.
    pub(crate) fn images(
        &mut self,
        images: &[(&Arc<Image>, &str)],
        height: f64,
        columns: usize,
    ) -> Vec<Frame> {
        let columns = columns.max(1);
        let mut drawn = Vec::new();
        for row in images.chunks(columns) {
            let width = self.width() / columns as f64;
            let captions: Vec<Vec<String>> = row
                .iter()
                .map(|(_, text)| self.canvas.wrapped(text, width - 4.0, self.style.text))
                .collect();
            let most = captions.iter().map(Vec::len).max().unwrap_or(0);
            // A caption that no page holds keeps to the image's foot and goes on as a note.
            let lines = most.min(8);
            let below = lines as f64 * self.style.text * LEADING + 3.0;
            self.need(height + below);
            let [left, top, _, bottom] = self.room;
            let height = height.min(bottom - top - below).max(10.0);
            for (at, ((image, _), caption)) in row.iter().zip(&captions).enumerate() {
                let left = left + at as f64 * width;
                let [x, y, w, h] =
                    self.canvas.image(image, [left + 1.0, top + 1.0, width - 2.0, height - 2.0]);
                self.canvas.rectangle([x, y, w, h], None, Some(THIN));
                drawn.push([x, y, x + w, y + h]);
                let shown = &caption[..caption.len().min(lines)];
                let middle = [left + width / 2.0, top + height];
                self.canvas.lines(shown, middle, Align::Centre, Look::body(self.style.text));
            }
            self.room[1] = top + height + below;
            for caption in captions.iter().filter(|caption| caption.len() > lines) {
                self.note(&caption[lines..].concat());
            }
        }
        drawn
    }

    /// The pages, each with its number of how many.
    pub(crate) fn finish(mut self) -> Vec<Page> {
        self.done.push(self.canvas.page);
        let count = self.done.len();
        let [left, _, right, bottom] = self.style.frame;
        let watermark = &self.style.watermark;
        let small = (0.4 * (right - left) / self.fonts.ems(watermark).max(1.0)).min(2.2);
        for (at, page) in self.done.iter_mut().enumerate() {
            let empty = Page::new(page.size);
            let page_before = std::mem::replace(page, empty);
            let mut canvas = Canvas { page: page_before, fonts: self.fonts };
            let text = format!("第 {} 页　共 {count} 页", at + 1);
            canvas.text(&text, [right, bottom + FOOT * 0.75], Align::Right, Look::body(2.4));
            // What is filled hides the faint one.
            if small >= SMALLEST * 0.8 {
                canvas.text(
                    watermark,
                    [left, bottom + FOOT * 0.75],
                    Align::Left,
                    Look::body(small),
                );
            }
            *page = canvas.page;
        }
        self.done
    }
}

/// A faint text across a page, again and again from top to bottom, whole each time.
fn watermark(canvas: &mut Canvas<'_>, text: &str) {
    if text.is_empty() {
        return;
    }
    let [width, height] = canvas.page.size;
    let angle = 0.42_f64;
    let ems = canvas.fonts.ems(text).max(1.0);
    let size = (0.84 * width / angle.cos() / ems).min(width.min(height) / 24.0);
    let look = Look { size, colour: Colour::FAINT, angle, kind: TextKind::Watermark };
    // Half of what a line takes from top to bottom, and free paper.
    let half = ems * size / 2.0 * angle.sin() + size + 5.0;
    let times = ((height - 2.0 * half) / (3.2 * half).max(60.0)).max(0.0).floor() as usize + 1;
    for time in 0..=times {
        let part = time as f64 / times as f64;
        let middle = half + (height - 2.0 * half) * part;
        canvas.text(text, [width / 2.0, middle + size * 0.37], Align::Centre, look);
    }
}
