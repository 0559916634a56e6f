//! Columns as dense ids: fixed effects, clusters, indicators, keys.
//!
//! Whole numbers in a small range index directly, texts are codes already, and a combination is one
//! number in mixed radix: no row is hashed unless the combinations are many more than the rows.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use emporion_model::estimate::design::Factor;

use crate::formula::effect_name;
use crate::rows::Rows;
use crate::table::{Column, Table, Values, shown};

/// The levels of an effect: which combination of labels each id stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// The name of the effect, such as `origin^year`.
    pub name: String,
    /// The columns it combines.
    pub columns: Vec<String>,
    /// A row of the table for each level: the first in which it occurs.
    pub first: Vec<u32>,
}

impl Levels {
    /// The labels of a level, one for each column.
    #[must_use]
    pub fn labels(&self, table: &Table, level: usize) -> Vec<String> {
        let row = self.first[level] as usize;
        let columns = self.columns.iter().filter_map(|name| table.column(name));
        columns.map(|column| shown(&column.values, row)).collect()
    }

    /// The labels of a level in one text, such as `FRA^2004`.
    #[must_use]
    pub fn label(&self, table: &Table, level: usize) -> String {
        self.labels(table, level).join("^")
    }
}

/// Rows worked on at once: the keys of a block stay in the fastest cache.
const BLOCK: usize = 1024;

/// A table of this many entries costs nothing worth saving.
const SMALL: usize = 1 << 16;

/// Entries of a direct table per row: beyond this, hashing takes less memory.
const PER_ROW: usize = 4;

/// A column as codes below `span`; a missing cell is a level of its own.
enum Codes<'a> {
    /// Codes of labels, by row of the table.
    Text(&'a [u32]),
    /// Whole numbers less the least one, by row of the table.
    Whole(&'a [f64], f64),
    /// By position among the rows.
    Given(Vec<u32>),
}

struct Key<'a> {
    codes: Codes<'a>,
    span: usize,
}

