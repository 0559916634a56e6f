//! Regression tables: every format by hand, names that try to break out, notes, refusals.

use emporion_brief::regression::{
    Below, Format, Model, Options, Stars, Statistic, Table, TableError,
};
use emporion_model::estimate::design::{Design, Regressor};
use emporion_model::estimate::{Collinear, Dropped, Family, Fit, Options as FitOptions, ols};
use emporion_model::outcome::Status;

const NASTY: &str = "a_b & 5% $x$ #{1} ~^\\ <b> \"q\" `c` [d]*|Минск";

/// A fit with these coefficients and errors; p-values are given, so that stars are by hand.
fn fit(family: Family, terms: &[(&str, f64, f64, f64)]) -> Fit {
    // Any fit will do: what the table reads is set below.
    let x = Regressor { name: "x".into(), values: vec![0.0, 1.0, 2.0, 3.0] };
    let y = vec![1.0, 2.0, 2.0, 4.0];
    let design = Design { outcome: "trade".into(), y, x: vec![x], ..Design::default() };
    let mut fit = ols(&design, &FitOptions::default()).unwrap();
    fit.family = family;
    fit.names = terms.iter().map(|t| t.0.to_owned()).collect();
    fit.coefficients = terms.iter().map(|t| t.1).collect();
    fit.standard_errors = terms.iter().map(|t| t.2).collect();
    fit.statistics = terms.iter().map(|t| t.1 / t.2).collect();
    fit.p_values = terms.iter().map(|t| t.3).collect();
    fit.degrees_of_freedom = None;
    fit.convention = "robust, Stata ppmlhdfe factor".into();
    fit.effects = vec![("origin".into(), 80), ("destination".into(), 79)];
    (fit.n_input, fit.n_used) = (6400, 6320);
    fit.dropped = Dropped { separated_by_effects: 79, singletons: 1, ..Dropped::default() };
    fit.collinear.clear();
    fit.clusters.clear();
    fit.notes.clear();
    (fit.r_squared, fit.log_likelihood, fit.deviance) = (0.98765, -1234.56, 2e9);
    fit
}

fn two() -> (Fit, Fit) {
    let with = fit(
        Family::Poisson,
        &[("log(distance)", -0.7512, 0.0371, 1e-9), ("border", -2.5, 1.25, 0.0455)],
    );
    let mut without = fit(Family::Poisson, &[("log(distance)", -0.65, 0.04, 0.2)]);
    without.collinear =
        vec![Collinear { name: "border".into(), with: vec!["origin".into()], remaining: 0.0 }];
    without.effects.truncate(1);
    (with, without)
}

fn table(change: impl FnOnce(&mut Options)) -> Table {
    let (with, without) = two();
    let mut options = Options { title: "Trade".into(), notes: false, ..Options::default() };
    change(&mut options);
    Table::new(&[Model::new("with", &with), Model::new("", &without)], &options).unwrap()
}

#[test]
fn text_by_hand() {
    let text = table(|o| o.stars = Stars::Fixest).write(Format::Text);
    let expected = "\
Trade
=================================
Outcome              trade
               ------------------
                 with
                  (1)        (2)
---------------------------------
log(distance)  −0.751***  −0.650
               (0.037)    (0.040)
border         −2.500**        –
               (1.250)
---------------------------------
Fixed effects
  origin          Yes        Yes
  destination     Yes          –
---------------------------------
Observations    6,320      6,320
Pseudo R²       0.988      0.988
=================================
";
    assert_eq!(text, expected, "\n{text}");
    let ascii = table(|o| o.unicode = false).write(Format::Text);
    assert!(ascii.is_ascii() && ascii.contains("-0.751") && ascii.contains("Pseudo R2"), "{ascii}");
}

