//! Writes a page with every kind of figure: `cargo run -p emporion-plot --example gallery > gallery.html`.
//!
//! The numbers are invented, of the size that the kinds of figure meet in use.

use emporion_plot::{
    Axis, Bar, BarOptions, ChoroplethOptions, CoefficientOptions, CoefficientRow, Common, Datum,
    DumbbellOptions, DumbbellRow, EventPoint, EventSeries, EventStudyOptions, Figure,
    FittedOptions, Flow, FlowMapOptions, Focus, LatLon, Layer, LineOptions, Marker, MarkerKind,
    PlaceDatum, PlotError, Point, PointOfView, Ranged, STYLE, ScatterOptions, ScatterPoint, Series,
    SeriesKind, XKind, bar, choropleth, coefficients, dumbbell, escape, event_study,
    fitted_observed, flow_map, line, scatter,
};

fn main() -> Result<(), PlotError> {
    let figures = [
        years()?,
        elbow()?,
        ranked()?,
        changes()?,
        points()?,
        sources()?,
        one_model()?,
        three_models()?,
        study(false)?,
        study(true)?,
        few_fitted()?,
        many_fitted()?,
        world()?,
        gains()?,
        europe()?,
        regions()?,
        arcs()?,
        sites()?,
        west()?,
    ];
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Gallery</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}\
         body{{margin:16px auto;max-width:720px;padding:0 16px;background:var(--plot-paper);\
         color:var(--plot-ink);font:15px/1.5 Helvetica,Arial,sans-serif}}figure{{margin:0 0 56px}}\
         figcaption{{margin-top:8px}}table{{border-collapse:collapse;font-size:13px}}\
         td,th{{padding:2px 12px 2px 0;text-align:left}}details{{margin-top:6px}}</style>"
    );
    for figure in &figures {
        page.push_str(&format!("<figure>{}{}</figure>", figure.html(), table(figure)));
    }
    println!("{page}</html>");
    Ok(())
}

fn table(figure: &Figure) -> String {
    let head: String =
        figure.table.header.iter().map(|h| format!("<th>{}</th>", escape(h))).collect();
    let cell = |c: &emporion_plot::TwinCell| match c {
        emporion_plot::TwinCell::Text(text) => format!("<td>{}</td>", escape(text)),
        emporion_plot::TwinCell::Datum { text, .. } => format!("<td>{}</td>", escape(text)),
    };
    let rows: String = figure
        .table
        .rows
        .iter()
        .map(|row| format!("<tr>{}</tr>", row.iter().map(cell).collect::<String>()))
        .collect();
    format!("<details><summary>Table</summary><table><tr>{head}</tr>{rows}</table></details>")
}

fn series(label: &str, kind: SeriesKind, points: &[(i32, Option<f64>)]) -> Series {
    let point = |(year, value): &(i32, Option<f64>)| Point {
        x: f64::from(*year),
        datum: Datum { value: *value, id: format!("{label}-{year}"), ..Datum::default() },
        ..Point::default()
    };
    Series {
        label: label.into(),
        points: points.iter().map(point).collect(),
        kind,
        emphasis: false,
    }
}

fn years() -> Result<Figure, PlotError> {
    let own = [
        (2011, Some(38.6)),
        (2012, None),
        (2017, Some(32.4)),
        (2018, Some(35.6)),
        (2019, Some(35.7)),
        (2020, Some(29.5)),
        (2021, Some(40.0)),
        (2022, Some(45.8)),
    ];
    let mut side = series("Exporter's books", SeriesKind::Line, &own);
    side.emphasis = true;
    let other = [(2021, Some(38.5)), (2022, Some(43.4))];
    let wider = [(2022, Some(50.0))];
    line(
        &LineOptions {
            common: Common::new("Turnover of two economies", "USD bn, current prices, goods", 1),
            ..Default::default()
        },
        &[
            side,
            series("Partner's books", SeriesKind::Filled, &other),
            series("With services", SeriesKind::Open, &wider),
        ],
    )
}

