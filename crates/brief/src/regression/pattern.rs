//! Terms named with `*`: `log(*)` is every logged regressor.

/// What each `*` of the pattern stands for, when the whole text fits.
///
/// Every other character stands for itself. A `*` takes as little as it can, so that the last one
/// takes the rest.
///
/// ```
/// use emporion_brief::regression::pattern::fits;
/// assert_eq!(fits("log(*)", "log(distance)"), Some(vec!["distance"]));
/// assert_eq!(fits("year::*", "year::-3"), Some(vec!["-3"]));
/// assert_eq!(fits("border", "border_x"), None);
/// ```
#[must_use]
pub fn fits<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut parts = pattern.split('*');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty().then(Vec::new);
    };
    let mut found = Vec::with_capacity(parts.len() + 1);
    for part in parts {
        let at = rest.find(part)?;
        found.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    found.push(rest.strip_suffix(last)?);
    Some(found)
}

/// The name to print: that of the first pattern that fits, else the name itself.
#[must_use]
pub fn renamed(rules: &[(String, String)], name: &str) -> String {
    let Some((found, to)) = rules.iter().find_map(|(from, to)| Some((fits(from, name)?, to)))
    else {
        return name.to_owned();
    };
    let mut out = String::new();
    for (i, part) in to.split('*').enumerate() {
        if i > 0 {
            // A star beyond those of the pattern stands for itself.
            out.push_str(found.get(i - 1).copied().unwrap_or("*"));
        }
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_by_hand() {
        assert_eq!(fits("*", ""), Some(vec![""]));
        assert_eq!(fits("a*b*c", "a1b2c"), Some(vec!["1", "2"]));
        assert_eq!(fits("*_*", "both_eu_27"), Some(vec!["both", "eu_27"]));
        assert_eq!(fits("a*a", "a"), None);
        assert_eq!(fits("", "a"), None);
    }

    #[test]
    fn what_a_star_stood_for_fills_the_new_name() {
        let rules = [("log(*)".to_owned(), "ln *".to_owned()), ("b*".to_owned(), "B".to_owned())];
        assert_eq!(renamed(&rules, "log(distance)"), "ln distance");
        assert_eq!(renamed(&rules, "border"), "B");
        assert_eq!(renamed(&rules, "other"), "other");
    }
}
