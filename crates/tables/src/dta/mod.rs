//! Stata files of the releases 113 to 115 (Stata 8 to 12) and 117 to 119 (Stata 13 and later).
//!
//! Written after StataCorp's description of the format (`help dta`, `help dta_117`,
//! `help dta_115`). Every length is checked against the file before anything is reserved; a fault
//! names its offset. Rows are read in blocks, so memory holds the wanted columns and one block.

mod cells;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;

use crate::parquet::no_rows;
use crate::problem::Problem;
use crate::read::{Request, declared};
use crate::source::Source;
use crate::table::{Column, Labels, Lines, Origin, Table, Values};
use cells::{Cells, Kind, Stride, double, float, whole, windows_1252};

/// Bytes of rows that are read at once.
const BLOCK: usize = 1 << 20;
/// Reads a Stata file.
pub(crate) fn read(request: &Request) -> (Option<Table>, Vec<Problem>) {
    let mut problems = Vec::new();
    match read_table(request, &mut problems) {
        Ok(table) => (Some(table), problems),
        Err(Fault { at, sentence }) => {
            problems.push(Problem::new(
                "not-stata",
                request.path,
                "a Stata file (.dta) of release 113 to 115 or 117 to 119",
                format!(
                    "{sentence}, at offset {at}; save the file again in Stata, or save the table \
                     as CSV"
                ),
            ));
            (None, problems)
        }
    }
}

fn read_table(request: &Request, problems: &mut Vec<Problem>) -> Result<Table, Fault> {
    let mut reader = Reader { source: request.source, at: 0, release: 0, reversed: false };
    let header = reader.header()?;
    let wanted = request.positions(&header.names, problems);
    let mut cells: Vec<Cells> = wanted.iter().map(|&i| Cells::new(header.kinds[i])).collect();
    reader.rows(&header, &wanted, &mut cells)?;
    let strings = reader.long_strings()?;
    let tables = reader.label_tables()?;
    let rows = usize::try_from(header.rows).unwrap_or(usize::MAX);
    if rows == 0 && problems.is_empty() {
        problems.push(no_rows(request.path));
    }
    let (mut columns, mut labels) = (Vec::new(), Labels::new());
    for (&position, cells) in wanted.iter().zip(cells) {
        let name = &header.names[position];
        let values = cells.finish(&header.formats[position], &strings)?;
        if let (Values::Number(_), Some(table)) = (&values, tables.get(&header.labels[position])) {
            labels.insert(name.clone(), table.clone());
        }
        let values = declared(request.path, name, values, request.schema, problems);
        columns.push(Column { name: name.clone(), values });
    }
    Ok(Table {
        name: request.name.to_owned(),
        path: request.path.to_owned(),
        identity: Arc::new(request.source.identity()),
        origins: wanted.into_iter().map(Origin::File).collect(),
        columns,
        lines: Lines::Run { first: 1, rows },
        raw: None,
        labels: Arc::new(labels),
    })
}

/// What is wrong, and where.
struct Fault {
    at: u64,
    sentence: String,
}

/// What the file says before the rows.
struct Header {
    rows: u64,
    kinds: Vec<Kind>,
    names: Vec<String>,
    formats: Vec<String>,
    labels: Vec<String>,
}

/// A position in the file.
struct Reader<'a> {
    source: Source<'a>,
    at: u64,
    release: u32,
    /// Whether the file's numbers have the most significant byte first.
    reversed: bool,
}

