//! Lists as they stand in a cell.

/// The words of a list, without blanks around them; commas, semicolons, 、 and | stand between.
pub fn words_of(list: &str) -> impl Iterator<Item = &str> {
    let parts = list.split(|c: char| "、,，;；|".contains(c));
    parts.map(str::trim).filter(|word| !word.is_empty())
}
