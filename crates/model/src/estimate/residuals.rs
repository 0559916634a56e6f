//! Residuals by kind and scores, row by row.
//!
//! ```text
//! response  y - μ                 Pearson  √ω (y - μ)/√v(μ)
//! working   (y - μ) dη/dμ         deviance  sign(y - μ) √(ω d(y, μ))
//! Poisson:  v = μ, dη/dμ = 1/μ, d = 2 (y ln(y/μ) - y + μ);   least squares:  v = dη/dμ = 1, d = (y - μ)²
//! score of β_j:  s_ij = ω_i (y_i - μ_i) x̃_ij,   Σ_i s_ij = 0
//! ```
//!
//! Source: McCullagh and Nelder (1989), Generalized Linear Models, section 2.4; weights enter as in
//! R's `residuals.glm`.

use super::fit::Family;
use super::fitted::Fitted;

/// Kinds of residual; the [module's text](self) has the formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Residual {
    /// Outcome less fitted value.
    Response,
    /// Scaled by the model's standard deviation.
    Pearson,
    /// Signed root of the row's share of the deviance.
    Deviance,
    /// In the units of the linear predictor.
    Working,
}

impl Fitted {
    /// Residuals of one kind, in the order of `rows`.
    #[must_use]
    pub fn residuals(&self, kind: Residual) -> Vec<f64> {
        let poisson = self.fit.family == Family::Poisson;
        (0..self.rows.len())
            .map(|i| {
                let (y, mu, root) = (self.y[i], self.mu[i], self.weights[i].sqrt());
                match kind {
                    Residual::Response => y - mu,
                    Residual::Pearson if poisson => root * (y - mu) / mu.sqrt(),
                    Residual::Working if poisson => (y - mu) / mu,
                    Residual::Deviance if poisson => {
                        // Rounding can leave the share of a well fitted row slightly below zero.
                        let log = if y > 0.0 { y * (y.ln() - self.eta[i]) } else { 0.0 };
                        let share = 2.0 * (log - (y - mu)).max(0.0);
                        root * share.sqrt().copysign(y - mu)
                    }
                    Residual::Pearson | Residual::Deviance => root * (y - mu),
                    Residual::Working => y - mu,
                }
            })
            .collect()
    }

    /// Scores: k columns, one entry per row in the order of `rows`.
    #[must_use]
    pub fn scores(&self) -> Vec<Vec<f64>> {
        let column = |x: &Vec<f64>| x.iter().zip(&self.residual).map(|(x, u)| x * u).collect();
        self.x.iter().map(column).collect()
    }
}
