//! What rests on one table of places by products: by hand, against the reference of other
//! programs, and refused.

mod common;

use std::path::Path;

use common::Desk;
use serde_json::Value;

/// Other programs' figures, printed with 15 digits.
const REFERENCE: f64 = 1e-10;

fn near(found: &Value, expected: f64, within: f64) {
    let value = found.as_f64().unwrap_or_else(|| panic!("{found} is no number"));
    assert!((value - expected).abs() <= within * expected.abs().max(1.0), "{value}, {expected}");
}

/// The only row with these texts.
fn row<'a>(rows: &'a Value, fields: &[(&str, &str)]) -> &'a Value {
    let is = |row: &&Value| fields.iter().all(|(field, text)| row[*field] == *text);
    let found: Vec<&Value> = rows.as_array().unwrap().iter().filter(is).collect();
    assert_eq!(found.len(), 1, "{fields:?} in {rows:#}");
    found[0]
}

/// A file of the oracle as records.
fn oracle(name: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../oracles/measure").join(name);
    let text = std::fs::read_to_string(path).expect(name);
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let record = |line: &str| {
        header.iter().map(|h| (*h).to_owned()).zip(line.split(',').map(str::to_owned)).collect()
    };
    lines.map(record).collect()
}

fn provinces() -> Desk {
    let desk = Desk::new();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../oracles/measure/provinces.csv");
    let text = std::fs::read_to_string(path).expect("provinces.csv");
    desk.write("provinces.csv", &text.replacen("place,", "origin,", 1));
    desk
}

#[test]
fn the_provinces_of_the_reference() {
    let desk = provinces();
    let one = desk.line("measure relatedness provinces.csv --format json").json();
    let zero = desk.line("measure relatedness provinces.csv --diagonal 0 --format json").json();
    let mut checked = 0;
    let at = |answer: &Value| -> std::collections::HashMap<(String, String), Value> {
        let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
        let rows = answer["rows"].as_array().unwrap();
        rows.iter().map(|r| ((text(r, "origin"), text(r, "product")), r.clone())).collect()
    };
    let (with, without) = (at(&one), at(&zero));
    for cell in oracle("expected/cells.csv") {
        let key = (cell["place"].clone(), cell["product"].clone());
        let number = |name: &str| cell[name].parse::<f64>().unwrap();
        near(&with[&key]["rca"], number("rca"), REFERENCE);
        near(&with[&key]["density"], number("density_self_included"), REFERENCE);
        near(&without[&key]["density"], number("density_self_excluded"), REFERENCE);
        checked += 1;
    }
    assert!(checked > 90, "{checked} cells");
    let found = desk.line("measure proximity provinces.csv --format json").json();
    let pairs = oracle("expected/proximity.csv");
    assert!(pairs.len() > 100);
    for pair in pairs {
        let ends = [("product", pair["product_1"].as_str()), ("with", pair["product_2"].as_str())];
        near(
            &row(&found["rows"], &ends)["proximity"],
            pair["proximity"].parse().unwrap(),
            REFERENCE,
        );
    }
    assert_eq!(found["summary"]["pairs"], 22 * 21 / 2);
}

