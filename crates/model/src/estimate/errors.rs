//! Other standard errors for a model already fitted.
//!
//! ```text
//! V = f B M B
//! ```
//!
//! with M by [`Errors`] and f by [`SmallSample`]. Nothing is estimated again: the scores and the
//! bread stand in [`Fitted`].

use super::design::{Factor, WeightKind};
use super::fit::{Family, Fit};
use super::fitted::Fitted;
use super::freedom::{Counted, Freedom, count};
use super::options::SmallSample;
use super::sample::compact;
use super::serial::{self, Periods, default_lag, ranked};
use super::spatial::{self, Conley, Distance, Kernel, Locations};
use super::vcov::{cluster_meat, repair, row_meat, sandwich};
use crate::outcome::{InputError, Note};

/// Fewer clusters than this get a note: asymptotics in G have not set in. Cameron and Miller
/// (2015), section VI, put the limit between 20 and 50.
const FEW_CLUSTERS: usize = 20;
/// Inclusion and exclusion visits every subset of the dimensions.
const MOST_DIMENSIONS: usize = 8;
/// Codes of the notes that belong to a covariance, and not to a fit.
const OWN_NOTES: [&str; 3] = ["saturated", "few_clusters", "vcov_repaired"];

/// What the covariance allows for. Arrays have one entry per row of the design.
#[derive(Debug, Clone, PartialEq)]
pub enum Errors {
    /// The model's own variance: mean equal to variance (Poisson), one variance (least squares).
    Iid,
    /// Heteroskedasticity: White's sandwich.
    Robust,
    /// Correlation within clusters, in one dimension or several.
    Cluster(Vec<Factor>),
    /// Correlation between rows near in space.
    Conley(Conley),
    /// Correlation between all rows of the same and of near periods.
    DriscollKraay {
        /// The period of each row.
        time: Periods,
        /// Lags; `None`: ⌊T^(1/4)⌋.
        lag: Option<usize>,
    },
    /// Correlation between near periods of the same unit.
    NeweyWest {
        /// The unit of each row.
        unit: Factor,
        /// The period of each row.
        time: Periods,
        /// Lags; `None`: ⌊T^(1/4)⌋.
        lag: Option<usize>,
    },
}

/// The errors asked for, on the rows in use.
struct Prepared {
    /// Clusters, periods or locations: an effect nested in one of them costs no parameters.
    groups: Vec<Factor>,
    /// G of the small-sample factor; none where it has no G.
    smallest: Option<usize>,
    meat: Vec<f64>,
    /// Whether the meat may have negative eigenvalues.
    may_be_indefinite: bool,
    words: String,
}

