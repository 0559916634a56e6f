//! Covariates of pairs beside the flows between them.

use std::collections::HashMap;

use emporion_model::outcome::Note;

use crate::problem::{Problem, Report};
use crate::table::{Column, MISSING, Table, Values, shown};

/// Adds every column of `pairs` to `flows`, by origin and destination, and by year when `pairs`
/// has that column.
///
/// # Assumptions
///
/// Many flows may share one pair. A column that `flows` already has is left as it is. A flow whose
/// pair is not listed gets empty cells: missing, not zero.
///
/// # Errors
///
/// A pair listed twice, naming both lines; key columns that do not exist.
pub fn join_pairs(flows: &Table, pairs: &Table) -> Result<Table, Report> {
    join_pairs_with_notes(flows, pairs).map(|(table, _)| table)
}

/// [`join_pairs`], with a note that counts and lists the flows whose pair is not listed.
///
/// # Errors
///
/// As [`join_pairs`].
pub fn join_pairs_with_notes(flows: &Table, pairs: &Table) -> Result<(Table, Vec<Note>), Report> {
    let keys: &[&str] = if pairs.column("year").is_some() {
        &["origin", "destination", "year"]
    } else {
        &["origin", "destination"]
    };
    let problems: Vec<Problem> = [flows, pairs]
        .iter()
        .flat_map(|table| keys.iter().filter_map(|key| table.wanted(key).err().map(|p| *p)))
        .collect();
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let listed = index(pairs, keys)?;
    let codes = shared_codes(flows, pairs, keys);
    let found: Vec<Option<usize>> = (0..flows.rows())
        .map(|row| listed.get(&codes.iter().map(|column| column[row]).collect::<Vec<_>>()).copied())
        .collect();
    let mut joined = flows.clone();
    for column in pairs.columns().iter().filter(|c| flows.column(&c.name).is_none()) {
        let values = match &column.values {
            Values::Number(all) => {
                Values::Number(found.iter().map(|row| row.map_or(f64::NAN, |r| all[r])).collect())
            }
            Values::Text { codes, labels } => Values::Text {
                codes: found.iter().map(|row| row.map_or(MISSING, |r| codes[r])).collect(),
                labels: labels.clone(),
            },
        };
        joined = joined.with_column(Column { name: column.name.clone(), values });
    }
    let without: Vec<usize> = (0..found.len()).filter(|&row| found[row].is_none()).collect();
    let note = without.first().map(|&first| Note {
        code: "pair_not_listed",
        message: format!(
            "{} of {} rows of {} have no row in {}, the first on line {}",
            without.len(),
            flows.rows(),
            flows.path(),
            pairs.path(),
            flows.line(first)
        ),
        count: without.len(),
        rows: without.clone(),
    });
    Ok((joined, note.into_iter().collect()))
}

/// Row of each pair by its own codes; a pair listed twice is refused.
fn index(pairs: &Table, keys: &[&str]) -> Result<HashMap<Vec<u32>, usize>, Report> {
    let codes = shared_codes(pairs, pairs, keys);
    let mut rows: HashMap<Vec<u32>, usize> = HashMap::with_capacity(pairs.rows());
    let mut problems = Vec::new();
    for row in 0..pairs.rows() {
        let key: Vec<u32> = codes.iter().map(|column| column[row]).collect();
        if key.contains(&MISSING) {
            continue;
        }
        if let Some(first) = rows.insert(key, row) {
            let cells: Vec<String> = keys
                .iter()
                .filter_map(|key| pairs.column(key))
                .map(|column| shown(&column.values, row))
                .collect();
            problems.push(
                pairs
                    .problem(
                        "duplicate-key",
                        row,
                        "origin",
                        "each pair once",
                        format!("line {} is the same pair: delete one", pairs.line(first)),
                    )
                    .value(cells.join(", ")),
            );
        }
    }
    Report::from(problems).or(rows)
}

/// Key columns of `table` in the codes that the columns of `reference` have; cells that do not
/// occur there are [`MISSING`].
fn shared_codes(table: &Table, reference: &Table, keys: &[&str]) -> Vec<Vec<u32>> {
    let mut all = Vec::new();
    for key in keys {
        let (Some(own), Some(other)) = (table.column(key), reference.column(key)) else { continue };
        let mut code: HashMap<String, u32> = HashMap::new();
        match &other.values {
            Values::Text { labels, .. } => {
                code.extend(labels.iter().enumerate().map(|(i, l)| (l.clone(), i as u32)));
            }
            Values::Number(_) => {
                for row in 0..reference.rows() {
                    let next = code.len() as u32;
                    code.entry(shown(&other.values, row)).or_insert(next);
                }
                code.remove("");
            }
        }
        all.push(match &own.values {
            Values::Text { codes, labels } => {
                let map: Vec<u32> =
                    labels.iter().map(|l| code.get(l).copied().unwrap_or(MISSING)).collect();
                codes.iter().map(|&c| map.get(c as usize).copied().unwrap_or(MISSING)).collect()
            }
            Values::Number(_) => (0..table.rows())
                .map(|row| code.get(&shown(&own.values, row)).copied().unwrap_or(MISSING))
                .collect(),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, text: &str) -> Table {
        Table::from_bytes(name, &format!("{name}.csv"), text.as_bytes(), None).unwrap()
    }

    #[test]
    fn covariates_by_hand() {
        let flows =
            table("flows", "origin,destination,year,value\nA,B,2020,1\nB,A,2020,2\nA,C,2020,3\n");
        let pairs = table("pairs", "origin,destination,distance,language\nB,A,10,x\nA,B,20,\n");
        let (joined, notes) = join_pairs_with_notes(&flows, &pairs).unwrap();
        assert_eq!(joined.number("distance", 0), Some(20.0));
        assert_eq!(joined.number("distance", 1), Some(10.0));
        assert_eq!(joined.number("distance", 2), None);
        assert_eq!((joined.text("language", 0), joined.text("language", 1)), (None, Some("x")));
        assert_eq!((notes[0].count, &notes[0].rows[..]), (1, &[2][..]));
        let cells = joined.row_text(1);
        assert!(cells.contains(&("distance".into(), "10 (added)".into())), "{cells:?}");
    }

    #[test]
    fn the_year_is_a_key_when_pairs_have_one() {
        let flows = table("flows", "origin,destination,year,value\nA,B,2020,1\nA,B,2021,2\n");
        let pairs = table("pairs", "origin,destination,year,rta\nA,B,2021,1\nA,B,2020,0\n");
        let joined = join_pairs(&flows, &pairs).unwrap();
        assert_eq!((joined.number("rta", 0), joined.number("rta", 1)), (Some(0.0), Some(1.0)));
    }

    #[test]
    fn a_pair_listed_twice_is_refused() {
        let flows = table("flows", "origin,destination,value\nA,B,1\n");
        let pairs = table("pairs", "origin,destination,distance\nA,B,10\nA,B,11\n");
        let problem = &join_pairs(&flows, &pairs).unwrap_err().problems[0];
        assert_eq!((problem.code, problem.line), ("duplicate-key", Some(3)));
        assert!(problem.remedy.contains("line 2"));
    }
}
