//! Parquet files, through column readers: flat columns of texts, numbers, booleans and dates.
//!
//! Only the wanted columns are read, each by one task from the first row group to the last, so
//! that the result is the same for any number of threads and memory holds the columns and, per
//! task, one compressed chunk.

use std::hash::Hash;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use hashbrown::HashMap;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::get_typed_column_reader;
use parquet::column::reader::{ColumnReaderImpl, get_column_reader};
use parquet::data_type::{
    BoolType, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescriptor;
use rayon::prelude::*;

use crate::calendar::{date, decimal, timestamp};
use crate::problem::Problem;
use crate::read::{EXACT, Request, Texts, declared};
use crate::source::Source;
use crate::table::{Column, Lines, MISSING, Origin, Table, Values};

/// Rows decoded at once: values and levels stay in the processor's cache.
const BATCH: usize = 16_384;

/// Reads a Parquet file with flat columns.
pub(crate) fn read(request: &Request) -> (Option<Table>, Vec<Problem>) {
    // The library asserts some of what a damaged file can break (a negative offset, for one);
    // a file is never a reason to panic.
    let read = std::panic::AssertUnwindSafe(|| read_flat(request));
    std::panic::catch_unwind(read)
        .unwrap_or_else(|_| (None, vec![damaged(request.path, "its parts contradict each other")]))
}

fn damaged(path: &str, fault: impl std::fmt::Display) -> Problem {
    Problem::new(
        "not-parquet",
        path,
        "a Parquet file",
        format!("{fault}; write the file again, or save the table as CSV"),
    )
}

fn read_flat(request: &Request) -> (Option<Table>, Vec<Problem>) {
    let path = request.path;
    let metadata = match metadata(request.source) {
        Ok(metadata) => metadata,
        Err(error) => return (None, vec![damaged(path, error)]),
    };
    let descriptor = metadata.file_metadata().schema_descr_ptr();
    let header: Vec<String> = descriptor.columns().iter().map(|c| c.path().string()).collect();
    let mut problems = Vec::new();
    let wanted = request.positions(&header, &mut problems);
    let reads: Vec<Result<Values, Fault>> = wanted
        .par_iter()
        .map(|&position| {
            let column = &descriptor.columns()[position];
            if column.max_rep_level() > 0 || column.path().parts().len() > 1 {
                return Err(Fault::Nested);
            }
            Chunks { source: request.source, metadata: &metadata, position, column }.read()
        })
        .collect();
    // A file may claim any number of rows; the columns say how many there are.
    let mut columns = Vec::new();
    let mut rows = None;
    for (&position, read) in wanted.iter().zip(reads) {
        let name = &header[position];
        match read {
            Ok(values) => {
                rows.get_or_insert(values.len());
                if rows != Some(values.len()) {
                    problems.push(damaged(path, "its columns differ in length"));
                    return (None, problems);
                }
                let values = declared(path, name, values, request.schema, &mut problems);
                columns.push(Column { name: name.clone(), values });
            }
            Err(Fault::Nested) => problems.push(
                Problem::new(
                    "nested-column",
                    path,
                    "columns of single values",
                    "unnest the lists and structs before writing the file: one row per value",
                )
                .column(name.as_str()),
            ),
            Err(Fault::Damaged(error)) => problems.push(damaged(path, error).column(name)),
            Err(Fault::Type(found)) => problems.push(unknown_type(path, name, &found)),
        }
    }
    let rows = rows.unwrap_or(0);
    if rows == 0 && problems.is_empty() {
        problems.push(no_rows(path));
    }
    let table = Table {
        name: request.name.to_owned(),
        path: path.to_owned(),
        identity: Arc::new(request.source.identity()),
        origins: wanted.into_iter().map(Origin::File).collect(),
        columns,
        lines: Lines::Run { first: 1, rows },
        raw: None,
        labels: Arc::default(),
    };
    (Some(table), problems)
}

/// A column of a type that is none of ours.
pub(crate) fn unknown_type(path: &str, name: &str, found: &str) -> Problem {
    Problem::new(
        "unknown-type",
        path,
        "texts, numbers, booleans, dates or timestamps",
        format!("the column holds {found}: convert it to text or to a number"),
    )
    .column(name)
}

/// A file with columns and no rows.
pub(crate) fn no_rows(path: &str) -> Problem {
    Problem::new(
        "empty-table",
        path,
        "at least one row",
        "write the rows, or take the table out of the package",
    )
}

/// The description at the end of the file.
fn metadata(source: Source) -> Result<ParquetMetaData, ParquetError> {
    const TAIL: u64 = 8;
    let length = source.len()?;
    let tail = source.range(length.saturating_sub(TAIL), TAIL)?;
    let claimed = match tail.split_at(4) {
        (size, b"PAR1") => u64::from(u32::from_le_bytes([size[0], size[1], size[2], size[3]])),
        (_, b"PARE") => return Err(ParquetError::General("the file is encrypted".into())),
        _ => {
            let sentence = "the mark PAR1 is missing at its end: it was cut short, or is another \
                            kind of file";
            return Err(ParquetError::General(sentence.into()));
        }
    };
    let start = length.checked_sub(TAIL + claimed).ok_or_else(|| {
        ParquetError::General(format!("it claims a description of {claimed} bytes"))
    })?;
    ParquetMetaDataReader::decode_metadata(&source.range(start, claimed)?)
}

/// Why a column cannot be read.
enum Fault {
    Damaged(ParquetError),
    Type(String),
    Nested,
}

impl<E: Into<ParquetError>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Damaged(error.into())
    }
}

