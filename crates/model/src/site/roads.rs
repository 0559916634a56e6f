//! Distances over a road graph of the user's own: shortest paths from every site.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::road_hierarchy::{Hierarchy, Order};
use crate::outcome::InputError;

/// A stretch of road between two vertices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Road {
    /// Vertex where it starts.
    pub from: usize,
    /// Vertex where it ends.
    pub to: usize,
    /// Length: km, minutes or money, not negative.
    pub length: f64,
}

/// Whether a road may be used against its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Both ways, at the same length.
    Both,
    /// From `from` to `to` only.
    OneWay,
}

/// How shortest ways are searched for. The lengths are the same but for rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Search {
    /// What takes less time by a count of the steps.
    #[default]
    Cheapest,
    /// From each site over all roads.
    EachSite,
    /// Through a contraction hierarchy: made once, then fast for each site. Without memory for one as
    /// [`Search::EachSite`].
    Hierarchy,
}

/// Why there are no distances over the roads.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RoadError {
    /// A length, or a vertex, is not allowed.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No way leads from a customer to a site.
    #[error(
        "customer {customer} (vertex {from}) has no way to site {site} (vertex {to}); add the \
         missing roads, drop the customer or the site, or give the pair a distance of your own"
    )]
    Disconnected {
        /// Position of the customer.
        customer: usize,
        /// Position of the site.
        site: usize,
        /// Vertex of the customer.
        from: usize,
        /// Vertex of the site.
        to: usize,
    },
}

/// Length of the shortest way from each customer (row) to each site (column), row-major: the costs
/// of an [`Instance`](super::Instance).
///
/// ```text
/// d_ij = min { Σ length(a) : a ∈ P,  P a path from vertex(i) to vertex(j) }
/// ```
///
/// # Notation
///
/// | symbol | argument | shape | unit |
/// | --- | --- | --- | --- |
/// | length(a) | `roads` | roads | km, minutes, money: one unit for all |
/// | vertex(i), vertex(j) | `customers`, `sites` | customers; sites | positions below `vertices` |
/// | d_ij | result | customers × sites | that of the roads |
///
/// # Assumptions
///
/// Customers and sites stand on vertices; getting from a door to a vertex is the caller's to add.
/// Of several roads between the same two vertices the shortest counts: if a later line is meant to
/// correct an earlier one, drop the earlier one first. With [`Direction::OneWay`] the way goes from
/// the customer to the site; for goods that travel the other way swap `from` and `to`.
///
/// # Errors
///
/// [`RoadError::Input`] for a vertex that does not exist or a length that is negative or not a
/// number, naming the entry; [`RoadError::Disconnected`] for the first pair without a way, site by site.
///
/// # Cost
///
/// From each different vertex of a site one search over all roads, O(sites · roads · log vertices)
/// time, or, where a count of steps says that it is faster, a contraction hierarchy: after it is made,
/// a site costs a pass over the arcs above the customers, some two for each vertex of a road network.
/// O(vertices + roads + customers · sites) memory, with a hierarchy up to 16 arcs more for each vertex
/// and road. Sites are searched from in parallel; the result does not depend on how many threads do.
///
/// # Source
///
/// Dijkstra 1959, "A note on two problems in connexion with graphs", Numerische Mathematik 1,
/// 269-271, problem 2. Dibbelt, Strasser and Wagner 2016, "Customizable contraction hierarchies", ACM
/// Journal of Experimental Algorithmics 21, 1.5.
///
/// # Example
///
/// ```
/// use emporion_model::site::roads::{Direction, Road, distances};
/// // A detour over vertex 1 is shorter than the direct road.
/// let roads = [(0, 1, 2.0), (1, 2, 3.0), (0, 2, 9.0)];
/// let roads = roads.map(|(from, to, length)| Road { from, to, length });
/// assert_eq!(distances(3, &roads, Direction::Both, &[0, 1], &[2])?, [5.0, 3.0]);
/// # Ok::<(), emporion_model::site::roads::RoadError>(())
/// ```
pub fn distances(
    vertices: usize,
    roads: &[Road],
    direction: Direction,
    customers: &[usize],
    sites: &[usize],
) -> Result<Vec<f64>, RoadError> {
    distances_by(Search::Cheapest, vertices, roads, direction, customers, sites)
}

