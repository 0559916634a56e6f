//! `emporion measure run`: the longest run of growth or of records.

use emporion_model::measure::records::{RecordOptions, Several, longest_growth, longest_records};

use super::record::{Series, observations, rows_of_series, series, with, words_or_none};
use super::{Figures, unit};
use crate::answer::{Answer, Cell, Show};
use crate::args::{self, RunOf};
use crate::data::require;
use crate::failure::Failure;

/// The series and its longest run.
pub fn answer(arguments: &args::Run, figures: &Figures<'_>) -> Result<Answer, Failure> {
    require(figures.table(), &["year"])?;
    figures.comparable(&figures.rows)?;
    let Series { figures: series, sums, empty, notes } = series(figures)?;
    let observations = observations(&series);
    let options = RecordOptions { several: Several::Range, ..RecordOptions::default() };
    let (of, found) = match arguments.of {
        RunOf::Growth => ("growth", longest_growth(&observations, &options)?),
        RunOf::Records => ("records", longest_records(&observations, &options)?),
    };
    let mut answer = figures.answer("run", format!("Longest run of {of}"));
    answer.option("of", of);
    figures.describe(&mut answer, &sums);
    answer.parts.push(rows_of_series(&series, &unit(&sums)));
    let year = |year: Option<i32>| Cell::from(year.map(f64::from));
    answer.count("steps", "Years in the run", "years", Show::Whole, found.steps);
    answer.count("first", "From", "", Show::Year, year(found.from));
    answer.count("last", "To", "", Show::Year, year(found.to));
    answer.count("equally_long", "Runs of this length", "", Show::Whole, found.equally_long);
    answer.count("observed", "Years with a figure", "", Show::Whole, found.observed.len());
    answer.say("gaps", "Years without a figure", words_or_none(&with(&found.gaps, &empty)));
    let open: Vec<String> = found.undecided.iter().map(|(a, b)| format!("{a} to {b}")).collect();
    let open = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
    answer.say("undecided", "Steps that the figures leave open", open);
    answer.notes.extend(notes);
    Ok(answer)
}