#[test]
fn pairs_by_hand() {
    let desk = Desk::new();
    // M of exports.csv: A x y, B y z, C z w, D w.
    let json = |line: &str| desk.line(&format!("{line} --format json")).json();
    let found = json("measure proximity exports.csv --kind square-root");
    assert_eq!(found["rows"].as_array().unwrap().len(), 6);
    let xy = row(&found["rows"], &[("product", "x"), ("with", "y")]);
    near(&xy["proximity"], 0.5_f64.sqrt(), 1e-15);
    assert_eq!(xy["both"], 1);
    let given = json("measure proximity exports.csv --kind asymmetric --product x,y");
    let rows = &given["rows"];
    near(&row(rows, &[("product", "x"), ("with", "y")])["proximity"], 1.0, 0.0);
    near(&row(rows, &[("product", "y"), ("with", "x")])["proximity"], 0.5, 0.0);
    assert_eq!(rows.as_array().unwrap().len(), 6);
    // Of places: A and B share y; both have two products.
    let places = json("measure proximity exports.csv --of places --least 0.5 --place A");
    assert_eq!(places["rows"].as_array().unwrap().len(), 1);
    assert_eq!(places["rows"][0]["with"], "B");
    let nearest =
        json("measure relatedness exports.csv --nearest 1 --diagonal 0 --place D --not-yet");
    // The nearest of z are w and y, equally: D has w.
    near(&row(&nearest["rows"], &[("product", "z")])["density"], 0.5, 1e-15);
    assert_eq!(nearest["rows"].as_array().unwrap().len(), 3);
    // Of the three that D lacks, densities 0, 0 and 0.5: mean 1/6, deviation 1/sqrt(12).
    near(
        &row(&nearest["rows"], &[("product", "z")])["relative_relatedness"],
        12f64.sqrt() / 3.0,
        1e-12,
    );
    let space = json("measure product-space exports.csv --threshold 0.4");
    assert_eq!(
        (space["summary"]["tree_edges"].as_u64(), space["summary"]["components"].as_u64()),
        (Some(3), Some(1))
    );
    near(&space["summary"]["tree_weight"], 1.5, 1e-15);
    assert_eq!(row(&space["products"], &[("product", "z")])["degree"], 2);
    desk.line("measure proximity exports.csv --product q")
        .refused(1, &["product q", "such as w, x"]);
    desk.line("measure proximity exports.csv --place A").refused(1, &["--of"]);
    desk.line("measure product-space exports.csv --kind asymmetric")
        .refused(1, &["min-conditional"]);
    desk.line("measure relatedness exports.csv --kind correlation").refused(1, &["correlation"]);
    desk.line("measure relatedness exports.csv --nearest 0").refused(1, &["nearest products"]);
}

#[test]
fn options_of_the_stata_program() {
    let desk = Desk::new();
    let json = |line: &str| desk.line(&format!("{line} --format json")).json();
    // `asym`: Σ M n / Σ n without the product itself. Around z stand w (1) and y (1); A has y.
    let line = "measure relatedness exports.csv --diagonal 0 --place A";
    let found = json(&format!("{line} --kind asymmetric"));
    near(&row(&found["rows"], &[("product", "z")])["density"], 0.5, 1e-15);
    near(&row(&found["rows"], &[("product", "x")])["density"], 1.0, 1e-15);
    // `cont`: (1 + r) / 2 of RCA, and its mean in density, which passes 1.
    let all = json("measure relatedness exports.csv");
    let products = ["w", "x", "y", "z"];
    let index = |place: &str, product: &str| {
        row(&all["rows"], &[("origin", place), ("product", product)])["rca"].as_f64().unwrap()
    };
    let column = |product: &str| ["A", "B", "C", "D"].map(|place| index(place, product));
    let phi = |k: &str, l: &str| {
        let (a, b) = (column(k), column(l));
        let mean = |x: &[f64; 4]| x.iter().sum::<f64>() / 4.0;
        let (ma, mb) = (mean(&a), mean(&b));
        let sum = |f: &dyn Fn(usize) -> f64| (0..4).map(f).sum::<f64>();
        let cross = sum(&|i| (a[i] - ma) * (b[i] - mb));
        let both = sum(&|i| (a[i] - ma).powi(2)) * sum(&|i| (b[i] - mb).powi(2));
        (1.0 + cross / both.sqrt()) / 2.0
    };
    let pairs = json("measure proximity exports.csv --kind rca-correlation");
    for (a, k) in products.iter().enumerate() {
        for l in &products[a + 1..] {
            let found = row(&pairs["rows"], &[("product", k), ("with", l)]);
            near(&found["proximity"], phi(k, l), 1e-14);
        }
    }
    let found = json(&format!("{line} --kind rca-correlation"));
    let others = ["w", "y", "z"];
    let mean = others.iter().map(|l| index("A", l) * phi("x", l)).sum::<f64>()
        / others.iter().map(|l| phi("x", l)).sum::<f64>();
    near(&row(&found["rows"], &[("product", "x")])["density"], mean, 1e-14);
    // `knn(1)`: the nearest alone.
    let found = json(&format!("{line} --kind rca-correlation --nearest 1"));
    let nearest = others.iter().max_by(|a, b| phi("x", a).total_cmp(&phi("x", b))).unwrap();
    near(&row(&found["rows"], &[("product", "x")])["density"], index("A", nearest), 1e-14);
    desk.write("m.csv", "origin,product,value\nA,x,1\nB,y,1\n");
    desk.line("measure proximity m.csv --presence given --kind rca-correlation")
        .refused(1, &["needs RCA"]);
    desk.line("measure proximity exports.csv --of places --kind rca-correlation")
        .refused(1, &["--of products"]);
}

