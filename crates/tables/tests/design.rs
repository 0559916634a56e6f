//! A formula and a table as arrays, known by hand, and every refusal.

use emporion_model::estimate::design::Design;
use emporion_tables::design::{DesignOptions, Prepared, design};
use emporion_tables::{Formula, Report, Table};

const ROWS: &str = "origin,destination,year,value,distance,border,weight\n\
    A,B,2020,10,100,0,1\nA,C,2020,0,10,1,2\nB,A,2021,5,,0,1\nB,C,2021,7,1000,1,1\n";

fn table() -> Table {
    Table::from_bytes("flows", "flows.csv", ROWS.as_bytes(), None).unwrap()
}

fn build(formula: &str) -> Result<Prepared, Report> {
    design(&Formula::parse(formula)?, &table(), &DesignOptions::default())
}

fn column<'a>(design: &'a Design, name: &str) -> &'a [f64] {
    let found = design.x.iter().find(|x| x.name == name);
    &found.unwrap_or_else(|| panic!("no regressor {name} in {:?}", design.x)).values
}

#[test]
fn gravity_by_hand() {
    let formula =
        Formula::parse("value ~ log(distance) + border | origin^year + destination").unwrap();
    let options = DesignOptions {
        clusters: vec!["origin^destination".into(), "year".into()],
        weights: Some("weight".into()),
        offset: Some("log(distance)/2".into()),
        ..DesignOptions::default()
    };
    let Prepared { design: d, rows, notes, .. } = design(&formula, &table(), &options).unwrap();
    assert_eq!(rows.to_vec(), [0, 1, 3]);
    assert_eq!((notes[0].code, notes[0].count, &notes[0].rows[..]), ("missing", 1, &[2][..]));
    assert!(notes[0].message.contains("distance in 1"), "{}", notes[0].message);
    assert_eq!(d.y, [10.0, 0.0, 7.0]);
    assert_eq!(column(&d, "log(distance)"), [100f64.ln(), 10f64.ln(), 1000f64.ln()]);
    assert_eq!(column(&d, "border"), [0.0, 1.0, 1.0]);
    assert_eq!(
        (d.effects[0].name.as_str(), &d.effects[0].ids[..]),
        ("origin^year", &[0, 0, 1][..])
    );
    assert_eq!((d.effects[0].levels, d.effects[1].levels), (2, 2));
    assert_eq!(d.effects[1].ids, [0, 1, 1]);
    assert_eq!((d.clusters[0].levels, d.clusters[1].levels), (3, 2));
    assert_eq!(d.weights.as_deref(), Some(&[1.0, 2.0, 1.0][..]));
    assert_eq!(d.offset.unwrap()[0], 100f64.ln() / 2.0);
}

#[test]
fn indicators_interactions_and_arithmetic() {
    let d =
        build("value ~ i(origin, ref=A):border + I(border^2 - 1) + i(year) + 0").unwrap().design;
    assert!(!d.constant);
    assert_eq!(column(&d, "origin::B:border"), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(column(&d, "I(border^2 - 1)"), [-1.0, 0.0, -1.0, 0.0]);
    assert_eq!(column(&d, "year::2020"), [1.0, 1.0, 0.0, 0.0]);
    assert_eq!(d.x.len(), 4);
}

#[test]
fn refusals() {
    for (formula, code, line, text) in [
        ("value ~ distanse", "unknown-column", None, "did you mean distance"),
        ("value ~ border | orgin", "unknown-column", None, "did you mean origin"),
        ("value ~ origin", "not-a-number", Some(2), "i(origin)"),
        ("log(value) ~ border", "outside-domain", Some(3), "Poisson"),
        ("value ~ sqrt(border - 1)", "outside-domain", Some(2), "zero or more"),
        ("value ~ I(1/border)", "outside-domain", Some(2), "division by zero"),
        ("value ~ i(origin, ref=X)", "bad-level", None, "A, B"),
        ("value ~ border^destination", "bad-formula", None, "x^2"),
    ] {
        let report = build(formula).unwrap_err();
        assert_eq!(report.len(), 1, "{formula}: {report}");
        let problem = &report.problems[0];
        assert_eq!((problem.code, problem.line), (code, line), "{formula}: {report}");
        assert!(problem.remedy.contains(text), "{formula}: {report}");
    }
    let several = build("valu ~ distanse | orgin").unwrap_err();
    assert_eq!(several.len(), 3, "{several}");
    let formula = Formula::parse("value ~ border").unwrap();
    let negative = table().select(&[0]);
    let text = "value,border,weight\n1,1,-2\n";
    let bad = Table::from_bytes("t", "t.csv", text.as_bytes(), None).unwrap();
    let weighted = DesignOptions { weights: Some("weight".into()), ..DesignOptions::default() };
    let report = design(&formula, &bad, &weighted).unwrap_err();
    assert_eq!((report.problems[0].code, report.problems[0].line), ("negative-value", Some(2)));
    let none = design(&formula, &negative.select(&[]), &DesignOptions::default()).unwrap_err();
    assert_eq!(none.problems[0].code, "no-rows");
}

#[test]
fn only_rows_that_are_kept_must_be_inside_the_domain() {
    // The zero under the logarithm stands in a row without a distance.
    let text = "value,distance\n0,\n2,3\n";
    let t = Table::from_bytes("t", "t.csv", text.as_bytes(), None).unwrap();
    let formula = "log(value) ~ distance".parse().unwrap();
    let Prepared { design: d, rows, .. } = design(&formula, &t, &DesignOptions::default()).unwrap();
    assert_eq!((rows.to_vec(), d.y), (vec![1], vec![2f64.ln()]));
}
