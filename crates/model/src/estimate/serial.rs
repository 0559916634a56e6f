//! Errors that are correlated over time: Driscoll–Kraay and the panel form of Newey–West.
//!
//! ```text
//! M = Σ_p Γ_0^p + Σ_{l=1}^{L} (1 - l/(L+1)) (Γ_l^p + Γ_l^p'),   Γ_l^p = Σ_t S_pt S_{p,t-l}'
//! ```
//!
//! Driscoll–Kraay has a single p: S_t sums the scores of all rows of a period, so rows of the same
//! or of near periods may be correlated across all units. Newey–West has one p for each unit, and
//! units are independent.
//!
//! # Notation
//!
//! | symbol | argument | shape | unit |
//! | --- | --- | --- | --- |
//! | S_pt | scores summed by unit and period | k columns | |
//! | L | `lag` | | periods |
//! | T | number of periods | | |
//!
//! # Assumptions
//!
//! Periods are ranked in their order, as in R fixest: five-yearly data have a lag of five years at
//! l = 1, and a year without any row in use is not counted. A unit that misses a period has a score
//! of zero there. The Bartlett weights make M positive semi-definite.
//!
//! The default lag is ⌊T^(1/4)⌋, that of R fixest and pyfixest; Stata's xtscc takes
//! ⌊4 (T/100)^(2/9)⌋, which [`xtscc_lag`] gives.
//!
//! Source: Newey and West (1987), Econometrica 55, eq. 5; Driscoll and Kraay (1998), Review of
//! Economics and Statistics 80, eq. 6; Hoechle (2007), Stata Journal 7, for xtscc.

use super::design::Factor;
use super::vcov::{intersection, sums};

/// The periods of the rows of a design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Periods {
    /// As the reader wrote it, such as `year`.
    pub name: String,
    /// One whole number per row; only their order counts.
    pub values: Vec<i64>,
}

/// ⌊T^(1/4)⌋: the default lag, as in R fixest.
#[must_use]
pub fn default_lag(periods: usize) -> usize {
    (0..).take_while(|l: &usize| l.pow(4) <= periods).last().unwrap_or(0)
}

/// ⌊4 (T/100)^(2/9)⌋: the default lag of Stata's xtscc.
#[must_use]
pub fn xtscc_lag(periods: usize) -> usize {
    (4.0 * (periods as f64 / 100.0).powf(2.0 / 9.0)).floor() as usize
}

/// The rank of each row's period among those of the rows in use.
pub(super) fn ranked(periods: &Periods, rows: &[usize]) -> Factor {
    let mut distinct: Vec<i64> = rows.iter().map(|i| periods.values[*i]).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let rank = |v: i64| distinct.partition_point(|d| *d < v) as u32;
    Factor {
        name: periods.name.clone(),
        ids: rows.iter().map(|i| rank(periods.values[*i])).collect(),
        levels: distinct.len(),
    }
}

/// M of the module's text; `unit` none: Driscoll–Kraay.
pub(super) fn meat(
    x: &[Vec<f64>],
    u: &[f64],
    unit: Option<&Factor>,
    time: &Factor,
    lag: usize,
) -> Vec<f64> {
    let k = x.len();
    let everyone = Factor { name: String::new(), ids: vec![0; time.ids.len()], levels: 1 };
    let unit = unit.unwrap_or(&everyone);
    let (cell, cells) = intersection(&[unit, time]);
    let scores = sums(x, u, &cell, cells);
    // Unit and period of each cell, and the cells in the order of both.
    let mut key = vec![(0, 0); cells];
    for ((c, p), t) in cell.iter().zip(&unit.ids).zip(&time.ids) {
        key[*c as usize] = (*p, *t);
    }
    let mut order: Vec<usize> = (0..cells).collect();
    order.sort_unstable_by_key(|c| key[*c]);
    let mut half = vec![0.0; k * k];
    for (at, now) in order.iter().enumerate() {
        let (p, t) = key[*now];
        for then in order[..=at].iter().rev() {
            let (q, s) = key[*then];
            let apart = (t.wrapping_sub(s)) as usize;
            if q != p || apart > lag {
                break;
            }
            let bartlett = 1.0 - apart as f64 / (lag + 1) as f64;
            let w = if apart == 0 { 0.5 } else { bartlett };
            for i in 0..k {
                for j in 0..k {
                    half[i * k + j] += w * scores[i][*now] * scores[j][*then];
                }
            }
        }
    }
    (0..k * k).map(|c| half[c] + half[c % k * k + c / k]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lags_by_hand() {
        // Period sums 1, 2, 4, 8; lag 1 has weight 1/2.
        let periods = Periods { name: "year".into(), values: vec![2000, 2005, 2010, 2015] };
        let time = ranked(&periods, &[0, 1, 2, 3]);
        let x = vec![vec![1.0; 4]];
        let u = [1.0, 2.0, 4.0, 8.0];
        let (squares, first) = (85.0, 2.0 + 8.0 + 32.0);
        assert_eq!(meat(&x, &u, None, &time, 0), [squares]);
        assert_eq!(meat(&x, &u, None, &time, 1), [squares + first]);
        let two_units = Factor { name: "unit".into(), ids: vec![0, 0, 1, 1], levels: 2 };
        assert_eq!(meat(&x, &u, Some(&two_units), &time, 1), [squares + 2.0 + 32.0]);
    }

    #[test]
    fn default_lags() {
        assert_eq!([1, 15, 16, 80, 81].map(default_lag), [1, 1, 2, 2, 3]);
        assert_eq!([10, 50, 100].map(xtscc_lag), [2, 3, 4]);
    }
}
