//! The members of one object of a request, read strictly: by name, by type, within bounds.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use formats::{Json, JsonDepth, JsonKind};

use super::Refusal;

/// How deep a request may nest. CQL2 bounds itself, at half of that many operators.
const DEPTH: JsonDepth = JsonDepth { most: 16, deep: &["filter", "secondFilter"], deep_most: 100 };
/// Longest text that a message repeats, in characters.
const SHOWN: usize = 60;

/// The members of an object.
#[derive(Debug)]
pub(super) struct Members<'a> {
    place: String,
    json: Json<'a>,
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Members<'a> {
    /// The members of the request in `body`.
    pub(super) fn of_body(body: &'a [u8], known: &[&str]) -> Result<Self, Refusal> {
        let json = Json::parse(body, &DEPTH).map_err(Refusal::Json)?;
        Self::of(json, String::new(), known)
    }

    /// The members of the object `json` that stands at `place`; each must be one of `known`.
    pub(super) fn of(json: Json<'a>, place: String, known: &[&str]) -> Result<Self, Refusal> {
        if json.kind() != JsonKind::Object {
            return Err(wrong_type(&json, shown_place(&place), "an object"));
        }
        let members = json.members();
        for (name, value) in &members {
            if !known.contains(&&**name) {
                let reason = format!(
                    "member {:?} is unknown here; known: {}",
                    shortened(name),
                    known.join(", ")
                );
                return Err(Refusal::Member {
                    place: shown_place(&place),
                    fault: value.fault(reason),
                });
            }
        }
        Ok(Self { place, json, members })
    }

    /// Path of the member called `name`.
    pub(super) fn place(&self, name: &str) -> String {
        match self.place.as_str() {
            "" => name.to_owned(),
            place => format!("{place}.{name}"),
        }
    }

    /// The value of `name`, if the request has it.
    pub(super) fn value(&self, name: &str) -> Option<Json<'a>> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The value of `name`, which must be there.
    pub(super) fn required(&self, name: &str) -> Result<Json<'a>, Refusal> {
        self.value(name).ok_or_else(|| Refusal::Member {
            place: shown_place(&self.place),
            fault: self.json.fault(format!("member {name:?} is missing")),
        })
    }

    /// A refusal of the value of `name`.
    pub(super) fn refuse(&self, name: &str, reason: impl Into<String>) -> Refusal {
        let value = self.value(name).unwrap_or(self.json);
        Refusal::Member { place: self.place(name), fault: value.fault(reason) }
    }

    /// The text of `name`.
    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.text().map(Some).ok_or_else(|| wrong_type(&value, self.place(name), "a string"))
    }

    /// The text of `name`, which is there.
    pub(super) fn required_text(&self, name: &str) -> Result<Cow<'a, str>, Refusal> {
        self.required(name)?;
        self.text(name).map(Option::unwrap_or_default)
    }

    /// What `read` makes of the text of `name`; its error says what is wrong with the text.
    pub(super) fn parsed<T, E: std::fmt::Display>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read(&text).map(Some).map_err(|error| self.refuse(name, error.to_string()))
    }

    /// Which of `offered` the text of `name` is.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &str,
        offered: &[(&str, T)],
    ) -> Result<Option<T>, Refusal> {
        self.parsed(name, |text| {
            let found = offered.iter().find(|(known, _)| *known == text).map(|(_, choice)| *choice);
            found.ok_or_else(|| {
                let known: Vec<&str> = offered.iter().map(|(known, _)| *known).collect();
                format!("{:?} is not offered; use one of: {}", shortened(text), known.join(", "))
            })
        })
    }

    /// The whole number of `name`, within `range`.
    pub(super) fn whole(
        &self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        match (value.kind(), value.whole()) {
            (_, Some(number)) if range.contains(&number) => Ok(Some(number)),
            (JsonKind::Number, _) => {
                let reason = format!("{} is not {wanted}", shortened(value.raw()));
                Err(self.refuse(name, reason))
            }
            _ => Err(wrong_type(&value, self.place(name), &wanted)),
        }
    }

    /// The number of `name`, from 0 to `most`.
    pub(super) fn measure(&self, name: &str, most: f64) -> Result<Option<f64>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value.number() {
            Some(number) if (0.0..=most).contains(&number) => Ok(Some(number)),
            Some(number) => {
                Err(self.refuse(name, format!("{number} is not a number from 0 to {most}")))
            }
            None => Err(wrong_type(&value, self.place(name), "a number")),
        }
    }

    /// The items of `name`, each with its path; at least one and at most `most`.
    pub(super) fn list(
        &self,
        name: &str,
        most: usize,
    ) -> Result<Option<Vec<(String, Json<'a>)>>, Refusal> {
        let Some(value) = self.value(name) else { return Ok(None) };
        if value.kind() != JsonKind::List {
            return Err(wrong_type(&value, self.place(name), "an array"));
        }
        let items = value.items();
        if !(1..=most).contains(&items.len()) {
            let reason = format!("{} items; there may be 1 to {most}", items.len());
            return Err(self.refuse(name, reason));
        }
        let place = self.place(name);
        let numbered = items.into_iter().enumerate();
        Ok(Some(numbered.map(|(at, item)| (format!("{place}[{at}]"), item)).collect()))
    }

    /// The texts of the array `name`, each once.
    pub(super) fn texts(&self, name: &str, most: usize) -> Result<Option<Vec<String>>, Refusal> {
        let Some(items) = self.list(name, most)? else { return Ok(None) };
        let mut texts: Vec<String> = Vec::with_capacity(items.len());
        for (place, item) in items {
            let text = item.text().ok_or_else(|| wrong_type(&item, place.clone(), "a string"))?;
            if texts.iter().any(|known| *known == text) {
                let reason = format!("{:?} is listed twice", shortened(&text));
                return Err(Refusal::Member { place, fault: item.fault(reason) });
            }
            texts.push(text.into_owned());
        }
        Ok(Some(texts))
    }
}

/// A refusal of a value of another type than `wanted`.
pub(super) fn wrong_type(json: &Json<'_>, place: String, wanted: &str) -> Refusal {
    let reason = format!("{wanted} is expected, not {}", json.kind().name());
    Refusal::Member { place, fault: json.fault(reason) }
}

/// The first characters of a text that may be of any length.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

fn shown_place(place: &str) -> String {
    if place.is_empty() { "the request".to_owned() } else { place.to_owned() }
}
