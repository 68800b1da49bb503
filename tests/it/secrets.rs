//! Looks for known personal values in bytes: as text, and as numbers the way that files keep them; in vector
//! tiles, in the values themselves, and in the members of a workbook.

use std::collections::{BTreeSet, HashMap};
use std::io::Read;

use tile::inspect::{DecodedValue, decode};
use tuban::synth::Synth;

/// Bytes that patterns are found by.
const HEAD: usize = 4;

/// Values that nobody may see.
pub struct Secrets {
    /// Patterns by their first bytes, each with its value.
    by_head: HashMap<[u8; HEAD], Vec<(Vec<u8>, String)>>,
    /// Pairs of bytes that a pattern begins with.
    begins: Vec<bool>,
    values: BTreeSet<String>,
}

impl Secrets {
    /// The names, telephones and identity numbers of a generated region.
    pub fn of(synth: &Synth) -> Self {
        let people = (0..synth.villages()).flat_map(|village| synth.people(village).unwrap());
        let values: BTreeSet<String> = people.flat_map(|holder| holder.values).collect();
        let mut secrets =
            Self { by_head: HashMap::new(), begins: vec![false; 1 << 16], values: BTreeSet::new() };
        for value in &values {
            secrets.add(value.clone().into_bytes(), value);
            if let Ok(number) = value.parse::<i64>() {
                secrets.add(number.to_le_bytes().to_vec(), value);
                secrets.add((number as f64).to_le_bytes().to_vec(), value);
                // SQLite keeps an integer in six bytes where they hold it, else in eight.
                let bytes = number.to_be_bytes();
                secrets
                    .add(if number < 1 << 47 { &bytes[2..] } else { &bytes[..] }.to_vec(), value);
            }
        }
        Self { values, ..secrets }
    }

    fn add(&mut self, pattern: Vec<u8>, value: &str) {
        self.begins[usize::from(pattern[0]) << 8 | usize::from(pattern[1])] = true;
        let head = pattern[..HEAD].try_into().unwrap();
        self.by_head.entry(head).or_default().push((pattern, value.to_owned()));
    }

    /// How many values are known.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// A value that stands in the bytes.
    pub fn find(&self, bytes: &[u8]) -> Option<&str> {
        let heads = bytes.windows(HEAD).enumerate();
        let mut hits = heads
            .filter(|(_, head)| self.begins[usize::from(head[0]) << 8 | usize::from(head[1])])
            .filter_map(|(at, head)| Some((at, self.by_head.get(head)?)));
        hits.find_map(|(at, patterns)| {
            let held = patterns.iter().find(|(pattern, _)| bytes[at..].starts_with(pattern));
            held.map(|(_, value)| value.as_str())
        })
    }

    /// A value that an attribute of a tile has, and the names of the layers that the tile has.
    pub fn find_in_tile(&self, bytes: &[u8]) -> (Option<&str>, BTreeSet<String>) {
        let layers = decode(bytes).unwrap();
        let names = layers.iter().map(|layer| layer.name.clone()).collect();
        let mut values =
            layers.iter().flat_map(|layer| &layer.features).flat_map(|one| &one.properties);
        let found = values.find_map(|(_, value)| match value {
            DecodedValue::Int(number) => self.find(number.to_string().as_bytes()),
            DecodedValue::Uint(number) => self.find(number.to_string().as_bytes()),
            DecodedValue::Double(number) => self.find(format!("{number:.0}").as_bytes()),
            DecodedValue::Text(text) => self.find(text.as_bytes()),
            DecodedValue::Float(_) | DecodedValue::Bool(_) => None,
        });
        (found.or_else(|| self.find(bytes)), names)
    }

    /// A value that stands in the bytes, or in a member of them where they are a ZIP.
    pub fn find_within(&self, bytes: &[u8]) -> Option<&str> {
        if !bytes.starts_with(b"PK\x03\x04") {
            return self.find(bytes);
        }
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        (0..archive.len()).find_map(|number| {
            let mut member = Vec::new();
            archive.by_index(number).unwrap().read_to_end(&mut member).unwrap();
            self.find(&member)
        })
    }
}
