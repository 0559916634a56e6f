//! The pictures of measures: rankings with ranges, bars of parts, treemaps and networks.

use emporion_plot::{
    Common, Datum, Figure, Link, NetworkOptions, Node, Parcel, PlotError, Ranged, RankingOptions,
    RankingRow, Rest, StackedOptions, StackedRow, TreemapOptions, TwinCell, network, ranking,
    stacked, treemap,
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

fn parcel(label: &str, value: impl Into<Option<f64>>, group: &str) -> Parcel {
    Parcel { datum: datum(label, value), group: group.into() }
}

fn map() -> TreemapOptions {
    TreemapOptions { common: common(), ..Default::default() }
}

fn area(figure: &Figure, mark: &str) -> f64 {
    let side = |name| attribute(&figure.svg, mark, "rect", name);
    side("width") * side("height")
}

#[test]
fn areas_are_in_proportion_with_and_without_groups() {
    for groups in [["", "", ""], ["g", "h", "g"]] {
        let parcels: Vec<Parcel> = [("a", 50.0), ("b", 30.0), ("c", 10.0)]
            .iter()
            .zip(groups)
            .map(|((label, value), group)| parcel(label, *value, group))
            .collect();
        let rest = Rest {
            datum: datum("Other, 2 products", 10.0),
            members: vec![parcel("d", 6.0, "h"), parcel("e", 4.0, "g")],
        };
        let figure = treemap(&map(), &parcels, Some(&rest)).unwrap();
        // Sides are written to a tenth of a pixel.
        for (mark, part) in [("a", 0.5), ("b", 0.3), ("c", 0.1), ("Other, 2 products", 0.1)] {
            let found = area(&figure, mark) / (720.0 * 432.0);
            assert!((found - part).abs() < 1e-3, "{mark}: {found}");
        }
        assert_eq!(column(&figure, 0), ["a", "b", "c", "Other, 2 products", "– d", "– e"]);
        assert!(groups[0].is_empty() || figure.svg.contains(">h</text>"));
    }
}

#[test]
fn gaps_are_named_and_zeros_have_no_area() {
    let parcels = [parcel("a", 5.0, ""), parcel("gap", None, ""), parcel("zero", 0.0, "")];
    let figure = treemap(&map(), &parcels, None).unwrap();
    assert_eq!(figure.notes, ["no data: gap."]);
    assert_eq!(figure.svg.matches("data-cell=").count(), 1);
    assert_eq!(column(&figure, 1), ["5.0", "0.0", "no data"]);
}

#[test]
fn what_cannot_be_read_as_areas_is_ranked_bars_and_none_is_dropped() {
    let many: Vec<Parcel> =
        (0..500).map(|i| parcel(&format!("Product {i}"), 1.0 + f64::from(i), "")).collect();
    let figure = treemap(&map(), &many, None).unwrap();
    assert!(figure.svg.contains("Smaller ones, in the table alone: 460."));
    assert!(figure.svg.contains(">Product 499</text>") && figure.svg.contains(">500.0</text>"));
    assert_eq!(figure.table.rows.len(), 500);
    // Few parts are areas in the narrow drawing as well.
    let few = [parcel("a", 5.0, ""), parcel("b", 4.0, "")];
    let figure = treemap(&map(), &few, None).unwrap();
    let narrow = Figure { svg: figure.narrow.clone(), ..figure };
    let found = area(&narrow, "a") / (340.0 * 391.0);
    assert!((found - 5.0 / 9.0).abs() < 1e-3, "{found}");
}

#[test]
fn parcels_without_room_for_a_name_are_listed() {
    let parcels = [parcel("large", 1000.0, ""), parcel("tiny", 0.4, "")];
    let figure = treemap(&map(), &parcels, None).unwrap();
    assert!(figure.svg.contains("Too small for a name: tiny 0.4."), "{}", figure.svg);
}

#[test]
fn refusals_of_a_treemap() {
    let refused = |parcels: &[Parcel]| treemap(&map(), parcels, None).unwrap_err().to_string();
    let message = refused(&[parcel("a", -1.0, "")]);
    assert!(message.contains("-1 for `a`") && message.contains("draw bars"), "{message}");
    assert!(refused(&[parcel("a", f64::INFINITY, "")]).contains("inf"));
    for nothing in [vec![], vec![parcel("a", 0.0, ""), parcel("b", None, "")]] {
        assert!(matches!(treemap(&map(), &nothing, None), Err(PlotError::Empty { .. })));
    }
    let rest = Rest { datum: datum("rest", 3.0), members: vec![parcel("b", 2.0, "")] };
    let message = treemap(&map(), &[parcel("a", 1.0, "")], Some(&rest)).unwrap_err().to_string();
    assert!(message.contains("3 for parts that add up to 2"), "{message}");
}

fn node(label: &str, value: impl Into<Option<f64>>, marked: Option<bool>) -> Node {
    Node { datum: datum(label, value), marked, ..Node::default() }
}

fn link(from: usize, to: usize, proximity: f64) -> Link {
    let id = format!("link {from} {to}");
    Link { from, to, datum: Datum { value: Some(proximity), id, ..Datum::default() }, tree: true }
}

#[test]
fn nodes_have_areas_by_size_and_marks_without_colour() {
    let nodes = [
        node("large", 400.0, Some(true)),
        node("small", 100.0, Some(false)),
        node("gap", None, Some(false)),
    ];
    let links = [link(0, 1, 0.7), link(1, 2, 0.9)];
    let figure = network(&NetworkOptions::default(), &nodes, &links).unwrap();
    let r = |mark: &str| attribute(&figure.svg, mark, "circle", "r");
    assert!((r("large") / r("small") - 2.0).abs() < 0.02);
    let fill = |mark: &str| {
        let rest = figure.svg.split(&format!("data-cell=\"id of {mark}\"")).nth(1).unwrap();
        rest.split("fill=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    assert!(fill("large").contains("series-1") && fill("small").contains("paper"));
    assert!(fill("gap").contains("-missing)"), "a missing size is no small size");
    // The strongest link of each, in the twin.
    assert_eq!(column(&figure, 0), ["large", "small", "gap"]);
    assert_eq!(column(&figure, 1), ["400.0", "100.0", "no data"]);
    assert_eq!(column(&figure, 3), ["small", "gap", "small"]);
    assert_eq!(column(&figure, 4), ["0.70", "0.90", "0.90"]);
    assert!(figure.alt.contains("3 nodes and 2 links. 1 of them: filled."), "{}", figure.alt);
}

/// A tree of hubs as large as a classification of some 800 products.
fn large() -> (Vec<Node>, Vec<Link>) {
    let nodes = (0..785).map(|i| {
        let group = format!("section {}", i % 21);
        Node {
            group,
            ..node(&format!("Product number {i}"), f64::from(i * i % 997), Some(i % 3 == 0))
        }
    });
    let links = (1..785).map(|i| link(i, (i * i) % i.min(40), 0.5));
    (nodes.collect(), links.collect())
}

#[test]
fn a_large_network_stays_small_keeps_its_bytes_and_its_names_apart() {
    let (nodes, links) = large();
    let figure = network(&NetworkOptions::default(), &nodes, &links).unwrap();
    assert_eq!(figure, network(&NetworkOptions::default(), &nodes, &links).unwrap());
    assert!(figure.svg.len() < 300_000, "{}", figure.svg.len());
    assert_eq!(figure.table.rows.len(), 785);
    // Twenty-one groups have eight colours: the last is shared, and named in full.
    assert!(figure.svg.contains("section"));
    for svg in [&figure.svg, &figure.narrow] {
        let mut boxes: Vec<[f64; 4]> = Vec::new();
        for mark in svg.split("<text ").skip(1).filter(|t| t.contains("Product number")) {
            let of = |name: &str| -> f64 {
                let rest = mark
                    .split(&format!(" {name}=\""))
                    .nth(1)
                    .or_else(|| mark.strip_prefix(&format!("{name}=\"")));
                rest.unwrap().split('"').next().unwrap().parse().unwrap()
            };
            let (x, y, size) = (of("x"), of("y"), of("font-size"));
            let width = size * 7.0;
            let x = match mark {
                m if m.contains("text-anchor=\"end\"") => x - width,
                m if m.contains("text-anchor=\"middle\"") => x - width / 2.0,
                _ => x,
            };
            boxes.push([x, y - size * 0.7, x + width, y + size * 0.2]);
        }
        assert!(boxes.len() >= 4, "{} names", boxes.len());
        for (i, a) in boxes.iter().enumerate() {
            for b in &boxes[..i] {
                let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                assert!(apart, "{a:?} {b:?}");
            }
        }
    }
}

#[test]
fn refusals_of_a_network() {
    let options = NetworkOptions::default();
    let one = [node("a", 1.0, None)];
    assert!(matches!(network(&options, &[], &[]), Err(PlotError::Empty { .. })));
    for bad in [link(0, 1, 0.5), link(0, 0, 0.5)] {
        let message = network(&options, &one, &[bad]).unwrap_err().to_string();
        assert!(message.contains("of 1 nodes"), "{message}");
    }
    let message = network(&options, &[node("a", -1.0, None)], &[]).unwrap_err().to_string();
    assert!(message.contains("-1 for `a`"), "{message}");
    let infinite = network(&options, &[node("a", f64::NAN, None)], &[]);
    assert!(matches!(infinite, Err(PlotError::NotFinite { .. })));
    let many = vec![node("a", 1.0, None); 2001];
    let message = network(&options, &many, &[]).unwrap_err().to_string();
    assert!(message.contains("2,000"), "{message}");
}
