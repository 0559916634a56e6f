//! Lags, rows that repeat, weights, samples, and the same design for other rows.

use emporion_model::estimate::design::WeightKind;
use emporion_model::outcome::InputError;
use emporion_tables::design::{DesignOptions, Duplicates, Panel, Prepared, design, locate};
use emporion_tables::plan::{Plan, Samples};
use emporion_tables::recipe::prepare_for;
use emporion_tables::{Report, Rows, Specification, Table};
use proptest::prelude::*;

fn read(text: &str) -> Table {
    Table::from_bytes("t", "t.csv", text.as_bytes(), None).unwrap()
}

fn made(formula: &str, table: &Table, options: &DesignOptions) -> Result<Prepared, Report> {
    design(&formula.parse()?, table, options)
}

fn plain(formula: &str, table: &Table) -> Result<Prepared, Report> {
    made(formula, table, &DesignOptions::default())
}

fn code(result: Result<Prepared, Report>) -> (&'static str, Option<u32>, String) {
    let problem = result.unwrap_err().problems.remove(0);
    (problem.code, problem.line, problem.remedy)
}

const PANEL: &str = "origin,destination,year,y,x\n\
    A,B,2001,1,10\nA,B,2002,2,12\nA,B,2004,3,17\nB,A,2002,4,20\nB,A,2001,5,19\nB,A,2003,6,24\n";

#[test]
fn lags_by_hand_go_by_time_not_by_place() {
    let t = read(PANEL);
    let p = plain("y ~ l(x)", &t).unwrap();
    // 2004 of A to B has no 2003; the rows of B to A are out of order.
    assert_eq!(p.rows.to_vec(), [1, 3, 5]);
    assert_eq!(p.design.x[0].values, [10.0, 19.0, 20.0]);
    assert_eq!(p.design.x[0].name, "l(x, 1)");
    let note = &p.notes[0];
    assert_eq!((note.code, note.count, &note.rows[..]), ("missing-lag", 3, &[0, 2, 4][..]));
    assert!(note.message.contains("l(x, 1) in 3"), "{}", note.message);
    let p = plain("y ~ d(log(x)) + f(x)", &t).unwrap();
    assert_eq!(p.rows.to_vec(), [3]);
    assert_eq!(p.design.x[0].values, [20f64.ln() - 19f64.ln()]);
    assert_eq!(p.design.x[1].values, [24.0]);
    let p = plain("y ~ l(x, 2):y + I(l(x, 2) > 10)", &t).unwrap();
    assert_eq!(p.rows.to_vec(), [2, 5]);
    assert_eq!(p.design.x[0].values, [36.0, 114.0]);
    assert_eq!(p.design.x[1].values, [1.0, 1.0]);
}

#[test]
fn a_panel_is_found_by_name_or_told() {
    let other = read("firm,month,y,x\na,1,1,5\na,2,3,6\nb,1,4,7\nb,2,2,9\n");
    let (problem, _, remedy) = code(plain("y ~ l(x)", &other));
    assert_eq!(problem, "no-panel");
    assert!(remedy.contains("origin, destination"));
    let panel = |unit: &str, time: &str| DesignOptions {
        panel: Some(Panel { unit: vec![unit.into()], time: time.into() }),
        ..DesignOptions::default()
    };
    let p = made("y ~ l(x)", &other, &panel("firm", "month")).unwrap();
    assert_eq!(p.design.x[0].values, [5.0, 7.0]);
    assert_eq!(code(made("y ~ l(x)", &other, &panel("frm", "month"))).0, "unknown-column");
    assert_eq!(code(made("y ~ l(x)", &other, &panel("month", "firm"))).0, "not-a-number");
    let twice = read("firm,month,y,x\na,1,1,5\nb,1,4,7\na,1,3,6\n");
    let (problem, line, remedy) = code(made("y ~ l(x)", &twice, &panel("firm", "month")));
    assert_eq!((problem, line), ("panel-not-unique", Some(4)));
    assert!(remedy.contains("line 2"), "{remedy}");
}

