//! CQL2 JSON of any kind is read or refused; what is read is written, bound and asked.
#![no_main]

use formats::cql2::{Limits, parse_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(expression) = parse_json(text, &Limits::BODY) {
        fuzz::check(&expression);
    }
});
