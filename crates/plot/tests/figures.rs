//! What holds for every figure: sound markup, escaped words, fixed bytes, gaps that are no zeros,
//! and a refusal for each kind of bad input.

use emporion_plot::{
    Axis, Bar, BarOptions, ChoroplethOptions, CoefficientOptions, CoefficientRow, Common, Datum,
    DumbbellOptions, DumbbellRow, EventPoint, EventSeries, EventStudyOptions, Figure,
    FittedOptions, Flow, FlowMapOptions, Focus, LatLon, Layer, LineOptions, Link, Marker,
    MarkerKind, NetworkOptions, Node, Parcel, PlaceDatum, PlotError, Point, PointOfView, Ranged,
    RankingOptions, RankingRow, Rest, ScatterOptions, ScatterPoint, Series, SeriesKind,
    StackedOptions, StackedRow, TreemapOptions, TwinCell, bar, choropleth, coefficients, dumbbell,
    event_study, fitted_observed, flow_map, line, network, ranking, scatter, stacked, treemap,
};

const NASTY: &str = "<script>alert(\"1\")</script> & 'Минск' 明";

fn common() -> Common {
    Common { footnote: NASTY.into(), ..Common::new(NASTY, NASTY, 1) }
}

fn datum(label: &str, value: impl Into<Option<f64>>) -> Datum {
    Datum {
        label: label.into(),
        value: value.into(),
        id: format!("id of {label}"),
        note: label.into(),
    }
}

fn points(values: &[(i32, Option<f64>)]) -> Vec<Point> {
    let point = |(x, v): &(i32, Option<f64>)| Point {
        x: f64::from(*x),
        datum: datum(NASTY, *v),
        low: v.map(|v| v - 1.0),
        high: v.map(|v| v + 1.0),
    };
    values.iter().map(point).collect()
}

fn series(values: &[(i32, Option<f64>)]) -> Series {
    Series { label: NASTY.into(), points: points(values), ..Series::default() }
}

fn place(id: &str, value: impl Into<Option<f64>>) -> PlaceDatum {
    PlaceDatum { place: id.into(), datum: datum(NASTY, value) }
}

fn flow(to: (f64, f64), value: impl Into<Option<f64>>) -> Flow {
    Flow {
        from: (53.9, 27.6).into(),
        to: to.into(),
        datum: datum(NASTY, value),
        end_label: NASTY.into(),
        highlight: false,
    }
}

fn ranged(label: &str, value: impl Into<Option<f64>>) -> Ranged {
    let datum = datum(label, value);
    let (low, high) = (datum.value.map(|v| v - 0.5), datum.value.map(|v| v + 0.5));
    Ranged { datum, low, high }
}

fn events(label: &str, times: &[f64]) -> EventSeries {
    let point = |time: &f64| EventPoint { time: *time, estimate: ranged(label, time / 4.0) };
    EventSeries { label: label.into(), points: times.iter().map(point).collect() }
}

/// Fitted and observed values over several powers of ten, with every third observed zero.
fn pairs(n: usize) -> (Vec<f64>, Vec<f64>) {
    let spread = |i: usize, step: f64| (12.0 * (i as f64 * step).fract() - 4.0).exp();
    let observed = |i| if i % 3 == 0 { 0.0 } else { spread(i, 0.618_034) * spread(i, 0.414_214) };
    ((0..n).map(|i| spread(i, 0.618_034)).collect(), (0..n).map(observed).collect())
}

fn fitted_options() -> FittedOptions {
    FittedOptions {
        common: common(),
        fitted_label: NASTY.into(),
        observed_label: NASTY.into(),
        rows_label: NASTY.into(),
        ..Default::default()
    }
}

/// One of each, with gaps, negative and single values.
fn all() -> &'static [(&'static str, Figure)] {
    static ONCE: std::sync::OnceLock<Vec<(&str, Figure)>> = std::sync::OnceLock::new();
    ONCE.get_or_init(draw_all)
}

