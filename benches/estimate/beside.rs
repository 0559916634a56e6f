//! Our program beside others, on the same files, the same threads and in the same minute.
//!
//! A script outside the repository starts each program in a process of its own and says what it
//! used; here they are put side by side, with the ratio and the distance of the coefficients.

use crate::spec::Spec;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What to run, and with what.
pub struct Beside {
    sizes: Vec<String>,
    /// Folder with S.parquet and so on.
    pub tables: String,
    /// The script that runs the peers.
    pub script: String,
    /// The interpreter that has them.
    pub python: String,
    /// Names of peers, joined by commas; empty: all the script knows.
    pub peers: String,
    /// Our release binary.
    pub program: String,
    /// Seconds that a peer may take.
    pub limit: usize,
}

impl Beside {
    /// For sizes joined by commas.
    pub fn new(sizes: String) -> Self {
        Self {
            sizes: sizes.split(',').map(str::to_owned).collect(),
            tables: ".".into(),
            script: format!("{HERE}/../../shared/bench/peers_estimate.py"),
            python: "python3".into(),
            peers: String::new(),
            program: format!("{HERE}/../target/release/emporion"),
            limit: 600,
        }
    }

    /// Prints a table for each size.
    pub fn run(&self, threads: usize, repeat: usize) -> Result<(), String> {
        for size in &self.sizes {
            self.one(size, threads, repeat)?;
        }
        Ok(())
    }

    fn one(&self, size: &str, threads: usize, repeat: usize) -> Result<(), String> {
        let spec = match size {
            "XL" => "gravity-xl",
            "akm" | "akm-hard" => "akm",
            _ => "gravity",
        };
        let data = format!("{}/{size}.parquet", self.tables);
        if !Path::new(&data).exists() {
            return Err(format!(
                "no {data}: make_gravity.py beside the script of the peers writes it"
            ));
        }
        let me = std::env::current_exe().map_err(|e| e.to_string())?;
        let me = me.display();
        let alone =
            format!("{me} --data {{data}} --spec {{spec}} --threads {{threads}} --repeat {repeat}");
        let whole = format!("{me} --through {} --data {{data}} --spec {{spec}}", self.program);
        let script = |peers: Option<&str>, own: &str, repeat: usize| {
            let mut command = Command::new(&self.python);
            command.args([&self.script, &data, "--spec", spec, "--own", own]);
            command.args(["--threads", &threads.to_string(), "--repeat", &repeat.to_string()]);
            command.args(["--limit", &self.limit.to_string()]);
            command.args(peers.map(|peers| format!("--peers={peers}")));
            lines(command)
        };
        let peers = (!self.peers.is_empty()).then_some(self.peers.as_str());
        let mut found = script(peers, &alone, repeat)?;
        let Some(mut own) = found.pop() else { return Err("the script printed nothing".into()) };
        if own["coef"].is_null() {
            return Err(format!("{size}: {}", own["error"].as_str().unwrap_or("no result")));
        }
        // A process that fits several times is not what a user waits for: once more with one fit.
        let mut once = script(peers, &whole, 1)?;
        let mut runs: Vec<Value> = once.pop().into_iter().collect();
        for peer in &mut found {
            if let Some(single) = once.iter().find(|single| single["peer"] == peer["peer"]) {
                copy_whole(single, peer);
            }
        }
        for _ in 1..repeat {
            runs.extend(script(Some(""), &whole, 1)?.pop());
        }
        let cpu = |run: &Value| run["seconds_total_cpu"].as_f64().unwrap_or(f64::INFINITY);
        let best = runs.iter().min_by(|a, b| cpu(a).total_cmp(&cpu(b))).ok_or("no run")?;
        if let Some(error) = best["error"].as_str() {
            return Err(format!("{size}, {}: {error}", self.program));
        }
        copy_whole(best, &mut own);
        let apart = farthest(&own["coef"], &best["coef"]);
        println!("\n{size}: {} rows used, {threads} thread(s), best of {repeat}\n", own["n"]);
        println!(
            "| program | fit, CPU s | ratio | whole, CPU s | ratio | peak, MB | coefficients |"
        );
        println!("| --- | --- | --- | --- | --- | --- | --- |");
        print_row("emporion", &own, &own, apart);
        for peer in &found {
            let name = peer["peer"].as_str().unwrap_or("?");
            let version = peer["version"].as_str().unwrap_or("");
            match peer["error"].as_str() {
                Some(error) => {
                    let error = error.lines().last().unwrap_or("failed");
                    println!("| {name} | {error} | | | | | |");
                }
                None => {
                    let apart = farthest(&peer["coef"], &own["coef"]);
                    print_row(format!("{name} {version}").trim(), peer, &own, apart);
                }
            }
        }
        Ok(())
    }
}

/// Takes what the whole process used from another run.
fn copy_whole(from: &Value, to: &mut Value) {
    for key in ["seconds_total_cpu", "seconds_total", "peak_mb"] {
        to[key] = from[key].clone();
    }
}

/// The JSON objects that a command prints.
fn lines(mut command: Command) -> Result<Vec<Value>, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|e| format!("{line}: {e}")))
        .collect()
}

fn print_row(name: &str, row: &Value, own: &Value, apart: f64) {
    let ratio = |key: &str| {
        let of = |row: &Value| row[key].as_f64().unwrap_or(f64::NAN);
        format!("{:.1}", of(row) / of(own))
    };
    let seconds = |key: &str| {
        row[key]
            .as_f64()
            .map_or(String::new(), |s| if s < 0.1 { format!("{s:.4}") } else { format!("{s:.2}") })
    };
    println!(
        "| {name} | {} | {} | {} | {} | {:.0} | {apart:.0e} apart |",
        seconds("seconds_fit_cpu"),
        ratio("seconds_fit_cpu"),
        seconds("seconds_total_cpu"),
        ratio("seconds_total_cpu"),
        row["peak_mb"].as_f64().unwrap_or(f64::NAN),
    );
}

/// Largest relative distance of two lists of coefficients.
fn farthest(a: &Value, b: &Value) -> f64 {
    let list = |v: &Value| -> Vec<f64> {
        v.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
    };
    let (a, b) = (list(a), list(b));
    if a.len() != b.len() {
        return f64::NAN;
    }
    std::iter::zip(&a, &b).map(|(a, b)| ((a - b) / b).abs()).fold(0.0, f64::max)
}

/// Runs our program on a file as a user does and prints one JSON object; the time is taken by who
/// started us.
pub fn through(program: &str, data: &str, spec: &Spec) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(["estimate", data, "--format", "json", "--formula", &spec.formula]);
    command.args(["--small-sample", "fixest"]);
    if spec.least_squares {
        command.args(["--family", "ols"]);
    }
    for cluster in &spec.clusters {
        command.args(["--cluster", cluster]);
    }
    if let Some(column) = &spec.positive {
        command.args(["--where", &format!("{column}!=0")]);
    }
    let output = command.output().map_err(|e| format!("{program}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let json: Value = serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())?;
    let of = |key: &str| -> Vec<Value> {
        json["rows"].as_array().into_iter().flatten().map(|row| row[key].clone()).collect()
    };
    println!(
        "{}",
        json!({
            "peer": "emporion estimate",
            "n": json["summary"]["n"],
            "coef": of("coefficient"),
            "se": of("standard_error"),
        })
    );
    Ok(())
}
