//! Records as pairs of periods.

use super::Records;
use crate::outcome::InputError;

/// Sales of one product by one place in one market, before and after; NaN when not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    pub i: usize,
    pub j: usize,
    pub k: usize,
    pub x: [f64; 2],
}

/// All cells with a record in either period, in order of origin, destination, product.
#[derive(Debug)]
pub(super) struct Table {
    pub places: usize,
    pub products: usize,
    pub absent_is_zero: bool,
    pub cells: Vec<Cell>,
}

impl Table {
    /// Pairs the records up; `x` is their value or their quantity.
    pub fn new(
        records: &Records<'_>,
        x: &[f64],
        what: &str,
        absent_is_zero: bool,
    ) -> Result<Self, InputError> {
        check(records, x, what)?;
        let key = |r: usize| (records.origin[r], records.destination[r], records.product[r]);
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by_key(|&r| (key(r), records.after[r]));
        let absent = if absent_is_zero { 0.0 } else { f64::NAN };
        let mut cells: Vec<Cell> = Vec::new();
        let mut last = None;
        for r in order {
            if last == Some((key(r), records.after[r])) {
                return Err(InputError::Setting {
                    what: format!("record {r}"),
                    expected: "one record for each cell and period".into(),
                    got: format!(
                        "a second one from place {} to place {} of product {}",
                        records.origin[r], records.destination[r], records.product[r]
                    ),
                    remedy: "add the records of one cell up first".into(),
                });
            }
            let (i, j, k) = key(r);
            let (i, j, k) = (i as usize, j as usize, k as usize);
            if cells.last().is_none_or(|cell| (cell.i, cell.j, cell.k) != (i, j, k)) {
                cells.push(Cell { i, j, k, x: [absent; 2] });
            }
            let at = cells.len() - 1;
            cells[at].x[usize::from(records.after[r])] = x[r];
            last = Some((key(r), records.after[r]));
        }
        Ok(Self { places: records.places, products: records.products, absent_is_zero, cells })
    }
}

fn check(records: &Records<'_>, x: &[f64], what: &str) -> Result<(), InputError> {
    let n = records.origin.len();
    for (name, got) in [
        ("destination", records.destination.len()),
        ("product", records.product.len()),
        ("after", records.after.len()),
        (what, x.len()),
    ] {
        if got != n {
            return Err(InputError::Length { what: name.into(), expected: n, got });
        }
    }
    if n == 0 {
        return Err(InputError::Empty {
            what: "records".into(),
            remedy: "give the sales of both periods".into(),
        });
    }
    let ids = [
        ("origin", records.origin, records.places),
        ("destination", records.destination, records.places),
        ("product", records.product, records.products),
    ];
    for (name, ids, levels) in ids {
        if let Some(r) = ids.iter().position(|&id| id as usize >= levels) {
            return Err(InputError::Setting {
                what: format!("{name}, record {r}"),
                expected: format!("0 to {}", levels as i64 - 1),
                got: ids[r].to_string(),
                remedy: "number places and products from 0".into(),
            });
        }
    }
    // NaN is a record whose figure is not known.
    if let Some(index) = x.iter().position(|v| *v < 0.0 || v.is_infinite()) {
        return Err(InputError::Value {
            what: what.into(),
            index,
            value: x[index],
            remedy: "sales are zero or more; give NaN where they are not known".into(),
        });
    }
    Ok(())
}

/// The closed markets in ascending order.
pub(super) fn check_places(
    places: usize,
    exporter: usize,
    closed: &[usize],
) -> Result<Vec<usize>, InputError> {
    let refuse = |what: &str, expected: &str, got: String, remedy: &str| InputError::Setting {
        what: what.into(),
        expected: expected.into(),
        got,
        remedy: remedy.into(),
    };
    if closed.is_empty() {
        return Err(InputError::Empty {
            what: "closed markets".into(),
            remedy: "name at least one market".into(),
        });
    }
    let mut sorted = closed.to_vec();
    sorted.sort_unstable();
    if let Some(&k) = sorted.iter().chain([&exporter]).find(|&&k| k >= places) {
        let expected = format!("one of the {places} places of the records");
        return Err(refuse("place", &expected, k.to_string(), "places count from 0"));
    }
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        let got = format!("place {} twice", pair[0]);
        return Err(refuse("closed markets", "each market once", got, "name it once"));
    }
    if sorted.binary_search(&exporter).is_ok() {
        return Err(refuse(
            "closed markets",
            "other places than the exporter",
            format!("place {exporter}"),
            "an exporter's own market cannot close to it",
        ));
    }
    Ok(sorted)
}
