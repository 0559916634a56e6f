//! Times the choice of sites on classical instances, with the gap proven beside the time.
//!
//! ```text
//! site pmed                 the p-median graphs of OR-Library in the reference folder
//! site NAME:P  |  NAME      a point set of TSPLIB with one p, or with every p listed
//! site large                10,000 customers and sites made here, evenly spread and in towns,
//!                           p = 100, 316, 1,000
//! site elbow                the curve for p = 1..30 on 200 x 200 made here
//! site roads                ways on networks made here, by a hierarchy and by searches
//! site beside pmed1,...     our kernel beside other programs: processor seconds, peak, value
//! options: --reference DIR  --work N (entries read at most)  --seed N
//!          --script FILE  --python FILE  --peers a,b  --limit SECONDS (of `beside`)
//! ```
//!
//! Run it with `RAYON_NUM_THREADS=1` for figures of one thread.

mod beside;
#[path = "../estimate/machine.rs"]
#[allow(dead_code)]
mod machine;
mod networks;
#[path = "../estimate/random.rs"]
#[allow(dead_code)]
mod random;
mod read;

use std::path::PathBuf;
use std::process::ExitCode;

use beside::Beside;
use emporion_model::site::elbow::elbow;
use emporion_model::site::p_median::{Options, Solution, solve};
use emporion_model::site::{Instance, certificate};
use machine::timed;
use random::Random;

const HERE: &str = env!("CARGO_MANIFEST_DIR");
/// Customers and sites of the large instance, and the p asked of it.
const LARGE: (usize, [usize; 3]) = (10_000, [100, 316, 1_000]);

struct Arguments {
    what: String,
    reference: PathBuf,
    options: Options,
    beside: Beside,
}

fn arguments() -> Result<Arguments, String> {
    let mut words = std::env::args().skip(1);
    let what =
        words.next().ok_or("say what to run: pmed, NAME:P, large, elbow, roads or beside")?;
    let mut out = Arguments {
        what,
        reference: PathBuf::from(format!("{HERE}/../../shared/reference/site")),
        options: Options::default(),
        beside: Beside::new(),
    };
    if out.what == "beside" {
        out.beside.instances = words.next().ok_or("name instances: pmed1,pmed6,...")?;
    }
    while let Some(name) = words.next() {
        let value = words.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = |text: &str| text.parse::<f64>().map_err(|e| format!("{name} {text}: {e}"));
        match name.as_str() {
            "--reference" => out.reference = value.into(),
            "--work" => out.options.max_work = number(&value)? as u64,
            "--seed" => out.options.seed = number(&value)? as u64,
            other => out.beside.option(other, value)?,
        }
    }
    Ok(out)
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("site: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let Arguments { what, reference, options, beside } = arguments;
    match what.as_str() {
        "large" => large(options),
        "elbow" => curve(options),
        "roads" => networks::run(),
        "beside" => beside.run(reference),
        name => listed(reference, name, options),
    }
}

fn header() {
    println!(
        "| instance | n | p | listed | found | from listed, % | gap, % | proof | nodes | CPU, s | check, ms | peak, MB |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
}

/// Solve, check again, print a row; the processor seconds of solving.
fn row(
    name: &str,
    instance: &Instance,
    p: usize,
    listed: Option<f64>,
    options: &Options,
) -> Result<f64, String> {
    let (found, _, seconds) = timed(|| solve(instance, p, options));
    let found: Solution = found.map_err(|e| e.to_string())?;
    let (checked, _, check) = timed(|| certificate::check(instance, p, &found));
    let _ = checked.map_err(|e| format!("{name}: {e}"))?;
    let apart = listed
        .map_or(String::new(), |listed| format!("{:.4}", 100.0 * (found.objective / listed - 1.0)));
    println!(
        "| {name} | {} | {p} | {} | {} | {apart} | {:.4} | {:?} | {} | {seconds:.3} | {:.1} | {:.0} |",
        instance.customers(),
        listed.map_or(String::new(), |value| value.to_string()),
        found.objective,
        100.0 * found.gap,
        found.proof,
        found.nodes,
        1e3 * check,
        machine::peak_megabytes()
    );
    Ok(seconds)
}

/// Instances of the reference folder: all graphs, a point set with every p, or one of them.
fn listed(folder: &std::path::Path, want: &str, options: &Options) -> Result<(), String> {
    let wanted = |name: &str| match name.split_once(':') {
        Some((set, _)) => name == want || set == want,
        None => name == want || (want == "pmed" && name.starts_with("pmed")),
    };
    header();
    let mut total = 0.0;
    for instance in read::listed(folder)?.iter().filter(|listed| wanted(&listed.name)) {
        let text = read::unzip(&instance.file)?;
        let made = if instance.name.contains(':') {
            let at = read::coordinates(&text);
            Instance::on_plane(&at, &at, true)
        } else {
            let (n, costs) = read::graph(&text);
            Instance::new(n, n, costs)
        };
        let made = made.map_err(|e| e.to_string())?;
        total += row(&instance.name, &made, instance.p, Some(instance.value), options)?;
    }
    println!("\n{total:.2} CPU-s in all");
    Ok(())
}

/// Points spread evenly over a square of 10,000.
fn points(count: usize) -> Vec<[f64; 2]> {
    let mut random = Random::new(20_261_129, 0);
    let mut one = || 10_000.0 * random.uniform();
    (0..count).map(|_| [one(), one()]).collect()
}

/// A hundred towns on a grid, their places spread normally about them: the first set that BIRCH was
/// tried on (Zhang, Ramakrishnan and Livny 1997, Data Mining and Knowledge Discovery 1, 141-182).
fn towns(count: usize) -> Vec<[f64; 2]> {
    let mut random = Random::new(20_261_130, 0);
    let apart = 4.0 * std::f64::consts::SQRT_2;
    let mut place = |at: usize| apart * at as f64 + random.normal();
    (0..count).map(|k| [place(k % 100 / 10), place(k % 10)]).collect()
}

fn large(options: &Options) -> Result<(), String> {
    let (n, counts) = LARGE;
    header();
    for (name, at) in [("square", points(n)), ("towns", towns(n))] {
        let instance = Instance::on_plane(&at, &at, false).map_err(|e| e.to_string())?;
        for p in counts {
            row(name, &instance, p, None, options)?;
        }
    }
    Ok(())
}

fn curve(options: &Options) -> Result<(), String> {
    let at = points(200);
    let far = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let costs = at.iter().flat_map(|a| at.iter().map(move |b| far(a, b))).collect();
    let instance = Instance::new(200, 200, costs).map_err(|e| e.to_string())?;
    let (found, wall, seconds) = timed(|| elbow(&instance, 30, options));
    let found = found.map_err(|e| e.to_string())?;
    let proven = found.points.iter().filter(|point| point.free.gap == 0.0).count();
    println!(
        "elbow, 200 x 200, p = 1..30: {proven} of {} proven, {seconds:.2} CPU-s, {wall:.2} s on the clock",
        found.points.len()
    );
    Ok(())
}
