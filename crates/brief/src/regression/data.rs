//! A table as data: CSV and JSON with all digits.

use super::table::{Estimate, Slot, Table};

/// A number of an estimate.
type Quantity = fn(&Estimate) -> f64;

/// A number with the digits that read back as the same number; nothing where there is none.
fn digits(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { String::new() }
}

fn csv(rows: Vec<Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).expect("rows are equally long and memory does not fail");
    }
    String::from_utf8(writer.into_inner().expect("memory does not fail")).expect("text was written")
}

/// One row for each quantity of each term and for each statistic, one column for each model.
pub(super) fn wide(table: &Table) -> String {
    let heads = table.columns.iter().map(|c| match c.label.as_str() {
        "" => c.number.clone(),
        label => format!("{} {label}", c.number),
    });
    let mut rows = vec![["row", "quantity"].map(str::to_owned).into_iter().chain(heads).collect()];
    let mut push = |name: &str, quantity: &str, values: Vec<String>| {
        rows.push([name.to_owned(), quantity.to_owned()].into_iter().chain(values).collect());
    };
    push("outcome", "", table.columns.iter().map(|c| c.outcome.clone()).collect());
    let quantities: [(&str, Quantity); 6] = [
        ("coefficient", |e| e.coefficient),
        ("standard_error", |e| e.standard_error),
        ("statistic", |e| e.statistic),
        ("p_value", |e| e.p_value),
        ("low", |e| e.low),
        ("high", |e| e.high),
    ];
    for term in &table.terms {
        for (name, get) in quantities {
            let of = |slot: &Slot| match slot {
                Slot::Estimate(estimate) => digits(get(estimate)),
                Slot::NotIdentified(_) if name == "coefficient" => "not identified".into(),
                _ => String::new(),
            };
            push(&term.label, name, term.slots.iter().map(of).collect());
        }
    }
    for (label, has) in &table.effects {
        let yes = |has: &bool| if *has { "yes" } else { "no" }.to_owned();
        push(label, "effect", has.iter().map(yes).collect());
    }
    for row in &table.rows {
        push(&row.label, "", row.words.clone());
    }
    for row in &table.statistics {
        let values = row.values.iter().map(|v| v.map_or(String::new(), digits)).collect();
        push(row.statistic.label(), "statistic", values);
    }
    push("errors", "", table.columns.iter().map(|c| c.convention.clone()).collect());
    csv(rows)
}

/// One row for each term of each model.
pub(super) fn tidy(table: &Table) -> String {
    let head = [
        "model",
        "label",
        "outcome",
        "rows_used",
        "errors",
        "term",
        "name",
        "state",
        "coefficient",
        "standard_error",
        "statistic",
        "p_value",
        "low",
        "high",
        "level",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (at, column) in table.columns.iter().enumerate() {
        for term in &table.terms {
            let (state, values) = match &term.slots[at] {
                Slot::Estimate(e) => (
                    "estimated",
                    [e.coefficient, e.standard_error, e.statistic, e.p_value, e.low, e.high]
                        .map(digits),
                ),
                Slot::NotIdentified(_) => ("not identified", Default::default()),
                Slot::Absent => continue,
            };
            let mut row = vec![
                (at + 1).to_string(),
                column.label.clone(),
                column.outcome.clone(),
                column.rows.1.to_string(),
                column.convention.clone(),
                term.name.clone(),
                term.label.clone(),
                state.to_owned(),
            ];
            row.extend(values);
            row.push(digits(table.options.level));
            rows.push(row);
        }
    }
    csv(rows)
}

/// The table itself.
pub(super) fn json(table: &Table) -> String {
    let mut text = serde_json::to_string_pretty(table).expect("a table has only named fields");
    text.push('\n');
    text
}
