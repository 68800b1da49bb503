//! Which character encoding the text of a Shapefile, a CSV file or an archive is in.
//!
//! The rule. Candidates in order: what the file claims (`.cpg`, then the LDID byte), UTF-8,
//! GB18030 (of which GBK and GB2312 are parts). Each is asked how many rows with bytes beyond
//! ASCII it reads *plausibly*; the one that reads most is taken, on a tie the earlier one. So
//! an honest claim wins, a claim that the rows contradict loses and is named in a note, and a
//! few damaged rows do not turn the rest into mojibake. Plausibly means:
//! - UTF-8: the bytes are valid;
//! - GB18030: the bytes are valid and not Chinese text in UTF-8;
//! - a single-byte encoding: no high byte pairs up as GB 2312 does, and it is not UTF-8;
//! - any other: the bytes are valid, and not Chinese text in UTF-8.
//!
//! Some files mix UTF-8 and GB18030 rows. Each row is then read as what it is, and counted. A
//! row that neither reads is a defect; no character is ever replaced. An encoding that the user
//! names is taken as it is, for every row.

use std::borrow::Cow;

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, IBM866, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_874,
    WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};

use crate::RowDefect;

/// The encoding called `label`, in the spellings of `.cpg` files, code pages and the web:
/// `GBK`, `936`, `CP936`, `ANSI 936`, `UTF-8`, `65001`, `ISO-8859-1`, `88591`, `LDID/77`.
pub fn encoding_by_label(label: &str) -> Option<&'static Encoding> {
    let label = label.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    let upper = label.to_ascii_uppercase();
    if let Some(ldid) = upper.strip_prefix("LDID/") {
        return encoding_by_ldid(ldid.trim().parse().ok()?);
    }
    let page = ["ANSI", "OEM", "WINDOWS", "CP", "MS", "X-"]
        .into_iter()
        .fold(upper.as_str(), |rest, prefix| rest.strip_prefix(prefix).unwrap_or(rest))
        .trim_matches([' ', '-', '_']);
    let found = match page {
        "936" | "54936" | "20936" | "52936" => GB18030,
        "65001" | "UTF8" => UTF_8,
        "950" => BIG5,
        "932" => SHIFT_JIS,
        "949" | "51949" => EUC_KR,
        "866" => IBM866,
        "874" => WINDOWS_874,
        "1250" => WINDOWS_1250,
        "1251" => WINDOWS_1251,
        "1252" | "88591" | "8859_1" | "28591" => WINDOWS_1252,
        "1253" => WINDOWS_1253,
        "1254" => WINDOWS_1254,
        "1257" => WINDOWS_1257,
        "1200" => UTF_16LE,
        "1201" => UTF_16BE,
        _ => Encoding::for_label(label.as_bytes())?,
    };
    // GB18030 reads every GBK text alike, and more.
    Some(if found == encoding_rs::GBK { GB18030 } else { found })
}

/// The encoding of a DBF's language driver id (byte 29); `None` when it says nothing that can
/// be relied upon (0, or 0x57 "the ANSI page of whichever machine wrote this").
pub(crate) fn encoding_by_ldid(ldid: u8) -> Option<&'static Encoding> {
    Some(match ldid {
        0x4D | 0x7A => GB18030,
        0x4F | 0x78 => BIG5,
        0x13 | 0x7B => SHIFT_JIS,
        0x4E | 0x79 => EUC_KR,
        0x50 | 0x7C => WINDOWS_874,
        0x26 | 0x65 => IBM866,
        0x03 | 0x58 | 0x59 => WINDOWS_1252,
        0xC8 => WINDOWS_1250,
        0xC9 => WINDOWS_1251,
        0xCA => WINDOWS_1254,
        0xCB => WINDOWS_1253,
        0xCC => WINDOWS_1257,
        _ => return None,
    })
}

/// The bytes of one text value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    /// The value, without padding.
    pub bytes: &'a [u8],
    /// Whether it fills its column to the last byte, so that its end may be cut off inside a
    /// character.
    pub may_be_cut: bool,
}

impl<'a> From<&'a [u8]> for Text<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, may_be_cut: false }
    }
}