/// The compressed bytes of one column in one row group, addressed as in the file.
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let at = start.checked_sub(self.start).filter(|&at| at <= self.bytes.len() as u64);
        let at = at.ok_or_else(|| ParquetError::General(format!("no page at offset {start}")))?;
        Ok(self.bytes.slice(at as usize..))
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Chunk {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!("a page at offset {start} is cut short")));
        }
        Ok(bytes.slice(..length))
    }
}

/// One column through all row groups.
struct Chunks<'a> {
    source: Source<'a>,
    metadata: &'a ParquetMetaData,
    position: usize,
    column: &'a ColumnDescriptor,
}

impl Chunks<'_> {
    /// The column as what it stands for: texts, numbers, dates, timestamps or decimals.
    fn read(&self) -> Result<Values, Fault> {
        let (logical, converted) = (self.column.logical_type_ref(), self.column.converted_type());
        match self.column.physical_type() {
            Type::BYTE_ARRAY if !matches!(converted, ConvertedType::DECIMAL) => self
                .texts::<ByteArrayType, _>(
                    |v| (v.data().as_ptr() as usize, v.len()),
                    |v| match std::str::from_utf8(v.data()) {
                        Ok(text) => Ok(text.to_owned()),
                        Err(_) => Err(Fault::Type("bytes that are no UTF-8 text".into())),
                    },
                ),
            Type::BOOLEAN => self.numbers::<BoolType>(|&v| f64::from(v), |_| true, |v| *v as u64),
            Type::FLOAT => self.numbers::<FloatType>(
                |&v| v.into(),
                |v| !v.is_infinite(),
                |v| v.to_bits().into(),
            ),
            Type::DOUBLE => {
                self.numbers::<DoubleType>(|&v| v, |v| !v.is_infinite(), |v| v.to_bits())
            }
            Type::INT32 if unsigned(logical, converted) => {
                self.numbers::<Int32Type>(|&v| f64::from(v as u32), |_| true, |&v| v as u64)
            }
            Type::INT64 if unsigned(logical, converted) => {
                let exact = |&v: &i64| v as u64 <= EXACT as u64;
                let texts = |&v: &i64| Ok((v as u64).to_string());
                match self.exact::<Int64Type>(|&v| v as u64 as f64, exact)? {
                    Some(numbers) => Ok(numbers),
                    None => self.texts::<Int64Type, _>(|&v| v, texts),
                }
            }
            Type::INT32 => self.integers::<Int32Type>(|&v| v.into()),
            Type::INT64 => self.integers::<Int64Type>(|&v| v),
            other => Err(Fault::Type(format!("{other} ({converted})"))),
        }
    }

    /// Whole numbers as what they stand for.
    fn integers<T: DataType>(&self, widen: impl Fn(&T::T) -> i64 + Copy) -> Result<Values, Fault> {
        let key = move |v: &T::T| widen(v) as u64;
        let instants = |per_second: i64, zone: &'static str| {
            self.texts::<T, _>(key, move |v| Ok(timestamp(widen(v), per_second, zone)))
        };
        match (self.column.logical_type_ref(), self.column.converted_type()) {
            (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => {
                self.texts::<T, _>(key, |v| Ok(date(widen(v))))
            }
            (Some(LogicalType::Timestamp(t)), _) => {
                let per_second = match t.unit {
                    TimeUnit::MILLIS => 1_000,
                    TimeUnit::MICROS => 1_000_000,
                    TimeUnit::NANOS => 1_000_000_000,
                };
                instants(per_second, if t.is_adjusted_to_u_t_c { "Z" } else { "" })
            }
            (None, ConvertedType::TIMESTAMP_MILLIS) => instants(1_000, "Z"),
            (None, ConvertedType::TIMESTAMP_MICROS) => instants(1_000_000, "Z"),
            (Some(LogicalType::Time(_)), _)
            | (None, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => {
                Err(Fault::Type("times of day".into()))
            }
            (Some(LogicalType::Decimal(_)), _) | (None, ConvertedType::DECIMAL) => {
                let scale = self.column.type_scale().clamp(0, 38) as u32;
                // Through text, so that 1234 with scale 2 is the number nearest to 12.34.
                let nearest =
                    |v: &T::T| decimal(widen(v).into(), scale).parse().unwrap_or(f64::NAN);
                self.numbers::<T>(nearest, |_| true, key)
            }
            _ => self.numbers::<T>(
                |v| widen(v) as f64,
                |v| widen(v).unsigned_abs() <= EXACT as u64,
                key,
            ),
        }
    }

    /// Numbers, or the texts of all numbers when one of them is not exact as f64: a whole number
    /// too large, or an infinity. A stored NaN is missing, as a null is.
    fn numbers<T: DataType>(
        &self,
        widen: impl Fn(&T::T) -> f64,
        exact: impl Fn(&T::T) -> bool,
        key: impl Fn(&T::T) -> u64,
    ) -> Result<Values, Fault> {
        match self.exact::<T>(widen, exact)? {
            Some(numbers) => Ok(numbers),
            None => self.texts::<T, _>(key, |v| Ok(v.to_string())),
        }
    }

    fn exact<T: DataType>(
        &self,
        widen: impl Fn(&T::T) -> f64,
        exact: impl Fn(&T::T) -> bool,
    ) -> Result<Option<Values>, Fault> {
        let mut numbers: Vec<f64> = Vec::new();
        let mut all = true;
        numbers.try_reserve_exact(self.rows()?).map_err(|_| too_many())?;
        self.walk::<T>(|values, levels| {
            all &= values.iter().fold(true, |all, v| all & exact(v));
            match levels {
                None => numbers.extend(values.iter().map(&widen)),
                Some(levels) => {
                    let mut values = values.iter();
                    let cell = |present| {
                        if present { values.next().map_or(f64::NAN, &widen) } else { f64::NAN }
                    };
                    numbers.extend(levels.map(cell));
                }
            }
            Ok(all)
        })?;
        Ok(all.then_some(Values::Number(numbers)))
    }

    /// Texts; cells with the same key, within a batch, have the same text.
    fn texts<T: DataType, K: Hash + Eq>(
        &self,
        key: impl Fn(&T::T) -> K,
        text: impl Fn(&T::T) -> Result<String, Fault>,
    ) -> Result<Values, Fault> {
        let mut texts = Texts::with_capacity(self.rows()?).ok_or_else(too_many)?;
        let mut known: HashMap<K, u32> = HashMap::new();
        self.walk::<T>(|values, levels| {
            // The key of a text is its address, which holds as long as the batch does.
            known.clear();
            let mut push = |texts: &mut Texts, value: &T::T| {
                let key = key(value);
                match known.get(&key) {
                    Some(&code) => texts.push_code(code),
                    None => {
                        let code = texts.push(&text(value)?);
                        known.insert(key, code);
                    }
                }
                Ok::<(), Fault>(())
            };
            match levels {
                None => values.iter().try_for_each(|v| push(&mut texts, v))?,
                Some(levels) => {
                    let mut values = values.iter();
                    for present in levels {
                        match if present { values.next() } else { None } {
                            Some(value) => push(&mut texts, value)?,
                            None => texts.push_code(MISSING),
                        }
                    }
                }
            }
            Ok(true)
        })?;
        Ok(texts.finish())
    }

    /// Rows that the file claims to have.
    fn rows(&self) -> Result<usize, Fault> {
        let groups = self.metadata.row_groups().iter();
        groups
            .map(|group| usize::try_from(group.num_rows()).ok())
            .try_fold(0_usize, |sum, rows| sum.checked_add(rows?))
            .ok_or_else(too_many)
    }

    /// Shows every batch of values, with which rows have one when some have none.
    fn walk<T: DataType>(
        &self,
        mut each: impl FnMut(&[T::T], Option<Present>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let most = self.column.max_def_level();
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        for group in self.metadata.row_groups() {
            let chunk = group.column(self.position);
            let (start, length) = chunk.byte_range();
            let bytes = self.source.range(start, length)?;
            let rows = usize::try_from(group.num_rows()).map_err(|_| too_many())?;
            let pages =
                SerializedPageReader::new(Arc::new(Chunk { start, bytes }), chunk, rows, None)?;
            let reader = get_column_reader(chunk.column_descr_ptr(), Box::new(pages));
            let mut reader: ColumnReaderImpl<T> = get_typed_column_reader(reader);
            loop {
                values.clear();
                levels.clear();
                let (records, present, _) =
                    reader.read_records(BATCH, Some(&mut levels), None, &mut values)?;
                if records == 0 {
                    break;
                }
                let gaps = (present < records).then(|| Present { levels: levels.iter(), most });
                if !each(&values, gaps)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Whether each row has a value.
struct Present<'a> {
    levels: std::slice::Iter<'a, i16>,
    most: i16,
}

impl Iterator for Present<'_> {
    type Item = bool;

    fn next(&mut self) -> Option<bool> {
        Some(*self.levels.next()? == self.most)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.levels.size_hint()
    }
}

fn too_many() -> Fault {
    Fault::Damaged(ParquetError::General("it claims more rows than memory can hold".into()))
}

fn unsigned(logical: Option<&LogicalType>, converted: ConvertedType) -> bool {
    match logical {
        Some(LogicalType::Integer(integer)) => !integer.is_signed,
        _ => matches!(converted, ConvertedType::UINT_32 | ConvertedType::UINT_64),
    }
}
