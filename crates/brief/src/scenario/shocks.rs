//! A step of a scenario as shocks of a one-sector world, with what is not known about them.

use std::collections::{BTreeMap, BTreeSet};

use emporion_model::simulate::{
    ClosedMarkets, ClosedSectors, Coefficient, Effect, Elasticity, JointNormal, Loading, Range,
    Shock, Shocks, Supply, Uncertain,
};
use emporion_tables::problem::nearest;
use emporion_tables::{Problem, Report};

use super::file::{self, Text, Theta};
use super::plan::{Change, Kind, Size, Step, Value};

/// Coefficients of a saved model with their covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedModel {
    /// Label, when the file holds several.
    pub label: String,
    /// Names of the regressors.
    pub names: Vec<String>,
    /// Their coefficients; NaN for one that was dropped.
    pub coefficients: Vec<f64>,
    /// Covariance, row-major.
    pub covariance: Vec<f64>,
}

/// Reads the models of a file that a scenario names.
pub type Library<'a> = dyn Fn(&str) -> Result<Vec<SavedModel>, String> + 'a;

/// theta as the file says it; `None` when it says nothing.
///
/// # Errors
///
/// Values that are not positive or out of order.
pub fn elasticity(
    theta: Option<&toml::Spanned<Theta>>,
    text: &Text,
) -> Result<Option<Elasticity>, Report> {
    let Some(theta) = theta else { return Ok(None) };
    let (found, all, ordered) = match theta.get_ref() {
        Theta::Number(v) => (Elasticity::Fixed(*v), vec![*v], true),
        Theta::Values(file::Values { values }) => {
            (Elasticity::Values(values.clone()), values.clone(), true)
        }
        Theta::Uniform(file::Uniform { uniform: [low, high] }) => {
            (Elasticity::Uniform { low: *low, high: *high }, vec![*low, *high], low <= high)
        }
        Theta::Triangular(file::Triangular { triangular: [low, mode, high] }) => (
            Elasticity::Triangular { low: *low, mode: *mode, high: *high },
            vec![*low, *mode, *high],
            low <= mode && mode <= high,
        ),
        Theta::LogNormal(file::LogNormal { lognormal }) => (
            Elasticity::LogNormal { mean: lognormal.mean, sd: lognormal.sd },
            vec![lognormal.mean],
            lognormal.sd >= 0.0 && lognormal.sd.is_finite(),
        ),
    };
    if all.is_empty() || !ordered || all.iter().any(|v| !v.is_finite() || *v <= 0.0) {
        return Err(text
            .problem(
                "theta",
                &theta.span(),
                "positive numbers, from low to high",
                "theta is the elasticity of trade to trade costs as a positive number, often 4 to 8",
            )
            .into());
    }
    Ok(Some(found))
}