fn elbow() -> Result<Figure, PlotError> {
    let cost = |p: i32| 1900.0 / f64::from(p).powf(0.62);
    let curve: Vec<Point> = (1..=14)
        .map(|p| Point {
            x: f64::from(p),
            datum: Datum::new("", cost(p), format!("p{p}")),
            low: Some(cost(p) * 0.93),
            high: Some(cost(p) * 1.04),
        })
        .collect();
    let bound: Vec<(i32, Option<f64>)> = (1..=14).map(|p| (p, Some(cost(p) * 0.9))).collect();
    let best = Series { label: "Best found".into(), points: curve, ..Series::default() };
    line(
        &LineOptions {
            common: Common::new("Mean distance to the nearest centre", "km, weighted by demand", 0),
            x_kind: XKind::Number,
            x_label: "number of centres".into(),
            ..Default::default()
        },
        &[best, series("Proven bound", SeriesKind::Line, &bound)],
    )
}

fn ranked() -> Result<Figure, PlotError> {
    let rows = [
        ("Moscow Oblast", 8100.0),
        ("Tyumen Oblast", 3700.0),
        ("Smolensk Oblast", 3148.0),
        ("Saint Petersburg", 1743.0),
        ("Bryansk Oblast", 921.0),
        ("Leningrad Oblast", 837.0),
        ("Tatarstan", 800.0),
        ("Khanty-Mansi Autonomous Okrug – Yugra, with all of its districts", 12.0),
    ];
    let mut bars: Vec<Bar> = rows.map(|(l, v)| Bar::from(Datum::new(l, v, l))).to_vec();
    bars[2].highlight = true;
    bars.push(Datum::missing("Moscow", "none").into());
    bar(
        &BarOptions {
            common: Common::new("Turnover by region", "USD mn, 2022 or the nearest year", 0),
            ..Default::default()
        },
        &bars,
    )
}

fn changes() -> Result<Figure, PlotError> {
    let rows = [
        ("Brazil", 0.42, 0.31, 0.55),
        ("Paraguay", 0.38, 0.2, 0.5),
        ("Germany", 0.09, 0.05, 0.13),
        ("United States", -0.02, -0.03, -0.01),
        ("Chile", -0.11, -0.18, -0.06),
    ];
    let bars: Vec<Bar> = rows
        .iter()
        .map(|(label, value, low, high)| Bar {
            datum: Datum::new(*label, *value, *label),
            low: Some(*low),
            high: Some(*high),
            highlight: *label == "Brazil",
        })
        .collect();
    bar(
        &BarOptions {
            common: Common::new("Change of real income", "per cent, 90 % interval", 2),
            ..Default::default()
        },
        &bars,
    )
}

/// Invented but fixed figures, spread over some orders of magnitude.
fn invented(i: usize) -> f64 {
    let t = (i as f64 * 0.618_034).fract();
    (t * 7.0).exp()
}

fn points() -> Result<Figure, PlotError> {
    let names = [
        "Belarus",
        "Germany",
        "China",
        "Kazakhstan",
        "Poland",
        "Brazil",
        "India",
        "France",
        "Japan",
        "Viet Nam",
        "Chile",
        "Norway",
        "Türkiye",
        "Mexico",
        "Kenya",
        "Iceland",
        "Cambodia",
        "Peru",
        "Morocco",
        "Egypt",
        "Latvia",
        "Malta",
        "Italy",
        "Spain",
        "Austria",
        "Ukraine",
        "Israel",
    ];
    let all: Vec<ScatterPoint> = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let distance = 300.0 + 14_000.0 * (i as f64 * 0.381_966).fract();
            let trade = 9e6 / distance.powf(1.0) * invented(i) / 40.0;
            ScatterPoint {
                x: Datum::new(*name, distance, format!("d{i}")),
                y: Datum::new(*name, trade, format!("t{i}")),
                highlight: *name == "Kazakhstan",
            }
        })
        .collect();
    scatter(
        &ScatterOptions {
            common: Common::new("Trade falls with distance", "", 1),
            x: Axis { label: "distance, km".into(), log: true, decimals: 0 },
            y: Axis { label: "trade, USD mn".into(), log: true, decimals: 0 },
            fit: vec![(300.0, 60_000.0), (14_000.0, 2_000.0)],
            fit_label: "slope −0.89".into(),
            label_header: "economy".into(),
        },
        &all,
    )
}

