//! The data of Caliendo and Parro (2015) as their own programs prepare them.

use std::path::Path;

use emporion_model::simulate::{ManySectorShock, ManySectors, ManySectorsData};

pub const PLACES: usize = 31;
pub const SECTORS: usize = 40;
const TRADED: usize = 20;
/// theta of the sectors that are not traded.
const NOT_TRADED: f64 = 8.22;
/// Canada, Mexico, USA.
pub const NAFTA: [usize; 3] = [4, 19, 29];

fn table(folder: &Path, name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

/// Importer rows and exporter columns by sector, as `(sector × N + origin) × N + destination`.
fn by_origin(values: &[f64], scale: f64) -> Vec<f64> {
    let (n, cells) = (PLACES, PLACES * PLACES);
    let mut out = vec![0.0; SECTORS * cells];
    for j in 0..TRADED {
        for d in 0..n {
            for i in 0..n {
                out[j * cells + i * n + d] = scale * values[(j * n + d) * n + i];
            }
        }
    }
    out
}

/// Exports beyond recorded output raise output; own sales are what is left of it.
pub fn data(folder: &Path) -> ManySectorsData {
    let (n, sectors) = (PLACES, SECTORS);
    let mut trade = by_origin(&table(folder, "xbilat1993.txt"), 1000.0);
    let output = table(folder, "GO.txt");
    for j in 0..sectors {
        for i in 0..n {
            let row = &mut trade[(j * n + i) * n..][..n];
            let exports: f64 = row.iter().sum();
            row[i] = (output[j * n + i] - exports).max(0.0);
        }
    }
    let value_added = table(folder, "B.txt");
    let inputs = table(folder, "IO.txt");
    let share = |p: usize, j: usize| value_added[j * n + p];
    let mut elasticities = table(folder, "T.txt");
    elasticities.resize(sectors, NOT_TRADED);
    ManySectorsData {
        places: n,
        sectors,
        trade,
        tariffs: by_origin(&table(folder, "tariffs1993.txt"), 0.01),
        value_added_shares: (0..n * sectors).map(|c| share(c / sectors, c % sectors)).collect(),
        input_shares: (0..n * sectors * sectors)
            .map(|c| inputs[c] * (1.0 - share(c / (sectors * sectors), c % sectors)))
            .collect(),
        elasticities,
        final_shares: None,
    }
}

/// Tariffs among the three at their level of 2005, all others unchanged.
pub fn nafta(folder: &Path, world: &ManySectors) -> ManySectorShock {
    let new = by_origin(&table(folder, "tariffs2005.txt"), 0.01);
    let mut shock = ManySectorShock::none(world);
    for j in 0..TRADED {
        for i in NAFTA {
            for d in NAFTA.into_iter().filter(|&d| d != i) {
                shock.tariff(j, i, d, new[(j * PLACES + i) * PLACES + d]).unwrap();
            }
        }
    }
    shock
}
