//! The text of a PDF, read back by its own means: packed contents, glyphs, and the map to characters.

use std::collections::HashMap;

fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    haystack[from..].windows(needle.len()).position(|one| one == needle).map(|at| at + from)
}

/// Streams in the order of the file, unpacked.
pub fn streams(pdf: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = find(pdf, b"/Length ", from) {
        let digits: String = pdf[at + 8..]
            .iter()
            .take_while(|one| one.is_ascii_digit())
            .map(|one| *one as char)
            .collect();
        let begin = find(pdf, b"stream\n", at).unwrap() + 7;
        let packed = &pdf[begin..begin + digits.parse::<usize>().unwrap()];
        let mut unpacked = vec![0; 32 << 20];
        let size =
            libdeflater::Decompressor::new().zlib_decompress(packed, &mut unpacked).unwrap_or(0);
        unpacked.truncate(size);
        found.push(unpacked);
        from = begin + packed.len();
    }
    found
}

/// All text shown, in order of the file, by the first map to characters.
pub fn text(pdf: &[u8]) -> String {
    let streams = streams(pdf);
    let maps: Vec<&Vec<u8>> =
        streams.iter().filter(|one| one.starts_with(b"%!PS-Adobe-3.0 Resource-CMap")).collect();
    let mut characters: HashMap<u16, String> = HashMap::new();
    let map = String::from_utf8_lossy(maps[0]);
    let body = map.split("endcodespacerange").nth(1).unwrap();
    for line in body.lines().filter(|line| line.starts_with('<')) {
        let hex: Vec<&str> =
            line.split(['<', '>']).filter(|part| !part.trim().is_empty()).collect();
        let units: Vec<u16> = (0..hex[1].len())
            .step_by(4)
            .map(|at| u16::from_str_radix(&hex[1][at..at + 4], 16).unwrap())
            .collect();
        characters
            .insert(u16::from_str_radix(hex[0], 16).unwrap(), String::from_utf16(&units).unwrap());
    }
    let mut text = String::new();
    for content in streams.iter().filter(|one| find(one, b" Tj", 0).is_some()) {
        for line in String::from_utf8_lossy(content).lines().filter(|line| line.ends_with(" Tj")) {
            let hex = line.split(['<', '>']).nth(1).unwrap();
            for at in (0..hex.len()).step_by(4) {
                text.push_str(&characters[&u16::from_str_radix(&hex[at..at + 4], 16).unwrap()]);
            }
            text.push('\n');
        }
    }
    text
}
