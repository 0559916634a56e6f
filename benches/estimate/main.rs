//! Times estimation on tables made here, or on a file beside other programs.
//!
//! ```text
//! estimate [smoke|iterate|full]            each size in a process of its own, one line each
//! estimate --size L                        one size
//! estimate --many N                        N fits of size S, fits per processor second
//! estimate --data FILE --spec gravity      a file, one JSON object as the last line
//! estimate --data FILE --formula "y ~ x | a + b" --cluster a [--ols]
//! estimate --through PROGRAM --data FILE --spec gravity     the same through the command line
//! estimate beside [S,M,..] --tables DIR [--script FILE] [--python FILE] [--peers a,b] [--program FILE]
//! options: --threads N (1)  --repeat N (1)  --seed N  --check (a second, tighter fit to compare)
//! ```

mod beside;
mod generate;
mod machine;
mod random;
mod spec;
mod work;

use emporion_model::estimate::design::Design;
use emporion_model::estimate::{Fit, Options, Road, Vcov, ols, ppml};
use machine::timed;
use rayon::prelude::*;
use serde_json::json;
use std::process::{Command, ExitCode};

const SEED: u64 = 20_261_123;
/// A fit for comparison is this many times tighter.
const TIGHTER: f64 = 1e-3;
/// Fits of one batch of `--many`; their designs are in memory together.
const BATCH: usize = 10;

struct Arguments {
    suite: String,
    size: Option<String>,
    many: Option<usize>,
    data: Option<String>,
    through: Option<String>,
    beside: Option<beside::Beside>,
    spec: Option<String>,
    formula: Option<String>,
    clusters: Vec<String>,
    least_squares: bool,
    threads: usize,
    repeat: usize,
    seed: u64,
    check: bool,
}

impl Arguments {
    fn beside(&mut self) -> Result<&mut beside::Beside, String> {
        self.beside.as_mut().ok_or("the option belongs to `beside SIZES`".into())
    }
}

fn arguments() -> Result<Arguments, String> {
    let mut out = Arguments {
        suite: "smoke".into(),
        size: None,
        many: None,
        data: None,
        through: None,
        beside: None,
        spec: None,
        formula: None,
        clusters: Vec::new(),
        least_squares: false,
        threads: 1,
        repeat: 1,
        seed: SEED,
        check: false,
    };
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        let mut value = || given.next().ok_or(format!("{word} needs a value"));
        let number = |text: String| text.parse::<usize>().map_err(|e| format!("{text}: {e}"));
        match word.as_str() {
            "smoke" | "iterate" | "full" => out.suite = word,
            "beside" => out.beside = Some(beside::Beside::new(value()?)),
            "--tables" => out.beside()?.tables = value()?,
            "--script" => out.beside()?.script = value()?,
            "--python" => out.beside()?.python = value()?,
            "--peers" => out.beside()?.peers = value()?,
            "--program" => out.beside()?.program = value()?,
            "--limit" => out.beside()?.limit = number(value()?)?,
            "--through" => out.through = Some(value()?),
            "--size" => out.size = Some(value()?),
            "--many" => out.many = Some(number(value()?)?),
            "--data" => out.data = Some(value()?),
            "--spec" => out.spec = Some(value()?),
            "--formula" => out.formula = Some(value()?),
            "--cluster" => out.clusters.push(value()?),
            "--ols" => out.least_squares = true,
            "--threads" => out.threads = number(value()?)?.max(1),
            "--repeat" => out.repeat = number(value()?)?.max(1),
            "--seed" => out.seed = number(value()?)? as u64,
            "--check" => out.check = true,
            other => return Err(format!("unknown argument {other}; the source begins with usage")),
        }
    }
    Ok(out)
}

