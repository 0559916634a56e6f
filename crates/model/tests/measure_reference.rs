//! The measures against independent programs, on a committed table and on the larger ones.
//!
//! `oracles/measure/README.md` has the recipe, the versions and the reason for the tolerance.

mod common;
mod measure_data;

use std::collections::BTreeMap;
use std::path::Path;

use emporion_model::measure::complexity::{ComplexityOptions, complexity};
use emporion_model::measure::concentration::{ConcentrationOptions, concentration};
use emporion_model::measure::density::presence_density;
use emporion_model::measure::fitness::{FitnessOptions, fitness};
use emporion_model::measure::income::income_content;
use emporion_model::measure::opportunity::{PciScale, external_complexity, opportunity};
use emporion_model::measure::presence::{Presence, presence};
use emporion_model::measure::proximity::{Diagonal, density, proximity};
use emporion_model::measure::rca::rca;
use emporion_model::measure::reflections::reflections;
use emporion_model::measure::relatedness::{cross_proximity, relative_relatedness};
use emporion_model::measure::specialisation::specialisation;
use emporion_model::outcome::Status;
use emporion_model::panel::PlaceProduct;
use measure_data::{Columns, Labelled, distance};

/// Files hold 15 digits and the programs agree to 1e-14 among themselves; what is left is rounding
/// divided by the gap of the eigenvalues.
const TOLERANCE: f64 = 1e-10;
/// A sum over up to 177,410 cells, each within `TOLERANCE` of a value of order 1: relative.
const SUM_TOLERANCE: f64 = 1e-11;

/// Largest distance by column, so that a failure names the measure.
#[derive(Default)]
struct Checked(BTreeMap<String, (usize, f64)>);

impl Checked {
    fn add(&mut self, name: &str, got: f64, expected: f64) {
        let entry = self.0.entry(name.into()).or_default();
        let d = distance(got, expected);
        entry.0 += 1;
        entry.1 = if d.is_nan() { f64::INFINITY } else { entry.1.max(d) };
    }

    /// Compares a column if the file has it.
    fn column(&mut self, file: &Columns, name: &str, got: &dyn Fn(usize) -> f64) {
        let Some(expected) = file.numbers(name) else { return };
        for (row, expected) in expected.into_iter().enumerate() {
            if let Some(expected) = expected {
                self.add(name, got(row), expected);
            }
        }
    }
}

