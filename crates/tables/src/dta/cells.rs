//! The cells of Stata variables, and what numbers and bytes in them mean.

use hashbrown::HashMap;

use crate::calendar::{date, timestamp};
use crate::dta::Fault;
use crate::read::Texts;
use crate::table::{MISSING, Values};

/// Days from 1 January 1960, from which Stata counts, to 1 January 1970.
const DAYS_TO_1970: i64 = 3_653;

/// How a variable is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Byte,
    Int,
    Long,
    Float,
    Double,
    /// Text of at most so many bytes.
    Fixed(usize),
    /// A reference to a text behind the rows.
    Far,
}

impl Kind {
    pub fn width(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Int => 2,
            Self::Long | Self::Float => 4,
            Self::Double | Self::Far => 8,
            Self::Fixed(width) => width,
        }
    }
}

/// The cells of one variable in a block of rows, each with its offset in the file.
pub(super) struct Stride<'a> {
    pub block: &'a [u8],
    pub at: u64,
    pub offset: usize,
    pub width: usize,
}

impl<'a> Iterator for Stride<'a> {
    type Item = (u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let cell = self.block.get(self.offset..).filter(|cell| !cell.is_empty())?;
        let at = self.at + self.offset as u64;
        self.offset += self.width;
        Some((at, cell))
    }
}

/// The cells of a column while they are read.
pub(super) enum Cells {
    Numbers(Vec<f64>),
    Texts(Texts, usize),
    /// Offset of the cell, and the variable and row of its text.
    Far(Vec<(u64, u64, u64)>),
}

impl Cells {
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::Fixed(width) => Self::Texts(Texts::default(), width),
            Kind::Far => Self::Far(Vec::new()),
            _ => Self::Numbers(Vec::new()),
        }
    }

    pub fn reserve(&mut self, rows: usize) {
        match self {
            Self::Numbers(numbers) => numbers.reserve_exact(rows),
            Self::Texts(texts, _) => texts.reserve(rows),
            Self::Far(references) => references.reserve_exact(rows),
        }
    }

    /// Numbers, or texts where the format says day or instant.
    pub fn finish(
        self,
        format: &str,
        strings: &HashMap<(u64, u64), Option<String>>,
    ) -> Result<Values, Fault> {
        let format = format.trim_start_matches(['%', '-']);
        let moments = |numbers: Vec<f64>, text: &dyn Fn(i64) -> String| {
            let mut texts = Texts::default();
            let mut known = HashMap::new();
            for number in numbers {
                if number.is_nan() {
                    texts.push_code(MISSING);
                } else if let Some(&code) = known.get(&number.to_bits()) {
                    texts.push_code(code);
                } else {
                    known.insert(number.to_bits(), texts.push(&text(number.floor() as i64)));
                }
            }
            texts.finish()
        };
        Ok(match self {
            Self::Numbers(numbers) if format.starts_with("td") || format.starts_with('d') => {
                moments(numbers, &|days| date(days.saturating_sub(DAYS_TO_1970)))
            }
            Self::Numbers(numbers) if format.starts_with("tc") => {
                let shift = DAYS_TO_1970 * 86_400_000;
                moments(numbers, &|instant| timestamp(instant.saturating_sub(shift), 1_000, ""))
            }
            Self::Numbers(numbers) => Values::Number(numbers),
            Self::Texts(texts, _) => texts.finish(),
            Self::Far(references) => {
                let mut texts = Texts::default();
                for (at, variable, row) in references {
                    match strings.get(&(variable, row)) {
                        Some(Some(text)) => texts.push(text),
                        None if (variable, row) == (0, 0) => texts.push(""),
                        Some(None) => {
                            return Err(Fault {
                                at,
                                sentence: "a cell holds bytes, no text".into(),
                            });
                        }
                        None => {
                            let sentence = "a cell refers to a text that the file does not have";
                            return Err(Fault { at, sentence: sentence.into() });
                        }
                    };
                }
                texts.finish()
            }
        })
    }
}

/// A whole number, missing beyond the largest that is none of the 27 missing values.
pub(super) fn whole(number: i32, most: i32) -> Option<f64> {
    Some(if number > most { f64::NAN } else { number.into() })
}

/// The 27 missing values `.`, `.a` … `.z` are the 27 powers and sums from 2^127 on.
pub(super) fn float(number: f32) -> Option<f64> {
    const FIRST: u32 = 0x7F00_0000;
    const STEP: u32 = 0x800;
    match number.to_bits().checked_sub(FIRST) {
        Some(above) if above % STEP == 0 && above / STEP < 27 => Some(f64::NAN),
        None => Some(number.into()),
        Some(_) => Some(f64::from(number)).filter(|v| v.is_finite() && *v < 0.0),
    }
}

/// As [`float`], from 2^1023 on.
pub(super) fn double(number: f64) -> Option<f64> {
    const FIRST: u64 = 0x7FE0_0000_0000_0000;
    const STEP: u64 = 1 << 40;
    match number.to_bits().checked_sub(FIRST) {
        Some(above) if above % STEP == 0 && above / STEP < 27 => Some(f64::NAN),
        None => Some(number),
        Some(_) => Some(number).filter(|v| v.is_finite() && *v < 0.0),
    }
}

/// A byte of the code page in which Stata wrote before it wrote UTF-8.
pub(super) fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž',
        '\u{8F}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        _ => byte.into(),
    }
}
