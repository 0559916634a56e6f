//! Covering on one page: try every set of sites.
//!
//! The slow twin of `emporion_model::site::covering`, which must give the same numbers. Run it with
//! `cargo run -p emporion-model --example covering_one_page`.

/// Whether an open site is within the radius of a customer, given the customer's distances.
fn reached(row: &[f64], open: &[usize], radius: f64) -> bool {
    open.iter().any(|&j| row[j] <= radius)
}

/// All sets of sites that hold the `kept` and none of the `forbidden` ones.
fn sets<'a>(
    sites: usize,
    kept: &'a [usize],
    forbidden: &'a [usize],
) -> impl Iterator<Item = Vec<usize>> + 'a {
    let of = move |set: u32| (0..sites).filter(|j| set >> j & 1 == 1).collect::<Vec<_>>();
    (0_u32..1 << sites).map(of).filter(|open| {
        kept.iter().all(|j| open.contains(j)) && forbidden.iter().all(|j| !open.contains(j))
    })
}

/// The least cost of sites that reach every customer; `None` if some cannot be reached.
pub fn set_cover(
    costs: &[Vec<f64>],
    opening: &[f64],
    radius: f64,
    kept: &[usize],
    forbidden: &[usize],
) -> Option<f64> {
    sets(opening.len(), kept, forbidden)
        .filter(|open| costs.iter().all(|row| reached(row, open, radius)))
        .map(|open| open.iter().map(|&j| opening[j]).sum())
        .min_by(f64::total_cmp)
}

/// The most weight that p sites reach; `None` if no set of p sites is allowed.
pub fn max_cover(
    costs: &[Vec<f64>],
    weights: &[f64],
    radius: f64,
    p: usize,
    kept: &[usize],
    forbidden: &[usize],
) -> Option<f64> {
    let weight = |open: Vec<usize>| {
        let near = costs.iter().zip(weights).filter(|(row, _)| reached(row, &open, radius));
        near.map(|(_, weight)| weight).sum::<f64>()
    };
    sets(costs[0].len(), kept, forbidden)
        .filter(|open| open.len() == p)
        .map(weight)
        .max_by(f64::total_cmp)
}

#[allow(dead_code)] // The tests include this file for the functions above.
fn main() {
    // Five towns on a road, at kilometres 0, 1, 5, 6 and 9.
    let at = [0.0_f64, 1.0, 5.0, 6.0, 9.0];
    let costs: Vec<Vec<f64>> =
        at.iter().map(|a| at.iter().map(|b| (a - b).abs()).collect()).collect();
    for radius in [0.0, 1.0, 3.0, 5.0] {
        let fewest = set_cover(&costs, &[1.0; 5], radius, &[], &[]);
        let most = max_cover(&costs, &[1.0; 5], radius, 1, &[], &[]);
        println!("{radius} km: {fewest:?} sites reach all, one site reaches {most:?}");
    }
}
