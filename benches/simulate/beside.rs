//! Our program beside others, on the same world and in the same minute.
//!
//! A script outside the repository makes a world, hands it to each program in a process of its own,
//! and measures market clearing of what comes back by itself. It gives our program two CSV files
//! and takes one; `--flows` of this bench reads, solves and writes them with the library.

use crate::{best, worlds};
use emporion_model::outcome::Status;
use emporion_model::simulate::{OneSectorOptions, Shocks, one_sector};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// What the script gives every program.
const THETA: f64 = 4.0;
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What to run, and with what.
pub struct Beside {
    sizes: Vec<String>,
    script: String,
    python: String,
    peers: Vec<String>,
}

impl Beside {
    /// For sizes joined by commas.
    pub fn new(sizes: String) -> Self {
        Self {
            sizes: sizes.split(',').map(str::to_owned).collect(),
            script: format!("{HERE}/../../shared/bench/peers_simulate.py"),
            python: "python3".into(),
            peers: ["numpy", "numpy_fp", "gegravity"].map(str::to_owned).to_vec(),
        }
    }

    /// An option of `beside`.
    pub fn option(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "--script" => self.script = value,
            "--python" => self.python = value,
            "--peers" => self.peers = value.split(',').map(str::to_owned).collect(),
            other => return Err(format!("unknown option {other} of beside")),
        }
        Ok(())
    }

    /// Prints a row for each program and size; the ratio is its wall time over that of our solve,
    /// since the script times a peer from arrays in memory.
    pub fn run(&self, repeat: usize) -> Result<(), String> {
        println!("| places | program | wall, s | ratio | clearing | apart | peak, MB |");
        println!("| --- | --- | --- | --- | --- | --- | --- |");
        let times = std::env::temp_dir().join(format!("emporion-bench-{}", std::process::id()));
        for size in &self.sizes {
            let own = self.ask("cli", size, &times, repeat)?;
            let text = std::fs::read_to_string(&times)
                .map_err(|e| format!("{}: {e}; {}", times.display(), own["error"]))?;
            let solve: f64 = text.trim().parse().map_err(|e| format!("{text}: {e}"))?;
            print_row(size, "emporion, solve", &json!({ "seconds": solve }), solve);
            // The script's peak is its own here.
            let mut whole = own;
            whole["rss_mb"] = Value::Null;
            print_row(size, "emporion, CSV to CSV", &whole, solve);
            for peer in &self.peers {
                print_row(size, peer, &self.ask(peer, size, &times, 1)?, solve);
            }
        }
        std::fs::remove_file(&times).map_err(|e| e.to_string())
    }

    fn ask(&self, peer: &str, size: &str, times: &Path, repeat: usize) -> Result<Value, String> {
        let me = std::env::current_exe().map_err(|e| e.to_string())?;
        let own = format!(
            "{} --flows {{flows}} --shock {{shock}} --out {{out}} --times {} --repeat {repeat}",
            me.display(),
            times.display()
        );
        let mut command = Command::new(&self.python);
        command.args([&self.script, "--peers", peer, "--sizes", size, "--cli", &own]);
        command.envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")]);
        command.env("RAYON_NUM_THREADS", "1");
        let output = command.output().map_err(|e| format!("{}: {e}", self.python))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().last().ok_or_else(|| {
            format!("{}: {}", self.script, String::from_utf8_lossy(&output.stderr))
        })?;
        serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))
    }
}

fn print_row(size: &str, name: &str, row: &Value, own: f64) {
    let Some(seconds) = row["seconds"].as_f64().filter(|_| row["error"].is_null()) else {
        let error = row["error"].as_str().unwrap_or("no result").trim();
        println!("| {size} | {name} | {} | | | | |", error.lines().last().unwrap_or_default());
        return;
    };
    let power = |key: &str| row[key].as_f64().map_or(String::new(), |v| format!("{v:.0e}"));
    println!(
        "| {size} | {name} | {seconds:.5} | {:.1} | {} | {} | {} |",
        seconds / own,
        power("max_residual"),
        power("max_rel_diff_to_reference"),
        row["rss_mb"].as_f64().map_or(String::new(), |peak| format!("{peak:.0}"))
    );
}

/// Reads flows and shocks, solves, and writes baseline and counterfactual, pair by pair.
/// `times`, if named, takes the seconds of the quickest solve alone.
pub fn solve_files([flows, shock, out, times]: &[String; 4], repeat: usize) -> Result<(), String> {
    let places = places(flows)?;
    let world = worlds::flows_file(Path::new(flows), &places)?;
    let beta = worlds::square_file(Path::new(shock), &places)?;
    let shocks = Shocks::from_matrix(world.n, beta).map_err(|e| e.to_string())?;
    let options = OneSectorOptions { elasticity: THETA, ..OneSectorOptions::default() };
    let solve = || one_sector(&world, &shocks, &options).map_err(|e| e.to_string());
    let (found, seconds, _) = best(repeat, solve)?;
    if !times.is_empty() {
        std::fs::write(times, seconds.to_string()).map_err(|e| format!("{times}: {e}"))?;
    }
    if found.status != Status::Converged {
        return Err(format!("{:?}, residual {:e}", found.status, found.residual));
    }
    let mut text = "exporter,importer,baseline,counterfactual\n".to_owned();
    for (cell, (before, after)) in std::iter::zip(&found.baseline_trade, &found.trade).enumerate() {
        let (i, j) = (cell / world.n, cell % world.n);
        writeln!(text, "{},{},{before},{after}", places[i], places[j])
            .map_err(|e| e.to_string())?;
    }
    std::fs::write(out, text).map_err(|e| format!("{out}: {e}"))
}

/// Exporters in order of appearance.
fn places(flows: &str) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(flows).map_err(|e| format!("{flows}: {e}"))?;
    let mut places: Vec<String> =
        text.lines().skip(1).filter_map(|line| line.split(',').next()).map(str::to_owned).collect();
    places.dedup();
    Ok(places)
}
