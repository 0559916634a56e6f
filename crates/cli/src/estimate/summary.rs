//! One model, as a reader of Stata or R output expects it.

use emporion_brief::stages::gravity::Estimation;
use emporion_model::estimate::wild::WildMethod;
use emporion_model::estimate::{Collinear, Family};
use emporion_model::outcome::Note;
use emporion_tables::Table;

use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{self, EstimateFormat, Format};
use crate::data::Data;

use super::after::After;
use super::sample::Sample;

/// Level of the intervals.
const LEVEL: f64 = 0.95;

/// The format of a summary, where the format asked for is one.
pub fn format(asked: EstimateFormat) -> Option<Format> {
    Some(match asked {
        EstimateFormat::Table => Format::Table,
        EstimateFormat::Json => Format::Json,
        EstimateFormat::Csv => Format::Csv,
        EstimateFormat::Md => Format::Md,
        _ => return None,
    })
}

/// Everything that is known of one model.
pub fn answer(
    arguments: &args::Estimate,
    data: &Data,
    sample: &Sample,
    found: &Estimation,
    after: &After,
) -> Answer {
    let fit = &found.fitted.fit;
    let poisson = fit.family == Family::Poisson;
    let method = if poisson { "PPML" } else { "Least squares" };
    let title = format!("{method}: {}", found.formula);
    let mut answer = Answer::new("estimate", title, data.identity());
    answer.option("formula", found.formula.to_string());
    answer.option("family", word(&fit.family));
    answer.option("vcov", fit.convention.clone());
    answer.option("cluster", arguments.cluster.clone());
    answer.option("weights", arguments.weights.clone());
    answer.option("frequency", arguments.frequency.clone());
    answer.option("offset", arguments.offset.clone());
    answer.option("where", arguments.rows.conditions.clone());
    answer.option("domestic", !arguments.no_domestic);
    answer.option("keep_singletons", arguments.keep_singletons);
    answer.option("separation", !arguments.keep_separated);
    answer.option("level", LEVEL);

    answer.parts.push(coefficients(found));
    answer.parts.push(absorbed(found));
    answer.parts.push(clusters(found));
    answer.parts.push(collinear(&fit.collinear));
    answer.parts.push(tests(after));
    answer.parts.push(bootstrap(after));
    answer.parts.push(bias(found, after));
    answer.parts.push(covariance(found));
    answer.parts.push(dropped(found, &sample.table, arguments.dropped));

    let counted = arguments.frequency.is_some();
    answer.count("n", "Observations", "", Show::Whole, fit.freedom.rows);
    if counted {
        answer.count("rows_used", "Rows used", "", Show::Whole, fit.n_used);
    }
    answer.count("n_input", "Rows given", "", Show::Whole, sample.rows.len());
    let left_out = fit.dropped;
    let missing = found.prepared.notes.iter().filter(|note| MISSING.contains(&note.code));
    for (key, label, count) in [
        ("missing", "left out: a value is missing", missing.map(|note| note.count).sum()),
        ("separated_by_effects", "left out: level with zeros only", left_out.separated_by_effects),
        ("separated_by_regressors", "left out: separated", left_out.separated_by_regressors),
        ("singletons", "left out: alone in a level", left_out.singletons),
        ("zero_weight", "left out: weight zero", left_out.zero_weight),
    ] {
        answer.count_if_any(key, label, count);
    }
    for (key, label, text) in [
        ("weighted_by", "Weights", arguments.weights.clone()),
        ("counted_by", "Frequencies", arguments.frequency.clone()),
        (
            "offset_by",
            "Offset",
            arguments.offset.clone().or(found.formula.offset.as_ref().map(ToString::to_string)),
        ),
    ] {
        if let Some(text) = text {
            answer.say(key, label, text);
        }
    }
    answer.say("convention", "Standard errors", fit.convention.as_str());
    let clusters: Vec<String> =
        fit.clusters.iter().map(|(name, levels)| format!("{levels} by {name}")).collect();
    let column = Column::text("clusters", "Clusters").unless_all("");
    answer.summary.push((column, clusters.join(", ").into()));
    answer.say("freedom", "Degrees of freedom", fit.freedom.sentence());
    if let Ok(test) = fit.test_all() {
        let name = match test.denominator {
            Some(f) => format!("F({}, {f})", test.restrictions),
            None => format!("Wald χ²({})", test.restrictions),
        };
        answer.count("wald", &name, "", Show::Decimals(2), test.statistic);
        answer.count("wald_p", "p of all coefficients zero", "", Show::Probability, test.p_value);
    }
    let r = if poisson { "Pseudo R² (McFadden)" } else { "R²" };
    answer.count("r_squared", r, "", Show::Decimals(5), fit.r_squared);
    if !poisson {
        if !found.prepared.design.effects.is_empty() {
            let within = fit.within_r_squared;
            answer.count("within_r_squared", "Within R²", "", Show::Decimals(5), within);
        }
        let rmse = (fit.deviance / fit.freedom.rows as f64).sqrt();
        answer.count("rmse", "Root mean squared error", "", shown(std::iter::once(&rmse)), rmse);
    }
    answer.count("log_likelihood", "Log likelihood", "", Show::Decimals(2), fit.log_likelihood);
    let deviance = if poisson { "Deviance" } else { "Residual sum of squares" };
    let show = if fit.deviance.abs() < 0.05 { Show::Scientific } else { Show::Decimals(2) };
    answer.count("deviance", deviance, "", show, fit.deviance);
    answer.say("status", "Status", word(&fit.status));
    answer.count("iterations", "Newton steps", "", Show::Whole, fit.iterations);
    answer.count("passes", "Passes over the rows", "", Show::Whole, fit.absorb_passes);
    answer.count("gradient_norm", "Gradient norm", "", Show::Power, fit.gradient_norm);
    answer.count("tolerance", "Tolerance", "", Show::Power, found.options.tolerance);
    answer.say(
        "road",
        "Fixed effects by",
        format!("{} road: {}", word(&fit.road), fit.road_reason),
    );
    for advice in &sample.advice {
        answer.note(advice.clone());
    }
    for note in found.prepared.notes.iter().chain(&fit.notes) {
        // The lines and the table above have these; what was missing is told by column in the note.
        let counted = LEAVES_OUT.contains(&note.code) && !MISSING.contains(&note.code);
        let said = counted || note.code == "collinear";
        answer.note(Advice { said, ..Advice::from(note) });
    }
    for note in after.bias.iter().flat_map(|bias| &bias.notes) {
        answer.note(note);
    }
    if let Some(bias) = after.bias.as_ref().filter(|bias| bias.ways == 2) {
        answer.note(Advice::new(
            "no_bias",
            "with two fixed effects Poisson coefficients have no incidental-parameter bias; the \
             errors are adjusted for leverage",
            bias.names.len(),
        ));
    }
    answer
}