fn check(data: &Path, expected: &Path) -> Checked {
    let data = Labelled::read(data);
    let read = |name: &str| Columns::read(&expected.join(name));
    let advantage = rca(&data.table).unwrap();
    let m = presence(&advantage, 1.0).unwrap();
    let mut checked = Checked::default();

    let c = complexity(&m, &ComplexityOptions::default()).unwrap();
    assert_eq!(c.status, Status::Converged);
    let r = complexity(&m, &ComplexityOptions { ddof: 1, ..Default::default() }).unwrap();
    let f = fitness(&m, &FitnessOptions::default()).unwrap();
    assert_eq!(f.status, Status::Converged, "{} steps, residual {}", f.steps, f.residual);
    // The R package's default of 20 counts the starting column of ones.
    let f20 = fitness(&m, &FitnessOptions { tolerance: 0.0, max_steps: 19 }).unwrap();
    let s = specialisation(&data.table).unwrap();

    let file = read("places.csv");
    let places: Vec<usize> =
        file.text("place").unwrap().into_iter().map(|p| data.place(p)).collect();
    assert_eq!(places.len(), data.places.len());
    let of = |i: usize| concentration(data.row(i), &ConcentrationOptions::default()).unwrap();
    let spec = |row: usize| s[places[row]].unwrap();
    checked.column(&file, "diversity", &|row| c.diversity[places[row]] as f64);
    checked.column(&file, "eci", &|row| c.eci[places[row]].unwrap());
    checked.column(&file, "eci_ddof1_R", &|row| r.eci[places[row]].unwrap());
    checked.column(&file, "fitness_limit", &|row| f.fitness[places[row]].unwrap());
    checked.column(&file, "hhi", &|row| of(places[row]).hhi);
    checked.column(&file, "hhi_normalised", &|row| of(places[row]).hhi_normalised.unwrap());
    checked.column(&file, "entropy_bits", &|row| of(places[row]).entropy_bits);
    checked.column(&file, "theil_all_products", &|row| of(places[row]).theil);
    checked.column(&file, "theil_positive_only", &|row| of(places[row]).theil_positive);
    checked.column(&file, "gini_all_products", &|row| of(places[row]).gini);
    checked.column(&file, "krugman", &|row| spec(row).krugman);
    checked
        .column(&file, "specialisation_coefficient", &|row| spec(row).specialisation_coefficient);
    checked.column(&file, "hachman", &|row| spec(row).hachman);
    checked.column(&file, "lq_weighted_mean", &|row| spec(row).lq_weighted_mean);
    checked.column(&file, "fitness_R20", &|row| f20.fitness[places[row]].unwrap());

    let file = read("products.csv");
    let products: Vec<usize> =
        file.text("product").unwrap().into_iter().map(|p| data.product(p)).collect();
    assert_eq!(products.len(), data.products.len());
    checked.column(&file, "ubiquity", &|row| c.ubiquity[products[row]] as f64);
    checked.column(&file, "pci_atlas_scale", &|row| c.pci[products[row]].unwrap());
    checked.column(&file, "pci_z", &|row| c.pci_z[products[row]].unwrap());
    checked.column(&file, "pci_ddof1_R", &|row| r.pci_z[products[row]].unwrap());
    checked.column(&file, "complexity_limit", &|row| f.complexity[products[row]].unwrap());
    checked.column(&file, "complexity_R20", &|row| f20.complexity[products[row]].unwrap());

    let one = proximity(&m, Diagonal::One).unwrap();
    let zero = proximity(&m, Diagonal::Zero).unwrap();
    let (with, without) = (density(&m, &one).unwrap(), density(&m, &zero).unwrap());
    let file = read("proximity.csv");
    let (a, b) = (file.text("product_1").unwrap(), file.text("product_2").unwrap());
    checked.column(&file, "proximity", &|row| {
        one.values[data.product(a[row]) * one.products + data.product(b[row])]
    });

    let file = read("cells.csv");
    let (a, b) = (file.text("place").unwrap(), file.text("product").unwrap());
    let cell = |row: usize| data.place(a[row]) * data.table.products + data.product(b[row]);
    checked.column(&file, "rca", &|row| advantage.values[cell(row)]);
    checked.column(&file, "density_self_included", &|row| with.values[cell(row)]);
    checked.column(&file, "density_self_excluded", &|row| without.values[cell(row)]);

    // The road through places gives what the road through products gives.
    for (diagonal, by_products) in [(Diagonal::One, &with), (Diagonal::Zero, &without)] {
        let by_places = presence_density(&m, diagonal).unwrap();
        assert_eq!(by_places.undefined_products, by_products.undefined_products);
        let apart = by_places.values.iter().zip(&by_products.values).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, f64::max);
        assert!(apart <= 1e-13, "{diagonal:?}: {apart:e}");
    }

    let of = opportunity(&m, &c, &one, &with, PciScale::Eigenvector).unwrap();
    let of_r = opportunity(&m, &r, &one, &with, PciScale::Standardised).unwrap();
    checked.column(&file, "cog_ecomplexity", &|row| of.cog[cell(row)]);
    checked.column(&file, "cog_R", &|row| of_r.cog[cell(row)]);
    let file = read("places.csv");
    checked.column(&file, "coi_z_ecomplexity", &|row| of.coi[places[row]].unwrap());
    checked.column(&file, "coi_raw_R", &|row| of_r.coi[places[row]].unwrap());
    // ECI is the mean PCI of the place's products.
    let means = external_complexity(&m, &c.pci).unwrap();
    for (eci, mean) in c.eci.iter().zip(&means) {
        assert!((eci.unwrap() - mean.unwrap()).abs() <= 1e-12);
    }

    let pairs = expected.join("place_pairs.csv");
    if pairs.exists() {
        let file = Columns::read(&pairs);
        let of_places = proximity(&m.transposed(), Diagonal::One).unwrap();
        let (a, b) = (file.text("place_1").unwrap(), file.text("place_2").unwrap());
        for (row, value) in file.numbers("proximity").unwrap().into_iter().enumerate() {
            let at = data.place(a[row]) * data.places.len() + data.place(b[row]);
            checked.add("proximity of places", of_places.values[at], value.unwrap());
        }
    }

    let sums = expected.join("checks.json");
    if sums.exists() {
        let text = std::fs::read_to_string(&sums).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let count = m.values.iter().filter(|m| **m).count();
        assert_eq!(json["agreement_max_abs_difference"]["mcp_total"], count);
        for (name, got) in [
            ("rca", &advantage.values),
            ("density_self_included", &with.values),
            ("density_self_excluded", &without.values),
            ("proximity_off_diagonal", &zero.values),
        ] {
            let expected = json["whole_matrix_sums"][name].as_f64().unwrap();
            let got: f64 = got.iter().sum();
            let d = (got - expected).abs() / expected.abs();
            assert!(d <= SUM_TOLERANCE, "sum of {name}: {got} against {expected}");
        }
    }
    checked
}

