//! From words to changes: who is affected, by how much, in which year.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use emporion_model::simulate::uncertain;
use emporion_tables::{Problem, Report};
use toml::Spanned;

use super::file::{Agreement, Changes, Close, Cost, File, Office, Phase, Productivity, Tariff};
use super::names::Names;

/// Everything a file asks for.
#[derive(Debug, Clone)]
pub struct Plan {
    /// In force in every scenario.
    pub baseline: Vec<Change>,
    /// The scenarios, in the order of the file.
    pub cases: Vec<Case>,
}

/// A scenario.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The question in a sentence.
    pub about: String,
    /// The changes.
    pub changes: Vec<Change>,
    /// What is solved: once, or once for each year in which something changes.
    pub steps: Vec<Step>,
}

/// One solution of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The year, when changes come in steps.
    pub year: Option<i32>,
    /// Share of each change in force, in the order of the changes.
    pub shares: Vec<f64>,
}

/// Something that happens.
#[derive(Debug, Clone)]
pub struct Change {
    /// In words.
    pub label: String,
    /// What kind.
    pub kind: Kind,
    /// Directed pairs (seller, buyer); for productivity the place twice.
    pub pairs: Vec<(usize, usize)>,
    /// Only these sectors, or all.
    pub sectors: Option<Vec<usize>>,
    /// Sellers that lose markets, when it closes some: they are given an account.
    pub exporters: Vec<usize>,
    /// First year and shares.
    phase: Option<Phase>,
}

/// What kind of change, and how large.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// ln phi rises by this much.
    Effect(Size),
    /// The flow becomes zero.
    Close,
    /// ln of the cost factor rises by this much.
    Cost(Size),
    /// The tariff becomes this (0.05 for 5 percent).
    Tariff(f64),
    /// A schedule of tariffs in a file.
    Schedule(String),
    /// ln of productivity rises by this much.
    Productivity(f64),
}

/// A number with what is known of it. `share` multiplies it.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// The number or its distribution.
    pub number: Value,
    /// Share that applies.
    pub share: f64,
}

impl Size {
    /// Whether it is one number, or a range so narrow that it says no more.
    fn is_bare(&self) -> bool {
        matches!(&self.number, Value::Given(range) if range.sd() == 0.0)
    }
}

/// A number, a distribution, or a saved coefficient.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Given.
    Given(uncertain::Range),
    /// To be read from a file of models.
    Saved {
        /// The file.
        from: String,
        /// The model in it, when named.
        model: Option<String>,
        /// The regressor.
        coefficient: String,
        /// Line of the scenario file, for messages.
        line: Option<u32>,
    },
}

