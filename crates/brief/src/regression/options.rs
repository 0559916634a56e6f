//! What may be chosen about a regression table.

use serde::{Deserialize, Serialize};

use super::TableError;

/// What stands below each coefficient.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Below {
    /// Standard errors in parentheses.
    #[default]
    StandardErrors,
    /// Coefficients over standard errors in parentheses.
    Statistics,
    /// Two-sided p-values in parentheses.
    PValues,
    /// Confidence intervals in brackets.
    Intervals,
    /// Nothing.
    Nothing,
}

impl Below {
    /// Reads `se`, `t`, `p`, `interval` or `none`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "se" => Self::StandardErrors,
            "t" => Self::Statistics,
            "p" => Self::PValues,
            "interval" => Self::Intervals,
            "none" => Self::Nothing,
            _ => return None,
        })
    }
}

/// Stars for p-values below levels: one star for each level passed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stars {
    /// None, as the American Economic Association asks of its authors.
    #[default]
    None,
    /// 0.1, 0.05, 0.01: `etable` of fixest in R.
    Fixest,
    /// 0.05, 0.01, 0.001: `esttab` in Stata.
    Esttab,
    /// Levels of one's own.
    Levels(Vec<f64>),
}

impl Stars {
    /// Reads `none`, `fixest`, `esttab` (or `stata`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "none" => Self::None,
            "fixest" => Self::Fixest,
            "esttab" | "stata" => Self::Esttab,
            _ => return None,
        })
    }

    /// The levels, largest first.
    #[must_use]
    pub fn levels(&self) -> Vec<f64> {
        let mut levels = match self {
            Self::None => Vec::new(),
            Self::Fixest => vec![0.1, 0.05, 0.01],
            Self::Esttab => vec![0.05, 0.01, 0.001],
            Self::Levels(levels) => levels.clone(),
        };
        levels.sort_by(|a, b| b.total_cmp(a));
        levels
    }

    /// Whose levels these are, for the note.
    pub(super) fn origin(&self) -> &'static str {
        match self {
            Self::Fixest => " (levels of fixest)",
            Self::Esttab => " (levels of esttab)",
            _ => "",
        }
    }
}

/// A number about a whole model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Rows used.
    Observations,
    /// McFadden's, of Poisson models.
    PseudoRSquared,
    /// Of least squares.
    RSquared,
    /// Log likelihood; pseudo for outcomes that are not counts.
    LogLikelihood,
    /// Of Poisson models.
    Deviance,
    /// Sum of squared residuals of least squares.
    ResidualSum,
    /// Parameters counted by the convention of the errors.
    Parameters,
    /// Newton steps.
    Iterations,
}

impl Statistic {
    /// Every statistic with the name it is asked by.
    pub const ALL: [(&'static str, Self); 8] = [
        ("n", Self::Observations),
        ("pseudo_r2", Self::PseudoRSquared),
        ("r2", Self::RSquared),
        ("log_likelihood", Self::LogLikelihood),
        ("deviance", Self::Deviance),
        ("rss", Self::ResidualSum),
        ("parameters", Self::Parameters),
        ("iterations", Self::Iterations),
    ];

    /// Reads a name of [`Statistic::ALL`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, statistic)| *statistic)
    }

    /// The name of its row.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Observations => "Observations",
            Self::PseudoRSquared => "Pseudo R\u{b2}",
            Self::RSquared => "R\u{b2}",
            Self::LogLikelihood => "Log likelihood",
            Self::Deviance => "Deviance",
            Self::ResidualSum => "Residual sum of squares",
            Self::Parameters => "Parameters",
            Self::Iterations => "Iterations",
        }
    }
}

/// Output formats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Aligned text for a terminal or a log.
    #[default]
    Text,
    /// A pipe table.
    Markdown,
    /// LaTeX with booktabs.
    Latex,
    /// A table element.
    Html,
    /// A typst figure.
    Typst,
    /// One row for each quantity of each term, one column for each model, all digits.
    Csv,
    /// One row for each term of each model, all digits.
    Tidy,
    /// Everything, all digits.
    Json,
}