#[test]
fn two_sets_of_products() {
    let desk = Desk::new();
    let json = |line: &str| desk.line(&format!("{line} --format json")).json();
    let found = json("measure cross-proximity exports.csv --first product=x,y");
    assert_eq!(found["rows"].as_array().unwrap().len(), 4);
    near(&row(&found["rows"], &[("product", "y"), ("with", "z")])["proximity"], 0.5, 1e-15);
    // Around z there is y alone, which A has.
    let related = row(&found["relatedness"], &[("origin", "A"), ("product", "z")]);
    near(&related["relatedness"], 1.0, 1e-15);
    // Nothing of the first set is near to w.
    assert!(
        row(&found["relatedness"], &[("origin", "A"), ("product", "w")])["relatedness"].is_null()
    );
    // A table with itself is the plain proximity.
    desk.write("patents.csv", "origin,product,value\nA,p,1\nB,q,1\nC,q,1\nE,p,1\n");
    let other = json("measure cross-proximity exports.csv --other patents.csv");
    assert_eq!(other["summary"]["places"], 3);
    assert!(other["notes"].to_string().contains("one table only are left out: D, E"));
    // q: B and C; z: B and C.
    near(&row(&other["rows"], &[("product", "z"), ("with", "q")])["proximity"], 1.0, 1e-15);
    desk.line("measure cross-proximity exports.csv").refused(2, &["--first"]);
    desk.line("measure cross-proximity exports.csv --first product=x --second product=x,y")
        .refused(1, &["product x is in both"]);
    desk.write("far.csv", "origin,product,value\nF,p,1\nG,q,1\n");
    desk.line("measure cross-proximity exports.csv --other far.csv").refused(1, &["no place"]);
}