impl Fitted {
    /// The same fit with other standard errors.
    ///
    /// ```text
    /// V = f B M B
    /// ```
    ///
    /// # Result
    ///
    /// The fit with covariance, statistics, p-values, degrees of freedom, convention, clusters,
    /// parameters counted and notes replaced. Least squares has t statistics with N - K degrees of
    /// freedom, G - 1 with clusters and T - 1 with periods; Poisson has z statistics, as ppmlhdfe and
    /// fixest print them.
    ///
    /// # Errors
    ///
    /// [`InputError::Length`] for arrays that do not fit the design; [`InputError::Setting`] without
    /// clusters, with a single cluster or period among the rows used, with too many dimensions, or
    /// with a cutoff that is not positive; [`InputError::Value`] for coordinates off the globe.
    ///
    /// # Cost
    ///
    /// O(n k) and O(k²) per group; several ways: once per subset of the dimensions.
    ///
    /// # Example
    ///
    /// ```
    /// use emporion_model::estimate::design::{Design, Factor, Regressor};
    /// use emporion_model::estimate::{Errors, Options, SmallSample, ols_fitted};
    /// let design = Design {
    ///     outcome: "y".into(),
    ///     y: vec![1.0, 3.0, 5.5, 6.5, 9.5, 10.0],
    ///     x: vec![Regressor { name: "x".into(), values: vec![0., 1., 2., 3., 4., 5.] }],
    ///     constant: true,
    ///     ..Design::default()
    /// };
    /// let fitted = ols_fitted(&design, &Options::default()).unwrap();
    /// let place = Factor { name: "place".into(), ids: vec![0, 0, 1, 1, 2, 2], levels: 3 };
    /// let fit = fitted.with_errors(&Errors::Cluster(vec![place]), SmallSample::Fixest).unwrap();
    /// assert_eq!(fit.coefficients, fitted.fit.coefficients);
    /// assert_eq!(fit.degrees_of_freedom, Some(2.0));
    /// assert_eq!(fit.convention, "cluster by place, fixest factor");
    /// ```
    pub fn with_errors(
        &self,
        errors: &Errors,
        small_sample: SmallSample,
    ) -> Result<Fit, InputError> {
        let prepared = self.prepare(errors)?;
        let k = self.x.len();
        let freedom = self.freedom(&prepared.groups, small_sample);
        let factor = self.factor(errors, small_sample, &freedom, prepared.smallest);
        let mut matrix = match errors {
            Errors::Iid => self.bread.iter().map(|b| b * self.sigma2(&freedom)).collect(),
            _ => sandwich(&self.bread, &prepared.meat, k),
        };
        matrix.iter_mut().for_each(|v| *v *= factor);
        let mut fit = self.fit.clone();
        fit.notes.retain(|n| !OWN_NOTES.contains(&n.code));
        fit.notes.extend(saturated(fit.family, small_sample, &freedom));
        if matches!(errors, Errors::Cluster(_)) {
            fit.notes.extend(prepared.groups.iter().filter_map(few_clusters));
        }
        if prepared.may_be_indefinite && repair(&mut matrix, k) {
            fit.notes.push(repaired(errors));
        }
        let program = match small_sample {
            SmallSample::Raw => "no small-sample factor",
            SmallSample::Stata if fit.family == Family::Poisson => "Stata ppmlhdfe factor",
            SmallSample::Stata => "Stata reghdfe factor",
            SmallSample::Fixest => "fixest factor",
        };
        fit.convention = format!("{}, {program}", prepared.words);
        fit.degrees_of_freedom = match (fit.family, prepared.smallest) {
            (Family::Poisson, _) => None,
            (Family::Gaussian, Some(g)) => Some(g as f64 - 1.0),
            (Family::Gaussian, None) => Some(freedom.residual as f64),
        };
        fit.clusters = match errors {
            Errors::Conley(_) => Vec::new(),
            _ => prepared.groups.iter().map(|g| (g.name.clone(), g.levels)).collect(),
        };
        fit.parameters = freedom.parameters;
        fit.freedom = freedom;
        fit.set_covariance(matrix);
        Ok(fit)
    }

    fn prepare(&self, errors: &Errors) -> Result<Prepared, InputError> {
        let mut prepared = Prepared {
            groups: Vec::new(),
            smallest: None,
            meat: Vec::new(),
            may_be_indefinite: false,
            words: String::new(),
        };
        match errors {
            Errors::Iid => prepared.words = "iid".into(),
            Errors::Robust => {
                prepared.words = "robust (HC1 form)".into();
                prepared.meat = row_meat(&self.x, &self.row_scores());
            }
            Errors::Cluster(clusters) => {
                prepared.groups = self.clusters_in_use(clusters)?;
                prepared.meat = cluster_meat(&self.x, &self.residual, &prepared.groups);
                prepared.smallest = prepared.groups.iter().map(|c| c.levels).min();
                prepared.may_be_indefinite = clusters.len() > 1;
                let names: Vec<&str> = clusters.iter().map(|c| c.name.as_str()).collect();
                prepared.words = format!("cluster by {}", names.join(" + "));
            }
            Errors::Conley(conley) => {
                self.check_conley(conley)?;
                let locations = Locations::new(conley, &self.rows);
                prepared.meat = spatial::meat(&self.x, &self.residual, conley, &locations);
                prepared.may_be_indefinite = true;
                let kernel = match conley.kernel {
                    Kernel::Uniform => "uniform",
                    Kernel::Bartlett => "Bartlett",
                };
                let distance = match conley.distance {
                    Distance::GreatCircle => "great circle",
                    Distance::Triangular => "triangular",
                };
                let levels = locations.points.len();
                prepared.words = format!(
                    "Conley, {} km, {kernel} kernel, {distance} distance, {levels} locations",
                    conley.cutoff
                );
                prepared.groups =
                    vec![Factor { name: "location".into(), ids: locations.ids, levels }];
            }
            Errors::DriscollKraay { time, lag } => {
                let time = self.periods_in_use(time)?;
                let lag = lag.unwrap_or_else(|| default_lag(time.levels));
                prepared.meat = serial::meat(&self.x, &self.residual, None, &time, lag);
                prepared.smallest = Some(time.levels);
                prepared.words = format!("Driscoll-Kraay by {}, lag {lag}", time.name);
                prepared.groups = vec![time];
            }
            Errors::NeweyWest { unit, time, lag } => {
                let time = self.periods_in_use(time)?;
                let unit = self.in_use(unit)?;
                let lag = lag.unwrap_or_else(|| default_lag(time.levels));
                prepared.meat = serial::meat(&self.x, &self.residual, Some(&unit), &time, lag);
                prepared.smallest = Some(time.levels);
                prepared.words =
                    format!("Newey-West by {} and {}, lag {lag}", unit.name, time.name);
                prepared.groups = vec![unit, time];
            }
        }
        Ok(prepared)
    }

