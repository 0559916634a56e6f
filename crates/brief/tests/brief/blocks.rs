//! Blocks of measures on the bundled world case, against the files read row by row and the kernels
//! called directly.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use emporion_brief::book::Shown;
use emporion_brief::cell::Cell;
use emporion_brief::html;
use emporion_brief::render::Brief;
use emporion_model::measure::complexity::{ComplexityOptions, complexity};
use emporion_model::measure::complexity_ranges::{BootstrapOptions, complexity_ranges};
use emporion_model::measure::presence::presence;
use emporion_model::measure::product_space::product_space;
use emporion_model::measure::proximity::{Diagonal, proximity};
use emporion_model::measure::rca::rca;
use emporion_model::panel::PlaceProduct;
use emporion_plot::{Figure, TwinCell};
use emporion_tables::Case;

use crate::common::{Mini, built, bundled, folder};
use crate::page::sound;

/// Sums in another order.
const SUMS: f64 = 1e-12;

fn world(expression: &str) -> Brief {
    let mut case = Case::clone(&bundled("world-2022"));
    case.brief = Some(format!("# Blocks\n\n## Part\n\n{expression}\n"));
    built(&Arc::new(case))
}

/// The only figure of a brief.
fn figure(brief: &Brief) -> &Figure {
    assert_eq!(brief.blocks.len(), 1);
    match &brief.blocks[0].shown {
        Shown::Figure(figure) => figure,
        Shown::Regression(_) => panic!("a regression"),
    }
}

fn text(cell: &TwinCell) -> &str {
    match cell {
        TwinCell::Text(text) | TwinCell::Datum { text, .. } => text,
    }
}

/// The number of the brief behind a cell of the table twin.
fn behind<'a>(brief: &'a Brief, cell: &TwinCell) -> &'a Cell {
    match cell {
        TwinCell::Datum { id, .. } => brief.cells.get(id).expect("a trace"),
        TwinCell::Text(text) => panic!("{text:?} is no number"),
    }
}

/// Every number of a block opens a trace, and the page is sound.
fn traced(brief: &Brief) {
    for row in &figure(brief).table.rows {
        for cell in row {
            if matches!(cell, TwinCell::Datum { .. }) {
                behind(brief, cell);
            }
        }
    }
    sound(&html::write(brief).unwrap());
}

/// Exports by place and product, added up from the file.
fn exports() -> (PlaceProduct, Vec<String>, Vec<String>) {
    let file = File::open(folder("world-2022").join("flows.csv.gz")).unwrap();
    let mut reader = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let mut sums: BTreeMap<(String, String), f64> = BTreeMap::new();
    for row in reader.deserialize() {
        let (origin, destination, product, value): (String, String, String, f64) = row.unwrap();
        if origin != destination {
            *sums.entry((origin, product)).or_default() += value;
        }
    }
    let mut places: Vec<String> = sums.keys().map(|(place, _)| place.clone()).collect();
    places.dedup();
    let mut products: Vec<String> = sums.keys().map(|(_, product)| product.clone()).collect();
    products.sort();
    products.dedup();
    let of = |place: &String, product: &String| {
        sums.get(&(place.clone(), product.clone())).copied().unwrap_or(0.0)
    };
    let values = places.iter().flat_map(|i| products.iter().map(move |k| of(i, k))).collect();
    (PlaceProduct::new(places.len(), products.len(), values).unwrap(), places, products)
}

