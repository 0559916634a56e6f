//! The worlds that are timed: made here, of the reference data beside the checkout, and bundled.

use emporion_brief::stages::sectors::{SectorWorld, Sources};
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::agreement;
use emporion_model::simulate::{
    Coefficient, Effect, Elasticity, JointNormal, Loading, ManySectorsData, Shock, Shocks,
    Uncertain,
};
use emporion_tables::case::Case;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Numbers between 0 and 1 from a multiplicative generator: the worlds are the same everywhere.
fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }
}

/// Sizes log-normal, trade falling with distance on a square, own trade four fifths.
pub fn made(n: usize) -> Result<SquareFlows, String> {
    let mut next = numbers(n as u64);
    let size: Vec<f64> =
        (0..n).map(|_| (1.5 * (next() + next() + next() - 1.5) * 2.0).exp()).collect();
    let at: Vec<(f64, f64)> = (0..n).map(|_| (next(), next())).collect();
    let mut values = vec![0.0; n * n];
    for i in 0..n {
        for j in (0..n).filter(|&j| j != i) {
            let distance = 0.02 + (at[i].0 - at[j].0).hypot(at[i].1 - at[j].1);
            values[i * n + j] = size[i] * size[j] / distance * (next() + 0.2);
        }
        let abroad: f64 = values[i * n..(i + 1) * n].iter().sum();
        values[i * n + i] = 4.0 * abroad;
    }
    SquareFlows::new(n, values).map_err(|e| e.to_string())
}

fn group(n: usize, a: usize) -> Vec<usize> {
    (0..n).filter(|i| i % 9 == a).collect()
}

/// Two agreements, one between two ninths of the places and one within a third ninth.
pub fn blocs(n: usize) -> Result<Shocks, String> {
    let list: Vec<Shock> = agreement(&group(n, 0), &group(n, 1), 0.5, 1.0)
        .into_iter()
        .chain(agreement(&group(n, 2), &group(n, 2), 0.3, 1.0))
        .collect();
    Shocks::from_list(n, &list).map_err(|e| e.to_string())
}

/// The same agreements with two estimated effects and theta log-normal.
pub fn uncertain(n: usize) -> Uncertain {
    let effect = |k: usize, pairs: Vec<Shock>| Effect {
        name: format!("effect {k}"),
        coefficient: Coefficient::Estimated(k),
        loadings: pairs
            .iter()
            .map(|p| Loading { origin: p.origin, destination: p.destination, loading: 1.0 })
            .collect(),
        per_theta: false,
    };
    Uncertain {
        fixed: Shocks::none(n),
        effects: vec![
            effect(0, agreement(&group(n, 0), &group(n, 1), 1.0, 1.0)),
            effect(1, agreement(&group(n, 2), &group(n, 2), 1.0, 1.0)),
        ],
        estimated: JointNormal { mean: vec![0.5, 0.3], covariance: vec![0.04, 0.01, 0.01, 0.02] },
        elasticity: Elasticity::LogNormal { mean: 4.0, sd: 0.5 },
    }
}

/// A folder of the reference data beside the checkout.
pub fn reference(name: &str) -> Result<PathBuf, String> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/simulate").join(name);
    if folder.is_dir() { Ok(folder) } else { Err(format!("needs {}", folder.display())) }
}

/// A file `exporter,importer,value`, with ids in this order; rows that are absent are zero.
pub fn square_file(path: &Path, places: &[String]) -> Result<Vec<f64>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let n = places.len();
    let mut values = vec![0.0; n * n];
    let known: HashMap<&str, usize> =
        places.iter().enumerate().map(|(at, place)| (place.as_str(), at)).collect();
    let at = |id: &str| known.get(id).copied().ok_or(format!("no place {id}"));
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.trim().split(',').collect();
        let [from, to, value, ..] = cells[..] else { return Err(format!("line {line}")) };
        values[at(from)? * n + at(to)?] = value.parse().map_err(|e| format!("{value}: {e}"))?;
    }
    Ok(values)
}

