//! Results as files: residuals, fitted values, fixed effects, scores.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type as Schema;

use crate::problem::{Problem, Report};
use crate::table::{Column, MISSING, Values};

/// Rows that are compressed together; readers decode such groups one by one.
const GROUP: usize = 1 << 20;

/// Writes columns to a `.parquet` or a `.csv` file, as its ending says.
///
/// A file of that name is replaced. A number that is missing is null in Parquet and an empty cell
/// in CSV; a text that is missing likewise.
///
/// # Errors
///
/// Another ending, a name that occurs twice or is empty, columns of different lengths, no columns,
/// an infinite number (no reader of ours takes one for a number), or a file that cannot be
/// written.
///
/// # Cost
///
/// One pass over the columns; memory for one compressed group of about a million rows.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use emporion_tables::{Column, Table, Values, write};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("fitted.parquet");
/// let columns = [
///     Column { name: "origin".into(), values: Values::text([Some("BLR"), None]) },
///     Column { name: "fitted".into(), values: Values::Number(vec![1.5, f64::NAN]) },
/// ];
/// write::write(&path, &columns)?;
/// let table = Table::read(&path)?;
/// assert_eq!((table.text("origin", 0), table.number("fitted", 0)), (Some("BLR"), Some(1.5)));
/// assert_eq!((table.text("origin", 1), table.number("fitted", 1)), (None, None));
/// # Ok(())
/// # }
/// ```
pub fn write(path: &Path, columns: &[Column]) -> Result<(), Report> {
    let shown = path.display().to_string();
    let ending = shown.to_lowercase();
    let packed = ending.ends_with(".parquet");
    if !packed && !ending.ends_with(".csv") {
        return Err(Problem::new(
            "unknown-format",
            shown,
            "a name that ends in .parquet or .csv",
            "choose one of the two",
        )
        .into());
    }
    check(&shown, columns)?;
    let unwritable = |error: &dyn std::fmt::Display| {
        Report::from(Problem::new(
            "unwritable-file",
            shown.as_str(),
            "a file that can be written",
            format!("{error}; check the folder and its rights"),
        ))
    };
    let file = std::fs::File::create(path).map_err(|error| unwritable(&error))?;
    if packed {
        write_parquet(file, columns).map_err(|error| unwritable(&error))
    } else {
        write_csv(io::BufWriter::new(file), columns).map_err(|error| unwritable(&error))
    }
}

/// What would make a file that cannot be read back.
fn check(path: &str, columns: &[Column]) -> Result<(), Report> {
    let mut problems = Vec::new();
    let rows = columns.first().map_or(0, |column| column.values.len());
    if columns.is_empty() {
        problems.push(Problem::new("empty-table", path, "at least one column", "choose columns"));
    }
    for (position, Column { name, values }) in columns.iter().enumerate() {
        let problem = |code, expected: String, remedy: &str| {
            Problem::new(code, path, expected, remedy).column(name.as_str())
        };
        if name.trim().is_empty() || name.trim() != name {
            let expected = "a name without spaces around it".to_owned();
            problems.push(problem("empty-header", expected, "name the column").value(name));
        }
        if columns[..position].iter().any(|other| other.name == *name) {
            let expected = "every column name once".to_owned();
            problems.push(problem("duplicate-column", expected, "rename one of the two"));
        }
        if values.len() != rows {
            let expected = format!("{rows} rows, as in the first column");
            let remedy = "write columns of the same rows to one file";
            let found = format!("{} rows", values.len());
            problems.push(problem("ragged-column", expected, remedy).value(found));
        }
        if let Values::Number(numbers) = values
            && let Some(row) = numbers.iter().position(|v| v.is_infinite())
        {
            let expected = "finite numbers".to_owned();
            let remedy = "leave the row out, or make the number missing";
            problems.push(problem("not-a-number", expected, remedy).at(row as u32 + 1));
        }
    }
    Report::from(problems).or(())
}

