//! Facility location on one page: try every set of sites, and send the goods unit by unit.
//!
//! The slow twin of `emporion_model::site::facility`, which must give the same number. Run it with
//! `cargo run -p emporion-model --example facility_one_page`.

/// A small question with whole demands and capacities.
#[derive(Debug, Clone)]
pub struct Question {
    /// Cost of serving all demand of a customer (row) from a site (column).
    pub costs: Vec<Vec<f64>>,
    /// Cost of opening each site.
    pub opening: Vec<f64>,
    /// Units of each customer. One without any is served for the cost of the cheapest open site.
    pub demand: Vec<usize>,
    /// Units that each site can hold.
    pub capacity: Vec<usize>,
    /// Sites open in every plan.
    pub kept: Vec<usize>,
    /// Sites closed in every plan.
    pub forbidden: Vec<usize>,
}

/// Least cost of service from open sites, or `None` if they hold too little: one unit of one
/// customer after the other, along the cheapest way that earlier units may make room on.
pub fn service(q: &Question, open: &[usize]) -> Option<f64> {
    let (n, m) = (q.costs.len(), q.opening.len());
    let unit = |i: usize, j: usize| q.costs[i][j] / q.demand[i] as f64;
    let mut units = vec![vec![0_usize; m]; n];
    let mut load = vec![0; m];
    for customer in 0..n {
        for _ in 0..q.demand[customer] {
            // Bellman and Ford: the way to each site, over sites that pass a unit on.
            let mut far = vec![f64::INFINITY; m];
            let mut via: Vec<Option<(usize, usize)>> = vec![None; m];
            open.iter().for_each(|&j| far[j] = unit(customer, j));
            for _ in 0..open.len() {
                for &a in open {
                    for &b in open {
                        for i in (0..n).filter(|&i| a != b && units[i][a] > 0) {
                            let longer = far[a] + unit(i, b) - unit(i, a);
                            if longer < far[b] - 1e-12 {
                                (far[b], via[b]) = (longer, Some((a, i)));
                            }
                        }
                    }
                }
            }
            let room = open.iter().copied().filter(|&j| load[j] < q.capacity[j]);
            let mut at = room.min_by(|a, b| far[*a].total_cmp(&far[*b]))?;
            load[at] += 1;
            while let Some((before, moved)) = via[at] {
                units[moved][before] -= 1;
                units[moved][at] += 1;
                at = before;
            }
            units[customer][at] += 1;
        }
    }
    let cost = |i: usize| match q.demand[i] {
        0 => open.iter().map(|&j| q.costs[i][j]).fold(f64::INFINITY, f64::min),
        _ => open.iter().map(|&j| units[i][j] as f64 * unit(i, j)).sum(),
    };
    Some((0..n).map(cost).sum())
}

/// The least cost over all sets of sites.
pub fn facility(q: &Question) -> Option<f64> {
    let sites = q.opening.len();
    let mut best: Option<f64> = None;
    for set in 1_u32..1 << sites {
        let open: Vec<usize> = (0..sites).filter(|j| set >> j & 1 == 1).collect();
        let allowed = q.kept.iter().all(|j| open.contains(j))
            && q.forbidden.iter().all(|j| !open.contains(j));
        if !allowed {
            continue;
        }
        if let Some(cost) = service(q, &open) {
            let value = cost + open.iter().map(|&j| q.opening[j]).sum::<f64>();
            best = Some(best.map_or(value, |least| least.min(value)));
        }
    }
    best
}

#[allow(dead_code)] // The tests include this file for the functions above.
fn main() {
    let q = Question {
        costs: vec![vec![1.0, 4.0], vec![1.0, 4.0], vec![3.0, 4.0]],
        opening: vec![2.0, 6.0],
        demand: vec![1; 3],
        capacity: vec![2, 3],
        kept: vec![],
        forbidden: vec![],
    };
    println!("with capacities: {:?}", facility(&q));
    println!("without: {:?}", facility(&Question { capacity: vec![3, 3], ..q }));
}