fn hold(name: &str, checked: &Checked, columns: usize) {
    for (column, (count, worst)) in &checked.0 {
        eprintln!("{name}: {column:28} {count:6} values, largest distance {worst:.1e}");
    }
    assert_eq!(checked.0.len(), columns, "columns compared");
    for (column, (count, worst)) in &checked.0 {
        assert!(*count > 0 && *worst <= TOLERANCE, "{name}: {column} is off by {worst:e}");
    }
}

#[test]
fn committed_provinces() {
    let folder = common::oracle("measure");
    let checked = check(&folder.join("provinces.csv"), &folder.join("expected"));
    hold("committed provinces", &checked, 19);
}

#[test]
fn reference_sets() {
    let Some(folder) = common::reference("measure") else { return };
    for name in ["provinces", "sections", "sitc4"] {
        let data = folder.join(format!("data/{name}.csv"));
        let checked = check(&data, &folder.join("expected").join(name));
        hold(name, &checked, 30);
    }
}

/// Steps of reflections stand at 1e-11 in the programs themselves: their sums shrink step by step.
const REFLECTIONS: f64 = 1e-6;

#[test]
fn reflections_of_two_programs() {
    let Some(folder) = common::reference("measure") else { return };
    for name in ["provinces", "sections", "sitc4"] {
        let data = Labelled::read(&folder.join(format!("data/{name}.csv")));
        let m = presence(&rca(&data.table).unwrap(), 1.0).unwrap();
        let expected = folder.join("expected").join(name);
        let of = |steps, ddof| reflections(&m, steps, ddof).unwrap();
        let mut compared = 0;
        let mut hold =
            |file: &str, column: &str, got: &[Option<f64>], at: &dyn Fn(&str) -> usize| {
                let file = Columns::read(&expected.join(file));
                let ids =
                    file.text(if column.ends_with('k') { "product" } else { "place" }).unwrap();
                let column = column.trim_end_matches('k');
                for (id, value) in ids.into_iter().zip(file.numbers(column).unwrap()) {
                    let d = distance(got[at(id)].unwrap(), value.unwrap());
                    assert!(d <= REFLECTIONS, "{name}: {column} of {id} is off by {d:e}");
                    compared += 1;
                }
            };
        let place = |id: &str| data.place(id);
        let product = |id: &str| data.product(id);
        // R prints its last even step for places and its last odd one for products.
        hold("places.csv", "reflections_R20", &of(18, 1).places, &place);
        hold("products.csv", "reflections_R20k", &of(19, 1).products, &product);
        hold("places.csv", "reflections_econcomplex20", &of(20, 0).places, &place);
        assert_eq!(compared, 2 * data.places.len() + data.products.len());
    }
}

#[test]
fn relative_relatedness_of_datawheel() {
    let Some(folder) = common::reference("measure") else { return };
    for name in ["provinces", "sections", "sitc4"] {
        let data = Labelled::read(&folder.join(format!("data/{name}.csv")));
        let m = presence(&rca(&data.table).unwrap(), 1.0).unwrap();
        let around = presence_density(&m, Diagonal::Zero).unwrap();
        let (got, _) = relative_relatedness(&m, &around).unwrap();
        let file = Columns::read(&folder.join("expected").join(name).join("cells.csv"));
        let (a, b) = (file.text("place").unwrap(), file.text("product").unwrap());
        let mut compared = 0;
        let column = file.numbers("relative_relatedness_datawheel").unwrap();
        for (row, expected) in column.into_iter().enumerate() {
            let Some(expected) = expected else { continue };
            let cell = data.place(a[row]) * data.products.len() + data.product(b[row]);
            let d = distance(got[cell].unwrap(), expected);
            assert!(d <= TOLERANCE, "{name}: {} {} is off by {d:e}", a[row], b[row]);
            compared += 1;
        }
        assert!(compared > 500, "{name}: {compared}");
    }
}

