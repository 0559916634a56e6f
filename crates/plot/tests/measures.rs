//! The pictures of measures: rankings with ranges and bars of parts.

use emporion_plot::{
    Common, Datum, Figure, PlotError, Ranged, RankingOptions, RankingRow, StackedOptions,
    StackedRow, TwinCell, ranking, stacked,
};

fn common() -> Common {
    Common::new("t", "u", 1)
}

fn datum(label: &str, value: impl Into<Option<f64>>) -> Datum {
    Datum {
        label: label.into(),
        value: value.into(),
        id: format!("id of {label}"),
        ..Datum::default()
    }
}

/// Texts of a column of the table twin.
fn column(figure: &Figure, at: usize) -> Vec<String> {
    let text = |cell: &TwinCell| match cell {
        TwinCell::Text(text) | TwinCell::Datum { text, .. } => text.clone(),
    };
    figure.table.rows.iter().map(|row| text(&row[at])).collect()
}

/// An attribute of the first tag that begins so, behind a mark.
fn attribute(svg: &str, mark: &str, tag: &str, name: &str) -> f64 {
    let rest = svg.split(&format!("data-cell=\"id of {mark}\"")).nth(1).expect("the mark");
    let rest = rest.split(&format!("<{tag} ")).nth(1).expect("the tag");
    let rest = rest.split(&format!("{name}=\"")).nth(1).expect("the attribute");
    rest.split('"').next().unwrap().parse().unwrap()
}

fn ranked(label: &str, value: Option<f64>, range: [f64; 2], rank: Option<f64>) -> RankingRow {
    RankingRow {
        value: Ranged { datum: datum(label, value), low: Some(range[0]), high: Some(range[1]) },
        rank: Ranged { datum: datum("rank", rank), low: rank, high: rank.map(|r| r + 4.0) },
        highlight: false,
    }
}

#[test]
fn a_ranking_is_in_order_with_ranges_of_figure_and_rank() {
    let options = RankingOptions { common: common(), ..Default::default() };
    let rows = [
        ranked("gap", None, [0.0, 1.0], None),
        ranked("low", Some(-1.0), [-2.0, 3.0], Some(2.0)),
        ranked("top", Some(2.0), [1.0, 2.5], Some(1.0)),
    ];
    let figure = ranking(&options, &rows).unwrap();
    assert_eq!(column(&figure, 0), ["top", "low", "gap"]);
    assert_eq!(column(&figure, 1), ["2.0", "\u{2212}1.0", "no data"]);
    assert_eq!(column(&figure, 4), ["1", "2", ""]);
    assert_eq!(column(&figure, 6), ["5", "6", ""]);
    assert!(figure.svg.contains(">1 (1–5)</text>") && figure.svg.contains(">no data</text>"));
    // The dot lies on its range, where its figure says.
    let (low, high) =
        (attribute(&figure.svg, "low", "line", "x1"), attribute(&figure.svg, "low", "line", "x2"));
    let dot = attribute(&figure.svg, "low", "circle", "cx");
    assert!((dot - (low + (high - low) / 5.0)).abs() < 0.11, "{low} {dot} {high}");
    // A figure without a value has no dot.
    assert_eq!(figure.svg.matches("<circle").count(), 2);
}

#[test]
fn refusals_of_a_ranking() {
    let options = RankingOptions { common: common(), ..Default::default() };
    let gap = [ranked("gap", None, [0.0, 1.0], None)];
    assert!(matches!(ranking(&options, &gap), Err(PlotError::Empty { .. })));
    assert!(matches!(ranking(&options, &[]), Err(PlotError::Empty { .. })));
    let backwards = [ranked("a", Some(1.0), [2.0, 0.0], None)];
    let message = ranking(&options, &backwards).unwrap_err().to_string();
    assert!(message.contains("`a`") && message.contains("lower end"), "{message}");
    let infinite = [ranked("a", Some(f64::INFINITY), [0.0, 1.0], None)];
    assert!(matches!(ranking(&options, &infinite), Err(PlotError::NotFinite { .. })));
}

fn parted(label: &str, parts: [Option<f64>; 2], total: Option<f64>) -> StackedRow {
    let [a, b] = parts;
    StackedRow {
        label: label.into(),
        parts: vec![datum(&format!("{label} a"), a), datum(&format!("{label} b"), b)],
        total: total.map(|total| datum("all", total)),
        highlight: false,
    }
}

fn two_parts() -> StackedOptions {
    StackedOptions {
        common: common(),
        parts: vec!["realised".into(), "unrealised".into()],
        ..Default::default()
    }
}

#[test]
fn parts_follow_each_other_and_add_up() {
    let rows = [
        parted("short", [Some(1.0), Some(1.0)], Some(2.0)),
        parted("long", [Some(6.0), Some(2.0)], Some(8.0)),
    ];
    let figure = stacked(&two_parts(), &rows).unwrap();
    assert_eq!(column(&figure, 0), ["long", "short"]);
    assert_eq!(column(&figure, 3), ["8.0", "2.0"]);
    let at = |mark: &str, name: &str| attribute(&figure.svg, mark, "rect", name);
    let (width, next) = (at("long a", "width"), at("long b", "width"));
    // The rim takes a pixel of each part.
    assert!(((width + 1.0) / (next + 1.0) - 3.0).abs() < 0.02, "{width} {next}");
    assert!((at("long a", "x") + width + 1.0 - at("long b", "x")).abs() < 0.11);
    // The second part differs by its hatch, not by colour alone.
    assert!(figure.svg.contains("-part-2)"));
}

#[test]
fn a_missing_part_is_said_and_has_no_total() {
    let rows = [
        parted("whole", [Some(3.0), Some(0.0)], Some(3.0)),
        parted("gap", [Some(1.0), None], Some(4.0)),
    ];
    let figure = stacked(&two_parts(), &rows).unwrap();
    assert!(figure.svg.contains(">no data: unrealised</text>"));
    assert!(!figure.svg.contains(">4.0</text>"));
    assert_eq!(column(&figure, 2), ["0.0", "no data"]);
}

#[test]
fn refusals_of_stacked_bars() {
    let refused = |row| stacked(&two_parts(), &[row]).unwrap_err().to_string();
    let message = refused(parted("x", [Some(-1.0), Some(2.0)], None));
    assert!(message.contains("-1 for realised of `x`"), "{message}");
    let message = refused(parted("x", [Some(1.0), Some(2.0)], Some(4.0)));
    assert!(message.contains("add up to 3"), "{message}");
    let message = refused(StackedRow { label: "x".into(), ..StackedRow::default() });
    assert!(message.contains("0 data in `x` for 2 names"), "{message}");
    let none = stacked(&two_parts(), &[parted("x", [None, None], None)]);
    assert!(matches!(none, Err(PlotError::Empty { .. })));
    let infinite = stacked(&two_parts(), &[parted("x", [Some(f64::NAN), None], None)]);
    assert!(matches!(infinite, Err(PlotError::NotFinite { .. })));
}