    /// N of the small-sample factors.
    pub(super) fn observations(&self) -> usize {
        match self.weight_kind {
            WeightKind::Analytic => self.rows.len(),
            WeightKind::Frequency => self.weights.iter().sum::<f64>().round() as usize,
        }
    }

    /// u for the robust meat: a row that stands for f rows adds f s s', not f² s s'.
    fn row_scores(&self) -> Vec<f64> {
        match self.weight_kind {
            WeightKind::Analytic => self.residual.clone(),
            WeightKind::Frequency => {
                std::iter::zip(&self.residual, &self.weights).map(|(u, f)| u / f.sqrt()).collect()
            }
        }
    }

    fn sigma2(&self, freedom: &Freedom) -> f64 {
        match self.fit.family {
            Family::Poisson => 1.0,
            Family::Gaussian => self.fit.deviance / freedom.rows as f64,
        }
    }

    fn freedom(&self, groups: &[Factor], small_sample: SmallSample) -> Freedom {
        let of = Counted {
            family: self.fit.family,
            rows: self.observations(),
            coefficients: self.x.len(),
            effects: &self.effects,
            slopes: &self.slopes,
            clusters: groups,
        };
        count(&of, small_sample)
    }

    /// f of the table in [`SmallSample`]; G counts clusters or periods.
    fn factor(
        &self,
        errors: &Errors,
        small_sample: SmallSample,
        freedom: &Freedom,
        groups: Option<usize>,
    ) -> f64 {
        let n = freedom.rows as f64;
        let left = if freedom.residual > 0 { freedom.residual as f64 } else { f64::NAN };
        let by_group = groups.map_or(1.0, |g| g as f64 / (g as f64 - 1.0));
        let poisson = self.fit.family == Family::Poisson;
        match (small_sample, errors) {
            (SmallSample::Raw, _) => 1.0,
            (SmallSample::Stata, Errors::Robust) if poisson => n / (n - 1.0),
            (SmallSample::Stata, _) if poisson => by_group,
            (_, Errors::Iid) if !poisson => n / left,
            (_, Errors::Robust) => n / left,
            _ => by_group * (n - 1.0) / left,
        }
    }

    /// A factor of the design on the rows in use.
    pub(super) fn in_use(&self, factor: &Factor) -> Result<Factor, InputError> {
        let what = format!("factor `{}`", factor.name);
        self.length(&what, factor.ids.len())?;
        if let Some(row) = factor.ids.iter().position(|id| *id as usize >= factor.levels) {
            return Err(InputError::Setting {
                what: format!("{what}, row {row}"),
                expected: format!("an id below {}", factor.levels),
                got: factor.ids[row].to_string(),
                remedy: "number the levels from 0 without gaps in `levels`".into(),
            });
        }
        Ok(compact(factor, &self.rows))
    }