#[test]
fn scales_of_advantage() {
    let desk = Desk::new();
    let json = |line: &str| desk.line(&format!("{line} --format json")).json();
    // 25 + 20 + 18 + 12 = 75 in all, 9 of x, all from A: 9/25 over 9/75 = 3.
    for (kind, key, expected) in [
        ("balassa", "rca", 3.0),
        ("symmetric", "symmetric_rca", 0.5),
        ("normalised", "normalised_rca", 9.0 / 75.0 - 25.0 * 9.0 / 75.0_f64.powi(2)),
        ("additive", "additive_rca", 9.0 / 25.0 - 9.0 / 75.0),
    ] {
        let found = json(&format!("measure rca exports.csv --kind {kind}"));
        near(&row(&found["rows"], &[("origin", "A"), ("product", "x")])[key], expected, 1e-14);
        assert!(found["summary"]["convention"].as_str().unwrap().starts_with(key));
        assert_eq!(found["summary"]["absent_cells"], 5);
        assert_eq!(found["options"]["absent"], "zero");
    }
    desk.write("people.csv", "origin,population\nA,1\nB,3\nC,4\nD,2\n");
    let found = json("measure rca exports.csv --kind rpop --population people.csv");
    near(&row(&found["rows"], &[("origin", "A"), ("product", "x")])["rpop"], 10.0, 1e-14);
    desk.write("basket.csv", "product,value\nx,10\ny,10\nz,10\nw,10\nv,40\n");
    let found = json("measure rca exports.csv --basket basket.csv");
    // An eighth of the basket, v among it.
    near(
        &row(&found["rows"], &[("origin", "A"), ("product", "x")])["rca"],
        9.0 / 25.0 * 8.0,
        1e-14,
    );
    // A sells 10 of x and 10 of y abroad, buys 20 of y and 4 of z: balance -4/44.
    let line = "measure rca world.csv --kind lafay --where year=2020 --no-domestic";
    let found = json(&format!("{line} --place A"));
    let share = |x: f64, m: f64| 100.0 * ((x - m) + 4.0 / 44.0 * (x + m)) / 44.0;
    for (product, x, m) in [("x", 10.0, 0.0), ("y", 10.0, 20.0), ("z", 0.0, 4.0)] {
        let cell = row(&found["rows"], &[("product", product)]);
        near(&cell["lafay"], share(x, m), 1e-13);
        near(&cell["imports"], m, 0.0);
    }
    let refused = |line: &str, words: &[&str]| desk.line(line).refused(1, words);
    refused("measure rca exports.csv --kind lafay", &["destination"]);
    refused("measure rca exports.csv --kind rpop", &["--population"]);
    refused("measure rca exports.csv --population people.csv", &["--kind rpop"]);
    refused("measure rca exports.csv --kind additive --basket basket.csv", &["--basket"]);
    refused("measure rca exports.csv --kind rpop --population nobody.csv", &["no file nobody.csv"]);
    desk.write("few.csv", "origin,population\nA,1\nB,3\n");
    refused("measure rca exports.csv --kind rpop --population few.csv", &["2 places", "C, D"]);
}

#[test]
fn incomes_and_baskets() {
    let desk = Desk::new();
    let json = |line: &str| desk.line(&format!("{line} --format json")).json();
    desk.write("table.csv", "origin,product,value\nA,x,1\nA,y,1\nB,y,2\nC,z,5\n");
    desk.write("income.csv", "country,income\nA,300\nB,600\nZ,1\n");
    let found = json("measure prody table.csv --income income.csv");
    near(&row(&found["rows"], &[("product", "x")])["prody"], 300.0, 1e-15);
    near(&row(&found["rows"], &[("product", "y")])["prody"], 500.0, 1e-15);
    // C has no income, and nobody else sells z.
    assert!(row(&found["rows"], &[("product", "z")])["prody"].is_null());
    near(&row(&found["places"], &[("origin", "A")])["expy"], 400.0, 1e-15);
    assert!(
        found["notes"]
            .to_string()
            .contains("without an income are left out, of PRODY's weights too: C")
    );
    desk.write("wrong.csv", "place,income\nQ,300\n");
    desk.line("measure prody table.csv --income wrong.csv").refused(1, &["no place", "A, B, C"]);
    desk.write("twice.csv", "place,income\nA,300\nA,301\n");
    desk.line("measure prody table.csv --income twice.csv")
        .refused(1, &["line 3", "second income"]);
    desk.write("words.csv", "place,income\nA,rich\n");
    desk.line("measure prody table.csv --income words.csv").refused(1, &["column of numbers"]);
}

