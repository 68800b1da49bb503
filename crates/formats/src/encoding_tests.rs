//! Which encoding is taken, over files that are honest, wrong, mixed and damaged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use encoding_rs::{BIG5, Encoding, GB18030, SHIFT_JIS, UTF_8, WINDOWS_1252};

use crate::encoding::{
    Claim, RowEncoding, Tally, Text, decode, encoding_by_label, encoding_by_ldid,
};
use crate::test_files::gbk;

const TEXTS: [&str; 6] = ["大兴区青云店镇", "东孝路村", "刘家铺", "宅基地", "院落一", "安定镇"];

fn utf8() -> Vec<Vec<u8>> {
    TEXTS.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn gb() -> Vec<Vec<u8>> {
    TEXTS.iter().map(|text| gbk(text)).collect()
}

fn choose(claim: Option<&'static Encoding>, rows: &[Vec<u8>]) -> (RowEncoding, Vec<String>) {
    let claim = claim.map(|encoding| Claim { encoding, source: "the test".to_owned() });
    let mut tally = Tally::new(claim);
    for row in rows {
        tally.row(&[Text::from(row.as_slice())]);
    }
    tally.choose()
}

fn check_choice(
    what: &str,
    claim: Option<&'static Encoding>,
    rows: &[Vec<u8>],
    expected: &'static Encoding,
) {
    assert_eq!(choose(claim, rows).0.taken(), expected, "{what}");
}

#[test]
fn the_encoding_that_reads_most_rows_is_taken_and_on_a_tie_the_claimed_one() {
    let latin: Vec<Vec<u8>> = vec![b"Caf\xE9 a".to_vec(), b"Stra\xDFe".to_vec()];
    let big5: Vec<Vec<u8>> =
        TEXTS.iter().map(|_| BIG5.encode("臺北市中正區").0.into_owned()).collect();
    let ascii = vec![b"110115".to_vec()];
    check_choice("no claim, UTF-8", None, &utf8(), UTF_8);
    check_choice("no claim, GBK", None, &gb(), GB18030);
    check_choice("honest GBK", Some(GB18030), &gb(), GB18030);
    check_choice("honest UTF-8", Some(UTF_8), &utf8(), UTF_8);
    check_choice("claims UTF-8, is GBK", Some(UTF_8), &gb(), GB18030);
    check_choice("claims GBK, is UTF-8", Some(GB18030), &utf8(), UTF_8);
    check_choice("claims Latin, is GBK", Some(WINDOWS_1252), &gb(), GB18030);
    check_choice("claims Latin, is UTF-8", Some(WINDOWS_1252), &utf8(), UTF_8);
    check_choice("honest Latin", Some(WINDOWS_1252), &latin, WINDOWS_1252);
    check_choice("honest Big5", Some(BIG5), &big5, BIG5);
    check_choice("nothing beyond ASCII", Some(GB18030), &ascii, GB18030);
    check_choice("no row", None, &[], UTF_8);
}

#[test]
fn a_few_damaged_rows_do_not_turn_the_rest_into_mojibake() {
    for (mut rows, expected) in [(utf8(), UTF_8), (gb(), GB18030)] {
        rows.push(b"\xE5\xA4\xFF\xFF".to_vec());
        let (encoding, notes) = choose(None, &rows);
        assert_eq!(encoding.taken(), expected);
        assert_eq!(encoding.of(&[Text::from(rows.last().unwrap().as_slice())]), None);
        assert!(
            notes.iter().any(|note| note.starts_with("1 rows are in no encoding")),
            "{notes:?}"
        );
    }
}

#[test]
fn mixed_rows_are_each_read_as_what_they_are() {
    for (mut rows, strangers, taken) in [(gb(), utf8(), GB18030), (utf8(), gb(), UTF_8)] {
        rows.extend(rows.clone());
        rows.extend(strangers);
        let (encoding, notes) = choose(None, &rows);
        assert_eq!(encoding.taken(), taken);
        for (row, text) in rows.iter().zip(TEXTS.iter().cycle()) {
            let row = [Text::from(row.as_slice())];
            let (read, _) = decode(encoding.of(&row).unwrap(), row[0]).unwrap();
            assert_eq!(read, *text);
        }
        assert!(notes.iter().any(|note| note.starts_with("6 rows are")), "{notes:?}");
    }
}

#[test]
fn a_contradicted_claim_is_named() {
    let (_, notes) = choose(Some(UTF_8), &gb());
    assert_eq!(
        notes,
        [
            "text encoding gb18030: the test is contradicted: 0 of 6 non-ASCII rows (names included) agree with \
          it, 6 with gb18030"
        ]
    );
}

#[test]
fn a_value_that_fills_its_column_loses_only_the_dangling_bytes() {
    let text = "青云店镇".as_bytes();
    let cut = |bytes, may_be_cut| decode(UTF_8, Text { bytes, may_be_cut });
    assert_eq!(cut(&text[..10], true).unwrap(), ("青云店".into(), true));
    assert_eq!(cut(&text[..12], true).unwrap(), ("青云店镇".into(), false));
    assert_eq!(cut(&text[..10], false), None);
    assert_eq!(cut(b"\xFF\xFF\xFF\xFF\xFF", true), None);
}

#[test]
fn encodings_go_by_many_names() {
    for (label, expected) in [
        ("GBK", Some(GB18030)),
        ("gb2312\r\n", Some(GB18030)),
        ("GB18030", Some(GB18030)),
        ("936", Some(GB18030)),
        ("CP936", Some(GB18030)),
        ("ANSI 936", Some(GB18030)),
        ("LDID/77", Some(GB18030)),
        ("\u{feff}UTF-8", Some(UTF_8)),
        ("utf8", Some(UTF_8)),
        ("65001", Some(UTF_8)),
        ("big5", Some(BIG5)),
        ("950", Some(BIG5)),
        ("MS932", Some(SHIFT_JIS)),
        ("ISO-8859-1", Some(WINDOWS_1252)),
        ("ISO 88591", None),
        ("88591", Some(WINDOWS_1252)),
        ("LDID/87", None),
        ("LDID/1000", None),
        ("", None),
        ("国标", None),
    ] {
        assert_eq!(encoding_by_label(label), expected, "{label:?}");
    }
    assert_eq!(encoding_by_ldid(0x4D), Some(GB18030));
    assert_eq!(encoding_by_ldid(0x57), None);
}