proptest! {
    #[test]
    fn lags_agree_with_a_slow_twin(
        cells in prop::collection::btree_map((0u8..4, 0i32..8), -50i32..50, 2..25),
        by in -3i32..=3,
        turn in 0usize..25,
    ) {
        prop_assume!(by != 0);
        let mut rows: Vec<((u8, i32), i32)> = cells.into_iter().collect();
        let n = rows.len();
        rows.rotate_left(turn % n);
        let mut text = "unit,time,y,x\n".to_owned();
        for (i, ((unit, time), x)) in rows.iter().enumerate() {
            text += &format!("u{unit},{time},{i},{x}\n");
        }
        let options = DesignOptions {
            panel: Some(Panel { unit: vec!["unit".into()], time: "time".into() }),
            ..DesignOptions::default()
        };
        let twin = |by: i32| -> Vec<(usize, f64)> {
            let value = |unit, time| rows.iter().find(|r| r.0 == (unit, time)).map(|r| r.1);
            let lagged = rows.iter().map(|((unit, time), _)| value(*unit, time - by));
            let found = lagged.enumerate().filter_map(|(i, x)| Some((i, f64::from(x?))));
            found.collect()
        };
        let formula = format!("y ~ l(x, {by}) + d(x, {by})");
        match made(&formula, &read(&text), &options) {
            Ok(p) => {
                let got: Vec<(usize, f64)> =
                    p.rows.iter().zip(p.design.x[0].values.iter().copied()).collect();
                prop_assert_eq!(&got, &twin(by));
                for ((row, lag), d) in got.iter().zip(&p.design.x[1].values) {
                    prop_assert_eq!(f64::from(rows[*row].1) - lag, *d);
                }
            }
            Err(report) => {
                prop_assert_eq!(report.problems[0].code, "no-rows");
                prop_assert!(twin(by).is_empty());
            }
        }
    }
}

const TWICE: &str = "origin,destination,year,source,y,x\n\
    A,B,2001,s1,1,10\nA,B,2002,s1,2,12\nA,B,2001,s2,3,10\nB,A,2001,s1,5,19\nA,B,2001,s1,7,10\n";

#[test]
fn rows_that_repeat_are_refused_kept_or_added_up() {
    let t = read(TWICE);
    let (problem, line, remedy) = code(plain("y ~ x | origin", &t));
    assert_eq!((problem, line), ("duplicate-rows", Some(4)));
    assert!(remedy.contains("lines 2 and 4; 2 and 6"), "{remedy}");
    let with = |duplicates| DesignOptions { duplicates, ..DesignOptions::default() };
    let kept = made("y ~ x | origin", &t, &with(Duplicates::Keep)).unwrap();
    assert_eq!(kept.design.y.len(), 5);
    let summed = made("log(y) ~ x | origin^year", &t, &with(Duplicates::Sum)).unwrap();
    assert_eq!(summed.design.y, [11f64.ln(), 2f64.ln(), 5f64.ln()]);
    assert_eq!(summed.rows.to_vec(), [0, 1, 3]);
    assert_eq!(summed.levels[0].label(&t, 2), "B^2001");
    assert_eq!(summed.notes[0].count, 2);
    let differs = read(&TWICE.replace("7,10", "7,11"));
    let (problem, line, remedy) = code(made("y ~ x", &differs, &with(Duplicates::Sum)));
    assert_eq!((problem, line), ("duplicates-differ", Some(6)));
    assert!(remedy.contains("mend"), "{remedy}");
    assert_eq!(code(made("y ~ l(x)", &t, &with(Duplicates::Sum))).0, "panel-not-unique");
    // Another product is another flow, and so is another level of an effect.
    let products = TWICE.replace("source", "hs6").replace("s1", "1").replace("s2", "2");
    assert_eq!(code(plain("y ~ x", &read(&products))).0, "duplicate-rows");
    let products = products.replace("2001,1,7", "2001,3,7");
    assert_eq!(plain("y ~ x | hs6", &read(&products)).unwrap().rows.len(), 5);
    // A table without origin and destination has no such rows.
    assert_eq!(plain("y ~ x", &read("y,x\n1,2\n1,2\n3,4\n")).unwrap().rows.len(), 3);
}

