//! Bytes of any kind are well-known binary, a GeoPackage geometry, or refused; a geometry is
//! checked and repaired, and what was repaired is related to itself, written and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spatial::relate::relate;
use spatial::{GeometryType, gpb, repair, validity, wkb};

fuzz_target!(|bytes: &[u8]| {
    let _ = gpb::read_envelope(bytes);
    let plain = wkb::decode(bytes).ok();
    let packed = gpb::decode(bytes).ok().map(|(_, decoded)| decoded);
    for decoded in [plain, packed].into_iter().flatten() {
        let geometry = decoded.geometry;
        let _ = validity::check(&geometry);
        if let Some(repaired) = repair::repair(geometry).geometry {
            assert_eq!(validity::check(&repaired), []);
            // Of invalid geometry, and of collections whose members overlap, `relate` answers a
            // fault by catching a panic; of these it must not.
            if repaired.geometry_type() != GeometryType::Any {
                relate(&repaired.shape, &repaired.shape).expect("a relation");
            }
            // By their bytes: a height may be no number.
            let bytes = wkb::encode(&repaired);
            let again = wkb::decode(&bytes).map(|decoded| wkb::encode(&decoded.geometry));
            assert_eq!(again, Ok(bytes));
        }
    }
});