/// Reads `text` strictly. A cut value loses its dangling bytes; the flag says that it did.
pub(crate) fn decode<'a>(
    encoding: &'static Encoding,
    text: Text<'a>,
) -> Option<(Cow<'a, str>, bool)> {
    let strict = |bytes: &'a [u8]| {
        if encoding == UTF_8 {
            std::str::from_utf8(bytes).ok().map(Cow::Borrowed)
        } else {
            encoding.decode_without_bom_handling_and_without_replacement(bytes)
        }
    };
    if let Some(text) = strict(text.bytes) {
        return Some((text, false));
    }
    // No character of these encodings is longer than four bytes.
    let most = if text.may_be_cut { 3.min(text.bytes.len()) } else { 0 };
    (1..=most)
        .map(|cut| &text.bytes[..text.bytes.len() - cut])
        .find_map(|kept| strict(kept).map(|text| (text, true)))
}

fn decodes(encoding: &'static Encoding, row: &[Text<'_>]) -> bool {
    row.iter().all(|text| text.bytes.is_ascii() || decode(encoding, *text).is_some())
}

/// Whether the row is valid UTF-8 and what lies beyond ASCII is Chinese, Japanese or Korean.
/// Bytes of GBK do not look like that by chance: it takes a rare character in every third place.
fn is_cjk_utf8(row: &[Text<'_>]) -> bool {
    let mut found = false;
    row.iter().all(|text| {
        decode(UTF_8, *text).is_some_and(|(text, _)| {
            text.chars().all(|c| {
                let cjk = matches!(c, '\u{2E80}'..='\u{FFEF}' | '\u{20000}'..);
                found |= cjk;
                cjk || matches!(c, '\0'..='\u{7F}' | '\u{A0}'..='\u{D7}' | '\u{2000}'..)
            })
        })
    }) && found
}

/// Whether every run of high bytes is made of GB 2312 pairs.
fn is_gb2312(row: &[Text<'_>]) -> bool {
    row.iter().all(|text| {
        let mut bytes = text.bytes.iter();
        while let Some(&lead) = bytes.next() {
            let paired = lead < 0x80
                || match bytes.next() {
                    Some(&trail) => (0xA1..=0xF7).contains(&lead) && trail >= 0xA1,
                    None => text.may_be_cut,
                };
            if !paired {
                return false;
            }
        }
        true
    })
}

fn reads_plausibly(encoding: &'static Encoding, row: &[Text<'_>]) -> bool {
    if encoding == UTF_8 {
        decodes(UTF_8, row)
    } else if encoding.is_single_byte() {
        decodes(encoding, row) && !is_gb2312(row) && !decodes(UTF_8, row)
    } else {
        decodes(encoding, row) && !is_cjk_utf8(row)
    }
}

/// The encoding of every row of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowEncoding {
    taken: &'static Encoding,
    /// Whether a row that contradicts it may be read as UTF-8 or GB18030 instead.
    mixed: bool,
}

impl RowEncoding {
    /// Every row in `encoding`, whatever it looks like.
    pub(crate) fn fixed(encoding: &'static Encoding) -> Self {
        Self { taken: encoding, mixed: false }
    }

    /// The encoding of most rows.
    pub(crate) fn taken(self) -> &'static Encoding {
        self.taken
    }

    /// The encoding of one row; `None` when it has none.
    pub(crate) fn of(self, row: &[Text<'_>]) -> Option<&'static Encoding> {
        let ascii = row.iter().all(|text| text.bytes.is_ascii());
        if ascii {
            return Some(self.taken);
        }
        if self.mixed && self.taken == UTF_8 {
            return if decodes(UTF_8, row) {
                Some(UTF_8)
            } else {
                is_gb2312(row).then_some(GB18030).filter(|gb| decodes(gb, row))
            };
        }
        if self.mixed && self.taken == GB18030 && is_cjk_utf8(row) {
            return Some(UTF_8);
        }
        let fallback = self.mixed && self.taken == GB18030;
        [Some(self.taken), fallback.then_some(UTF_8)]
            .into_iter()
            .flatten()
            .find(|encoding| decodes(encoding, row))
    }
}

/// What a file claims of its own encoding.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// The encoding claimed.
    pub encoding: &'static Encoding,
    /// Who says so and how, e.g. `.cpg (GBK)`.
    pub source: String,
}

