//! Days, instants and scaled whole numbers as text.

/// Days since 1 January 1970 as year-month-day, after H. Hinnant's `civil_from_days`.
pub(crate) fn date(days: i64) -> String {
    let shifted = i128::from(days) + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Parts of a second since 1970 as `2024-02-29T23:59:59.500`, with the zone's mark behind it.
pub(crate) fn timestamp(value: i64, per_second: i64, zone: &str) -> String {
    let (seconds, part) = (value.div_euclid(per_second), value.rem_euclid(per_second));
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let mut text =
        format!("{}T{:02}:{:02}:{:02}", date(day), second / 3_600, second / 60 % 60, second % 60);
    if part > 0 {
        let digits = per_second.ilog10() as usize;
        text.push_str(&format!(".{part:0digits$}"));
    }
    text + zone
}

/// A whole number with the decimal point moved to the left.
pub(crate) fn decimal(value: i128, scale: u32) -> String {
    let unit = 10_u128.pow(scale);
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    if scale == 0 {
        return value.to_string();
    }
    format!("{sign}{}.{:0width$}", size / unit, size % unit, width = scale as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_by_hand() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(19_782), "2024-02-29");
        assert_eq!(timestamp(86_399_500, 1_000, "Z"), "1970-01-01T23:59:59.500Z");
        assert_eq!(timestamp(-1_000_000, 1_000_000, ""), "1969-12-31T23:59:59");
    }

    #[test]
    fn decimals_by_hand() {
        assert_eq!(decimal(1234, 2), "12.34");
        assert_eq!(decimal(-5, 3), "-0.005");
        assert_eq!(decimal(7, 0), "7");
    }
}
