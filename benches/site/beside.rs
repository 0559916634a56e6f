//! Our kernel beside other programs, on the same instance and in the same minute.
//!
//! A script outside the repository reads an instance of the reference folder, hands its matrix of
//! costs to each program in a process of its own, and writes a JSON object a line. Building the
//! model and solving are timed; reading the file and shortest paths are not, for us neither.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What to run, and with what.
pub struct Beside {
    /// Names joined by commas.
    pub instances: String,
    script: String,
    python: String,
    peers: String,
    limit: String,
}

impl Beside {
    /// With what is usual.
    pub fn new() -> Self {
        Self {
            instances: String::new(),
            script: format!("{HERE}/../../shared/bench/peers_site.py"),
            python: "python3".into(),
            peers: "pbp,spopt-cbc,spopt-highs,highs-radius,fasterpam20".into(),
            limit: "120".into(),
        }
    }

    /// An option of `beside`.
    pub fn option(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "--script" => self.script = value,
            "--python" => self.python = value,
            "--peers" => self.peers = value,
            "--limit" => self.limit = value,
            other => return Err(format!("unknown option {other}")),
        }
        Ok(())
    }

    /// Prints a row for each program and instance; the ratio is of processor seconds to ours.
    pub fn run(&self, reference: &Path) -> Result<(), String> {
        println!("| instance | program | CPU, s | ratio | value | status | peak, MB |");
        println!("| --- | --- | --- | --- | --- | --- | --- |");
        for instance in self.instances.split(',') {
            let own = own(reference, instance)?;
            let (seconds, words) = own;
            println!("| {instance} | emporion | {seconds:.3} | 1 | {words} |");
            for peer in self.peers.split(',') {
                println!(
                    "| {instance} | {peer} | {} |",
                    self.ask(reference, instance, peer, seconds)?
                );
            }
        }
        Ok(())
    }

    fn ask(&self, data: &Path, instance: &str, peer: &str, own: f64) -> Result<String, String> {
        let mut command = Command::new(&self.python);
        command.arg(&self.script).arg(data).args([instance, peer, "--limit", &self.limit]);
        command.envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")]);
        command.env("RAYON_NUM_THREADS", "1");
        let output = command.output().map_err(|e| format!("{}: {e}", self.python))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().last().ok_or_else(|| {
            format!("{}: {}", self.script, String::from_utf8_lossy(&output.stderr))
        })?;
        let row: Value = serde_json::from_str(line).map_err(|e| format!("{line}: {e}"))?;
        let Some(seconds) = row["cpu"].as_f64() else {
            return Ok(format!("{} | | | |", row["error"].as_str().unwrap_or("no result")));
        };
        Ok(format!(
            "{seconds:.3} | {:.1} | {} | {} | {}",
            seconds / own,
            row["objective"],
            row["status"].as_str().unwrap_or_default(),
            row["rss_mb"]
        ))
    }
}

/// One instance in a process of its own, so that the peak is its own: seconds, and value, status
/// and peak in words.
fn own(reference: &Path, instance: &str) -> Result<(f64, String), String> {
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut command = Command::new(me);
    command.arg(instance).arg("--reference").arg(reference).env("RAYON_NUM_THREADS", "1");
    let output = command.output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let missing = || format!("{instance}: {}", String::from_utf8_lossy(&output.stderr));
    let row = text.lines().nth(2).ok_or_else(missing)?;
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    if cells.len() < 13 {
        return Err(format!("{instance} is not among the instances of {}", reference.display()));
    }
    let [found, gap, proof, seconds, peak] = [5, 7, 8, 10, 12].map(|at| cells[at]);
    let seconds = seconds.parse().map_err(|e| format!("{row}: {e}"))?;
    Ok((seconds, format!("{found} | {proof}, gap {gap} % | {peak}")))
}