#[test]
fn products_gained_and_lost() {
    let desk = Desk::new();
    desk.write(
        "years.csv",
        "origin,product,year,value\nA,x,2019,9\nA,y,2019,1\nB,x,2019,1\nB,y,2019,9\nA,x,2021,1\n\
         A,y,2021,9\nB,y,2021,9\nB,z,2021,9\nB,x,2022,5\nB,y,2022,9\nA,y,2022,9\nC,x,2022,1\n",
    );
    let line = "measure entry-exit years.csv --from 2019 --to 2021..2022";
    let found = desk.line(&format!("{line} --format json")).json();
    let a = row(&found["rows"], &[("origin", "A")]);
    assert_eq!(
        (a["entered"].as_u64(), a["left"].as_u64(), a["stayed"].as_u64()),
        (Some(1), Some(1), Some(0))
    );
    near(&a["entry_rate"], 50.0, 1e-15);
    near(&a["exit_rate"], 100.0, 1e-15);
    // C trades after only: it is in RCA, and in no count. 1/19 of A's, 6+1 of 52 in all.
    assert_eq!(found["summary"]["places"], 2);
    let cell = row(&found["cells"], &[("origin", "A"), ("product", "x")]);
    assert_eq!(cell["change"], "exit");
    near(&cell["rca_after"], (1.0 / 19.0) / (7.0 / 52.0), 1e-14);
    let z = row(&found["cells"], &[("origin", "B"), ("product", "z")]);
    assert!(z["rca_before"].is_null());
    for code in ["one_period_only", "new_products", "absent_as_zero"] {
        assert!(found["notes"].to_string().contains(code), "{code}");
    }
    // What was barely left with a lower bar after has not left.
    let kept = desk.line(&format!("{line} --cut-off-after 0.3 --format json")).json();
    assert_eq!(row(&kept["rows"], &[("origin", "A")])["left"], 0);
    desk.line("measure entry-exit years.csv --from 2019 --to 2019..2021")
        .refused(1, &["share a year"]);
    desk.line("measure entry-exit years.csv --from 2018 --to 2019").refused(1, &["2018"]);
    desk.line("measure entry-exit exports.csv --from 2018 --to 2019").refused(1, &["year"]);
}

#[test]
fn who_has_what() {
    let desk = Desk::new();
    let json = |line: &str| desk.line(&format!("{line} --format json")).json();
    let plain = json("measure complexity exports.csv");
    // M of RCA, brought as M.
    desk.write("m.csv", "origin,product,value\nA,x,1\nA,y,1\nB,y,1\nB,z,1\nC,z,1\nC,w,1\nD,w,1\n");
    for presence in ["given", "weights"] {
        let own = json(&format!("measure complexity m.csv --presence {presence}"));
        for place in ["A", "B", "C", "D"] {
            let of = |answer: &Value| row(&answer["rows"], &[("origin", place)])["eci"].clone();
            assert_eq!(of(&own), of(&plain), "{presence} {place}");
        }
    }
    let smooth = json("measure complexity exports.csv --presence smooth");
    assert!(smooth["summary"]["convention"].as_str().unwrap().contains("R/(1 + R)"));
    assert_ne!(smooth["rows"], plain["rows"]);
    let sign = "origin,reference\nA,1\nB,2\nC,3\nD,4\n";
    desk.write("sign.csv", sign);
    let turned = json("measure complexity exports.csv --sign sign.csv");
    let eci = |answer: &Value| row(&answer["rows"], &[("origin", "A")])["eci"].as_f64().unwrap();
    near(&Value::from(eci(&turned)), -eci(&plain), 1e-12);
    let beside = json("measure complexity exports.csv --reflections 60 --fitness-steps 20");
    near(&row(&beside["rows"], &[("origin", "A")])["reflections"], eci(&plain), 1e-9);
    assert_eq!(beside["summary"]["fitness_steps"], 20);
    // D has one product; without it w has one place, so C has one product, and so on.
    let refused = |line: &str, words: &[&str]| desk.line(line).refused(1, words);
    refused("measure complexity exports.csv --core 2,2", &["(2, 2)-core", "no place"]);
    desk.write(
        "more.csv",
        "origin,product,value\nA,x,5\nA,y,5\nA,z,5\nB,x,5\nB,y,5\nC,y,5\nC,z,5\nD,w,5\nD,z,1\n",
    );
    let cored = json("measure complexity more.csv --core 2,2");
    assert_eq!(cored["rows"].as_array().unwrap().len(), 3);
    assert!(
        cored["notes"].to_string().contains("1 places outside the (2, 2)-core are left out: D")
    );
    assert!(
        cored["notes"].to_string().contains("1 products outside the (2, 2)-core are left out: w")
    );
    assert_eq!(cored["options"]["core_rca"], "kept");
    let own = json("measure complexity more.csv --core 2,2 --core-rca recomputed");
    assert_eq!(own["options"]["core_rca"], "recomputed");
    refused("measure complexity exports.csv --presence given", &["place A, product x", "got 9"]);
    refused("measure complexity exports.csv --presence rpop", &["--population"]);
    refused("measure relatedness exports.csv --presence smooth", &["measure complexity"]);
    refused("measure complexity exports.csv --presence smooth --cells", &["--cells"]);
    refused("measure complexity exports.csv --core 0,2", &["1 or more"]);
    refused("measure complexity exports.csv --absent refuse", &["5 cells", "B, product x"]);
}

