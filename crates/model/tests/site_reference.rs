//! p-median against the optima of OR-Library's graphs (Beasley 1985).

mod common;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Read;
use std::path::Path;

use emporion_model::site::p_median::{Options, Proof, solve};
use emporion_model::site::{Instance, certificate};
use rayon::prelude::*;

/// A graph of OR-Library: `n edges p`, then `from to length` counted from 1. Roads go both ways,
/// and where one is listed twice the last length counts. Every vertex is customer and site.
fn read_pmed(path: &Path) -> (Instance, usize) {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let numbers: Vec<usize> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    let (n, p) = (numbers[0], numbers[2]);
    let mut length = vec![None; n * n];
    for edge in numbers[3..].chunks_exact(3) {
        let (a, b) = (edge[0] - 1, edge[1] - 1);
        length[a * n + b] = Some(edge[2]);
        length[b * n + a] = Some(edge[2]);
    }
    let neighbours: Vec<Vec<(usize, usize)>> = (0..n)
        .map(|a| (0..n).filter_map(|b| length[a * n + b].map(|l| (b, l))).collect())
        .collect();
    let costs = (0..n).into_par_iter().flat_map_iter(|from| shortest(&neighbours, from)).collect();
    (Instance::new(n, n, costs).unwrap(), p)
}

/// Dijkstra's shortest paths from one vertex.
fn shortest(neighbours: &[Vec<(usize, usize)>], from: usize) -> Vec<f64> {
    let mut far = vec![usize::MAX; neighbours.len()];
    far[from] = 0;
    let mut queue = BinaryHeap::from([Reverse((0, from))]);
    while let Some(Reverse((done, a))) = queue.pop() {
        if done > far[a] {
            continue;
        }
        for &(b, length) in &neighbours[a] {
            if done + length < far[b] {
                far[b] = done + length;
                queue.push(Reverse((far[b], b)));
            }
        }
    }
    far.into_iter().map(|length| length as f64).collect()
}

/// Solve one file, hold the answer against the listed optimum, and re-check the certificate.
fn matches_optimum(path: &Path, optimum: f64) -> Proof {
    let (instance, p) = read_pmed(path);
    let solution = solve(&instance, p, &Options::default()).unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    assert_eq!(solution.objective, optimum, "{name}");
    assert_eq!(solution.bound, optimum, "{name}: not proven");
    assert_eq!(solution.gap, 0.0, "{name}");
    let checked = certificate::check(&instance, p, &solution).unwrap();
    assert!(checked.certified_bound <= optimum, "{name}");
    solution.proof
}

#[test]
fn the_committed_graph_is_solved_and_proven() {
    // 5819: OR-Library's list of optima, pmedopt.txt.
    let proof = matches_optimum(&common::oracle("site").join("pmed1.txt.gz"), 5819.0);
    assert_eq!(proof, Proof::Certificate);
}

#[test]
fn all_or_library_graphs_are_solved_and_proven() {
    let Some(folder) = common::reference("site") else { return };
    let table = std::fs::read_to_string(folder.join("optima.tsv")).unwrap();
    let mut proofs = Vec::new();
    for line in table.lines() {
        let field: Vec<&str> = line.split('\t').collect();
        if field[1] == "p-median" && field[7].starts_with("pmed/") {
            let file = folder.join(field[7]);
            proofs.push(matches_optimum(&file, field[5].parse().unwrap()));
        }
    }
    assert_eq!(proofs.len(), 27, "graphs of the reference folder");
    // With few sites the bound leaves a true gap, which only branching closes.
    let by = |kind| proofs.iter().filter(|proof| **proof == kind).count();
    assert_eq!((by(Proof::Certificate), by(Proof::Tree)), (13, 14), "kinds of proof");
}

/// Points of TSPLIB (Reinelt 1991), each a customer and a site; distances cut to whole numbers, as
/// Duran-Mateluna, Ales and Elloumi (2023) take them.
fn read_points(path: &Path) -> Instance {
    let at = points(path);
    let pairs = at.iter().flat_map(|a| at.iter().map(move |b| (a, b)));
    let costs = pairs.map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]).floor()).collect();
    Instance::new(at.len(), at.len(), costs).unwrap()
}

fn points(path: &Path) -> Vec<[f64; 2]> {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let coordinates = text.lines().filter_map(|line| {
        let fields: Vec<f64> = line.split_whitespace().map_while(|f| f.parse().ok()).collect();
        (fields.len() == 3).then(|| [fields[1], fields[2]])
    });
    coordinates.collect()
}

#[test]
fn root_bounds_are_the_relaxations_of_an_independent_solution() {
    let Some(folder) = common::reference("site") else { return };
    // HiGHS: see oracles/site/README.md.
    let relaxed = [
        ("rl1304", 10, 2_131_788.0),
        ("u1432", 50, 361_723.347_826),
        ("d2103", 200, 117_735.25),
        ("fl1400", 300, 6_091.809_524),
    ];
    for (name, p, value) in relaxed {
        let instance = read_points(&folder.join(format!("tsplib/{name}.tsp.gz")));
        let options = Options { max_nodes: 1, ..Options::default() };
        let solution = solve(&instance, p, &options).unwrap();
        let root = solution.certificate.value;
        assert!(root <= value * (1.0 + 1e-9), "{name} {p}: {root} above {value}");
        // The method ends at 2 % of the gap to the best plan then known, which lies within 2 %.
        assert!(value - root <= 4e-4 * value, "{name} {p}: {root} below {value}");
    }
}

#[test]
fn point_sets_that_were_open_for_seconds_are_proven() {
    let Some(folder) = common::reference("site") else { return };
    for (name, p, optimum) in
        [("rl1304", 10, 2_134_295.0), ("rl1304", 100, 491_639.0), ("d2103", 200, 117_753.0)]
    {
        let instance = read_points(&folder.join(format!("tsplib/{name}.tsp.gz")));
        let solution = solve(&instance, p, &Options::default()).unwrap();
        assert_eq!((solution.objective, solution.gap), (optimum, 0.0), "{name} {p}");
        assert_eq!(solution.proof, Proof::Tree, "{name} {p}");
        let checked = certificate::check(&instance, p, &solution).unwrap();
        assert_eq!(checked.certified_bound, optimum, "{name} {p}");
    }
}

#[test]
fn thousands_of_points_with_many_open_are_proven_without_a_matrix() {
    let Some(folder) = common::reference("site") else { return };
    let at = points(&folder.join("tsplib/rl5934.tsp.gz"));
    let instance = Instance::on_plane(&at, &at, true).unwrap();
    let solution = solve(&instance, 1_500, &Options::default()).unwrap();
    assert_eq!((solution.objective, solution.gap), (373_566.0, 0.0));
    let checked = certificate::check(&instance, 1_500, &solution).unwrap();
    assert_eq!(checked.certified_bound, 373_566.0);
}