/// Checks a file and turns its names into positions.
///
/// # Errors
///
/// Every problem of the file at once: unknown names, a pair that the same kind of change touches
/// twice, own trade, a size that is missing or given twice, an office without a range, phases that
/// contradict each other, two scenarios of one name.
pub fn plan(file: &File, names: &Names<'_>) -> Result<Plan, Report> {
    let mut problems = Vec::new();
    let baseline = changes(&file.baseline, names, &mut problems);
    for change in &baseline {
        if change.phase.is_some() {
            problems.push(Problem::new(
                "baseline-in-steps",
                names.text.path.clone(),
                "a baseline that is in force from the start",
                "leave phase and from-year out of [baseline]",
            ));
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut cases = Vec::new();
    for scenario in &file.scenario {
        let name = scenario.name.get_ref();
        let span = scenario.name.span();
        if name.trim().is_empty() || !seen.insert(name) {
            let remedy = "give each scenario its own name";
            let problem = names.text.problem("scenario-name", &span, "a name used once", remedy);
            problems.push(problem.value(name));
        }
        let what = scenario.changes();
        if what.is_empty() {
            problems.push(names.text.problem(
                "nothing-happens",
                &span,
                "at least one change",
                "add [[scenario.agreement]], close, office, cost, tariff or productivity",
            ));
        }
        let changes = changes(&what, names, &mut problems);
        if years(&changes).is_some_and(|(first, last)| last - first > MOST_YEARS) {
            problems.push(names.text.problem(
                "steps-far-apart",
                &span,
                format!("at most {MOST_YEARS} years from the first step to the last"),
                "one world is solved for each year between them: write two scenarios",
            ));
            continue;
        }
        cases.push(Case {
            name: name.clone(),
            about: scenario.about.clone().unwrap_or_default(),
            steps: steps(&changes),
            changes,
        });
    }
    Report::from(problems).or(Plan { baseline, cases })
}

/// Years from the first step of a scenario to its last; a world is solved for each.
const MOST_YEARS: i32 = 100;

/// The first and the last year in which something changes; `None` when nothing comes in steps.
fn years(changes: &[Change]) -> Option<(i32, i32)> {
    let phases = || changes.iter().filter_map(|change| change.phase.as_ref());
    let last = |phase: &Phase| phase.from + i32::try_from(phase.shares.len()).unwrap_or(0) - 1;
    Some((phases().map(|phase| phase.from).min()?, phases().map(last).max()?))
}

/// The years in which something changes, and what is in force then.
fn steps(changes: &[Change]) -> Vec<Step> {
    let Some((first, end)) = years(changes) else {
        return vec![Step { year: None, shares: vec![1.0; changes.len()] }];
    };
    (first..=end)
        .map(|year| Step {
            year: Some(year),
            shares: changes
                .iter()
                .map(|change| change.phase.as_ref().map_or(1.0, |phase| in_force(phase, year)))
                .collect(),
        })
        .collect()
}

fn in_force(phase: &Phase, year: i32) -> f64 {
    match usize::try_from(year - phase.from) {
        Err(_) => 0.0,
        Ok(at) => phase.shares.get(at).or(phase.shares.last()).copied().unwrap_or(1.0),
    }
}

/// The sectors (`None`: all) in which a kind of change has touched a pair so far.
type Touched = BTreeMap<(&'static str, usize, usize), Vec<Option<Vec<usize>>>>;

pub(super) struct Reader<'a, 'b> {
    pub(super) names: &'a Names<'b>,
    pub(super) problems: &'a mut Vec<Problem>,
    list: Vec<Change>,
    touched: Touched,
}

fn changes(changes: &Changes, names: &Names<'_>, problems: &mut Vec<Problem>) -> Vec<Change> {
    let mut reader = Reader { names, problems, list: Vec::new(), touched: Touched::new() };
    for one in &changes.agreement {
        reader.agreement(one.get_ref(), &one.span());
    }
    for one in &changes.close {
        reader.close(one.get_ref(), &one.span());
    }
    for one in &changes.office {
        reader.office(one.get_ref(), &one.span());
    }
    for one in &changes.cost {
        reader.cost(one.get_ref(), &one.span());
    }
    for one in &changes.tariff {
        reader.tariff(one.get_ref(), &one.span());
    }
    for one in &changes.productivity {
        reader.productivity(one.get_ref(), &one.span());
    }
    reader.list
}

impl Reader<'_, '_> {
    fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    pub(super) fn refuse(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        expected: &str,
        remedy: &str,
    ) {
        self.problems.push(self.names.text.problem(code, span, expected, remedy));
    }

    fn places(&mut self, ids: &Spanned<super::file::Ids>) -> Option<Vec<usize>> {
        let found = self.names.places(ids.get_ref(), &ids.span());
        self.keep(found)
    }

    fn sectors(&mut self, ids: Option<&Spanned<super::file::Ids>>) -> Option<Option<Vec<usize>>> {
        let Some(ids) = ids else { return Some(None) };
        let found = self.names.sectors(ids.get_ref(), &ids.span());
        self.keep(found).map(Some)
    }

    /// Whether no place is on both sides. One group given twice is its members' trade with each other.
    fn apart(&mut self, a: &[usize], b: &[usize], span: &Range<usize>) -> bool {
        let common = a.iter().find(|place| b.contains(place));
        let Some(&place) = common.filter(|_| a != b || a.len() == 1) else { return true };
        let problem = self.names.text.problem(
            "own-trade",
            span,
            "no place on both sides, or one group given twice for trade among its members",
            "costs are relative to a place's trade with itself, which nothing changes: leave it out \
             of one side",
        );
        self.problems.push(problem.value(self.names.place_id(place)));
        false
    }

    fn agreement(&mut self, one: &Agreement, span: &Range<usize>) {
        let [a, b] = one.between.get_ref();
        let at = one.between.span();
        let (a, b) = (self.names.places(a, &at), self.names.places(b, &at));
        let (Some(a), Some(b)) = (self.keep(a), self.keep(b)) else { return };
        if !self.apart(&a, &b, span) {
            return;
        }
        let mut pairs = product(&a, &b);
        pairs.extend(product(&b, &a));
        let label = format!("agreement between {} and {}", self.tell(&a), self.tell(&b));
        let size = self.effect(one.effect.as_ref(), one.percent.as_ref(), one.share, span);
        let phase = self.phase(one.phase.as_ref());
        let sectors = self.sectors(one.sectors.as_ref());
        if let (Some(size), Some(sectors), Some(phase)) = (size, sectors, phase) {
            self.push("agreement", label, Kind::Effect(size), pairs, sectors, phase, span);
        }
    }

    fn office(&mut self, one: &Office, span: &Range<usize>) {
        let (Some(of), Some(at)) = (self.places(&one.of), self.places(&one.at)) else { return };
        if !self.apart(&of, &at, span) {
            return;
        }
        let mut pairs = product(&of, &at);
        if one.both_ways {
            pairs.extend(product(&at, &of));
        }
        let label = format!("office of {} in {}", self.tell(&of), self.tell(&at));
        let size = self.effect(one.effect.as_ref(), one.percent.as_ref(), one.share, span);
        if size.as_ref().is_some_and(Size::is_bare) {
            self.refuse(
                "office-without-range",
                span,
                "a range for what the office is worth",
                "studies differ and offices follow trade: write effect = { low = 0, high = 0.1 }, \
                 { mean = 0.06, sd = 0.03 }, or a saved coefficient",
            );
            return;
        }
        let phase = self.phase(one.phase.as_ref());
        let sectors = self.sectors(one.sectors.as_ref());
        if let (Some(size), Some(sectors), Some(phase)) = (size, sectors, phase) {
            self.push("office", label, Kind::Effect(size), pairs, sectors, phase, span);
        }
    }

    fn close(&mut self, one: &Close, span: &Range<usize>) {
        let (Some(market), Some(to)) = (self.places(&one.market), self.places(&one.to)) else {
            return;
        };
        if !self.apart(&to, &market, span) {
            return;
        }
        let mut pairs = product(&to, &market);
        if one.both_ways {
            pairs.extend(product(&market, &to));
        }
        let label = format!("{} closed to {}", self.tell(&market), self.tell(&to));
        let Some(phase) = self.since(one.from_year, span) else { return };
        if let Some(sectors) = self.sectors(one.sectors.as_ref()) {
            self.push("close", label, Kind::Close, pairs, sectors, phase, span);
            if let Some(change) = self.list.last_mut().filter(|change| change.kind == Kind::Close) {
                change.exporters = to;
            }
        }
    }

    fn cost(&mut self, one: &Cost, span: &Range<usize>) {
        let (Some(from), Some(to)) = (self.places(&one.from), self.places(&one.to)) else {
            return;
        };
        if !self.apart(&from, &to, span) {
            return;
        }
        let mut pairs = product(&from, &to);
        if one.both_ways {
            pairs.extend(product(&to, &from));
        }
        let label = format!("cost from {} to {}", self.tell(&from), self.tell(&to));
        let size = self.number(&one.percent, true).map(|number| Size { number, share: 1.0 });
        let phase = self.phase(one.phase.as_ref());
        let sectors = self.sectors(one.sectors.as_ref());
        if let (Some(size), Some(sectors), Some(phase)) = (size, sectors, phase) {
            self.push("cost", label, Kind::Cost(size), pairs, sectors, phase, span);
        }
    }

    fn tariff(&mut self, one: &Tariff, span: &Range<usize>) {
        if self.names.sectors.is_empty() {
            self.refuse(
                "tariff-in-one-sector",
                span,
                "no tariffs in a world of one sector, which has no tariff revenue",
                "write [[scenario.cost]] with the percent of the cost, or sectors = \"many\" under \
                 [model]",
            );
            return;
        }
        let Some(phase) = self.since(one.from_year, span) else { return };
        let Some(sectors) = self.sectors(one.sectors.as_ref()) else { return };
        match (&one.importer, &one.exporter, one.percent, &one.schedule) {
            (Some(importer), Some(exporter), Some(percent), None) => {
                let (Some(importer), Some(exporter)) =
                    (self.places(importer), self.places(exporter))
                else {
                    return;
                };
                if !percent.is_finite() || percent < 0.0 {
                    self.refuse(
                        "negative-tariff",
                        span,
                        "a tariff of zero percent or more",
                        "percent is the new level, 5 for 5 percent",
                    );
                    return;
                }
                let label =
                    format!("tariff of {} on {}", self.tell(&importer), self.tell(&exporter));
                if !self.apart(&exporter, &importer, span) {
                    return;
                }
                let pairs = product(&exporter, &importer);
                let kind = Kind::Tariff(percent / 100.0);
                self.push("tariff", label, kind, pairs, sectors, phase, span);
            }
            (None, None, None, Some(schedule)) => {
                let kind = Kind::Schedule(schedule.get_ref().clone());
                let label = format!("tariff schedule {}", schedule.get_ref());
                self.list.push(Change {
                    label,
                    kind,
                    pairs: Vec::new(),
                    sectors,
                    exporters: Vec::new(),
                    phase,
                });
            }
            _ => self.refuse(
                "tariff-incomplete",
                span,
                "importer, exporter and percent, or a schedule alone",
                "percent is the new level of the tariff; a schedule is a file with origin, \
                 destination, sector, tariff",
            ),
        }
    }

    fn productivity(&mut self, one: &Productivity, span: &Range<usize>) {
        let Some(places) = self.places(&one.place) else { return };
        if !one.percent.is_finite() || one.percent <= -100.0 {
            self.refuse(
                "productivity",
                span,
                "a change above -100 percent",
                "percent = 5 is five percent more from the same",
            );
            return;
        }
        let label = format!("productivity of {}", self.tell(&places));
        let pairs = places.into_iter().map(|place| (place, place)).collect();
        let kind = Kind::Productivity((one.percent / 100.0).ln_1p());
        let phase = self.phase(one.phase.as_ref());
        let sectors = self.sectors(one.sectors.as_ref());
        if let (Some(sectors), Some(phase)) = (sectors, phase) {
            self.push("productivity", label, kind, pairs, sectors, phase, span);
        }
    }

    /// Adds a change after the checks that need its pairs.
    #[expect(clippy::too_many_arguments, reason = "one for each part of a change")]
    fn push(
        &mut self,
        word: &'static str,
        label: String,
        kind: Kind,
        mut pairs: Vec<(usize, usize)>,
        sectors: Option<Vec<usize>>,
        phase: Option<Phase>,
        span: &Range<usize>,
    ) {
        pairs.sort_unstable();
        pairs.dedup();
        if word != "productivity" {
            pairs.retain(|(i, j)| i != j);
        }
        for &(i, j) in &pairs {
            let before = self.touched.entry((word, i, j)).or_default();
            if before.iter().any(|earlier| overlap(earlier.as_deref(), sectors.as_deref())) {
                let pair = format!("{} to {}", self.names.place_id(i), self.names.place_id(j));
                let problem = self.names.text.problem(
                    "pair-twice",
                    span,
                    format!("each pair in one {word} of a scenario"),
                    "two effects of one kind on a pair: add them up and state the pair once",
                );
                self.problems.push(problem.value(pair));
                return;
            }
            before.push(sectors.clone());
        }
        self.list.push(Change { label, kind, pairs, sectors, exporters: Vec::new(), phase });
    }

    fn tell(&self, places: &[usize]) -> String {
        const NAMED: usize = 3;
        let mut text: Vec<&str> =
            places.iter().take(NAMED).map(|&at| self.names.place_id(at)).collect();
        let more = format!("{} more", places.len().saturating_sub(NAMED));
        if places.len() > NAMED {
            text.push(&more);
        }
        text.join(", ")
    }
}

fn product(sellers: &[usize], buyers: &[usize]) -> Vec<(usize, usize)> {
    sellers.iter().flat_map(|&i| buyers.iter().map(move |&j| (i, j))).collect()
}

fn overlap(a: Option<&[usize]>, b: Option<&[usize]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.iter().any(|k| b.contains(k)),
        _ => true,
    }
}
