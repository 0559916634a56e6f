//! Reads whole Parquet columns for the tests; the product's own reader lives in `tables`.

use parquet::basic::Type;
use parquet::column::reader::ColumnReader;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::collections::BTreeMap;
use std::path::Path;

/// A column of numbers or of text.
#[derive(Debug, Clone)]
pub enum Column {
    Number(Vec<f64>),
    Text(Vec<String>),
}

impl Column {
    /// The rows with `keep`.
    pub fn filter(&self, keep: &[bool]) -> Column {
        fn pick<T: Clone>(v: &[T], keep: &[bool]) -> Vec<T> {
            v.iter().zip(keep).filter(|(_, k)| **k).map(|(v, _)| v.clone()).collect()
        }
        match self {
            Column::Number(v) => Column::Number(pick(v, keep)),
            Column::Text(v) => Column::Text(pick(v, keep)),
        }
    }
}

/// Reads the named columns; panics on missing values, of which the reference data have none.
pub fn read(path: &Path, wanted: &dyn Fn(&str) -> bool) -> BTreeMap<String, Column> {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let reader = SerializedFileReader::new(file).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let mut columns: BTreeMap<String, Column> = BTreeMap::new();
    for g in 0..reader.num_row_groups() {
        let group = reader.get_row_group(g).unwrap();
        let rows = group.metadata().num_rows() as usize;
        for c in 0..schema.num_columns() {
            let name = schema.column(c).name().to_owned();
            if !wanted(&name) {
                continue;
            }
            let mut levels = Vec::new();
            macro_rules! values {
                ($reader:expr) => {{
                    let mut values = Vec::new();
                    let mut reader = $reader;
                    let (mut records, mut read) = (0, 0);
                    while records < rows {
                        let (r, v, _) = reader
                            .read_records(rows - records, Some(&mut levels), None, &mut values)
                            .unwrap();
                        assert!(r > 0, "{name}: short column");
                        records += r;
                        read += v;
                    }
                    assert_eq!(read, rows, "{name}: missing values");
                    values
                }};
            }
            let number = |v: Vec<f64>| Column::Number(v);
            let column = match group.get_column_reader(c).unwrap() {
                ColumnReader::Int32ColumnReader(r) => {
                    number(values!(r).into_iter().map(f64::from).collect())
                }
                ColumnReader::Int64ColumnReader(r) => {
                    number(values!(r).into_iter().map(|v: i64| v as f64).collect())
                }
                ColumnReader::DoubleColumnReader(r) => number(values!(r)),
                ColumnReader::ByteArrayColumnReader(r) => Column::Text(
                    values!(r)
                        .into_iter()
                        .map(|v| String::from_utf8(v.data().to_vec()).unwrap())
                        .collect(),
                ),
                _ => {
                    let kind: Type = schema.column(c).physical_type();
                    panic!("{name}: {kind} is not read here")
                }
            };
            match (columns.get_mut(&name), column) {
                (Some(Column::Number(a)), Column::Number(b)) => a.extend(b),
                (Some(Column::Text(a)), Column::Text(b)) => a.extend(b),
                (_, column) => {
                    columns.insert(name, column);
                }
            }
        }
    }
    columns
}
