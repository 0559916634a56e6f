//! RCA, ECI, PCI, proximity and density from a long table in memory, for every year in it.
//!
//! `measure FILE [OUT]`: FILE has the columns `year`, `place`, `product`, `value`; OUT gets the
//! line that is printed. The time is that of the work; reading is printed apart.

use std::time::Instant;

use emporion_model::measure::complexity::{ComplexityOptions, complexity};
use emporion_model::measure::density::presence_density;
use emporion_model::measure::presence::presence;
use emporion_model::measure::proximity::{Diagonal, ProximityRows};
use emporion_model::measure::rca::rca;
use emporion_model::measure::table::{Cell, TableOptions, place_product};
use emporion_tables::{Table, Values};
use rayon::prelude::*;

/// What one year gives; the rest is dropped with the year.
struct Year {
    eci: Vec<f64>,
    /// Sums over the whole matrices, so that no work can be left out.
    proximity: f64,
    density: f64,
    stages: [f64; 5],
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("measure FILE [OUT]")?;
    let start = Instant::now();
    let table = Table::read(std::path::Path::new(&path))?;
    let load = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let text = |name: &str| match table.column(name).map(|c| &c.values) {
        Some(Values::Text { codes, labels }) => Ok((codes.as_slice(), labels.as_slice())),
        _ => Err(format!("{path}: no text column {name}")),
    };
    let number = |name: &str| match table.column(name).map(|c| &c.values) {
        Some(Values::Number(numbers)) => Ok(numbers.as_slice()),
        _ => Err(format!("{path}: no numbers in {name}")),
    };
    let (places, products) = (text("place")?, text("product")?);
    let (years, values) = (number("year")?, number("value")?);
    let rows = by_year(years);
    let found: Vec<Result<Year, _>> =
        rows.par_iter().map(|rows| measure(rows, places, products, values)).collect();
    let seconds = start.elapsed().as_secs_f64();

    let found: Vec<Year> = found.into_iter().collect::<Result<_, _>>()?;
    let first = found.first().ok_or("no rows")?;
    let stage = |at: usize| found.iter().map(|y| y.stages[at]).sum::<f64>();
    let line = serde_json::json!({
        "peer": "emporion", "ok": true, "seconds": seconds, "load_s": load,
        "peak_mb": peak_mb(), "years": found.len(),
        "eci_first3": first.eci.iter().take(3).collect::<Vec<_>>(),
        "proximity_sum": first.proximity, "density_sum": first.density,
        "stages": { "table": stage(0), "rca": stage(1), "complexity": stage(2),
                    "proximity": stage(3), "density": stage(4) },
    })
    .to_string();
    println!("{line}");
    if let Some(out) = arguments.next() {
        std::fs::write(out, line)?;
    }
    Ok(())
}

/// Row numbers of each year, ascending.
fn by_year(years: &[f64]) -> Vec<Vec<u32>> {
    let mut out = std::collections::BTreeMap::<i64, Vec<u32>>::new();
    for (row, year) in years.iter().enumerate() {
        out.entry(*year as i64).or_default().push(row as u32);
    }
    out.into_values().collect()
}

/// Dense ids of the labels that occur in `rows`, in order of the labels.
fn dense(rows: &[u32], (codes, labels): (&[u32], &[String])) -> (Vec<u32>, usize) {
    let mut occurs = vec![false; labels.len()];
    rows.iter().for_each(|row| occurs[codes[*row as usize] as usize] = true);
    let mut order: Vec<usize> = (0..labels.len()).filter(|c| occurs[*c]).collect();
    order.sort_by(|a, b| labels[*a].cmp(&labels[*b]));
    let mut ids = vec![u32::MAX; labels.len()];
    order.iter().enumerate().for_each(|(id, code)| ids[*code] = id as u32);
    (ids, order.len())
}

fn measure(
    rows: &[u32],
    places: (&[u32], &[String]),
    products: (&[u32], &[String]),
    values: &[f64],
) -> Result<Year, emporion_model::outcome::InputError> {
    let mut stages = [0.0; 5];
    let mut last = Instant::now();
    let mut lap = |at: usize| {
        stages[at] = last.elapsed().as_secs_f64();
        last = Instant::now();
    };
    let (place_ids, n) = dense(rows, places);
    let (product_ids, m) = dense(rows, products);
    let cells = rows.iter().map(|row| *row as usize).map(|row| Cell {
        place: place_ids[places.0[row] as usize] as usize,
        product: product_ids[products.0[row] as usize] as usize,
        value: (!values[row].is_nan()).then_some(values[row]),
    });
    let table = place_product(n, m, cells, &TableOptions::default())?.table;
    lap(0);
    let index = rca(&table)?;
    let present = presence(&index, 1.0)?;
    lap(1);
    let found = complexity(&present, &ComplexityOptions::default())?;
    lap(2);
    let near = sum_of_rows(&ProximityRows::new(&present, Diagonal::One)?);
    lap(3);
    let density = presence_density(&present, Diagonal::One)?.values.iter().sum();
    lap(4);
    let eci = found.eci.into_iter().map(|e| e.unwrap_or(f64::NAN)).collect();
    Ok(Year { eci, proximity: near, density, stages })
}

/// Σ φ over all pairs of products, row by row.
fn sum_of_rows(rows: &ProximityRows) -> f64 {
    let mut row = vec![0.0; rows.products()];
    let mut sum = 0.0;
    for k in 0..rows.products() {
        rows.fill(k, &mut row);
        sum += row.iter().sum::<f64>();
    }
    sum
}

/// Largest resident memory of this process.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
}
