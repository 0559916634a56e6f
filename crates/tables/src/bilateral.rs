//! Rows as a bilateral table by product: ids, guards, and covariates of pairs.

use std::collections::HashMap;

use emporion_model::estimate::design::Regressor;
use emporion_model::measure::bilateral::{Bilateral, BilateralOptions, FlowRow};
use emporion_model::measure::table::Gap;

use crate::guard;
use crate::hierarchy::Hierarchy;
use crate::problem::{Problem, Report};
use crate::sum::{Missing, Sum, SumOptions, numbers, sum};
use crate::table::{MISSING, Table, shown};

/// Ids of places and products, in order, so that several years share positions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// Origins and destinations together.
    pub places: Vec<String>,
    /// Products; one named `TOTAL` where the table has no column `product`.
    pub products: Vec<String>,
}

impl Labels {
    /// The ids of rows.
    ///
    /// # Errors
    ///
    /// A table without `origin` or `destination`.
    pub fn of(table: &Table, rows: &[usize]) -> Result<Self, Report> {
        Self::of_columns(table, rows, &["origin", "destination"])
    }

    /// The ids of rows of a table that does not say to whom: exporters and products.
    ///
    /// # Errors
    ///
    /// A table without `origin`.
    pub fn of_exporters(table: &Table, rows: &[usize]) -> Result<Self, Report> {
        Self::of_columns(table, rows, &["origin"])
    }

    fn of_columns(table: &Table, rows: &[usize], columns: &[&str]) -> Result<Self, Report> {
        let mut places = Vec::new();
        for name in columns {
            places.extend(ids(table, rows, name)?.1);
        }
        places.sort();
        places.dedup();
        let mut products = match table.column("product") {
            Some(_) => ids(table, rows, "product")?.1,
            None => vec!["TOTAL".to_owned()],
        };
        products.sort();
        Ok(Self { places, products })
    }

    /// Position of a place.
    #[must_use]
    pub fn place(&self, id: &str) -> Option<usize> {
        self.places.binary_search_by(|known| known.as_str().cmp(id)).ok()
    }

    /// Position of a product.
    #[must_use]
    pub fn product(&self, id: &str) -> Option<usize> {
        self.products.binary_search_by(|known| known.as_str().cmp(id)).ok()
    }
}

/// How rows are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// The column of values.
    pub value: &'a str,
    /// The column of quantities, if any.
    pub quantity: Option<&'a str>,
    /// What an empty value counts as.
    pub missing: Missing,
    /// Which place lies in which: a region beside its own country is refused.
    pub hierarchy: &'a Hierarchy,
}

/// The rows of one year as a bilateral table, with the guarded total that says what they are of.
///
/// # Assumptions
///
/// Sales of a place to itself are not trade; they are left out and noted. An empty quantity is
/// not known. With labels of exporters alone, all is sold to one place more, behind those of the
/// labels.
///
/// # Errors
///
/// All that [`sum`] refuses, with file and line: mixed units, sides, scopes or
/// years, a cell twice, a place beside one that contains it, a total beside its parts, a negative
/// or empty value; an empty id; a negative quantity.
///
/// # Cost
///
/// n log n in the rows.
pub fn bilateral(
    table: &Table,
    rows: &[usize],
    labels: &Labels,
    reading: Reading<'_>,
) -> Result<(Bilateral, Sum), Report> {
    let how =
        SumOptions { value: reading.value, missing: reading.missing, ..SumOptions::default() };
    let whole = sum(table, rows, reading.hierarchy, how)?;
    let values = numbers(table, reading.value)?;
    let quantities = reading.quantity.map(|name| numbers(table, name)).transpose()?;
    let place = |name: &str| positions(table, rows, name, |id| labels.place(id));
    let origin = place("origin")?;
    let everyone = table.column("destination").is_none();
    let destination = match everyone {
        true => vec![labels.places.len(); rows.len()],
        false => place("destination")?,
    };
    let places = labels.places.len() + usize::from(everyone);
    let product = match table.column("product") {
        Some(_) => positions(table, rows, "product", |id| labels.product(id))?,
        None => vec![0; rows.len()],
    };
    let read: Vec<FlowRow> = rows
        .iter()
        .enumerate()
        .map(|(at, &row)| FlowRow {
            origin: origin[at],
            destination: destination[at],
            product: product[at],
            value: Some(values[row]).filter(|value| !value.is_nan()),
            quantity: quantities.map(|q| q[row]).filter(|q| !q.is_nan()),
        })
        .collect();
    let options = BilateralOptions {
        missing: match reading.missing {
            Missing::Zero => Gap::Zero,
            Missing::Refuse => Gap::Refuse,
        },
        ..BilateralOptions::default()
    };
    let made = Bilateral::new(places, labels.products.len(), &read, &options).map_err(|error| {
        Problem::new("bad-values", table.path(), "a bilateral table", error.to_string())
    })?;
    Ok((made, whole))
}

