//! A scenario file as it is written.

use std::collections::BTreeMap;
use std::ops::Range;

use emporion_tables::{Problem, Report};
use serde::Deserialize;
use toml::Spanned;

/// The bytes of a file, to say where in it something stands.
#[derive(Debug, Clone)]
pub struct Text {
    /// The file, as shown to readers.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// A scenario file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct File {
    /// Heading.
    #[serde(default)]
    pub title: Option<String>,
    /// Settings of the model; options of the command line come first.
    #[serde(default)]
    pub model: Model,
    /// Tables of a world of many sectors.
    #[serde(default)]
    pub data: Option<Data>,
    /// Own groups of places.
    #[serde(default)]
    pub groups: BTreeMap<String, Vec<String>>,
    /// Own groups of sectors.
    #[serde(default)]
    pub sector_groups: BTreeMap<String, Vec<String>>,
    /// Changes in force in every scenario; results are measured against the world with them.
    #[serde(default)]
    pub baseline: Changes,
    /// The scenarios.
    #[serde(default)]
    pub scenario: Vec<Scenario>,
}

/// Settings of the model.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Model {
    /// Elasticity of trade to trade costs, or its distribution.
    #[serde(default)]
    pub theta: Option<Spanned<Theta>>,
    /// `additive`, `multiplicative` or `removed`.
    #[serde(default)]
    pub imbalances: Option<Spanned<String>>,
    /// psi.
    #[serde(default)]
    pub supply_elasticity: Option<f64>,
    /// `one` (default) or `many`.
    #[serde(default)]
    pub sectors: Option<Spanned<String>>,
}

/// The elasticity: a number or a distribution.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a number, or one of { values = [2, 4, 8] }, { uniform = [3, 6] }, \
                 { triangular = [2, 4, 8] }, { lognormal = { mean = 4, sd = 1 } }"
)]
pub enum Theta {
    /// Known.
    Number(f64),
    /// One after the other.
    Values(Values),
    /// Equally likely.
    Uniform(Uniform),
    /// Most likely in the middle.
    Triangular(Triangular),
    /// Log-normal.
    LogNormal(LogNormal),
}

/// A list of values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// The list.
    pub values: Vec<f64>,
}

/// Anything between two values.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// Low and high.
    pub uniform: [f64; 2],
}

/// Anything between two values, one of them most likely.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triangular {
    /// Low, mode, high.
    pub triangular: [f64; 3],
}

/// A positive number whose logarithm is normal.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogNormal {
    /// Mean and standard deviation of theta.
    pub lognormal: MeanSd,
}

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanSd {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

/// Files of a world of many sectors, relative to the scenario file; a case may have them as tables.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Data {
    /// `place, using_product, supplying_product, value`, in the unit of the flows.
    #[serde(default)]
    pub inputs: Option<Spanned<String>>,
    /// `place, product, gross_output`, in the unit of the flows.
    #[serde(default)]
    pub output: Option<Spanned<String>>,
    /// `origin, destination, product, tariff`, in percent; zero for pairs without a row.
    #[serde(default)]
    pub tariffs: Option<Spanned<String>>,
    /// `product, theta`, with a column `sd` where theta is uncertain (log-normal).
    #[serde(default)]
    pub elasticities: Option<Spanned<String>>,
}

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// Name, each once.
    pub name: Spanned<String>,
    /// The question in a sentence.
    #[serde(default)]
    pub about: Option<String>,
    /// Agreements.
    #[serde(default)]
    pub agreement: Vec<Spanned<Agreement>>,
    /// Closed markets.
    #[serde(default)]
    pub close: Vec<Spanned<Close>>,
    /// Offices opened.
    #[serde(default)]
    pub office: Vec<Spanned<Office>>,
    /// Changes of trade costs.
    #[serde(default)]
    pub cost: Vec<Spanned<Cost>>,
    /// Tariffs, with revenue.
    #[serde(default)]
    pub tariff: Vec<Spanned<Tariff>>,
    /// Changes of productivity.
    #[serde(default)]
    pub productivity: Vec<Spanned<Productivity>>,
}

