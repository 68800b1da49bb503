//! Numbers as text: the shortest that reads back the same, without a needless `.0`.

/// Appends a finite number, or `null` for one that is not.
pub(crate) fn push_real(out: &mut String, value: f64) {
    if value.is_finite() {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        out.push_str(text.strip_suffix(".0").unwrap_or(text));
    } else {
        out.push_str("null");
    }
}
