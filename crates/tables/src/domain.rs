//! Which numbers a column may hold.

use emporion_model::panel::LARGEST_VALUE;

/// Which numbers are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Any number.
    Any,
    /// Zero and more, up to [`LARGEST_VALUE`].
    NotNegative,
    /// More than zero, up to [`LARGEST_VALUE`].
    Positive,
}

impl Domain {
    /// Whether a number lies in it.
    ///
    /// ```
    /// use emporion_tables::domain::Domain;
    /// assert!(Domain::NotNegative.holds(0.0) && !Domain::Positive.holds(0.0));
    /// assert!(!Domain::Any.holds(f64::NAN));
    /// ```
    #[must_use]
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::Any => value.is_finite(),
            Self::NotNegative => (0.0..=LARGEST_VALUE).contains(&value),
            Self::Positive => value > 0.0 && value <= LARGEST_VALUE,
        }
    }

    /// It in words, such as `zero or more`.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Any => "a number",
            Self::NotNegative => "zero or more",
            Self::Positive => "more than zero",
        }
    }
}