/// The changes of the baseline.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Changes {
    /// Agreements.
    #[serde(default)]
    pub agreement: Vec<Spanned<Agreement>>,
    /// Closed markets.
    #[serde(default)]
    pub close: Vec<Spanned<Close>>,
    /// Offices opened.
    #[serde(default)]
    pub office: Vec<Spanned<Office>>,
    /// Changes of trade costs.
    #[serde(default)]
    pub cost: Vec<Spanned<Cost>>,
    /// Tariffs, with revenue.
    #[serde(default)]
    pub tariff: Vec<Spanned<Tariff>>,
    /// Changes of productivity.
    #[serde(default)]
    pub productivity: Vec<Spanned<Productivity>>,
}

impl Scenario {
    /// The changes alone.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes {
            agreement: self.agreement.clone(),
            close: self.close.clone(),
            office: self.office.clone(),
            cost: self.cost.clone(),
            tariff: self.tariff.clone(),
            productivity: self.productivity.clone(),
        }
    }
}

impl Changes {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agreement.is_empty()
            && self.close.is_empty()
            && self.office.is_empty()
            && self.cost.is_empty()
            && self.tariff.is_empty()
            && self.productivity.is_empty()
    }
}

/// One id or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "an id, or several in a list such as [\"BLR\", \"KAZ\"]")]
pub enum Ids {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Ids {
    /// As a list.
    #[must_use]
    pub fn list(&self) -> &[String] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Several(ids) => ids,
        }
    }
}

/// Two groups trade with each other more easily, both ways; one group given twice agrees within.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Agreement {
    /// The two sides.
    pub between: Spanned<[Ids; 2]>,
    /// The gravity coefficient beta, with or without a distribution; or `percent`.
    #[serde(default)]
    pub effect: Option<Spanned<Number>>,
    /// The same as a change of trade in percent, 100 (exp(beta) - 1).
    #[serde(default)]
    pub percent: Option<Spanned<Number>>,
    /// Share of the effect that applies, 1 if not said.
    #[serde(default)]
    pub share: Option<f64>,
    /// Only these sectors.
    #[serde(default)]
    pub sectors: Option<Spanned<Ids>>,
    /// Years.
    #[serde(default)]
    pub phase: Option<Spanned<Phase>>,
}

/// A number, a range, a distribution, or a saved coefficient.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a number, { low = 0, high = 0.1 } with or without mode, { mean = 0.3, sd = 0.1 }, \
                 or { from = \"model.json\", coefficient = \"rta\" } with or without model"
)]
pub enum Number {
    /// Known.
    Known(f64),
    /// A range; with a mode a triangle.
    Range(Between),
    /// Normal.
    Normal(MeanSd),
    /// From `emporion estimate --save`.
    Saved(Saved),
}

/// A range.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// Smallest.
    pub low: f64,
    /// Largest.
    pub high: f64,
    /// Most likely.
    #[serde(default)]
    pub mode: Option<f64>,
}

/// A saved coefficient.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// The file, relative to the scenario file.
    pub from: String,
    /// Which regressor.
    pub coefficient: String,
    /// Which model, when the file holds several.
    #[serde(default)]
    pub model: Option<String>,
}

/// A market takes nothing from an exporter any more.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Close {
    /// The markets that close.
    pub market: Spanned<Ids>,
    /// The exporters they close to.
    pub to: Spanned<Ids>,
    /// Whether the exporters close to the markets as well.
    #[serde(default)]
    pub both_ways: bool,
    /// Only these sectors.
    #[serde(default)]
    pub sectors: Option<Spanned<Ids>>,
    /// Closed from this year on.
    #[serde(default)]
    pub from_year: Option<i32>,
}

