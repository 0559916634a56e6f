//! How a number is written: decimals, thousands, scale of the unit.

use crate::cell::Cell;

/// How a brief wants a number shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Style {
    /// Digits after the point; by default chosen from the size of the number.
    pub decimals: Option<usize>,
    /// Unit to convert to, such as `USD bn` for a value in `USD mn`; `%` appends a percent sign to
    /// a number whose unit is percent of something.
    pub unit: Option<String>,
    /// Whether a plus sign is shown before a number above zero.
    pub sign: bool,
}

/// Factor from one unit to another that differs in scale only: `USD mn` to `USD bn` is 0.001.
#[must_use]
pub fn scale(from: &str, to: &str) -> Option<f64> {
    if from == to {
        return Some(1.0);
    }
    let split = |unit: &str| -> Option<(String, f64)> {
        let (currency, size) = unit.rsplit_once(' ')?;
        let size = match size {
            "th" => 1e3,
            "mn" => 1e6,
            "bn" => 1e9,
            "tn" => 1e12,
            _ => return None,
        };
        Some((currency.to_owned(), size))
    };
    let (a, b) = (split(from)?, split(to)?);
    (a.0 == b.0).then(|| a.1 / b.1)
}

/// The number of a cell as text, with its bound sign and without its unit.
///
/// # Errors
///
/// When the style asks for a unit that the cell's unit does not convert to.
pub fn text(cell: &Cell, style: &Style) -> Result<String, String> {
    let Some(value) = cell.value else {
        return Ok("not known".into());
    };
    let factor = match style.unit.as_deref() {
        None => 1.0,
        Some("%") if cell.unit.starts_with("percent") => 1.0,
        Some(unit) => scale(&cell.unit, unit).ok_or_else(|| {
            format!(
                "{} ({}) is in {:?} and cannot be shown in {unit:?}; units that differ only in \
                 scale (th, mn, bn, tn) convert, and percent may be shown as %",
                cell.id, cell.label, cell.unit
            )
        })?,
    };
    let mut text = plain(value * factor, style.decimals);
    if style.sign && value > 0.0 {
        text.insert(0, '+');
    }
    let bound = match cell.bound.as_str() {
        "~" => "\u{2248}\u{202f}",
        ">" => ">\u{202f}",
        ">=" => "\u{2265}\u{202f}",
        "<" => "<\u{202f}",
        "<~" => "just under\u{202f}",
        "<=" => "\u{2264}\u{202f}",
        _ => "",
    };
    text.insert_str(0, bound);
    if style.unit.as_deref() == Some("%") {
        text.push_str("\u{202f}%");
    }
    Ok(text)
}

/// Beyond this the digits before the point are no longer all known.
const LONGEST: f64 = 1e16;

/// A number with comma thousands, a true minus sign and the given or a fitting number of decimals; with a
/// power of ten where it is very long.
#[must_use]
pub fn plain(value: f64, decimals: Option<usize>) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "not known".into() } else { "unbounded".into() };
    }
    if decimals.is_none() && value != 0.0 && value.abs() < 1e-4 {
        return format!("{value:.1e}").replace('-', "\u{2212}");
    }
    if value.abs() >= LONGEST {
        return format!("{value:.5e}").replace('-', "\u{2212}");
    }
    let decimals = decimals.unwrap_or(match value.abs() {
        a if a >= 100.0 || value.fract() == 0.0 => 0,
        a if a >= 10.0 => 1,
        a if a >= 1.0 => 2,
        _ => 3,
    });
    emporion_plot::format_number(value, decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_rounded() {
        assert_eq!(plain(45_800.0, None), "45,800");
        assert_eq!(plain(-1_234_567.891, Some(1)), "\u{2212}1,234,567.9");
        assert_eq!(plain(-0.000_1, Some(2)), "0.00");
        assert_eq!(plain(0.1234, None), "0.123");
        assert_eq!(plain(-1.25e17, Some(2)), "\u{2212}1.25000e17");
        assert_eq!(plain(1e15, Some(0)), "1,000,000,000,000,000");
        assert_eq!(plain(f64::NAN, None), "not known");
    }

    #[test]
    fn units_convert_in_scale_only() {
        assert_eq!(scale("USD mn", "USD bn"), Some(1e-3));
        assert_eq!(scale("USD mn", "EUR mn"), None);
        assert_eq!(scale("percent", "percent"), Some(1.0));
    }
}
