//! Words and numbers on a drawing: escaping, estimated widths, wrapping, number format.

/// Replaces the five characters that mean something in XML and drops control characters.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' | '\r' => out.push(' '),
            // XML 1.0 has no way to write the other control characters or the two non-characters.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

/// Advance widths of U+0020 … U+007E in Helvetica, in thousandths of the font size.
const ASCII: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Estimated width of a text in the unit of `size`.
///
/// Assumptions: Helvetica metrics for ASCII; letters beyond it by the mean of their script (Latin
/// and Greek 0.56, Cyrillic 0.60, full-width East Asian 1.0). Good to a few per cent for the font
/// stack of the figures; labels leave that much air.
#[must_use]
pub fn width(text: &str, size: f64) -> f64 {
    let thousandths: u32 = text
        .chars()
        .map(|c| match c as u32 {
            code @ 0x20..=0x7e => u32::from(ASCII[(code - 0x20) as usize]),
            0x300..=0x36f | 0x200b..=0x200f => 0,
            0x2009 | 0x202f => 200,
            0x2013 | 0x2212 => 570,
            0x2014 | 0x2026 => 1000,
            0x400..=0x52f if c.is_uppercase() => 710,
            0x400..=0x52f => 565,
            0x1100..=0x11ff | 0x2e80..=0xd7ff | 0xf900..=0xfaff | 0xff00..=0xff60 => 1000,
            0x1f300..=0x1faff | 0x20000..=0x3ffff => 1000,
            _ if c.is_uppercase() => 690,
            _ => 560,
        })
        .sum();
    f64::from(thousandths) * size / 1000.0
}

/// Cuts a text with an ellipsis so that it is at most `limit` wide.
#[must_use]
pub fn truncate(text: &str, size: f64, limit: f64) -> String {
    if width(text, size) <= limit {
        return text.to_string();
    }
    let mut kept = String::new();
    for c in text.chars() {
        let mut longer = kept.clone();
        longer.push(c);
        longer.push('…');
        if width(&longer, size) > limit {
            break;
        }
        kept.push(c);
    }
    format!("{}…", kept.trim_end())
}

/// Breaks a text at spaces into at most `lines` lines of at most `limit` width; the last is cut.
#[must_use]
pub fn wrap(text: &str, size: f64, limit: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let last = out.len() - 1;
        let joined =
            if out[last].is_empty() { word.to_string() } else { format!("{} {word}", out[last]) };
        if out[last].is_empty() || width(&joined, size) <= limit || out.len() == lines.max(1) {
            out[last] = joined;
        } else {
            out.push(word.to_string());
        }
    }
    out.iter().map(|line| truncate(line, size, limit)).collect()
}

/// A number as a reader writes it: fixed decimals, a comma between thousands, a true minus.
///
/// Four digits before the point stay together, as in years. A value that rounds to zero has no
/// sign. Not-a-number and infinities are written as an en dash.
///
/// ```
/// use emporion_plot::format_number;
/// assert_eq!(format_number(-1234567.891, 1), "−1,234,567.9");
/// assert_eq!(format_number(1743.0, 0), "1,743");
/// assert_eq!(format_number(-0.04, 1), "0.0");
/// ```
#[must_use]
pub fn format_number(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let fixed = format!("{:.*}", decimals, value.abs());
    let (whole, fraction) = fixed.split_once('.').map_or((&fixed[..], None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    if value < 0.0 && fixed.chars().any(|c| ('1'..='9').contains(&c)) {
        out.push('−');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_leaves_no_markup() {
        assert_eq!(
            escape("<b a=\"1\">A & 'B'\u{7}\n"),
            "&lt;b a=&quot;1&quot;&gt;A &amp; &#39;B&#39; "
        );
    }

    #[test]
    fn widths_by_hand() {
        // Helvetica: A 667, space 278, i 222.
        assert!((width("A i", 10.0) - 11.67).abs() < 1e-9);
        assert!(width("Минск", 10.0) > width("Minsk", 10.0));
        assert!((width("明斯克", 10.0) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn wrap_breaks_at_spaces_and_cuts_the_last_line() {
        let lines = wrap("Nizhny Novgorod Oblast and its neighbours", 10.0, 80.0, 2);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'));
        assert!(lines.iter().all(|line| width(line, 10.0) <= 80.0));
    }

    #[test]
    fn numbers() {
        assert_eq!(format_number(0.0, 2), "0.00");
        assert_eq!(format_number(12345.0, 0), "12,345");
        assert_eq!(format_number(f64::NAN, 1), "–");
        assert_eq!(format_number(999.95, 1), "1,000.0");
    }
}