/// As [`distances`], by a search of the caller's choice.
///
/// # Errors
///
/// As [`distances`].
pub fn distances_by(
    search: Search,
    vertices: usize,
    roads: &[Road],
    direction: Direction,
    customers: &[usize],
    sites: &[usize],
) -> Result<Vec<f64>, RoadError> {
    check(vertices, roads, customers, sites)?;
    let (from, row) = distinct(vertices, customers);
    let (to, column) = distinct(vertices, sites);
    let columns = match hierarchy(search, vertices, roads, direction, to.len()) {
        Some(hierarchy) => hierarchy.lengths(&from, &to),
        None => {
            let arriving = arriving(vertices, roads, direction);
            let search = |&to: &usize| {
                let far = shortest_to(&arriving, to);
                from.iter().map(|&from| far[from]).collect()
            };
            to.par_iter().map(search).collect()
        }
    };
    for (site, &at) in column.iter().enumerate() {
        if let Some(customer) = row.iter().position(|&row| columns[at][row].is_infinite()) {
            let (from, to) = (customers[customer], sites[site]);
            return Err(RoadError::Disconnected { customer, site, from, to });
        }
    }
    let mut lengths = Vec::with_capacity(customers.len() * sites.len());
    for row in row {
        lengths.extend(column.iter().map(|&at| columns[at][row]));
    }
    Ok(lengths)
}

/// Each vertex of a list once, and where each of the list stands among them.
fn distinct(vertices: usize, list: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut once = Vec::new();
    let mut places = vec![None; vertices];
    let place = |&vertex: &usize| {
        *places[vertex].get_or_insert_with(|| {
            once.push(vertex);
            once.len() - 1
        })
    };
    let places = list.iter().map(place).collect();
    (once, places)
}

/// The hierarchy to search through, if that is wanted and there is memory for it.
fn hierarchy(
    search: Search,
    vertices: usize,
    roads: &[Road],
    direction: Direction,
    sites: usize,
) -> Option<Hierarchy> {
    let order = match search {
        Search::EachSite => None,
        Search::Hierarchy => Order::new(vertices, roads),
        Search::Cheapest if !Order::pays(sites) => None,
        Search::Cheapest => Order::new(vertices, roads).filter(|order| order.hierarchy_pays(sites)),
    };
    Hierarchy::new(order?, roads, direction)
}

fn check(
    vertices: usize,
    roads: &[Road],
    customers: &[usize],
    sites: &[usize],
) -> Result<(), InputError> {
    for (what, list) in [("customers", customers), ("sites", sites)] {
        if list.is_empty() {
            let remedy = "give one at least".to_owned();
            return Err(InputError::Empty { what: what.to_owned(), remedy });
        }
    }
    let ends = roads.iter().flat_map(|road| [road.from, road.to]).enumerate();
    let named = ends.map(|(at, vertex)| ("road", at / 2, vertex));
    let placed = |what, list: &[usize]| {
        list.iter().enumerate().map(move |(at, &vertex)| (what, at, vertex)).collect::<Vec<_>>()
    };
    let all = named.chain(placed("customer", customers)).chain(placed("site", sites));
    for (what, at, vertex) in all {
        if vertex >= vertices {
            return Err(InputError::Setting {
                what: format!("vertex of {what} {at}"),
                expected: format!("a position below {vertices}"),
                got: vertex.to_string(),
                remedy: "positions count from 0".to_owned(),
            });
        }
    }
    match roads.iter().position(|road| !(0.0..f64::INFINITY).contains(&road.length)) {
        None => Ok(()),
        Some(index) => Err(InputError::Value {
            what: "length of roads".to_owned(),
            index,
            value: roads[index].length,
            remedy: "lengths are finite and not negative; drop a road that is closed".to_owned(),
        }),
    }
}

/// Per vertex, where a road comes from and how long it is.
fn arriving(vertices: usize, roads: &[Road], direction: Direction) -> Vec<Vec<(usize, f64)>> {
    let mut arriving = vec![Vec::new(); vertices];
    for road in roads {
        arriving[road.to].push((road.from, road.length));
        if direction == Direction::Both {
            arriving[road.from].push((road.to, road.length));
        }
    }
    arriving
}

/// Lengths are not negative, so their bits are in the order of their values.
fn key(length: f64) -> Reverse<u64> {
    // Adding zero turns -0 into 0.
    Reverse((length + 0.0).to_bits())
}

/// Length of the shortest way from each vertex to one; infinite where there is none.
fn shortest_to(arriving: &[Vec<(usize, f64)>], to: usize) -> Vec<f64> {
    let mut far = vec![f64::INFINITY; arriving.len()];
    far[to] = 0.0;
    let mut queue = BinaryHeap::from([(key(0.0), to)]);
    while let Some((Reverse(bits), vertex)) = queue.pop() {
        let done = f64::from_bits(bits);
        if done > far[vertex] {
            continue;
        }
        for &(before, length) in &arriving[vertex] {
            if done + length < far[before] {
                far[before] = done + length;
                queue.push((key(far[before]), before));
            }
        }
    }
    far
}
