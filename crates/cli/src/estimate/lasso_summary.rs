//! What a lasso selected, as people and programs read it.

use emporion_model::estimate::Family;
use emporion_model::estimate::lasso::{Lasso, PlugInFound};
use emporion_model::estimate::lasso_folds::Validation;

use crate::answer::{Advice, Answer, Cell, Column, Part, Show};
use crate::args::{self, Strength};
use crate::data::Data;

use super::lasso::Selection;
use super::sample::Sample;
use super::summary::{collinear, word};

/// Everything that is known of a selection.
pub fn answer(
    arguments: &args::Estimate,
    data: &Data,
    sample: &Sample,
    selection: &Selection,
) -> Answer {
    let found = &selection.found;
    let method = if found.family == Family::Poisson { "Lasso PPML" } else { "Lasso least squares" };
    let title = format!("{method}: {}", selection.formula);
    let mut answer = Answer::new("estimate", title, data.identity());
    answer.option("formula", selection.formula.to_string());
    answer.option("family", word(&found.family));
    answer.option("lasso", strength(arguments));
    answer.option("penalise", arguments.lasso.penalise.clone());
    answer.option("standardised", !arguments.lasso.not_standardised);
    if let Some(column) = &arguments.lasso.folds {
        answer.option("folds", column.clone());
        answer.option("fold_count", arguments.lasso.fold_count);
        answer.option("seed", arguments.seed);
    }
    answer.option("vcov", found.post.convention.clone());
    answer.option("cluster", arguments.cluster.clone());
    answer.option("weights", arguments.weights.clone());
    answer.option("frequency", arguments.frequency.clone());
    answer.option("offset", arguments.offset.clone());
    answer.option("where", arguments.rows.conditions.clone());
    answer.option("domestic", !arguments.no_domestic);

    answer.parts.push(kept(found));
    answer.parts.push(not_selected(found));
    answer.parts.push(iceberg(selection));
    answer.parts.extend(found.validation.as_ref().map(scores));
    answer.parts.push(path(found));
    answer.parts.extend(found.plug_in.as_ref().map(rounds));
    answer.parts.push(collinear(&found.collinear));

    let penalised = found.penalised.iter().filter(|p| **p).count();
    answer.count("selected", "Selected", "", Show::Whole, found.selected.len());
    answer.count("penalised", "of penalised regressors", "", Show::Whole, penalised);
    answer.count("n", "Observations", "", Show::Whole, found.n_used);
    answer.count("n_input", "Rows given", "", Show::Whole, sample.table.rows());
    answer.count("lambda", "Penalty λ", "", Show::Scientific, found.lambda);
    let label = "smallest λ that selects nothing";
    answer.count("lambda_max", label, "", Show::Scientific, found.lambda_max);
    answer.count("total", "λ is per unit of", "", Show::Scientific, found.total);
    if let Some(plug_in) = &found.plug_in {
        answer.count("gamma", "g, any false selection", "", Show::Scientific, plug_in.gamma);
        answer.count("slack", "c", "", Show::Decimals(2), plug_in.slack);
        answer.count("quantile", "Φ⁻¹(1 - g/2k)", "", Show::Scientific, plug_in.quantile);
        let by = plug_in.cluster.as_deref().unwrap_or("none: rows are independent");
        answer.say("cluster", "Scores summed by", by);
        answer.count("rounds", "Rounds of loadings", "", Show::Whole, plug_in.rounds.len());
    }
    if let Some(validation) = &found.validation {
        answer.say("criterion", "Chosen by least", word(&validation.criterion));
        answer.count("folds", "Folds", "", Show::Whole, validation.folds);
        answer.count("predicted", "Rows predicted", "", Show::Whole, validation.rows);
        answer.count_if_any("unpredicted", "without prediction", validation.unpredicted);
        answer.count_if_any("infinite", "positive in a level of zeros", validation.infinite);
    }
    let at = found.path.last();
    let deviance = at.map_or(f64::NAN, |step| step.deviance);
    answer.count("deviance", "Deviance with penalty", "", Show::Decimals(2), deviance);
    let post = "Deviance without penalty";
    answer.count("post_deviance", post, "", Show::Decimals(2), found.post.deviance);
    answer.say("convention", "Standard errors", found.post.convention.as_str());
    answer.say("status", "Status", word(&found.status));
    answer.count("kkt", "From the conditions of the minimum", "", Show::Power, found.kkt);
    let steps: usize = found.path.iter().map(|step| step.iterations).sum();
    answer.count("iterations", "Newton steps", "", Show::Whole, steps);
    answer.count("tolerance", "Tolerance", "", Show::Power, selection.options.tolerance);
    for advice in &sample.advice {
        answer.note(advice.clone());
    }
    for note in selection.prepared.notes.iter().chain(&found.notes).chain(&found.post.notes) {
        let said = note.code == "collinear";
        answer.note(Advice { said, ..Advice::from(note) });
    }
    answer.note(Advice::new(
        "no_inference",
        "coefficients and errors without penalty take the selection as given: they are too sure of \
         themselves, and a regressor that was not selected may matter as much as one that goes with it",
        found.selected.len(),
    ));
    answer
}

/// As rows of a table of models.
pub fn rows(found: &Lasso) -> Vec<(String, String)> {
    vec![
        ("Lasso penalty".into(), format!("{:.3e}", found.lambda)),
        (
            "Selected".into(),
            format!(
                "{} of {}",
                found.selected.len(),
                found.penalised.iter().filter(|p| **p).count()
            ),
        ),
    ]
}

fn strength(arguments: &args::Estimate) -> String {
    match &arguments.lasso.lasso {
        None | Some(Strength::PlugIn) => "plugin".into(),
        Some(Strength::CrossValidated) => "cv".into(),
        Some(Strength::Given(numbers)) => {
            numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
        }
    }
}

