//! Arrow files: the IPC file (`.arrow`, Feather of version 2) and the IPC stream.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_schema::{ArrowError, DataType, Schema, TimeUnit};

use crate::calendar::{date, decimal, timestamp};
use crate::parquet::{no_rows, unknown_type};
use crate::problem::Problem;
use crate::read::{EXACT, Request, Texts, declared};
use crate::source::Source;
use crate::table::{Column, Lines, MISSING, Origin, Table, Values};

/// What an IPC file starts with; a stream starts otherwise.
const MAGIC: &[u8] = b"ARROW1";
/// The length of nothing, with which a stream ends.
const END: [u8; 4] = [0; 4];

/// Reads an Arrow file or stream.
pub(crate) fn read(request: &Request) -> (Option<Table>, Vec<Problem>) {
    // As with Parquet: the library asserts some of what a damaged file can break.
    let read = std::panic::AssertUnwindSafe(|| read_source(request));
    std::panic::catch_unwind(read)
        .unwrap_or_else(|_| (None, vec![damaged(request, "its parts contradict each other")]))
}

fn damaged(request: &Request, fault: impl std::fmt::Display) -> Problem {
    Problem::new(
        "not-arrow",
        request.path,
        "an Arrow file or stream",
        format!("{fault}; write the file again, or save the table as CSV"),
    )
}

fn read_source(request: &Request) -> (Option<Table>, Vec<Problem>) {
    match request.source {
        Source::Memory(bytes) => read_open(request, || Ok(Cursor::new(bytes))),
        Source::File(path) => read_open(request, || Ok(BufReader::new(File::open(path)?))),
    }
}

fn read_open<R: Read + Seek>(
    request: &Request,
    open: impl Fn() -> io::Result<R>,
) -> (Option<Table>, Vec<Problem>) {
    let mut problems = Vec::new();
    match read_batches(request, open, &mut problems) {
        Ok(table) => (table, problems),
        Err(error) => {
            problems.push(damaged(request, error));
            (None, problems)
        }
    }
}

/// Both formats are messages one after the other; the file has a mark before them and a list of
/// them behind.
fn read_batches<R: Read + Seek>(
    request: &Request,
    open: impl Fn() -> io::Result<R>,
    problems: &mut Vec<Problem>,
) -> Result<Option<Table>, ArrowError> {
    let (source, all) = (request.source, request.source.len()?);
    let packed = source.head(MAGIC.len() as u64)?[..] == *MAGIC;
    let (start, end) = if packed { (8, MAGIC) } else { (0, &END[..]) };
    let size = end.len() as u64;
    // A stream may end anywhere between two batches: without its mark, rows may be missing.
    if source.range(all.saturating_sub(size), size)?[..] != *end {
        let sentence = "the mark that ends it is missing: the file was cut short, or is another \
                        kind of file";
        return Err(ArrowError::ParseError(sentence.into()));
    }
    let messages = || -> io::Result<R> {
        let mut reader = open()?;
        reader.seek(SeekFrom::Start(start))?;
        Ok(reader)
    };
    check_lengths(&mut messages()?, all)?;
    let schema = StreamReader::try_new(messages()?, None)?.schema();
    read_table(request, &schema, problems, |wanted| {
        StreamReader::try_new(messages()?, Some(wanted))
    })
}

/// Refuses a claim of more bytes than the file or memory has: the library would believe it and
/// end the program.
fn check_lengths<R: Read + Seek>(reader: &mut R, all: u64) -> Result<(), ArrowError> {
    let fault = |sentence: &str| Err(ArrowError::ParseError(sentence.into()));
    loop {
        let mut four = [0; 4];
        reader.read_exact(&mut four)?;
        if four == [0xFF; 4] {
            reader.read_exact(&mut four)?;
        }
        let length = u32::from_le_bytes(four);
        if length == 0 {
            return Ok(());
        }
        let at = reader.stream_position()?;
        if u64::from(length) > all - at.min(all) {
            return fault("a message is longer than the file");
        }
        let mut bytes = vec![0; length as usize];
        reader.read_exact(&mut bytes)?;
        let message = arrow_ipc::root_as_message(&bytes)
            .map_err(|error| ArrowError::ParseError(error.to_string()))?;
        let body = reader.stream_position()?;
        let size = u64::try_from(message.bodyLength()).unwrap_or(u64::MAX);
        if size > all - body.min(all) {
            return fault("a batch is longer than the file");
        }
        let batch = message
            .header_as_record_batch()
            .or_else(|| message.header_as_dictionary_batch().and_then(|batch| batch.data()));
        let batch = batch.filter(|batch| batch.compression().is_some());
        for buffer in batch.and_then(|batch| batch.buffers()).iter().flatten() {
            let offset = u64::try_from(buffer.offset()).unwrap_or(u64::MAX);
            if buffer.length() < 8 || offset > size {
                continue;
            }
            let mut claim = [0; 8];
            reader.seek(SeekFrom::Start(body + offset))?;
            reader.read_exact(&mut claim)?;
            let claim = usize::try_from(i64::from_le_bytes(claim)).unwrap_or(0);
            if Vec::<u8>::new().try_reserve_exact(claim).is_err() {
                return fault("a column claims more bytes than memory can hold");
            }
        }
        reader.seek(SeekFrom::Start(body + size))?;
    }
}

