//! The figures of the bundled case on Belarus, worked out by hand from its rows.

use std::sync::OnceLock;

use emporion_brief::cell::{Cell, Status};
use emporion_brief::explain::explain;
use emporion_brief::html;
use emporion_brief::render::Brief;

use crate::common::{built, bundled, labelled};

/// Sums and quotients of integers of five digits: only the last bits may differ.
const ROUNDING: f64 = 1e-12;

fn brief() -> &'static Brief {
    static BRIEF: OnceLock<Brief> = OnceLock::new();
    BRIEF.get_or_init(|| built(&bundled("belarus-russian-regions")))
}

/// The number that stands in a row of flows.
fn row(line: u32) -> &'static Cell {
    let of_line = |cell: &&std::sync::Arc<Cell>| {
        cell.computation.verb == "row"
            && cell.computation.options["column"] == "value"
            && cell.rows[0].file == "flows.csv"
            && cell.rows[0].rows[0].line == line
    };
    brief().cells.values().find(of_line).unwrap_or_else(|| panic!("no number from line {line}"))
}

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("a known number");
    assert!((found - expected).abs() <= ROUNDING * expected.abs(), "{found} for {expected}");
}

#[test]
fn turnover_of_2022_stands_on_both_books() {
    let (by, ru) = (row(2), row(5));
    assert_eq!(
        (by.value, &*by.side, &*by.unit, &*by.period),
        (Some(45_800.0), "BY", "USD mn", "2022")
    );
    assert_eq!((ru.value, &*ru.side, &*ru.scope), (Some(43_400.0), "RU", "goods"));
    assert_eq!(
        (by.status, by.sources.as_slice()),
        (Status::Reported, ["S01".to_owned()].as_slice())
    );
    assert!(html::write(brief()).unwrap().contains(">45.8</button> bn"));
}

#[test]
fn growth_of_exports_is_the_difference_of_two_rows() {
    // Rows 3 (line 4) and 16 (line 17): 22,900 less 16,334.
    let gain = labelled(brief(), "growth of exports of goods from Belarus to Russia, 2021 to 2022");
    close(gain.value, 6_566.0);
    assert_eq!(gain.inputs.len(), 2);
    assert!(gain.inputs.contains(&row(4).id) && gain.inputs.contains(&row(17).id));
    assert_eq!(row(17).status, Status::Derived);
    // Computed here, and as exact as its least exact input.
    assert_eq!((gain.status, &*gain.bound), (Status::Computed, "~"));
}

#[test]
fn made_up_shares_span_the_printed_range() {
    let shares: Vec<&Cell> = brief()
        .cells
        .values()
        .filter(|cell| cell.label.starts_with("part of the loss made up"))
        .map(AsRef::as_ref)
        .collect();
    let mut found: Vec<f64> = shares.iter().map(|cell| cell.value.unwrap()).collect();
    found.sort_by(f64::total_cmp);
    // 6,566 over the smallest and the largest published loss: 10,500 and 18,000.
    close(found.first().copied(), 100.0 * 6_566.0 / 18_000.0);
    close(found.last().copied(), 100.0 * 6_566.0 / 10_500.0);
    let html = html::write(brief()).unwrap();
    assert!(html.contains("36.5<") && html.contains("62.5<"));
    // Another base of the same size is another number.
    assert_eq!(shares.len(), found.len());
}

#[test]
fn counts_and_the_record_are_those_of_the_rows() {
    let branches = labelled(brief(), "embassy branches listed by S01");
    assert_eq!((branches.value, branches.rows[0].lines.as_str()), (Some(11.0), "2-12"));
    assert_eq!(labelled(brief(), "embassy branches listed by S97").value, Some(10.0));
    // One row is one line below the header.
    let lines = |file: &str| {
        let path = crate::common::folder("belarus-russian-regions").join(file);
        std::fs::read_to_string(path).unwrap().lines().count() as f64 - 1.0
    };
    assert_eq!(labelled(brief(), "rows of figures in this case").value, Some(lines("flows.csv")));
    assert_eq!(labelled(brief(), "rows of ties in this case").value, Some(lines("ties.csv")));
    // 45,800 is above every other Belarusian annual goods figure: the next is 40,070 of 2021.
    assert!(brief().text.contains("2022 is\n> a record."), "{}", brief().text);
    let compared = labelled(brief(), "years compared with 2022");
    assert!(compared.inputs.contains(&row(16).id));
    assert_eq!(row(16).value, Some(40_070.0));
}

#[test]
fn every_trace_closes() {
    closes(brief(), &bundled("belarus-russian-regions"));
}

/// What a reader may rely on: every number leads to rows with sources and licences, or to an
/// assumption.
pub fn closes(brief: &Brief, case: &emporion_tables::Case) {
    assert!(!brief.shown.is_empty());
    for id in &brief.shown {
        assert!(brief.cells.contains_key(id), "{id} is shown and has no trace");
    }
    for (id, cell) in &brief.cells {
        assert_eq!(id, &cell.id);
        for input in &cell.inputs {
            assert!(brief.cells.contains_key(input), "{id} rests on {input}, which is not there");
        }
        let counted = cell.computation.verb == "count";
        if cell.inputs.is_empty() && cell.status != Status::Assumed && !counted {
            assert!(cell.rows.iter().any(|set| set.count > 0), "{id} rests on nothing: {cell:#?}");
        }
        for set in &cell.rows {
            let table = case.tables.values().find(|t| t.path() == set.file).expect("a file");
            for row in &set.rows {
                let at = (0..table.rows()).find(|&at| table.line(at) == row.line).expect("a line");
                let filled: Vec<(String, String)> =
                    table.row_text(at).into_iter().filter(|(_, text)| !text.is_empty()).collect();
                assert_eq!(row.cells, filled, "{id} misquotes {} line {}", set.file, row.line);
                if let Some(source) = table.text("source", at) {
                    assert!(cell.sources.iter().any(|s| s == source), "{id} leaves out {source}");
                }
            }
        }
        for source in &cell.sources {
            assert!(brief.sources.contains_key(source), "{id} names {source}, which is not listed");
        }
        if cell.status != Status::Assumed && !cell.sources.is_empty() {
            assert!(!cell.licences.is_empty(), "{id} has no licence");
        }
        assert!(cell.licences.iter().all(|licence| !licence.trim().is_empty()), "{id}");
        assert!(!cell.unit.is_empty(), "{id} has no unit: {cell:#?}");
        assert!(!cell.label.is_empty() && !cell.computation.text.is_empty(), "{id}");
    }
}

#[test]
fn an_explanation_goes_down_to_the_rows() {
    let gain = labelled(brief(), "growth of exports of goods from Belarus to Russia, 2021 to 2022");
    let text = explain(brief(), &gain.id).unwrap();
    for part in ["after - before", "line 4: flow_id=3", "line 17: flow_id=16", "value=16334", "S02"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let error = explain(brief(), &gain.id[..gain.id.len() - 1]).unwrap_err();
    assert!(error.contains(&gain.id), "{error}");
    let error = explain(brief(), "calc-xyz").unwrap_err();
    assert!(error.matches("calc-").count() > 3, "{error}");
}
