//! `emporion estimate`: gravity on the pairs of a case or on the rows of a file.

use emporion_brief::stages::gravity::{self, Estimate};
use emporion_model::estimate::{Options, SmallSample, Vcov};
use emporion_tables::Table;

use crate::answer::{Advice, Answer, Column, Part, Show};
use crate::args::{self, Convention, Errors, Family};
use crate::data::{Context, Data};
use crate::failure::Failure;
use crate::output::Output;
use crate::progress::Progress;
use crate::render::render;
use crate::select::{applicable, select};

/// Level of the intervals.
const LEVEL: f64 = 0.95;

/// Fits the formula and prints the regression table.
pub fn run(arguments: &args::Estimate, progress: &Progress) -> Result<Output, Failure> {
    progress.step(format!("reading {}", arguments.rows.data));
    let data = Data::open(&arguments.rows.data)?;
    let sample = sample(arguments, &data)?;
    progress.step("estimating");
    let clusters: Vec<&str> = arguments.cluster.iter().map(String::as_str).collect();
    let options = options(arguments)?;
    let family = match arguments.family {
        Family::Poisson => gravity::Family::Poisson,
        Family::Ols => gravity::Family::Gaussian,
    };
    let found = gravity::run(
        &sample.table,
        &arguments.formula,
        family,
        &clusters,
        arguments.weights.as_deref(),
        &options,
    )?;
    let mut answer = answer(arguments, &data, &found);
    answer.context = sample.context;
    answer.notes.splice(0..0, sample.advice);
    Ok(render(&answer, arguments.format))
}

/// What a formula is fitted to.
struct Sample {
    table: Table,
    context: Context,
    advice: Vec<Advice>,
}

/// The table to fit: of a case its pairs with the sum of their flows, else the file itself.
fn sample(arguments: &args::Estimate, data: &Data) -> Result<Sample, Failure> {
    let conditions = &arguments.rows.conditions;
    let flows = data.flows()?;
    let Some(case) = data.case() else {
        let selected = select(data, flows, conditions)?;
        let mut rows = selected.rows;
        if arguments.no_domestic {
            rows.retain(|&row| flows.text("origin", row) != flows.text("destination", row));
        }
        let context = data.context(flows, &rows);
        return Ok(Sample { table: flows.select(&rows), context, advice: selected.advice });
    };
    let pairs = case.pairs().ok_or_else(|| {
        Failure::new(format!(
            "{} has no table named pairs; add one with distance and the other regressors of each \
             pair, or name a file that holds outcome and regressors",
            case.root
        ))
    })?;
    // A condition on places or years cuts both tables, or pairs left out would count as empty.
    let of_pairs = applicable(pairs, conditions)?;
    let of_flows: Vec<String> = conditions
        .iter()
        .filter(|text| !of_pairs.contains(text))
        .cloned()
        .chain(applicable(flows, &of_pairs)?)
        .collect();
    let selected = select(data, flows, &of_flows)?;
    let kept = select(data, pairs, &of_pairs)?;
    let absent = data.absent(arguments.absent);
    let table = gravity::pair_table(
        flows,
        &selected.rows,
        &pairs.select(&kept.rows),
        &data.hierarchy(),
        absent,
        !arguments.no_domestic,
    )?;
    let context = data.context(flows, &selected.rows);
    Ok(Sample { table, context, advice: selected.advice })
}

fn options(arguments: &args::Estimate) -> Result<Options, Failure> {
    let clustered = !arguments.cluster.is_empty();
    let vcov = match arguments.vcov {
        Some(Errors::Iid) => Vcov::Iid,
        Some(Errors::Robust) => Vcov::Robust,
        Some(Errors::Cluster) => Vcov::Cluster,
        None if clustered => Vcov::Cluster,
        None => Vcov::Robust,
    };
    match (vcov == Vcov::Cluster, clustered) {
        (true, false) => Err(Failure::new(
            "--vcov cluster needs a column: add --cluster COLUMN, such as --cluster \
             origin^destination",
        )),
        (false, true) => Err(Failure::new(
            "--cluster asks for clustered errors, --vcov for others; leave out one of the two",
        )),
        _ => Ok(Options {
            vcov,
            small_sample: match arguments.small_sample {
                Convention::Raw => SmallSample::Raw,
                Convention::Stata => SmallSample::Stata,
                Convention::Fixest => SmallSample::Fixest,
            },
            ..Options::default()
        }),
    }
}