#[test]
fn the_ranking_has_the_ranges_of_the_kernel() {
    let brief = world(
        "{{ ranking(complexity(draws=60, seed=7).places, top=3, highlight=[\"BRA\"], title=\"T\", \
         caption=\"C\", decimals=2) }}",
    );
    traced(&brief);
    let (table, places, _) = exports();
    let m = presence(&rca(&table).unwrap(), 1.0).unwrap();
    let options = ComplexityOptions::default();
    let found = complexity(&m, &options).unwrap();
    let draws = BootstrapOptions { draws: 60, seed: 7 };
    let ranges = complexity_ranges(&m, &found, &options, &draws).unwrap();
    let rows = &figure(&brief).table.rows;
    assert_eq!(rows.len(), 4);
    for row in rows {
        let (eci, rank) = (behind(&brief, &row[1]), behind(&brief, &row[4]));
        let place = places.binary_search(&eci.computation.options["of"]).unwrap();
        let expected = ranges.places[place];
        let interval = eci.interval.as_ref().unwrap();
        for (found, expected) in [
            (eci.value, expected.eci),
            (Some(interval.low), expected.low),
            (Some(interval.high), expected.high),
        ] {
            assert!((found.unwrap() - expected.unwrap()).abs() < 1e-9);
        }
        let interval = rank.interval.as_ref().unwrap();
        let found = [rank.value.unwrap(), interval.low, interval.high].map(|r| r as usize);
        let expected = [expected.rank, expected.rank_best, expected.rank_worst].map(Option::unwrap);
        assert_eq!(found, expected);
    }
    assert_eq!(text(&rows[3][0]), "Brazil");
    assert!(brief.blocks[0].footnote.ends_with("Shown: the first 3 and those named of 80."));
}

#[test]
fn a_number_with_its_range_is_another_number_than_without() {
    let brief = world(
        "{{ complexity(top=1).places[0].value }} {{ complexity(top=1, draws=40).places[0].value }}",
    );
    let found: Vec<&Arc<Cell>> = brief.cells.values().collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found.iter().filter(|cell| cell.interval.is_some()).count(), 1);
    assert_eq!(found[0].value, found[1].value);
}

#[test]
fn realised_and_unrealised_add_up_to_the_potential() {
    let brief = world(
        "{{ stacked(potential(exporter=\"BRA\", by=\"product\")[\"items\"], parts=[\"realised\", \
         \"unrealised\"], total=\"potential\", top=5, title=\"T\", caption=\"C\", unit=\"USD bn\") }}",
    );
    traced(&brief);
    let rows = &figure(&brief).table.rows;
    assert_eq!(rows.len(), 5);
    for row in rows {
        let [a, b, all] = [1, 2, 3].map(|at| behind(&brief, &row[at]).value.unwrap());
        assert!(((a + b) / all - 1.0).abs() < SUMS, "{a} + {b} = {all}");
    }
    assert!(brief.blocks[0].footnote.contains("Shown: the first 5 of 49."));
}

#[test]
fn the_basket_is_whole_and_its_rest_is_a_number_of_the_brief() {
    let brief = world(
        "{{ treemap(totals(by=\"product\", domestic=false, origin=\"BRA\"), label=\"short_en\", \
         group=\"group_en\", least=2, title=\"T\", caption=\"C\", unit=\"USD bn\") }}",
    );
    traced(&brief);
    let (table, places, products) = exports();
    let place = places.binary_search(&"BRA".to_owned()).unwrap();
    let row = &table.values[place * products.len()..][..products.len()];
    let total: f64 = row.iter().sum();
    let rows = &figure(&brief).table.rows;
    assert_eq!(rows.len(), products.len() + 1);
    let position = rows.iter().position(|row| text(&row[0]).starts_with("Other, ")).unwrap();
    let rest = behind(&brief, &rows[position][2]);
    let small = row.iter().filter(|value| **value > 0.0 && **value < 0.02 * total);
    let expected: f64 = small.clone().sum();
    assert!((rest.value.unwrap() / expected - 1.0).abs() < SUMS);
    assert_eq!(rest.inputs.len(), small.count());
    assert_eq!(text(&rows[position][0]), format!("Other, {} products", rest.inputs.len()));
    let drawn: f64 =
        rows[..=position].iter().map(|row| behind(&brief, &row[2]).value.unwrap()).sum();
    assert!((drawn / total - 1.0).abs() < SUMS, "{drawn} of {total}");
    let groups: Vec<&str> = rows[..position].iter().map(|row| text(&row[1])).collect();
    assert!(groups.contains(&"Mining") && groups.contains(&"Manufacturing"));
    assert!(rows.iter().any(|row| text(&row[0]) == "Oil and gas"));
}