#[test]
fn markdown_by_hand() {
    let text = table(|o| o.stars = Stars::Levels(vec![0.05])).write(Format::Markdown);
    let expected = "\
**Trade**

|  | (1) | (2) |
|:--|--:|--:|
| Outcome | trade | trade |
|  | with |  |
| log(distance) | −0.751\\* | −0.650 |
|  | (0.037) | (0.040) |
| border | −2.500\\* | – |
|  | (1.250) |  |
| *Fixed effects* |  |  |
| origin | Yes | Yes |
| destination | Yes | – |
| Observations | 6,320 | 6,320 |
| Pseudo R² | 0.988 | 0.988 |
";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn latex_by_hand() {
    let text = table(|o| {
        o.stars = Stars::Esttab;
        o.label = "tab:trade".into();
    })
    .write(Format::Latex);
    let expected = "\
% needs booktabs
\\begin{table}[htbp]
\\centering
\\caption{Trade}
\\label{tab:trade}
\\begin{tabular}{lcc}
\\toprule
Outcome & \\multicolumn{2}{c}{trade} \\\\
\\cmidrule(lr){2-3}
 & \\multicolumn{1}{c}{with} & \\multicolumn{1}{c}{} \\\\
 & \\multicolumn{1}{c}{(1)} & \\multicolumn{1}{c}{(2)} \\\\
\\midrule
log(distance) & $-0.751^{***}$ & $-0.650$ \\\\
 & $(0.037)$ & $(0.040)$ \\\\
border & $-2.500^{*}$ & -- \\\\
 & $(1.250)$ & \\\\
\\midrule
\\emph{Fixed effects} &  & \\\\
\\quad origin & Yes & Yes \\\\
\\quad destination & Yes & -- \\\\
\\midrule
Observations & $6{,}320$ & $6{,}320$ \\\\
Pseudo R$^2$ & $0.988$ & $0.988$ \\\\
\\bottomrule
\\end{tabular}
\\end{table}
";
    assert_eq!(text, expected, "\n{text}");
    let large = fit(Family::Gaussian, &[("x", 1.2e10, 1e-5, 0.0)]);
    let options = Options { stars: Stars::Fixest, ..Options::default() };
    let latex = Table::new(&[Model::new("", &large)], &options).unwrap().write(Format::Latex);
    // Stars above a power need braces around it.
    assert!(latex.contains("x & ${1.200 \\times 10^{10}}^{***}$ \\\\"), "{latex}");
    assert!(latex.contains(" & $({1.0 \\times 10^{-5}})$ \\\\"), "{latex}");
    let aligned = table(|o| o.siunitx = true).write(Format::Latex);
    assert!(aligned.contains("log(distance) & -0.751 & -0.650 \\\\"), "{aligned}");
    assert!(aligned.contains("origin & {Yes} & {Yes} \\\\"), "{aligned}");
    assert!(aligned.contains("Observations & {$6{,}320$}"), "{aligned}");
}

