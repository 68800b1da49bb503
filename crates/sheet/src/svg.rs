//! A page as SVG 1.1 in millimetres. Text stays text: each run says how long it is, so that another font at the
//! reader's takes the same room.

use std::fmt::Write;

use crate::display::{Colour, Item, Page, Picture, Run, Shape};

/// The fonts that a reader's program is asked for.
const FAMILY: &str =
    "'Noto Sans SC','Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei',sans-serif";

/// The page as an SVG document.
pub fn svg(page: &Page) -> String {
    let [width, height] = page.size;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
         width=\"{width}mm\" height=\"{height}mm\" viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for item in &page.items {
        match item {
            Item::Shape(one) => shape(&mut out, one),
            Item::Text(one) => text(&mut out, one),
            Item::Picture(one) => picture(&mut out, one),
        }
    }
    out.push_str("</svg>\n");
    out
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn shape(out: &mut String, shape: &Shape) {
    out.push_str("<path d=\"");
    for part in &shape.parts {
        let mut begin = 'M';
        for [x, y] in part {
            let _ = write!(out, "{begin}{x:.3} {y:.3}");
            begin = 'L';
        }
        if shape.is_closed {
            out.push('Z');
        }
    }
    let fill = shape.fill.filter(|_| shape.is_closed).map_or("none".to_owned(), hex);
    let _ = write!(out, "\" fill=\"{fill}\" fill-rule=\"evenodd\"");
    if let Some(stroke) = shape.stroke {
        let _ = write!(
            out,
            " stroke=\"{}\" stroke-width=\"{:.3}\" stroke-linejoin=\"round\"",
            hex(stroke.colour),
            stroke.width
        );
        let lengths: Vec<String> = stroke.dash.lengths().iter().map(f64::to_string).collect();
        if !lengths.is_empty() {
            let _ = write!(out, " stroke-dasharray=\"{}\"", lengths.join(" "));
        }
    }
    out.push_str("/>\n");
}

fn text(out: &mut String, run: &Run) {
    let [x, y] = run.at;
    let _ = write!(out, "<text x=\"{x:.3}\" y=\"{y:.3}\" font-size=\"{:.3}\"", run.size);
    let _ = write!(out, " fill=\"{}\" textLength=\"{:.3}\"", hex(run.colour), run.width);
    out.push_str(" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"");
    if run.angle != 0.0 {
        let _ = write!(out, " transform=\"rotate({:.3} {x:.3} {y:.3})\"", -run.angle.to_degrees());
    }
    let _ = writeln!(out, ">{}</text>", escaped(&run.text));
}

fn escaped(text: &str) -> String {
    let is_allowed = |one: &char| !matches!(*one, '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let mut out = String::with_capacity(text.len());
    for character in text.chars().filter(is_allowed) {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    out
}

fn picture(out: &mut String, picture: &Picture) {
    let ([x, y], [width, height]) = (picture.at, picture.size);
    let _ = write!(
        out,
        "<image x=\"{x:.3}\" y=\"{y:.3}\" width=\"{width:.3}\" height=\"{height:.3}\" \
         preserveAspectRatio=\"none\" xlink:href=\"data:{};base64,",
        picture.image.media_type()
    );
    base64(out, &picture.image.bytes);
    out.push_str("\"/>\n");
}

fn base64(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for three in bytes.chunks(3) {
        let bits = (0..3)
            .fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let is_padding = digit > three.len();
            let value = (bits >> (18 - 6 * digit)) & 63;
            out.push(if is_padding { '=' } else { char::from(DIGITS[value as usize]) });
        }
    }
}