#[test]
fn cross_proximity_of_datawheel() {
    let Some(folder) = common::reference("measure") else { return };
    let data = Labelled::read(&folder.join("data/sections.csv"));
    let m = presence(&rca(&data.table).unwrap(), 1.0).unwrap();
    let cut = data.product("11");
    let part = |columns: std::ops::Range<usize>| {
        let rows = m.values.chunks(m.products);
        let values = rows.flat_map(|row| row[columns.clone()].to_vec()).collect();
        Presence::new(m.places, columns.len(), values).unwrap()
    };
    let found = cross_proximity(&part(0..cut), &part(cut..m.products)).unwrap();
    let expected = folder.join("expected/sections");
    let mut checked = Checked::default();
    let file = Columns::read(&expected.join("cross_proximity.csv"));
    let (a, b) = (file.text("product_a").unwrap(), file.text("product_b").unwrap());
    checked.column(&file, "cross_proximity", &|row| {
        found.proximity[data.product(a[row]) * found.second + data.product(b[row]) - cut]
    });
    let file = Columns::read(&expected.join("cross_relatedness.csv"));
    let (a, b) = (file.text("place").unwrap(), file.text("product_b").unwrap());
    checked.column(&file, "cross_relatedness", &|row| {
        found.relatedness[data.place(a[row]) * found.second + data.product(b[row]) - cut].unwrap()
    });
    hold("sections", &checked, 2);
}

#[test]
fn income_content_of_r() {
    let Some(folder) = common::reference("measure") else { return };
    let data = Labelled::read(&folder.join("data/sitc4.csv"));
    let file = Columns::read(&folder.join("data/gdp_per_head.csv"));
    let known: BTreeMap<&str, f64> = file
        .text("country")
        .unwrap()
        .into_iter()
        .zip(file.numbers("value").unwrap())
        .filter_map(|(place, income)| Some((place, income?)))
        .collect();
    // Places without an income are left out of the table.
    let kept: Vec<usize> =
        (0..data.places.len()).filter(|i| known.contains_key(data.places[*i].as_str())).collect();
    let values = kept.iter().flat_map(|i| data.row(*i).to_vec()).collect();
    let table = PlaceProduct::new(kept.len(), data.products.len(), values).unwrap();
    let income: Vec<f64> = kept.iter().map(|i| known[data.places[*i].as_str()]).collect();
    let got = income_content(&table, &income).unwrap();
    let mut checked = Checked::default();
    let expected = folder.join("expected/sitc4");
    let file = Columns::read(&expected.join("products.csv"));
    let ids = file.text("product").unwrap();
    checked.column(&file, "prody_R", &|row| got.prody[data.product(ids[row])].unwrap());
    let file = Columns::read(&expected.join("places.csv"));
    let ids = file.text("place").unwrap();
    checked.column(&file, "expy_R", &|row| {
        let at = kept.binary_search(&data.place(ids[row])).expect("a place with income");
        got.expy[at].unwrap()
    });
    hold("sitc4", &checked, 2);
}

#[test]
fn provinces_by_the_pci_of_the_world() {
    let Some(folder) = common::reference("measure") else { return };
    let data = Labelled::read(&folder.join("data/provinces.csv"));
    let m = presence(&rca(&data.table).unwrap(), 1.0).unwrap();
    let file = Columns::read(&folder.join("expected/sections/products.csv"));
    let mut pci = vec![None; data.products.len()];
    let ids = file.text("product").unwrap();
    for (id, value) in ids.into_iter().zip(file.numbers("pci_z").unwrap()) {
        pci[data.product(id)] = value;
    }
    assert!(pci.contains(&None), "one section of the provinces is not in the world's table");
    let got = external_complexity(&m, &pci).unwrap();
    let file = Columns::read(&folder.join("expected/provinces_with_sections_pci/places.csv"));
    let ids = file.text("place").unwrap();
    let column = file.numbers("eci_external").unwrap();
    for (id, expected) in ids.into_iter().zip(column) {
        let d = match (got[data.place(id)], expected) {
            (Some(got), Some(expected)) => distance(got, expected),
            (None, None) => 0.0,
            other => panic!("province {id}: {other:?}"),
        };
        assert!(d <= TOLERANCE, "province {id} is off by {d:e}");
    }
}