#[test]
fn a_region_beside_its_country() {
    let desk = Desk::new();
    desk.write("regions.csv", "origin,product,value\nA,x,9\nA,y,8\nA1,z,2\nB,y,9\nB,z,3\n");
    desk.write("places.csv", "id,parent\nA,\nA1,A\nB,\n");
    let words = &["regions.csv, line 4", "\"A1\"", "line 2 gives A, which contains A1"];
    for verb in ["rca", "complexity", "relatedness", "proximity", "product-space"] {
        desk.line(&format!("measure {verb} regions.csv --places places.csv")).refused(1, words);
    }
    // Regions alone, by the basket of their country.
    desk.write("country.csv", "product,value\nx,9\ny,8\nz,2\n");
    desk.line(
        "measure rca regions.csv --places places.csv --where origin=A1,B --basket country.csv",
    )
    .ok();
}

#[test]
fn places_and_products_with_nothing_are_named() {
    let desk = Desk::new();
    let table = desk.read("exports.csv");
    desk.write("nothing.csv", &format!("{table}N,x,0\nA,v,0\n"));
    let found = desk.line("measure rca nothing.csv --format json").json();
    assert!(row(&found["rows"], &[("origin", "N"), ("product", "x")])["rca"].is_null());
    let notes = found["notes"].to_string();
    assert!(notes.contains("places without exports have no advantage: N"), "{notes}");
    assert!(notes.contains("products without exporters have no advantage: v"), "{notes}");
    let plain = desk.line("measure complexity exports.csv --format json").json();
    let with = desk.line("measure complexity nothing.csv --format json").json();
    for place in ["A", "B", "C", "D"] {
        let eci = |answer: &Value| row(&answer["rows"], &[("origin", place)])["eci"].clone();
        assert_eq!(eci(&plain), eci(&with));
    }
    assert!(row(&with["rows"], &[("origin", "N")])["eci"].is_null());
    desk.line("measure relatedness nothing.csv --format csv").ok();
    let proximity = desk.line("measure proximity nothing.csv --format json").json();
    assert!(proximity["notes"].to_string().contains("have no proximity: v"));
}

/// econcomplex 1.0.1, `eci_pci(table, dmin=1, umin=11)`, z-scored with divisor n: 53 provinces and 14
/// sections are left. RCA recomputed after each full core of a fixed M would leave 50 and 10.
#[test]
fn a_core_with_its_own_rca() {
    let desk = provinces();
    let line = "measure complexity provinces.csv --core 1,11 --core-rca recomputed --format json";
    let found = desk.line(line).json();
    assert_eq!(found["rows"].as_array().unwrap().len(), 53);
    assert_eq!(found["products"].as_array().unwrap().len(), 14);
    for (place, eci) in [("01", -0.841_373_853_411_923_7), ("02", 1.175_547_295_424_349_8)] {
        near(&row(&found["rows"], &[("origin", place)])["eci"], eci, REFERENCE);
    }
}

