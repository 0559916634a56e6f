//! CSV files: read as another reader reads them, and never with a panic.

use std::io::Write;

use emporion_tables::{Report, Table, Values};
use proptest::prelude::*;

fn read(path: &str, bytes: &[u8]) -> Result<Table, Report> {
    Table::from_bytes("t", path, bytes, None)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn columns_are_typed_by_their_values() {
    let table = read("t.csv", b"id,n,code,mixed,none\na,1.5,01,1,\nb,,02,x,\n").unwrap();
    let number = |name: &str| matches!(table.column(name).unwrap().values, Values::Number(_));
    assert_eq!(["id", "n", "code", "mixed", "none"].map(number), [false, true, false, false, true]);
    assert_eq!((table.number("n", 0), table.number("n", 1)), (Some(1.5), None));
    assert_eq!((table.text("code", 1), table.text("mixed", 0)), (Some("02"), Some("1")));
    assert_eq!(table.text("n", 0), Some("1.5"));
}

#[test]
fn cells_and_lines_stay_as_in_the_file() {
    let text =
        "id,value,note\r\na,1.50,\"say \"\"x\"\"\"\r\nb,2e3,\"two\r\nlines\"\r\nc,0.10,\r\n\r\n";
    let table = read("t.csv", text.as_bytes()).unwrap();
    assert_eq!([0, 1, 2].map(|row| table.line(row)), [2, 3, 5]);
    let cell = |row: usize, column: usize| table.row_text(row)[column].1.clone();
    assert_eq!((cell(0, 1), cell(0, 2)), ("1.50".into(), "say \"x\"".into()));
    assert_eq!((cell(1, 1), cell(1, 2)), ("2e3".into(), "two\r\nlines".into()));
    let chosen = table.select(&[2, 0]);
    assert_eq!((chosen.line(0), chosen.row_text(0)[1].1.as_str()), (5, "0.10"));
    assert_eq!(chosen.text("id", 1), Some("a"));
}

#[test]
fn a_gzip_file_is_the_same_table_with_its_own_digest() {
    let text = b"id,value\na,1\n";
    let (plain, packed) = (read("t.csv", text).unwrap(), read("t.csv.gz", &gzip(text)).unwrap());
    assert_eq!(plain.columns(), packed.columns());
    assert_ne!(plain.digest(), packed.digest());
    // SHA-256 of the empty text is known.
    let empty = read("t.csv", b"").unwrap_err();
    assert_eq!(empty.problems[0].code, "empty-table");
    assert_eq!(plain.digest().map(str::len), Some(64));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let table = read("t.csv", b"\xEF\xBB\xBFid\na\n").unwrap();
    assert_eq!(table.columns()[0].name, "id");
}

#[test]
fn marks_of_a_missing_number_are_missing_among_numbers_alone() {
    let text = "a,b,c,d\nNA,NA,NA,1\n2.5,.,,x\nNaN,3,NA,NA\n";
    let table = read("t.csv", text.as_bytes()).unwrap();
    let numbers = |column: &str| [0, 1, 2].map(|row| table.number(column, row));
    assert_eq!(numbers("a"), [None, Some(2.5), None]);
    assert_eq!(numbers("b"), [None, None, Some(3.0)]);
    // Without a number, and beside a text, NA may be the code of a country.
    let texts = |column: &str| [0, 1, 2].map(|row| table.text(column, row));
    assert_eq!(texts("c"), [Some("NA"), None, Some("NA")]);
    assert_eq!(texts("d"), [Some("1"), Some("x"), Some("NA")]);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read("t.csv", &bytes);
        let _ = read("t.csv.gz", &bytes);
        let _ = read("t.parquet", &bytes);
    }

    #[test]
    fn random_signs_of_csv_never_panic(text in "[a\"\u{e9},;\r\n\t0-9.-]{0,80}") {
        if let Ok(table) = read("t.csv", text.as_bytes()) {
            for row in 0..table.rows() {
                prop_assert_eq!(table.row_text(row).len(), table.columns().len());
            }
        }
    }

    #[test]
    fn what_another_writer_writes_is_read_back(
        rows in proptest::collection::vec(("[a-z,\"\n\r é]{1,6}", "[a-z,\"\n ]{0,6}"), 1..8),
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["first", "second"]).unwrap();
        for (first, second) in &rows {
            // The leading letter keeps a cell from being read as a number or a blank line.
            writer.write_record([format!("x{first}"), second.clone()]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        for (path, bytes) in [("t.csv", bytes.clone()), ("t.csv.gz", gzip(&bytes))] {
            let table = read(path, &bytes).unwrap();
            prop_assert_eq!(table.rows(), rows.len());
            for (row, (first, second)) in rows.iter().enumerate() {
                let cells = table.row_text(row);
                prop_assert_eq!(&cells[0].1, &format!("x{first}"));
                prop_assert_eq!(&cells[1].1, second);
                prop_assert_eq!(table.text("second", row).unwrap_or(""), second.as_str());
            }
        }
    }
}
