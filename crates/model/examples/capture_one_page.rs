//! Saturating capture on one page: try every set of p sites and keep the one that captures most.
//!
//! The slow twin of `emporion_model::site::capture`, which must give the same number. Run it with
//! `cargo run -p emporion-model --example capture_one_page`.

/// Σ_k w_k · Σ_{j ∈ S} u_kj / (elsewhere_k + Σ_{j ∈ S} u_kj) for open sites S.
pub fn capture(u: &[Vec<f64>], weights: &[f64], elsewhere: &[f64], open: &[usize]) -> f64 {
    let share = |k: usize| {
        let own: f64 = open.iter().map(|&j| u[k][j]).sum();
        own / (elsewhere[k] + own)
    };
    (0..u.len()).map(|k| weights[k] * share(k)).sum()
}

/// The most that a set of p sites captures which holds all `kept` and no `forbidden` ones; the first
/// set in order of its bits if several capture as much.
pub fn best_capture(
    u: &[Vec<f64>],
    weights: &[f64],
    elsewhere: &[f64],
    p: usize,
    kept: &[usize],
    forbidden: &[usize],
) -> Option<(f64, Vec<usize>)> {
    let sites = u[0].len();
    let mut best: Option<(f64, Vec<usize>)> = None;
    for set in 0_u32..1 << sites {
        let open: Vec<usize> = (0..sites).filter(|j| set >> j & 1 == 1).collect();
        let allowed =
            kept.iter().all(|j| open.contains(j)) && forbidden.iter().all(|j| !open.contains(j));
        if open.len() != p || open.is_empty() || !allowed {
            continue;
        }
        let value = capture(u, weights, elsewhere, &open);
        if best.as_ref().is_none_or(|(most, _)| value > *most) {
            best = Some((value, open));
        }
    }
    best
}

#[allow(dead_code)] // The tests include this file for the two functions above.
fn main() {
    // Five towns on a road, at kilometres 0, 1, 5, 6 and 9; a rival at kilometre 5 in all but name.
    let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
    let pull = |a: f64, b: f64| (-0.5 * (a - b).abs()).exp();
    let u: Vec<Vec<f64>> = at.iter().map(|a| at.iter().map(|b| pull(*a, *b)).collect()).collect();
    let rival: Vec<f64> = at.iter().map(|a| pull(*a, 5.0)).collect();
    for p in 1..=5 {
        let (value, open) = best_capture(&u, &[1.0; 5], &rival, p, &[], &[]).expect("p is 1 to 5");
        println!("p = {p}: open {open:?}, {value:.3} of 5 towns");
    }
}
