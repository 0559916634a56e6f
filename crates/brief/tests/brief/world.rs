//! The bundled world case against a second road: the files read row by row, and the kernels called
//! directly.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::OnceLock;

use emporion_brief::json::Document;
use emporion_brief::render::Brief;
use emporion_brief::{html, markdown};
use emporion_model::estimate::design::{Design, Factor, Regressor};
use emporion_model::estimate::{Options, SmallSample, ppml};

use crate::belarus::closes;
use crate::common::{built, bundled, folder, labelled};
use crate::page::sound;
use crate::same_bytes::bytes;

/// Sums of 226,575 numbers in another order: 1e-16 times the square root of their number, and room.
const SUMS: f64 = 1e-12;

/// Two fits whose rows stand in another order agree to rounding, and the fit stops at 1e-9.
const COEFFICIENTS: f64 = 1e-9;

fn brief() -> &'static Brief {
    static BRIEF: OnceLock<Brief> = OnceLock::new();
    BRIEF.get_or_init(|| built(&bundled("world-2022")))
}

/// The rows of a file, by column.
fn read(file: &str) -> Vec<BTreeMap<String, String>> {
    let file = File::open(folder("world-2022").join(file)).unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    reader.deserialize().map(Result::unwrap).collect()
}

/// Origin, destination, product and value of every flow.
fn flows() -> &'static [(String, String, String, f64)] {
    static FLOWS: OnceLock<Vec<(String, String, String, f64)>> = OnceLock::new();
    FLOWS.get_or_init(|| {
        let file = File::open(folder("world-2022").join("flows.csv.gz")).unwrap();
        let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
        reader.deserialize().map(Result::unwrap).collect()
    })
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} for {expected}");
}

#[test]
fn every_trace_closes_and_the_page_is_sound() {
    closes(brief(), &bundled("world-2022"));
    let page = html::write(brief()).unwrap();
    sound(&page);
}

#[test]
fn totals_are_those_of_the_rows() {
    let (mut all, mut abroad) = (0.0, BTreeMap::<&str, f64>::new());
    for (origin, destination, _, value) in flows() {
        if origin != destination {
            all += value;
            *abroad.entry(origin).or_default() += value;
        }
    }
    let cell = labelled(brief(), "sales abroad, all");
    close(cell.value.unwrap(), all, SUMS);
    let foreign = flows().iter().filter(|(o, d, ..)| o != d).count();
    assert_eq!((cell.rows[0].count, &*cell.unit), (foreign, "USD mn"));
    for (origin, value) in abroad {
        let asked = [("domestic", "false"), ("origin", origin), ("table", "flows")];
        let asked = asked.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let sum = brief().cells.values().find(|cell| {
            cell.computation.verb == "sum" && cell.computation.options == asked.clone().into()
        });
        close(sum.expect("every economy stands in a chart").value.unwrap(), value, SUMS);
    }
}

#[test]
fn threads_change_no_byte() {
    let case = bundled("world-2022");
    let [page, text, data] = bytes(&case, 1);
    assert!(page == html::write(brief()).unwrap(), "the page depends on the threads");
    assert!(text == markdown::write(brief()).unwrap(), "the text depends on the threads");
    let again = serde_json::to_string(&Document::new(brief(), &case)).unwrap();
    assert!(data == again, "the data depend on the threads");
}

/// Goods flows by pair with and without domestic ones, put together without the tables crate.
fn design(terms: &[&str], domestic: bool) -> Design {
    let file = folder("world-2022").join("products.csv");
    let goods: BTreeSet<String> = csv::Reader::from_path(file)
        .unwrap()
        .deserialize::<BTreeMap<String, String>>()
        .map(Result::unwrap)
        .filter(|row| row["goods"] == "1")
        .map(|row| row["id"].clone())
        .collect();
    let mut sums: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for (origin, destination, product, value) in flows() {
        if goods.contains(product) {
            *sums.entry((origin, destination)).or_default() += value;
        }
    }
    let pairs: Vec<BTreeMap<String, String>> = read("pairs.csv.gz")
        .into_iter()
        .filter(|pair| domestic || pair["origin"] != pair["destination"])
        .collect();
    let places: Vec<&String> =
        pairs.iter().map(|p| &p["origin"]).collect::<BTreeSet<_>>().into_iter().collect();
    let factor = |name: &str| Factor {
        name: name.into(),
        ids: pairs.iter().map(|p| places.binary_search(&&p[name]).unwrap() as u32).collect(),
        levels: places.len(),
    };
    let column = |name: &&str| {
        let number = |pair: &BTreeMap<String, String>| -> f64 {
            match *name {
                "log(distance)" => pair["distance"].parse::<f64>().unwrap().ln(),
                name => pair[name].parse().unwrap(),
            }
        };
        Regressor { name: (*name).into(), values: pairs.iter().map(number).collect() }
    };
    Design {
        outcome: "value".into(),
        y: pairs
            .iter()
            .map(|p| sums.get(&(&*p["origin"], &*p["destination"])).copied().unwrap_or(0.0))
            .collect(),
        x: terms.iter().map(column).collect(),
        effects: vec![factor("origin"), factor("destination")],
        ..Design::default()
    }
}

#[test]
fn coefficients_are_those_of_the_kernel() {
    let terms = ["log(distance)", "contiguity", "both_eu27", "both_eaeu", "border"];
    for (domestic, terms) in [(true, &terms[..]), (false, &terms[..4])] {
        let options = Options { small_sample: SmallSample::Stata, ..Options::default() };
        let fit = ppml(&design(terms, domestic), &options).unwrap();
        for (at, term) in terms.iter().enumerate() {
            let number = |what: &str| {
                let flows = domestic.to_string();
                let asked = [("term", *term), ("number", what), ("domestic flows", &flows)];
                let found: Vec<f64> = brief()
                    .cells
                    .values()
                    .filter(|cell| {
                        let options = &cell.computation.options;
                        asked
                            .iter()
                            .all(|(name, text)| options.get(*name).is_some_and(|o| o == text))
                    })
                    .map(|cell| cell.value.unwrap())
                    .collect();
                assert_eq!(found.len(), 1, "{what} of {term}, domestic flows {domestic}");
                found[0]
            };
            close(number("coefficient"), fit.coefficients[at], COEFFICIENTS);
            close(number("standard error"), fit.standard_errors[at], COEFFICIENTS);
        }
    }
}

#[test]
fn the_counterfactual_clears_its_markets() {
    let residual = brief()
        .cells
        .values()
        .find(|cell| cell.label == "residual of market clearing")
        .expect("the page shows its residual");
    assert!(residual.value.unwrap() <= 1e-12, "{residual:#?}");
    // What is lost in the closed market is what was sold there; its shares add up.
    let lost: f64 = flows().iter().filter(|(o, d, ..)| o == "BRA" && d == "CHN").map(|f| f.3).sum();
    close(labelled(brief(), "sales lost in the closed market").value.unwrap(), lost, SUMS);
    let home = labelled(brief(), "share of the lost quantity that turns home").value.unwrap();
    let abroad = labelled(brief(), "share of the lost quantity redirected abroad").value.unwrap();
    close(home + abroad, 100.0, 1e-9);
}
