//! The plug-in penalty: λ from theory, loadings from the scores of the model on what is selected.
//!
//! ```text
//! λ = c √n Φ⁻¹(1 - g/(2k)) / T,   φ_j² = 1/n Σ_c (Σ_{i in c} z̃_ij ω(y - μ)_i)²
//! ```
//!
//! λ T φ_j is then c Φ⁻¹(·) times the clustered standard error of the score of regressor j: what a
//! regressor without effect exceeds with probability g/k at most. y - μ and z̃ are those of the model
//! without penalty on the selected regressors, or of the penalised model itself, first of that without
//! any; what is selected and the loadings it gives must agree. Residuals of the penalised model are
//! larger, as its coefficients are too small: it selects less.
//!
//! Source: Belloni, Chernozhukov, Hansen and Kozbur (2016), section 2 and appendix A; the constants
//! are theirs, and those of penppml.

use super::design::Design;
use super::distribution::critical_value;
use super::lasso::{PlugIn, PlugInFound, Residuals, Round};
use super::lasso_path::{Prepared, Step};
use super::options::{Options, Vcov};
use crate::outcome::InputError;

/// Relative change of loadings that no longer counts: a hundred times what a coefficient is exact to.
const STANDS: f64 = 1e-9;

/// The model at the plug-in penalty, what led to it, and whether what it selects agrees with the
/// loadings.
pub(super) fn run(
    prepared: &Prepared,
    design: &Design,
    penalised: &[bool],
    options: &Options,
    settings: &PlugIn,
) -> Result<(Step, PlugInFound, bool), InputError> {
    let n = prepared.sample.n();
    let k = prepared.penalised.iter().filter(|p| **p).count();
    let gamma = settings.gamma.unwrap_or_else(|| 0.1 / (n.max(2) as f64).ln());
    // P(|Z| <= q) = 1 - g/k.
    let quantile = critical_value(1.0 - gamma / k as f64, None);
    let lambda = settings.slack * (n as f64).sqrt() * quantile / prepared.total;
    let cluster = design.clusters.first();
    let plain = Options { vcov: Vcov::Iid, ..options.clone() };
    let mut found = PlugInFound {
        gamma,
        slack: settings.slack,
        quantile,
        rows: n,
        regressors: k,
        cluster: cluster.map(|c| c.name.clone()),
        rounds: Vec::new(),
    };
    let mut loadings = prepared.loadings_of(&prepared.base, cluster, design.y.len());
    let mut of: Vec<String> = Vec::new();
    let mut start = prepared.null();
    loop {
        let (step, stand) = prepared.with_loadings(lambda, &loadings, start);
        let selected = prepared.selected(&step);
        let again = selected == of;
        let next = match settings.residuals {
            // The same regressors have the same model: nothing moves any more.
            Residuals::PostLasso if again => loadings.clone(),
            Residuals::PostLasso => {
                let post = prepared.post(design, penalised, &selected, &plain)?;
                prepared.loadings_of(&post, cluster, design.y.len())
            }
            Residuals::Lasso => prepared.loadings_at(&stand, cluster),
        };
        start = stand;
        let moves = loadings.iter().zip(&next).filter(|(a, _)| **a > 0.0);
        let change = moves.map(|(a, b)| (b / a - 1.0).abs()).fold(0.0, f64::max);
        found.rounds.push(Round { selected: selected.clone(), change });
        let stands = again && change <= STANDS;
        if stands || found.rounds.len() >= settings.rounds {
            return Ok((step, found, stands));
        }
        (loadings, of) = (next, selected);
    }
}