/// Score over what selects, λ φ.
fn reach(found: &Lasso, at: usize) -> Cell {
    let threshold = found.lambda * found.loadings[at];
    if threshold > 0.0 { (found.scores[at] / threshold).into() } else { Cell::Missing }
}

/// Regressors with a coefficient: free ones, and those selected.
fn kept(found: &Lasso) -> Part {
    let mut part = Part::new(
        "rows",
        "",
        vec![
            Column::text("term", found.post.outcome.clone()),
            Column::text("role", "").unless_all("selected"),
            Column::number("lasso", "Lasso", "", Show::Decimals(5)),
            Column::number("post_lasso", "Post-lasso", "", Show::Decimals(5)),
            Column::number("standard_error", "Std. error", "", Show::Decimals(5)),
            Column::number("loading", "Loading φ", "", Show::Scientific),
        ],
    );
    part.whole = true;
    for (at, name) in found.names.iter().enumerate() {
        if found.penalised[at] && found.coefficients[at] == 0.0 {
            continue;
        }
        let post = found.post.coefficient(name);
        part.push(vec![
            name.as_str().into(),
            if found.penalised[at] { "selected" } else { "not penalised" }.into(),
            found.coefficients[at].into(),
            post.map(|p| p.0).into(),
            post.map(|p| p.1).into(),
            if found.penalised[at] { found.loadings[at].into() } else { Cell::Missing },
        ]);
    }
    part
}

fn not_selected(found: &Lasso) -> Part {
    let mut part = Part::new(
        "not_selected",
        "Not selected",
        vec![
            Column::text("term", "Term"),
            Column::number("reach", "Score over what selects", "", Show::Decimals(3)),
            Column::number("loading", "Loading φ", "", Show::Scientific),
        ],
    );
    for (at, name) in found.names.iter().enumerate() {
        if found.penalised[at] && found.coefficients[at] == 0.0 {
            part.push(vec![name.as_str().into(), reach(found, at), found.loadings[at].into()]);
        }
    }
    part
}

fn iceberg(selection: &Selection) -> Part {
    let mut part = Part::new(
        "iceberg",
        "What a selected regressor may stand for",
        vec![
            Column::text("tip", "Selected"),
            Column::text("below", "Goes with it"),
            Column::number("coefficient", "Lasso", "", Show::Decimals(4)),
            Column::number("correlation", "Correlation", "", Show::Decimals(4)),
            Column::number("rows", "Rows", "", Show::Whole),
        ],
    );
    part.whole = true;
    for iceberg in &selection.icebergs {
        if iceberg.below.is_empty() {
            part.push(vec![
                iceberg.tip.as_str().into(),
                "nothing".into(),
                Cell::Missing,
                Cell::Missing,
                iceberg.rows.into(),
            ]);
        }
        for below in &iceberg.below {
            part.push(vec![
                iceberg.tip.as_str().into(),
                below.name.as_str().into(),
                below.coefficient.into(),
                below.correlation.into(),
                iceberg.rows.into(),
            ]);
        }
    }
    part
}

fn scores(validation: &Validation) -> Part {
    let mut part = Part::new(
        "validation",
        "Predictions of rows left out",
        vec![
            Column::number("lambda", "λ", "", Show::Scientific),
            Column::number("rmse", "RMSE", "", Show::Scientific),
            Column::number("deviance", "Deviance per row", "", Show::Scientific),
            Column::number("selected", "Selected, mean of folds", "", Show::Decimals(1)),
        ],
    );
    part.whole = true;
    for score in &validation.scores {
        part.push(vec![
            score.lambda.into(),
            score.rmse.into(),
            score.deviance.into(),
            score.selected.into(),
        ]);
    }
    part
}

fn path(found: &Lasso) -> Part {
    let mut part = Part::new(
        "path",
        "Path",
        vec![
            Column::number("lambda", "λ", "", Show::Scientific),
            Column::number("selected", "Selected", "", Show::Whole),
            Column::number("deviance", "Deviance", "", Show::Decimals(2)),
            Column::text("entered", "Entered"),
            Column::text("left", "Left").unless_all(""),
            Column::number("kkt", "From the conditions", "", Show::Power),
            Column::number("iterations", "Steps", "", Show::Whole),
        ],
    );
    part.whole = true;
    // One step is in the summary.
    part.for_programs = found.path.len() < 2;
    let mut before = vec![false; found.names.len()];
    for step in &found.path {
        let now: Vec<bool> =
            (0..before.len()).map(|j| found.penalised[j] && step.coefficients[j] != 0.0).collect();
        let names = |wanted: &dyn Fn(usize) -> bool| {
            let list = (0..now.len()).filter(|j| wanted(*j));
            list.map(|j| found.names[j].as_str()).collect::<Vec<_>>().join(", ")
        };
        part.push(vec![
            step.lambda.into(),
            step.count.into(),
            step.deviance.into(),
            names(&|j| now[j] && !before[j]).into(),
            names(&|j| !now[j] && before[j]).into(),
            step.kkt.into(),
            step.iterations.into(),
        ]);
        before = now;
    }
    part
}

fn rounds(plug_in: &PlugInFound) -> Part {
    let mut part = Part::new(
        "rounds",
        "",
        vec![
            Column::number("round", "Round", "", Show::Whole),
            Column::number("selected", "Selected", "", Show::Whole),
            Column::number("change", "Change of loadings", "", Show::Power),
        ],
    );
    for (at, round) in plug_in.rounds.iter().enumerate() {
        part.push(vec![(at + 1).into(), round.selected.len().into(), round.change.into()]);
    }
    part.for_programs = true;
    part
}