impl Format {
    /// Every format with the name it is asked by.
    pub const ALL: [(&'static str, Self); 8] = [
        ("text", Self::Text),
        ("md", Self::Markdown),
        ("tex", Self::Latex),
        ("html", Self::Html),
        ("typst", Self::Typst),
        ("csv", Self::Csv),
        ("tidy", Self::Tidy),
        ("json", Self::Json),
    ];

    /// Reads a name of [`Format::ALL`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, format)| *format)
    }
}

/// Options of [`Table::new`](super::Table::new).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Caption; empty for none.
    pub title: String,
    /// Label for references in LaTeX and typst; empty for none.
    pub label: String,
    /// Digits after the point. Default 3, what journals print of coefficients.
    pub digits: usize,
    /// Whether `digits` counts the significant digits of the smallest standard error of a column
    /// instead; the number of decimals stays the same down the column, at most six.
    pub significant: bool,
    /// What stands below each coefficient.
    pub below: Below,
    /// Level of intervals. Default 0.95.
    pub level: f64,
    /// Stars; off by default.
    pub stars: Stars,
    /// Terms to show, by pattern; empty for all.
    pub keep: Vec<String>,
    /// Terms to leave out, by pattern.
    pub drop: Vec<String>,
    /// Terms that stand first, by pattern; the others follow in the order of the models.
    pub order: Vec<String>,
    /// Patterns of terms and effects with the names to print; what `*` stood for fills `*`.
    pub rename: Vec<(String, String)>,
    /// Names above the columns, each with the number of columns it spans; empty for none.
    pub groups: Vec<(String, usize)>,
    /// Whether effects have rows (Yes or a dash).
    pub effects: bool,
    /// Statistics, in the order of the rows; one that no model has is left out.
    pub statistics: Vec<Statistic>,
    /// Whether notes stand below.
    pub notes: bool,
    /// Further notes, before the others.
    pub own_notes: Vec<String>,
    /// Whether text may hold characters beyond ASCII of our own making: minus, dash, R².
    pub unicode: bool,
    /// Whether LaTeX aligns at the decimal point with siunitx (version 3).
    pub siunitx: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            title: String::new(),
            label: String::new(),
            digits: 3,
            significant: false,
            below: Below::default(),
            level: 0.95,
            stars: Stars::None,
            keep: Vec::new(),
            drop: Vec::new(),
            order: Vec::new(),
            rename: Vec::new(),
            groups: Vec::new(),
            effects: true,
            statistics: vec![
                Statistic::Observations,
                Statistic::PseudoRSquared,
                Statistic::RSquared,
            ],
            notes: true,
            own_notes: Vec::new(),
            unicode: true,
            siunitx: false,
        }
    }
}

impl Options {
    pub(super) fn check(&self, models: usize) -> Result<(), TableError> {
        if models == 0 {
            return Err(TableError::NoModels);
        }
        if self.digits > 12 || (self.significant && self.digits == 0) {
            return Err(TableError::Setting {
                option: "digits",
                got: self.digits.to_string(),
                expected: "give 0 to 12 decimals, or 1 to 12 significant digits",
            });
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            return Err(TableError::Setting {
                option: "level",
                got: self.level.to_string(),
                expected: "give a level between 0 and 1, such as 0.95",
            });
        }
        if let Some(level) = self.stars.levels().into_iter().find(|l| !(*l > 0.0 && *l < 1.0)) {
            return Err(TableError::Setting {
                option: "stars",
                got: level.to_string(),
                expected: "give levels between 0 and 1, such as 0.05",
            });
        }
        let spanned = self.groups.iter().map(|(_, span)| span).sum();
        if !self.groups.is_empty() && (spanned != models || self.groups.iter().any(|g| g.1 == 0)) {
            return Err(TableError::Groups { spanned, models });
        }
        Ok(())
    }
}
