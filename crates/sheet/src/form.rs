//! A form for people on paper: labelled cells under a title, on upright A4.
//!
//! *Invariant:* no text is cut; long ones go on in further lines and on further pages.

use crate::canvas::{Align, Look};
use crate::display::Page;
use crate::flow::{Cell, Flow, Style};
use crate::font::{FontFault, Fonts};
use crate::pdf::{PdfFault, pdf};

const PAGE: [f64; 2] = [210.0, 297.0];
const FRAME: [f64; 4] = [20.0, 19.0, 190.0, 278.0];
const TITLE: f64 = 6.4;
const TEXT: f64 = 3.6;
/// Of a label, as a part of the page's width.
const LABEL: f64 = 0.16;
/// Most characters of a form: hundreds of pages.
const MAX_CHARACTERS: usize = 200_000;

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Over the cells.
    pub title: String,
    /// The cells, row by row.
    pub rows: Vec<FormRow>,
    /// Below the cells: where the values are from.
    pub notes: Vec<String>,
}

/// A row of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormRow {
    /// Label and value, side by side, alike in width.
    Cells(Vec<(String, String)>),
    /// A label with several lines.
    Lines(String, Vec<String>),
}

/// Why a form is not drawn.
#[derive(Debug, thiserror::Error)]
pub enum FormFault {
    /// More than a form can hold.
    #[error(
        "the form has {characters} characters; one has at most {most}: take its values as JSON"
    )]
    Long {
        /// How many there are.
        characters: usize,
        /// How many a form can hold.
        most: usize,
    },
    /// The font.
    #[error(transparent)]
    Font(#[from] FontFault),
    /// The PDF.
    #[error(transparent)]
    Pdf(#[from] PdfFault),
}

/// The form as PDF.
///
/// # Errors
/// When it has more text than a form may have.
pub fn form_pdf(form: &Form, fonts: &Fonts) -> Result<Vec<u8>, FormFault> {
    let pages = form_pages(form, fonts)?;
    Ok(pdf(&pages, &form.title, fonts)?)
}

/// The form's pages.
///
/// # Errors
/// When it has more text than a form may have.
pub fn form_pages(form: &Form, fonts: &Fonts) -> Result<Vec<Page>, FormFault> {
    let texts = form.rows.iter().flat_map(|row| match row {
        FormRow::Cells(cells) => {
            cells.iter().flat_map(|(label, value)| [label, value]).collect::<Vec<_>>()
        }
        FormRow::Lines(label, lines) => std::iter::once(label).chain(lines).collect(),
    });
    let characters: usize =
        texts.chain(&form.notes).chain([&form.title]).map(|text| text.chars().count()).sum();
    if characters > MAX_CHARACTERS {
        return Err(FormFault::Long { characters, most: MAX_CHARACTERS });
    }
    let heading = format!("{}（续）", form.title);
    let style = Style { size: PAGE, frame: FRAME, text: TEXT, heading, watermark: String::new() };
    let mut flow = Flow::new(style, fonts);
    let [left, top, right, _] = FRAME;
    let (size, lines) = flow.canvas.fitted(&form.title, [right - left, 40.0], TITLE);
    let middle = [f64::midpoint(left, right), top];
    flow.room[1] = flow.canvas.lines(&lines, middle, Align::Centre, Look::body(size)) + 3.0;
    for row in &form.rows {
        match row {
            FormRow::Cells(cells) => {
                let value = 1.0 / cells.len().max(1) as f64 - LABEL;
                let cells: Vec<Cell<'_>> = cells
                    .iter()
                    .flat_map(|(label, text)| {
                        [(label.as_str(), true, LABEL), (text.as_str(), false, value)]
                    })
                    .collect();
                flow.row(&cells, None);
            }
            FormRow::Lines(label, lines) => {
                let text = lines.join("\n");
                flow.row(&[(label, true, LABEL), (&text, false, 1.0 - LABEL)], None);
            }
        }
    }
    flow.room[1] += 2.0;
    form.notes.iter().for_each(|note| flow.note(note));
    Ok(flow.finish())
}