/// R's 20 iterations count the start, and its even and odd vectors serve one side each.
#[test]
fn steps_as_the_r_package_counts_them() {
    let desk = provinces();
    let line = "measure complexity provinces.csv --ddof 1 --fitness-steps 19 --format json";
    let [places, products] =
        [18, 19].map(|steps| desk.line(&format!("{line} --reflections {steps}")).json());
    for line in oracle("expected/places.csv") {
        let own = row(&places["rows"], &[("origin", line["place"].as_str())]);
        near(&own["fitness"], line["fitness_R20"].parse().unwrap(), REFERENCE);
        near(&own["reflections"], line["reflections_R20"].parse().unwrap(), REFERENCE);
    }
    for line in oracle("expected/products.csv") {
        let id = line["product"].as_str();
        let own = row(&products["products"], &[("product", id)]);
        near(&own["complexity"], line["complexity_R20"].parse().unwrap(), REFERENCE);
        near(&own["reflections"], line["reflections_R20"].parse().unwrap(), REFERENCE);
    }
}

#[test]
fn numbers_that_are_brought_have_their_name_and_their_domain() {
    let desk = Desk::new();
    desk.write("gdp.csv", "origin,gdp\nA,1\nB,2\nC,3\nD,4\n");
    let head = "measure rca exports.csv --kind rpop --population";
    let refused = |line: &str, words: &[&str]| desk.line(line).refused(1, words);
    refused(&format!("{head} gdp.csv"), &["gdp.csv", "named population", "origin, gdp"]);
    refused("measure prody exports.csv --income gdp.csv", &["gdp.csv", "named income"]);
    refused("measure complexity exports.csv --sign gdp.csv", &["gdp.csv", "named reference"]);
    desk.write("zero.csv", "origin,population\nA,1\nB,0\nC,3\nD,4\n");
    refused(&format!("{head} zero.csv"), &["line 3 of zero.csv", "B a population of 0"]);
    desk.write("debt.csv", "origin,income\nA,1\nB,2\nC,-3\nD,4\n");
    refused("measure prody exports.csv --income debt.csv", &["line 4 of debt.csv", "C", "-3"]);
    let basket = "measure rca exports.csv --basket basket.csv";
    desk.write("basket.csv", "product,value\nx,3\ny,\nz,1\nw,1\n");
    refused(basket, &["line 3 of basket.csv", "product y", "--missing-as-zero"]);
    let zero = desk.line(&format!("{basket} --missing-as-zero --format json")).json();
    assert!(zero["notes"].to_string().contains("basket_missing_as_zero"));
    desk.write("basket.csv", "product,value\nx,3\ny,-1\n");
    refused(basket, &["line 3 of basket.csv", "y a value of -1"]);
    desk.write("basket.csv", "product,value\nx,3\ny,1\nz,1\n");
    let short = desk.line(&format!("{basket} --format json")).json();
    let notes = short["notes"].to_string();
    assert!(notes.contains("the basket does not have") && notes.contains("to it: w"), "{notes}");
    assert!(!notes.contains("without exporters"), "{notes}");
    desk.write("pci.csv", "product,pci\nx,1\n");
    let outside = "measure complexity exports.csv --outside-pci pci.csv --format json";
    let notes = desk.line(outside).json()["notes"].to_string();
    assert!(notes.contains("left out of its mean: w, y, z"), "{notes}");
}

#[test]
fn options_that_would_do_nothing() {
    let desk = Desk::new();
    let refused = |line: &str, words: &[&str]| desk.line(line).refused(1, words);
    desk.write("m.csv", "origin,product,value\nA,x,1\nA,y,1\nB,y,1\nB,z,1\n");
    for verb in ["proximity", "relatedness", "complexity"] {
        let line = format!("measure {verb} m.csv --presence given --cut-off 2");
        refused(&line, &["--cut-off", "--presence"]);
    }
    refused("measure complexity exports.csv --presence smooth --cut-off 2", &["--cut-off"]);
    refused("measure complexity exports.csv --diagonal 0", &["--cells or --outlook"]);
    let given = desk.line("measure proximity m.csv --presence given --format json").json();
    assert!(given["options"]["cut_off"].is_null());
    let plain = desk.line("measure complexity exports.csv --format json").json();
    assert_eq!(plain["options"]["cut_off"], 1.0);
    assert!(plain["options"]["diagonal"].is_null() && plain["options"]["seed"].is_null());
}

