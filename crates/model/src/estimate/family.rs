//! What tells one family of outcomes from another in Newton's method.

/// The smallest fitted value; below it the working residual would overflow.
pub(super) const SMALLEST_MU: f64 = 1e-290;

/// A row at a linear predictor.
pub(super) struct Point {
    /// Fitted value.
    pub mu: f64,
    /// μ'²/V(μ): working weight per unit of observation weight.
    pub weight: f64,
    /// Minus the log likelihood, up to what does not depend on η.
    pub loss: f64,
    /// The size of its terms.
    pub loss_size: f64,
}

/// A family with its link.
pub(super) trait Model: Sync {
    /// Fitted value, weight and loss of a row at η.
    fn at(&self, y: f64, eta: f64) -> Point;
    /// (y - μ)/μ'.
    fn residual(&self, y: f64, mu: f64) -> f64;
}

/// Poisson with log link: variance equal to the mean.
pub(super) struct Poisson {
    /// Log of the mean outcome, taken out of η so that the unit of the outcome does not matter.
    pub log_mean: f64,
}

impl Model for Poisson {
    #[inline]
    fn at(&self, y: f64, eta: f64) -> Point {
        let mu = eta.exp().max(SMALLEST_MU);
        let centred = y * (eta - self.log_mean);
        Point { mu, weight: mu, loss: mu - centred, loss_size: mu + centred.abs() }
    }

    #[inline]
    fn residual(&self, y: f64, mu: f64) -> f64 {
        (y - mu) / mu
    }
}
