//! Rows as matrices: the one place where a table becomes an array of places.

use std::collections::HashMap;

use emporion_model::outcome::Note;
use emporion_model::panel::{PlaceProduct, SquareFlows};

use crate::guard;
use crate::hierarchy::Hierarchy;
use crate::problem::{Problem, Report};
use crate::sum::{Missing, SumOptions, check_values, numbers};
use crate::table::{Table, shown};

/// How rows become cells.
#[derive(Debug, Clone, Copy, Default)]
pub struct CellOptions<'a> {
    /// What a cell without a row, or with an empty value, counts as; refused unless told.
    pub missing: Missing,
    /// Columns that are added over: rows of one cell that differ here are summed, such as
    /// `product` for a matrix of places; none unless told, so that two rows for one cell are
    /// refused.
    pub over: &'a [&'a str],
    /// Which place lies in which: a region beside its own country is refused.
    pub hierarchy: Option<&'a Hierarchy>,
}

/// A matrix of flows between places, with the places in order of their ids.
///
/// Returns the matrix, the id of each row and column, and notes that count the cells taken as
/// zero: `absent_as_zero` without a row, `missing_as_zero` with rows but no value.
///
/// # Assumptions
///
/// A place that only exports still has a column, and the other way round. Units, sides, scopes,
/// measures, periods and years are one among the rows.
///
/// # Errors
///
/// All that [`sum`](crate::sum::sum) refuses, and cells without a row unless [`Missing::Zero`].
///
/// # Cost
///
/// Linear in rows + N², for N places.
pub fn square(
    table: &Table,
    rows: &[usize],
    origin: &str,
    destination: &str,
    value: &str,
    options: CellOptions<'_>,
) -> Result<(SquareFlows, Vec<String>, Vec<Note>), Report> {
    let cells = cells(table, rows, [origin, destination], value, options)?;
    let mut places = [&cells.labels[0][..], &cells.labels[1][..]].concat();
    places.sort();
    places.dedup();
    let position: HashMap<&str, usize> =
        places.iter().enumerate().map(|(i, place)| (place.as_str(), i)).collect();
    let at: Vec<Vec<usize>> = cells
        .labels
        .iter()
        .map(|labels| labels.iter().map(|label| position[label.as_str()]).collect())
        .collect();
    let n = places.len();
    let (values, notes) = cells.dense(
        table,
        options.missing,
        n,
        n,
        |key| at[0][key[0] as usize] * n + at[1][key[1] as usize],
        |cell| format!("{} to {}", places[cell / n], places[cell % n]),
    )?;
    let flows = SquareFlows::new(n, values).map_err(|error| broken(table, &error.to_string()))?;
    Ok((flows, places, notes))
}

/// What [`place_product`] returns: the matrix, its places, its products, and the notes.
pub type Exports = (PlaceProduct, Vec<String>, Vec<String>, Vec<Note>);

/// A matrix of places by products, both in order of their ids.
///
/// Returns the matrix, the places, the products, and notes that count the cells taken as zero.
/// For the exports of every place, name the origin as `place` and add over `destination`.
///
/// # Errors
///
/// As [`square`].
pub fn place_product(
    table: &Table,
    rows: &[usize],
    place: &str,
    product: &str,
    value: &str,
    options: CellOptions<'_>,
) -> Result<Exports, Report> {
    if let Some(hierarchy) = options.hierarchy {
        // Each place is a row of its own, whatever it sells and to whom.
        let mut problems = Vec::new();
        guard::nested(table, rows, place, &vec![0; rows.len()], hierarchy, &mut problems);
        if !problems.is_empty() {
            return Err(problems.into());
        }
    }
    let cells = cells(table, rows, [place, product], value, options)?;
    let orders: Vec<Vec<usize>> = cells.labels.iter().map(|labels| ranks(labels)).collect();
    let (n, m) = (cells.labels[0].len(), cells.labels[1].len());
    let mut places = cells.labels[0].clone();
    places.sort();
    let mut products = cells.labels[1].clone();
    products.sort();
    let (values, notes) = cells.dense(
        table,
        options.missing,
        n,
        m,
        |key| orders[0][key[0] as usize] * m + orders[1][key[1] as usize],
        |cell| format!("{}, product {}", places[cell / m], products[cell % m]),
    )?;
    let matrix =
        PlaceProduct::new(n, m, values).map_err(|error| broken(table, &error.to_string()))?;
    Ok((matrix, places, products, notes))
}

/// Rank of each label in sorted order.
fn ranks(labels: &[String]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| labels[a].cmp(&labels[b]));
    let mut rank = vec![0; labels.len()];
    for (position, &label) in order.iter().enumerate() {
        rank[label] = position;
    }
    rank
}

