//! Options of the trade indices, by hand and against the kernels behind the command.

use emporion_brief::render::Brief;
use emporion_model::measure::margins::hummels_klenow;

use crate::common::{Mini, labelled};

const HEADER: &str = "flow_id,origin,destination,measure,product,year,period,value,unit,bound,scope,\
                      side,status,source,note,tonnes\n";

/// Origin, destination, product, year, value, quantity.
const FLOWS: [(&str, &str, &str, i32, f64, &str); 10] = [
    ("AAA", "CCC", "x", 2020, 6.0, "2"),
    ("AAA", "CCC", "y", 2020, 4.0, "4"),
    ("BBB", "CCC", "x", 2020, 4.0, "2"),
    ("BBB", "CCC", "y", 2020, 8.0, "4"),
    ("BBB", "CCC", "z", 2020, 8.0, ""),
    ("AAA", "BBB", "z", 2020, 5.0, ""),
    ("CCC", "AAA", "x", 2020, 5.0, "1"),
    ("AAA", "CCC", "x", 2021, 9.0, "2"),
    ("BBB", "CCC", "y", 2021, 9.0, "2"),
    ("CCC", "AAA", "x", 2021, 6.0, "2"),
];

fn mini(text: &str) -> Mini {
    let mini = Mini::new(&format!("# Indices\n\n{text}\n"));
    let row = |(at, (o, d, k, year, value, q)): (usize, &(&str, &str, &str, i32, f64, &str))| {
        format!("{at},{o},{d},flow,{k},{year},Y,{value},USD mn,=,goods,A,reported,S1,,{q}\n")
    };
    let rows: Vec<String> = FLOWS.iter().enumerate().map(row).collect();
    mini.put("flows.csv", &format!("{HEADER}{}", rows.concat()));
    mini
}

fn near(brief: &Brief, label: &str, expected: f64) {
    let found = labelled(brief, label).value.unwrap_or_else(|| panic!("{label} is not known"));
    assert!((found - expected).abs() < 1e-12, "{label}: {found}, not {expected}");
}

fn says(expression: &str, word: &str) {
    let told = mini(&format!("{{{{ {expression} }}}}")).refusal(&[]);
    assert!(told.contains(word), "{expression}: {word:?} is missing in {told}");
}

#[test]
fn margins_split_into_price_and_quantity() {
    let call = |exporter: &str, world: &str| {
        format!(
            "{{% set m = margins(exporter=\"{exporter}\", market=\"CCC\", year=2020, \
             quantity=\"tonnes\"{world}) %}}{{{{ m.intensive }}}} {{{{ m.price }}}} \
             {{{{ m.quantity }}}} {{{{ m.notes }}}}"
        )
    };
    for (world, reference, q) in [
        ("", [10.0, 12.0, 8.0], [4.0, 8.0, 0.0]),
        (", world=\"without_source\"", [4.0, 8.0, 8.0], [2.0, 4.0, 0.0]),
    ] {
        let brief = mini(&call("AAA", world)).brief();
        let quantities: [&[f64]; 2] = [&[2.0, 4.0, 0.0], &q];
        let found = hummels_klenow(&[6.0, 4.0, 0.0], &reference, Some(quantities)).unwrap();
        let part = |what: &str| {
            format!(
                "{what} part of the intensive margin: Alfa in \
                                         <script>alert(1)</script>&\"|*C*"
            )
        };
        near(&brief, &part("price"), found.price.unwrap());
        near(&brief, &part("quantity"), found.quantity.unwrap());
        let parts = found.price.unwrap() * found.quantity.unwrap();
        assert!((parts - found.intensive.unwrap()).abs() < 1e-12);
    }
    // An empty quantity is not zero: the split is not known, and says why.
    let brief = mini(&call("BBB", "")).brief();
    let who = "<script>alert(1)</script>&\"|*C*";
    let price = labelled(&brief, &format!("price part of the intensive margin: Beta in {who}"));
    assert_eq!(price.value, None);
    assert!(brief.text.contains("no split of price and quantity: z"), "{}", brief.text);
    says("margins(exporter=\"AAA\", market=\"CCC\", year=2020, quantity=\"kg\").price", "kg");
}

#[test]
fn the_years_after_have_their_own_cut_off() {
    let call = |option: &str| {
        format!("{{{{ entry_exit(exporter=\"CCC\", from=2020, to=2021{option}).stayed }}}}")
    };
    // CCC sells x alone: 35/15 of the table's share before, 24/15 after.
    let stayed = |option: &str| {
        let brief = mini(&call(option)).brief();
        brief.cells.values().find(|cell| cell.label.starts_with("products kept")).unwrap().value
    };
    assert_eq!(stayed(""), Some(1.0));
    assert_eq!(stayed(", cut_off=1.5"), Some(1.0));
    assert_eq!(stayed(", cut_off=1.5, cut_off_after=2"), Some(0.0));
    assert_eq!(stayed(", cut_off=2"), Some(0.0));
    let notes = "{{ entry_exit(exporter=\"CCC\", from=2020, to=2021).notes }}";
    let text = mini(notes).brief().text;
    assert!(text.contains("products without exports after") && text.contains(": z"), "{text}");
}

#[test]
fn potential_says_what_it_took_and_left() {
    let mini = mini(
        "{% set p = potential(exporter=\"AAA\", year=2020, factors=\"growth\") %}\
         {{ p.potential }} {{ p.notes }}",
    );
    mini.put("growth.csv", "destination,product,demand_growth\nCCC,x,2\nQQQ,x,2\n");
    mini.edit(
        "datapackage.json",
        "\"resources\": [",
        "\"resources\": [{\"name\": \"growth\", \"path\": \"growth.csv\"}, ",
    );
    let text = mini.brief().text;
    for note in
        ["cells have no demand_growth in the tables given; 1 was taken", "passed over", "QQQ"]
    {
        assert!(text.contains(note), "{note:?} is missing in {text}");
    }
    says(
        "potential(exporter=\"AAA\", year=2020, gravity_by=\"total\").potential",
        "belongs to gravity",
    );
    says("potential(exporter=\"AAA\", year=2020, cut_off=2).potential", "belongs to new_products");
    says(
        "decompose(exporter=\"AAA\", from=2020, to=2021, survival=2).change",
        "more years than either period",
    );
}
