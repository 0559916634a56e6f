//! Road networks made here, and the time of all ways between places on them by each search.

use std::fmt;

use emporion_model::site::roads::{Direction, Road, Search, distances_by};

use crate::machine::{peak_megabytes, timed};
use crate::random::Random;

/// How the roads of a grid differ.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// All alike, a quarter of them missing.
    Streets,
    /// Every 4th, 16th and 64th line faster.
    Lines,
    /// Lines likewise; beside them mostly dead ends; roads have bends.
    Country,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Streets => "streets alike",
            Self::Lines => "fast and slow lines",
            Self::Country => "lines, dead ends, bends",
        })
    }
}

/// Sides of the grids, and how many places are asked for.
const ASKED: [(Kind, usize, usize); 5] = [
    (Kind::Country, 100, 100),
    (Kind::Country, 700, 500),
    (Kind::Lines, 316, 300),
    (Kind::Lines, 1_000, 500),
    (Kind::Streets, 1_000, 500),
];

/// The vertex that stands for all connected with one.
fn root(leads: &mut [usize], mut vertex: usize) -> usize {
    while leads[vertex] != vertex {
        leads[vertex] = leads[leads[vertex]];
        vertex = leads[vertex];
    }
    vertex
}

/// Vertices and roads, all connected.
fn network(kind: Kind, side: usize, random: &mut Random) -> (usize, Vec<Road>) {
    let mut stretches = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let vertex = row * side + column;
            let ends =
                [(column + 1 < side, vertex + 1, row), (row + 1 < side, vertex + side, column)];
            for (_, end, line) in ends.into_iter().filter(|(inside, ..)| *inside) {
                let speed = match line {
                    _ if kind == Kind::Streets => 1.0,
                    line if line % 64 == 0 => 10.0,
                    line if line % 16 == 0 => 4.0,
                    line if line % 4 == 0 => 2.0,
                    _ => 1.0,
                };
                let share = match kind {
                    Kind::Country if speed > 1.0 => 0.9,
                    Kind::Country => 0.35,
                    _ if speed > 1.0 => 1.0,
                    _ => 0.75,
                };
                let kept = random.uniform() < share;
                stretches.push((!kept, vertex, end, (0.5 + random.uniform()) / speed));
            }
        }
    }
    // Those kept first; of the others what connects.
    stretches.sort_by_key(|stretch| stretch.0);
    let mut leads: Vec<usize> = (0..side * side).collect();
    let (mut vertices, mut roads) = (side * side, Vec::new());
    for (spare, from, to, length) in stretches {
        let (one, other) = (root(&mut leads, from), root(&mut leads, to));
        if spare && one == other {
            continue;
        }
        leads[one] = other;
        let bends = if kind == Kind::Country { random.below(3) } else { 0 };
        let length = length / (bends + 1) as f64;
        let mut at = from;
        for _ in 0..bends {
            roads.push(Road { from: at, to: vertices, length });
            at = vertices;
            vertices += 1;
        }
        roads.push(Road { from: at, to, length });
    }
    (vertices, roads)
}

/// A row for each network: both searches, and how far apart they are.
pub fn run() -> Result<(), String> {
    println!(
        "| network | vertices | roads | places | a search each, CPU-s | hierarchy, CPU-s | ratio | \
         farthest apart | peak, MB |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    );
    for (kind, side, count) in ASKED {
        let mut random = Random::new(20_261_130, side as u64);
        let (vertices, roads) = network(kind, side, &mut random);
        let places: Vec<usize> = (0..count).map(|_| random.below(side * side)).collect();
        let ask = |search| {
            let (found, _, seconds) =
                timed(|| distances_by(search, vertices, &roads, Direction::Both, &places, &places));
            found.map(|found| (found, seconds)).map_err(|e| format!("{kind}: {e}"))
        };
        let (ours, through) = ask(Search::Hierarchy)?;
        let peak = peak_megabytes();
        let (plain, each) = ask(Search::EachSite)?;
        let apart = ours.iter().zip(&plain).filter(|(_, plain)| **plain > 0.0);
        let apart = apart.map(|(ours, plain)| (ours / plain - 1.0).abs()).fold(0.0, f64::max);
        println!(
            "| {kind} | {vertices} | {} | {count} | {each:.2} | {through:.2} | {:.1} | {apart:.1e} | \
             {peak:.0} |",
            roads.len(),
            each / through
        );
    }
    Ok(())
}