fn draw_all() -> Vec<(&'static str, Figure)> {
    let marker = |kind| Marker {
        at: LatLon { lat: 55.8, lon: 37.6 },
        label: NASTY.into(),
        kind,
        id: NASTY.into(),
        note: NASTY.into(),
    };
    let markers = [
        marker(MarkerKind::Chosen),
        marker(MarkerKind::Existing),
        marker(MarkerKind::Origin),
        marker(MarkerKind::Candidate),
    ];
    let mut out = vec![
        (
            "line",
            line(
                &LineOptions { common: common(), ..Default::default() },
                &[
                    series(&[
                        (2011, Some(38.6)),
                        (2012, None),
                        (2020, Some(-2.0)),
                        (2021, Some(3.0)),
                    ]),
                    Series { kind: SeriesKind::Open, ..series(&[(2012, Some(1.0))]) },
                ],
            ),
        ),
        (
            "one point",
            line(
                &LineOptions { common: common(), ..Default::default() },
                &[series(&[(7, Some(0.0))])],
            ),
        ),
        (
            "bar",
            bar(
                &BarOptions { common: common(), ..Default::default() },
                &[
                    Bar { low: Some(1.0), high: Some(9.0), ..datum("a", 4.0).into() },
                    datum("b", -3.0).into(),
                    datum(NASTY, None).into(),
                    datum("zero", 0.0).into(),
                ],
            ),
        ),
        (
            "bars without a value",
            bar(&BarOptions { common: common(), ..Default::default() }, &[datum("b", None).into()]),
        ),
        (
            "scatter",
            scatter(
                &ScatterOptions {
                    common: common(),
                    x: Axis { label: NASTY.into(), log: true, decimals: 0 },
                    y: Axis { label: NASTY.into(), ..Axis::default() },
                    fit: vec![(1.0, 2.0), (100.0, -4.0)],
                    fit_label: NASTY.into(),
                    ..Default::default()
                },
                &[
                    ScatterPoint { x: datum(NASTY, 10.0), y: datum(NASTY, 1.0), highlight: true },
                    ScatterPoint { x: datum(NASTY, 20.0), y: datum(NASTY, -1.0), highlight: false },
                    ScatterPoint { x: datum("gap", 20.0), y: datum("gap", None), highlight: false },
                ],
            ),
        ),
        (
            "dumbbell",
            dumbbell(
                &DumbbellOptions {
                    common: common(),
                    points: vec![NASTY.into(), "b".into()],
                    ..Default::default()
                },
                &[
                    DumbbellRow {
                        label: NASTY.into(),
                        points: vec![datum("a", 1.0), datum("b", -2.0)],
                    },
                    DumbbellRow {
                        label: "none".into(),
                        points: vec![datum("a", None), datum("b", None)],
                    },
                ],
            ),
        ),
        (
            "ranking",
            ranking(
                &RankingOptions { common: common(), ..Default::default() },
                &[
                    RankingRow {
                        value: ranged(NASTY, 1.0),
                        rank: ranged("r", 2.0),
                        highlight: true,
                    },
                    RankingRow { value: ranged("gap", None), ..Default::default() },
                    RankingRow { value: ranged("below", -7.0), ..Default::default() },
                ],
            ),
        ),
        (
            "stacked",
            stacked(
                &StackedOptions {
                    common: common(),
                    parts: vec![NASTY.into(), "b".into(), "c".into(), "d".into()],
                    ..Default::default()
                },
                &[
                    StackedRow {
                        label: NASTY.into(),
                        parts: [40.0, 30.0, 20.0, 10.0].map(|v| datum("a", v)).to_vec(),
                        total: Some(datum("all", 100.0)),
                        highlight: true,
                    },
                    StackedRow {
                        label: "gap".into(),
                        parts: [Some(1.0), None, None, Some(0.0)].map(|v| datum("a", v)).to_vec(),
                        ..Default::default()
                    },
                ],
            ),
        ),
        (
            "treemap",
            treemap(
                &TreemapOptions { common: common(), ..Default::default() },
                &[
                    Parcel { datum: datum(NASTY, 50.0), group: NASTY.into() },
                    Parcel { datum: datum("b", 20.0), group: "g".into() },
                    Parcel { datum: datum("gap", None), group: "g".into() },
                    Parcel { datum: datum("zero", 0.0), group: "g".into() },
                ],
                Some(&Rest {
                    datum: datum("Other", 1.0),
                    members: vec![Parcel { datum: datum("c", 1.0), group: NASTY.into() }],
                }),
            ),
        ),
        (
            "treemap as bars",
            treemap(
                &TreemapOptions { common: common(), ..Default::default() },
                &(0..900)
                    .map(|i| Parcel {
                        datum: datum(if i == 0 { NASTY } else { "part" }, 1.0),
                        group: String::new(),
                    })
                    .collect::<Vec<_>>(),
                None,
            ),
        ),
        (
            "network",
            network(
                &NetworkOptions { common: common(), ..Default::default() },
                &[
                    Node {
                        datum: datum(NASTY, 4.0),
                        group: NASTY.into(),
                        marked: Some(true),
                        index: Some(datum("rca", 1.5)),
                        highlight: true,
                    },
                    Node { datum: datum("gap", None), marked: Some(false), ..Node::default() },
                    Node { datum: datum("alone", 0.0), ..Node::default() },
                ],
                &[Link { from: 0, to: 1, datum: datum("link", 0.5), tree: true }],
            ),
        ),
        (
            "one node",
            network(
                &NetworkOptions { common: common(), ..Default::default() },
                &[Node { datum: datum(NASTY, 4.0), ..Node::default() }],
                &[],
            ),
        ),
        (
            "coefficients",
            coefficients(
                &CoefficientOptions {
                    common: common(),
                    models: vec![NASTY.into(), "b".into(), "c".into()],
                    sort: true,
                    ..Default::default()
                },
                &[
                    CoefficientRow {
                        label: NASTY.into(),
                        estimates: [-2.0, 0.0, 1.0].map(|v| ranged("a", v)).to_vec(),
                    },
                    CoefficientRow {
                        label: "gap".into(),
                        estimates: [None, Some(3.0), None].map(|v| ranged("a", v)).to_vec(),
                    },
                ],
            ),
        ),
        (
            "event study",
            event_study(
                &EventStudyOptions {
                    common: common(),
                    x_label: NASTY.into(),
                    reference: Some(-1.0),
                    reference_label: NASTY.into(),
                    ..Default::default()
                },
                &[events(NASTY, &[-3.0, -2.0, 0.0, 1.0]), events("b", &[-2.0, 2.0])],
            ),
        ),
        (
            "event study as a band",
            event_study(
                &EventStudyOptions { common: common(), band: true, ..Default::default() },
                &[events("b", &[-25.0, 0.0, 30.0])],
            ),
        ),
        ("fitted, points", {
            let (fitted, observed) = pairs(60);
            fitted_observed(&fitted_options(), &fitted, &observed)
        }),
        ("fitted, squares", {
            let (fitted, observed) = pairs(30_000);
            fitted_observed(&fitted_options(), &fitted, &observed)
        }),
    ];
    let focus = Focus { south: 40.0, west: -10.0, north: 65.0, east: 60.0 };
    for view in [PointOfView::Neutral, PointOfView::Source, PointOfView::Iso3166] {
        for focus in [None, Some(focus)] {
            for (layer, ids) in [
                (Layer::World, ["BLR", "SGP", "FJI", "USA"]),
                (Layer::EastEurope, ["BY-BR", "RU-MOW", "RU-CHU", "RU-SAK"]),
            ] {
                let data = [
                    place(ids[0], 1.0),
                    place(ids[1], 500.0),
                    place(ids[2], None),
                    place(ids[3], 30.0),
                    place("Atlantis", 2.0),
                ];
                let options = ChoroplethOptions {
                    common: common(),
                    layer,
                    view,
                    focus,
                    label_largest: 2,
                    ..Default::default()
                };
                out.push(("choropleth", choropleth(&options, &data)));
                let options =
                    FlowMapOptions { common: common(), layer, view, focus, ..Default::default() };
                let flows = [
                    flow((55.8, 37.6), 10.0),
                    flow((43.1, 131.9), None),
                    flow((-17.0, -179.5), 3.0),
                    flow((53.9, 27.6), 1.0),
                    flow((50.0, 20.0), 0.0),
                ];
                out.push(("flow map", flow_map(&options, &flows, &markers)));
            }
        }
    }
    out.into_iter()
        .map(|(name, figure)| (name, figure.unwrap_or_else(|e| panic!("{name}: {e}"))))
        .collect()
}

