//! How unequally a plan serves: mean, percentile, worst, Gini.

use crate::outcome::InputError;

/// Cost per unit of demand over the customers of a plan, each with its weight.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[must_use]
pub struct Spread {
    /// Σ w c / Σ w.
    pub mean: f64,
    /// The least cost that nine tenths of the weight do not exceed.
    pub percentile_90: f64,
    /// The largest cost of a customer with weight.
    pub worst: f64,
    /// Position of the customer with the largest cost; the first in a tie.
    pub worst_customer: usize,
    /// Gini coefficient of cost over weight, 0 (all alike) to below 1; 0 when every cost is 0.
    pub gini: f64,
}

/// Describes costs by their distribution over demand.
///
/// ```text
/// percentile_90 = min { c : Σ_{c_i ≤ c} w_i ≥ 0.9 W },   W = Σ w_i
/// gini = Σ_i Σ_k w_i w_k |c_i - c_k| / (2 W² mean)
/// ```
///
/// # Notation
///
/// c is `costs`, w is `weights`, both one per customer, zero or more; costs in any unit.
///
/// # Assumptions
///
/// A customer without weight counts for nothing. The percentile is a cost that occurs: nothing is
/// interpolated.
///
/// # Errors
///
/// [`InputError::Length`] when the lists differ in length, [`InputError::Value`] for a cost or weight
/// that is negative or not finite, [`InputError::Empty`] when no customer has weight.
///
/// # Cost
///
/// O(n log n).
///
/// # Source
///
/// Gini (1912) in the weighted form of Lerman and Yitzhaki (1989), Journal of Econometrics 42.
///
/// # Example
///
/// ```
/// use emporion_model::site::spread::spread;
/// let found = spread(&[0.0, 10.0, 30.0], &[1.0, 2.0, 1.0])?;
/// assert_eq!((found.mean, found.worst, found.worst_customer), (12.5, 30.0, 2));
/// # Ok::<(), emporion_model::outcome::InputError>(())
/// ```
pub fn spread(costs: &[f64], weights: &[f64]) -> Result<Spread, InputError> {
    if costs.len() != weights.len() {
        let (expected, got) = (costs.len(), weights.len());
        return Err(InputError::Length { what: "weights".into(), expected, got });
    }
    for (what, values) in [("costs", costs), ("weights", weights)] {
        if let Some(index) = values.iter().position(|v| !v.is_finite() || *v < 0.0) {
            return Err(InputError::Value {
                what: what.into(),
                index,
                value: values[index],
                remedy: "costs and weights are finite and zero or more".into(),
            });
        }
    }
    let mut order: Vec<usize> = (0..costs.len()).filter(|&i| weights[i] > 0.0).collect();
    order.sort_by(|&a, &b| costs[a].total_cmp(&costs[b]).then(a.cmp(&b)));
    let Some(&last) = order.last() else {
        return Err(InputError::Empty {
            what: "weights".into(),
            remedy: "give at least one customer a positive weight".into(),
        });
    };
    let total: f64 = order.iter().map(|&i| weights[i]).sum();
    let mean = order.iter().map(|&i| weights[i] * costs[i]).sum::<f64>() / total;
    let worst = costs[last];
    // Σ_i w_i c_i (weight below and at half of its own, less weight above): twice the area.
    let (mut below, mut area, mut percentile_90) = (0.0, 0.0, worst);
    let mut found = false;
    for &i in &order {
        let w = weights[i];
        area += w * costs[i] * (2.0 * below + w - total);
        below += w;
        if !found && below >= 0.9 * total {
            (percentile_90, found) = (costs[i], true);
        }
    }
    let gini = if mean > 0.0 { area / (total * total * mean) } else { 0.0 };
    let worst_customer = order.iter().copied().find(|&i| costs[i] == worst).unwrap_or(last);
    Ok(Spread { mean, percentile_90, worst, worst_customer, gini })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gini_is_the_mean_difference_of_all_pairs() {
        let (costs, weights) = ([3.0, 0.0, 8.0, 3.0, 20.0], [2.0, 1.0, 0.5, 4.0, 0.0]);
        let total: f64 = weights.iter().sum();
        let mean = costs.iter().zip(weights).map(|(c, w)| c * w).sum::<f64>() / total;
        let mut pairs = 0.0;
        for i in 0..5 {
            for k in 0..5 {
                pairs += weights[i] * weights[k] * f64::abs(costs[i] - costs[k]);
            }
        }
        let found = spread(&costs, &weights).unwrap();
        assert!((found.gini - pairs / (2.0 * total * total * mean)).abs() < 1e-15);
        assert_eq!((found.worst, found.worst_customer), (8.0, 2));
        // 1 of 7.5 at 0, 7 of 7.5 at 3 or less: nine tenths is 6.75.
        assert_eq!(found.percentile_90, 3.0);
    }

    #[test]
    fn splitting_a_customer_changes_nothing() {
        let whole = spread(&[1.0, 5.0, 9.0], &[4.0, 2.0, 1.0]).unwrap();
        let split = spread(&[1.0, 1.0, 5.0, 9.0], &[1.0, 3.0, 2.0, 1.0]).unwrap();
        assert!((whole.gini - split.gini).abs() < 1e-15);
        assert_eq!((whole.mean, whole.percentile_90), (split.mean, split.percentile_90));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        assert!(spread(&[1.0], &[]).is_err());
        assert!(spread(&[-1.0], &[1.0]).is_err());
        assert!(spread(&[1.0], &[f64::NAN]).is_err());
        assert!(spread(&[1.0], &[0.0]).is_err());
        assert_eq!(spread(&[0.0, 0.0], &[1.0, 1.0]).unwrap().gini, 0.0);
    }
}