fn sources() -> Result<Figure, PlotError> {
    let d = |v: Option<f64>, id: &str| Datum { value: v, id: id.into(), ..Datum::default() };
    let row = |label: &str, a: Option<f64>, b: Option<f64>| DumbbellRow {
        label: label.into(),
        points: vec![d(a, "a"), d(b, "b")],
    };
    dumbbell(
        &DumbbellOptions {
            common: Common::new("Growth of one year on two books", "per cent", 0),
            points: vec!["Exporter's statistics".into(), "Partner's statistics".into()],
            ..Default::default()
        },
        &[
            row("Kaluga Oblast", Some(-6.0), Some(40.0)),
            row("Krasnodar Krai", Some(60.0), Some(52.0)),
            row("Bashkortostan", Some(-16.0), Some(13.0)),
            row("Bryansk Oblast", Some(12.0), None),
            row("Moscow", None, None),
        ],
    )
}

fn ranged(value: Option<f64>, error: f64, id: &str) -> Ranged {
    let datum = Datum { value, id: id.into(), ..Datum::default() };
    Ranged { datum, low: value.map(|v| v - 1.96 * error), high: value.map(|v| v + 1.96 * error) }
}

fn one_model() -> Result<Figure, PlotError> {
    let rows = [
        ("log(distance)", -0.751, 0.037),
        ("contiguity", 0.312, 0.081),
        ("both members of the customs union of the region", 0.046, 0.12),
        ("border", -2.41, 0.09),
    ];
    let rows = rows.map(|(label, value, error)| CoefficientRow {
        label: label.into(),
        estimates: vec![ranged(Some(value), error, label)],
    });
    let common = Common::new("What goes with trade", "coefficient, 95 % interval", 2);
    coefficients(&CoefficientOptions { common, sort: true, ..Default::default() }, &rows)
}

fn three_models() -> Result<Figure, PlotError> {
    let rows = [
        ("log(distance)", [Some(-0.751), Some(-0.65), Some(-0.9)]),
        ("contiguity", [Some(0.312), Some(0.4), Some(0.2)]),
        ("agreement", [Some(0.557), None, Some(0.18)]),
        ("border", [Some(-1.41), None, None]),
    ];
    let rows = rows.map(|(label, values)| CoefficientRow {
        label: label.into(),
        estimates: values.map(|v| ranged(v, 0.08, label)).to_vec(),
    });
    let options = CoefficientOptions {
        common: Common::new("Three models", "coefficient, 95 % interval", 2),
        models: ["PPML, domestic flows", "PPML", "Least squares"].map(String::from).to_vec(),
        ..Default::default()
    };
    coefficients(&options, &rows)
}

fn study(band: bool) -> Result<Figure, PlotError> {
    let points = |height: f64| -> Vec<EventPoint> {
        (-5..=8)
            .filter(|t| *t != -1)
            .map(|t| EventPoint {
                time: f64::from(t),
                estimate: ranged(
                    Some(if t < 0 {
                        0.02 * f64::from(t % 2)
                    } else {
                        height * f64::from(t + 1).sqrt()
                    }),
                    0.04 + 0.006 * f64::from(t).abs(),
                    &format!("t{t}"),
                ),
            })
            .collect()
    };
    let mut series = vec![EventSeries { label: "with pair effects".into(), points: points(0.11) }];
    if !band {
        series.push(EventSeries { label: "without".into(), points: points(0.19) });
    }
    let options = EventStudyOptions {
        common: Common::new("Trade around an agreement", "log points, 95 % interval", 2),
        x_label: "years since entry into force".into(),
        reference: Some(-1.0),
        band,
        ..Default::default()
    };
    event_study(&options, &series)
}

