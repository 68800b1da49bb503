//! The display list: what stands on a page, before any format. Millimetres from the page's upper left corner,
//! y downwards; angles in radians, counter-clockwise as seen.
//!
//! *Invariant:* every character of a [`Run`] has a glyph in one of the fonts that it was set with.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::image::Image;

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// Text and the subject's lines.
    pub const BLACK: Self = Self(0, 0, 0);
    /// Paper, and what hides what lies below.
    pub const WHITE: Self = Self(255, 255, 255);
    /// Neighbours, grids and other background.
    pub const GREY: Self = Self(120, 120, 120);
    /// Heads of tables.
    pub const PALE: Self = Self(238, 241, 244);
    /// The subject's boundary, and red lines of plans.
    pub const RED: Self = Self(200, 20, 20);
    /// Names of streets and alleys.
    pub const BLUE: Self = Self(20, 70, 150);
    /// The ground of the subject.
    pub const GROUND: Self = Self(255, 250, 232);
    /// Buildings.
    pub const BUILDING: Self = Self(226, 226, 222);
    /// Watermarks.
    pub const FAINT: Self = Self(238, 238, 238);
}

/// How a line is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// Not at all.
    Solid,
    /// Strokes.
    Dashed,
    /// Stroke and dot in turn.
    Dotted,
}

impl Dash {
    /// Lengths of strokes and gaps in millimetres; empty for a solid line.
    pub fn lengths(self) -> &'static [f64] {
        match self {
            Self::Solid => &[],
            Self::Dashed => &[2.0, 1.2],
            Self::Dotted => &[3.0, 1.0, 0.5, 1.0],
        }
    }
}

/// A line's looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub colour: Colour,
    /// Its width in millimetres.
    pub width: f64,
    /// How it is broken.
    pub dash: Dash,
}

impl Stroke {
    /// A solid line.
    pub const fn solid(colour: Colour, width: f64) -> Self {
        Self { colour, width, dash: Dash::Solid }
    }
}

/// Lines, or areas by the even-odd rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its parts; a ring does not repeat its first vertex.
    pub parts: Vec<Vec<[f64; 2]>>,
    /// Whether the parts are rings.
    pub is_closed: bool,
    /// What fills it.
    pub fill: Option<Colour>,
    /// What draws its edge.
    pub stroke: Option<Stroke>,
}

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// Of titles, tables and notes.
    Body,
    /// Of something on a plan.
    Label,
    /// Under everything; others may stand on it.
    Watermark,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Where its base line begins.
    pub at: [f64; 2],
    /// Direction of the base line.
    pub angle: f64,
    /// Height of an em.
    pub size: f64,
    /// Length of the base line.
    pub width: f64,
    /// What it says.
    pub text: String,
    /// Its colour.
    pub colour: Colour,
    /// What it is for.
    pub kind: TextKind,
}

/// Of an em, above the base line: Chinese glyphs reach so far.
pub const ASCENT: f64 = 0.88;
/// Of an em, below it.
pub const DESCENT: f64 = 0.14;

impl Run {
    /// Corners of the box that its glyphs lie in, in order.
    pub fn corners(&self) -> [[f64; 2]; 4] {
        text_box(self.at, self.angle, self.width, self.size)
    }
}

/// Corners of a line of text.
pub(crate) fn text_box(at: [f64; 2], angle: f64, width: f64, size: f64) -> [[f64; 2]; 4] {
    let (sin, cos) = angle.sin_cos();
    let along = [cos * width, -sin * width];
    let up = |em: f64| [-sin * em * size, -cos * em * size];
    let corner = |by: f64, em: f64| {
        let up = up(em);
        [at[0] + along[0] * by + up[0], at[1] + along[1] * by + up[1]]
    };
    [corner(0.0, -DESCENT), corner(1.0, -DESCENT), corner(1.0, ASCENT), corner(0.0, ASCENT)]
}

/// An image in a rectangle.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its upper left corner.
    pub at: [f64; 2],
    /// Width and height.
    pub size: [f64; 2],
    /// What it shows.
    pub image: Arc<Image>,
}

/// What stands on a page.
#[derive(Clone, Debug)]
pub enum Item {
    /// Lines or areas.
    Shape(Shape),
    /// A line of text.
    Text(Run),
    /// An image.
    Picture(Picture),
}

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Width and height of the paper.
    pub size: [f64; 2],
    /// From the lowest to the uppermost.
    pub items: Vec<Item>,
    /// Characters that no font has: drawn as boxes with their code points.
    pub missing: BTreeSet<char>,
}

impl Page {
    /// An empty page.
    pub fn new(size: [f64; 2]) -> Self {
        Self { size, items: Vec::new(), missing: BTreeSet::new() }
    }

    /// Its texts in the order of drawing.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.items.iter().filter_map(|item| match item {
            Item::Text(run) => Some(run),
            Item::Shape(_) | Item::Picture(_) => None,
        })
    }
}