#[test]
fn html_by_hand() {
    let text = table(|o| {
        o.keep = vec!["log(*)".into()];
        o.effects = false;
        o.stars = Stars::Fixest;
        o.groups = vec![("Sample".into(), 2)];
    })
    .write(Format::Html);
    let expected = "\
<table class=\"regression\">
<caption>Trade</caption>
<thead>
<tr><td></td><th scope=\"colgroup\" colspan=\"2\">Sample</th></tr>
<tr><th scope=\"row\">Outcome</th><th scope=\"colgroup\" colspan=\"2\">trade</th></tr>
<tr><td></td><th scope=\"col\">with</th><td></td></tr>
<tr><td></td><th scope=\"col\">(1)</th><th scope=\"col\">(2)</th></tr>
</thead>
<tbody>
<tr><th scope=\"row\" rowspan=\"2\">log(distance)</th><td>−0.751<sup>***</sup></td><td>−0.650</td></tr>
<tr class=\"below\"><td>(0.037)</td><td>(0.040)</td></tr>
</tbody>
<tbody>
<tr><th scope=\"row\">Observations</th><td>6,320</td><td>6,320</td></tr>
<tr><th scope=\"row\">Pseudo R²</th><td>0.988</td><td>0.988</td></tr>
</tbody>
</table>
";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn typst_by_hand() {
    let text = table(|o| {
        o.drop = vec!["border".into()];
        o.effects = false;
        o.stars = Stars::Fixest;
        o.own_notes = vec!["A \"note\".".into()];
        o.label = "tab:trade".into();
    })
    .write(Format::Typst);
    let expected = "\
#figure(
  kind: table,
  caption: \"Trade\",
  block[
    #table(
      columns: 3,
      stroke: none,
      align: (left,) + (right,) * 2,
      table.hline(),
      table.header(
        \"Outcome\", table.cell(colspan: 2, align: center, \"trade\"), table.hline(start: 1, end: 3, stroke: 0.4pt),
        \"\", \"with\", \"\",
        \"\", \"(1)\", \"(2)\",
      ),
      table.hline(stroke: 0.5pt),
      \"log(distance)\", \"−0.751***\", \"−0.650\",
      \"\", \"(0.037)\", \"(0.040)\",
      table.hline(stroke: 0.5pt),
      \"Observations\", \"6,320\", \"6,320\",
      \"Pseudo R²\", \"0.988\", \"0.988\",
      table.hline(),
    )
  ],
) <tab:trade>
";
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn csv_and_json_read_back_with_all_digits() {
    let (with, without) = two();
    let table = table(|_| ());
    let intervals = with.intervals(0.95);

    let tidy = table.write(Format::Tidy);
    let mut reader = csv::Reader::from_reader(tidy.as_bytes());
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    for (at, row) in rows[..2].iter().enumerate() {
        let number = |name: &str| row[name].parse::<f64>().unwrap();
        assert_eq!(number("coefficient"), with.coefficients[at]);
        assert_eq!(number("standard_error"), with.standard_errors[at]);
        assert_eq!(number("statistic"), with.statistics[at]);
        assert_eq!(number("p_value"), with.p_values[at]);
        assert_eq!((number("low"), number("high")), intervals[at]);
    }
    assert_eq!((&*rows[3]["state"], &*rows[3]["coefficient"]), ("not identified", ""));

    let wide = table.write(Format::Csv);
    let mut reader = csv::Reader::from_reader(wide.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["row", "quantity", "(1) with", "(2)"]);
    let found: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row = |name: &str, quantity: &str| {
        found.iter().find(|r| &r[0] == name && &r[1] == quantity).unwrap()
    };
    let error = row("log(distance)", "standard_error");
    assert_eq!(error[3].parse::<f64>().unwrap(), without.standard_errors[0]);
    assert_eq!(&row("border", "coefficient")[3], "not identified");
    assert_eq!(&row("destination", "effect")[3], "no");

    let json: serde_json::Value = serde_json::from_str(&table.write(Format::Json)).unwrap();
    let estimate = &json["terms"][0]["slots"][0]["estimate"];
    assert_eq!(estimate["coefficient"].as_f64(), Some(with.coefficients[0]));
    assert_eq!(estimate["p_value"].as_f64(), Some(with.p_values[0]));
    assert_eq!(json["terms"][1]["slots"][1]["not_identified"][0], "origin");
    assert_eq!(json["columns"][0]["convention"], "robust, Stata ppmlhdfe factor");
}

#[test]
fn stars_are_off_by_default_and_their_levels_have_names() {
    let plain = table(|_| ());
    for (format, star) in [
        (Format::Text, "*"),
        (Format::Markdown, "\\*"),
        (Format::Latex, "^{*"),
        (Format::Html, "<sup>"),
        (Format::Typst, "0*"),
    ] {
        assert!(!plain.write(format).contains(star), "{format:?}");
    }
    assert_eq!(Stars::Fixest.levels(), [0.1, 0.05, 0.01]);
    assert_eq!(Stars::Esttab.levels(), [0.05, 0.01, 0.001]);
    assert_eq!(Stars::parse("stata"), Some(Stars::Esttab));
    let starred = table(|o| (o.stars, o.notes) = (Stars::Esttab, true));
    let last = starred.notes.last().unwrap();
    assert_eq!(last, "* p < 0.05, ** p < 0.01, *** p < 0.001 (levels of esttab).");
}

