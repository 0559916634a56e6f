//! Where the next centres go, by name.

use emporion_model::outcome::InputError;
use emporion_model::simulate::JointNormal;
use emporion_model::site::distance::{Point, matrix_km};
use emporion_model::site::gains::{Gains, Reach, best_office, trade_without};
use emporion_model::site::instance::{Instance, SiteState};
use emporion_model::site::p_median::{Options, Proof, Solution, solve};
use emporion_model::site::robust::{Plan as DrawnPlan, Question, Robust, normal_draws, robust};
use emporion_model::site::ruled;
use emporion_model::site::rules::{RuleError, Rules};
use emporion_tables::problem::nearest;
use emporion_tables::sum::{SumOptions, sum_by};
use emporion_tables::{Case, Problem, Report, Table};

use super::site_rules::said;

/// Up to so many places all distances are held; beyond, they are computed when needed.
const MATRIX: usize = 2_000;

/// Places that are served and places that can serve, by name and position.
#[derive(Debug, Clone)]
pub struct Siting {
    /// Ids of the sites.
    pub sites: Vec<String>,
    /// Ids of the customers.
    pub customers: Vec<String>,
    /// Latitude and longitude of each site's seat, degrees.
    pub points: Vec<(f64, f64)>,
    /// Costs, weights and kept sites.
    pub instance: Instance,
    /// What was left out and why.
    pub left_out: Vec<String>,
}

/// The plan with the given number of centres beside the kept ones.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The search's answer.
    pub solution: Solution,
    /// Positions of the sites that are new.
    pub added: Vec<usize>,
    /// Objective with the kept sites alone; none without kept sites.
    pub before: Option<f64>,
}

/// A p-median with or without rules, as a brief tells it.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Positions of the open sites.
    pub open: Vec<usize>,
    /// The site that serves each customer.
    pub assignment: Vec<usize>,
    /// Weight × cost.
    pub objective: f64,
    /// No plan costs less.
    pub bound: f64,
    /// What is proven of it, as a sentence.
    pub verdict: String,
}

/// Centres among the seats of places, near the people who use them.
///
/// Customers and sites are the places of a kind below a parent; the cost is the great circle
/// between seats in km; the weight is a column of `places`, or one each.
///
/// # Errors
///
/// For a case without places, unknown ids, a weight column that does not exist, and when no place
/// has a seat.
pub fn seats(
    case: &Case,
    kind: &str,
    parent: Option<&str>,
    weight: Option<&str>,
    keep: &[String],
) -> Result<Siting, Report> {
    let places = case
        .places()
        .ok_or_else(|| problem("places", "a case with a table of places", "add places.csv"))?;
    if let Some(column) = weight
        && places.column(column).is_none()
    {
        return Err(problem(
            places.path(),
            &format!("a column {column:?}"),
            "name a number column of places, or leave the weight out to count each place once",
        ));
    }
    let (mut sites, mut points, mut weights, mut left_out) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in 0..places.rows() {
        if places.text("kind", row) != Some(kind)
            || parent.is_some_and(|parent| places.text("parent", row) != Some(parent))
        {
            continue;
        }
        let id = places.text("id", row).unwrap_or_default().to_owned();
        let seat = places.number("seat_lat", row).zip(places.number("seat_lon", row));
        let demand = weight.map_or(Some(1.0), |column| places.number(column, row));
        match (seat, demand) {
            (Some(_), Some(demand)) if demand < 0.0 => {
                let expected = format!("a weight of 0 or more for {id}, not {demand}");
                return Err(problem(places.path(), &expected, "mend it or name another column"));
            }
            (Some(seat), Some(demand)) => {
                Point::new(seat.0, seat.1)
                    .map_err(|error| off_the_globe(places, row, &id, &error))?;
                sites.push(id);
                points.push(seat);
                weights.push(demand);
            }
            (None, _) => left_out.push(format!("{id} (no seat in places)")),
            (_, None) => left_out.push(format!("{id} (no {})", weight.unwrap_or_default())),
        }
    }
    let kept: Vec<usize> = keep
        .iter()
        .map(|id| {
            sites.iter().position(|site| site == id).ok_or_else(|| {
                problem(
                    places.path(),
                    &format!("a seat for {id:?}, which is to be kept"),
                    "mend the id or add its seat",
                )
            })
        })
        .collect::<Result<_, _>>()?;
    let at = as_points(&points).map_err(|error| refused(places.path(), &error))?;
    let instance = if at.len() <= MATRIX {
        Instance::new(at.len(), at.len(), matrix_km(&at, &at))
    } else {
        Instance::on_globe(&at, &at)
    };
    let instance = instance
        .and_then(|instance| instance.weighted(weights))
        .and_then(|instance| instance.keep(&kept))
        .map_err(|error| refused(places.path(), &error))?;
    Ok(Siting { customers: sites.clone(), sites, points, instance, left_out })
}

