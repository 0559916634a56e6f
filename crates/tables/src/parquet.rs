//! Parquet files, through column readers: flat columns of texts, numbers, booleans and dates.

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use crate::problem::Problem;
use crate::read::{Texts, check_header, code, typed};
use crate::schema::{Kind, Schema};
use crate::table::{Column, Origin, Table, Values, shown};

/// Whole numbers beyond this are not exact as f64; such a column is read as text.
const EXACT: u64 = 1 << 53;

/// Reads a Parquet file with flat columns.
pub(crate) fn read(
    name: &str,
    path: &str,
    bytes: &[u8],
    digest: String,
    schema: &Schema,
) -> (Option<Table>, Vec<Problem>) {
    // The library asserts some of what a damaged file can break (a negative offset, for one);
    // a file is never a reason to panic.
    let read = std::panic::AssertUnwindSafe(|| read_flat(name, path, bytes, digest, schema));
    std::panic::catch_unwind(read).unwrap_or_else(|_| {
        let sentence = "its parts contradict each other".to_owned();
        (None, vec![damaged(path, &ParquetError::General(sentence))])
    })
}

fn damaged(path: &str, error: &ParquetError) -> Problem {
    Problem::new(
        "not-parquet",
        path,
        "a Parquet file",
        format!("{error}; write the file again, or save the table as CSV"),
    )
}

fn read_flat(
    name: &str,
    path: &str,
    bytes: &[u8],
    digest: String,
    schema: &Schema,
) -> (Option<Table>, Vec<Problem>) {
    let reader = match SerializedFileReader::new(Bytes::copy_from_slice(bytes)) {
        Ok(reader) => reader,
        Err(error) => return (None, vec![damaged(path, &error)]),
    };
    let descriptor = reader.metadata().file_metadata().schema_descr_ptr();
    let header: Vec<String> = descriptor.columns().iter().map(|c| c.path().string()).collect();
    let mut problems = Vec::new();
    check_header(path, &header, schema, &mut problems);
    // A file may claim any number of rows; the columns say how many there are.
    let mut columns = Vec::new();
    let mut rows = None;
    for (position, column) in descriptor.columns().iter().enumerate() {
        if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
            problems.push(
                Problem::new(
                    "nested-column",
                    path,
                    "columns of single values",
                    "unnest the lists and structs before writing the file: one row per value",
                )
                .column(header[position].as_str()),
            );
            continue;
        }
        match read_column(&reader, position, column) {
            Ok(cells) => {
                rows.get_or_insert(cells.len());
                if rows != Some(cells.len()) {
                    let sentence = "its columns differ in length".to_owned();
                    problems.push(damaged(path, &ParquetError::General(sentence)));
                    return (None, problems);
                }
                let values = cells.into_values();
                let values = declared(path, &header[position], values, schema, &mut problems);
                columns.push(Column { name: header[position].clone(), values });
            }
            Err(Fault::Damaged(error)) => problems.push(damaged(path, &error)),
            Err(Fault::Type(found)) => problems.push(
                Problem::new(
                    "unknown-type",
                    path,
                    "texts, numbers, booleans, dates or timestamps",
                    format!("the column holds {found}: convert it to text or to a number"),
                )
                .column(header[position].as_str()),
            ),
        }
    }
    if rows.unwrap_or(0) == 0 && problems.is_empty() {
        problems.push(Problem::new(
            "empty-table",
            path,
            "at least one row",
            "write the rows, or take the table out of the package",
        ));
    }
    let table = Table {
        name: name.to_owned(),
        path: path.to_owned(),
        digest,
        origins: (0..columns.len()).map(Origin::File).collect(),
        columns,
        lines: (1..=rows.unwrap_or(0) as u32).collect(),
        raw: None,
    };
    (Some(table), problems)
}

/// Why a column cannot be read.
enum Fault {
    Damaged(ParquetError),
    Type(String),
}

impl From<ParquetError> for Fault {
    fn from(error: ParquetError) -> Self {
        Self::Damaged(error)
    }
}

