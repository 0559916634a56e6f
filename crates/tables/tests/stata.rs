//! Stata files: every release in both byte orders, and those that are refused.

use std::path::{Path, PathBuf};

use emporion_tables::{Report, Table, Values};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read(bytes: &[u8]) -> Result<Table, Report> {
    Table::from_bytes("t", "t.dta", bytes, None)
}

const SAMPLES: [&str; 10] = [
    "v113.dta",
    "v114.dta",
    "v114-big.dta",
    "v115.dta",
    "v117.dta",
    "v117-big.dta",
    "v118.dta",
    "v118-big.dta",
    "v119.dta",
    "v119-big.dta",
];

/// What `tests/data/make.py` wrote, in every release and byte order.
#[test]
fn every_release_holds_the_same_table() {
    for name in SAMPLES {
        let table = Table::read(&sample(name)).unwrap_or_else(|report| panic!("{name}: {report}"));
        assert_eq!(table.rows(), 3, "{name}");
        let accent = if name < "v118" { "Münster" } else { "Минск" };
        let texts = |column: &str| [0, 1, 2].map(|row| table.text(column, row).map(str::to_owned));
        let told = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned));
        assert_eq!(texts("id"), told([Some("BLR"), Some(accent), None]), "{name}");
        let numbers = |column: &str| [0, 1, 2].map(|row| table.number(column, row));
        for (column, values) in [
            ("small", [Some(1.0), Some(-127.0), Some(100.0)]),
            ("year", [Some(1992.0), Some(-5.0), Some(32_740.0)]),
            ("pair", [Some(7.0), Some(-2_147_483_647.0), Some(2_147_483_620.0)]),
            ("share", [Some(0.5), None, Some(-0.25)]),
            ("value", [Some(1234.5), None, Some(-1e300)]),
            ("level", [Some(0.0), Some(1.0), None]),
            // Months stay counted from January 1960.
            ("month", [Some(769.0), Some(0.0), Some(-1.0)]),
        ] {
            assert_eq!(numbers(column), values, "{name} {column}");
        }
        assert_eq!(texts("day"), told([Some("2024-02-29"), None, Some("1959-12-31")]), "{name}");
        let instants = [Some("2024-02-29T12:30:00"), None, Some("1960-01-01T00:00:00")];
        assert_eq!(texts("instant"), told(instants), "{name}");
        let labels = [(0, "low".to_owned()), (1, "high".to_owned())];
        assert_eq!(table.value_labels("level"), Some(&labels[..]), "{name}");
        assert_eq!(table.value_labels("year"), None, "{name}");
        if name >= "v117" {
            let long = "x".repeat(3000);
            let text = if name < "v118" { "plain" } else { accent };
            assert_eq!(texts("remark"), told([Some(&long), Some(text), None]), "{name}");
        }
    }
}

#[test]
fn wanted_columns_alone_are_read() {
    for name in SAMPLES {
        let table = Table::read_columns(&sample(name), &["value", "id"]).unwrap();
        let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["id", "value"]);
        assert_eq!(table.number("value", 0), Some(1234.5));
        assert!(matches!(table.column("id").unwrap().values, Values::Text { .. }));
        let report = Table::read_columns(&sample(name), &["values"]).unwrap_err();
        assert_eq!(report.problems[0].code, "unknown-column");
        assert_eq!(report.problems[0].remedy, "did you mean value?");
    }
}

/// The shortest file: one variable of one type, in the old and plain layout of release 114.
fn bytes(kind: u8, rows: &[&[u8]]) -> Vec<u8> {
    let mut file = vec![114, 2, 1, 0, 1, 0];
    file.extend((rows.len() as u32).to_le_bytes());
    file.extend([0; 81 + 18]);
    file.push(kind);
    let field = |text: &str, width: usize| {
        let mut field = text.as_bytes().to_vec();
        field.resize(width, 0);
        field
    };
    file.extend(field("v", 33));
    file.extend([0; 4]);
    file.extend(field("%9.0g", 49));
    file.extend([0; 33 + 81]);
    file.extend([0; 5]);
    rows.iter().for_each(|row| file.extend(*row));
    file
}