/// Dense ids of a column's cells in order of first appearance, and their labels.
fn ids(table: &Table, rows: &[usize], name: &str) -> Result<(Vec<u32>, Vec<String>), Report> {
    let column = table.wanted(name)?;
    let mut dense: HashMap<u32, u32> = HashMap::new();
    let (mut found, mut labels) = (Vec::with_capacity(rows.len()), Vec::new());
    for (code, &row) in guard::codes(&column.values, rows).into_iter().zip(rows) {
        if code == MISSING {
            return Err(table
                .problem(
                    "missing-value",
                    row,
                    name,
                    format!("an id in column {name}"),
                    "fill in the cell or leave the row out",
                )
                .into());
        }
        let next = labels.len() as u32;
        let id = *dense.entry(code).or_insert(next);
        if id == next {
            labels.push(shown(&column.values, row));
        }
        found.push(id);
    }
    Ok((found, labels))
}

/// The position of each row's id among the labels.
fn positions(
    table: &Table,
    rows: &[usize],
    name: &str,
    find: impl Fn(&str) -> Option<usize>,
) -> Result<Vec<usize>, Report> {
    let (found, labels) = ids(table, rows, name)?;
    let at: Vec<usize> = labels
        .iter()
        .map(|label| {
            find(label).ok_or_else(|| {
                let remedy = "make the labels from all rows first";
                Problem::new("unknown-id", table.path(), format!("a known {name}"), remedy)
                    .value(label)
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(found.into_iter().map(|id| at[id as usize]).collect())
}

/// Covariates of pairs as places × places, from a table with a row for each pair.
///
/// A term is a column, or `log(column)`; a pair without a row is not a number.
///
/// # Errors
///
/// A column that does not exist or is not of numbers; a logarithm of zero or less, with its line;
/// a pair with two different values.
pub fn covariates(
    table: &Table,
    labels: &Labels,
    terms: &[String],
) -> Result<Vec<Regressor>, Report> {
    let n = labels.places.len();
    let rows: Vec<usize> = (0..table.rows()).collect();
    let (origin, origins) = ids(table, &rows, "origin")?;
    let (destination, destinations) = ids(table, &rows, "destination")?;
    let at =
        |ids: &[String]| -> Vec<Option<usize>> { ids.iter().map(|id| labels.place(id)).collect() };
    let (origins, destinations) = (at(&origins), at(&destinations));
    let mut made = Vec::new();
    for term in terms {
        let inner = term.strip_prefix("log(").and_then(|rest| rest.strip_suffix(')'));
        let name = inner.unwrap_or(term).trim();
        let column = numbers(table, name)?;
        let mut values = vec![f64::NAN; n * n];
        for &row in &rows {
            let ends = origins[origin[row] as usize].zip(destinations[destination[row] as usize]);
            let Some((i, j)) = ends.filter(|(i, j)| i != j && !column[row].is_nan()) else {
                continue;
            };
            let value = if inner.is_some() { column[row].ln() } else { column[row] };
            let known = &mut values[i * n + j];
            if !value.is_finite() || (!known.is_nan() && *known != value) {
                let (expected, remedy) = match value.is_finite() {
                    false => ("a positive number to take the logarithm of", "mend the value"),
                    true => ("one value for each pair", "the pair has another one above"),
                };
                return Err(table
                    .problem("bad-covariate", row, name, expected, remedy)
                    .value(column[row].to_string())
                    .into());
            }
            *known = value;
        }
        made.push(Regressor { name: term.clone(), values });
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::from_bytes("flows", "flows.csv", text.as_bytes(), None).unwrap()
    }

    fn read(text: &str, quantity: Option<&str>) -> Result<(Labels, Bilateral), Report> {
        let t = table(text);
        let rows: Vec<usize> = (0..t.rows()).collect();
        let labels = Labels::of(&t, &rows)?;
        let hierarchy = Hierarchy::from_pairs([("B1", "B")]);
        let reading =
            Reading { value: "value", quantity, missing: Missing::Refuse, hierarchy: &hierarchy };
        bilateral(&t, &rows, &labels, reading).map(|(made, _)| (labels, made))
    }

    #[test]
    fn rows_become_sorted_flows() {
        let text = "origin,destination,product,value,kg\nB,A,y,2,1\nA,C,x,3,\nA,A,x,9,9\n";
        let (labels, made) = read(text, Some("kg")).unwrap();
        assert_eq!((labels.places.len(), labels.products.len()), (3, 2));
        let flows: Vec<_> =
            made.flows().iter().map(|f| (f.origin, f.destination, f.value, f.quantity)).collect();
        assert_eq!(flows, [(0, 2, 3.0, None), (1, 0, 2.0, Some(1.0))]);
        assert_eq!((made.notes[0].code, made.notes[0].count), ("domestic_left_out", 1));
        let (labels, _) = read("origin,destination,value\nA,B,1\n", None).unwrap();
        assert_eq!(labels.products, ["TOTAL"]);
    }

    #[test]
    fn rows_are_refused_with_their_lines() {
        let code = |text: &str| {
            let problem = read(text, None).unwrap_err().problems.remove(0);
            (problem.code, problem.line)
        };
        let head = "origin,destination,product,value\n";
        let of = |rows: &str| code(&format!("{head}{rows}"));
        assert_eq!(of("A,B,x,1\nA,B,x,2\n"), ("counted-twice", Some(3)));
        assert_eq!(of("A,B,x,-1\n"), ("negative-value", Some(2)));
        assert_eq!(of("A,B,x,\n"), ("missing-value", Some(2)));
        assert_eq!(of("A,B,x,1\n,B,x,2\n"), ("missing-value", Some(3)));
        assert_eq!(of("A,B,x,1\nA,B1,x,2\n").0, "region-beside-country");
        assert_eq!(code("origin,product,value\nA,x,1\n").0, "unknown-column");
    }

    #[test]
    fn covariates_of_pairs() {
        let labels =
            Labels { places: vec!["A".into(), "B".into()], products: vec!["TOTAL".into()] };
        let get = |text: &str, term: &str| covariates(&table(text), &labels, &[term.to_owned()]);
        let text = "origin,destination,distance\nA,B,1\nB,Z,5\n";
        let made = get(text, "log(distance)").unwrap();
        assert_eq!(made[0].values[1], 0.0);
        assert!(made[0].values[2].is_nan(), "B to A has no row");
        let zero = get("origin,destination,distance\nA,B,0\n", "log(distance)").unwrap_err();
        assert_eq!((zero.problems[0].code, zero.problems[0].line), ("bad-covariate", Some(2)));
        let two = get("origin,destination,distance\nA,B,1\nA,B,2\n", "distance").unwrap_err();
        assert_eq!(two.problems[0].line, Some(3));
    }
}
