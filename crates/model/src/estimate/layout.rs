//! Which effect is eliminated exactly, and which of the others can be factored in small blocks.
//!
//! Effects such as origin-year and destination-year fall into components that share no level: one
//! per year. Within a component of N + N levels the joint equations of two effects are a dense
//! N × N system. The components are found from the ids alone, by union and find, whatever the
//! effects are called.
//!
//! # Cost
//!
//! One pass over the rows for each pair of effects looked at; the first good pair ends the search.

use super::design::Factor;
use super::options::Road;
use super::thin_system::SMALL;
use crate::disjoint_sets::DisjointSets;

/// A column's pass over the rows and a dense solve, in seconds per row and per multiplication: orders
/// of magnitude on a machine of 2024, which only weigh the roads against each other.
const SECONDS_PER_ROW: f64 = 1e-8;
const SECONDS_PER_FACTOR_OPERATION: f64 = 2e-10;
const SECONDS_PER_SOLVE_OPERATION: f64 = 5e-10;
/// Conjugate-gradient steps of a whole fit by preconditioner, as met on gravity data.
const STEPS_EXACT: f64 = 12.0;
const STEPS_PAIR: f64 = 40.0;
const STEPS_DIAGONAL: f64 = 250.0;
/// Factorisations of a whole fit.
const FACTORISATIONS: f64 = 4.0;
/// Columns solved together, as in a model with three regressors.
const COLUMNS: f64 = 4.0;
/// Dense cells per row up to which the dense road is open: a fill of an eighth.
const CELLS_PER_ROW: f64 = 8.0;
/// Dense cells that are always affordable.
const CELLS_FREE: f64 = 1e6;
/// Dense cells that are never allocated, 8 GB.
const CELLS_MOST: f64 = 1e9;

/// Levels of two sides that are connected among themselves and to nothing else.
#[derive(Debug, Clone, Default)]
pub(super) struct Component {
    /// Levels of the first side.
    pub a: Vec<u32>,
    /// Levels of the second side, in the joint numbering of its effects.
    pub b: Vec<u32>,
}

/// The effects solved together in blocks.
#[derive(Debug, Clone)]
pub(super) struct BlockPlan {
    /// The side eliminated within a block: position of its effect.
    pub a: usize,
    /// The side solved densely: positions of its effects.
    pub b: Vec<usize>,
    pub components: Vec<Component>,
}

/// How the effects of a sample are taken out.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Position of the effect whose groups are runs of rows.
    pub first: usize,
    pub blocks: Option<BlockPlan>,
    pub road: Road,
    /// Why, in a sentence.
    pub why: String,
}

struct Candidate {
    first: usize,
    plan: BlockPlan,
    seconds: f64,
    cells: f64,
}

