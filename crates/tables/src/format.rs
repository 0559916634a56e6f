//! Which format a file has: its ending says so, and its first bytes confirm it.

use std::io;

use crate::problem::Problem;
use crate::source::Source;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    PackedCsv,
    Parquet,
    Arrow,
    Stata,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::PackedCsv => ".csv.gz",
            Self::Parquet => ".parquet",
            Self::Arrow => ".arrow",
            Self::Stata => ".dta",
        }
    }

    /// The format that the ending of a path stands for.
    pub fn by_ending(path: &str) -> Option<Self> {
        let path = path.to_lowercase();
        let endings = [
            (".csv", Self::Csv),
            (".csv.gz", Self::PackedCsv),
            (".parquet", Self::Parquet),
            (".arrow", Self::Arrow),
            (".arrows", Self::Arrow),
            (".feather", Self::Arrow),
            (".dta", Self::Stata),
        ];
        endings.into_iter().find(|(ending, _)| path.ends_with(ending)).map(|(_, format)| format)
    }
}

/// What the first bytes (and, of Parquet, the last four) are beyond doubt.
enum Content {
    Known(Format),
    Foreign(&'static str),
    Unclear,
}

fn content(source: Source) -> io::Result<Content> {
    let head = source.head(12)?;
    Ok(match &head[..] {
        [b'P', b'A', b'R', b'1', ..] => {
            let length = source.len()?;
            match source.range(length.saturating_sub(4), 4)?[..] == *b"PAR1" {
                true => Content::Known(Format::Parquet),
                false => Content::Unclear,
            }
        }
        [b'A', b'R', b'R', b'O', b'W', b'1', 0, 0, ..] | [255, 255, 255, 255, ..] => {
            Content::Known(Format::Arrow)
        }
        [b'F', b'E', b'A', b'1', ..] => Content::Foreign("a Feather file of version 1"),
        [0x1F, 0x8B, 8, ..] => Content::Known(Format::PackedCsv),
        [102..=116, 1 | 2, 1, 0, ..] => Content::Known(Format::Stata),
        head if head.starts_with(b"<stata_dta>") => Content::Known(Format::Stata),
        [b'P', b'K', 3, 4, ..] => Content::Foreign("a zip archive or an Excel workbook"),
        _ => Content::Unclear,
    })
}

/// The format of a file; a name that contradicts the content is a problem.
pub(crate) fn detect(path: &str, source: Source) -> Result<Format, Box<Problem>> {
    let content = content(source).map_err(|error| Box::new(unreadable(path, &error)))?;
    let remedy = "save the table as CSV: UTF-8, commas, one header line";
    match (Format::by_ending(path), content) {
        (_, Content::Foreign(found)) => Err(Box::new(Problem::new(
            "unknown-format",
            path,
            "a CSV, Parquet, Arrow or Stata file",
            format!("the file is {found}: {remedy}"),
        ))),
        (Some(named), Content::Known(found)) if named != found => {
            let stem = &path[..path.len() - named.ending_in(path).len()];
            Err(Box::new(Problem::new(
                "wrong-ending",
                path,
                format!("a file with the content that {} stands for", named.ending()),
                format!(
                    "the content is that of a {} file: rename it to {stem}{}",
                    found.ending(),
                    found.ending()
                ),
            )))
        }
        (Some(format), _) | (None, Content::Known(format)) => Ok(format),
        (None, Content::Unclear) => Err(Box::new(Problem::new(
            "unknown-format",
            path,
            "a file that ends in .csv, .csv.gz, .parquet, .arrow, .feather or .dta",
            remedy,
        ))),
    }
}

impl Format {
    /// The part of a path that named this format.
    fn ending_in(self, path: &str) -> &str {
        let length = match self {
            Self::PackedCsv => ".csv.gz".len(),
            _ => path.len() - path.rfind('.').unwrap_or(path.len()),
        };
        &path[path.len() - length..]
    }
}

/// A file that is not there or may not be read.
pub(crate) fn unreadable(path: &str, error: &io::Error) -> Problem {
    Problem::new(
        "missing-file",
        path,
        "a file that can be read",
        format!("{error}; check the path and the rights of the file"),
    )
}