#[test]
fn the_product_space_is_that_of_the_kernel() {
    let brief = world(
        "{{ network(product_space(exporter=\"BRA\", threshold=0.5), label=\"short_en\", \
         group=\"group_en\", title=\"T\", caption=\"C\", unit=\"USD bn\") }}",
    );
    traced(&brief);
    let (table, places, products) = exports();
    let place = places.binary_search(&"BRA".to_owned()).unwrap();
    let index = rca(&table).unwrap();
    let m = presence(&index, 1.0).unwrap();
    let phi = proximity(&m, Diagonal::One).unwrap();
    let space = product_space(&phi, 0.5).unwrap();
    let figure = figure(&brief);
    assert!(figure.alt.contains(&format!(
        "{} nodes and {} links",
        products.len(),
        space.edges.len()
    )));
    assert_eq!(figure.table.rows.len(), products.len());
    for row in &figure.table.rows {
        let size = behind(&brief, &row[2]);
        let product = products.binary_search(&size.computation.options["of"]).unwrap();
        let at = place * products.len() + product;
        assert!((size.value.unwrap() - table.values[at]).abs() <= SUMS * table.values[at]);
        assert!((behind(&brief, &row[3]).value.unwrap() - index.values[at]).abs() < 1e-9);
        assert_eq!(text(&row[4]), if m.values[at] { "has RCA" } else { "has not" });
        // The strongest link is of the tree, and there is none stronger.
        let near = &phi.values[product * products.len()..][..products.len()];
        let others = near.iter().enumerate().filter(|(other, _)| *other != product);
        let strongest = others.map(|(_, phi)| *phi).fold(0.0, f64::max);
        assert!((behind(&brief, &row[6]).value.unwrap() - strongest).abs() < 1e-12);
    }
    assert!(brief.blocks[0].footnote.contains("maximum spanning tree and proximities above 0.5"));
}

#[test]
fn numbers_stand_beside_each_other_and_what_is_absent_is_not_known() {
    // AAA sells 100 to BBB and 50 to CCC, BBB 80 to AAA; rows 4 and 5 are of 2021.
    let brief = Mini::new(
        "# A\n\n{% set both = beside([rows(flow_id=[1, 3]), rows(flow_id=[4])], names=[\"before\", \
         \"after\"], key=\"origin\") %}\n{{ dumbbell(both, points=[\"before\", \"after\"], title=\"T\", \
         caption=\"C\") }}\n\n{{ scatter(both, x=\"before\", y=\"after\", x_label=\"b\", y_label=\"a\", \
         title=\"T\", caption=\"C\") }}\n",
    )
    .brief();
    let Shown::Figure(figure) = &brief.blocks[0].shown else { panic!("a regression") };
    let texts: Vec<Vec<&str>> =
        figure.table.rows.iter().map(|row| row.iter().map(text).collect()).collect();
    assert_eq!(texts, [["Alfa", "100.0", "120.0"], ["Beta", "80.0", "no data"]]);
    let absent = behind(&brief, &figure.table.rows[1][2]);
    assert_eq!((absent.value, absent.unit.as_str()), (None, "USD mn"));
    assert!(brief.blocks[1].footnote.contains("no data: Beta."));
    let first = Mini::new(
        "# A\n\n{{ (beside([rows(flow_id=1), rows(flow_id=[3, 4])], names=[\"a\", \"b\"], \
         key=\"origin\", first=true))|length }} {{ (beside([rows(flow_id=1), rows(flow_id=[3, 4])], \
         names=[\"a\", \"b\"], key=\"origin\"))|length }}\n",
    )
    .brief();
    assert!(first.text.contains("1 2"), "{}", first.text);
}

