//! What every map has: where north is, and how long a metre.

use crate::canvas::{Align, Canvas, Look};
use crate::display::{Colour, Stroke};
use crate::ground::Frame;

const THIN: Stroke = Stroke::solid(Colour::BLACK, 0.2);
/// Of the north arrow.
pub(crate) const ARROW: [f64; 2] = [12.0, 17.0];

/// An arrow to the north on white.
pub(crate) fn north_arrow(canvas: &mut Canvas<'_>, [left, top, right, bottom]: Frame) {
    canvas.rectangle([left, top, right - left, bottom - top], Some(Colour::WHITE), None);
    let x = f64::midpoint(left, right);
    let (tip, foot) = (top + 5.2, bottom - 1.0);
    let stroke = Some(Stroke::solid(Colour::BLACK, 0.2));
    let dark = vec![[x, tip], [x, foot - 2.6], [x - 3.0, foot]];
    let light = vec![[x, tip], [x, foot - 2.6], [x + 3.0, foot]];
    canvas.shape(vec![dark], true, Some(Colour::BLACK), stroke);
    canvas.shape(vec![light], true, Some(Colour::WHITE), stroke);
    canvas.text("北", [x, top + 4.2], Align::Centre, Look::body(3.6));
}

/// The scale as a number and as a bar.
pub(crate) fn scale_bar(canvas: &mut Canvas<'_>, scale: f64, [left, top, right, bottom]: Frame) {
    let middle = f64::midpoint(top, bottom);
    let look = Look::body(3.4);
    canvas.text(&format!("1:{scale:.0}"), [left + 3.0, middle + 1.3], Align::Left, look);
    let begin = left + 22.0;
    let room = right - begin - 12.0;
    // The largest of 1, 2, 5 times a power of ten metres of which four lie in the room.
    let largest = room / 4.0 * scale / 1000.0;
    let tens = 10_f64.powf(largest.log10().floor());
    let step = [5.0, 2.0, 1.0]
        .into_iter()
        .map(|one| one * tens)
        .find(|one| *one <= largest)
        .unwrap_or(tens);
    let wide = step * 1000.0 / scale;
    let base = middle + 0.6;
    for part in 0..4 {
        let from = begin + f64::from(part) * wide;
        let fill = if part % 2 == 0 { Colour::BLACK } else { Colour::WHITE };
        canvas.rectangle([from, base, wide, 1.6], Some(fill), Some(THIN));
    }
    for part in [0, 1, 2, 4] {
        let metres = step * f64::from(part);
        let text = if part == 4 { format!("{metres} m") } else { format!("{metres}") };
        let at = [begin + f64::from(part) * wide, base - 1.2];
        canvas.text(&text, at, Align::Centre, Look::body(2.2));
    }
}
