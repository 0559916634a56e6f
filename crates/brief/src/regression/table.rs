//! From fits to the rows of a table: what every format says.

use emporion_model::estimate::{Family, Fit};
use emporion_model::outcome::Status;
use serde::Serialize;

use super::TableError;
use super::digits::{decimals, number, p_value};
use super::notes;
use super::options::{Below, Options, Statistic};
use super::pattern::{fits, renamed};

/// One column: a fit and what stands around it.
#[derive(Debug, Clone)]
pub struct Model<'a> {
    /// Name above the column; empty for its number alone.
    pub label: String,
    /// Outcome as printed; that of the fit by default.
    pub outcome: String,
    /// The fit.
    pub fit: &'a Fit,
    /// Further rows, such as `Domestic flows: Yes`.
    pub rows: Vec<(String, String)>,
    /// What a reader must know and the fit does not: rows left out before it saw them.
    pub notes: Vec<String>,
}

impl<'a> Model<'a> {
    /// A fit under a name.
    #[must_use]
    pub fn new(label: impl Into<String>, fit: &'a Fit) -> Self {
        let (rows, notes) = (Vec::new(), Vec::new());
        Self { label: label.into(), outcome: fit.outcome.clone(), fit, rows, notes }
    }
}

/// What is known of a whole column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// `(1)`, `(2)`, ...
    pub number: String,
    /// Name above the column.
    pub label: String,
    /// Outcome.
    pub outcome: String,
    /// Estimator.
    pub family: Family,
    /// Errors and small-sample factor in words.
    pub convention: String,
    /// Clusters by dimension.
    pub clusters: Vec<(String, usize)>,
    /// How the fit ended.
    pub status: Status,
    /// Rows given and used.
    pub rows: (usize, usize),
    /// Digits after the point of the coefficients.
    pub decimals: usize,
}

/// One coefficient of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// β.
    pub coefficient: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// β over its error.
    pub statistic: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Lower end of the interval at the level of the options.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How many levels the p-value passes.
    pub stars: usize,
    /// β as printed.
    #[serde(skip)]
    pub text: String,
    /// What stands below, as printed, without its parentheses.
    #[serde(skip)]
    pub below: String,
    /// Key of the number behind the coefficient; empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Key of the number below it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub below_key: String,
}

/// What a model says about a term.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// An estimate.
    Estimate(Estimate),
    /// The term is in the model and cannot be told apart from these.
    NotIdentified(Vec<String>),
    /// The term is not in the model.
    Absent,
}

/// A term across the models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Term {
    /// Name in the models.
    pub name: String,
    /// Name as printed.
    pub label: String,
    /// One for each model.
    pub slots: Vec<Slot>,
}

/// A statistic across the models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatisticRow {
    /// Which.
    pub statistic: Statistic,
    /// One for each model; none where it does not apply.
    pub values: Vec<Option<f64>>,
    /// Keys of the numbers, as long as `values`; empty for none.
    #[serde(skip)]
    pub keys: Vec<String>,
}

/// A row of words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WordRow {
    /// Name as printed.
    pub label: String,
    /// One for each model.
    pub words: Vec<String>,
}

/// A regression table, before any format.
#[must_use]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// The options it was made with.
    pub options: Options,
    /// One for each model.
    pub columns: Vec<Column>,
    /// Terms in the order of the rows.
    pub terms: Vec<Term>,
    /// Effects: label, and whether each model has it.
    pub effects: Vec<(String, Vec<bool>)>,
    /// Rows of words that the models brought.
    pub rows: Vec<WordRow>,
    /// Statistics.
    pub statistics: Vec<StatisticRow>,
    /// Sentences below the table.
    pub notes: Vec<String>,
}

