//! A cell's text as a number, and what is wrong with it when it is none.

/// Reads a finite number with a decimal point; the error says what was expected and how to mend it.
pub(crate) fn number(text: &str) -> Result<f64, (&'static str, String)> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && !text.ends_with(|c: char| c.is_ascii_alphabetic()) => {
            Ok(value)
        }
        _ => Err(explain(text)),
    }
}

/// Whether a column of such cells must stay text because digits would be lost: `01`, `-007`.
pub(crate) fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text).as_bytes();
    digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()
}

fn explain(text: &str) -> (&'static str, String) {
    let trimmed = text.trim();
    let plain = |t: &str| t.parse::<f64>().is_ok_and(f64::is_finite);
    if plain(trimmed) && trimmed != text && !trimmed.is_empty() {
        return (
            "a number without spaces around it",
            format!("write {trimmed}: remove the spaces"),
        );
    }
    let lower = trimmed.to_lowercase();
    if matches!(
        lower.as_str(),
        "" | "nan"
            | "na"
            | "n/a"
            | "n.a."
            | "null"
            | "none"
            | "-"
            | "–"
            | "—"
            | "."
            | ".."
            | "..."
            | "…"
            | "x"
            | ":"
            | "missing"
            | "inf"
            | "+inf"
            | "-inf"
            | "infinity"
            | "-infinity"
    ) {
        return (
            "a finite number, or nothing at all",
            "leave the cell empty when the value is not known; write 0 only where it is known to \
             be zero"
                .to_owned(),
        );
    }
    if let Some(minus) = trimmed.strip_prefix(['−', '–', '—'])
        && plain(minus)
    {
        return (
            "a number with an ASCII minus sign",
            format!("write -{minus}: the sign in the file is a typographic dash"),
        );
    }
    if let Some(fixed) = separators(trimmed) {
        return fixed;
    }
    if trimmed.parse::<f64>().is_ok() {
        return (
            "a finite number",
            "the number is too large to be stored; check its unit or leave the cell empty"
                .to_owned(),
        );
    }
    (
        "a number with a decimal point and nothing else",
        "write the figure alone and put units, marks and remarks in columns of their own (unit, \
         bound, note); leave the cell empty when the value is not known"
            .to_owned(),
    )
}

/// Explains decimal commas and thousands separators.
fn separators(text: &str) -> Option<(&'static str, String)> {
    let is_space = |c: char| c.is_whitespace() || matches!(c, '\'' | '’' | '_');
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !body.starts_with(|c: char| c.is_ascii_digit())
        || !body.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.' || is_space(c))
    {
        return None;
    }
    let tight: String = text.chars().filter(|&c| !is_space(c)).collect();
    let (commas, points) = (tight.matches(',').count(), tight.matches('.').count());
    let groups_of_three =
        |mark: char| tight.split(mark).skip(1).all(|g| g.len() == 3 || g.contains('.'));
    let expected = "a number with a decimal point and without thousands separators";
    if commas == 0 && points <= 1 {
        return Some((expected, format!("write {tight}: remove the thousands separators")));
    }
    if commas == 1 && points == 0 {
        let (decimal, thousands) = (tight.replace(',', "."), tight.replace(',', ""));
        return Some((
            expected,
            if groups_of_three(',') {
                format!(
                    "write {decimal} if the comma is a decimal comma, {thousands} if it separates \
                     thousands; it cannot be told from the file"
                )
            } else {
                format!("write {decimal}: the comma is a decimal comma")
            },
        ));
    }
    let last_comma = tight.rfind(',').unwrap_or(0);
    let last_point = tight.rfind('.').unwrap_or(0);
    let fixed = if commas > 0 && points == 1 && last_point > last_comma {
        tight.replace(',', "")
    } else if commas == 1 && points >= 1 {
        tight.replace('.', "").replace(',', ".")
    } else if commas > 1 && points == 0 {
        tight.replace(',', "")
    } else if points > 1 && commas == 0 {
        tight.replace('.', "")
    } else {
        return None;
    };
    Some((expected, format!("write {fixed}: remove the thousands separators")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_numbers_are_read() {
        for (text, value) in
            [("1", 1.0), ("-2.5", -2.5), ("+14.3", 14.3), ("1e3", 1000.0), ("0.70", 0.7)]
        {
            assert_eq!(number(text), Ok(value));
        }
    }

    #[test]
    fn every_other_writing_is_explained() {
        for (text, remedy) in [
            ("1,234.5", "write 1234.5:"),
            ("1.234,5", "write 1234.5:"),
            ("12,5", "write 12.5:"),
            ("1,234", "write 1.234 if"),
            ("1 234", "write 1234:"),
            ("1\u{a0}234,5", "write 1234.5:"),
            ("1'234", "write 1234:"),
            ("1,234,567", "write 1234567:"),
            ("1.234.567", "write 1234567:"),
            ("−5", "write -5:"),
            (" 5", "write 5:"),
            ("NaN", "leave the cell empty"),
            ("inf", "leave the cell empty"),
            ("1e999", "the number is too large"),
            ("12%", "write the figure alone"),
            ("abc", "write the figure alone"),
        ] {
            let (_, got) = number(text).unwrap_err();
            assert!(got.starts_with(remedy), "{text}: {got}");
        }
    }
}