/// An exporter's markets and what offices in their capitals would add.
#[derive(Debug, Clone)]
pub struct Offices {
    /// Markets and capitals; the cost of a pair is the gain forgone.
    pub siting: Siting,
    /// Gain of each market from an office in each capital, in the unit of the flows.
    pub gains: Gains,
    /// Sales to each market as they are.
    pub sales: Vec<f64>,
    /// Great circles in km, markets × capitals.
    pub distances: Vec<f64>,
    /// Positions of the offices that exist.
    pub kept: Vec<usize>,
    /// What these add to the sales as they are.
    pub kept_gain: f64,
}

/// What an office does to sales.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Log points of sales at its door.
    pub beta: f64,
    /// Standard error of `beta`; 0 where it is taken as known.
    pub beta_se: f64,
    /// Kilometres after which the effect is down by a factor e.
    pub reach: f64,
    /// Standard error of `reach`; 0 where it is taken as known.
    pub reach_se: f64,
}

/// Offices among the capitals of an exporter's markets.
///
/// An office in j raises sales to market k by the factor exp(beta exp(-d_kj / reach)); a market counts
/// its best office only, which makes the choice a p-median. Sales are as observed with the kept
/// offices open, so that gains are beyond theirs.
///
/// # Notation
///
/// `beta` in log points, `reach` in km, distances as great circles between seats.
///
/// # Errors
///
/// As [`sum_by`] for the sales; unknown ids in `keep`; when a market has no seat it is left out and
/// listed.
pub fn offices(
    case: &Case,
    table: &Table,
    rows: &[usize],
    exporter: &str,
    effect: Effect,
    keep: &[String],
) -> Result<Offices, Report> {
    let sums = sum_by(table, rows, &["destination"], &case.hierarchy(), SumOptions::default())?;
    let (mut sites, mut points, mut sales, mut left_out) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (key, sum) in sums {
        let [market] = key.as_slice() else { continue };
        match case.seat(market) {
            Some(seat) => {
                sites.push(market.clone());
                points.push(seat);
                sales.push(sum.value);
            }
            None => left_out.push(format!("{market} (no seat in places)")),
        }
    }
    if sites.is_empty() {
        return Err(problem(
            table.path(),
            &format!("sales of {exporter:?} to places with a seat"),
            "mend the exporter's id",
        ));
    }
    let find = |id: &String| {
        sites.iter().position(|site| site == id).ok_or_else(|| {
            let expected = format!("sales of {exporter:?} to {id:?}, whose office is to be kept");
            problem(table.path(), &expected, "mend the id after keep")
        })
    };
    let kept: Vec<usize> = keep.iter().map(find).collect::<Result<_, _>>()?;
    let refuse = |error: InputError| refused(table.path(), &error);
    let at = as_points(&points).map_err(refuse)?;
    let n = sites.len();
    let (distances, fades) = (matrix_km(&at, &at), Reach::Decay { scale: effect.reach });
    let before = trade_without(&sales, &distances, n, &kept, effect.beta, fades).map_err(refuse)?;
    let gains = best_office(&before, &distances, n, effect.beta, fades).map_err(refuse)?;
    let instance = Instance::new(n, n, gains.to_costs())
        .and_then(|instance| instance.keep(&kept))
        .map_err(refuse)?;
    let siting = Siting { customers: sites.clone(), sites, points, instance, left_out };
    let kept_gain = gains.total(&kept);
    Ok(Offices { siting, gains, sales, distances, kept, kept_gain })
}

