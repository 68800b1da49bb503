//! Numbers as text: the shortest that reads back the same.

/// Appends a finite number without a needless `.0`, or `null` for one that is not finite.
pub(crate) fn push_number(out: &mut String, value: f64) {
    if value.is_finite() {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        out.push_str(text.strip_suffix(".0").unwrap_or(text));
    } else {
        out.push_str("null");
    }
}

/// The same, but a whole number keeps its `.0`: a reader that learns types sees a real.
pub(crate) fn push_real(out: &mut String, value: f64) {
    if value.is_finite() {
        out.push_str(zmij::Buffer::new().format_finite(value));
    } else {
        out.push_str("null");
    }
}