#[test]
fn weights_and_outcomes_are_checked() {
    let t = read("y,x,w\n1,2,1\n2,1,1.5\n3,3,2\n");
    let weighted = |weight_kind| DesignOptions {
        weights: Some("w".into()),
        weight_kind,
        ..DesignOptions::default()
    };
    let p = made("y ~ x", &t, &weighted(WeightKind::Analytic)).unwrap();
    assert_eq!(p.design.weights.as_deref(), Some(&[1.0, 1.5, 2.0][..]));
    let (problem, line, _) = code(made("y ~ x", &t, &weighted(WeightKind::Frequency)));
    assert_eq!((problem, line), ("fraction-as-frequency", Some(3)));
    assert_eq!(code(plain("I(0*y) ~ x", &t)).0, "constant-outcome");
    let two = DesignOptions { offset: Some("x".into()), ..DesignOptions::default() };
    assert_eq!(code(made("y ~ x + offset(w)", &t, &two)).0, "two-offsets");
    assert_eq!(made("y ~ w", &t, &two).unwrap().design.offset.unwrap(), [2.0, 1.0, 3.0]);
    let error = InputError::Value {
        what: "y".into(),
        index: 1,
        value: -1.0,
        remedy: "leave the row out".into(),
    };
    let located = locate(&error, &Rows::These(vec![0, 2]), &t);
    assert_eq!((located.line, located.value.as_deref()), (Some(4), Some("-1")));
    assert_eq!(located.remedy, "leave the row out");
}

#[test]
fn an_estimators_refusal_names_the_line() {
    let t = read("y,x,f\n1,2,a\n,1,a\n-3,3,b\n4,1,b\n");
    let p = plain("y ~ x | f", &t).unwrap();
    let error = emporion_model::estimate::ppml(&p.design, &Default::default()).unwrap_err();
    let problem = locate(&error, &p.rows, &t);
    assert_eq!((problem.line, problem.value.as_deref()), (Some(4), Some("-3")));
}

const FLOWS: &str = "o,d,t,sector,y,x,trend\n\
    A,B,1,s,1,10,1\nA,C,1,s,2,12,1\nB,A,1,q,3,17,1\nB,C,2,q,4,20,2\nC,A,2,s,5,19,2\n\
    C,B,2,,6,24,2\nA,B,2,s,7,9,2\nB,A,3,q,8,2,3\n";

#[test]
fn slopes_and_levels_by_hand() {
    let t = read(FLOWS);
    let p = plain("y ~ 1 | o[trend] + d[[log(x)]] + o + t", &t).unwrap();
    let names: Vec<&str> = p.design.effects.iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["o", "t"]);
    let slopes: Vec<(&str, &str)> = p
        .design
        .slopes
        .iter()
        .map(|s| (s.factor.name.as_str(), s.variable.name.as_str()))
        .collect();
    assert_eq!(slopes, [("o", "trend"), ("d", "log(x)")]);
    assert_eq!(p.design.slopes[0].factor, p.design.effects[0]);
    assert_eq!(p.design.slopes[1].factor.ids, [0, 1, 2, 1, 2, 0, 0, 2]);
    assert_eq!(p.design.slopes[0].variable.values, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0]);
    assert_eq!(p.slope_levels[1].label(&t, 1), "C");
    assert_eq!(p.levels[1].label(&t, 2), "3");
}