impl Offices {
    /// What a plan adds to the sales as they are, from its cost as a p-median.
    #[must_use]
    pub fn benefit(&self, cost: f64) -> f64 {
        self.gains.total_of(cost) - self.kept_gain
    }

    /// What a market gains from an office beyond the kept ones.
    #[must_use]
    pub fn gain(&self, market: usize, office: usize) -> f64 {
        let gain = |j: usize| self.gains.values[market * self.gains.sites + j];
        (gain(office) - self.kept.iter().map(|&j| gain(j)).fold(0.0, f64::max)).max(0.0)
    }

    /// The offices chosen again in `draws` draws of the effect, and the plan valued in all of them.
    ///
    /// # Errors
    ///
    /// As [`robust`], and when no draw has an answer.
    pub fn drawn(
        &self,
        effect: Effect,
        open: &[usize],
        draws: usize,
        seed: u64,
        rules: Option<&Rules>,
    ) -> Result<(Robust, DrawnPlan), Report> {
        let refuse = |error: InputError| refused("offices", &error);
        let ruled = |error: RuleError| refused("offices", &said(&error, &self.siting.sites));
        let forbidden: Vec<usize> = self.siting.instance.sites_in(SiteState::Forbidden).collect();
        let mean = vec![effect.beta, effect.reach];
        let covariance = vec![effect.beta_se.powi(2), 0.0, 0.0, effect.reach_se.powi(2)];
        let drawn = normal_draws(&JointNormal { mean, covariance }, draws, seed).map_err(refuse)?;
        let also = [open.to_vec()];
        let question = Question {
            trade: &self.sales,
            distances: &self.distances,
            sites: self.gains.sites,
            p: open.len(),
            kept: &self.kept,
            forbidden: &forbidden,
            observed_with_kept: true,
            also: &also,
            rules,
        };
        let found = robust(&question, &drawn, &Options::default()).map_err(ruled)?;
        match found.plans.iter().find(|plan| plan.open == open && found.solved > 0).cloned() {
            Some(plan) => Ok((found, plan)),
            None => Err(problem(
                "offices",
                "a draw in which an office raises sales",
                "the coefficient is below zero, or the reach not positive, in every draw",
            )),
        }
    }
}

/// Latitude and longitude as points.
///
/// # Errors
///
/// When a degree is out of range.
pub fn as_points(seats: &[(f64, f64)]) -> Result<Vec<Point>, InputError> {
    seats.iter().map(|&(latitude, longitude)| Point::new(latitude, longitude)).collect()
}

/// Coordinates out of range, with the line and the place that has them.
#[must_use]
pub fn off_the_globe(table: &Table, row: usize, id: &str, error: &InputError) -> Problem {
    let remedy = format!("mend the row: {error}");
    Problem::new("coordinates", table.path(), "latitude and longitude in degrees", remedy)
        .at(table.line(row))
        .value(id)
}

impl Siting {
    /// The best plan with `add` centres more than the kept ones.
    ///
    /// # Errors
    ///
    /// When there are not that many sites.
    pub fn plan(&self, add: usize, options: &Options) -> Result<Plan, Report> {
        let p = self.instance.sites_in(SiteState::Kept).count() + add;
        let solution =
            solve(&self.instance, p, options).map_err(|error| refused("site", &error))?;
        Ok(self.with_plan(solution))
    }