impl Reader<'_> {
    fn fault<T>(&self, sentence: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { at: self.at, sentence: sentence.into() })
    }

    fn take(&mut self, length: u64) -> Result<Bytes, Fault> {
        match self.source.range(self.at, length) {
            Ok(bytes) => {
                self.at += length;
                Ok(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.fault(format!("the file ends before the {length} bytes that it should have"))
            }
            Err(error) => self.fault(error.to_string()),
        }
    }

    fn skip(&mut self, length: u64) -> Result<(), Fault> {
        let end = self.at.checked_add(length);
        match (end, self.source.len()) {
            (Some(end), Ok(all)) if end <= all => {
                self.at = end;
                Ok(())
            }
            _ => self.fault(format!("the file ends before the {length} bytes that it should have")),
        }
    }

    /// Steps over a tag of the releases since 117.
    fn tag(&mut self, tag: &str) -> Result<(), Fault> {
        let at = self.at;
        if self.take(tag.len() as u64)?[..] == *tag.as_bytes() {
            return Ok(());
        }
        Err(Fault { at, sentence: format!("{tag} is missing") })
    }

    /// A number without sign of so many bytes.
    fn count(&mut self, width: u64) -> Result<u64, Fault> {
        let bytes = self.take(width)?;
        Ok(self.unsigned(&bytes))
    }

    fn unsigned(&self, bytes: &[u8]) -> u64 {
        let join = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        if self.reversed { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
    }

    /// The bytes of a number, least significant first.
    fn ordered<const N: usize>(&self, cell: &[u8]) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&cell[..N]);
        if self.reversed {
            bytes.reverse();
        }
        bytes
    }

    /// Texts in fields of equal width, each up to its first zero byte.
    fn names(&mut self, count: u64, width: u64) -> Result<Vec<String>, Fault> {
        let at = self.at;
        let bytes = self.take(count * width)?;
        bytes.chunks(width as usize).map(|field| self.text(field, at)).collect()
    }

    /// A text up to its first zero byte.
    fn text(&self, field: &[u8], at: u64) -> Result<String, Fault> {
        let text = field.split(|&byte| byte == 0).next().unwrap_or_default();
        if self.release >= 118 {
            return match std::str::from_utf8(text) {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(Fault { at, sentence: "a text is not UTF-8".into() }),
            };
        }
        Ok(text.iter().map(|&byte| windows_1252(byte)).collect())
    }

    fn header(&mut self) -> Result<Header, Fault> {
        if self.take(1)?[0] == b'<' {
            self.at = 0;
            self.tagged_header()
        } else {
            self.at = 0;
            self.plain_header()
        }
    }

    /// The header of the releases since 117, in tags.
    fn tagged_header(&mut self) -> Result<Header, Fault> {
        self.tag("<stata_dta><header><release>")?;
        let release = self.take(3)?;
        self.release = match &release[..] {
            b"117" => 117,
            b"118" => 118,
            b"119" => 119,
            other => {
                let found = String::from_utf8_lossy(other).into_owned();
                return self.fault(format!("release {found} of the format is not read"));
            }
        };
        self.tag("</release><byteorder>")?;
        self.reversed = match &self.take(3)?[..] {
            b"MSF" => true,
            b"LSF" => false,
            _ => return self.fault("the byte order is neither MSF nor LSF"),
        };
        let utf8 = self.release >= 118;
        let (name, format, remark) = if utf8 { (129, 57, 321) } else { (33, 49, 81) };
        let large = if self.release == 119 { 4 } else { 2 };
        self.tag("</byteorder><K>")?;
        let variables = self.count(large)?;
        self.tag("</K><N>")?;
        let rows = self.count(if utf8 { 8 } else { 4 })?;
        self.tag("</N><label>")?;
        let length = self.count(if utf8 { 2 } else { 1 })?;
        self.skip(length)?;
        self.tag("</label><timestamp>")?;
        let length = self.count(1)?;
        self.skip(length)?;
        self.tag("</timestamp></header><map>")?;
        self.skip(14 * 8)?;
        self.tag("</map><variable_types>")?;
        let types = self.take(2 * variables)?;
        let kinds = types
            .chunks(2)
            .map(|bytes| match self.unsigned(bytes) {
                width @ 1..=2045 => Ok(Kind::Fixed(width as usize)),
                32_768 => Ok(Kind::Far),
                65_526 => Ok(Kind::Double),
                65_527 => Ok(Kind::Float),
                65_528 => Ok(Kind::Long),
                65_529 => Ok(Kind::Int),
                65_530 => Ok(Kind::Byte),
                other => self.fault(format!("there is no variable type {other}")),
            })
            .collect::<Result<_, _>>()?;
        self.tag("</variable_types><varnames>")?;
        let names = self.names(variables, name)?;
        self.tag("</varnames><sortlist>")?;
        self.skip((variables + 1) * large)?;
        self.tag("</sortlist><formats>")?;
        let formats = self.names(variables, format)?;
        self.tag("</formats><value_label_names>")?;
        let labels = self.names(variables, name)?;
        self.tag("</value_label_names><variable_labels>")?;
        self.skip(variables * remark)?;
        self.tag("</variable_labels><characteristics>")?;
        while self.take(4)?[..] == *b"<ch>" {
            let length = self.count(4)?;
            self.skip(length)?;
            self.tag("</ch>")?;
        }
        self.at -= 4;
        self.tag("</characteristics><data>")?;
        Ok(Header { rows, kinds, names, formats, labels })
    }

    /// The header of the releases before 117, in fixed places.
    fn plain_header(&mut self) -> Result<Header, Fault> {
        let start = self.take(4)?;
        self.release = match start[0] {
            release @ 113..=115 => release.into(),
            release @ 102..=112 => {
                return self.fault(format!("release {release} is older than Stata 8"));
            }
            _ => return self.fault("it does not start as a Stata file does"),
        };
        self.reversed = match start[1] {
            1 => true,
            2 => false,
            _ => return self.fault("the byte order is neither 1 nor 2"),
        };
        let variables = self.count(2)?;
        let rows = self.count(4)?;
        self.skip(81 + 18)?;
        let types = self.take(variables)?;
        let kinds = types
            .iter()
            .map(|&byte| match byte {
                width @ 1..=244 => Ok(Kind::Fixed(width.into())),
                251 => Ok(Kind::Byte),
                252 => Ok(Kind::Int),
                253 => Ok(Kind::Long),
                254 => Ok(Kind::Float),
                255 => Ok(Kind::Double),
                other => self.fault(format!("there is no variable type {other}")),
            })
            .collect::<Result<_, _>>()?;
        let names = self.names(variables, 33)?;
        self.skip((variables + 1) * 2)?;
        let formats = self.names(variables, if self.release == 113 { 12 } else { 49 })?;
        let labels = self.names(variables, 33)?;
        self.skip(variables * 81)?;
        loop {
            let (kind, length) = (self.count(1)?, self.count(4)?);
            if kind == 0 && length == 0 {
                break;
            }
            self.skip(length)?;
        }
        Ok(Header { rows, kinds, names, formats, labels })
    }

    /// Reads the wanted columns of every row.
    fn rows(
        &mut self,
        header: &Header,
        wanted: &[usize],
        cells: &mut [Cells],
    ) -> Result<(), Fault> {
        let mut offsets = Vec::with_capacity(header.kinds.len());
        let mut width = 0;
        for kind in &header.kinds {
            offsets.push(width);
            width += kind.width();
        }
        let start = self.at;
        let all = (width as u64).checked_mul(header.rows);
        self.skip(all.unwrap_or(u64::MAX))?;
        let end = std::mem::replace(&mut self.at, start);
        if width == 0 {
            return match header.rows {
                0 => Ok(()),
                _ => self.fault("it has rows without variables"),
            };
        }
        for cells in &mut *cells {
            cells.reserve(header.rows as usize);
        }
        let step = (BLOCK / width).max(1) * width;
        while self.at < end {
            let at = self.at;
            let block = self.take((end - at).min(step as u64))?;
            for (&position, cells) in wanted.iter().zip(&mut *cells) {
                let column = Stride { block: &block, at, offset: offsets[position], width };
                self.column(header.kinds[position], column, cells)?;
            }
        }
        Ok(())
    }

    fn column(&self, kind: Kind, column: Stride, cells: &mut Cells) -> Result<(), Fault> {
        match cells {
            Cells::Numbers(numbers) => {
                for (at, cell) in column {
                    let number = match kind {
                        Kind::Byte => whole((cell[0] as i8).into(), 100),
                        Kind::Int => whole(i16::from_le_bytes(self.ordered(cell)).into(), 32_740),
                        Kind::Long => whole(i32::from_le_bytes(self.ordered(cell)), 2_147_483_620),
                        Kind::Float => float(f32::from_le_bytes(self.ordered(cell))),
                        _ => double(f64::from_le_bytes(self.ordered(cell))),
                    };
                    let sentence = "a number is none that Stata can hold";
                    numbers.push(number.ok_or_else(|| Fault { at, sentence: sentence.into() })?);
                }
            }
            Cells::Texts(texts, width) => {
                for (at, cell) in column {
                    texts.push(&self.text(&cell[..*width], at)?);
                }
            }
            Cells::Far(references) => {
                let split = match self.release {
                    117 => 4,
                    118 => 2,
                    _ => 3,
                };
                for (at, cell) in column {
                    let (variable, row) = cell[..8].split_at(split);
                    references.push((at, self.unsigned(variable), self.unsigned(row)));
                }
            }
        }
        Ok(())
    }

    /// The long texts behind the rows, by variable and row.
    fn long_strings(&mut self) -> Result<HashMap<(u64, u64), Option<String>>, Fault> {
        let mut strings = HashMap::new();
        if self.release < 117 {
            return Ok(strings);
        }
        self.tag("</data><strls>")?;
        while self.take(3)?[..] == *b"GSO" {
            let variable = self.count(4)?;
            let row = self.count(if self.release == 117 { 4 } else { 8 })?;
            let kind = self.count(1)?;
            let length = self.count(4)?;
            let at = self.at;
            let bytes = self.take(length)?;
            // 129 is bytes of any kind, 130 text.
            let text = if kind == 130 { Some(self.text(&bytes, at)?) } else { None };
            strings.insert((variable, row), text);
        }
        self.at -= 3;
        self.tag("</strls><value_labels>")?;
        Ok(strings)
    }

    /// What the numbers stand for, by the name of the table.
    fn label_tables(&mut self) -> Result<Labels, Fault> {
        let mut tables = Labels::new();
        let tagged = self.release >= 117;
        let width = if self.release >= 118 { 129 } else { 33 };
        loop {
            if tagged {
                if self.take(5)?[..] != *b"<lbl>" {
                    self.at -= 5;
                    self.tag("</value_labels></stata_dta>")?;
                    return Ok(tables);
                }
            } else if self.source.len().is_ok_and(|all| self.at >= all) {
                return Ok(tables);
            }
            let length = self.count(4)?;
            let name = self.names(1, width)?.remove(0);
            self.skip(3)?;
            let at = self.at;
            let table = self.take(length)?;
            let read =
                |i: usize| table.get(4 * i..4 * i + 4).map(|four| self.unsigned(four) as u32);
            let entries = read(0).zip(read(1)).and_then(|(count, size)| {
                let count = count as usize;
                let texts = table.get(8_usize.checked_add(count.checked_mul(8)?)?..)?;
                let texts = texts.get(..size as usize)?;
                (0..count)
                    .map(|i| {
                        Some((read(2 + count + i)? as i32, texts.get(read(2 + i)? as usize..)?))
                    })
                    .collect::<Option<Vec<_>>>()
            });
            let Some(mut entries) = entries else {
                return Err(Fault { at, sentence: format!("the value label {name} is damaged") });
            };
            entries.retain(|&(number, _)| number <= 2_147_483_620);
            entries.sort_by_key(|&(number, _)| number);
            let texts =
                entries.into_iter().map(|(number, text)| Ok((number, self.text(text, at)?)));
            let texts = texts.collect::<Result<_, _>>()?;
            tables.insert(name, texts);
            if tagged {
                self.tag("</lbl>")?;
            }
        }
    }
}
