//! Arrow files and streams: every type that is read, and those that are refused.

use std::path::{Path, PathBuf};

use emporion_tables::{Report, Table, Values};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read(bytes: &[u8]) -> Result<Table, Report> {
    Table::from_bytes("t", "t.arrow", bytes, None)
}

const SAMPLES: [&str; 3] = ["lz4.feather", "zstd.feather", "stream.arrows"];

/// What `tests/data/make.py` wrote.
#[test]
fn each_type_by_hand() {
    for name in SAMPLES {
        let table = Table::read(&sample(name)).unwrap_or_else(|report| panic!("{name}: {report}"));
        assert_eq!((table.rows(), table.line(2)), (3, 3), "{name}");
        let texts = |column: &str| [0, 1, 2].map(|row| table.text(column, row));
        assert_eq!(texts("id"), [Some("BLR"), None, Some("Минск")], "{name}");
        assert_eq!(texts("code"), [Some("a"), Some("b"), Some("a")], "{name}");
        // Not exact as a floating-point number, hence text.
        assert_eq!(texts("big"), [Some("1"), Some("9007199254740993"), None], "{name}");
        assert_eq!(texts("day"), [Some("2024-02-29"), None, Some("1969-12-31")], "{name}");
        let instants = [Some("2024-02-29T12:30:00"), None, Some("1970-01-01T00:00:00")];
        assert_eq!(texts("instant"), instants, "{name}");
        for (column, values) in [
            ("year", [Some(1992.0), None, Some(2024.0)]),
            ("value", [Some(1.5), None, Some(-2.25)]),
            ("small", [Some(0.5), Some(0.25), None]),
            ("yes", [Some(1.0), None, Some(0.0)]),
        ] {
            assert_eq!([0, 1, 2].map(|row| table.number(column, row)), values, "{name} {column}");
        }
    }
}

#[test]
fn wanted_columns_alone_are_read() {
    for name in SAMPLES {
        let table = Table::read_columns(&sample(name), &["value", "code"]).unwrap();
        let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["code", "value"]);
        assert_eq!((table.number("value", 2), table.text("code", 1)), (Some(-2.25), Some("b")));
        assert!(matches!(table.column("value").unwrap().values, Values::Number(_)));
        let report = Table::read_columns(&sample(name), &["value", "yaer"]).unwrap_err();
        assert_eq!((report.len(), report.problems[0].code), (1, "unknown-column"));
        assert_eq!(report.problems[0].remedy, "did you mean year?");
    }
}

#[test]
fn a_nested_column_is_refused_by_name_unless_it_is_not_wanted() {
    let report = Table::read(&sample("nested.arrow")).unwrap_err();
    assert_eq!((report.len(), report.problems[0].code), (1, "nested-column"));
    assert_eq!(report.problems[0].column.as_deref(), Some("pair"));
    assert_eq!(Table::read_columns(&sample("nested.arrow"), &["id"]).unwrap().rows(), 1);
}

#[test]
fn a_file_cut_short_is_refused() {
    assert_eq!(read(b"id,value\n").unwrap_err().problems[0].code, "not-arrow");
    for name in SAMPLES {
        let whole = std::fs::read(sample(name)).unwrap();
        for length in (0..whole.len() - 1).step_by(3) {
            // A piece that ends in zeros may look like a stream that ended before its rows.
            let code = read(&whole[..length]).map(|table| table.rows());
            assert!(matches!(code, Err(_) | Ok(..3)), "{name} {length}");
            if name != "stream.arrows" {
                assert_eq!(code.unwrap_err().problems[0].code, "not-arrow", "{name} {length}");
            }
        }
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for name in SAMPLES {
        let whole = std::fs::read(sample(name)).unwrap();
        for position in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[position] ^= 0x55;
            let _ = read(&bytes);
        }
    }
}
