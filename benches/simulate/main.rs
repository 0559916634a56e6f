//! Times counterfactuals, each beside its residual and its distance to an independent solution.
//!
//! ```text
//! simulate [smoke|full]                    each line in a process of its own
//! simulate --case NAME                     one line
//! simulate --flows FILE --shock FILE --out FILE    one world from CSV to CSV
//! simulate beside [44,200] [--script FILE] [--python FILE] [--peers a,b]
//! options: --threads N (1)  --repeat N (5)  --program FILE (target/release/emporion)
//! ```

mod beside;
#[path = "../estimate/machine.rs"]
#[allow(dead_code)] // the triad is for estimation
mod machine;
#[path = "../../crates/model/tests/common/caliendo_parro.rs"]
mod nafta;
mod worlds;

use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::agreement;
use emporion_model::simulate::{
    DrawOptions, Equilibrium, Imbalances, ManySectorOptions, ManySectorShock, ManySectors,
    OneSectorOptions, Shocks, draws, many_sectors, one_sector,
};
use machine::timed;
use serde_json::Value;
use std::process::{Command, ExitCode};

/// What `smoke` runs; `full` adds the rest.
const SMOKE: [&str; 6] = ["n200", "csv200", "zeros", "walls", "draws44", "nafta"];
const FULL: [&str; 10] =
    ["n200", "csv200", "zeros", "walls", "draws44", "draws200", "n2000", "nafta", "icio", "world"];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut suite, mut case, mut beside) = (SMOKE.to_vec(), None, None);
    let (mut threads, mut repeat) = (1usize, 5usize);
    let mut program = format!("{}/../target/release/emporion", env!("CARGO_MANIFEST_DIR"));
    let mut files = [const { String::new() }; 4];
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        let mut value = || given.next().ok_or(format!("{word} needs a value"));
        let number = |text: String| text.parse::<usize>().map_err(|e| format!("{text}: {e}"));
        match word.as_str() {
            "smoke" => suite = SMOKE.to_vec(),
            "full" => suite = FULL.to_vec(),
            "beside" => beside = Some(beside::Beside::new(value()?)),
            "--program" => program = value()?,
            "--flows" => files[0] = value()?,
            "--shock" => files[1] = value()?,
            "--out" => files[2] = value()?,
            "--times" => files[3] = value()?,
            "--case" => case = Some(value()?),
            "--threads" => threads = number(value()?)?.max(1),
            "--repeat" => repeat = number(value()?)?.max(1),
            other => match &mut beside {
                Some(beside) => beside.option(other, value()?)?,
                None => return Err(format!("unknown argument {other}; the source has the usage")),
            },
        }
    }
    if !files[0].is_empty() {
        return beside::solve_files(&files, repeat);
    }
    if let Some(beside) = beside {
        return beside.run(repeat);
    }
    if let Some(case) = case {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global().map_err(|e| e.to_string())?;
        return one(&case, repeat, &program);
    }
    let me = std::env::current_exe().map_err(|e| e.to_string())?;
    println!(
        "| what | bar | wall, s | CPU, s | steps | clearing | to the independent solution | peak, MB |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut failed = Vec::new();
    for case in suite {
        // A process of its own, so that the peak of memory is that of the line.
        let mut command = Command::new(&me);
        let threads = if case == "n2000" { threads.max(2) } else { threads };
        command.args(["--case", case, "--threads", &threads.to_string()]);
        command.args(["--repeat", &repeat.to_string(), "--program", &program]);
        if !command.status().map_err(|e| e.to_string())?.success() {
            failed.push(case);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

/// The quickest of several repetitions.
fn best<T>(
    repeat: usize,
    mut work: impl FnMut() -> Result<T, String>,
) -> Result<(T, f64, f64), String> {
    let (first, mut wall, mut processor) = timed(&mut work);
    let mut last = first?;
    for _ in 1..repeat {
        let (found, w, p) = timed(&mut work);
        last = found?;
        (wall, processor) = (wall.min(w), processor.min(p));
    }
    Ok((last, wall, processor))
}

/// A row of the table. The residual is market clearing without own trade.
struct Row {
    what: &'static str,
    bar: &'static str,
    times: (f64, f64),
    steps: String,
    residual: f64,
    distance: Option<f64>,
}

impl Row {
    fn print(&self) {
        // The kernel counts in ticks of some milliseconds.
        let (_, processor) = self.times;
        let processor = if processor < 0.02 { String::new() } else { format!("{processor:.3}") };
        let distance = self.distance.map_or(String::new(), |d| format!("{d:.0e}"));
        println!(
            "| {} | {} | {:.4} | {} | {} | {:.0e} | {distance} | {:.0} |",
            self.what,
            self.bar,
            self.times.0,
            processor,
            self.steps,
            self.residual,
            machine::peak_megabytes()
        );
    }
}

fn one(case: &str, repeat: usize, program: &str) -> Result<(), String> {
    let options = OneSectorOptions::default();
    match case {
        "n200" => {
            let row = one_sector_row(
                ("200 places, solve", "0.02 s"),
                &worlds::made(200)?,
                &worlds::blocs(200)?,
                &options,
                repeat,
            )?;
            row.0.print();
        }
        "n2000" => {
            let row = one_sector_row(
                ("2,000 places, two threads", "30 s"),
                &worlds::made(2000)?,
                &worlds::blocs(2000)?,
                &options,
                1,
            )?;
            row.0.print();
        }
        "csv200" => whole(program, repeat)?,
        "zeros" => zeros(&options, repeat)?.print(),
        "walls" => walls(&options, repeat)?.print(),
        "draws44" => draws_row(44, ("1,000 draws, 44 places", "0.5 s"))?.print(),
        "draws200" => draws_row(200, ("1,000 draws, 200 places", "15 s"))?.print(),
        "nafta" => nafta_row(repeat)?.print(),
        "icio" => {
            let world =
                ManySectors::new(&worlds::made_sectors(77, 45)).map_err(|e| e.to_string())?;
            let mut shock = ManySectorShock::none(&world);
            for (j, d) in (0..45).flat_map(|j| (1..40).map(move |d| (j, d))) {
                shock.tariff(j, 0, d, 0.25).map_err(|e| e.to_string())?;
            }
            many_row(("77 × 45, 39 importers tax one", "solves"), &world, &shock, 1)?.0.print();
        }
        "world" => {
            let case = worlds::bundled()?;
            let at = |id: &str| case.places.iter().position(|p| p == id).ok_or(id.to_owned());
            let mut shock = ManySectorShock::none(&case.world);
            for market in ["DEU", "POL", "LTU", "LVA", "UKR"] {
                shock.close_all(at("BLR")?, at(market)?).map_err(|e| e.to_string())?;
            }
            let what = ("80 × 50, the bundled world, five markets close", "solves");
            many_row(what, &case.world, &shock, 1)?.0.print();
        }
        other => return Err(format!("no case {other}; they are {}", FULL.join(", "))),
    }
    Ok(())
}

fn one_sector_row(
    (what, bar): (&'static str, &'static str),
    flows: &SquareFlows,
    shocks: &Shocks,
    options: &OneSectorOptions,
    repeat: usize,
) -> Result<(Row, Equilibrium), String> {
    let solve = || one_sector(flows, shocks, options).map_err(|e| e.to_string());
    let (found, wall, processor) = best(repeat, solve)?;
    let row = Row {
        what,
        bar,
        times: (wall, processor),
        steps: format!("{} ({:?}, {:?})", found.iterations, found.method, found.status),
        residual: found.residual,
        distance: None,
    };
    Ok((row, found))
}

fn json(path: &std::path::Path) -> Result<Value, String> {
    let text = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_slice(&text).map_err(|e| e.to_string())
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    if a.len() != b.len() {
        return f64::NAN;
    }
    std::iter::zip(a, b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// 194 countries, 32 percent zeros, barriers of the USA.
fn zeros(options: &OneSectorOptions, repeat: usize) -> Result<Row, String> {
    let folder = worlds::reference("world194")?;
    let want = json(&folder.join("us_barriers.json"))?;
    let places = names(&want["countries"]);
    let n = places.len();
    let flows = worlds::flows_file(&folder.join("flows_194.csv"), &places)?;
    // The barriers are not in the file: whole percents, recovered from the solution itself.
    let usa = places.iter().position(|p| p == "USA").ok_or("no USA")?;
    let exact = |field: &str| list(&want["exact"][field]);
    let (w, p) = (exact("w_hat"), exact("P_hat"));
    let (exports, spent) = (exact("exports_hat"), exact("expenditure_hat"));
    let mut beta = vec![0.0; n * n];
    for i in (0..n).filter(|&i| i != usa && flows.get(i, usa) > 0.0) {
        let unshocked = |j: usize| flows.get(i, j) * (p[j] / w[i]).powi(4) * spent[j];
        let abroad: f64 = (0..n).filter(|&j| j != i).map(|j| flows.get(i, j)).sum();
        let elsewhere: f64 = (0..n).filter(|&j| j != i && j != usa).map(unshocked).sum();
        let phi: f64 = (abroad * exports[i] - elsewhere) / unshocked(usa);
        let percent = (100.0 * (phi.powf(-0.25) - 1.0)).round();
        beta[i * n + usa] = -4.0 * (percent / 100.0).ln_1p();
    }
    let shocks = Shocks::from_matrix(n, beta).map_err(|e| e.to_string())?;
    let (mut row, found) =
        one_sector_row(("194 places, 32 % zeros", "0.05 s"), &flows, &shocks, options, repeat)?;
    row.distance = Some(farthest(&found.wage_hat, &list(&want["exact"]["w_hat"])));
    Ok(row)
}

/// beta = -6 on every foreign flow of the balanced WIOD; the distance is to the formula of the
/// gains, which needs no solver.
fn walls(options: &OneSectorOptions, repeat: usize) -> Result<Row, String> {
    let folder = worlds::reference("wiod44")?;
    let places = names(&json(&folder.join("acr_gains_balanced.json"))?["countries"]);
    let flows = worlds::flows_file(&folder.join("flows_balanced.csv"), &places)?;
    let everybody: Vec<usize> = (0..places.len()).collect();
    let shocks = Shocks::from_list(places.len(), &agreement(&everybody, &everybody, -6.0, 1.0))
        .map_err(|e| e.to_string())?;
    let what = ("44 places, beta = −6 on every foreign flow (distance: gains formula)", "0.01 s");
    let (mut row, found) = one_sector_row(what, &flows, &shocks, options, repeat)?;
    row.distance = Some(found.acr_gap);
    Ok(row)
}

fn draws_row(n: usize, (what, bar): (&'static str, &'static str)) -> Result<Row, String> {
    let flows = worlds::made(n)?;
    let options = OneSectorOptions::default();
    let (found, wall, processor) =
        timed(|| draws(&flows, &worlds::uncertain(n), &options, &DrawOptions::default()));
    let found = found.map_err(|e| e.to_string())?;
    Ok(Row {
        what,
        bar,
        times: (wall, processor),
        steps: format!(
            "{:.2} each, {} failed",
            found.iterations as f64 / found.solved as f64,
            found.failed.len()
        ),
        residual: found.worst_residual,
        distance: None,
    })
}

fn many_row(
    (what, bar): (&'static str, &'static str),
    world: &ManySectors,
    shock: &ManySectorShock,
    repeat: usize,
) -> Result<(Row, emporion_model::simulate::ManySectorEquilibrium), String> {
    let imbalances =
        if what.contains("NAFTA") { Imbalances::RemovedFirst } else { Imbalances::Additive };
    let options = ManySectorOptions { imbalances, ..ManySectorOptions::default() };
    let solve = || many_sectors(world, shock, &options).map_err(|e| e.to_string());
    let (found, wall, processor) = best(repeat, solve)?;
    let row = Row {
        what,
        bar,
        times: (wall, processor),
        steps: format!("{} ({:?})", found.iterations, found.status),
        residual: found.residual.max(found.baseline_residual),
        distance: None,
    };
    Ok((row, found))
}

/// Caliendo and Parro: the baseline without deficits and NAFTA.
fn nafta_row(repeat: usize) -> Result<Row, String> {
    let folder = worlds::reference("caliendo_parro")?;
    let world = ManySectors::new(&nafta::data(&folder)).map_err(|e| e.to_string())?;
    let shock = nafta::nafta(&folder, &world);
    let what = ("31 × 40, NAFTA, baseline and counterfactual", "2 s, 200 MB");
    let (mut row, found) = many_row(what, &world, &shock, repeat)?;
    let want = json(&folder.join("nafta_zero_deficits.json"))?;
    row.distance = Some(farthest(&found.wage_hat, &list(&want["exact"]["w_hat"])));
    Ok(row)
}

/// The released binary on a CSV file of 200 places and a scenario file, as a user runs it.
fn whole(program: &str, repeat: usize) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("emporion-bench-{}", std::process::id()));
    worlds::write(&folder, 200)?;
    let (mut quickest, mut peak, mut residual) = (f64::INFINITY, 0.0f64, f64::NAN);
    for _ in 0..repeat {
        let mut command = Command::new(program);
        command.current_dir(&folder).env("RAYON_NUM_THREADS", "1");
        command.args(["simulate", "flows.csv", "--scenario", "scenario.toml", "--format", "json"]);
        let out = std::fs::File::create(folder.join("out.json")).map_err(|e| e.to_string())?;
        let start = std::time::Instant::now();
        let mut child = command.stdout(out).spawn().map_err(|e| format!("{program}: {e}"))?;
        let status = loop {
            peak = peak.max(machine::peak_megabytes_of(&child.id().to_string()).unwrap_or(0.0));
            if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
                break status;
            }
            std::thread::sleep(std::time::Duration::from_micros(500));
        };
        quickest = quickest.min(start.elapsed().as_secs_f64());
        if !status.success() {
            return Err(format!("{program} failed"));
        }
        let found = json(&folder.join("out.json"))?;
        residual = found["solutions"][0]["residual"].as_f64().unwrap_or(f64::NAN);
    }
    std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())?;
    println!(
        "| 200 places, from CSV to JSON, the program | 0.15 s | {quickest:.4} | | | {residual:.0e} \
         | | {peak:.0} |"
    );
    Ok(())
}