    /// Clusters on the rows in use, refused when they cannot give a variance.
    pub(super) fn clusters_in_use(&self, clusters: &[Factor]) -> Result<Vec<Factor>, InputError> {
        let refused = |expected: &str, got: String, remedy: &str| InputError::Setting {
            what: "clustered errors".into(),
            expected: expected.into(),
            got,
            remedy: remedy.into(),
        };
        if clusters.is_empty() {
            let remedy = "name the clusters, or ask for robust errors";
            return Err(refused("at least one cluster factor", "none".into(), remedy));
        }
        if clusters.len() > MOST_DIMENSIONS {
            let expected = format!("at most {MOST_DIMENSIONS} dimensions");
            return Err(refused(&expected, clusters.len().to_string(), "combine some of them"));
        }
        let used: Vec<Factor> =
            clusters.iter().map(|c| self.in_use(c)).collect::<Result<_, _>>()?;
        match used.iter().find(|c| c.levels < 2) {
            None => Ok(used),
            Some(c) => Err(refused(
                "at least two clusters among the rows used",
                format!("one level of `{}`", c.name),
                "cluster by something that varies, or ask for robust errors",
            )),
        }
    }

    fn periods_in_use(&self, time: &Periods) -> Result<Factor, InputError> {
        self.length(&format!("periods `{}`", time.name), time.values.len())?;
        let ranked = ranked(time, &self.rows);
        if ranked.levels < 2 {
            return Err(InputError::Setting {
                what: "errors correlated over time".into(),
                expected: "at least two periods among the rows used".into(),
                got: format!("one value of `{}`", time.name),
                remedy: "ask for robust or clustered errors".into(),
            });
        }
        Ok(ranked)
    }

    fn check_conley(&self, conley: &Conley) -> Result<(), InputError> {
        if !(conley.cutoff > 0.0 && conley.cutoff.is_finite()) {
            return Err(InputError::Setting {
                what: "cutoff of Conley errors".into(),
                expected: "a distance in km above zero".into(),
                got: conley.cutoff.to_string(),
                remedy: "a few hundred km is common for countries".into(),
            });
        }
        for (what, values, low, high) in [
            ("latitude", &conley.latitude, -90.0, 90.0),
            ("longitude", &conley.longitude, -180.0, 360.0),
        ] {
            self.length(what, values.len())?;
            let bad = |i: &&usize| !(low..=high).contains(&values[**i]);
            if let Some(i) = self.rows.iter().filter(bad).min() {
                return Err(InputError::Value {
                    what: what.into(),
                    index: *i,
                    value: values[*i],
                    remedy: format!("give degrees from {low} to {high} for every row used"),
                });
            }
        }
        Ok(())
    }

    fn length(&self, what: &str, got: usize) -> Result<(), InputError> {
        let expected = self.fit.n_input;
        if got == expected {
            return Ok(());
        }
        Err(InputError::Length { what: what.into(), expected, got })
    }
}

fn saturated(family: Family, small_sample: SmallSample, freedom: &Freedom) -> Option<Note> {
    let needed = small_sample != SmallSample::Raw
        && (small_sample == SmallSample::Fixest || family == Family::Gaussian);
    (freedom.residual <= 0 && needed).then(|| Note {
        code: "saturated",
        message: format!(
            "{} rows and {} parameters leave no degrees of freedom: no standard errors",
            freedom.rows, freedom.parameters
        ),
        count: 1,
        rows: Vec::new(),
    })
}

fn few_clusters(cluster: &Factor) -> Option<Note> {
    (cluster.levels < FEW_CLUSTERS).then(|| Note {
        code: "few_clusters",
        message: format!(
            "only {} clusters by {}: clustered errors are unreliable below about {FEW_CLUSTERS}; \
             a wild cluster bootstrap is safer",
            cluster.levels, cluster.name
        ),
        count: cluster.levels,
        rows: Vec::new(),
    })
}

fn repaired(errors: &Errors) -> Note {
    let which = if matches!(errors, Errors::Conley(_)) { "Conley" } else { "multiway" };
    Note {
        code: "vcov_repaired",
        message: format!(
            "the {which} covariance was not positive semi-definite; its negative eigenvalues were \
             set to zero"
        ),
        count: 1,
        rows: Vec::new(),
    }
}