fn refused(expression: &str, parts: &[&str]) {
    let refusal = Mini::new(&format!("# A\n\n{{{{ {expression} }}}}\n")).refusal(&[]);
    for part in parts.iter().chain(&["brief.md, line 3"]) {
        assert!(refusal.contains(part), "{expression}\nsays not {part:?} but\n{refusal}");
    }
}

const WORDS: &str = "title=\"T\", caption=\"C\"";

#[test]
fn refusals() {
    let rows = "rows(flow_id=[1, 2])";
    refused("complexity(seed=1)", &["seed belongs to draws"]);
    refused("complexity(draws=10000)", &["draws from 40 to 5000"]);
    refused(&format!("ranking({rows}, label=\"origin\")"), &["title", "caption"]);
    refused(
        &format!("ranking({rows}, label=\"origin\", rank=\"place\", {WORDS})"),
        &["AAA has no place", "draws = 500"],
    );
    refused(
        &format!(
            "stacked({rows}, label=\"origin\", parts=[\"value\"], names=[\"a\", \"b\"], {WORDS})"
        ),
        &["1 parts and 2 names"],
    );
    refused(
        &format!(
            "stacked({rows}, label=\"origin\", parts=[\"value\", \"value\"], total=\"value\", {WORDS})"
        ),
        &["option `total`", "add up to 200"],
    );
    refused(&format!("stacked({rows}, label=\"origin\", {WORDS})"), &["parts"]);
    refused(
        &format!("treemap({rows}, label=\"origin\", least=100, {WORDS})"),
        &["percent from 0 to 100", "got 100"],
    );
    refused(
        &format!("treemap(rows(flow_id=[1, 8]), label=\"origin\", {WORDS})"),
        &["one unit", "USD mn", "EUR mn"],
    );
    let items = "[{\"id\": \"AAA\", \"value\": (rows(flow_id=1)|first).value}]";
    refused(
        &format!("treemap({items}, label=\"nam\", {WORDS})"),
        &["\"nam\" is neither an attribute of the items nor a column of products or places"],
    );
    let other = items.replace("AAA", "XXX");
    refused(&format!("treemap({other}, label=\"name_en\", {WORDS})"), &["\"XXX\" is no id"]);
    refused(&format!("network(rows(flow_id=1), {WORDS})"), &["product_space()"]);
    refused("product_space(exporter=\"ZZZ\", flow_id=1)", &["no row selected has the exporter"]);
    refused("product_space(threshold=-1, flow_id=1)", &["product_space()", "threshold"]);
    for unit in ["EUR mn", "USD", "percent"] {
        refused(
            &format!("bar({rows}, label=\"origin\", unit=\"{unit}\", {WORDS})"),
            &["\"USD mn\" cannot be drawn in", unit],
        );
    }
    let one = "rows(flow_id=1)";
    refused(&format!("beside([{one}], names=[\"a\"])"), &["two or more lists"]);
    refused(
        &format!("beside([{one}, {one}], names=[\"a\", \"a\"], key=\"origin\")"),
        &["\"a\" is taken"],
    );
    refused(
        &format!("beside([{rows}, {one}], names=[\"a\", \"b\"], key=\"origin\")"),
        &["list 1 has two items of \"AAA\""],
    );
    refused(
        &format!("beside([{one}, {one}], names=[\"a\", \"b\"], key=[\"origin\"])"),
        &["one for each of 2 lists, got 1"],
    );
    let link = "[{\"from\": \"AAA\", \"to\": \"BBB\", \"tree\": true}]";
    refused(
        &format!("network({{\"products\": {items}, \"links\": {link}}}, label=\"id\", {WORDS})"),
        &["a link names \"BBB\""],
    );
}

#[test]
fn a_part_that_is_not_known_is_no_zero() {
    let brief = Mini::new(&format!(
        "# A\n\n{{{{ stacked(rows(flow_id=[1, 6]), label=\"flow_id\", parts=[\"value\"], {WORDS}) }}}}\n"
    ))
    .brief();
    let figure = figure(&brief);
    assert_eq!(text(&figure.table.rows[1][1]), "no data");
    assert!(figure.svg.contains("no data: value"));
}