/// Flows of such a file.
pub fn flows_file(path: &Path, places: &[String]) -> Result<SquareFlows, String> {
    SquareFlows::new(places.len(), square_file(path, places)?).map_err(|e| e.to_string())
}

/// A made world as CSV and a scenario file with the two agreements, in a folder.
pub fn write(folder: &Path, n: usize) -> Result<(), String> {
    let flows = made(n)?;
    let name = |i: usize| format!("P{i:04}");
    let mut text = "origin,destination,value\n".to_owned();
    for (cell, value) in flows.values.iter().enumerate() {
        text.push_str(&format!("{},{},{value}\n", name(cell / n), name(cell % n)));
    }
    let list = |a: usize| group(n, a).into_iter().map(name).collect::<Vec<_>>();
    let scenario = format!(
        "[groups]\nA = {:?}\nB = {:?}\nC = {:?}\n[[scenario]]\nname = \"blocs\"\n\
         [[scenario.agreement]]\nbetween = [\"A\", \"B\"]\neffect = 0.5\n\
         [[scenario.agreement]]\nbetween = [\"C\", \"C\"]\neffect = 0.3\n",
        list(0),
        list(1),
        list(2)
    );
    std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    std::fs::write(folder.join("flows.csv"), text).map_err(|e| e.to_string())?;
    std::fs::write(folder.join("scenario.toml"), scenario).map_err(|e| e.to_string())
}

/// A world of many sectors like gravity's: large and small, near and far, deficits and tariffs.
pub fn made_sectors(n: usize, sectors: usize) -> ManySectorsData {
    // Weyl's sequence: even, and the same everywhere.
    let even = |k: usize| (0.5 + k as f64 * 0.618_033_988_749_895).fract();
    let size = |p: usize| (4.0 * even(p + 1)).exp();
    let trade = (0..sectors * n * n)
        .map(|c| {
            let (j, i, d) = (c / (n * n), c / n % n, c % n);
            let strength = size(i) * size(d) * (0.5 + even(i * sectors + j));
            let far = (i as f64 - d as f64).abs() / n as f64;
            let home = if i == d { 30.0 } else { 1.0 };
            home * strength * (-3.0 * far).exp() * (0.5 + even(c))
        })
        .collect();
    let tariffs = (0..sectors * n * n)
        .map(|c| if c / n % n == c % n { 0.0 } else { 0.1 * even(c + 7) })
        .collect();
    let value_added = |p: usize, j: usize| 0.35 + 0.3 * even(p * sectors + j + 3);
    let mut input_shares = vec![0.0; n * sectors * sectors];
    for p in 0..n {
        for j in 0..sectors {
            let weight = |k: usize| 0.2 + even(p + k * sectors + j);
            let total: f64 = (0..sectors).map(weight).sum();
            for k in 0..sectors {
                input_shares[(p * sectors + k) * sectors + j] =
                    (1.0 - value_added(p, j)) * weight(k) / total;
            }
        }
    }
    ManySectorsData {
        places: n,
        sectors,
        trade,
        tariffs,
        value_added_shares: (0..n * sectors)
            .map(|c| value_added(c / sectors, c % sectors))
            .collect(),
        input_shares,
        elasticities: (0..sectors).map(|j| 2.0 + 12.0 * even(j)).collect(),
        final_shares: None,
    }
}

/// The bundled case with 80 places and 50 sectors, theta 5 everywhere.
pub fn bundled() -> Result<SectorWorld, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/world-2022");
    let case = Case::open(&folder).map_err(|e| e.to_string())?;
    let flows = case.flows().ok_or("no flows")?;
    let rows: Vec<usize> = (0..flows.rows()).collect();
    SectorWorld::new(&Sources {
        flows,
        rows: &rows,
        inputs: case.table("inputs").ok_or("no inputs")?,
        output: case.table("output"),
        tariffs: None,
        elasticities: None,
        theta: &Elasticity::Fixed(5.0),
        missing: emporion_tables::sum::Missing::Zero,
    })
    .map_err(|e| e.to_string())
}
