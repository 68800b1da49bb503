//! Draws on a page: text set, wrapped or shrunk to a width, rules, areas and images. Millimetres.

use std::sync::Arc;

use crate::display::{ASCENT, Colour, DESCENT, Item, Page, Picture, Run, Shape, Stroke, TextKind};
use crate::font::Fonts;
use crate::image::Image;

/// Height of a line of text as a multiple of its size.
pub(crate) const LEADING: f64 = 1.4;
/// The smallest text that people read on paper, in millimetres.
pub(crate) const SMALLEST: f64 = 1.7;

/// Where a text stands to its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Centre,
    Right,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub size: f64,
    pub colour: Colour,
    pub angle: f64,
    pub kind: TextKind,
}

impl Look {
    pub(crate) const fn body(size: f64) -> Self {
        Self { size, colour: Colour::BLACK, angle: 0.0, kind: TextKind::Body }
    }
}

/// A page that is drawn on, with the fonts for it.
#[derive(Debug)]
pub(crate) struct Canvas<'f> {
    pub page: Page,
    pub fonts: &'f Fonts,
}

impl<'f> Canvas<'f> {
    pub(crate) fn new(size: [f64; 2], fonts: &'f Fonts) -> Self {
        Self { page: Page::new(size), fonts }
    }

    pub(crate) fn width(&self, text: &str, size: f64) -> f64 {
        self.fonts.ems(text) * size
    }

    /// Sets one line of text; characters that no font has become boxes with their code points.
    pub(crate) fn text(&mut self, text: &str, at: [f64; 2], align: Align, look: Look) {
        let text = printable(text);
        let width = self.width(&text, look.size);
        let back = match align {
            Align::Left => 0.0,
            Align::Centre => width / 2.0,
            Align::Right => width,
        };
        let (sin, cos) = look.angle.sin_cos();
        let mut at = [at[0] - cos * back, at[1] + sin * back];
        let mut rest = String::new();
        for character in text.chars() {
            if self.fonts.glyph(character).is_some() {
                rest.push(character);
                continue;
            }
            let run = self.run(std::mem::take(&mut rest), &mut at, look);
            self.page.items.extend(run.map(Item::Text));
            self.missing(character, &mut at, look);
        }
        let run = self.run(rest, &mut at, look);
        self.page.items.extend(run.map(Item::Text));
    }

    fn run(&self, text: String, at: &mut [f64; 2], look: Look) -> Option<Run> {
        if text.trim().is_empty() {
            *at = moved(*at, look.angle, [self.width(&text, look.size), 0.0]);
            return None;
        }
        let Look { size, colour, angle, kind } = look;
        let width = self.width(&text, size);
        let run = Run { at: *at, angle, size, width, text, colour, kind };
        *at = moved(*at, angle, [width, 0.0]);
        Some(run)
    }

    /// An em wide box with the code point in two rows.
    fn missing(&mut self, character: char, at: &mut [f64; 2], look: Look) {
        self.page.missing.insert(character);
        let size = look.size;
        let corner = |x: f64, y: f64| moved(*at, look.angle, [x * size, y * size]);
        let ring =
            vec![corner(0.06, -0.1), corner(0.94, -0.1), corner(0.94, 0.84), corner(0.06, 0.84)];
        let stroke = Stroke::solid(look.colour, size * 0.04);
        self.page.items.push(Item::Shape(Shape {
            parts: vec![ring],
            is_closed: true,
            fill: None,
            stroke: Some(stroke),
        }));
        let code = format!("{:04X}", character as u32);
        let (upper, lower) = code.split_at(code.len() / 2);
        for (part, base) in [(upper, 0.42), (lower, -0.02)] {
            let small = 0.8 / self.fonts.ems(part).max(2.0);
            let inset = (1.0 - self.fonts.ems(part) * small) / 2.0;
            let mut from = corner(inset, base);
            let look = Look { size: size * small, ..look };
            let run = self.run(part.to_owned(), &mut from, look);
            self.page.items.extend(run.map(Item::Text));
        }
        *at = moved(*at, look.angle, [size, 0.0]);
    }

    /// The size, at most `look.size`, at which a text fits, and the lines that it takes: first it is broken into
    /// lines, then shrunk. Lines beyond what the smallest size leaves room for are there too: none is cut.
    pub(crate) fn fitted(
        &self,
        text: &str,
        [width, height]: [f64; 2],
        largest: f64,
    ) -> (f64, Vec<String>) {
        let mut size = largest;
        loop {
            let lines = self.wrapped(text, width, size);
            if lines.len() as f64 * size * LEADING <= height + 1e-9 || size <= SMALLEST {
                return (size, lines);
            }
            size = (size * 0.92).max(SMALLEST);
        }
    }