/// Checks that tags nest and attributes are quoted; the figures use no comments or CDATA.
fn check_markup(name: &str, svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "{name}: a bare > in text");
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{name}: {tag}");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{name}");
        } else if !tag.ends_with('/') {
            open.push(tag.split([' ', '>']).next().unwrap());
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{name}: {open:?} left open");
}

#[test]
fn markup_is_sound_and_every_word_is_escaped() {
    for (name, figure) in all() {
        for svg in [&figure.svg, &figure.narrow, &figure.standalone()] {
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>"), "{name}");
            for bad in ["NaN", "inf", "<script", "& ", "Some(", "\"\"1"] {
                assert!(!svg.contains(bad), "{name} contains {bad}");
            }
            assert!(
                svg.contains("role=\"img\"") && svg.contains("<title") && svg.contains("<desc")
            );
            assert!(svg.contains("Минск") && svg.contains("明"), "{name}");
            check_markup(name, svg);
        }
        assert!(!figure.standalone().contains("var("), "{name}");
        assert!(!figure.alt.is_empty());
        let columns = figure.table.header.len();
        assert!(figure.table.rows.iter().all(|row| row.len() == columns), "{name}");
    }
}

#[test]
fn ids_are_unique_within_a_page() {
    let mut seen = std::collections::BTreeSet::new();
    for (name, figure) in all() {
        for part in figure.html().split(" id=\"").skip(1) {
            let id = part.split('"').next().unwrap().to_string();
            assert!(seen.insert(id.clone()), "{name}: {id} twice");
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(all(), draw_all());
}

#[test]
fn figures_are_of_a_size_that_a_page_can_carry() {
    for (name, figure) in all() {
        assert!(figure.svg.len() < 150_000, "{name}: {}", figure.svg.len());
        assert!(figure.narrow.len() < 110_000, "{name}: {}", figure.narrow.len());
    }
}

#[test]
fn a_missing_value_is_said_and_never_drawn_as_zero() {
    let options = BarOptions { common: Common::new("t", "u", 0), ..Default::default() };
    let with = bar(&options, &[datum("a", 4.0).into(), datum("gap", None).into()]).unwrap();
    assert!(with.svg.contains(">no data</text>"));
    assert!(!with.svg.contains(">0</text>"));
    let row = &with.table.rows[1];
    assert!(matches!(&row[1], TwinCell::Datum { value: None, text, .. } if text == "no data"));
    let zero = bar(&options, &[datum("a", 4.0).into(), datum("zero", 0.0).into()]).unwrap();
    assert!(zero.svg.contains(">0</text>") && !zero.svg.contains("no data"));
}

#[test]
fn a_line_breaks_at_a_gap_and_at_a_year_left_out() {
    let count = |values: &[(i32, Option<f64>)]| {
        let mut one = series(values);
        one.points.iter_mut().for_each(|p| (p.low, p.high) = (None, None));
        let options = LineOptions { common: Common::new("t", "u", 0), ..Default::default() };
        line(&options, &[one]).unwrap().svg.matches("fill=\"none\"").count()
    };
    let whole = [(2019, Some(1.0)), (2020, Some(2.0)), (2021, Some(3.0)), (2022, Some(4.0))];
    assert_eq!(count(&whole), 1);
    let out = [whole[0], whole[1], (2023, Some(2.0)), (2024, Some(1.0))];
    assert_eq!(count(&out), 2);
    let gap = [whole[0], whole[1], (2021, None), (2022, Some(1.0)), (2023, Some(2.0))];
    assert_eq!(count(&gap), 2);
}

#[test]
fn bars_are_ranked_with_gaps_last_and_ties_by_name() {
    let options = BarOptions { common: Common::new("t", "u", 0), ..Default::default() };
    let bars = ["c", "b", "gap", "a"].map(|l| {
        datum(l, if l == "gap" { None } else { Some(if l == "a" { 9.0 } else { 1.0 }) }).into()
    });
    let table = bar(&options, &bars).unwrap().table;
    let names: Vec<TwinCell> = table.rows.into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(names, ["a", "b", "c", "gap"].map(|l| TwinCell::Text(l.into())));
}

/// Economies of the OECD inter-country input-output tables, 2025 release.
const ECONOMIES: &str = "AGO ARE ARG AUS AUT BEL BGD BGR BLR BRA BRN CAN CHE CHL CHN CIV CMR COD \
    COL CRI CYP CZE DEU DNK EGY ESP EST FIN FRA GBR GRC HKG HRV HUN IDN IND IRL ISL ISR ITA JOR \
    JPN KAZ KHM KOR LAO LTU LUX LVA MAR MEX MLT MMR MYS NGA NLD NOR NZL PAK PER PHL POL PRT ROU \
    RUS SAU SEN SGP STP SVK SVN SWE THA TUN TUR TWN UKR USA VNM ZAF";

#[test]
fn every_economy_has_an_outline_or_a_dot() {
    let ids: Vec<&str> = ECONOMIES.split_whitespace().collect();
    assert_eq!(ids.len(), 80);
    let data: Vec<PlaceDatum> = ids
        .iter()
        .enumerate()
        .map(|(i, id)| PlaceDatum {
            place: (*id).into(),
            datum: Datum::new(*id, i as f64, format!("key-{id}")),
        })
        .collect();
    let figure = choropleth(&ChoroplethOptions::default(), &data).unwrap();
    assert!(figure.notes.is_empty(), "{:?}", figure.notes);
    for id in &ids {
        assert!(figure.svg.contains(&format!("data-cell=\"key-{id}\"")), "{id}");
    }
    for small in ["SGP", "HKG", "MLT", "LUX", "STP"] {
        let key = format!("data-cell=\"key-{small}\"");
        let dotted = figure
            .svg
            .split(&key)
            .skip(1)
            .any(|rest| rest.split("</g>").next().is_some_and(|mark| mark.contains("<circle")));
        assert!(dotted, "{small} has no dot");
    }
}

#[test]
fn every_region_of_the_crosswalk_is_on_the_layer() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/geometry/regions.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let ids: Vec<String> = reader.records().map(|row| row.unwrap()[0].to_string()).collect();
    let places = Layer::EastEurope.places().unwrap();
    assert_eq!(ids.iter().filter(|id| id.starts_with("RU-")).count(), 83);
    assert_eq!(ids.iter().filter(|id| id.starts_with("BY-")).count(), 7);
    assert_eq!(ids, places);
}

/// No edge of any outline runs across the map, as it does where a ring is torn at the map's edge.
#[test]
fn outlines_do_not_smear() {
    let all_places = |layer: Layer| -> Vec<PlaceDatum> {
        layer.places().unwrap().iter().map(|id| place(id, 1.0)).collect()
    };
    for (layer, longest) in [(Layer::World, 60.0), (Layer::EastEurope, 40.0)] {
        let options = ChoroplethOptions { layer, ..Default::default() };
        let svg = choropleth(&options, &all_places(layer)).unwrap().svg;
        let mut edges = 0;
        for mark in svg.split("data-cell=").skip(1) {
            let Some(d) = mark.split("<path d=\"").nth(1).and_then(|d| d.split('"').next()) else {
                continue;
            };
            for ring in d.split('M').skip(1) {
                let steps =
                    ring.split('l').nth(1).unwrap_or("").trim_end_matches('z').replace('-', " -");
                let steps: Vec<f64> =
                    steps.split_whitespace().map(|n| n.parse().unwrap()).collect();
                for step in steps.chunks(2) {
                    edges += 1;
                    let length = step[0].hypot(step[1]);
                    assert!(
                        length < longest,
                        "{layer:?}: an edge of {length} pixels in {}",
                        &mark[..40]
                    );
                }
            }
        }
        assert!(edges > 2000, "{edges}");
    }
}

#[test]
fn maps_print_the_statement_of_their_view() {
    for view in [PointOfView::Neutral, PointOfView::Source, PointOfView::Iso3166] {
        for (layer, id) in [(Layer::World, "UKR"), (Layer::EastEurope, "RU-MOW")] {
            let options = ChoroplethOptions { layer, view, ..Default::default() };
            let svg = choropleth(&options, &[place(id, 1.0)]).unwrap().svg;
            // The lines of the statement, put together again.
            let words: Vec<&str> = svg.split('<').filter_map(|t| t.split('>').nth(1)).collect();
            let words = words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(layer.statement(view)), "{layer:?} {view:?}");
            assert_eq!(
                svg.contains("-disputed\""),
                view == PointOfView::Neutral
                    || (layer == Layer::World && view == PointOfView::Iso3166),
                "{layer:?} {view:?}"
            );
        }
    }
}