/// The cells of one column, before it is known whether every whole number is exact.
enum Cells {
    Texts(Vec<Option<String>>),
    Floats(Vec<Option<f64>>),
    Integers(Vec<Option<i128>>),
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Texts(cells) => cells.len(),
            Self::Floats(cells) => cells.len(),
            Self::Integers(cells) => cells.len(),
        }
    }

    fn into_values(self) -> Values {
        match self {
            Self::Texts(cells) => Values::text(cells.iter().map(Option::as_deref)),
            // A stored NaN or infinity is told apart from a null below: it becomes text.
            Self::Floats(cells) if cells.iter().flatten().any(|v| !v.is_finite()) => {
                collect(cells.iter().map(|cell| cell.map(|v| v.to_string())))
            }
            Self::Floats(cells) => {
                Values::Number(cells.iter().map(|cell| cell.unwrap_or(f64::NAN)).collect())
            }
            Self::Integers(cells)
                if cells.iter().flatten().any(|v| v.unsigned_abs() > u128::from(EXACT)) =>
            {
                collect(cells.iter().map(|cell| cell.map(|v| v.to_string())))
            }
            Self::Integers(cells) => Values::Number(
                cells.iter().map(|cell| cell.map_or(f64::NAN, |v| v as f64)).collect(),
            ),
        }
    }
}

fn collect(cells: impl Iterator<Item = Option<String>>) -> Values {
    let mut texts = Texts::default();
    for cell in cells {
        texts.push(cell.as_deref().unwrap_or(""));
    }
    texts.finish()
}

/// A column as its schema declares it.
fn declared(
    path: &str,
    name: &str,
    values: Values,
    schema: &Schema,
    problems: &mut Vec<Problem>,
) -> Values {
    match (schema.field(name).and_then(|field| field.kind), &values) {
        (Some(Kind::Text), Values::Number(_)) => {
            let mut texts = Texts::default();
            for row in 0..values.len() {
                texts.push(&shown(&values, row));
            }
            texts.finish()
        }
        (Some(Kind::Text) | None, _) | (Some(Kind::Number), Values::Number(_)) => values,
        (Some(kind), _) => {
            let mut numbers = Vec::with_capacity(values.len());
            for row in 0..values.len() {
                let cell = shown(&values, row);
                let read = if cell.is_empty() { Ok(f64::NAN) } else { typed(kind, &cell) };
                numbers.push(read.unwrap_or_else(|(expected, remedy)| {
                    problems.push(
                        Problem::new(code(kind), path, expected, remedy)
                            .at(row as u32 + 1)
                            .column(name)
                            .value(&cell),
                    );
                    f64::NAN
                }));
            }
            Values::Number(numbers)
        }
    }
}

/// Reads one column through all row groups.
fn read_column(
    reader: &SerializedFileReader<Bytes>,
    position: usize,
    column: &ColumnDescriptor,
) -> Result<Cells, Fault> {
    let logical = column.logical_type_ref();
    let converted = column.converted_type();
    Ok(match column.physical_type() {
        Type::BYTE_ARRAY if !matches!(converted, ConvertedType::DECIMAL) => {
            let cells = all(reader, position, column, |r| match r {
                ColumnReader::ByteArrayColumnReader(r) => Some(r),
                _ => None,
            })?;
            let mut texts = Vec::with_capacity(cells.len());
            for cell in cells {
                texts.push(match cell {
                    None => None,
                    Some(bytes) => Some(
                        std::str::from_utf8(bytes.data())
                            .map_err(|_| Fault::Type("bytes that are no UTF-8 text".into()))?
                            .to_owned(),
                    ),
                });
            }
            Cells::Texts(texts)
        }
        Type::BOOLEAN => {
            let cells = all(reader, position, column, |r| match r {
                ColumnReader::BoolColumnReader(r) => Some(r),
                _ => None,
            })?;
            Cells::Integers(cells.into_iter().map(|cell| cell.map(i128::from)).collect())
        }
        Type::FLOAT => {
            let cells = all(reader, position, column, |r| match r {
                ColumnReader::FloatColumnReader(r) => Some(r),
                _ => None,
            })?;
            Cells::Floats(cells.into_iter().map(|cell| cell.map(f64::from)).collect())
        }
        Type::DOUBLE => Cells::Floats(all(reader, position, column, |r| match r {
            ColumnReader::DoubleColumnReader(r) => Some(r),
            _ => None,
        })?),
        Type::INT32 => {
            let cells = all(reader, position, column, |r| match r {
                ColumnReader::Int32ColumnReader(r) => Some(r),
                _ => None,
            })?;
            let unsigned = is_unsigned(logical, converted);
            let widened = cells.into_iter().map(|cell| {
                cell.map(|v| if unsigned { i128::from(v as u32) } else { i128::from(v) })
            });
            integers(widened.collect(), column)?
        }
        Type::INT64 => {
            let cells = all(reader, position, column, |r| match r {
                ColumnReader::Int64ColumnReader(r) => Some(r),
                _ => None,
            })?;
            let unsigned = is_unsigned(logical, converted);
            let widened = cells.into_iter().map(|cell| {
                cell.map(|v| if unsigned { i128::from(v as u64) } else { i128::from(v) })
            });
            integers(widened.collect(), column)?
        }
        other => return Err(Fault::Type(format!("{other} ({converted})"))),
    })
}