impl Table {
    /// Puts models side by side.
    ///
    /// # Assumptions
    ///
    /// A term that is in no model's formula has an empty cell; one that a model left out as
    /// collinear has a dash, and the notes name what reproduces it.
    ///
    /// # Errors
    ///
    /// [`TableError`] for no models, groups that do not cover the columns, a pattern that fits no
    /// term, and options outside their range.
    pub fn new(models: &[Model<'_>], options: &Options) -> Result<Self, TableError> {
        options.check(models.len())?;
        let names = chosen(models, options)?;
        let columns: Vec<Column> =
            models.iter().enumerate().map(|(at, model)| column(at, model, options)).collect();
        let intervals: Vec<Vec<(f64, f64)>> =
            models.iter().map(|model| model.fit.intervals(options.level)).collect();
        let stars = options.stars.levels();
        let terms = names
            .into_iter()
            .map(|name| Term {
                label: clean(&renamed(&options.rename, &name)),
                slots: models
                    .iter()
                    .zip(&columns)
                    .zip(&intervals)
                    .map(|((model, column), intervals)| {
                        slot(model.fit, &name, column.decimals, intervals, &stars, options.below)
                    })
                    .collect(),
                name,
            })
            .collect();
        let effects = if options.effects { effects(models, options) } else { Vec::new() };
        Ok(Self {
            terms,
            effects,
            rows: words(models),
            statistics: options.statistics.iter().filter_map(|s| statistic(models, *s)).collect(),
            notes: if options.notes {
                notes::write(models, &columns, options).iter().map(|n| clean(n)).collect()
            } else {
                Vec::new()
            },
            columns,
            options: options.clone(),
        })
    }
}

impl Table {
    /// Keys of the numbers it shows, in order; set by who wants them.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for slot in self.terms.iter().flat_map(|term| &term.slots) {
            if let Slot::Estimate(estimate) = slot {
                keys.extend([estimate.key.clone(), estimate.below_key.clone()]);
            }
        }
        keys.extend(self.statistics.iter().flat_map(|row| row.keys.iter().cloned()));
        keys
    }
}

/// Names stand on one line.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn column(at: usize, model: &Model<'_>, options: &Options) -> Column {
    let fit = model.fit;
    Column {
        number: format!("({})", at + 1),
        label: clean(&model.label),
        outcome: clean(&model.outcome),
        family: fit.family,
        convention: fit.convention.clone(),
        clusters: fit.clusters.clone(),
        status: fit.status,
        rows: (fit.n_input, fit.n_used),
        decimals: decimals(
            options.digits,
            options.significant,
            fit.standard_errors.iter().copied(),
        ),
    }
}

