//! Axes: round ticks and the way from a value to a pixel.

use crate::text::format_number;

/// Round ticks that cover `low..=high`: steps of 1, 2 or 5 times a power of ten.
///
/// Notation: of all such steps the smallest that needs at most `most` intervals. The first tick is
/// at or below `low`, the last at or above `high`; a range of one value is widened around it.
///
/// Source: Heckbert, P. S. (1990), Nice numbers for graph labels, Graphics Gems, 61–63, with 2.5
/// left out so that labels keep few digits.
///
/// ```
/// let ticks = emporion_plot::nice_ticks(0.0, 45.8, 5);
/// assert_eq!(ticks, [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
/// ```
#[must_use]
pub fn nice_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let (mut low, mut high) = (low.min(high), low.max(high));
    if !(low.is_finite() && high.is_finite()) {
        return vec![0.0, 1.0];
    }
    if high - low <= high.abs().max(low.abs()) * 1e-12 {
        let pad = if low == 0.0 { 1.0 } else { low.abs() * 0.5 };
        (low, high) = (low - pad, high + pad);
    }
    let most = most.max(1) as f64;
    let mut exponent = ((high - low) / most).log10().floor() as i32;
    loop {
        for mantissa in [1.0, 2.0, 5.0] {
            // Whole steps are counted first and multiplied last, so that 0.1 × 3 prints as 0.3.
            let (first, last) = if exponent < 0 {
                let inverse = 10_f64.powi(-exponent);
                (
                    (low * inverse / mantissa + 1e-9).floor(),
                    (high * inverse / mantissa - 1e-9).ceil(),
                )
            } else {
                let step = mantissa * 10_f64.powi(exponent);
                ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil())
            };
            if last - first <= most {
                return (0..=(last - first) as usize)
                    .map(|i| {
                        let count = (first + i as f64) * mantissa;
                        if exponent < 0 {
                            count / 10_f64.powi(-exponent)
                        } else {
                            count * 10_f64.powi(exponent)
                        }
                    })
                    .collect();
            }
        }
        exponent += 1;
    }
}

/// Ticks of a logarithmic axis within `low..=high`: powers of ten, with 2 and 5 between where the
/// range is short.
#[must_use]
pub(crate) fn log_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let collect = |mantissas: &[f64], stride: i32| -> Vec<f64> {
        let (from, to) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        (from..=to)
            .filter(|e| e.rem_euclid(stride) == 0)
            .flat_map(|e| {
                mantissas
                    .iter()
                    .map(move |m| if e < 0 { m / 10_f64.powi(-e) } else { m * 10_f64.powi(e) })
            })
            .filter(|v| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9))
            .collect()
    };
    for (mantissas, stride) in [
        (&[1.0, 2.0, 5.0][..], 1),
        (&[1.0, 3.0][..], 1),
        (&[1.0][..], 1),
        (&[1.0][..], 2),
        (&[1.0][..], 3),
    ] {
        let ticks = collect(mantissas, stride);
        if ticks.len() <= most.max(2) {
            return ticks;
        }
    }
    collect(&[1.0], 4)
}

/// Decimals that tell neighbouring ticks apart, at most six.
pub(crate) fn tick_decimals(ticks: &[f64]) -> usize {
    (0..=6)
        .find(|d| {
            let scale = 10_f64.powi(*d as i32);
            ticks.iter().all(|t| ((t * scale).round() - t * scale).abs() < 1e-6 * scale.max(1.0))
        })
        .unwrap_or(6)
}

/// Ticks as text: one number of decimals for all, or for each its own on a logarithmic axis.
pub(crate) fn tick_labels(ticks: &[f64], log: bool) -> Vec<String> {
    let common = tick_decimals(ticks);
    ticks
        .iter()
        .map(|t| format_number(*t, if log { tick_decimals(&[*t]) } else { common }))
        .collect()
}

/// A linear or logarithmic map from values to pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Scale {
    pub fn linear(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self { low, high, from, to, log: false }
    }

    pub fn log(low: f64, high: f64, from: f64, to: f64) -> Self {
        Self { low: low.ln(), high: high.ln(), from, to, log: true }
    }

    pub fn at(&self, value: f64) -> f64 {
        let v = if self.log { value.ln() } else { value };
        let span = self.high - self.low;
        let share = if span == 0.0 { 0.5 } else { (v - self.low) / span };
        self.from + share * (self.to - self.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_by_hand() {
        assert_eq!(nice_ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(nice_ticks(0.0, 0.3, 3), [0.0, 0.1, 0.2, 0.3]);
        assert_eq!(nice_ticks(-3.0, 12.0, 4), [-5.0, 0.0, 5.0, 10.0, 15.0]);
        assert_eq!(
            nice_ticks(2011.0, 2022.0, 6),
            [2010.0, 2012.0, 2014.0, 2016.0, 2018.0, 2020.0, 2022.0]
        );
        assert_eq!(nice_ticks(0.0, 2.4e12, 5), [0.0, 5e11, 1e12, 1.5e12, 2e12, 2.5e12]);
    }

    #[test]
    fn a_single_value_gets_a_range() {
        let ticks = nice_ticks(7.0, 7.0, 4);
        assert!(ticks[0] < 7.0 && ticks[ticks.len() - 1] > 7.0);
        assert_eq!(nice_ticks(0.0, 0.0, 2), [-1.0, 0.0, 1.0]);
    }

    #[test]
    fn ticks_cover_any_range() {
        for (low, high) in [(-1e-9, 3e-9), (1e15, 1e15 + 8.0), (-7.3, -7.1), (0.0, 9.999_999)] {
            for most in 2..9 {
                let ticks = nice_ticks(low, high, most);
                assert!(ticks.len() <= most + 1);
                assert!(ticks[0] <= low + (high - low) * 1e-6);
                assert!(ticks[ticks.len() - 1] >= high - (high - low) * 1e-6);
            }
        }
    }

    #[test]
    fn log_ticks_by_hand() {
        assert_eq!(log_ticks(1.0, 100.0, 7), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(log_ticks(0.5, 2000.0, 5), [1.0, 10.0, 100.0, 1000.0]);
    }

    #[test]
    fn scales_by_hand() {
        assert_eq!(Scale::linear(0.0, 50.0, 300.0, 0.0).at(10.0), 240.0);
        assert!((Scale::log(1.0, 100.0, 0.0, 200.0).at(10.0) - 100.0).abs() < 1e-9);
        assert_eq!(tick_labels(&[0.0, 0.5, 1.0], false), ["0.0", "0.5", "1.0"]);
        assert_eq!(tick_labels(&[0.1, 1.0, 10.0], true), ["0.1", "1", "10"]);
    }
}
