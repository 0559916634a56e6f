//! `rules` of the siting functions: lines in plain words, or a file of the case that holds them.

use emporion_model::site::rules::{Count, Rules};
use emporion_tables::site_rules::{Line, parse};
use emporion_tables::{Problem, Report, Table};
use minijinja::Error;
use minijinja::value::{Kwargs, Value, ValueKind};

use crate::book::{Book, refuse, shown};
use crate::stages::site_rules::{
    CostFault, Sites, by_position, decided, has_budget, under, with_value,
};
use crate::stages::siting::Siting;

/// Rules as they were read.
#[derive(Debug, Default)]
pub(super) struct Ruled {
    /// How the text is called in refusals: the file, or `rules`.
    name: String,
    lines: Vec<Line>,
}

impl From<CostFault> for Error {
    fn from(fault: CostFault) -> Self {
        refuse(fault.to_string())
    }
}

impl Ruled {
    /// What `rules` says: a list holds the lines themselves, a text names a file of the case.
    pub(super) fn read(book: &Book, kwargs: &Kwargs) -> Result<Option<Self>, Error> {
        let Some(said) = kwargs.get::<Option<Value>>("rules")? else { return Ok(None) };
        let (name, text) = match said.as_str() {
            Some(name) => {
                let bytes = book.case.read_extra(name);
                let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                let text = text.ok_or_else(|| {
                    refuse(format!(
                        "rules={name:?}: the case has no such text file; name one of its folder, or \
                         give the lines as a list: rules=[\"never A\", \"at most 1 of B, C\"]"
                    ))
                })?;
                (name.to_owned(), text)
            }
            None if said.kind() == ValueKind::Seq => {
                ("rules".to_owned(), kwargs.get::<Vec<String>>("rules")?.join("\n"))
            }
            None => return Err(refuse("rules: give a list of lines, or the name of a file")),
        };
        let lines = parse(&name, &text).map_err(|report| shown(&report))?;
        Ok(Some(Self { name, lines }))
    }

    /// Sites that they keep, or forbid.
    pub(super) fn decided(&self, keep: bool) -> Vec<String> {
        decided(&self.lines, keep)
    }

    /// For the trace: each line as it was understood.
    pub(super) fn told(&self) -> String {
        self.lines.iter().map(|line| line.rule.to_string()).collect::<Vec<_>>().join("; ")
    }

    /// ` under 3 rules`.
    pub(super) fn under(&self) -> String {
        under(&self.lines)
    }

    /// Closes what they forbid.
    pub(super) fn forbid(&self, siting: &mut Siting, keep: &[String]) -> Result<(), Error> {
        let never = self.decided(false);
        if let Some(both) = never.iter().find(|id| keep.contains(id)) {
            return Err(refuse(format!(
                "{both} is both to be kept and never to be open: take it off one of the two"
            )));
        }
        let mut sites = Vec::new();
        for line in &self.lines {
            for site in self.find(siting, &decided(std::slice::from_ref(line), false), line.line)? {
                if !sites.contains(&site) {
                    sites.push(site);
                }
            }
        }
        let closed = siting.instance.clone().forbid(&sites);
        siting.instance = closed.map_err(|error| refuse(error.to_string()))?;
        Ok(())
    }

    /// The rules by position: of p centres in all, else of as many as the budget allows, or as the
    /// problem finds.
    pub(super) fn rules(
        &self,
        book: &Book,
        siting: &Siting,
        (p, finds): (Option<usize>, bool),
        opening: Option<&[f64]>,
    ) -> Result<Rules, Error> {
        let any = Count::AtMost(siting.sites.len());
        let found = (finds || has_budget(&self.lines)).then_some(any);
        let Some(count) = p.map(Count::Exactly).or(found) else {
            return Err(refuse(
                "say add, the number of centres; only a budget in the rules finds it itself",
            ));
        };
        let places = || book.case.places().ok_or_else(|| refuse("the case has no table of places"));
        let sites = Sites {
            ids: &siting.sites,
            states: siting.instance.states(),
            named: &|ids, line| self.find(siting, ids, line),
            with: &|column, value| {
                with_value(&siting.sites, places()?, (column, value))
                    .map_err(|report| shown(&report))
            },
            column: &|column| numbers(siting, places()?, column).map_err(|report| shown(&report)),
        };
        by_position(&self.lines, &sites, count, opening)
    }

    fn find(&self, siting: &Siting, ids: &[String], line: u32) -> Result<Vec<usize>, Error> {
        let find = |id: &String| {
            siting.find(id).map_err(|hint| {
                let remedy = format!("mend the id: {hint}");
                let problem = Problem::new("site-rule", &self.name, "ids of sites", remedy);
                shown(&problem.at(line).value(id).into())
            })
        };
        ids.iter().map(find).collect()
    }
}

/// The number of each site in a column of places.
fn numbers(siting: &Siting, places: &Table, column: &str) -> Result<Vec<f64>, Report> {
    places.wanted(column).map_err(Report::from)?;
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    for site in &siting.sites {
        let row = (0..places.rows()).find(|&row| places.label("id", row).as_ref() == Some(site));
        match row.and_then(|row| places.number(column, row)).filter(|value| *value >= 0.0) {
            Some(value) => values.push(value),
            None => {
                let expected = "a number of 0 or more for every site";
                let remedy = "mend its number in this column";
                let problem = Problem::new("missing-value", places.path(), expected, remedy);
                problems.push(problem.column(column).value(site));
            }
        }
    }
    Report::from(problems).or(values)
}
