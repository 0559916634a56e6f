//! The rows of a table as texts, before any format.

use emporion_model::estimate::Family;

use super::options::Below;
use super::table::{Slot, Table};

/// In the model.
const YES: &str = "Yes";
/// Not in the model, or not identified.
const DASH: &str = "\u{2013}";

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Coefficients.
    Coefficient,
    /// What stands below them.
    Below,
    /// A name over the rows that follow.
    Heading,
    /// Whether a model has an effect; stands under a heading.
    Effect,
    /// Words that the models brought.
    Words,
    /// Statistics.
    Statistic,
}

/// A cell: `(` `0.037` `)` `**`, or words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Opening parenthesis or bracket.
    pub open: &'static str,
    /// The number or word.
    pub body: String,
    /// Closing parenthesis or bracket.
    pub close: &'static str,
    /// Stars behind it.
    pub stars: usize,
    /// Whether the body is one number.
    pub number: bool,
    /// Key of the number.
    pub key: String,
}

impl Cell {
    fn word(text: impl Into<String>) -> Self {
        Self { body: text.into(), ..Self::default() }
    }
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub kind: Kind,
    pub label: String,
    /// One for each model; empty for headings.
    pub cells: Vec<Cell>,
}

/// A row above the columns: its name, and texts with the columns that each spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub label: String,
    pub spans: Vec<(String, usize)>,
    /// Whether a rule under each span shows what it covers.
    pub ruled: bool,
}

/// Neighbours with the same text become one.
fn merged(texts: impl Iterator<Item = String>) -> Vec<(String, usize)> {
    let mut out: Vec<(String, usize)> = Vec::new();
    for text in texts {
        match out.last_mut() {
            Some((last, span)) if *last == text => *span += 1,
            _ => out.push((text, 1)),
        }
    }
    out
}

impl Table {
    /// Rows above the columns.
    pub(super) fn heads(&self) -> Vec<Head> {
        let mut out = Vec::new();
        let groups = &self.options.groups;
        if !groups.is_empty() {
            let spans = groups.iter().map(|(n, s)| (super::table::clean(n), *s)).collect();
            out.push(Head { label: String::new(), spans, ruled: true });
        }
        let outcomes = merged(self.columns.iter().map(|c| c.outcome.clone()));
        let ruled = outcomes.iter().any(|(_, span)| *span > 1);
        out.push(Head { label: "Outcome".into(), spans: outcomes, ruled });
        let estimator = |family| match family {
            Family::Poisson => "PPML",
            Family::Gaussian => "OLS",
        };
        if self.columns.iter().any(|c| c.family != self.columns[0].family) {
            let spans = merged(self.columns.iter().map(|c| estimator(c.family).to_owned()));
            out.push(Head { label: "Estimator".into(), spans, ruled: false });
        }
        if self.columns.iter().any(|c| !c.label.is_empty()) {
            let spans = self.columns.iter().map(|c| (c.label.clone(), 1)).collect();
            out.push(Head { label: String::new(), spans, ruled: false });
        }
        let spans = self.columns.iter().map(|c| (c.number.clone(), 1)).collect();
        out.push(Head { label: String::new(), spans, ruled: false });
        out
    }

    /// Rows below the heads, in sections that a rule or a space parts.
    pub(super) fn sections(&self) -> Vec<Vec<Line>> {
        let mut terms = Vec::new();
        for term in &self.terms {
            let cells = term.slots.iter().map(coefficient).collect();
            terms.push(Line { kind: Kind::Coefficient, label: term.label.clone(), cells });
            if self.options.below != Below::Nothing {
                let cells = term.slots.iter().map(|s| below(s, self.options.below)).collect();
                terms.push(Line { kind: Kind::Below, label: String::new(), cells });
            }
        }
        let mut words = Vec::new();
        if !self.effects.is_empty() {
            let label = "Fixed effects".to_owned();
            words.push(Line { kind: Kind::Heading, label, cells: Vec::new() });
        }
        for (label, has) in &self.effects {
            let cells = has.iter().map(|has| Cell::word(if *has { YES } else { DASH })).collect();
            words.push(Line { kind: Kind::Effect, label: label.clone(), cells });
        }
        let further: Vec<Line> = self
            .rows
            .iter()
            .map(|row| Line {
                kind: Kind::Words,
                label: row.label.clone(),
                cells: row.words.iter().map(Cell::word).collect(),
            })
            .collect();
        let statistics = self
            .statistics
            .iter()
            .map(|row| Line {
                kind: Kind::Statistic,
                label: row.statistic.label().into(),
                cells: std::iter::zip(&row.values, &row.keys)
                    .map(|(value, key)| match value {
                        Some(value) => Cell {
                            body: row.text(*value),
                            number: true,
                            key: key.clone(),
                            ..Cell::default()
                        },
                        None => Cell::default(),
                    })
                    .collect(),
            })
            .collect();
        let mut out = vec![terms, words, further, statistics];
        out.retain(|section: &Vec<Line>| !section.is_empty());
        out
    }
}

fn coefficient(slot: &Slot) -> Cell {
    match slot {
        Slot::Estimate(e) => Cell {
            body: e.text.clone(),
            stars: e.stars,
            number: true,
            key: e.key.clone(),
            ..Cell::default()
        },
        Slot::NotIdentified(_) => Cell::word(DASH),
        Slot::Absent => Cell::default(),
    }
}

fn below(slot: &Slot, below: Below) -> Cell {
    let Slot::Estimate(e) = slot else { return Cell::default() };
    let (open, close) = if below == Below::Intervals { ("[", "]") } else { ("(", ")") };
    Cell {
        open,
        body: e.below.clone(),
        close,
        stars: 0,
        number: below != Below::Intervals,
        key: e.below_key.clone(),
    }
}