#[test]
fn places_off_the_map_are_named() {
    let options = ChoroplethOptions::default();
    let off = PlaceDatum { place: "XXX".into(), datum: Datum::new("Atlantis", 1.0, "") };
    let figure = choropleth(&options, &[place("BLR", 1.0), off]).unwrap();
    assert_eq!(figure.notes, ["Not on the map: Atlantis."]);
    assert!(figure.svg.contains("Not on the map: Atlantis."));
    assert_eq!(figure.table.rows.len(), 2);
}

#[test]
fn refusals() {
    let bars = BarOptions::default();
    assert!(matches!(bar(&bars, &[]), Err(PlotError::Empty { .. })));
    let infinite = bar(&bars, &[datum("a", f64::INFINITY).into()]);
    assert!(matches!(infinite, Err(PlotError::NotFinite { .. })));
    let narrow = BarOptions { common: Common { width: 10.0, ..Common::default() }, ..bars };
    let refused = bar(&narrow, &[datum("a", 1.0).into()]).unwrap_err();
    assert!(refused.to_string().contains("200 and 4000"), "{refused}");
    let decimals =
        LineOptions { common: Common { decimals: 99, ..Common::default() }, ..Default::default() };
    assert!(matches!(line(&decimals, &[series(&[(1, Some(1.0))])]), Err(PlotError::Option { .. })));

    let lines = LineOptions::default();
    assert!(matches!(line(&lines, &[series(&[(1, None)])]), Err(PlotError::Empty { .. })));
    let backwards = line(&lines, &[series(&[(2, Some(1.0)), (1, Some(1.0))])]);
    assert!(matches!(backwards, Err(PlotError::Option { name: "points", .. })));

    let log = ScatterOptions { x: Axis { log: true, ..Axis::default() }, ..Default::default() };
    let at = |x: f64| [ScatterPoint { x: datum("a", x), y: datum("a", 1.0), highlight: false }];
    assert!(matches!(scatter(&log, &at(0.0)), Err(PlotError::NotPositive { .. })));
    assert!(matches!(scatter(&log, &at(f64::NAN)), Err(PlotError::NotFinite { .. })));
    assert!(matches!(scatter(&log, &[]), Err(PlotError::Empty { .. })));

    let pairs = DumbbellOptions { points: vec!["a".into(), "b".into()], ..Default::default() };
    let short = DumbbellRow { label: "x".into(), points: vec![datum("a", 1.0)] };
    assert!(matches!(dumbbell(&pairs, &[short]), Err(PlotError::Option { .. })));
    assert!(matches!(dumbbell(&pairs, &[]), Err(PlotError::Empty { .. })));

    let one = CoefficientOptions::default();
    let row = |n: usize| CoefficientRow { label: "x".into(), estimates: vec![ranged("a", 1.0); n] };
    assert!(matches!(coefficients(&one, &[row(2)]), Err(PlotError::Option { .. })));
    assert!(matches!(coefficients(&one, &[]), Err(PlotError::Empty { .. })));
    let infinite = CoefficientRow {
        estimates: vec![Ranged { low: Some(f64::NEG_INFINITY), ..ranged("a", 1.0) }],
        ..row(1)
    };
    assert!(matches!(coefficients(&one, &[infinite]), Err(PlotError::NotFinite { .. })));

    let study = EventStudyOptions { reference: Some(-1.0), ..Default::default() };
    let backwards = event_study(&study, &[events("a", &[1.0, 0.0])]);
    assert!(matches!(backwards, Err(PlotError::Option { name: "points", .. })));
    let estimated = event_study(&study, &[events("a", &[-1.0, 0.0])]);
    assert!(matches!(estimated, Err(PlotError::Option { name: "reference", .. })));
    assert!(matches!(event_study(&study, &[]), Err(PlotError::Empty { .. })));

    let fitted = FittedOptions::default();
    let short = fitted_observed(&fitted, &[1.0], &[]);
    assert!(matches!(short, Err(PlotError::Option { name: "observed", .. })));
    let zeros = fitted_observed(&fitted, &[1.0, 0.0], &[0.0, 1.0]);
    assert!(matches!(zeros, Err(PlotError::Empty { .. })));
    let negative = fitted_observed(&fitted, &[1.0], &[-1.0]);
    assert!(matches!(negative, Err(PlotError::NotPositive { .. })));

    let map = ChoroplethOptions::default();
    let unknown = choropleth(&map, &[place("RU-MOW", 1.0)]).unwrap_err();
    assert!(unknown.to_string().contains("alpha-3"), "{unknown}");
    let twice = choropleth(&map, &[place("BLR", 1.0), place("BLR", 2.0)]);
    assert!(matches!(twice, Err(PlotError::PlaceTwice { .. })));
    let falling = ChoroplethOptions { breaks: vec![2.0, 1.0], ..map };
    assert!(matches!(choropleth(&falling, &[place("BLR", 1.0)]), Err(PlotError::Option { .. })));

    let flows = FlowMapOptions::default();
    assert!(matches!(flow_map(&flows, &[], &[]), Err(PlotError::Empty { .. })));
    let swapped = flow_map(&flows, &[flow((131.9, 43.1), 1.0)], &[]);
    assert!(matches!(swapped, Err(PlotError::Coordinate { .. })));
    let negative = flow_map(&flows, &[flow((43.1, 131.9), -1.0)], &[]);
    assert!(matches!(negative, Err(PlotError::Option { .. })));
}