fn main() -> ExitCode {
    match arguments().and_then(|a| run(&a)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    if let Some(beside) = &arguments.beside {
        return beside.run(arguments.threads, arguments.repeat);
    }
    if let (Some(program), Some(data), Some(name)) =
        (&arguments.through, &arguments.data, &arguments.spec)
    {
        return beside::through(program, data, &spec::named(name)?);
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads);
    pool.build_global().map_err(|e| e.to_string())?;
    if let Some(path) = &arguments.data {
        return on_file(arguments, path);
    }
    if let Some(count) = arguments.many {
        return many(arguments, count);
    }
    if let Some(size) = &arguments.size {
        return one_size(arguments, size);
    }
    let sizes: &[&str] = match arguments.suite.as_str() {
        "full" => &["S", "M", "L", "XL", "akm", "akm-hard"],
        "iterate" => &["S", "M", "akm"],
        _ => &["S", "akm-small"],
    };
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let mut failed = Vec::new();
    for size in sizes {
        // A process of its own, so that the peak of memory is that of the size.
        let mut command = Command::new(&program);
        command.args(["--size", size, "--threads", &arguments.threads.to_string()]);
        command.args(["--repeat", &arguments.repeat.to_string()]);
        command.args(["--seed", &arguments.seed.to_string()]);
        if arguments.check {
            command.arg("--check");
        }
        if !command.status().map_err(|e| e.to_string())?.success() {
            failed.push(*size);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

fn fit(design: &Design, least_squares: bool, options: &Options) -> Result<Fit, String> {
    let fit = if least_squares { ols(design, options) } else { ppml(design, options) };
    fit.map_err(|e| e.to_string())
}

fn options(design_clusters: bool) -> Options {
    let vcov = if design_clusters { Vcov::Cluster } else { Vcov::Robust };
    Options { vcov, ..Options::default() }
}

/// Fits a table made here and prints one line.
fn one_size(arguments: &Arguments, size: &str) -> Result<(), String> {
    let kind = generate::kind(size).ok_or(format!("no size {size}"))?;
    let design = generate::design(kind, arguments.seed);
    let least_squares = matches!(kind, generate::Kind::Workers(..));
    let options = options(true);
    let (mut wall, mut processor) = (f64::INFINITY, f64::INFINITY);
    let mut last = None;
    for _ in 0..arguments.repeat {
        let (found, w, p) = timed(|| fit(&design, least_squares, &options));
        (wall, processor) = (wall.min(w), processor.min(p));
        last = Some(found?);
    }
    let peak = machine::peak_megabytes();
    // After the peak was read: the arrays of the triad are larger than those of a small fit.
    let bandwidth = machine::bandwidth();
    let found = last.ok_or("no repetition")?;
    let zeros = design.y.iter().filter(|y| **y == 0.0).count() as f64 / design.y.len() as f64;
    let bytes = work::bytes(&found);
    println!(
        "{size}: {} rows, {:.0} % zeros; fit {processor:.3} s CPU, {wall:.3} s wall, {:.0} rows/s \
         CPU; {} Newton, {} CG steps in {} passes, {}; peak {peak:.0} MB; {:.2} GB touched, {:.0} % \
         of the time at {:.1} GB/s; {:?}, gradient {:.0e}, effects left {:.0e}{}",
        design.y.len(),
        100.0 * zeros,
        design.y.len() as f64 / processor,
        found.iterations,
        found.absorb_iterations,
        found.absorb_passes,
        road(&found),
        bytes / 1e9,
        100.0 * bytes / bandwidth / wall,
        bandwidth / 1e9,
        found.status,
        found.gradient_norm,
        found.absorb_residual,
        if arguments.check {
            let tight = Options { tolerance: options.tolerance * TIGHTER, ..options.clone() };
            let other = fit(&design, least_squares, &tight)?;
            format!("; {:.0e} from a tighter fit", farthest(&found, &other))
        } else {
            String::new()
        },
    );
    Ok(())
}

/// How the effects were absorbed, and why so.
fn road(fit: &Fit) -> String {
    let name = match fit.road {
        Road::Dense => "dense",
        Road::Sparse => "sparse",
        Road::Auto => "unknown",
    };
    format!("{name} road: {}", fit.road_reason)
}

/// Largest relative distance between the coefficients of two fits.
fn farthest(a: &Fit, b: &Fit) -> f64 {
    std::iter::zip(&a.coefficients, &b.coefficients)
        .map(|(a, b)| ((a - b) / b).abs())
        .fold(0.0, f64::max)
}

/// Many fits of size S with the same regressors and fresh outcomes, a batch at a time.
fn many(arguments: &Arguments, count: usize) -> Result<(), String> {
    let kind = generate::kind("S").ok_or("no size S")?;
    let (mut wall, mut processor, mut worst) = (0.0, 0.0, 0.0f64);
    for start in (0..count).step_by(BATCH) {
        let seeds = start..(start + BATCH).min(count);
        let designs: Vec<Design> =
            seeds.map(|i| generate::design(kind, arguments.seed + i as u64)).collect();
        let options = options(true);
        let (fits, w, p) = timed(|| {
            designs.par_iter().map(|d| fit(d, false, &options)).collect::<Result<Vec<_>, _>>()
        });
        (wall, processor) = (wall + w, processor + p);
        worst = fits?.iter().map(|f| f.gradient_norm).fold(worst, f64::max);
    }
    println!(
        "{count} fits of size S: {processor:.2} s CPU, {wall:.2} s wall; {:.1} fits per CPU \
         second, {:.1} per second; largest gradient {worst:.0e}",
        count as f64 / processor,
        count as f64 / wall,
    );
    Ok(())
}

/// Fits a file and prints one JSON object.
fn on_file(arguments: &Arguments, path: &str) -> Result<(), String> {
    let spec = match (&arguments.formula, &arguments.spec) {
        (Some(formula), _) => spec::Spec {
            least_squares: arguments.least_squares,
            formula: formula.clone(),
            clusters: arguments.clusters.clone(),
            positive: None,
        },
        (None, Some(name)) => spec::named(name)?,
        (None, None) => return Err("--data needs --formula or --spec".into()),
    };
    let (table, read, read_cpu) = timed(|| spec::read(&spec, path));
    let table = table?;
    let options = options(!spec.clusters.is_empty());
    let (mut wall, mut processor, mut solve) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    let (mut first, mut last) = (f64::NAN, None);
    for repetition in 0..arguments.repeat {
        // As the peers' calls do, the time of a fit begins with the formula and the table.
        let (both, w, p) = timed(|| {
            let design = spec::design(&spec, &table)?;
            let (found, _, p) = timed(|| fit(&design, spec.least_squares, &options));
            Ok::<_, String>((found?, p))
        });
        let (found, solving) = both?;
        if repetition == 0 {
            first = w;
        }
        (wall, processor, solve) = (wall.min(w), processor.min(p), solve.min(solving));
        last = Some(found);
    }
    let found = last.ok_or("no repetition")?;
    println!(
        "{}",
        json!({
            "peer": "emporion",
            "version": env!("CARGO_PKG_VERSION"),
            "n": found.n_used,
            "names": found.names,
            "coef": found.coefficients,
            "se": found.standard_errors,
            "iterations": found.iterations,
            "absorb_iterations": found.absorb_iterations,
            "absorb_passes": found.absorb_passes,
            "road": found.road,
            "gradient_norm": found.gradient_norm,
            "status": found.status,
            "seconds_read": read,
            "seconds_read_cpu": read_cpu,
            "seconds_fit": wall,
            "seconds_fit_first": first,
            "seconds_fit_cpu": processor,
            "seconds_estimator_cpu": solve,
        })
    );
    Ok(())
}
