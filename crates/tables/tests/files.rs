//! Files as they lie on disk: which format they have, some of their columns, and writing them.

use std::fs;
use std::path::Path;

use emporion_tables::{Column, Report, Table, Values, write};
use proptest::prelude::*;

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn columns() -> Vec<Column> {
    vec![
        Column { name: "id".into(), values: Values::text([Some("a,b"), None, Some("say \"x\"")]) },
        Column {
            name: "fitted".into(),
            values: Values::Number(vec![0.1 + 0.2, f64::NAN, -1e-300]),
        },
        Column { name: "score".into(), values: Values::Number(vec![1e20, 3.0, f64::MAX]) },
    ]
}

fn parquet() -> Vec<u8> {
    let mut bytes = Vec::new();
    write::write_parquet(&mut bytes, &columns()).unwrap();
    bytes
}

fn refused(path: &str, bytes: &[u8]) -> Report {
    Table::from_bytes("t", path, bytes, None).unwrap_err()
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["t.parquet", "t.csv"] {
        let path = folder.path().join(name);
        write::write(&path, &columns()).unwrap();
        let table = Table::read(&path).unwrap();
        assert_eq!(table.columns()[0], columns()[0], "{name}");
        for column in ["fitted", "score"] {
            for row in 0..3 {
                let Values::Number(expected) =
                    &columns().into_iter().find(|c| c.name == column).unwrap().values
                else {
                    panic!("{column} is a number column");
                };
                let expected = Some(expected[row]).filter(|v| !v.is_nan());
                assert_eq!(table.number(column, row), expected, "{name} {column} {row}");
            }
        }
    }
}

/// More rows than one group, so that the groups are put together in their order.
#[test]
fn many_row_groups_keep_their_order() {
    const ROWS: usize = (1 << 20) + 3;
    let numbers = (0..ROWS).map(|row| if row % 7 == 0 { f64::NAN } else { row as f64 }).collect();
    let labels = vec!["even".to_owned(), "odd".to_owned()];
    let codes = (0..ROWS).map(|row| (row % 2) as u32).collect();
    let columns = [
        Column { name: "n".into(), values: Values::Number(numbers) },
        Column { name: "side".into(), values: Values::Text { codes, labels } },
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write::write(&path, &columns).unwrap();
    let table = Table::read(&path).unwrap();
    assert_eq!(table.rows(), ROWS);
    for row in [0, 1, 6, 7, 8, 65_535, 1 << 20, ROWS - 1] {
        let expected = (row % 7 != 0).then_some(row as f64);
        assert_eq!(table.number("n", row), expected);
        assert_eq!(table.text("side", row), Some(["even", "odd"][row % 2]));
    }
    assert_eq!(table.columns()[1], columns[1]);
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let code = |name: &str, columns: &[Column]| {
        write::write(&folder.path().join(name), columns).unwrap_err().problems[0].code
    };
    let number = |name: &str, values: &[f64]| Column {
        name: name.into(),
        values: Values::Number(values.to_vec()),
    };
    assert_eq!(code("t.xlsx", &columns()), "unknown-format");
    assert_eq!(code("t.csv", &[]), "empty-table");
    assert_eq!(code("t.csv", &[number("a", &[1.0]), number("a", &[1.0])]), "duplicate-column");
    assert_eq!(code("t.csv", &[number(" ", &[1.0])]), "empty-header");
    assert_eq!(code("t.csv", &[number("a", &[1.0]), number("b", &[])]), "ragged-column");
    assert_eq!(code("t.csv", &[number("a", &[f64::INFINITY])]), "not-a-number");
    assert_eq!(code("no/such/folder/t.csv", &[number("a", &[1.0])]), "unwritable-file");
}

#[test]
fn content_and_ending_must_agree() {
    let samples = [
        (parquet(), ".parquet"),
        (sample("lz4.feather"), ".arrow"),
        (sample("stream.arrows"), ".arrow"),
        (sample("v114.dta"), ".dta"),
        (sample("v118.dta"), ".dta"),
    ];
    for (bytes, ending) in &samples {
        // Known by content where the ending says nothing.
        assert!(Table::from_bytes("t", "results.dat", bytes, None).is_ok(), "{ending}");
        for wrong in [".csv", ".csv.gz", ".parquet", ".feather", ".dta"] {
            let same = wrong == *ending || (wrong == ".feather" && *ending == ".arrow");
            match Table::from_bytes("t", &format!("a.b/t{wrong}"), bytes, None) {
                Ok(_) => assert!(same, "{wrong} with the content of {ending}"),
                Err(report) => {
                    assert!(!same, "{report}");
                    let problem = &report.problems[0];
                    assert_eq!(problem.code, "wrong-ending");
                    assert!(
                        problem.remedy.ends_with(&format!("rename it to a.b/t{ending}")),
                        "{problem}"
                    );
                }
            }
        }
    }
    for (path, bytes, code) in [
        ("t.txt", &b"id,value\n"[..], "unknown-format"),
        ("t.csv", b"PK\x03\x04rest", "unknown-format"),
        ("t.feather", b"FEA1rest", "unknown-format"),
        ("t.parquet", b"id,value\na,1\n", "not-parquet"),
        ("t.arrow", b"id,value\na,1\n", "not-arrow"),
        ("t.dta", b"id,value\na,1\n", "not-stata"),
        ("t.csv.gz", b"id,value\na,1\n", "not-gzip"),
        ("t.csv", b"id,value\na,\0\n", "not-utf8"),
    ] {
        assert_eq!(refused(path, bytes).problems[0].code, code, "{path}");
    }
}

#[test]
fn a_file_cut_short_is_refused() {
    let whole = parquet();
    for length in 0..whole.len() {
        assert_eq!(refused("t.parquet", &whole[..length]).problems[0].code, "not-parquet");
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, b"id,value\na,1\n").unwrap();
    let packed = packed.finish().unwrap();
    for length in 0..packed.len() {
        assert_eq!(refused("t.csv.gz", &packed[..length]).problems[0].code, "not-gzip");
    }
}

#[test]
fn wanted_columns_alone_are_read() {
    let folder = tempfile::tempdir().unwrap();
    // The cell that is no number stands in a column that nobody asked for.
    let text = "id,value,note,share\n\na,1.5,\"x\ny\",.5\n,,,\nb,x,,2\n";
    let csv = folder.path().join("t.csv");
    fs::write(&csv, text.replacen("\n\n", "\n", 1)).unwrap();
    let table = Table::read_columns(&csv, &["share", "id"]).unwrap();
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["id", "share"]);
    assert_eq!([0, 1, 2].map(|row| table.line(row)), [2, 4, 5]);
    assert_eq!([0, 1, 2].map(|row| table.number("share", row)), [Some(0.5), None, Some(2.0)]);
    // The text is not kept, so a number has none.
    assert_eq!((table.text("share", 0), table.text("id", 2)), (None, Some("b")));
    assert_eq!(Table::read_columns(&csv, &["value"]).unwrap().text("value", 2), Some("x"));
    fs::write(&csv, text).unwrap();
    assert_eq!(Table::read_columns(&csv, &["id"]).unwrap_err().problems[0].code, "blank-line");
    fs::write(&csv, "id,value\na,1,2\nb\n").unwrap();
    let report = Table::read_columns(&csv, &["id"]).unwrap_err();
    assert_eq!(
        report.problems.iter().map(|p| (p.code, p.line)).collect::<Vec<_>>(),
        [("ragged-row", Some(2)), ("ragged-row", Some(3)),]
    );

    let packed = folder.path().join("t.parquet");
    fs::write(&packed, parquet()).unwrap();
    let table = Table::read_columns(&packed, &["score"]).unwrap();
    assert_eq!((table.columns().len(), table.number("score", 1)), (1, Some(3.0)));
    for path in [&csv, &packed] {
        fs::write(&csv, "id,score\na,1\n").unwrap();
        let report = Table::read_columns(path, &["scores", "id"]).unwrap_err();
        assert_eq!((report.len(), report.problems[0].code), (1, "unknown-column"));
        assert_eq!(report.problems[0].column.as_deref(), Some("scores"));
        assert_eq!(report.problems[0].remedy, "did you mean score?");
    }
    let report = Table::read_columns(&folder.path().join("none.csv"), &["id"]).unwrap_err();
    assert_eq!(report.problems[0].code, "missing-file");
}