#[test]
fn an_interval_lies_around_its_dot_and_zero_is_on_the_axis() {
    let options = CoefficientOptions { common: Common::new("t", "", 1), ..Default::default() };
    let row = CoefficientRow { label: "x".into(), estimates: vec![ranged("x", 4.0)] };
    let figure = coefficients(&options, &[row]).unwrap();
    let mark = figure.svg.split("data-cell=").nth(1).unwrap();
    let number = |from: &str, name: &str| -> f64 {
        let rest = from.split(&format!(" {name}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let (low, high) = (number(mark, "x1"), number(mark, "x2"));
    let dot = number(mark, "cx");
    assert!((dot - (low + high) / 2.0).abs() < 0.11, "{low} {dot} {high}");
    assert!(figure.svg.contains(">0</text>") || figure.svg.contains(">0.0</text>"));
    let texts: Vec<&TwinCell> = figure.table.rows[0].iter().skip(2).collect();
    assert_eq!(texts, [&TwinCell::Text("3.5".into()), &TwinCell::Text("4.5".into())]);
}

#[test]
fn a_term_that_a_model_lacks_is_a_dash() {
    let options = CoefficientOptions {
        common: Common::new("t", "", 1),
        models: vec!["a".into(), "b".into()],
        ..Default::default()
    };
    let estimates = vec![ranged("x", 4.0), ranged("x", None)];
    let figure = coefficients(&options, &[CoefficientRow { label: "x".into(), estimates }]);
    let figure = figure.unwrap();
    assert!(figure.svg.contains(">–</text>"));
    assert_eq!(figure.svg.matches("data-cell=").count(), 1);
    assert!(matches!(&figure.table.rows[0][4], TwinCell::Datum { value: None, .. }));
}

#[test]
fn the_reference_is_marked_and_is_no_estimate() {
    let options = EventStudyOptions {
        common: Common::new("t", "", 2),
        reference: Some(-1.0),
        ..Default::default()
    };
    let figure = event_study(&options, &[events("a", &[-2.0, 0.0, 1.0])]).unwrap();
    assert!(figure.svg.contains(">reference</text>"));
    assert_eq!(figure.svg.matches("data-cell=").count(), 3);
    let row: Vec<&str> = figure.table.rows[1]
        .iter()
        .map(|c| match c {
            TwinCell::Text(text) | TwinCell::Datum { text, .. } => text.as_str(),
        })
        .collect();
    assert_eq!(row, ["−1", "reference", "", ""]);
}

#[test]
fn zeros_that_have_no_place_are_counted_and_said() {
    let fitted = [1.0, 10.0, 100.0, 0.0, f64::NAN];
    let observed = [2.0, 0.0, 100.0, 0.0, 5.0];
    let figure = fitted_observed(&FittedOptions::default(), &fitted, &observed).unwrap();
    let said = "Not drawable on logarithmic axes, of 5 rows: 1 (observed zero), 1 (fitted zero), \
                1 (no data).";
    assert_eq!(figure.notes, [said]);
    assert!(figure.alt.ends_with(said), "{}", figure.alt);
    assert_eq!(figure.table.rows.len(), 5);
}

/// As many rows as a large panel of pairs.
#[test]
fn many_rows_make_a_small_picture() {
    let (fitted, observed) = pairs(1_600_000);
    let figure = fitted_observed(&FittedOptions::default(), &fitted, &observed).unwrap();
    assert!(figure.svg.len() < 60_000, "{}", figure.svg.len());
    assert!(figure.narrow.len() < 60_000, "{}", figure.narrow.len());
    assert!(figure.notes[0].contains("533,334 (observed zero)"), "{}", figure.notes[0]);
}

/// The picture as text. After a change that was meant, write it anew with `UPDATE_SNAPSHOTS=1`.
#[test]
fn snapshot_of_a_small_chart() {
    let options = BarOptions { common: Common::new("Turnover", "USD bn", 1), ..Default::default() };
    let bars = [
        Bar { highlight: true, ..Datum::new("Минск & co", 45.8, "turnover-2022").into() },
        Datum::new("2021", 40.0, "turnover-2021").into(),
        Datum::missing("2012", "turnover-2012").into(),
    ];
    let drawn = bar(&options, &bars).unwrap().svg.replace("><", ">\n<") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/bar.svg");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert_eq!(drawn, kept, "the drawing changed; if that was meant, set UPDATE_SNAPSHOTS=1");
}