fn answer(arguments: &args::Estimate, data: &Data, found: &Estimate) -> Answer {
    let fit = &found.fit;
    let mut answer = Answer::new("estimate", found.formula.to_string(), data.identity());
    answer.option("formula", found.formula.to_string());
    answer.option("family", word(&fit.family));
    answer.option("vcov", fit.convention.clone());
    answer.option("cluster", arguments.cluster.clone());
    answer.option("weights", arguments.weights.clone());
    answer.option("where", arguments.rows.conditions.clone());
    answer.option("domestic", !arguments.no_domestic);
    answer.option("level", LEVEL);

    let statistic = if fit.degrees_of_freedom.is_some() { "t" } else { "z" };
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("term", "Term"),
            Column::number("coefficient", "Coefficient", "", Show::Decimals(5)),
            Column::number("standard_error", "Std. error", "", Show::Decimals(5)),
            Column::number("statistic", statistic, "", Show::Decimals(2)),
            Column::number("p_value", "p", "", Show::Probability),
            Column::number("low", "95 % low", "", Show::Decimals(5)),
            Column::number("high", "95 % high", "", Show::Decimals(5)),
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
    answer.parts.push(part);
    answer.parts.push(levels(found));
    answer.parts.push(collinear(found));

    answer.count("n", "Rows used", "", Show::Whole, fit.n_used);
    answer.count("n_input", "Rows given", "", Show::Whole, fit.n_input);
    let dropped = fit.dropped;
    for (key, label, count) in [
        ("separated_by_effects", "left out: level with zeros only", dropped.separated_by_effects),
        ("separated_by_regressors", "left out: separated", dropped.separated_by_regressors),
        ("singletons", "left out: alone in a level", dropped.singletons),
        ("zero_weight", "left out: weight zero", dropped.zero_weight),
    ] {
        answer.count_if_any(key, label, count);
    }
    answer.say("convention", "Standard errors", fit.convention.as_str());
    let r = if found.fit.family == emporion_model::estimate::Family::Poisson {
        "Pseudo R2 (McFadden)"
    } else {
        "R2"
    };
    answer.count("r_squared", r, "", Show::Decimals(5), fit.r_squared);
    answer.count("log_likelihood", "Log likelihood", "", Show::Decimals(2), fit.log_likelihood);
    answer.count("deviance", "Deviance", "", Show::Decimals(2), fit.deviance);
    answer.say("status", "Status", word(&fit.status));
    answer.count("iterations", "Newton steps", "", Show::Whole, fit.iterations);
    answer.count("gradient_norm", "Last step", "", Show::Power, fit.gradient_norm);
    for note in &fit.notes {
        answer.note(note);
    }
    let told: Vec<&String> = fit.notes.iter().map(|note| &note.message).collect();
    for message in found.notes.iter().filter(|message| !told.contains(message)) {
        answer.note(Advice::new("design", message.clone(), 0));
    }
    answer
}

/// Fixed effects and clusters with their number of levels.
fn levels(found: &Estimate) -> Part {
    let mut part = Part::new(
        "levels",
        "Fixed effects and clusters",
        vec![
            Column::text("factor", "Factor"),
            Column::text("role", "Role"),
            Column::number("levels", "Levels", "", Show::Whole),
        ],
    );
    let fit = &found.fit;
    for (role, factors) in [("fixed effect", &fit.effects), ("cluster", &fit.clusters)] {
        for (name, count) in factors {
            part.push(vec![name.as_str().into(), role.into(), (*count).into()]);
        }
    }
    part
}

/// Regressors left out, and what reproduces them.
fn collinear(found: &Estimate) -> Part {
    let columns =
        vec![Column::text("term", "Left out as collinear"), Column::text("with", "Reproduced by")];
    let mut part = Part::new("collinear", "", columns);
    for left_out in &found.fit.collinear {
        part.push(vec![left_out.name.as_str().into(), left_out.with.join(", ").into()]);
    }
    part
}

/// The word that a value serialises to.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}
