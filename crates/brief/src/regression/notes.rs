//! The sentences below a table: what its numbers are and what they rest on.

use emporion_model::estimate::Family;
use emporion_model::outcome::Status;

use super::options::{Below, Options};
use super::pattern::renamed;
use super::table::{Column, Model};

/// All notes, most important first: a column that is no estimate, the author's own, errors,
/// estimator, rows, effects, terms left out, advice, stars.
pub(super) fn write(models: &[Model<'_>], columns: &[Column], options: &Options) -> Vec<String> {
    let say = |each: Vec<String>| by_column(columns, each);
    let mut out = say(models.iter().map(unfinished).collect());
    out.extend(options.own_notes.iter().cloned());
    out.extend(below(columns, options));
    out.extend(say(columns.iter().map(|c| estimator(c.family).to_owned()).collect()));
    out.extend(say(models.iter().map(rows).collect()));
    out.extend(say(models.iter().map(|model| effects(model, options)).collect()));
    out.extend(say(models.iter().map(|model| collinear(model, options)).collect()));
    let most = models.iter().map(|model| model.notes.len()).max().unwrap_or(0);
    for at in 0..most {
        let note = |model: &Model<'_>| model.notes.get(at).map_or(String::new(), |n| sentence(n));
        out.extend(say(models.iter().map(note).collect()));
    }
    out.extend(stars(options));
    out
}

/// A text that all columns share is said once; the others with their numbers.
fn by_column(columns: &[Column], each: Vec<String>) -> Vec<String> {
    let mut out: Vec<(String, Vec<&str>)> = Vec::new();
    for (column, text) in columns.iter().zip(each) {
        match out.iter_mut().find(|(known, _)| *known == text) {
            Some((_, numbers)) => numbers.push(&column.number),
            None => out.push((text, vec![&column.number])),
        }
    }
    let all = columns.len();
    out.into_iter()
        .filter(|(text, _)| !text.is_empty())
        .map(
            |(text, numbers)| {
                if numbers.len() == all { text } else { format!("{}: {text}", numbers.join(", ")) }
            },
        )
        .collect()
}

fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// Numbers of a fit that did not converge are no estimates, and the table says so first.
fn unfinished(model: &Model<'_>) -> String {
    let fit = model.fit;
    let how = match fit.status {
        Status::Converged => return String::new(),
        Status::MaxIterations => "not converged within the step limit",
        Status::NotIdentified => "not identified",
        _ => "not converged",
    };
    format!(
        "{} after {} steps, gradient norm {:.1e}: these numbers are no estimates.",
        how.to_uppercase(),
        fit.iterations,
        fit.gradient_norm
    )
}

fn below(columns: &[Column], options: &Options) -> Vec<String> {
    let percent = format!("{} percent", 100.0 * options.level);
    let what = match options.below {
        Below::StandardErrors => "Standard errors in parentheses".to_owned(),
        Below::Statistics => "t statistics in parentheses".to_owned(),
        Below::PValues => "p-values in parentheses".to_owned(),
        Below::Intervals => format!("{percent} intervals in brackets"),
        Below::Nothing => "Errors".to_owned(),
    };
    let convention = |column: &Column| {
        let counts: Vec<String> = column
            .clusters
            .iter()
            .map(|(name, count)| format!("{name} {}", grouped(*count)))
            .collect();
        let counts = match counts.as_slice() {
            [] => String::new(),
            counts => format!(" (clusters: {})", counts.join(", ")),
        };
        format!("{}{counts}", column.convention)
    };
    let each = by_column(columns, columns.iter().map(convention).collect());
    vec![format!("{what}: {}.", each.join("; "))]
}

fn estimator(family: Family) -> &'static str {
    match family {
        Family::Poisson => "Poisson pseudo-maximum likelihood.",
        Family::Gaussian => "Least squares.",
    }
}

fn grouped(count: usize) -> String {
    emporion_plot::format_number(count as f64, 0)
}

fn rows(model: &Model<'_>) -> String {
    let (fit, dropped) = (model.fit, model.fit.dropped);
    let reasons = [
        (dropped.separated_by_effects, "in levels of an effect whose outcomes are all zero"),
        (dropped.separated_by_regressors, "separated by regressors"),
        (dropped.singletons, "alone in a level of an effect"),
        (dropped.zero_weight, "with weight zero"),
    ];
    let known: usize = reasons.iter().map(|(count, _)| count).sum();
    let mut told: Vec<String> = reasons
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, reason)| format!("{} {reason}", grouped(*count)))
        .collect();
    let rest = fit.n_input.saturating_sub(fit.n_used).saturating_sub(known);
    if rest > 0 {
        told.push(format!("{} for other reasons", grouped(rest)));
    }
    if told.is_empty() {
        let used = grouped(fit.n_used);
        // A note further down says how many were left out before the estimator saw them.
        let before = model.notes.iter().any(|note| note.contains("rows dropped"));
        let which = if before { " without a missing value" } else { "" };
        return format!("All {used} rows{which} are used.");
    }
    format!(
        "{} of {} rows are used; left out: {}.",
        grouped(fit.n_used),
        grouped(fit.n_input),
        told.join(", ")
    )
}

fn effects(model: &Model<'_>, options: &Options) -> String {
    let told: Vec<String> = model
        .fit
        .effects
        .iter()
        .map(|(name, levels)| format!("{} {}", renamed(&options.rename, name), grouped(*levels)))
        .collect();
    if told.is_empty() { String::new() } else { format!("Levels of effects: {}.", told.join(", ")) }
}

fn collinear(model: &Model<'_>, options: &Options) -> String {
    let told: Vec<String> = model
        .fit
        .collinear
        .iter()
        .map(|c| {
            let with: Vec<String> = c.with.iter().map(|n| renamed(&options.rename, n)).collect();
            let with = match with.as_slice() {
                [] => String::new(),
                [zero] if zero == "zero" => " (zero in every row used)".to_owned(),
                with => format!(" (reproduced by {})", with.join(" and ")),
            };
            format!("{}{with}", renamed(&options.rename, &c.name))
        })
        .collect();
    if told.is_empty() { String::new() } else { format!("Not identified: {}.", told.join("; ")) }
}

fn stars(options: &Options) -> Option<String> {
    let levels = options.stars.levels();
    if levels.is_empty() {
        return None;
    }
    let told: Vec<String> = levels
        .iter()
        .enumerate()
        .map(|(at, level)| format!("{} p < {level}", "*".repeat(at + 1)))
        .collect();
    Some(format!("{}{}.", told.join(", "), options.stars.origin()))
}