/// Chooses the effect to eliminate and the blocks, for effects whose levels all occur.
///
/// `weight[q]` is the number of parameters per level of effect q: one, and one per slope.
pub(super) fn choose(effects: &[Factor], weight: &[usize], n: usize, road: Road) -> Layout {
    let mut order: Vec<usize> = (0..effects.len()).collect();
    order.sort_by_key(|q| std::cmp::Reverse(effects[*q].levels * weight[*q]));
    let first = order.first().copied().unwrap_or(0);
    let sparse = |why: String| Layout { first, blocks: None, road: Road::Sparse, why };
    if effects.len() < 2 {
        let why = "a single effect is taken out exactly, in one pass";
        return Layout { road: Road::Dense, ..sparse(why.into()) };
    }
    if road == Road::Sparse {
        return sparse("asked for".into());
    }
    let rows = n as f64;
    let diagonal = STEPS_DIAGONAL * rows * SECONDS_PER_ROW;
    let mut best: Option<Candidate> = None;
    // With more than three effects, only the two largest are worth eliminating by runs.
    'search: for &e in order.iter().take(if effects.len() == 3 { 3 } else { 2 }) {
        let others: Vec<usize> = (0..effects.len()).filter(|q| *q != e).collect();
        let mut pairs = vec![(e, others.clone())];
        for (i, &a) in others.iter().enumerate() {
            pairs.extend(others[i + 1..].iter().map(|b| (a, vec![*b])));
        }
        for (a, b) in pairs {
            let exact = a == e;
            let Some((plan, cost)) = components(effects, a, &b, exact, rows) else { continue };
            // A few years beside workers and firms: what is hard is the link that is left over, and
            // the sparse road takes out so small an effect too.
            let few = effects[a].levels.min(effects[b[0]].levels) <= SMALL;
            if !exact && few && plan.components.len() == 1 && road == Road::Auto {
                continue;
            }
            let steps = if exact { STEPS_EXACT } else { STEPS_PAIR };
            let seconds = FACTORISATIONS * cost.factor * SECONDS_PER_FACTOR_OPERATION
                + steps
                    * (rows * SECONDS_PER_ROW + COLUMNS * cost.solve * SECONDS_PER_SOLVE_OPERATION);
            let affordable = cost.cells <= (CELLS_PER_ROW * rows).max(CELLS_FREE);
            let open = cost.cells <= CELLS_MOST && (affordable || road == Road::Dense);
            if open && best.as_ref().is_none_or(|c| seconds < c.seconds) {
                best = Some(Candidate { first: e, plan, seconds, cells: cost.cells });
            }
            if best.as_ref().is_some_and(|c| c.seconds < 0.5 * diagonal) && !exact {
                break 'search;
            }
        }
    }
    match best {
        Some(c) if road == Road::Dense || c.seconds < diagonal => {
            let name = |q: usize| format!("`{}`", effects[q].name);
            let mut sides = if c.plan.a == c.first { Vec::new() } else { vec![name(c.plan.a)] };
            sides.extend(c.plan.b.iter().map(|q| name(*q)));
            let parts = c.plan.components.len();
            let size = c.plan.components.iter().map(|p| p.b.len()).max().unwrap_or(0);
            let why = format!(
                "{} factored exactly in {parts} block{} of at most {size} equations ({:.0}% of \
                 their cells in use), {} eliminated",
                sides.join(" and "),
                if parts == 1 { "" } else { "s" },
                100.0 * (rows / c.cells).min(1.0),
                name(c.first),
            );
            Layout { first: c.first, blocks: Some(c.plan), road: Road::Dense, why }
        }
        _ => sparse("no two effects fall into blocks that are small and well filled".into()),
    }
}

struct Cost {
    factor: f64,
    solve: f64,
    cells: f64,
}

/// The components of effect `a` with effects `b`; `None` if they are hopelessly large.
fn components(
    effects: &[Factor],
    a: usize,
    b: &[usize],
    exact: bool,
    rows: f64,
) -> Option<(BlockPlan, Cost)> {
    let (mut a, mut b) = (a, b.to_vec());
    let most = CELLS_MOST.max(rows);
    if b.len() > 1 {
        // Jointly with all others everything is connected: one block, if it is small.
        let nb: usize = b.iter().map(|q| effects[*q].levels).sum();
        if (nb * (nb + effects[a].levels)) as f64 > most.min((CELLS_PER_ROW * rows).max(CELLS_FREE))
        {
            return None;
        }
        // Effects nested alike, as origin-year and destination-year in years, can be shifted within
        // each part; a joint block is of full rank only up to one shift of each effect.
        let together: Vec<usize> = std::iter::once(a).chain(b.iter().copied()).collect();
        let apart = |p: &usize, q: &usize| connect(&effects[*p], &effects[*q]).2 > 1;
        if (1..together.len()).any(|i| together[..i].iter().any(|p| apart(p, &together[i]))) {
            return None;
        }
        let component =
            Component { a: (0..effects[a].levels as u32).collect(), b: (0..nb as u32).collect() };
        let cost = cost(&[(effects[a].levels, nb)], exact);
        return Some((BlockPlan { a, b, components: vec![component] }, cost));
    }
    let (mut home_a, mut home_b, parts) = connect(&effects[a], &effects[b[0]]);
    let mut sizes = vec![(0usize, 0usize); parts];
    home_a.iter().for_each(|c| sizes[*c as usize].0 += 1);
    home_b.iter().for_each(|c| sizes[*c as usize].1 += 1);
    // The smaller side is the one solved densely; the eliminated effect cannot be.
    let dense = |side: &dyn Fn(&(usize, usize)) -> usize| -> f64 {
        sizes.iter().map(|s| (side(s) as f64).powi(3)).sum()
    };
    if !exact && dense(&|s| s.0) < dense(&|s| s.1) {
        std::mem::swap(&mut a, &mut b[0]);
        std::mem::swap(&mut home_a, &mut home_b);
        sizes.iter_mut().for_each(|s| *s = (s.1, s.0));
    }
    let cost = cost(&sizes, exact);
    if cost.cells > most {
        return None;
    }
    let mut components = vec![Component::default(); parts];
    home_a.iter().enumerate().for_each(|(l, c)| components[*c as usize].a.push(l as u32));
    home_b.iter().enumerate().for_each(|(l, c)| components[*c as usize].b.push(l as u32));
    Some((BlockPlan { a, b, components }, cost))
}