/// Mixes the bits of a number: the keys are whole numbers without a pattern to defend against.
#[derive(Debug, Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }
    fn write_u64(&mut self, value: u64) {
        // The multiplier is the fraction of the golden ratio (Knuth, volume 3, section 6.4).
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

pub(crate) type Map = HashMap<u64, u32, BuildHasherDefault<Mix>>;

/// The bits of a number by which equal values are equal: one zero, one missing.
pub(crate) fn bits(value: f64) -> u64 {
    if value.is_nan() { u64::MAX } else { (value + 0.0).to_bits() }
}

impl<'a> Key<'a> {
    fn new(values: &'a Values, rows: &Rows) -> Self {
        match values {
            Values::Text { codes, labels } => {
                Self { codes: Codes::Text(codes), span: labels.len() + 1 }
            }
            Values::Number(values) => {
                let widest = SMALL.max(PER_ROW * rows.len());
                if let Some((least, span)) = whole(values, rows).filter(|(_, s)| *s <= widest) {
                    return Self { codes: Codes::Whole(values, least), span };
                }
                let mut known = Map::default();
                let mut code = |value: f64| {
                    let next = known.len() as u32;
                    *known.entry(bits(value)).or_insert(next)
                };
                let codes = rows.iter().map(|row| code(values[row])).collect();
                Self { codes: Codes::Given(codes), span: known.len().max(1) }
            }
        }
    }

    /// Adds code × stride to the keys of the positions from `start`.
    fn add(&self, rows: &Rows, start: usize, stride: u64, keys: &mut [u64]) {
        let end = start + keys.len();
        match (&self.codes, rows) {
            (Codes::Given(codes), _) => {
                for (key, &code) in keys.iter_mut().zip(&codes[start..end]) {
                    *key += u64::from(code) * stride;
                }
            }
            (Codes::Text(codes), rows) => {
                let missing = (self.span - 1) as u32;
                each(rows, codes, start, keys, |key, code| {
                    *key += u64::from(code.min(missing)) * stride;
                });
            }
            (Codes::Whole(values, least), rows) => {
                each(rows, values, start, keys, |key, value: f64| {
                    *key += u64::from((value - least) as u32) * stride;
                });
            }
        }
    }
}

/// Runs over the cells of the positions from `start` beside their keys.
fn each<T: Copy>(
    rows: &Rows,
    cells: &[T],
    start: usize,
    keys: &mut [u64],
    step: impl Fn(&mut u64, T),
) {
    let end = start + keys.len();
    match rows {
        Rows::All(_) => keys.iter_mut().zip(&cells[start..end]).for_each(|(k, &v)| step(k, v)),
        Rows::These(rows) => keys
            .iter_mut()
            .zip(&rows[start..end])
            .for_each(|(k, &row)| step(k, cells[row as usize])),
    }
}

/// The least value and the size of the range, when all are whole numbers that `u32` counts.
fn whole(values: &[f64], rows: &Rows) -> Option<(f64, usize)> {
    let mut least = f64::INFINITY;
    let mut most = f64::NEG_INFINITY;
    let mut odd = false;
    let mut see = |v: f64| {
        least = least.min(v);
        most = most.max(v);
        // A missing value is not equal to itself.
        odd |= v.trunc() != v;
    };
    match rows {
        Rows::All(n) => values[..*n].iter().for_each(|&v| see(v)),
        Rows::These(rows) => rows.iter().for_each(|&row| see(values[row as usize])),
    }
    let span = most - least + 1.0;
    (!odd && span <= f64::from(u32::MAX)).then_some((least, span as usize))
}

/// The ids of the combinations of columns, in order of first appearance, and for each level the
/// position among `rows` at which it appears first.
///
/// # Cost
///
/// Linear in rows × columns; one table of at most four entries a row beside the result.
pub(crate) fn combined(columns: &[&Column], rows: &Rows) -> (Vec<u32>, Vec<u32>) {
    let mut keys: Vec<Key> = columns.iter().map(|c| Key::new(&c.values, rows)).collect();
    let n = rows.len();
    loop {
        let product = keys.iter().try_fold(1u64, |p, key| p.checked_mul(key.span as u64));
        match product {
            Some(product) if product <= SMALL.max(PER_ROW * n) as u64 => {
                let mut table = vec![u32::MAX; product as usize];
                return number(&keys, rows, |key, next| {
                    let id = &mut table[key as usize];
                    if *id == u32::MAX {
                        *id = next;
                    }
                    *id
                });
            }
            Some(_) => {
                let mut known = Map::default();
                let mut last = (u64::MAX, 0);
                return number(&keys, rows, |key, next| {
                    // Neighbouring rows often agree; looking back is cheaper than hashing.
                    if key != last.0 {
                        last = (key, *known.entry(key).or_insert(next));
                    }
                    last.1
                });
            }
            None => {
                // Too many for one number: the first two become one.
                let rest = keys.split_off(2);
                let mut known = Map::default();
                let (codes, first) =
                    number(&keys, rows, |key, next| *known.entry(key).or_insert(next));
                keys = vec![Key { codes: Codes::Given(codes), span: first.len() }];
                keys.extend(rest);
            }
        }
    }
}

/// Numbers the keys as `id` says, given the key and the next free id.
fn number(keys: &[Key], rows: &Rows, mut id: impl FnMut(u64, u32) -> u32) -> (Vec<u32>, Vec<u32>) {
    let n = rows.len();
    let mut ids = Vec::with_capacity(n);
    let mut first: Vec<u32> = Vec::new();
    let mut block = [0u64; BLOCK];
    for start in (0..n).step_by(BLOCK) {
        let block = &mut block[..BLOCK.min(n - start)];
        radix(keys, rows, start, block);
        for (i, &key) in block.iter().enumerate() {
            let found = id(key, first.len() as u32);
            if found as usize == first.len() {
                first.push((start + i) as u32);
            }
            ids.push(found);
        }
    }
    (ids, first)
}

/// The keys of the positions from `start`: one number in mixed radix each.
fn radix(keys: &[Key], rows: &Rows, start: usize, block: &mut [u64]) {
    block.fill(0);
    let mut stride = 1;
    for key in keys {
        key.add(rows, start, stride, block);
        stride *= key.span as u64;
    }
}

/// Whether no combination of the columns occurs twice.
pub(crate) fn unique(columns: &[&Column], rows: &Rows) -> bool {
    // One bit per combination while that takes less memory than ids.
    const BITS_PER_ROW: usize = 64;
    let keys: Vec<Key> = columns.iter().map(|c| Key::new(&c.values, rows)).collect();
    let n = rows.len();
    let product = keys.iter().try_fold(1u64, |p, key| p.checked_mul(key.span as u64));
    let Some(product) = product.filter(|p| *p <= SMALL.max(BITS_PER_ROW * n) as u64) else {
        return combined(columns, rows).1.len() == n;
    };
    let mut seen = vec![0u64; product as usize / 64 + 1];
    let mut block = [0u64; BLOCK];
    (0..n).step_by(BLOCK).all(|start| {
        let block = &mut block[..BLOCK.min(n - start)];
        radix(&keys, rows, start, block);
        block.iter().all(|&key| {
            let (word, bit) = (&mut seen[key as usize / 64], 1 << (key % 64));
            let fresh = *word & bit == 0;
            *word |= bit;
            fresh
        })
    })
}

/// The factor of a combination of columns, and its levels.
pub(crate) fn factor(table: &Table, rows: &Rows, columns: &[String]) -> (Factor, Levels) {
    let found: Vec<&Column> = columns.iter().filter_map(|name| table.column(name)).collect();
    let (ids, mut first) = combined(&found, rows);
    first.iter_mut().for_each(|position| *position = rows.get(*position as usize) as u32);
    let name = effect_name(columns);
    let factor = Factor { name: name.clone(), ids, levels: first.len() };
    (factor, Levels { name, columns: columns.to_vec(), first })
}

/// Values that a column can have, each once: to find the same ones in another table.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Known {
    numbers: Map,
    texts: HashMap<String, u32>,
}