fn fitted(title: &str, n: usize) -> Result<Figure, PlotError> {
    // Two uniform figures make one roughly normal one.
    let part = |i: usize, step: f64| (i as f64 * step).fract();
    let shock = |i| part(i, 0.618_034) + part(i, 0.414_214) + part(i, 0.732_051) - 1.5;
    let mu = |i: usize| (6.0 + 3.4 * shock(i * 7 + 3) + 5.0 * (part(i, 0.236_068) - 0.5)).exp();
    let observed = |i: usize| match mu(i) * (2.2 * shock(i)).exp() {
        y if y < 8.0 && i.is_multiple_of(2) => 0.0,
        y => y,
    };
    let (fitted, seen): (Vec<f64>, Vec<f64>) = (0..n).map(|i| (mu(i), observed(i))).unzip();
    let options = FittedOptions {
        common: Common::new(title, "USD mn", 1),
        rows_label: "pairs".into(),
        ..Default::default()
    };
    fitted_observed(&options, &fitted, &seen)
}

fn few_fitted() -> Result<Figure, PlotError> {
    fitted("Fitted and observed, few pairs", 300)
}

fn many_fitted() -> Result<Figure, PlotError> {
    fitted("Fitted and observed, many pairs", 200_000)
}

fn world() -> Result<Figure, PlotError> {
    let mut data: Vec<PlaceDatum> = Layer::World
        .places()?
        .into_iter()
        .enumerate()
        .filter(|(i, id)| i % 3 != 0 || ["SGP", "HKG", "MLT", "RUS"].contains(&id.as_str()))
        .map(|(i, id)| PlaceDatum {
            datum: Datum {
                label: id.clone(),
                value: (i % 11 != 4).then(|| invented(i)),
                id: id.clone(),
                note: String::new(),
            },
            place: id,
        })
        .collect();
    data.push(PlaceDatum { place: "XYZ".into(), datum: Datum::new("Atlantis", 1.0, "x") });
    choropleth(
        &ChoroplethOptions {
            common: Common::new("Trade potential that is not used", "USD per head", 0),
            ..Default::default()
        },
        &data,
    )
}

fn gains() -> Result<Figure, PlotError> {
    let data: Vec<PlaceDatum> = Layer::World
        .places()?
        .into_iter()
        .enumerate()
        .map(|(i, id)| PlaceDatum {
            datum: Datum::new(id.clone(), (i as f64 * 0.618).fract() * 3.0 - 1.2, id.clone()),
            place: id,
        })
        .collect();
    choropleth(
        &ChoroplethOptions {
            common: Common::new("Gains and losses", "change of real income, per cent", 1),
            pivot: Some(0.0),
            view: PointOfView::Iso3166,
            ..Default::default()
        },
        &data,
    )
}

fn europe() -> Result<Figure, PlotError> {
    let data: Vec<PlaceDatum> = Layer::World
        .places()?
        .into_iter()
        .enumerate()
        .map(|(i, id)| PlaceDatum {
            datum: Datum::new(id.clone(), invented(i) / 10.0, id.clone()),
            place: id,
        })
        .collect();
    choropleth(
        &ChoroplethOptions {
            common: Common::new("A part of the world layer", "index", 1),
            focus: Some(Focus { south: 35.0, west: -11.0, north: 62.0, east: 45.0 }),
            label_largest: 8,
            ..Default::default()
        },
        &data,
    )
}

fn regions() -> Result<Figure, PlotError> {
    let data: Vec<PlaceDatum> = Layer::EastEurope
        .places()?
        .into_iter()
        .enumerate()
        .filter(|(i, _)| i % 5 != 3)
        .map(|(i, id)| PlaceDatum {
            datum: Datum {
                label: id.clone(),
                value: (i % 7 != 2).then(|| invented(i) / 10.0),
                id: id.clone(),
                note: String::new(),
            },
            place: id,
        })
        .collect();
    choropleth(
        &ChoroplethOptions {
            common: Common::new("Share of one partner in turnover", "per cent", 1),
            layer: Layer::EastEurope,
            breaks: vec![1.0, 5.0, 20.0],
            ..Default::default()
        },
        &data,
    )
}