#[test]
fn indicators_by_hand() {
    let t = read(FLOWS);
    let p = plain("y ~ i(t, x, ref=1) + i(o, d) + i(o, i.d, ref=A, ref2=A)", &t).unwrap();
    let names: Vec<&str> = p.design.x.iter().map(|x| x.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "t::2:x",
            "t::3:x",
            "o::A:d::B",
            "o::A:d::C",
            "o::B:d::A",
            "o::B:d::C",
            "o::C:d::A",
            "o::C:d::B",
            "o::B:d::C",
            "o::C:d::B",
        ]
    );
    assert_eq!(p.design.x[0].values, [0.0, 0.0, 0.0, 20.0, 19.0, 24.0, 9.0, 0.0]);
    assert_eq!(p.design.x[2].values, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(p.terms[0].name, "i(t, x, ref=1)");
    assert_eq!(p.terms[0].regressors, ["t::2:x", "t::3:x"]);
    assert_eq!(p.terms[2].regressors, ["o::B:d::C", "o::C:d::B"]);
    let p =
        plain("y ~ i(t, ref=c(1, 3)) + I(o != d) + I(o == 'A') + I(t >= 2 & x > 9)", &t).unwrap();
    let columns: Vec<&[f64]> = p.design.x.iter().map(|x| &x.values[..]).collect();
    assert_eq!(columns[0], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
    assert_eq!(columns[1], [1.0; 8]);
    assert_eq!(columns[2], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(columns[3], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    for (formula, wanted) in [
        ("y ~ I(o == x)", "text-against-number"),
        ("y ~ I(o < d)", "not-a-number"),
        ("y ~ I(x < 'a')", "text-in-arithmetic"),
        ("y ~ i(t, ref=9)", "bad-level"),
    ] {
        assert_eq!(code(plain(formula, &t)).0, wanted, "{formula}");
    }
}

#[test]
fn missing_numbers_and_labels_are_counted_apart() {
    let t = read(&FLOWS.replace("B,C,2,q,4,20", "B,C,2,q,4,"));
    let p = plain("y ~ x | sector", &t).unwrap();
    let notes: Vec<(&str, usize, &[usize])> =
        p.notes.iter().map(|n| (n.code, n.count, &n.rows[..])).collect();
    assert_eq!(notes, [("missing", 1, &[3][..]), ("missing-label", 1, &[5][..])]);
}

#[test]
fn the_table_itself_is_predicted_with_its_own_columns_and_ids() {
    let t = read(FLOWS);
    let formula = "y ~ x + i(t, ref=2):x + i(o, i.d) + offset(log(x)) | o^t + sector + d[[trend]]";
    let p = plain(formula, &t).unwrap();
    let again = prepare_for(&p.recipe(&t), &t).unwrap();
    assert_eq!(again.rows, p.rows);
    assert_eq!(again.x, p.design.x);
    assert_eq!(again.effects, p.design.effects);
    assert_eq!(again.slopes, p.design.slopes);
    assert_eq!(again.offset, p.design.offset);
}

#[test]
fn other_rows_get_the_ids_of_known_levels() {
    let t = read(FLOWS);
    let p = plain("y ~ i(t, ref=2) + x | o^t + d", &t).unwrap();
    // No outcome, the year as text, another order, a new origin, a new year, a missing label.
    let new = read("d,o,t,x\nB,A,1,5\nA,Z,3,6\nC,C,2,7\nB,A,9,8\n,A,1,9\nQ,A,2,1\n");
    let rows = prepare_for(&p.recipe(&t), &new).unwrap();
    assert_eq!(rows.rows.to_vec(), [0, 1, 2, 5]);
    let names: Vec<&str> = rows.x.iter().map(|x| x.name.as_str()).collect();
    assert_eq!(names, ["t::1", "t::3", "x"]);
    assert_eq!(rows.x[0].values, [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(rows.x[1].values, [0.0, 1.0, 0.0, 0.0]);
    let ids = |name: &str| &rows.effects.iter().find(|e| e.name == name).unwrap().ids;
    let known = |labels: &str| {
        (0..p.levels[0].first.len()).find(|&l| p.levels[0].label(&t, l) == labels).unwrap() as u32
    };
    assert_eq!(ids("o^t"), &[known("A^1"), u32::MAX, known("C^2"), known("A^2")]);
    assert_eq!(ids("d"), &[0, 2, 1, u32::MAX]);
    let notes: Vec<(&str, &[usize])> = rows.notes.iter().map(|n| (n.code, &n.rows[..])).collect();
    assert_eq!(notes, [("missing-label", &[4][..]), ("unknown-level", &[3][..])]);
}

#[test]
fn samples_are_what_selecting_first_gives() {
    let t = read(FLOWS);
    let specification = Specification::parse("c(y, log(y)) ~ csw(x, i(t)) | o").unwrap();
    let samples = Samples::by(&t, "sector", true).unwrap();
    let options = DesignOptions { clusters: vec!["o#d".into()], ..DesignOptions::default() };
    let plan = Plan::new(&specification, &t, Some(samples), options.clone()).unwrap();
    assert_eq!(plan.len(), 12);
    let labels: Vec<String> =
        plan.label(6).iter().map(|v| format!("{} {}", v.what, v.value)).collect();
    assert_eq!(labels, ["sample sector=q", "outcome log(y)", "terms x"]);
    assert_eq!(plan.label(0)[0].value, "full");
    for index in 0..plan.len() {
        let rows: Vec<usize> = match &plan.label(index)[0].value[..] {
            "full" => (0..t.rows()).collect(),
            label => {
                let wanted = label.strip_prefix("sector=");
                (0..t.rows()).filter(|&row| t.text("sector", row) == wanted).collect()
            }
        };
        let small = t.select(&rows);
        let own = plan.prepare(index).unwrap();
        let twin = design(plan.formula(index), &small, &options).unwrap();
        assert_eq!(own.design, twin.design);
        let moved: Vec<usize> = twin.rows.iter().map(|row| rows[row]).collect();
        assert_eq!(own.rows.to_vec(), moved);
    }
}

#[test]
fn lags_reach_beyond_a_sample() {
    let t = read(
        &PANEL
            .replace("year,y,x", "year,y,x,late")
            .replace("\nA,B,2001,1,10", "\nA,B,2001,1,10,0")
            .replace("2002,2,12", "2002,2,12,1")
            .replace("2004,3,17", "2004,3,17,1")
            .replace("2002,4,20", "2002,4,20,1")
            .replace("2001,5,19", "2001,5,19,0")
            .replace("2003,6,24", "2003,6,24,1"),
    );
    let specification = Specification::parse("y ~ l(x)").unwrap();
    let samples = Samples::by(&t, "late", false).unwrap();
    let plan = Plan::new(&specification, &t, Some(samples), DesignOptions::default()).unwrap();
    assert_eq!(plan.prepare(1).unwrap().design.x[0].values, [10.0, 19.0, 20.0]);
    assert_eq!(code(plan.prepare(0)).0, "no-rows");
}

/// Ids name the same groups, whatever their numbers.
fn same_groups(a: &[u32], b: &[u32]) -> bool {
    let pair = |x: &[u32], y: &[u32]| {
        let mut to = std::collections::HashMap::new();
        x.iter().zip(y).all(|(x, y)| *to.entry(*x).or_insert(*y) == *y)
    };
    a.len() == b.len() && pair(a, b) && pair(b, a)
}

proptest! {
    #[test]
    fn ids_are_those_of_the_combined_labels(
        rows in prop::collection::vec((0usize..5, 0u8..4, 0u8..3), 2..60)
    ) {
        // Small whole numbers, fractions, and numbers too wide for a direct table.
        const CODES: [&str; 5] = ["1", "2.5", "-3", "9000000000", "7"];
        let mut text = "a,b,c,y\n".to_owned();
        for (i, (a, b, c)) in rows.iter().enumerate() {
            text += &format!("{},b{b},{c},{i}\n", CODES[*a]);
        }
        let t = read(&text);
        let p = plain("y ~ 1 | a^b^c + c + b^c + a", &t).unwrap();
        let slow = |columns: &[&str]| -> Vec<u32> {
            let mut known: Vec<Vec<String>> = Vec::new();
            (0..t.rows()).map(|row| {
                let labels: Vec<String> =
                    columns.iter().map(|c| t.text(c, row).unwrap().to_owned()).collect();
                let at = known.iter().position(|k| *k == labels).unwrap_or(known.len());
                if at == known.len() {
                    known.push(labels);
                }
                at as u32
            }).collect()
        };
        for (effect, levels) in p.design.effects.iter().zip(&p.levels) {
            let columns: Vec<&str> = levels.columns.iter().map(String::as_str).collect();
            prop_assert!(same_groups(&effect.ids, &slow(&columns)));
            prop_assert_eq!(effect.levels, levels.first.len());
            for (row, &id) in effect.ids.iter().enumerate() {
                let labels: Vec<&str> = columns.iter().map(|c| t.text(c, row).unwrap()).collect();
                prop_assert_eq!(levels.labels(&t, id as usize), labels);
            }
        }
    }
}
