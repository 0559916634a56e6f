//! OR-Library's files of location problems (Beasley 1985, 1988), gzip-compressed.
#![allow(dead_code)]

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use emporion_model::site::Instance;
use emporion_model::site::roads::{Direction, Road, distances};

/// Words of a file.
fn words(path: &Path) -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text.split_whitespace().map(str::to_owned).collect()
}

/// A graph: `n edges p`, then `from to length` counted from 1. Roads go both ways, and where one is
/// listed twice the last length counts. Every vertex is customer and site.
pub fn graph(path: &Path) -> (Instance, usize) {
    let numbers: Vec<usize> = words(path).iter().map(|word| word.parse().unwrap()).collect();
    let (n, p) = (numbers[0], numbers[2]);
    let mut lengths = HashMap::new();
    for edge in numbers[3..].chunks_exact(3) {
        let (a, b) = (edge[0] - 1, edge[1] - 1);
        lengths.insert((a.min(b), a.max(b)), edge[2] as f64);
    }
    let roads: Vec<Road> =
        lengths.into_iter().map(|((from, to), length)| Road { from, to, length }).collect();
    let all: Vec<usize> = (0..n).collect();
    let costs = distances(n, &roads, Direction::Both, &all, &all).unwrap();
    (Instance::new(n, n, costs).unwrap(), p)
}

/// A warehouse problem as in the file: costs are those of serving all demand of a customer.
#[derive(Debug, Clone)]
pub struct Warehouses {
    pub costs: Vec<f64>,
    pub opening: Vec<f64>,
    /// Missing where the file says `capacity`.
    pub capacity: Vec<Option<f64>>,
    pub demand: Vec<f64>,
}

/// `sites customers`, then `capacity opening` per site, then per customer its demand and a cost from
/// each site.
pub fn warehouses(path: &Path) -> Warehouses {
    let words = words(path);
    let (sites, customers): (usize, usize) = (words[0].parse().unwrap(), words[1].parse().unwrap());
    let (head, tail) = words[2..].split_at(2 * sites);
    let number = |word: &String| word.parse::<f64>().unwrap();
    let rows: Vec<&[String]> = tail.chunks_exact(sites + 1).collect();
    assert_eq!(rows.len(), customers);
    Warehouses {
        capacity: head.iter().step_by(2).map(|word| word.parse().ok()).collect(),
        opening: head.iter().skip(1).step_by(2).map(number).collect(),
        demand: rows.iter().map(|row| number(&row[0])).collect(),
        costs: rows.iter().flat_map(|row| row[1..].iter().map(number)).collect(),
    }
}

/// Lines of `optima.tsv` with this problem: instance, optimum, file.
pub fn optima(folder: &Path, problem: &str) -> Vec<(String, f64, String)> {
    let table = std::fs::read_to_string(folder.join("optima.tsv")).unwrap();
    let fields = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    fields
        .filter(|field| field[1] == problem)
        .map(|field| (field[0].to_owned(), field[5].parse().unwrap(), field[7].to_owned()))
        .collect()
}