#[test]
fn a_place_without_a_yardstick_is_named() {
    let desk = Desk::new();
    desk.write("m.csv", "origin,product,value\nA,x,1\nA,y,1\nA,z,0\nB,y,1\nB,x,0\nB,z,1\n");
    let found = desk.line("measure relatedness m.csv --presence given --format json").json();
    assert!(found["rows"].as_array().unwrap().iter().all(|r| r["relative_relatedness"].is_null()));
    let notes = found["notes"].to_string();
    assert!(notes.contains("have no relative relatedness: A, B"), "{notes}");
}

/// Two parts: A, B, C with v, w, x, and D, E with y, z. What is taken is as if the rest were not there.
#[test]
fn scores_of_the_largest_part() {
    let desk = Desk::new();
    let part = "origin,product,value\nA,v,1\nA,w,1\nA,x,1\nB,w,1\nB,x,1\nC,x,1\nF,v,1\nF,x,1\n";
    desk.write("part.csv", part);
    desk.write("both.csv", &format!("{part}D,y,1\nD,z,1\nE,z,1\n"));
    let line = |file: &str| {
        format!(
            "measure complexity {file} --presence given --largest-part --reflections 6 --format json"
        )
    };
    let [alone, within] = ["part.csv", "both.csv"].map(|file| desk.line(&line(file)).json());
    for place in ["A", "B", "C", "F"] {
        let of = |answer: &Value| row(&answer["rows"], &[("origin", place)]).clone();
        for key in ["eci", "fitness", "reflections"] {
            near(&of(&within)[key], of(&alone)[key].as_f64().unwrap(), 1e-9);
        }
    }
    for place in ["D", "E"] {
        let outside = row(&within["rows"], &[("origin", place)]);
        for key in ["eci", "fitness", "reflections"] {
            assert!(outside[key].is_null(), "{place} {key}");
        }
    }
    desk.line("measure complexity both.csv --presence given")
        .refused(1, &["--largest-part", "D, E"]);
    // By outside PCI neither part needs the other.
    desk.write("pci.csv", "product,pci\nw,1\nx,2\nz,5\nq,0\n");
    let outside = "measure complexity both.csv --presence given --outside-pci pci.csv";
    let found = desk.line(&format!("{outside} --format json")).json();
    near(&row(&found["rows"], &[("origin", "A")])["eci_outside"], 1.5, 1e-15);
    near(&row(&found["rows"], &[("origin", "D")])["eci_outside"], 5.0, 1e-15);
    let notes = found["notes"].to_string();
    for words in ["no ECI of its own", "D, E", "left out of its mean: v, y", "not in the table: q"]
    {
        assert!(notes.contains(words), "{words}: {notes}");
    }
    desk.line(&format!("{outside} --cells")).refused(1, &["share no product"]);
}

#[test]
fn values_outside_their_range() {
    let desk = Desk::new();
    let refused = |line: &str, words: &[&str]| desk.line(line).refused(1, words);
    refused("measure product-space exports.csv --threshold 2", &["threshold", "0 to 1"]);
    refused("measure proximity exports.csv --least 2", &["--least 2", "0 to 1"]);
    refused("measure proximity exports.csv --least -0.5", &["--least -0.5"]);
    refused("measure relatedness exports.csv --nearest 99", &["--nearest 99", "4 products"]);
    refused("measure rca exports.csv --no-domestic", &["--no-domestic", "destination"]);
    desk.line("measure rca exports.csv --top 0").refused(2, &["--top", "1 or more"]);
    desk.write("income.csv", "origin,income\nA,1\nB,2\nC,3\nD,4\n");
    let line = "measure prody exports.csv --income income.csv --part places --format csv --top 1";
    assert_eq!(desk.line(line).ok().lines().count(), 2);
}
