//! Copies of photos hold the image and nothing of person, place and device, whatever comes in.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::PhotoFormat;

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], body].concat()
}

/// The image of a JPEG of 8 by 8 grey pixels, as a baseline encoder writes it. Behind the pixels its
/// scan holds a stuffed byte and a restart, which are no markers that end it.
fn grey() -> Vec<u8> {
    let one_code = |class: u8| [&[class, 1][..], &[0; 16]].concat();
    let mut bytes = segment(0xdb, &[&[0][..], &[1; 64]].concat());
    bytes.extend(segment(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]));
    bytes.extend(segment(0xc4, &one_code(0x00)));
    bytes.extend(segment(0xc4, &one_code(0x10)));
    bytes.extend(segment(0xda, &[1, 1, 0, 0, 0x3f, 0]));
    bytes.extend([0x3f, 0xff, 0x00, 0xff, 0xd0, 0x2a]);
    bytes
}

/// EXIF with this orientation, in this byte order, and a place that nobody may see.
fn exif(orientation: u16, is_little: bool) -> Vec<u8> {
    let u16_of = |n: u16| if is_little { n.to_le_bytes() } else { n.to_be_bytes() };
    let u32_of = |n: u32| if is_little { n.to_le_bytes() } else { n.to_be_bytes() };
    let mut body = b"Exif\0\0".to_vec();
    body.extend_from_slice(if is_little { b"II" } else { b"MM" });
    body.extend_from_slice(&u16_of(42));
    body.extend_from_slice(&u32_of(8));
    body.extend_from_slice(&u16_of(2));
    // A tag before it, and the orientation as one short.
    for (tag, kind, value) in [(0x010f_u16, 2_u16, 0x4d4d_u16), (0x0112, 3, orientation)] {
        body.extend_from_slice(&u16_of(tag));
        body.extend_from_slice(&u16_of(kind));
        body.extend_from_slice(&u32_of(1));
        body.extend_from_slice(&u16_of(value));
        body.extend_from_slice(&[0, 0]);
    }
    body.extend_from_slice(b"\0\0\0\0GPS 39.7285 116.3385");
    body
}

/// A JPEG with everything that phones and editors write.
fn jpeg(orientation: u16, is_little: bool) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8];
    bytes.extend(segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"));
    bytes.extend(segment(0xe1, &exif(orientation, is_little)));
    bytes.extend(segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>GPS</x:xmpmeta>"));
    bytes.extend(segment(0xe2, b"ICC_PROFILE\0\x01\x01colours"));
    bytes.extend(segment(0xe2, b"MPF\0GPS"));
    bytes.extend(segment(0xed, b"Photoshop 3.0\x008BIM GPS"));
    bytes.extend(segment(0xee, b"Adobe\0\x64\0\0\0\0\0"));
    bytes.extend(segment(0xfe, b"GPS by hand"));
    bytes.extend([0xff]);
    bytes.extend(grey());
    bytes.extend([0xff, 0xd9]);
    bytes.extend(b"a video with GPS behind it");
    bytes
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    // Nobody looks at the checksum here, and it is copied as it is.
    [&length[..], name, body, b"\xca\xfe\xba\xbe"].concat()
}

fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [
        (b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0][..]),
        (b"eXIf", b"MM GPS"),
        (b"tEXt", b"Author\0GPS"),
        (b"gAMA", &[0, 0, 0xb1, 0x8f]),
        (b"zTXt", b"GPS"),
        (b"iTXt", b"GPS"),
        (b"tIME", &[7, 0xea, 9, 1, 8, 0, 0]),
        (b"vpAg", b"GPS"),
        (b"IDAT", &[0x78, 0x9c, 0x63, 0, 0, 0, 2, 0, 1]),
        (b"IEND", b""),
    ] {
        bytes.extend(chunk(name, body));
    }
    bytes.extend(b"GPS");
    bytes
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn the_image_stays_and_what_is_said_of_it_goes() {
    let copy = PhotoFormat::Jpeg.stripped(&jpeg(1, true)).unwrap();
    assert!(!holds(&copy, b"GPS") && !holds(&copy, b"Exif") && !holds(&copy, b"xmp"));
    assert!(holds(&copy, b"ICC_PROFILE") && holds(&copy, b"Adobe") && holds(&copy, b"JFIF"));
    assert!(holds(&copy, &grey()) && copy.ends_with(&[0xff, 0xd9]));
    let copy = PhotoFormat::Png.stripped(&png()).unwrap();
    assert!(!holds(&copy, b"GPS") && holds(&copy, b"gAMA") && holds(&copy, b"IDAT"));
    assert!(copy.ends_with(&chunk(b"IEND", b"")));
}

#[test]
fn which_way_is_up_is_kept_and_nothing_else_of_exif() {
    for is_little in [true, false] {
        for orientation in 0..10 {
            let copy = PhotoFormat::Jpeg.stripped(&jpeg(orientation, is_little)).unwrap();
            assert!(!holds(&copy, b"GPS"));
            assert_eq!(holds(&copy, b"Exif"), (2..=8).contains(&orientation), "{orientation}");
            // The copy says the same once more.
            assert_eq!(PhotoFormat::Jpeg.stripped(&copy).unwrap(), copy);
        }
    }
}

#[test]
fn whatever_is_cut_off_is_refused() {
    for (format, bytes, rest) in [
        (PhotoFormat::Jpeg, jpeg(6, false), b"a video with GPS behind it".len()),
        (PhotoFormat::Png, png(), 3),
    ] {
        for length in 0..bytes.len() - rest {
            let fault = format.stripped(&bytes[..length]).unwrap_err();
            assert!(fault.at <= length, "{fault}");
        }
        for length in bytes.len() - rest..bytes.len() {
            assert_eq!(format.stripped(&bytes[..length]), format.stripped(&bytes));
        }
    }
    assert_eq!(PhotoFormat::Pdf.stripped(b"%PDF-1.7 x").unwrap(), b"%PDF-1.7 x");
    for format in PhotoFormat::ALL {
        assert!(format.stripped(b"").is_err() && format.stripped(b"<html>").is_err());
        assert_eq!(PhotoFormat::of_media_type(format.media_type()), Some(format));
    }
}

proptest! {
    #[test]
    fn a_spoiled_photo_is_refused_or_its_copy_is_whole(
        orientation in 0..10_u16,
        spoiled in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    ) {
        for (format, mut bytes) in
            [(PhotoFormat::Jpeg, jpeg(orientation, true)), (PhotoFormat::Png, png())]
        {
            for (place, byte) in &spoiled {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            if let Ok(copy) = format.stripped(&bytes) {
                prop_assert!(format.begins(&copy));
                prop_assert!(copy.len() <= bytes.len() + 36);
                prop_assert_eq!(format.stripped(&copy), Ok(copy));
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let after = |head: &[u8]| [head, &bytes].concat();
        let _ = PhotoFormat::Jpeg.stripped(&after(&[0xff, 0xd8, 0xff, 0xe1, 0, 60]));
        let _ = PhotoFormat::Jpeg.stripped(&after(b"\xff\xd8\xff\xe1\0\x60Exif\0\0II*\0"));
        let _ = PhotoFormat::Png.stripped(&after(b"\x89PNG\r\n\x1a\n\0\0\0"));
    }
}
