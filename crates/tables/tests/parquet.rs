//! Parquet files: every type that is read, and those that are refused.

use std::sync::Arc;

use emporion_tables::schema::{FieldSchema, Kind};
use emporion_tables::{Report, Schema, Table, Values};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Two rows, the second null wherever a column may be.
fn file() -> Vec<u8> {
    let schema = "message m {
        required binary id (UTF8); optional double value; optional int32 year;
        optional int32 day (DATE); optional int64 big; optional boolean yes;
        optional int64 price (DECIMAL(10,2)); optional float small;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut position = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        let levels = Some(&[1_i16, 0][..]);
        match position {
            0 => {
                let ids = [ByteArray::from("a"), ByteArray::from("b")];
                column.typed::<ByteArrayType>().write_batch(&ids, None, None)
            }
            1 => column.typed::<DoubleType>().write_batch(&[1.25], levels, None),
            2 => column.typed::<Int32Type>().write_batch(&[2022], levels, None),
            3 => column.typed::<Int32Type>().write_batch(&[19_782], levels, None),
            4 => column.typed::<Int64Type>().write_batch(&[9_007_199_254_740_993], levels, None),
            5 => column.typed::<BoolType>().write_batch(&[true], levels, None),
            6 => column.typed::<Int64Type>().write_batch(&[1234], levels, None),
            _ => column.typed::<FloatType>().write_batch(&[0.5], levels, None),
        }
        .unwrap();
        column.close().unwrap();
        position += 1;
    }
    group.close().unwrap();
    writer.into_inner().unwrap()
}

fn read(bytes: &[u8], schema: Option<&Schema>) -> Result<Table, Report> {
    Table::from_bytes("t", "t.parquet", bytes, schema)
}

#[test]
fn each_type_by_hand() {
    let table = read(&file(), None).unwrap();
    assert_eq!((table.rows(), table.line(1)), (2, 2));
    assert_eq!((table.text("id", 0), table.text("id", 1)), (Some("a"), Some("b")));
    for (column, value) in
        [("value", 1.25), ("year", 2022.0), ("yes", 1.0), ("price", 12.34), ("small", 0.5)]
    {
        assert_eq!((table.number(column, 0), table.number(column, 1)), (Some(value), None));
    }
    assert_eq!((table.text("day", 0), table.text("day", 1)), (Some("2024-02-29"), None));
    // Not exact as a floating-point number, hence text.
    assert_eq!(table.text("big", 0), Some("9007199254740993"));
    assert_eq!(table.row_text(0)[1], ("value".into(), "1.25".into()));
    assert_eq!(table.row_text(1)[1], ("value".into(), String::new()));
}

#[test]
fn a_schema_decides_what_a_column_is() {
    let schema = Schema {
        fields: vec![
            FieldSchema::new("year", Some(Kind::Text)),
            FieldSchema::new("id", Some(Kind::Number)),
        ],
        ..Schema::default()
    };
    let report = read(&file(), Some(&schema)).unwrap_err();
    let first = &report.problems[0];
    assert_eq!(
        (first.code, first.line, first.column.as_deref()),
        ("not-a-number", Some(1), Some("id"))
    );
    let schema = Schema { fields: schema.fields[..1].to_vec(), ..schema };
    let table = read(&file(), Some(&schema)).unwrap();
    assert!(matches!(table.column("year").unwrap().values, Values::Text { .. }));
    assert_eq!(table.text("year", 0), Some("2022"));
}

#[test]
fn a_nested_column_is_refused_by_name() {
    let schema = "message m { required group pair { required int32 a; } }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::new())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int32Type>().write_batch(&[1], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let report = read(&writer.into_inner().unwrap(), None).unwrap_err();
    assert_eq!(report.problems[0].code, "nested-column");
    assert_eq!(report.problems[0].column.as_deref(), Some("pair.a"));
}

#[test]
fn a_stored_nan_is_missing_and_an_infinity_makes_a_column_text() {
    let schema = "message m { required double value; required float small; required double log; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer =
        SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::new())).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let log = [0.5, f64::NEG_INFINITY];
    for doubles in [Some([1.25, f64::NAN]), None, Some(log)] {
        let mut column = group.next_column().unwrap().unwrap();
        match doubles {
            Some(values) => column.typed::<DoubleType>().write_batch(&values, None, None),
            None => column.typed::<FloatType>().write_batch(&[0.5, f32::NAN], None, None),
        }
        .unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    let table = read(&writer.into_inner().unwrap(), None).unwrap();
    for (column, value) in [("value", 1.25), ("small", 0.5)] {
        assert_eq!((table.number(column, 0), table.number(column, 1)), (Some(value), None));
    }
    assert_eq!((table.text("log", 0), table.text("log", 1)), (Some("0.5"), Some("-inf")));
}

#[test]
fn a_damaged_file_is_refused() {
    let mut bytes = file();
    bytes.truncate(bytes.len() / 2);
    assert_eq!(read(&bytes, None).unwrap_err().problems[0].code, "not-parquet");
    assert_eq!(read(b"id,value\n", None).unwrap_err().problems[0].code, "not-parquet");
}

#[test]
fn flipped_bytes_never_panic() {
    let whole = file();
    for position in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x55;
        let _ = read(&bytes, None);
    }
}
