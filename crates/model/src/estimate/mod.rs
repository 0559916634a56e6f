//! Gravity: Poisson pseudo-maximum likelihood and least squares with many fixed effects.

pub mod design;