fn arcs() -> Result<Figure, PlotError> {
    let minsk = LatLon { lat: 53.9, lon: 27.57 };
    let ends = [
        ("Russia", 55.75, 37.62, 10_100.0),
        ("China", 39.9, 116.4, 2300.0),
        ("Germany", 52.52, 13.4, 1900.0),
        ("Brazil", -15.8, -47.9, 1200.0),
        ("United States", 38.9, -77.0, 700.0),
        ("India", 28.6, 77.2, 500.0),
        ("Kazakhstan", 51.2, 71.4, 800.0),
        ("Australia", -35.3, 149.1, 90.0),
        ("South Africa", -25.7, 28.2, 60.0),
    ];
    let flows: Vec<Flow> = ends
        .iter()
        .map(|(name, lat, lon, value)| Flow {
            from: minsk,
            to: LatLon { lat: *lat, lon: *lon },
            datum: Datum::new(format!("Belarus → {name}"), *value, *name),
            end_label: (*name).into(),
            highlight: *name == "Brazil",
        })
        .collect();
    flow_map(
        &FlowMapOptions {
            common: Common::new("Exports by destination", "USD mn", 0),
            ..Default::default()
        },
        &flows,
        &[],
    )
}

const SEATS: [(&str, f64, f64, f64); 16] = [
    ("Moscow", 55.75, 37.62, 8100.0),
    ("St Petersburg", 59.94, 30.31, 1743.0),
    ("Smolensk", 54.78, 32.05, 3148.0),
    ("Bryansk", 53.27, 34.32, 921.0),
    ("Kaluga", 54.53, 36.27, 654.0),
    ("Nizhny Novgorod", 56.33, 44.0, 733.0),
    ("Kazan", 55.79, 49.12, 800.0),
    ("Ufa", 54.74, 55.97, 320.0),
    ("Yekaterinburg", 56.86, 60.62, 472.0),
    ("Tyumen", 57.15, 65.53, 3700.0),
    ("Novosibirsk", 55.02, 82.93, 500.0),
    ("Krasnoyarsk", 56.04, 92.94, 234.0),
    ("Rostov-on-Don", 47.22, 39.71, 420.0),
    ("Kaliningrad", 54.71, 20.51, 360.0),
    ("Murmansk", 68.97, 33.1, 40.0),
    ("Vladivostok", 43.11, 131.87, 48.0),
];

fn seat_flows() -> Vec<Flow> {
    SEATS
        .iter()
        .map(|(name, lat, lon, value)| Flow {
            from: LatLon { lat: 53.9, lon: 27.57 },
            to: LatLon { lat: *lat, lon: *lon },
            datum: Datum::new(format!("Belarus ↔ {name}"), *value, *name),
            end_label: (*name).into(),
            highlight: false,
        })
        .collect()
}

fn sites() -> Result<Figure, PlotError> {
    let markers: Vec<Marker> = SEATS
        .iter()
        .enumerate()
        .map(|(i, (name, lat, lon, _))| Marker {
            at: LatLon { lat: *lat, lon: *lon },
            label: (*name).into(),
            kind: match i {
                12 => MarkerKind::Chosen,
                0 | 1 | 2 | 6 | 8 | 10 | 11 | 15 => MarkerKind::Existing,
                _ => MarkerKind::Candidate,
            },
            id: format!("m{i}"),
            note: String::new(),
        })
        .collect();
    flow_map(
        &FlowMapOptions {
            common: Common::new("Where the next centre would stand", "", 0),
            layer: Layer::EastEurope,
            ..Default::default()
        },
        &[],
        &markers,
    )
}

fn west() -> Result<Figure, PlotError> {
    let flows = seat_flows();
    let near: Vec<LatLon> = flows.iter().take(10).map(|f| f.to).chain([flows[12].to]).collect();
    flow_map(
        &FlowMapOptions {
            common: Common::new("Turnover by region, western part", "USD mn", 0),
            layer: Layer::EastEurope,
            focus: Focus::around(&near),
            ..Default::default()
        },
        &flows,
        &[Marker {
            at: LatLon { lat: 53.9, lon: 27.57 },
            label: "Minsk".into(),
            kind: MarkerKind::Origin,
            ..Marker::default()
        }],
    )
}
