//! p-centre on one page: try every set of p sites and keep the one whose worst customer is nearest.
//!
//! The slow twin of `emporion_model::site::p_center`, which must give the same number. Run it with
//! `cargo run -p emporion-model --example p_center_one_page`.

/// max_i w_i · min_{j ∈ S} c_ij for open sites S.
pub fn radius(costs: &[Vec<f64>], weights: &[f64], open: &[usize]) -> f64 {
    let nearest = |row: &Vec<f64>| open.iter().map(|&j| row[j]).fold(f64::INFINITY, f64::min);
    costs.iter().zip(weights).map(|(row, weight)| weight * nearest(row)).fold(0.0, f64::max)
}

/// The least radius of p sites that hold all `kept` and no `forbidden` ones.
pub fn p_center(
    costs: &[Vec<f64>],
    weights: &[f64],
    p: usize,
    kept: &[usize],
    forbidden: &[usize],
) -> Option<f64> {
    let sites = costs[0].len();
    let mut best: Option<f64> = None;
    for set in 0_u32..1 << sites {
        let open: Vec<usize> = (0..sites).filter(|j| set >> j & 1 == 1).collect();
        let allowed =
            kept.iter().all(|j| open.contains(j)) && forbidden.iter().all(|j| !open.contains(j));
        if open.len() == p && p > 0 && allowed {
            let value = radius(costs, weights, &open);
            best = Some(best.map_or(value, |least| least.min(value)));
        }
    }
    best
}

#[allow(dead_code)] // The tests include this file for the two functions above.
fn main() {
    // Five towns on a road, at kilometres 0, 1, 5, 6 and 9.
    let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
    let costs: Vec<Vec<f64>> =
        at.iter().map(|a| at.iter().map(|b| (a - b).abs()).collect()).collect();
    for p in 1..=5 {
        let value = p_center(&costs, &[1.0; 5], p, &[], &[]).expect("p is 1 to 5");
        println!("p = {p}: nobody is farther than {value} km");
    }
}