fn read_table<B: Iterator<Item = Result<RecordBatch, ArrowError>>>(
    request: &Request,
    schema: &Schema,
    problems: &mut Vec<Problem>,
    batches: impl FnOnce(Vec<usize>) -> Result<B, ArrowError>,
) -> Result<Option<Table>, ArrowError> {
    let header: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
    let mut wanted = request.positions(&header, problems);
    wanted.retain(|&position| {
        let fault = refusal(request.path, &header[position], schema.field(position).data_type());
        let good = fault.is_none();
        problems.extend(fault);
        good
    });
    let mut builders: Vec<Builder> = wanted.iter().map(|_| Builder::default()).collect();
    let mut rows = 0;
    for batch in batches(wanted.clone())? {
        let batch = batch?;
        rows += batch.num_rows();
        for (builder, array) in builders.iter_mut().zip(batch.columns()) {
            builder.extend(array)?;
        }
    }
    if rows == 0 && problems.is_empty() {
        problems.push(no_rows(request.path));
    }
    let mut columns = Vec::with_capacity(wanted.len());
    for (&position, builder) in wanted.iter().zip(builders) {
        let name = &header[position];
        let values = declared(request.path, name, builder.finish(), request.schema, problems);
        columns.push(Column { name: name.clone(), values });
    }
    Ok(Some(Table {
        name: request.name.to_owned(),
        path: request.path.to_owned(),
        identity: Arc::new(request.source.identity()),
        origins: wanted.into_iter().map(Origin::File).collect(),
        columns,
        lines: Lines::Run { first: 1, rows },
        raw: None,
        labels: Arc::default(),
    }))
}

/// The problem with a column of this type, if it is none of ours.
fn refusal(path: &str, name: &str, kind: &DataType) -> Option<Problem> {
    use DataType as D;
    match kind {
        D::Null | D::Boolean | D::Utf8 | D::LargeUtf8 | D::Utf8View => None,
        D::Float32 | D::Float64 | D::Decimal128(..) => None,
        D::Date32 | D::Date64 | D::Timestamp(..) => None,
        kind if kind.is_integer() => None,
        D::Dictionary(_, values) => refusal(path, name, values),
        kind if kind.is_nested() => Some(
            Problem::new(
                "nested-column",
                path,
                "columns of single values",
                "unnest the lists and structs before writing the file: one row per value",
            )
            .column(name),
        ),
        other => Some(unknown_type(path, name, &other.to_string())),
    }
}

/// A column while it is read: numbers until one of them is not exact as f64.
#[derive(Default)]
struct Builder {
    numbers: Vec<f64>,
    texts: Option<Texts>,
}

impl Builder {
    fn finish(self) -> Values {
        match self.texts {
            Some(texts) => texts.finish(),
            None => Values::Number(self.numbers),
        }
    }