/// Five decimals, unless a coefficient is so small or large that they would hide it.
fn shown<'a>(values: impl Iterator<Item = &'a f64>) -> Show {
    let sizes = values.filter(|v| v.is_finite() && **v != 0.0).map(|v| v.abs());
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    sizes.for_each(|v| (least, most) = (least.min(v), most.max(v)));
    if most >= 1e9 || least < 5e-5 { Show::Scientific } else { Show::Decimals(5) }
}

fn coefficients(found: &Estimation) -> Part {
    let fit = &found.fitted.fit;
    let statistic = if fit.degrees_of_freedom.is_some() { "t" } else { "z" };
    let show = shown(fit.coefficients.iter().chain(&fit.standard_errors));
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("term", fit.outcome.clone()),
            Column::number("coefficient", "Coefficient", "", show),
            Column::number("standard_error", "Std. error", "", show),
            Column::number("statistic", statistic, "", Show::Decimals(2)),
            Column::number("p_value", format!("P>|{statistic}|"), "", Show::Probability),
            Column::number("low", "95 % low", "", show),
            Column::number("high", "95 % high", "", show),
        ],
    );
    for (at, (low, high)) in fit.intervals(LEVEL).into_iter().enumerate() {
        part.push(vec![
            fit.names[at].as_str().into(),
            fit.coefficients[at].into(),
            fit.standard_errors[at].into(),
            fit.statistics[at].into(),
            fit.p_values[at].into(),
            low.into(),
            high.into(),
        ]);
    }
    part
}

