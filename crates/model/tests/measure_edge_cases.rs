//! Eight tiny tables on which programs in use go wrong in silence: the right number or a refusal.

mod common;

use std::path::Path;

use emporion_model::measure::complexity::{
    Complexity, ComplexityOptions, Disconnected, complexity,
};
use emporion_model::measure::presence::presence;
use emporion_model::measure::rca::rca;
use emporion_model::measure::table::{Cell, Duplicates, Gap, TableOptions, place_product};
use emporion_model::outcome::InputError;
use serde_json::Value;

/// The expected figures are printed with 12 digits and below 2: half a unit of the twelfth.
const PRINTED: f64 = 5.1e-12;

/// Long rows of a case, every cell one row, with the change that the case describes.
fn rows(case: &Value) -> (usize, usize, Vec<Cell>) {
    let matrix = case["matrix"].as_array().unwrap();
    let products = matrix[0].as_array().unwrap().len();
    let mut rows = Vec::new();
    for (place, row) in matrix.iter().enumerate() {
        for (product, value) in row.as_array().unwrap().iter().enumerate() {
            rows.push(Cell { place, product, value: value.as_f64() });
        }
    }
    match case["change"].as_str() {
        None => {}
        Some("cell c1,p2 missing") => rows[1].value = None,
        Some("a second row c1,p1,7") => {
            rows.push(Cell { place: 0, product: 0, value: Some(7.0) });
        }
        Some("cell c1,p2 = -20") => rows[1].value = Some(-20.0),
        Some(other) => panic!("unknown change: {other}"),
    }
    (matrix.len(), products, rows)
}

struct Answer {
    complexity: Complexity,
    notes: Vec<&'static str>,
}

fn answer(
    case: &Value,
    table: TableOptions,
    options: &ComplexityOptions,
) -> Result<Answer, InputError> {
    let (places, products, rows) = rows(case);
    let made = place_product(places, products, &rows, &table)?;
    let complexity = complexity(&presence(&rca(&made.table)?, 1.0)?, options)?;
    let notes = made.notes.iter().chain(&complexity.notes).map(|n| n.code).collect();
    Ok(Answer { complexity, notes })
}

fn plainly(case: &Value) -> Result<Answer, InputError> {
    answer(case, TableOptions::default(), &ComplexityOptions::default())
}

fn hold(case: &Value, got: &Complexity) {
    let peer = &case["peers"]["ecomplexity"];
    for (name, got) in [("eci", &got.eci), ("pci", &got.pci)] {
        let expected = peer[name].as_object().unwrap();
        assert_eq!(expected.len(), got.len());
        for (id, value) in expected {
            let got = got[id[1..].parse::<usize>().unwrap() - 1];
            match value.as_f64() {
                None => assert_eq!(got, None, "{name} of {id}"),
                Some(x) => assert!((got.unwrap() - x).abs() < PRINTED, "{name} of {id}: {got:?}"),
            }
        }
    }
}

fn all_cases(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Value = serde_json::from_str(&text).unwrap();
    let names: Vec<&String> = cases.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 8, "{names:?}");

    let plain = plainly(&cases["plain"]).unwrap();
    hold(&cases["plain"], &plain.complexity);
    // c1 has exactly the table's share of p3: an RCA of 1, present and said so.
    assert_eq!(plain.notes, ["at_cut_off"]);

    // An empty place or product is left out with a reason and moves nothing else, to the last bit.
    let zero = plainly(&cases["zero_place"]).unwrap();
    hold(&cases["zero_place"], &zero.complexity);
    assert_eq!(zero.complexity.eci[..5], plain.complexity.eci[..]);
    assert_eq!(zero.notes, ["at_cut_off", "dropped_places"]);
    let zero = plainly(&cases["zero_product"]).unwrap();
    hold(&cases["zero_product"], &zero.complexity);
    assert_eq!(zero.complexity.eci, plain.complexity.eci);
    assert_eq!(zero.notes, ["at_cut_off", "dropped_products"]);

    let gap = &cases["nan_cell"];
    let refused = plainly(gap).err().unwrap().to_string();
    assert!(refused.contains("row 1") && refused.contains("missing is not zero"), "{refused}");
    let taken = TableOptions { missing: Gap::Zero, ..Default::default() };
    let asked = answer(gap, taken, &ComplexityOptions::default()).unwrap();
    hold(gap, &asked.complexity);
    assert_eq!(asked.notes, ["missing_as_zero"]);

    let twice = &cases["duplicate_row"];
    let refused = plainly(twice).err().unwrap().to_string();
    assert!(refused.contains("row 25") && refused.contains("after row 0"), "{refused}");
    let summed = TableOptions { duplicates: Duplicates::Sum, ..Default::default() };
    let asked = answer(twice, summed, &ComplexityOptions::default()).unwrap();
    assert_eq!(asked.notes, ["duplicates_summed"]);
    let mut by_hand = twice.clone();
    by_hand["matrix"][0][0] = (60 + 7).into();
    by_hand["change"] = Value::Null;
    assert_eq!(asked.complexity.eci, plainly(&by_hand).unwrap().complexity.eci);

    let blocks = &cases["two_blocks"];
    let refused = plainly(blocks).err().unwrap().to_string();
    assert!(
        refused.contains("places 0, 1 with products 0, 1; places 2, 3 with products 2, 3"),
        "{refused}"
    );

    let same = plainly(&cases["identical_places"]).err().unwrap();
    assert!(matches!(&same, InputError::Undefined { .. }), "{same}");
    assert!(same.to_string().contains("no variation"), "{same}");

    let negative = plainly(&cases["negative_value"]).err().unwrap();
    assert!(
        matches!(&negative, InputError::Value { index: 1, value: -20.0, .. }),
        "names the row: {negative}"
    );
}

#[test]
fn committed_edge_cases() {
    all_cases(&common::oracle("measure").join("edge_cases.json"));
}

#[test]
fn reference_edge_cases() {
    if let Some(folder) = common::reference("measure") {
        all_cases(&folder.join("edge_cases.json"));
    }
}

#[test]
fn the_largest_part_on_request() {
    // Three places around products 0 and 1, apart from one place with product 2 of its own.
    let case = serde_json::json!({ "matrix": [[9, 1, 0], [1, 9, 0], [5, 5, 0], [0, 0, 5]] });
    assert!(matches!(plainly(&case), Err(InputError::Undefined { .. })));
    let options = ComplexityOptions { disconnected: Disconnected::Largest, ..Default::default() };
    let got = answer(&case, TableOptions::default(), &options).unwrap();
    assert_eq!(got.complexity.eci[3], None);
    assert_eq!(got.complexity.pci[2], None);
    assert!(got.complexity.eci[..3].iter().all(Option::is_some));
    assert!(got.notes.contains(&"dropped_places") && got.notes.contains(&"dropped_products"));
}