impl Known {
    /// The values of a column in these rows, numbered in order of first appearance.
    pub fn of(values: &Values, rows: impl Iterator<Item = usize>) -> (Self, Vec<u32>) {
        let mut known = Self::default();
        let codes = match values {
            Values::Number(all) => rows
                .map(|row| {
                    let next = known.numbers.len() as u32;
                    *known.numbers.entry(bits(all[row])).or_insert(next)
                })
                .collect(),
            Values::Text { codes, labels } => {
                let mut numbered = vec![u32::MAX; labels.len() + 1];
                rows.map(|row| {
                    let label = (codes[row] as usize).min(labels.len());
                    if numbered[label] == u32::MAX {
                        numbered[label] = known.texts.len() as u32;
                        known.texts.insert(shown(values, row), numbered[label]);
                    }
                    numbered[label]
                })
                .collect()
            }
        };
        (known, codes)
    }

    /// The number of each row's value, `u32::MAX` where it is not known; a number that was read as
    /// text, or the other way round, is found by its text.
    pub fn find(&self, values: &Values, rows: &Rows) -> Vec<u32> {
        let text = |label: &str| {
            let number = || crate::number::number(label).ok();
            let found = self.texts.get(label).copied();
            found.or_else(|| self.numbers.get(&bits(number()?)).copied()).unwrap_or(u32::MAX)
        };
        match values {
            Values::Text { codes, labels } => {
                let by_label: Vec<u32> = labels.iter().map(|label| text(label)).collect();
                let find = |row: usize| by_label.get(codes[row] as usize);
                rows.iter().map(|row| find(row).copied().unwrap_or(u32::MAX)).collect()
            }
            Values::Number(all) => rows
                .iter()
                .map(|row| match self.numbers.get(&bits(all[row])) {
                    Some(&code) => code,
                    None if self.texts.is_empty() => u32::MAX,
                    None => text(&all[row].to_string()),
                })
                .collect(),
        }
    }
}