fn broken(table: &Table, sentence: &str) -> Report {
    Problem::new("bad-values", table.path(), "flows that are finite and not negative", sentence)
        .into()
}

/// Values by the codes of two key columns.
struct Cells {
    labels: [Vec<String>; 2],
    keys: Vec<[u32; 2]>,
    values: Vec<f64>,
    /// Keys of rows without a value.
    valueless: Vec<[u32; 2]>,
}

impl Cells {
    /// Lays the cells into a matrix, adding with compensation where several share one.
    fn dense(
        &self,
        table: &Table,
        missing: Missing,
        n: usize,
        m: usize,
        position: impl Fn([u32; 2]) -> usize,
        name: impl Fn(usize) -> String,
    ) -> Result<(Vec<f64>, Vec<Note>), Report> {
        let mut sums = vec![0.0_f64; n * m];
        let mut lost = vec![0.0_f64; n * m];
        let mut filled = vec![false; n * m];
        for (key, &value) in self.keys.iter().zip(&self.values) {
            let at = position(*key);
            // Neumaier's step, cell by cell.
            let next = sums[at] + value;
            lost[at] += if sums[at].abs() >= value.abs() {
                (sums[at] - next) + value
            } else {
                (value - next) + sums[at]
            };
            sums[at] = next;
            filled[at] = true;
        }
        let empty: Vec<usize> = (0..n * m).filter(|&cell| !filled[cell]).collect();
        if let (Missing::Refuse, Some(&first)) = (missing, empty.first()) {
            return Err(Problem::new(
                "missing-cell",
                table.path(),
                format!("a value for each of the {n} × {m} cells: missing is not zero"),
                format!(
                    "{} cells have no value, the first is {}; add the rows, leave out the places, \
                     or take missing cells as zero on purpose",
                    empty.len(),
                    name(first)
                ),
            )
            .value(name(first))
            .into());
        }
        let values = sums.iter().zip(&lost).map(|(sum, lost)| sum + lost).collect();
        // A row without a value is a gap that its source knows of; no row at all is another.
        self.valueless.iter().for_each(|key| filled[position(*key)] = true);
        let (absent, missing): (Vec<usize>, Vec<usize>) =
            empty.into_iter().partition(|&cell| !filled[cell]);
        let note = |code, what: &str, cells: Vec<usize>| {
            (!cells.is_empty()).then(|| Note {
                code,
                message: format!(
                    "{} of {} cells of {} have no {what} and were taken as zero",
                    cells.len(),
                    n * m,
                    table.path()
                ),
                count: cells.len(),
                rows: cells,
            })
        };
        let notes =
            [note("missing_as_zero", "value", missing), note("absent_as_zero", "row", absent)];
        Ok((values, notes.into_iter().flatten().collect()))
    }
}

