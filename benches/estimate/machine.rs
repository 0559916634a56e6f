//! What the machine does: processor time, memory, bandwidth.

use std::hint::black_box;
use std::time::Instant;

/// Processor seconds of all threads of this process so far, to the nanosecond where the kernel
/// keeps them and to the hundredth of a second otherwise.
pub fn processor_seconds() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds: u64 = tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
        .sum();
    if nanoseconds > 0 {
        return nanoseconds as f64 * 1e-9;
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 =
        after_name.split(' ').skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
    ticks as f64 / 100.0
}

/// Largest resident memory of this process so far, in megabytes of 10^6 bytes.
pub fn peak_megabytes() -> f64 {
    peak_megabytes_of("self").unwrap_or(f64::NAN)
}

/// The same of the process with this id, while it runs.
pub fn peak_megabytes_of(id: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes = line.split_whitespace().nth(1)?.parse::<f64>().ok()?;
    Some(kibibytes * 1024.0 / 1e6)
}

/// Bytes per second that one thread moves in `a = b + s c` over arrays too large for the caches
/// (the triad of McCalpin's STREAM, 24 bytes an entry). Best of five.
pub fn bandwidth() -> f64 {
    // Three arrays of 64 MB each.
    let n = 8_000_000;
    let (mut a, b, c) = (vec![0.0f64; n], vec![1.0f64; n], vec![2.0f64; n]);
    let mut best = f64::INFINITY;
    for round in 0..5 {
        let scale = black_box(f64::from(round));
        let start = Instant::now();
        for ((a, b), c) in a.iter_mut().zip(&b).zip(&c) {
            *a = b + scale * c;
        }
        black_box(&mut a);
        best = best.min(start.elapsed().as_secs_f64());
    }
    24.0 * n as f64 / best
}

/// A stretch of work: what it gave, wall seconds, processor seconds.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64, f64) {
    let (wall, processor) = (Instant::now(), processor_seconds());
    let out = work();
    (out, wall.elapsed().as_secs_f64(), processor_seconds() - processor)
}