/// The shocks of one step on a world of `n` places.
///
/// # Errors
///
/// A saved model or coefficient that does not exist or was dropped from its model; a size beyond
/// what a model bears; many-sector changes.
pub fn uncertain(
    changes: &[Change],
    step: &Step,
    n: usize,
    elasticity: Elasticity,
    text: &Text,
    library: &Library<'_>,
) -> Result<Uncertain, Report> {
    let mut shared = Shared::new(text, library);
    let mut effects = Vec::new();
    let mut closed: Vec<Shock> = Vec::new();
    let mut supply: BTreeMap<usize, f64> = BTreeMap::new();
    for (change, &share) in changes.iter().zip(&step.shares) {
        if share == 0.0 {
            continue;
        }
        let mut effect = |size: &Size, per_theta: bool| -> Result<(), Report> {
            let coefficient = shared.coefficient(&size.number)?;
            let loading = share * size.share;
            let loadings = change
                .pairs
                .iter()
                .map(|&(origin, destination)| Loading { origin, destination, loading })
                .collect();
            effects.push(Effect { name: change.label.clone(), coefficient, loadings, per_theta });
            Ok(())
        };
        match &change.kind {
            Kind::Effect(size) => effect(size, false)?,
            Kind::Cost(size) => effect(size, true)?,
            Kind::Close => closed.extend(change.pairs.iter().map(|&(origin, destination)| Shock {
                origin,
                destination,
                beta: f64::NEG_INFINITY,
            })),
            Kind::Productivity(ln) => {
                for &(place, _) in &change.pairs {
                    *supply.entry(place).or_default() += share * ln;
                }
            }
            Kind::Tariff(_) | Kind::Schedule(_) => {
                return Err(Problem::new(
                    "tariff-in-one-sector",
                    text.path.clone(),
                    "no tariffs in a world of one sector",
                    "write [[scenario.cost]], or sectors = \"many\" under [model]",
                )
                .into());
            }
        }
    }
    closed.sort_by_key(|shock| (shock.origin, shock.destination));
    closed.dedup_by_key(|shock| (shock.origin, shock.destination));
    let supply: Vec<Supply> = supply
        .into_iter()
        .map(|(place, ln)| Supply { place, productivity_hat: ln.exp(), labour_hat: 1.0 })
        .collect();
    let refused = |error: emporion_model::outcome::InputError| -> Report {
        Problem::new(
            "refused",
            text.path.clone(),
            "a scenario that a model can use",
            error.to_string(),
        )
        .into()
    };
    let fixed = Shocks::from_list(n, &closed)
        .and_then(|shocks| shocks.with_supply(&supply))
        .map_err(refused)?;
    let found = Uncertain { fixed, effects, estimated: shared.joint(), elasticity };
    found.check().map_err(refused)?;
    Ok(found)
}

/// The accounts of closed markets in force in a step.
#[must_use]
pub fn accounts(changes: &[Change], step: &Step) -> Vec<ClosedMarkets> {
    let mut markets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (change, &share) in changes.iter().zip(&step.shares) {
        if change.kind == Kind::Close && share > 0.0 {
            for &(seller, buyer) in &change.pairs {
                if change.exporters.contains(&seller) {
                    markets.entry(seller).or_default().push(buyer);
                }
            }
        }
    }
    markets
        .into_iter()
        .map(|(exporter, mut markets)| {
            markets.sort_unstable();
            markets.dedup();
            ClosedMarkets { exporter, markets }
        })
        .collect()
}

/// The accounts of closed markets in force in a step, when there are many sectors: one for each
/// exporter and set of sectors that it loses.
#[must_use]
pub fn sector_accounts(changes: &[Change], step: &Step, sectors: usize) -> Vec<ClosedSectors> {
    let mut lost: BTreeMap<(usize, usize), BTreeSet<usize>> = BTreeMap::new();
    for (change, &share) in changes.iter().zip(&step.shares) {
        if change.kind == Kind::Close && share > 0.0 {
            let all: Vec<usize> = (0..sectors).collect();
            let named = change.sectors.as_deref().unwrap_or(&all);
            for &(seller, buyer) in &change.pairs {
                if change.exporters.contains(&seller) {
                    lost.entry((seller, buyer)).or_default().extend(named);
                }
            }
        }
    }
    let mut accounts: BTreeMap<(usize, BTreeSet<usize>), Vec<usize>> = BTreeMap::new();
    for ((exporter, market), sectors) in lost {
        accounts.entry((exporter, sectors)).or_default().push(market);
    }
    let account = |((exporter, sectors), markets): ((usize, BTreeSet<usize>), Vec<usize>)| {
        ClosedSectors { exporter, markets, sectors: sectors.into_iter().collect() }
    };
    accounts.into_iter().map(account).collect()
}

/// Saved coefficients in use: each once, however many changes name it.
pub(crate) struct Shared<'a> {
    text: &'a Text,
    library: &'a Library<'a>,
    models: BTreeMap<String, Vec<SavedModel>>,
    /// (file, position of the model, position of the coefficient).
    used: Vec<(String, usize, usize)>,
}