/// Fixed effects and what they cost, as reghdfe prints them.
fn absorbed(found: &Estimation) -> Part {
    let mut part = Part::new(
        "levels",
        "Absorbed fixed effects",
        vec![
            Column::text("factor", "Effect"),
            Column::number("levels", "Levels", "", Show::Whole),
            Column::number("redundant", "Redundant", "", Show::Whole),
            Column::number("parameters", "Parameters", "", Show::Whole),
            Column::text("nested_in", "Nested in cluster").unless_all(Cell::Missing),
        ],
    );
    for effect in &found.fitted.fit.freedom.effects {
        part.push(vec![
            effect.name.as_str().into(),
            effect.levels.into(),
            effect.redundant.into(),
            (effect.levels - effect.redundant).into(),
            effect.nested_in.clone().into(),
        ]);
    }
    part
}

fn clusters(found: &Estimation) -> Part {
    let columns = vec![
        Column::text("factor", "Clusters"),
        Column::number("levels", "Number", "", Show::Whole),
    ];
    let mut part = Part::new("clusters", "", columns);
    for (name, levels) in &found.fitted.fit.clusters {
        part.push(vec![name.as_str().into(), (*levels).into()]);
    }
    // People read them in one line of the summary.
    part.for_programs = true;
    part
}

/// Regressors left out, and what reproduces them.
pub fn collinear(found: &[Collinear]) -> Part {
    let columns = vec![
        Column::text("term", "Left out as collinear"),
        Column::text("with", "Reproduced by"),
        Column::number("remaining", "Variation left", "", Show::Power),
    ];
    let mut part = Part::new("collinear", "", columns);
    part.whole = true;
    for left_out in found {
        let with = left_out.with.join(", ");
        part.push(vec![
            left_out.name.as_str().into(),
            if with == "zero" { "zero in every row used".into() } else { with.into() },
            left_out.remaining.into(),
        ]);
    }
    part
}

fn tests(after: &After) -> Part {
    let mut part = Part::new(
        "tests",
        "Tests",
        vec![
            Column::text("test", "Hypothesis"),
            Column::number("statistic", "Statistic", "", Show::Decimals(3)),
            Column::text("distribution", "Distribution"),
            Column::number("p_value", "p", "", Show::Probability),
        ],
    );
    let reset = after
        .reset
        .iter()
        .map(|reset| (format!("RESET: {} have no effect", reset.added.join(", ")), reset.test));
    for (name, test) in after.tests.iter().cloned().chain(reset) {
        let distribution = match test.denominator {
            Some(f) => format!("F({}, {f})", test.restrictions),
            None => format!("χ²({})", test.restrictions),
        };
        part.push(vec![
            name.into(),
            test.statistic.into(),
            distribution.into(),
            test.p_value.into(),
        ]);
    }
    part
}

fn bootstrap(after: &After) -> Part {
    let mut part = Part::new(
        "bootstrap",
        "Bootstrap by clusters",
        vec![
            Column::text("term", "Term"),
            Column::text("method", "Method"),
            Column::number("statistic", "Statistic", "", Show::Decimals(3)),
            Column::number("p_value", "p", "", Show::Probability),
            Column::text("interval", "95 % interval"),
            Column::number("draws", "Draws", "", Show::Whole),
            Column::number("clusters", "Clusters", "", Show::Whole),
            Column::text("enumerated", "All patterns"),
        ],
    );
    for b in &after.bootstrap {
        let ends: Vec<String> = b.interval.iter().map(|end| format!("{end:.5}")).collect();
        let method = match b.method {
            WildMethod::RestrictedWildCluster => "wild cluster, null imposed",
            WildMethod::UnrestrictedScore => "score, at the estimate",
        };
        part.push(vec![
            b.coefficient.as_str().into(),
            method.into(),
            b.statistic.into(),
            b.p_value.into(),
            ends.join(" to ").into(),
            b.draws.into(),
            b.clusters.into(),
            if b.enumerated { "yes" } else { "no" }.into(),
        ]);
    }
    part
}

