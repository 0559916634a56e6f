//! p-median on one page: try every set of p sites and keep the cheapest.
//!
//! The slow twin of `emporion_model::site::p_median`, which must give the same number. Run it with
//! `cargo run -p emporion-model --example p_median_one_page`.

/// Σ_i w_i · min_{j ∈ S} c_ij for open sites S.
pub fn cost(costs: &[Vec<f64>], weights: &[f64], open: &[usize]) -> f64 {
    let nearest = |row: &Vec<f64>| open.iter().map(|&j| row[j]).fold(f64::INFINITY, f64::min);
    costs.iter().zip(weights).map(|(row, weight)| weight * nearest(row)).sum()
}

/// The cheapest set of p sites that holds all `kept` and no `forbidden` ones, with its cost; the
/// first in dictionary order if several are as cheap.
pub fn p_median(
    costs: &[Vec<f64>],
    weights: &[f64],
    p: usize,
    kept: &[usize],
    forbidden: &[usize],
) -> Option<(f64, Vec<usize>)> {
    let sites = costs[0].len();
    let mut best: Option<(f64, Vec<usize>)> = None;
    for set in 0_u32..1 << sites {
        let open: Vec<usize> = (0..sites).filter(|j| set >> j & 1 == 1).collect();
        let allowed =
            kept.iter().all(|j| open.contains(j)) && forbidden.iter().all(|j| !open.contains(j));
        if open.len() != p || open.is_empty() || !allowed {
            continue;
        }
        let value = cost(costs, weights, &open);
        let better = best
            .as_ref()
            .is_none_or(|(least, set)| value < *least || value == *least && open < *set);
        if better {
            best = Some((value, open));
        }
    }
    best
}

#[allow(dead_code)] // The tests include this file for the two functions above.
fn main() {
    // Five towns on a road, at kilometres 0, 1, 5, 6 and 9; the last has twice the demand.
    let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
    let costs: Vec<Vec<f64>> =
        at.iter().map(|a| at.iter().map(|b| (a - b).abs()).collect()).collect();
    let weights = [1.0, 1.0, 1.0, 1.0, 2.0];
    for p in 1..=5 {
        let (value, open) = p_median(&costs, &weights, p, &[], &[]).expect("p is 1 to 5");
        println!("p = {p}: open {open:?}, cost {value} km");
    }
}
