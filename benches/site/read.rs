//! The classical instances of the reference folder, as its README says to read them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// One line of `optima.tsv`.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Name, such as `pmed1` or `rl1304:5`.
    pub name: String,
    /// Open sites.
    pub p: usize,
    /// The optimum, or the best value known.
    pub value: f64,
    /// The file with the costs.
    pub file: PathBuf,
}

/// The p-median questions of the reference folder.
pub fn listed(folder: &Path) -> Result<Vec<Listed>, String> {
    let table = folder.join("optima.tsv");
    let text = std::fs::read_to_string(&table).map_err(|e| format!("{}: {e}", table.display()))?;
    let line = |line: &str| {
        let field: Vec<&str> = line.split('\t').collect();
        (field[1] == "p-median").then(|| Listed {
            name: field[0].to_owned(),
            p: field[4].parse().expect("p is a number"),
            value: field[5].parse().expect("the value is a number"),
            file: folder.join(field[7]),
        })
    };
    Ok(text.lines().filter_map(line).collect())
}

/// The text of a file compressed by gzip.
pub fn unzip(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let open = std::fs::File::open(file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut reader = flate2::read::GzDecoder::new(open);
    reader.read_to_string(&mut text).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(text)
}

/// A graph of OR-Library: `n edges p`, then `from to length` counted from 1. Roads go both ways,
/// and where one is listed twice the last length counts. Distances between all vertices.
pub fn graph(text: &str) -> (usize, Vec<f64>) {
    let numbers: Vec<usize> =
        text.split_whitespace().map(|word| word.parse().expect("a whole number")).collect();
    let n = numbers[0];
    let mut length = std::collections::BTreeMap::new();
    for edge in numbers[3..].chunks_exact(3) {
        length.insert((edge[0] - 1, edge[1] - 1), edge[2]);
        length.insert((edge[1] - 1, edge[0] - 1), edge[2]);
    }
    let mut neighbours = vec![Vec::new(); n];
    length.into_iter().for_each(|((a, b), l)| neighbours[a].push((b, l)));
    (n, (0..n).flat_map(|from| shortest(&neighbours, from)).collect())
}

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

/// Coordinates of a TSPLIB file.
pub fn coordinates(text: &str) -> Vec<[f64; 2]> {
    let rows = text.lines().skip_while(|line| line.trim() != "NODE_COORD_SECTION").skip(1);
    let row = |line: &str| {
        let mut word = line.split_whitespace().skip(1).map(|word| word.parse().ok());
        Some([word.next()??, word.next()??])
    };
    rows.map_while(row).collect()
}