impl<'a> Shared<'a> {
    pub fn new(text: &'a Text, library: &'a Library<'a>) -> Self {
        Self { text, library, models: BTreeMap::new(), used: Vec::new() }
    }

    pub fn coefficient(&mut self, value: &Value) -> Result<Coefficient, Report> {
        let (from, model, coefficient, line) = match value {
            Value::Given(range) => return Ok(Coefficient::Given(*range)),
            Value::Saved { from, model, coefficient, line } => (from, model, coefficient, *line),
        };
        let problem =
            |code: &'static str, value: &str, expected: String, remedy: String| -> Report {
                let mut problem =
                    Problem::new(code, self.text.path.clone(), expected, remedy).value(value);
                problem.line = line;
                problem.into()
            };
        if !self.models.contains_key(from) {
            let models = (self.library)(from).map_err(|reason| {
                let remedy = format!("{reason}; paths are relative to the scenario file");
                problem(
                    "saved-model",
                    from,
                    "a file written by emporion estimate --save".into(),
                    remedy,
                )
            })?;
            self.models.insert(from.clone(), models);
        }
        let models = &self.models[from];
        let labels = || models.iter().map(|m| m.label.as_str());
        let at = match model {
            Some(wanted) => models.iter().position(|m| &m.label == wanted),
            None if models.len() == 1 => Some(0),
            None => {
                return Err(problem(
                    "which-model",
                    from,
                    "model = \"…\", since the file holds several".into(),
                    format!("they are {}", labels().collect::<Vec<_>>().join(", ")),
                ));
            }
        };
        let Some(at) = at else {
            let wanted = model.as_deref().unwrap_or_default();
            let remedy = format!("they are {}", labels().collect::<Vec<_>>().join(", "));
            return Err(problem("unknown-model", wanted, format!("a model of {from}"), remedy));
        };
        let names = &models[at].names;
        let Some(k) = names.iter().position(|name| name == coefficient) else {
            let near = nearest(coefficient, names.iter().map(String::as_str));
            let remedy = if near.is_empty() {
                format!("it has {}", names.join(", "))
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            let expected = format!("a regressor of {from}");
            return Err(problem("unknown-coefficient", coefficient, expected, remedy));
        };
        if !models[at].coefficients[k].is_finite() {
            return Err(problem(
                "dropped-coefficient",
                coefficient,
                "a coefficient with a value".into(),
                "it was dropped from its model as collinear: estimate it without what absorbs it"
                    .into(),
            ));
        }
        let key = (from.clone(), at, k);
        let position = self.used.iter().position(|used| *used == key).unwrap_or_else(|| {
            self.used.push(key);
            self.used.len() - 1
        });
        Ok(Coefficient::Estimated(position))
    }

    /// Jointly normal within a model; different models are independent.
    pub fn joint(&self) -> JointNormal {
        let entry = |(from, at, k): &(String, usize, usize)| (&self.models[from][*at], *k);
        let mean = self.used.iter().map(|key| {
            let (model, k) = entry(key);
            model.coefficients[k]
        });
        let mean: Vec<f64> = mean.collect();
        let mut covariance = Vec::with_capacity(mean.len() * mean.len());
        for a in &self.used {
            for b in &self.used {
                let same = (&a.0, a.1) == (&b.0, b.1);
                let (model, k) = entry(a);
                covariance.push(if same {
                    model.covariance[k * model.names.len() + b.2]
                } else {
                    0.0
                });
            }
        }
        JointNormal { mean, covariance }
    }
}

/// Whether anything in a scenario has a distribution.
#[must_use]
pub fn is_uncertain(scenario: &Uncertain) -> bool {
    !matches!(scenario.elasticity, Elasticity::Fixed(_))
        || scenario.effects.iter().any(|effect| !known(effect.coefficient))
}

/// Whether a coefficient is a number.
#[must_use]
pub fn known(coefficient: Coefficient) -> bool {
    matches!(coefficient, Coefficient::Given(Range::Point(_)))
}