/// Checks the rows and reads the two keys and the value of each.
fn cells(
    table: &Table,
    rows: &[usize],
    keys: [&str; 2],
    value: &str,
    options: CellOptions<'_>,
) -> Result<Cells, Report> {
    let mut problems = Vec::new();
    for name in keys.iter().chain(options.over) {
        if let Err(problem) = table.wanted(name) {
            problems.push(*problem);
        }
    }
    let values = match numbers(table, value) {
        Ok(values) => values,
        Err(problem) => {
            problems.push(*problem);
            &[]
        }
    };
    if rows.is_empty() {
        problems.push(Problem::new(
            "no-rows",
            table.path(),
            "at least one row",
            "no row meets the selection: check the ids and the year",
        ));
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    guard::uniform(table, rows, false, &mut problems);
    guard::once(table, rows, &[&keys[..], options.over].concat(), &mut problems);
    if let Some(hierarchy) = options.hierarchy {
        let over = options.over.iter().map(|over| [keys[0], over]);
        for ends in std::iter::once(keys).chain(over) {
            guard::nested_both(table, rows, ends, &[], hierarchy, &mut problems);
        }
    }
    let how = SumOptions { value, missing: options.missing, ..SumOptions::default() };
    check_values(table, rows, values, how, &mut problems);
    let mut columns = Vec::new();
    for name in keys {
        let column = table.wanted(name)?;
        let codes = guard::codes(&column.values, rows);
        // Dense codes in order of first appearance, whatever the table's own codes are.
        let mut dense: HashMap<u32, u32> = HashMap::new();
        let mut labels: Vec<String> = Vec::new();
        let mut ids = Vec::with_capacity(rows.len());
        for (&row, code) in rows.iter().zip(codes) {
            if code == crate::table::MISSING {
                problems.push(table.problem(
                    "missing-value",
                    row,
                    name,
                    format!("an id in column {name}"),
                    "fill in the cell or leave the row out",
                ));
            }
            let next = labels.len() as u32;
            let id = *dense.entry(code).or_insert(next);
            if id == next {
                labels.push(shown(&column.values, row));
            }
            ids.push(id);
        }
        columns.push((ids, labels));
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let (second, seconds) = columns.pop().unwrap_or_default();
    let (first, firsts) = columns.pop().unwrap_or_default();
    let labels = [firsts, seconds];
    let mut cells = Cells { labels, keys: Vec::new(), values: Vec::new(), valueless: Vec::new() };
    for (i, &row) in rows.iter().enumerate() {
        // An empty value is no value; whether that may be zero is decided for the whole cell.
        if values[row].is_nan() {
            cells.valueless.push([first[i], second[i]]);
        } else {
            cells.keys.push([first[i], second[i]]);
            cells.values.push(values[row]);
        }
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::from_bytes("flows", "flows.csv", text.as_bytes(), None).unwrap()
    }

    const FLOWS: &str = "origin,destination,product,value\nB,A,x,2\nA,B,x,1\nA,A,x,3\nA,B,y,4\n";

    #[test]
    fn a_square_by_hand() {
        let t = table(FLOWS);
        let options =
            CellOptions { missing: Missing::Zero, over: &["product"], ..Default::default() };
        let rows = [0, 1, 2, 3];
        let (flows, places, notes) =
            square(&t, &rows, "origin", "destination", "value", options).unwrap();
        assert_eq!(places, ["A", "B"]);
        assert_eq!(flows.values, [3.0, 5.0, 2.0, 0.0]);
        assert_eq!((notes[0].count, &notes[0].rows[..]), (1, &[3][..]));
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let t = table(FLOWS);
        let options =
            CellOptions { missing: Missing::Zero, over: &["destination"], ..Default::default() };
        let make = |rows: &[usize]| {
            place_product(&t, rows, "origin", "product", "value", options).unwrap()
        };
        let (matrix, places, products, notes) = make(&[0, 1, 2, 3]);
        assert_eq!(
            (places.as_slice(), products.as_slice()),
            (&["A".to_owned(), "B".into()][..], &["x".to_owned(), "y".into()][..])
        );
        assert_eq!(matrix.values, [4.0, 4.0, 2.0, 0.0]);
        assert_eq!(notes[0].count, 1);
        assert_eq!(make(&[3, 2, 1, 0]).0, matrix);
    }

    #[test]
    fn a_row_without_a_value_is_not_a_cell_without_a_row() {
        let t = table("origin,product,value\nA,x,1\nA,y,\nB,x,2\nC,z,\n");
        let options = CellOptions { missing: Missing::Zero, ..Default::default() };
        let (_, _, _, notes) =
            place_product(&t, &[0, 1, 2, 3], "origin", "product", "value", options).unwrap();
        let counts: Vec<_> = notes.iter().map(|note| (note.code, note.count)).collect();
        assert_eq!(counts, [("missing_as_zero", 2), ("absent_as_zero", 5)]);
    }

    #[test]
    fn refusals() {
        let t = table(FLOWS);
        let get = |rows: &[usize], options| {
            square(&t, rows, "origin", "destination", "value", options).unwrap_err().problems
        };
        let twice = get(&[1, 3], CellOptions::default());
        assert_eq!((twice[0].code, twice[0].line), ("counted-twice", Some(5)));
        assert!(twice[0].remedy.contains("line 3"));
        let missing = get(&[0, 1, 2], CellOptions::default());
        assert_eq!(
            (missing[0].code, missing[0].value.as_deref()),
            ("missing-cell", Some("B to B"))
        );
        assert_eq!(get(&[], CellOptions::default())[0].code, "no-rows");
        let h = Hierarchy::from_pairs([("B", "A")]);
        let nested =
            CellOptions { hierarchy: Some(&h), missing: Missing::Zero, ..Default::default() };
        assert_eq!(get(&[1, 2], nested)[0].code, "region-beside-country");
        // Places are rows of one table: also where they sell different products to different ones.
        let apart = table("origin,destination,product,value\nA,C,x,1\nB,D,y,2\n");
        let options = CellOptions { over: &["destination"], ..nested };
        let told = place_product(&apart, &[0, 1], "origin", "product", "value", options);
        let told = told.unwrap_err().problems;
        assert_eq!((told[0].code, told[0].value.as_deref()), ("region-beside-country", Some("B")));
        assert!(told[0].remedy.contains("line 2 gives A"));
    }
}