fn bias(found: &Estimation, after: &After) -> Part {
    let mut part = Part::new(
        "bias",
        "Weidner–Zylkin correction",
        vec![
            Column::text("term", "Term"),
            Column::number("coefficient", "Coefficient", "", Show::Decimals(7)),
            Column::number("bias", "Bias", "", Show::Decimals(7)),
            Column::number("corrected", "Corrected", "", Show::Decimals(7)),
            Column::number("unadjusted_error", "Clustered by pair", "", Show::Decimals(7)),
            Column::number("adjusted_error", "Adjusted error", "", Show::Decimals(7)),
        ],
    );
    if let Some(bias) = &after.bias {
        for (at, name) in bias.names.iter().enumerate() {
            part.push(vec![
                name.as_str().into(),
                found.fitted.fit.coefficients[at].into(),
                bias.bias[at].into(),
                bias.coefficients[at].into(),
                bias.unadjusted_errors[at].into(),
                bias.standard_errors[at].into(),
            ]);
        }
    }
    part
}

/// The whole covariance, for programs.
fn covariance(found: &Estimation) -> Part {
    let fit = &found.fitted.fit;
    let mut part = Part::new(
        "covariance",
        "",
        vec![
            Column::text("term", "Term"),
            Column::text("with", "With"),
            Column::number("covariance", "Covariance", "", Show::SixDigits),
        ],
    );
    for (a, values) in fit.names.iter().zip(fit.covariance.chunks(fit.names.len().max(1))) {
        for (b, value) in fit.names.iter().zip(values) {
            part.push(vec![a.as_str().into(), b.as_str().into(), (*value).into()]);
        }
    }
    part.for_programs = true;
    part
}

/// The rows left out, each with its line and the reason; listed when asked for.
fn dropped(found: &Estimation, table: &Table, asked: bool) -> Part {
    let known: Vec<&str> = ["origin", "destination", "year", "product", "sector"]
        .into_iter()
        .filter(|name| table.column(name).is_some())
        .collect();
    let mut columns = vec![Column::number("line", "Line", "", Show::Year)];
    columns.extend(known.iter().map(|name| Column::text(*name, *name)));
    columns.push(Column::text("reason", "Why"));
    let mut part = Part::new("dropped", "Rows left out", columns);
    part.whole = true;
    if !asked {
        return part;
    }
    let rows = &found.prepared.rows;
    let before = found.prepared.notes.iter().map(|note| (note, false));
    let while_fitting = found.fitted.fit.notes.iter().map(|note| (note, true));
    let mut list: Vec<(usize, &Note)> = before
        .chain(while_fitting)
        .filter(|(note, _)| LEAVES_OUT.contains(&note.code))
        .flat_map(|(note, of_design)| {
            let row = move |&at: &usize| if of_design { rows.get(at) } else { at };
            note.rows.iter().map(move |at| (row(at), note))
        })
        .collect();
    list.sort_by_key(|(row, _)| *row);
    for (row, note) in list {
        let mut cells: Vec<Cell> = vec![Cell::from(f64::from(table.line(row)))];
        cells.extend(known.iter().map(|name| Cell::from(table.label(name, row))));
        cells.push(reason(note).into());
        part.push(cells);
    }
    part
}

/// Notes on rows that the estimator never saw.
const MISSING: [&str; 3] = ["missing", "missing-label", "missing-lag"];

/// Notes whose rows take no part in the fit.
const LEAVES_OUT: [&str; 7] = [
    "missing",
    "missing-label",
    "missing-lag",
    "separated_by_effects",
    "separated_by_regressors",
    "singletons",
    "zero_weight",
];

fn reason(note: &Note) -> String {
    match note.code {
        "missing" => "a value is missing",
        "missing-label" => "the label of a fixed effect or cluster is missing",
        "missing-lag" => "there is no row for its lag or lead",
        "separated_by_effects" => "in a level of a fixed effect with zeros only",
        "separated_by_regressors" => "separated: regressors and effects single it out",
        "singletons" => "alone in a level of a fixed effect",
        "zero_weight" => "weight zero",
        _ => note.message.as_str(),
    }
    .to_owned()
}

/// The word that a value serialises to.
pub fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