#[test]
fn notes_say_what_the_numbers_rest_on() {
    let (with, mut without) = two();
    without.convention = "cluster by pair, fixest factor".into();
    without.clusters = vec![("pair".into(), 3160)];
    let mut second = Model::new("", &without);
    second.notes = vec!["80 rows without distance are left out".into()];
    let table = Table::new(&[Model::new("", &with), second], &Options::default()).unwrap();
    let expected = [
        "Standard errors in parentheses: (1): robust, Stata ppmlhdfe factor; (2): cluster by pair, \
         fixest factor (clusters: pair 3,160).",
        "Poisson pseudo-maximum likelihood.",
        "6,320 of 6,400 rows are used; left out: 79 in levels of an effect whose outcomes are all \
         zero, 1 alone in a level of an effect.",
        "(1): Levels of effects: origin 80, destination 79.",
        "(2): Levels of effects: origin 80.",
        "(2): Not identified: border (reproduced by origin).",
        "(2): 80 rows without distance are left out.",
    ];
    assert_eq!(table.notes, expected, "{:#?}", table.notes);
}

#[test]
fn a_fit_that_did_not_converge_says_so_first() {
    let (mut with, _) = two();
    with.status = Status::MaxIterations;
    let table = Table::new(&[Model::new("", &with)], &Options::default()).unwrap();
    assert!(table.notes[0].starts_with("NOT CONVERGED"), "{:?}", table.notes);
}

