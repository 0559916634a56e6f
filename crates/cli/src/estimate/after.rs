//! What is asked of a fit: joint tests, RESET, the bootstrap, the correction of its bias.

use emporion_brief::stages::gravity::Estimation;
use emporion_model::estimate::bias::{BiasCorrection, BiasOptions, Roles, weidner_zylkin};
use emporion_model::estimate::design::Factor;
use emporion_model::estimate::reset::Reset;
use emporion_model::estimate::wald::{JointTest, Restriction};
use emporion_model::estimate::wild::WildBootstrap;
use emporion_model::estimate::{Family, WildOptions, reset};
use emporion_tables::{Formula, Table, design};

use crate::args;
use crate::failure::Failure;

/// The answers, as far as they were asked for.
#[derive(Debug, Default)]
pub struct After {
    /// Each hypothesis with its test.
    pub tests: Vec<(String, JointTest)>,
    /// RESET.
    pub reset: Option<Reset>,
    /// The corrected coefficients.
    pub bias: Option<BiasCorrection>,
    /// Bootstrapped coefficients.
    pub bootstrap: Vec<WildBootstrap>,
}

/// Computes what was asked.
pub fn after(
    found: &Estimation,
    table: &Table,
    arguments: &args::Estimate,
) -> Result<After, Failure> {
    let fit = &found.fitted.fit;
    let mut after = After::default();
    for hypothesis in &arguments.test {
        after.tests.push((hypothesis.clone(), fit.test(&restrictions(hypothesis)?)?));
    }
    if let Some(power) = arguments.reset {
        after.reset = Some(reset(&found.prepared.design, &found.fitted, &found.options, power)?);
    }
    if arguments.bias {
        after.bias = Some(bias(found, table, arguments)?);
    }
    for name in &arguments.bootstrap {
        let [cluster] = &found.prepared.design.clusters[..] else {
            return Err(Failure::new(
                "--bootstrap draws by clusters of one kind: add one --cluster COLUMN",
            ));
        };
        let options = WildOptions {
            draws: arguments.draws,
            seed: arguments.seed,
            small_sample: found.options.small_sample,
            ..WildOptions::default()
        };
        after.bootstrap.push(found.fitted.wild_bootstrap(name, 0.0, cluster, &options)?);
    }
    Ok(after)
}

/// `a,b`: both zero; `a=b`: equal; `a=0.5`: of this value. Several joined by commas hold jointly.
fn restrictions(text: &str) -> Result<Vec<Restriction>, Failure> {
    text.split(',')
        .map(|part| {
            let (left, right) = part.split_once('=').map_or((part, "0"), |(l, r)| (l, r));
            let (left, right) = (left.trim(), right.trim());
            if left.is_empty() || right.is_empty() {
                return Err(Failure::new(format!(
                    "--test {text:?}: write terms joined by commas, each alone, as a=b or as a=0.5"
                )));
            }
            Ok(match right.parse::<f64>() {
                Ok(value) => Restriction { value, ..Restriction::zero(left) },
                Err(_) => Restriction::equal(left, right),
            })
        })
        .collect()
}

/// The columns of origin, destination and time where the effects do not say.
const USUAL_ROLES: [&str; 3] = ["origin", "destination", "year"];

/// Origin, destination and time as the effects have them: `a + b`, or `a^t + b^t` beside pairs.
///
/// `a^t + b^t + a^b` reads three ways; a usual name for the time decides, else the order.
fn roles_of(formula: &Formula) -> Option<Vec<String>> {
    let effects: Vec<&[String]> = formula.effects.iter().map(|e| &e.columns[..]).collect();
    if let [[a], [b]] = &effects[..] {
        return Some(vec![a.clone(), b.clone()]);
    }
    let crossed: Vec<&[String]> = effects.into_iter().filter(|e| e.len() == 2).collect();
    let mut readings = Vec::new();
    for (i, first) in crossed.iter().enumerate() {
        for second in &crossed[i + 1..] {
            let Some(time) = first.iter().find(|column| second.contains(column)) else { continue };
            let place = |e: &[String]| e.iter().find(|column| *column != time).cloned();
            if let (Some(a), Some(b)) = (place(first), place(second))
                && a != b
            {
                readings.push(vec![a, b, time.clone()]);
            }
        }
    }
    let usual = |roles: &Vec<String>| {
        ["year", "time", "period", "t"].contains(&roles[2].to_lowercase().as_str())
    };
    let at = readings.iter().position(usual).unwrap_or(0);
    (at < readings.len()).then(|| readings.swap_remove(at))
}

fn bias(
    found: &Estimation,
    table: &Table,
    arguments: &args::Estimate,
) -> Result<BiasCorrection, Failure> {
    if found.fitted.fit.family != Family::Poisson {
        return Err(Failure::new("--bias corrects Poisson models; leave it out for least squares"));
    }
    if !found.prepared.design.slopes.is_empty() {
        return Err(Failure::new(
            "--bias holds for origin-time, destination-time and pair effects; leave out the slopes",
        ));
    }
    let factor = |name: &String| -> Result<Factor, Failure> {
        let columns = std::slice::from_ref(name);
        Ok(design::factor(table, &found.prepared.rows, columns)?)
    };
    let named = match &arguments.roles[..] {
        [] => roles_of(&found.formula).unwrap_or_else(|| USUAL_ROLES.map(String::from).to_vec()),
        given => given.to_vec(),
    };
    let (origin, destination, time) = match &named[..] {
        [origin, destination] => (factor(origin)?, factor(destination)?, None),
        [origin, destination, time] if table.column(time).is_some() => {
            (factor(origin)?, factor(destination)?, Some(factor(time)?))
        }
        [origin, destination, _] => (factor(origin)?, factor(destination)?, None),
        _ => {
            return Err(Failure::new(
                "--roles names the columns of origin, destination and, in a panel, time",
            ));
        }
    };
    let roles = Roles { origin: &origin, destination: &destination, time: time.as_ref() };
    Ok(weidner_zylkin(&found.fitted, &roles, &BiasOptions::default())?)
}

/// The answers as rows of a table of models.
pub fn rows(after: &After) -> Vec<(String, String)> {
    let probability = |p: f64| if p < 0.0001 { "<0.0001".into() } else { format!("{p:.4}") };
    let mut rows: Vec<(String, String)> = after
        .tests
        .iter()
        .map(|(hypothesis, test)| (format!("p of {hypothesis}"), probability(test.p_value)))
        .collect();
    rows.extend(after.reset.iter().map(|r| ("p of RESET".into(), probability(r.test.p_value))));
    rows.extend(
        after
            .bootstrap
            .iter()
            .map(|b| (format!("p of {} (bootstrap)", b.coefficient), probability(b.p_value))),
    );
    if let Some(bias) = &after.bias {
        for (at, name) in bias.names.iter().enumerate() {
            rows.push((
                format!("{name}, corrected"),
                format!("{:.4} ({:.4})", bias.coefficients[at], bias.standard_errors[at]),
            ));
        }
    }
    rows
}