    /// The lines of a text that are at most so wide. Words and numbers stay whole where they fit.
    pub(crate) fn wrapped(&self, text: &str, width: f64, size: f64) -> Vec<String> {
        let mut lines = Vec::new();
        for part in text.split('\n') {
            let part = printable(part);
            let (mut line, mut filled) = (String::new(), 0.0);
            for word in words(&part) {
                let wide = self.width(word, size);
                if filled + wide <= width + 1e-9 {
                    line.push_str(word);
                    filled += wide;
                    continue;
                }
                if !line.is_empty() && wide <= width {
                    lines.push(std::mem::take(&mut line).trim_end().to_owned());
                    line.push_str(word.trim_start());
                    filled = self.width(&line, size);
                    continue;
                }
                for character in word.chars() {
                    let wide = self.width(character.encode_utf8(&mut [0; 4]), size);
                    if filled + wide > width && !line.is_empty() {
                        lines.push(std::mem::take(&mut line));
                        filled = 0.0;
                    }
                    line.push(character);
                    filled += wide;
                }
            }
            lines.push(line);
        }
        lines
    }

    /// Lines of text below `top`; where they end.
    pub(crate) fn lines(
        &mut self,
        lines: &[String],
        at: [f64; 2],
        align: Align,
        look: Look,
    ) -> f64 {
        let mut top = at[1];
        for line in lines {
            let base = top + base_in_line(look.size);
            self.text(line, [at[0], base], align, look);
            top += look.size * LEADING;
        }
        top
    }

    pub(crate) fn line(&mut self, points: Vec<[f64; 2]>, stroke: Stroke) {
        self.shape(vec![points], false, None, Some(stroke));
    }

    pub(crate) fn shape(
        &mut self,
        parts: Vec<Vec<[f64; 2]>>,
        is_closed: bool,
        fill: Option<Colour>,
        stroke: Option<Stroke>,
    ) {
        let parts: Vec<_> = parts.into_iter().filter(|part| part.len() > 1).collect();
        if !parts.is_empty() {
            self.page.items.push(Item::Shape(Shape { parts, is_closed, fill, stroke }));
        }
    }

    pub(crate) fn rectangle(
        &mut self,
        [left, top, width, height]: [f64; 4],
        fill: Option<Colour>,
        stroke: Option<Stroke>,
    ) {
        let (right, bottom) = (left + width, top + height);
        let ring = vec![[left, top], [right, top], [right, bottom], [left, bottom]];
        self.shape(vec![ring], true, fill, stroke);
    }

    /// An image as large as it fits into the middle of a box; the rectangle that it takes.
    pub(crate) fn image(
        &mut self,
        image: &Arc<Image>,
        [left, top, width, height]: [f64; 4],
    ) -> [f64; 4] {
        let [across, down] = image.pixels().map(|pixels| pixels.max(1) as f64);
        let scale = (width / across).min(height / down);
        let size = [across * scale, down * scale];
        let at = [left + (width - size[0]) / 2.0, top + (height - size[1]) / 2.0];
        self.page.items.push(Item::Picture(Picture { at, size, image: Arc::clone(image) }));
        [at[0], at[1], size[0], size[1]]
    }
}

/// From the top of a line to its base.
pub(crate) fn base_in_line(size: f64) -> f64 {
    size * ((LEADING - ASCENT - DESCENT) / 2.0 + ASCENT)
}

fn moved(at: [f64; 2], angle: f64, [along, up]: [f64; 2]) -> [f64; 2] {
    let (sin, cos) = angle.sin_cos();
    [at[0] + cos * along - sin * up, at[1] - sin * along - cos * up]
}

/// Control characters are blanks; marks that have no look of their own are left out.
fn printable(text: &str) -> String {
    let invisible =
        |one: &char| matches!(one, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}');
    text.chars()
        .filter(|one| !invisible(one))
        .map(|one| if one.is_control() { ' ' } else { one })
        .collect()
}

/// A text in pieces that a line should not break: runs of Latin letters and digits, each other character.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_joined = |one: char| one.is_ascii() && one != ' ';
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = match is_joined(first) {
            true => rest.find(|one| !is_joined(one)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, left) = rest.split_at(end);
        rest = left;
        Some(word)
    })
}