fn is_unsigned(logical: Option<&LogicalType>, converted: ConvertedType) -> bool {
    match logical {
        Some(LogicalType::Integer(integer)) => !integer.is_signed,
        _ => matches!(converted, ConvertedType::UINT_32 | ConvertedType::UINT_64),
    }
}

/// Whole numbers as what they stand for: dates, timestamps, decimals, or themselves.
fn integers(cells: Vec<Option<i128>>, column: &ColumnDescriptor) -> Result<Cells, Fault> {
    let texts = |text: &dyn Fn(i128) -> String| {
        Ok(Cells::Texts(cells.iter().map(|cell| cell.map(text)).collect()))
    };
    let per_second = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => 1_000,
        TimeUnit::MICROS => 1_000_000,
        TimeUnit::NANOS => 1_000_000_000,
    };
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => texts(&date),
        (Some(LogicalType::Timestamp(t)), _) => {
            let (unit, zone) = (per_second(&t.unit), if t.is_adjusted_to_u_t_c { "Z" } else { "" });
            texts(&move |v| timestamp(v, unit, zone))
        }
        (None, ConvertedType::TIMESTAMP_MILLIS) => texts(&|v| timestamp(v, 1_000, "Z")),
        (None, ConvertedType::TIMESTAMP_MICROS) => texts(&|v| timestamp(v, 1_000_000, "Z")),
        (Some(LogicalType::Time(_)), _)
        | (None, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => {
            Err(Fault::Type("times of day".into()))
        }
        (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
            let scale = column.type_scale().clamp(0, 38) as u32;
            // Through text, so that 1234 with scale 2 is the number nearest to 12.34.
            let cells = cells.iter().map(|cell| cell.and_then(|v| decimal(v, scale).parse().ok()));
            Ok(Cells::Floats(cells.collect()))
        }
        _ => Ok(Cells::Integers(cells)),
    }
}

fn decimal(value: i128, scale: u32) -> String {
    let unit = 10_u128.pow(scale);
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    if scale == 0 {
        return value.to_string();
    }
    format!("{sign}{}.{:0width$}", size / unit, size % unit, width = scale as usize)
}

/// Days since 1 January 1970 as year-month-day, after H. Hinnant's `civil_from_days`.
fn date(days: i128) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

fn timestamp(value: i128, per_second: i128, zone: &str) -> String {
    let (seconds, part) = (value.div_euclid(per_second), value.rem_euclid(per_second));
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut text =
        format!("{}T{:02}:{:02}:{:02}", date(day), second / 3_600, second / 60 % 60, second % 60);
    if part > 0 {
        let digits = per_second.ilog10() as usize;
        text.push_str(&format!(".{part:0digits$}"));
    }
    text + zone
}

/// Every cell of a column, None for nulls.
fn all<T: DataType>(
    reader: &SerializedFileReader<Bytes>,
    position: usize,
    column: &ColumnDescriptor,
    pick: impl Fn(ColumnReader) -> Option<ColumnReaderImpl<T>>,
) -> Result<Vec<Option<T::T>>, Fault> {
    const BATCH: usize = 65_536;
    let mut cells = Vec::new();
    for group in 0..reader.num_row_groups() {
        let reader = reader.get_row_group(group)?.get_column_reader(position)?;
        let Some(mut reader) = pick(reader) else {
            return Err(Fault::Type("another type than the file declares".into()));
        };
        loop {
            let (mut levels, mut values) = (Vec::new(), Vec::new());
            let (records, _, _) =
                reader.read_records(BATCH, Some(&mut levels), None, &mut values)?;
            if records == 0 {
                break;
            }
            if column.max_def_level() == 0 {
                cells.extend(values.into_iter().map(Some));
                continue;
            }
            let mut values = values.into_iter();
            cells.extend(
                levels
                    .iter()
                    .map(|&level| (level == column.max_def_level()).then(|| values.next())?),
            );
        }
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_by_hand() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(19_782), "2024-02-29");
        assert_eq!(timestamp(86_399_500, 1_000, "Z"), "1970-01-01T23:59:59.500Z");
        assert_eq!(timestamp(-1_000_000, 1_000_000, ""), "1969-12-31T23:59:59");
    }

    #[test]
    fn decimals_by_hand() {
        assert_eq!(decimal(1234, 2), "12.34");
        assert_eq!(decimal(-5, 3), "-0.005");
        assert_eq!(decimal(7, 0), "7");
    }
}
