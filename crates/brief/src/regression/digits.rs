//! How numbers of a regression table are rounded.
//!
//! All coefficients and errors of a column have the same number of decimals. A number that would
//! print as zero although it is not, and one of a thousand million or more, is written in
//! scientific notation. What is zero has no sign.

use emporion_plot::format_number;

/// Most decimals that significant digits may ask for; smaller numbers are written scientifically.
const MOST_DECIMALS: usize = 6;

/// From here on a number is written scientifically: a column is not wider for one row.
const LARGE: f64 = 1e9;

/// A number with so many decimals and a true minus sign.
///
/// ```
/// use emporion_brief::regression::digits::number;
/// assert_eq!(number(-1234.5678, 3), "−1,234.568");
/// assert_eq!(number(-0.0, 3), "0.000");
/// assert_eq!(number(-0.00031, 3), "−3.1e−4");
/// assert_eq!(number(2.5e9, 3), "2.500e9");
/// ```
#[must_use]
pub fn number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "n/a".into();
    }
    if value.abs() >= LARGE {
        return format!("{value:.decimals$e}").replace('-', "\u{2212}");
    }
    let fixed = format_number(value, decimals);
    let nothing = !fixed.contains(|c: char| ('1'..='9').contains(&c));
    if value != 0.0 && nothing {
        return format!("{value:.1e}").replace('-', "\u{2212}");
    }
    fixed
}

/// A p-value: one below the last decimal is said to be so.
#[must_use]
pub fn p_value(p: f64, decimals: usize) -> String {
    let least = 10_f64.powi(-(decimals.max(1) as i32));
    if p < least {
        return format!("<{}", format_number(least, decimals.max(1)));
    }
    number(p, decimals.max(1))
}

/// Decimals of a column: fixed, or so many that its smallest error has `digits` significant ones.
#[must_use]
pub fn decimals(digits: usize, significant: bool, errors: impl Iterator<Item = f64>) -> usize {
    if !significant {
        return digits;
    }
    let least = errors.filter(|e| e.is_finite() && *e > 0.0).fold(f64::INFINITY, f64::min);
    if !least.is_finite() {
        return digits;
    }
    // 0.0371 has its first digit at the second decimal.
    let first = -(least.log10().floor()) as i64;
    (first + digits as i64 - 1).clamp(0, MOST_DECIMALS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_hand() {
        assert_eq!(number(0.4567, 3), "0.457");
        assert_eq!(number(-0.0004, 3), "\u{2212}4.0e\u{2212}4");
        assert_eq!(number(0.0006, 3), "0.001");
        assert_eq!(number(f64::NAN, 3), "n/a");
        assert_eq!(number(12345.0, 0), "12,345");
    }

    #[test]
    fn p_values_by_hand() {
        assert_eq!(p_value(0.0123, 3), "0.012");
        assert_eq!(p_value(0.0004, 3), "<0.001");
        assert_eq!(p_value(0.0, 0), "<0.1");
        assert_eq!(p_value(f64::NAN, 3), "n/a");
    }

    #[test]
    fn significant_digits_of_the_smallest_error() {
        let of = |errors: &[f64]| decimals(2, true, errors.iter().copied());
        assert_eq!(of(&[0.0371, 1.5]), 3);
        assert_eq!(of(&[1.5]), 1);
        assert_eq!(of(&[150.0]), 0);
        assert_eq!(of(&[1e-9]), MOST_DECIMALS);
        assert_eq!(of(&[f64::NAN, 0.0]), 2);
        assert_eq!(decimals(3, false, [1e-9].into_iter()), 3);
    }
}