#[test]
fn a_digest_is_of_the_bytes_that_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, "id,value\na,1\n").unwrap();
    let table = Table::read(&path).unwrap();
    let again = Table::from_bytes("t", "t.csv", b"id,value\na,1\n", None).unwrap();
    assert_eq!(table.digest(), again.digest());
    assert!(table.digest().is_some());
    // Another file in its place is not what was read, unless its digest is known already.
    let late = Table::read(&path).unwrap();
    fs::write(&path, "id,value\na,12\n").unwrap();
    assert_eq!((late.digest(), table.digest()), (None, again.digest()));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for (path, magic) in [
            ("t.dta", &b"<stata_dta><header><release>118"[..]),
            ("t.dta", &[114, 2, 1, 0]),
            ("t.arrow", b"ARROW1\0\0"),
            ("t.arrow", &[255; 4]),
            ("t.parquet", b"PAR1"),
            ("t", b""),
        ] {
            let _ = Table::from_bytes("t", path, &[magic, &bytes].concat(), None);
            let _ = Table::from_bytes("t", path, &[magic, &bytes, b"ARROW1"].concat(), None);
            let _ = Table::from_bytes("t", path, &[magic, &bytes, b"PAR1"].concat(), None);
        }
    }

    #[test]
    fn any_number_and_text_is_read_back(
        rows in proptest::collection::vec(
            (proptest::option::of(proptest::num::f64::NORMAL), "x[a-z,\"\n é]{0,5}"),
            1..20,
        ),
    ) {
        let numbers = rows.iter().map(|(number, _)| number.unwrap_or(f64::NAN)).collect();
        let columns = [
            Column { name: "n".into(), values: Values::Number(numbers) },
            Column { name: "t".into(), values: Values::text(rows.iter().map(|(_, t)| Some(&**t))) },
        ];
        let (mut packed, mut plain) = (Vec::new(), Vec::new());
        write::write_parquet(&mut packed, &columns).unwrap();
        write::write_csv(&mut plain, &columns).unwrap();
        for (path, bytes) in [("t.parquet", packed), ("t.csv", plain)] {
            let table = Table::from_bytes("t", path, &bytes, None).unwrap();
            for (row, (number, text)) in rows.iter().enumerate() {
                prop_assert_eq!(table.number("n", row), *number);
                let cell = table.row_text(row)[1].1.clone();
                prop_assert_eq!(&cell, text);
            }
        }
    }
}