/// An office of one place in another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Office {
    /// Whose office.
    pub of: Spanned<Ids>,
    /// Where it opens.
    #[serde(rename = "in")]
    pub at: Spanned<Ids>,
    /// The gravity coefficient beta, with or without a distribution; or `percent`.
    #[serde(default)]
    pub effect: Option<Spanned<Number>>,
    /// The same as a change of trade in percent, 100 (exp(beta) - 1).
    #[serde(default)]
    pub percent: Option<Spanned<Number>>,
    /// Share of the effect that applies, 1 if not said.
    #[serde(default)]
    pub share: Option<f64>,
    /// Whether imports from the host gain as well.
    #[serde(default)]
    pub both_ways: bool,
    /// Only these sectors.
    #[serde(default)]
    pub sectors: Option<Spanned<Ids>>,
    /// Years.
    #[serde(default)]
    pub phase: Option<Spanned<Phase>>,
}

/// Trade costs change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cost {
    /// Sellers.
    pub from: Spanned<Ids>,
    /// Buyers.
    pub to: Spanned<Ids>,
    /// Change of the cost factor in percent.
    pub percent: Spanned<Number>,
    /// The other direction as well.
    #[serde(default)]
    pub both_ways: bool,
    /// Only these sectors.
    #[serde(default)]
    pub sectors: Option<Spanned<Ids>>,
    /// Years.
    #[serde(default)]
    pub phase: Option<Spanned<Phase>>,
}

/// A tariff at a new level, or a whole schedule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tariff {
    /// Who levies it.
    #[serde(default)]
    pub importer: Option<Spanned<Ids>>,
    /// On whom.
    #[serde(default)]
    pub exporter: Option<Spanned<Ids>>,
    /// The new level.
    #[serde(default)]
    pub percent: Option<f64>,
    /// A file with `origin, destination, product, tariff` (percent), relative to the scenario file.
    #[serde(default)]
    pub schedule: Option<Spanned<String>>,
    /// Only these sectors.
    #[serde(default)]
    pub sectors: Option<Spanned<Ids>>,
    /// In force from this year on.
    #[serde(default)]
    pub from_year: Option<i32>,
}

/// A place makes more from the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Productivity {
    /// Where.
    pub place: Spanned<Ids>,
    /// Change in percent.
    pub percent: f64,
    /// Only these sectors.
    #[serde(default)]
    pub sectors: Option<Spanned<Ids>>,
    /// Years.
    #[serde(default)]
    pub phase: Option<Spanned<Phase>>,
}

/// A change that comes in steps.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// First year.
    pub from: i32,
    /// Share in force in that year and the following ones; the last one stays.
    pub shares: Vec<f64>,
}

impl Text {
    /// A problem at a place in the file.
    #[must_use]
    pub fn problem(
        &self,
        code: &'static str,
        span: &Range<usize>,
        expected: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Problem {
        let before = &self.text[..span.start.min(self.text.len())];
        let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
        Problem::new(code, self.path.clone(), expected, remedy)
            .at(u32::try_from(line).unwrap_or(u32::MAX))
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// With the line, for anything that is not TOML, a key that does not exist, a value of another
    /// kind, or a file without scenarios.
    pub fn parse(&self) -> Result<File, Report> {
        let file: File = toml::from_str(&self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let found = self.text.get(span.clone()).unwrap_or_default();
            self.problem(
                "scenario-syntax",
                &span,
                error.message().to_owned(),
                "the language is described in docs/reference/scenario.md",
            )
            .value(found.lines().next().unwrap_or_default())
        })?;
        if file.scenario.is_empty() {
            return Err(Problem::new(
                "no-scenario",
                self.path.clone(),
                "at least one [[scenario]]",
                "write [[scenario]], a name, and what happens, such as [[scenario.agreement]]",
            )
            .into());
        }
        Ok(file)
    }
}