    /// Adds the cells of one batch.
    fn extend(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        use DataType as D;
        macro_rules! whole {
            ($kind:ty) => {
                self.numbers::<$kind>(
                    array,
                    |v| v as f64,
                    |v| i128::from(v).abs() <= i128::from(EXACT),
                    |v| v.to_string(),
                )
            };
        }
        macro_rules! instant {
            ($kind:ty, $per_second:expr, $zone:expr) => {
                self.texts::<$kind>(array, |v| timestamp(v, $per_second, $zone))
            };
        }
        match array.data_type() {
            D::Null => {
                let room = self.numbers.try_reserve(array.len());
                room.map_err(|error| ArrowError::MemoryError(error.to_string()))?;
                self.numbers.resize(self.numbers.len() + array.len(), f64::NAN);
            }
            D::Boolean => {
                let cells = array.as_boolean().iter();
                self.numbers.extend(cells.map(|cell| cell.map_or(f64::NAN, f64::from)));
            }
            D::Int8 => whole!(Int8Type),
            D::Int16 => whole!(Int16Type),
            D::Int32 => whole!(Int32Type),
            D::Int64 => whole!(Int64Type),
            D::UInt8 => whole!(UInt8Type),
            D::UInt16 => whole!(UInt16Type),
            D::UInt32 => whole!(UInt32Type),
            D::UInt64 => whole!(UInt64Type),
            D::Float32 => {
                self.numbers::<Float32Type>(
                    array,
                    f64::from,
                    |v| !v.is_infinite(),
                    |v| v.to_string(),
                );
            }
            D::Float64 => {
                self.numbers::<Float64Type>(array, |v| v, |v| !v.is_infinite(), |v| v.to_string());
            }
            D::Decimal128(_, scale) => {
                let scale = u32::try_from(*scale).unwrap_or(0).min(38);
                let nearest = |v: i128| decimal(v, scale).parse().unwrap_or(f64::NAN);
                self.numbers::<Decimal128Type>(array, nearest, |_| true, |v| decimal(v, scale));
            }
            D::Date32 => self.texts::<Date32Type>(array, |v| date(v.into())),
            D::Date64 => self.texts::<Date64Type>(array, |v| date(v.div_euclid(86_400_000))),
            D::Timestamp(unit, zone) => {
                let zone = if zone.is_some() { "Z" } else { "" };
                match unit {
                    TimeUnit::Second => instant!(TimestampSecondType, 1, zone),
                    TimeUnit::Millisecond => instant!(TimestampMillisecondType, 1_000, zone),
                    TimeUnit::Microsecond => instant!(TimestampMicrosecondType, 1_000_000, zone),
                    TimeUnit::Nanosecond => instant!(TimestampNanosecondType, 1_000_000_000, zone),
                }
            }
            D::Utf8 => self.strings(array.as_string::<i32>().iter()),
            D::LargeUtf8 => self.strings(array.as_string::<i64>().iter()),
            D::Utf8View => self.strings(array.as_string_view().iter()),
            D::Dictionary(..) => self.dictionary(array)?,
            other => return Err(ArrowError::SchemaError(format!("a batch holds {other}"))),
        }
        Ok(())
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        array: &dyn Array,
        widen: impl Fn(T::Native) -> f64,
        exact: impl Fn(T::Native) -> bool,
        show: impl Fn(T::Native) -> String,
    ) {
        let array = array.as_primitive::<T>();
        if self.texts.is_none() && array.iter().flatten().any(|v| !exact(v)) {
            self.numbers_to_texts(matches!(T::DATA_TYPE, DataType::Float32));
        }
        match &mut self.texts {
            Some(texts) => {
                for cell in array.iter() {
                    texts.push(&cell.map_or_else(String::new, &show));
                }
            }
            None if array.null_count() == 0 => {
                self.numbers.extend(array.values().iter().map(|&v| widen(v)));
            }
            None => self.numbers.extend(array.iter().map(|v| v.map_or(f64::NAN, &widen))),
        }
    }

    /// The numbers so far, all of them finite and exact, as the texts they have in the file.
    fn numbers_to_texts(&mut self, single: bool) {
        let mut texts = Texts::default();
        for v in std::mem::take(&mut self.numbers) {
            texts.push(&match v {
                v if v.is_nan() => String::new(),
                v if single => (v as f32).to_string(),
                v => v.to_string(),
            });
        }
        self.texts = Some(texts);
    }

    fn texts<T: ArrowPrimitiveType>(
        &mut self,
        array: &dyn Array,
        text: impl Fn(T::Native) -> String,
    ) {
        let texts = self.texts.get_or_insert_default();
        for cell in array.as_primitive::<T>().iter() {
            texts.push(&cell.map_or_else(String::new, &text));
        }
    }

    fn strings<'a>(&mut self, cells: impl Iterator<Item = Option<&'a str>>) {
        let texts = self.texts.get_or_insert_default();
        for cell in cells {
            texts.push(cell.unwrap_or(""));
        }
    }

    /// Cells that point into a list: each entry of the list is read once.
    fn dictionary(&mut self, array: &dyn Array) -> Result<(), ArrowError> {
        let array = array.as_any_dictionary();
        let mut list = Self::default();
        list.extend(array.values())?;
        let list = list.finish();
        let keys = if list.is_empty() { vec![0; array.len()] } else { array.normalized_keys() };
        let present = |row: usize| array.keys().is_valid(row) && !list.is_empty();
        match (&list, &mut self.texts) {
            (Values::Number(list), None) => {
                let cell =
                    |(row, key): (usize, usize)| if present(row) { list[key] } else { f64::NAN };
                self.numbers.extend(keys.into_iter().enumerate().map(cell));
            }
            (list, _) => {
                if self.texts.is_none() {
                    self.numbers_to_texts(false);
                }
                let texts = self.texts.get_or_insert_default();
                let mut codes: Vec<Option<u32>> = vec![None; list.len()];
                for (row, key) in keys.into_iter().enumerate() {
                    match codes.get(key).copied().flatten() {
                        _ if !present(row) => texts.push_code(MISSING),
                        Some(code) => texts.push_code(code),
                        None => codes[key] = Some(texts.push(&crate::table::shown(list, key))),
                    }
                }
            }
        }
        Ok(())
    }
}