    /// The best plan with `add` centres more than the kept ones, or the best one under rules.
    ///
    /// # Errors
    ///
    /// When there are not that many sites, or no plan obeys the rules.
    pub fn choose(&self, add: usize, rules: Option<&Rules>) -> Result<Chosen, Report> {
        let Some(rules) = rules else {
            let Plan { solution, .. } = self.plan(add, &Options::default())?;
            let verdict = verdict(&solution);
            let Solution { open, assignment, objective, bound, .. } = solution;
            return Ok(Chosen { open, assignment, objective, bound, verdict });
        };
        let found = ruled::solve(&self.instance, rules, &Options::default())
            .map_err(|error| refused("site", &said(&error, &self.sites)))?;
        let proven = match found.proof {
            Proof::Certificate => {
                "multipliers and prices prove that no other plan is better.".into()
            }
            Proof::Tree => {
                "multipliers and prices at the nodes of a tree prove that no other plan is \
                            better."
                    .into()
            }
            Proof::Search => {
                "a search of every plan that the bound leaves open finds none better.".into()
            }
            _ => format!("at most {:.2} percent from the best.", 100.0 * found.gap),
        };
        let optimal = if found.gap == 0.0 { "Optimal" } else { "Not proven optimal" };
        let ruled::Plan { open, assignment, service, .. } = found.plan;
        let verdict = format!("{optimal} under the rules: {proven}");
        Ok(Chosen { open, assignment, objective: service, bound: found.bound, verdict })
    }

    /// Cost with the kept sites alone; none without any.
    #[must_use]
    pub fn kept_alone(&self) -> Option<f64> {
        let kept: Vec<usize> = self.instance.sites_in(SiteState::Kept).collect();
        let cost = |i: usize| {
            let nearest = kept.iter().map(|&j| self.instance.cost(i, j));
            self.instance.weights()[i] * nearest.fold(f64::INFINITY, f64::min)
        };
        (!kept.is_empty()).then(|| (0..self.instance.customers()).map(cost).sum())
    }

    /// The position of a site.
    ///
    /// # Errors
    ///
    /// What there is instead.
    pub fn find(&self, id: &str) -> Result<usize, String> {
        self.sites.iter().position(|site| site == id).ok_or_else(|| {
            let known = || self.sites.iter().map(String::as_str);
            match nearest(id, known()).as_slice() {
                [] => format!("the sites are {}", known().take(12).collect::<Vec<_>>().join(", ")),
                near => format!("did you mean {}?", near.join(" or ")),
            }
        })
    }

    /// A solution that is known, beside the kept sites alone.
    pub fn with_plan(&self, solution: Solution) -> Plan {
        let fresh = |site: &usize| self.instance.states()[*site] != SiteState::Kept;
        let added = solution.open.iter().copied().filter(fresh).collect();
        Plan { solution, added, before: self.kept_alone() }
    }

    /// Costs, customers × sites, row-major.
    #[must_use]
    pub fn costs(&self) -> Vec<f64> {
        (0..self.customers.len()).flat_map(|i| self.instance.row(i).into_owned()).collect()
    }

    /// Sum of the weights.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.instance.weights().iter().sum()
    }
}

/// What is proven of a plan, as a sentence.
#[must_use]
pub fn verdict(solution: &Solution) -> String {
    match solution.proof {
        Proof::Certificate => {
            "Optimal: the multipliers in the trace prove that no other plan is better.".into()
        }
        Proof::Tree => {
            "Optimal: the multipliers at the nodes of a tree prove that no other plan is better."
                .into()
        }
        Proof::Search => format!(
            "Optimal: a search of every plan that the bound leaves open finds none better; the \
             multipliers alone prove it to within {} percent.",
            emporion_plot::format_number(
                100.0 * (solution.objective - solution.certified_bound)
                    / solution.objective.max(f64::MIN_POSITIVE),
                2
            )
        ),
        _ => format!(
            "Not proven optimal: at most {:.2} percent from the best.",
            100.0 * solution.gap
        ),
    }
}

fn problem(file: &str, expected: &str, remedy: &str) -> Report {
    Problem::new("site", file, expected, remedy).into()
}

fn refused(file: &str, error: &dyn std::fmt::Display) -> Report {
    problem(file, "places that centres can be chosen among", &error.to_string())
}