/// Terms of all models in the order of first appearance, then as the options want them.
fn chosen(models: &[Model<'_>], options: &Options) -> Result<Vec<String>, TableError> {
    let mut all: Vec<String> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for model in models {
        for name in model.fit.names.iter().chain(model.fit.collinear.iter().map(|c| &c.name)) {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        for (name, _) in &model.fit.effects {
            others.push(name.clone());
        }
    }
    let known = all.join(", ");
    let rename: Vec<String> = options.rename.iter().map(|(from, _)| from.clone()).collect();
    for (option, patterns) in [
        ("keep", &options.keep),
        ("drop", &options.drop),
        ("order", &options.order),
        ("rename", &rename),
    ] {
        for pattern in patterns {
            let effect = option == "rename" && others.iter().any(|n| fits(pattern, n).is_some());
            if !effect && !all.iter().any(|name| fits(pattern, name).is_some()) {
                let (pattern, known) = (pattern.clone(), known.clone());
                return Err(TableError::Pattern { option, pattern, known });
            }
        }
    }
    let any = |patterns: &[String], name: &str| patterns.iter().any(|p| fits(p, name).is_some());
    all.retain(|name| {
        (options.keep.is_empty() || any(&options.keep, name)) && !any(&options.drop, name)
    });
    let rank = |name: &str| options.order.iter().position(|p| fits(p, name).is_some());
    all.sort_by_key(|name| rank(name).unwrap_or(usize::MAX));
    Ok(all)
}

fn slot(
    fit: &Fit,
    name: &str,
    decimals: usize,
    intervals: &[(f64, f64)],
    stars: &[f64],
    below: Below,
) -> Slot {
    let Some(at) = fit.position(name) else {
        let left_out = fit.collinear.iter().find(|c| c.name == name);
        return left_out.map_or(Slot::Absent, |c| Slot::NotIdentified(c.with.clone()));
    };
    let (low, high) = intervals[at];
    let p = fit.p_values[at];
    let show = |value: f64| number(value, decimals);
    Slot::Estimate(Estimate {
        coefficient: fit.coefficients[at],
        standard_error: fit.standard_errors[at],
        statistic: fit.statistics[at],
        p_value: p,
        low,
        high,
        stars: stars.iter().filter(|level| p < **level).count(),
        text: show(fit.coefficients[at]),
        below: match below {
            Below::StandardErrors => show(fit.standard_errors[at]),
            // A statistic has no unit: two decimals, whatever the coefficients have.
            Below::Statistics => number(fit.statistics[at], 2),
            Below::PValues => p_value(p, 3),
            Below::Intervals => format!("{}, {}", show(low), show(high)),
            Below::Nothing => String::new(),
        },
        key: String::new(),
        below_key: String::new(),
    })
}

fn effects(models: &[Model<'_>], options: &Options) -> Vec<(String, Vec<bool>)> {
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in models.iter().flat_map(|model| &model.fit.effects) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let has = |fit: &Fit, name: &str| fit.effects.iter().any(|(effect, _)| effect == name);
    names
        .into_iter()
        .map(|name| {
            let label = clean(&renamed(&options.rename, name));
            (label, models.iter().map(|model| has(model.fit, name)).collect())
        })
        .collect()
}

fn words(models: &[Model<'_>]) -> Vec<WordRow> {
    let mut labels: Vec<&String> = Vec::new();
    for (label, _) in models.iter().flat_map(|model| &model.rows) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let word = |model: &Model<'_>, label: &str| {
        model.rows.iter().find(|row| row.0 == label).map_or(String::new(), |row| clean(&row.1))
    };
    labels
        .into_iter()
        .map(|label| WordRow {
            label: clean(label),
            words: models.iter().map(|model| word(model, label)).collect(),
        })
        .collect()
}

fn statistic(models: &[Model<'_>], statistic: Statistic) -> Option<StatisticRow> {
    let value = |fit: &Fit| {
        let poisson = fit.family == Family::Poisson;
        match statistic {
            // More than the rows used where a row stands for several.
            Statistic::Observations => Some(fit.n_used.max(fit.freedom.rows) as f64),
            Statistic::PseudoRSquared => poisson.then_some(fit.r_squared),
            Statistic::RSquared => (!poisson).then_some(fit.r_squared),
            Statistic::LogLikelihood => Some(fit.log_likelihood),
            Statistic::Deviance => poisson.then_some(fit.deviance),
            Statistic::ResidualSum => (!poisson).then_some(fit.deviance),
            Statistic::Parameters => Some(fit.parameters as f64),
            Statistic::Iterations => Some(fit.iterations as f64),
        }
    };
    let values: Vec<Option<f64>> = models.iter().map(|model| value(model.fit)).collect();
    let keys = vec![String::new(); values.len()];
    values.iter().any(Option::is_some).then_some(StatisticRow { statistic, values, keys })
}

impl StatisticRow {
    /// A value as printed: counts whole, shares with three decimals, sums with one.
    #[must_use]
    pub fn text(&self, value: f64) -> String {
        let decimals = match self.statistic {
            Statistic::Observations | Statistic::Parameters | Statistic::Iterations => {
                return emporion_plot::format_number(value, 0);
            }
            Statistic::PseudoRSquared | Statistic::RSquared => 3,
            Statistic::LogLikelihood | Statistic::Deviance | Statistic::ResidualSum => 1,
        };
        number(value, decimals)
    }
}