/// Writes columns of the same length as Parquet: zstd, numbers as doubles, texts as UTF-8.
///
/// # Errors
///
/// What the writer or the library says.
pub fn write_parquet(writer: impl Write + Send, columns: &[Column]) -> Result<(), ParquetError> {
    let fields = columns.iter().map(|column| {
        let (kind, converted) = match column.values {
            Values::Number(_) => (Type::DOUBLE, ConvertedType::NONE),
            Values::Text { .. } => (Type::BYTE_ARRAY, ConvertedType::UTF8),
        };
        let field = Schema::primitive_type_builder(&column.name, kind)
            .with_repetition(Repetition::OPTIONAL)
            .with_converted_type(converted);
        Ok(Arc::new(field.build()?))
    });
    let fields = fields.collect::<Result<Vec<_>, ParquetError>>()?;
    let schema = Arc::new(Schema::group_type_builder("schema").with_fields(fields).build()?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("emporion ", env!("CARGO_PKG_VERSION")).to_owned());
    let mut file = SerializedFileWriter::new(writer, schema, Arc::new(properties.build()))?;
    let rows = columns.first().map_or(0, |column| column.values.len());
    for start in (0..rows).step_by(GROUP) {
        let end = rows.min(start + GROUP);
        let mut group = file.next_row_group()?;
        for column in columns {
            let Some(mut chunk) = group.next_column()? else { break };
            match &column.values {
                Values::Number(numbers) => {
                    let numbers = &numbers[start..end];
                    let levels: Vec<i16> = numbers.iter().map(|v| i16::from(!v.is_nan())).collect();
                    let present: Vec<f64> =
                        numbers.iter().copied().filter(|v| !v.is_nan()).collect();
                    chunk.typed::<DoubleType>().write_batch(&present, Some(&levels), None)?;
                }
                Values::Text { codes, labels } => {
                    let codes = &codes[start..end];
                    let levels: Vec<i16> = codes.iter().map(|&c| i16::from(c != MISSING)).collect();
                    let labels: Vec<ByteArray> =
                        labels.iter().map(|label| ByteArray::from(label.as_str())).collect();
                    let present: Vec<ByteArray> = codes
                        .iter()
                        .filter_map(|&code| labels.get(code as usize).cloned())
                        .collect();
                    chunk.typed::<ByteArrayType>().write_batch(&present, Some(&levels), None)?;
                }
            }
            chunk.close()?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(())
}

/// Writes columns of the same length as CSV: UTF-8, commas, a header, each number with as many
/// digits as bring it back exactly.
///
/// # Errors
///
/// What the writer says.
pub fn write_csv(mut writer: impl Write, columns: &[Column]) -> io::Result<()> {
    let rows = columns.first().map_or(0, |column| column.values.len());
    for (position, column) in columns.iter().enumerate() {
        separate(&mut writer, position)?;
        text(&mut writer, &column.name)?;
    }
    for row in 0..rows {
        writer.write_all(b"\n")?;
        for (position, column) in columns.iter().enumerate() {
            separate(&mut writer, position)?;
            match &column.values {
                Values::Number(numbers) if numbers[row].is_nan() => {
                    // A line that is empty would be no row.
                    if columns.len() == 1 {
                        writer.write_all(b"\"\"")?;
                    }
                }
                Values::Number(numbers) => write!(writer, "{}", Plain(numbers[row]))?,
                Values::Text { codes, labels } => match labels.get(codes[row] as usize) {
                    Some(label) => text(&mut writer, label)?,
                    None if columns.len() == 1 => writer.write_all(b"\"\"")?,
                    None => {}
                },
            }
        }
    }
    writer.write_all(b"\n")?;
    writer.flush()
}

fn separate(writer: &mut impl Write, position: usize) -> io::Result<()> {
    if position > 0 { writer.write_all(b",") } else { Ok(()) }
}

/// A text, in quotes where a reader would otherwise split it.
fn text(writer: &mut impl Write, text: &str) -> io::Result<()> {
    if text.contains([',', '"', '\n', '\r']) {
        write!(writer, "\"{}\"", text.replace('"', "\"\""))
    } else {
        writer.write_all(text.as_bytes())
    }
}

/// A number with its shortest digits, and an exponent only where it is far from one.
struct Plain(f64);

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && !(1e-5..1e16).contains(&size) {
            write!(f, "{:e}", self.0)
        } else {
            write!(f, "{}", self.0)
        }
    }
}
