//! Messages as they come from outside, and what they say read back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use geo_types::{Geometry as Shape, point};
use spatial::{Collection, CollectionId, Crs, Envelope, Feature, Field, FieldClass, FieldType};
use spatial::{GeometryType, Timestamp, Value, Zooms};
use store::{Load, LoadMode};

use super::describe::LoadHead;
use super::feature_bytes::{decode, encode};
use super::message::{Kind, read, write};
use super::{MAX_MESSAGE, socket_path};

fn feature(text: &str) -> Feature {
    Feature {
        id: None,
        geometry: Some(Shape::Point(point!(x: 1.5, y: -2.0)).into()),
        properties: vec![
            Value::Text(text.to_owned()),
            Value::Null,
            Value::Bool(true),
            Value::Int(-7),
            Value::Real(0.1),
            Value::Bytes(vec![0, 255]),
        ],
    }
}

#[test]
fn features_are_the_same_on_the_other_side() {
    let sent = [feature("地块"), Feature { geometry: None, ..feature("") }];
    let mut bytes = Vec::new();
    sent.iter().for_each(|feature| encode(feature, &mut bytes));
    assert_eq!(decode(&bytes, 6).unwrap(), sent);
    for cut in 1..bytes.len() {
        // A cut between two features is none that can be seen.
        let whole = decode(&bytes[..cut], 6);
        assert!(whole.is_none_or(|some| some.len() == 1), "cut at {cut}");
    }
    assert_eq!(decode(&bytes, 5), None, "another number of fields");
    let wrong_tag = [&u32::MAX.to_le_bytes()[..], &[9]].concat();
    assert_eq!(decode(&wrong_tag, 1), None);
}

#[test]
fn a_message_is_bounded_and_whole_or_refused() {
    let mut sent = Vec::new();
    write(&mut sent, Kind::Load, b"{}").unwrap();
    assert_eq!(read(&mut sent.as_slice()).unwrap(), Some((Kind::Load, b"{}".to_vec())));
    assert_eq!(read(&mut &sent[..0]).unwrap(), None);
    read(&mut &sent[..sent.len() - 1]).unwrap_err();
    read(&mut &[b'?', 0, 0, 0, 0][..]).unwrap_err();
    let long = [&b"F"[..], &u32::MAX.to_le_bytes()].concat();
    let error = read(&mut long.as_slice()).unwrap_err();
    assert!(error.to_string().contains(&MAX_MESSAGE.to_string()), "{error}");
    let error = write(&mut Vec::new(), Kind::Features, &vec![0; MAX_MESSAGE + 1]).unwrap_err();
    assert!(error.to_string().contains("at most"), "{error}");
}

#[test]
fn a_load_is_the_same_on_the_other_side() {
    let field = |name: &str, field_type, class| Field {
        name: name.to_owned(),
        alias: (class == FieldClass::L0).then(|| "面积".to_owned()),
        field_type,
        class,
    };
    for (mode, crs) in [
        (LoadMode::Create, Crs::Epsg(4490)),
        (LoadMode::Append, Crs::Site("北京".to_owned())),
        (LoadMode::Replace, Crs::Epsg(3857)),
        (LoadMode::Upsert, Crs::Epsg(4548)),
    ] {
        let load = Load {
            collection: Collection {
                id: CollectionId::try_from("宗地").unwrap(),
                title: "t".to_owned(),
                description: "d".to_owned(),
                attribution: "a".to_owned(),
                crs,
                geometry_type: GeometryType::MultiPolygon,
                has_z: true,
                has_m: false,
                fields: vec![
                    field("a", FieldType::Real, FieldClass::L0),
                    field("b", FieldType::DateTime, FieldClass::L3),
                ],
                key: Some("b".to_owned()),
                zooms: Zooms { min: 3, max: 17 },
                style: Some("[]".to_owned()),
                extent: Envelope::EMPTY,
                count: 0,
            },
            mode,
            actor: "local".to_owned(),
            reason: "why".to_owned(),
            recorded_at: Timestamp(-5),
        };
        let text = serde_json::to_vec(&LoadHead::from(&load)).unwrap();
        let read = serde_json::from_slice::<LoadHead>(&text).unwrap().read().unwrap();
        assert_eq!(format!("{read:?}"), format!("{load:?}"));
    }
    let unknown = r#"{"collection":{},"mode":"Create"}"#;
    serde_json::from_str::<LoadHead>(unknown).unwrap_err();
}

#[test]
fn the_socket_lies_beside_the_store() {
    assert_eq!(socket_path("a/宗.gpkg".as_ref()).to_str().unwrap(), "a/宗.gpkg.sock");
}