fn cost(sizes: &[(usize, usize)], exact: bool) -> Cost {
    let mut total = Cost { factor: 0.0, solve: 0.0, cells: 0.0 };
    for (na, nb) in sizes {
        let (na, nb) = (*na as f64, *nb as f64);
        total.factor += na * nb * nb + nb * nb * nb / 3.0;
        total.solve += nb * nb + if exact { 0.0 } else { 2.0 * na * nb };
        total.cells += na * nb + 0.5 * nb * nb;
    }
    total
}

/// Component of each level of two factors, numbered by first occurrence, and their number.
pub(super) fn connect(a: &Factor, b: &Factor) -> (Vec<u32>, Vec<u32>, usize) {
    let mut sets = DisjointSets::new(a.levels + b.levels);
    for (i, j) in std::iter::zip(&a.ids, &b.ids) {
        sets.join(*i as usize, a.levels + *j as usize);
    }
    let (homes, parts) = sets.numbered();
    let (of_a, of_b) = homes.split_at(a.levels);
    (of_a.to_vec(), of_b.to_vec(), parts)
}

#[cfg(test)]
mod tests {
    use super::super::design::factor;
    use super::*;

    /// Three years of a square of places: origin-year, destination-year, pair.
    fn gravity(places: u32, years: u32) -> Vec<Factor> {
        let (mut o, mut d, mut p) = (Vec::new(), Vec::new(), Vec::new());
        for t in 0..years {
            for i in 0..places {
                for j in 0..places {
                    o.push(t * places + i);
                    d.push(t * places + j);
                    p.push(i * places + j);
                }
            }
        }
        vec![factor(&o), factor(&d), factor(&p)]
    }

    #[test]
    fn years_are_found_from_the_ids() {
        let effects = gravity(30, 10);
        let layout = choose(&effects, &[1; 3], effects[0].ids.len(), Road::Auto);
        assert_eq!((layout.first, layout.road), (2, Road::Dense), "{}", layout.why);
        let plan = layout.blocks.unwrap();
        assert_eq!(plan.components.len(), 10);
        assert!(plan.components.iter().all(|c| c.a.len() == 30 && c.b.len() == 30));
    }

    #[test]
    fn a_thin_graph_goes_the_sparse_road() {
        let workers: Vec<u32> = (0..60_000).map(|i| i / 3).collect();
        let firms: Vec<u32> = (0..60_000u32).map(|i| (i / 3 + i % 3) % 9_000).collect();
        let effects = [factor(&workers), factor(&firms)];
        let layout = choose(&effects, &[1; 2], workers.len(), Road::Auto);
        assert_eq!((layout.first, layout.road), (0, Road::Sparse), "{}", layout.why);
        assert_eq!(choose(&effects, &[1; 2], workers.len(), Road::Dense).road, Road::Dense);
        // Years are a small block, but what makes the graph long is between workers and firms.
        let years: Vec<u32> = (0..60_000).map(|i| i % 3).collect();
        let effects = [factor(&workers), factor(&firms), factor(&years)];
        let layout = choose(&effects, &[1; 3], workers.len(), Road::Auto);
        assert_eq!((layout.first, layout.road), (0, Road::Sparse), "{}", layout.why);
    }

    #[test]
    fn effects_nested_in_years_are_not_solved_as_one_block() {
        // Few places and many products: a joint block would be cheap, and singular in each year.
        let once = gravity(7, 3);
        let effects: Vec<Factor> = once.iter().map(|f| factor(&f.ids.repeat(50))).collect();
        let layout = choose(&effects, &[1; 3], effects[0].ids.len(), Road::Auto);
        assert_eq!(layout.blocks.unwrap().components.len(), 3, "{}", layout.why);
    }

    #[test]
    fn small_effects_are_solved_together() {
        let n = 20_000;
        let effects =
            [7u32, 11, 13, 5].map(|m| factor(&(0..n).map(|i| i * i % m).collect::<Vec<_>>()));
        let compact = effects.map(|f| {
            let mut seen: Vec<u32> = f.ids.clone();
            seen.sort_unstable();
            seen.dedup();
            factor(&f.ids.iter().map(|i| seen.binary_search(i).unwrap() as u32).collect::<Vec<_>>())
        });
        let layout = choose(&compact, &[1; 4], n as usize, Road::Auto);
        assert_eq!(layout.blocks.unwrap().b.len(), 3);
    }
}