/// Collects evidence row by row, then chooses.
#[derive(Debug)]
pub(crate) struct Tally {
    claim: Option<Claim>,
    /// Candidates in order, each with the rows that it reads plausibly.
    scores: Vec<(&'static Encoding, u64)>,
    /// Rows with bytes beyond ASCII.
    beyond_ascii: u64,
    utf8_beside_gb: u64,
    gb_beside_utf8: u64,
    read_with_gb: u64,
    read_with_utf8: u64,
}

impl Tally {
    /// No row yet.
    pub(crate) fn new(claim: Option<Claim>) -> Self {
        let mut scores: Vec<(&'static Encoding, u64)> = Vec::with_capacity(3);
        for encoding in claim.iter().map(|claim| claim.encoding).chain([UTF_8, GB18030]) {
            if scores.iter().all(|(known, _)| *known != encoding) {
                scores.push((encoding, 0));
            }
        }
        Self {
            claim,
            scores,
            beyond_ascii: 0,
            utf8_beside_gb: 0,
            gb_beside_utf8: 0,
            read_with_gb: 0,
            read_with_utf8: 0,
        }
    }

    /// Takes one row as evidence.
    pub(crate) fn row(&mut self, row: &[Text<'_>]) {
        if row.iter().all(|text| text.bytes.is_ascii()) {
            return;
        }
        self.beyond_ascii += 1;
        for (encoding, score) in &mut self.scores {
            *score += u64::from(reads_plausibly(encoding, row));
        }
        let (utf8, gb) = (
            RowEncoding { taken: UTF_8, mixed: true }.of(row),
            RowEncoding { taken: GB18030, mixed: true }.of(row),
        );
        self.gb_beside_utf8 += u64::from(utf8 == Some(GB18030));
        self.read_with_utf8 += u64::from(utf8.is_some());
        self.utf8_beside_gb += u64::from(gb == Some(UTF_8));
        self.read_with_gb += u64::from(gb.is_some());
    }

    /// The encoding of the rows, and notes on why.
    pub(crate) fn choose(self) -> (RowEncoding, Vec<String>) {
        let first = self.scores.first().copied().unwrap_or((UTF_8, 0));
        let (taken, score) = self
            .scores
            .iter()
            .skip(1)
            .fold(first, |best, next| if next.1 > best.1 { *next } else { best });
        let rows = RowEncoding { taken, mixed: taken == UTF_8 || taken == GB18030 };
        let total = self.beyond_ascii;
        let because = match &self.claim {
            _ if total == 0 => "no text beyond ASCII".to_owned(),
            Some(claim) if claim.encoding == taken => format!("said by {}", claim.source),
            Some(claim) => format!(
                "{} is contradicted: {} of {total} non-ASCII rows (names included) agree with it, \
                 {score} with {}",
                claim.source,
                first.1,
                taken.name()
            ),
            None if taken == UTF_8 => {
                format!("{score} of {total} non-ASCII rows (names included) are UTF-8")
            }
            None => format!(
                "nothing said; {score} of {total} non-ASCII rows (names included) read as such"
            ),
        };
        let mut notes = vec![format!("text encoding {}: {because}", taken.name())];
        let (other, beside, read) = match taken {
            _ if taken == UTF_8 => (GB18030, self.gb_beside_utf8, self.read_with_utf8),
            _ if taken == GB18030 => (UTF_8, self.utf8_beside_gb, self.read_with_gb),
            _ => (taken, 0, score),
        };
        if beside > 0 {
            notes.push(format!(
                "{beside} rows are {} among rows of {}: each is read as what it is",
                other.name(),
                taken.name()
            ));
        }
        if rows.mixed && read < total {
            notes.push(format!("{} rows are in no encoding known here", total - read));
        }
        (rows, notes)
    }
}

/// The defect of a row whose text cannot be decoded.
pub(crate) fn bad_encoding(field: Option<&str>, rows: RowEncoding) -> RowDefect {
    let tried = match rows.mixed {
        true => "neither UTF-8 nor GB18030 text".to_owned(),
        false => format!("not {} text", rows.taken.name()),
    };
    RowDefect {
        kind: "bad_encoding",
        field: field.map(str::to_owned),
        reason: format!("{tried}; name the encoding with --encoding if it is another"),
    }
}