#[test]
fn nasty_names_stay_names() {
    let nasty = fit(Family::Gaussian, &[(NASTY, 1.0, 0.5, 0.04)]);
    let mut model = Model::new(NASTY, &nasty);
    model.rows = vec![(NASTY.into(), NASTY.into())];
    let options = Options {
        title: NASTY.into(),
        label: NASTY.into(),
        groups: vec![(NASTY.into(), 1)],
        ..Options::default()
    };
    let table = Table::new(&[model], &options).unwrap();

    let latex = table.write(Format::Latex);
    let escaped = "a\\_b \\& 5\\% \\$x\\$ \\#\\{1\\} \\textasciitilde{}\\textasciicircum{}\
                   \\textbackslash{} \\textless{}b\\textgreater{} ''q'' \
                   \\textasciigrave{}c\\textasciigrave{} [d]*\\textbar{}Минск";
    assert_eq!(latex.matches(escaped).count(), 6, "{latex}");
    assert!(latex.contains("\\label{ab5x1<b>\"q\"`c`[d]*|Минск}"), "{latex}");

    let html = table.write(Format::Html);
    assert!(!html.contains("<b>"), "{html}");
    assert_eq!(html.matches("&lt;b&gt; &quot;q&quot;").count(), 6, "{html}");

    let markdown = table.write(Format::Markdown);
    let line = "a\\_b \\& 5% \\$x\\$ \\#{1} \\~\\^\\\\ \\<b\\> \"q\" \\`c\\` \\[d\\]\\*\\|Минск";
    assert_eq!(markdown.matches(line).count(), 6, "{markdown}");

    let typst = table.write(Format::Typst);
    let string = "\"a_b & 5% $x$ #{1} ~^\\\\ <b> \\\"q\\\" `c` [d]*|Минск\"";
    assert_eq!(typst.matches(string).count(), 6, "{typst}");

    let csv = table.write(Format::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(&reader.headers().unwrap()[2], format!("(1) {NASTY}"));
    assert!(reader.records().any(|row| &row.unwrap()[0] == NASTY));

    let text = table.write(Format::Text);
    assert_eq!(text.matches(NASTY).count(), 6, "{text}");
}

#[test]
fn terms_are_kept_dropped_ordered_and_renamed_by_pattern() {
    let labels = |change: fn(&mut Options)| -> Vec<String> {
        table(change).terms.iter().map(|t| t.label.clone()).collect()
    };
    assert_eq!(labels(|o| o.keep = vec!["bor*".into()]), ["border"]);
    assert_eq!(labels(|o| o.drop = vec!["log(*".into()]), ["border"]);
    assert_eq!(labels(|o| o.order = vec!["border".into()]), ["border", "log(distance)"]);
    let renamed = labels(|o| o.rename = vec![("log(*)".into(), "ln *".into())]);
    assert_eq!(renamed, ["ln distance", "border"]);
    let table = table(|o| o.rename = vec![("origin".into(), "Exporter".into())]);
    assert_eq!(table.effects[0].0, "Exporter");
}

#[test]
fn what_stands_below_can_be_chosen() {
    let line = |below: Below| {
        let text = table(|o| o.below = below).write(Format::Markdown);
        text.lines().skip_while(|l| !l.contains("border")).nth(1).unwrap().to_owned()
    };
    assert_eq!(line(Below::Statistics), "|  | (−2.00) |  |");
    assert_eq!(line(Below::PValues), "|  | (0.045) |  |");
    assert_eq!(line(Below::Intervals), "|  | \\[−4.950, −0.050\\] |  |");
    assert!(line(Below::Nothing).contains("Fixed effects"));
}

#[test]
fn significant_digits_keep_one_number_of_decimals_down_a_column() {
    let text = table(|o| (o.digits, o.significant) = (2, true)).write(Format::Markdown);
    // The smallest error of (1) is 0.0371, of (2) 0.04: both need three decimals for two digits.
    assert!(text.contains("| −0.751 | −0.650 |") && text.contains("| −2.500 | – |"), "{text}");
    let text = table(|o| (o.digits, o.significant) = (1, true)).write(Format::Markdown);
    assert!(text.contains("| (1.25) |") && text.contains("| −0.75 | −0.65 |"), "{text}");
}

#[test]
fn estimators_are_told_apart() {
    let (poisson, _) = two();
    let least = fit(Family::Gaussian, &[("log(distance)", -1.0, 0.1, 0.0)]);
    let mut options = Options { notes: false, ..Options::default() };
    options.statistics.extend([Statistic::Deviance, Statistic::ResidualSum]);
    let models = [Model::new("", &poisson), Model::new("", &least)];
    let text = Table::new(&models, &options).unwrap().write(Format::Markdown);
    for line in [
        "| Estimator | PPML | OLS |",
        "| Pseudo R² | 0.988 |  |",
        "| R² |  | 0.988 |",
        "| Deviance | 2.0e9 |  |",
        "| Residual sum of squares |  | 2.0e9 |",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn refusals() {
    let (with, _) = two();
    let refused = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        Table::new(&[Model::new("", &with)], &options).unwrap_err()
    };
    assert_eq!(Table::new(&[], &Options::default()), Err(TableError::NoModels));
    assert!(matches!(
        refused(|o| o.groups = vec![("a".into(), 2)]),
        TableError::Groups { spanned: 2, models: 1 }
    ));
    let pattern = refused(|o| o.keep = vec!["language".into()]);
    assert!(pattern.to_string().contains("log(distance), border"), "{pattern}");
    for change in [
        (|o| o.digits = 13) as fn(&mut Options),
        |o| (o.digits, o.significant) = (0, true),
        |o| o.level = 95.0,
        |o| o.stars = Stars::Levels(vec![5.0]),
    ] {
        assert!(matches!(refused(change), TableError::Setting { .. }));
    }
}