#[test]
fn each_of_the_27_missing_values_is_missing() {
    for step in 0..27_u8 {
        let float = (0x7F00_0000 + u32::from(step) * 0x800).to_le_bytes();
        let double = (0x7FE0_0000_0000_0000 + (u64::from(step) << 40)).to_le_bytes();
        let int = (32_741 + i16::from(step)).to_le_bytes();
        let long = (2_147_483_621 + i32::from(step)).to_le_bytes();
        for (kind, cell, zero) in [
            (251, &[101 + step][..], &[0][..]),
            (252, &int, &[0; 2]),
            (253, &long, &[0; 4]),
            (254, &float, &[0; 4]),
            (255, &double, &[0; 8]),
        ] {
            let table = read(&bytes(kind, &[cell, zero])).unwrap();
            assert_eq!((table.number("v", 0), table.number("v", 1)), (None, Some(0.0)), "{kind}");
        }
    }
}

#[test]
fn the_largest_numbers_are_numbers() {
    for (kind, cell, value) in [
        (254, 0x7EFF_FFFF_u32.to_le_bytes().to_vec(), f64::from(f32::from_bits(0x7EFF_FFFF))),
        (254, (-f32::MAX).to_le_bytes().to_vec(), f64::from(-f32::MAX)),
        (255, (f64::MAX / 2.0).to_le_bytes().to_vec(), f64::MAX / 2.0),
        (255, (-f64::MAX).to_le_bytes().to_vec(), -f64::MAX),
    ] {
        assert_eq!(read(&bytes(kind, &[&cell])).unwrap().number("v", 0), Some(value));
    }
    for cell in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let report = read(&bytes(255, &[&cell.to_le_bytes()])).unwrap_err();
        assert!(report.problems[0].remedy.starts_with("a number is none that Stata can hold"));
    }
}

#[test]
fn old_texts_are_of_the_western_code_page() {
    let table = read(&bytes(4, &[b"\x80\xE9\0x", b"abcd"])).unwrap();
    assert_eq!((table.text("v", 0), table.text("v", 1)), (Some("€é"), Some("abcd")));
}

#[test]
fn what_is_no_stata_file_is_refused() {
    let report = read(b"id,value\n").unwrap_err();
    assert_eq!(report.problems[0].code, "not-stata");
    let mut old = bytes(251, &[&[1]]);
    old[0] = 110;
    assert!(read(&old).unwrap_err().problems[0].remedy.contains("older than Stata 8"));
    let mut kind = bytes(251, &[&[1]]);
    kind[109] = 250;
    assert!(read(&kind).unwrap_err().problems[0].remedy.contains("no variable type 250"));
    assert_eq!(read(&bytes(251, &[])).unwrap_err().problems[0].code, "empty-table");
    // A claim of four thousand million rows reserves nothing.
    let mut claim = bytes(251, &[&[1]]);
    claim[6..10].copy_from_slice(&u32::MAX.to_le_bytes());
    let report = read(&claim).unwrap_err();
    assert!(report.problems[0].remedy.contains("the file ends before"), "{report}");
    assert!(report.problems[0].remedy.contains("at offset"), "{report}");
}

/// Release 114 may end anywhere behind the rows: value labels follow or not.
#[test]
fn a_file_cut_short_is_refused() {
    for name in SAMPLES {
        let whole = std::fs::read(sample(name)).unwrap();
        for length in (0..whole.len() - 1).step_by(13) {
            let read = read(&whole[..length]);
            if name >= "v117" {
                assert_eq!(read.unwrap_err().problems[0].code, "not-stata", "{name} {length}");
            }
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for name in SAMPLES {
        let whole = std::fs::read(sample(name)).unwrap();
        for position in (0..whole.len()).step_by(5) {
            let mut bytes = whole.clone();
            bytes[position] ^= 0xD5;
            let _ = read(&bytes);
        }
    }
}
