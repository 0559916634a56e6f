//! Who is still connected to whom, and whose imbalance nobody can finance.
//!
//! A closed market may cut the world into blocs that no longer trade with each other. Wages of one
//! bloc in terms of another then mean nothing, so each bloc keeps its own numeraire. A bloc must
//! also balance by itself, and a group of places that only sells to the rest must have a surplus:
//! these are facts about the graph of remaining flows, known before any iteration.

/// The graph of foreign flows that remain after the shock.
pub(crate) struct Blocs {
    /// Bloc of each place (connected in any direction), numbered by smallest member.
    pub of: Vec<usize>,
    /// Number of blocs.
    pub count: usize,
    /// Groups within which every place sells to every other, perhaps over third places.
    groups: Vec<Group>,
}

struct Group {
    members: Vec<usize>,
    sells_outside: bool,
    buys_outside: bool,
}

impl Blocs {
    /// From "i sells to j"; the diagonal is ignored. O(N²) time per bloc and group.
    pub fn new(n: usize, sells: impl Fn(usize, usize) -> bool) -> Self {
        let mut of = vec![usize::MAX; n];
        let mut count = 0;
        for start in 0..n {
            if of[start] == usize::MAX {
                let reached = reach(n, start, |a, b| sells(a, b) || sells(b, a));
                for k in (0..n).filter(|&k| reached[k]) {
                    of[k] = count;
                }
                count += 1;
            }
        }
        let mut groups = Vec::new();
        let mut done = vec![false; n];
        for start in 0..n {
            if done[start] {
                continue;
            }
            let down = reach(n, start, &sells);
            let up = reach(n, start, |a, b| sells(b, a));
            let inside: Vec<bool> = (0..n).map(|k| down[k] && up[k]).collect();
            let crosses = |out: bool| {
                (0..n).any(|a| {
                    inside[a]
                        && (0..n).any(|b| !inside[b] && if out { sells(a, b) } else { sells(b, a) })
                })
            };
            let members: Vec<usize> = (0..n).filter(|&k| inside[k]).collect();
            for &k in &members {
                done[k] = true;
            }
            groups.push(Group {
                members,
                sells_outside: crosses(true),
                buys_outside: crosses(false),
            });
        }
        Self { of, count, groups }
    }

    /// The members of a bloc.
    pub fn members(&self, bloc: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.of.len()).filter(move |&k| self.of[k] == bloc)
    }

    /// The first group whose fixed imbalance contradicts the remaining flows, as the place with the
    /// largest imbalance in it; `None` when there is no such group.
    ///
    /// A group that neither sells nor buys outside needs a zero imbalance, one that only sells a
    /// surplus, one that only buys a deficit.
    pub fn unfinanced(&self, deficit: &[f64], negligible: &[f64]) -> Option<usize> {
        self.groups.iter().find_map(|group| {
            let total: f64 = group.members.iter().map(|&k| deficit[k]).sum();
            let small: f64 = group.members.iter().map(|&k| negligible[k]).sum();
            let possible = match (group.sells_outside, group.buys_outside) {
                (true, true) => true,
                (true, false) => total < -small,
                (false, true) => total > small,
                (false, false) => total.abs() <= small,
            };
            if possible {
                return None;
            }
            group
                .members
                .iter()
                .copied()
                .max_by(|&a, &b| deficit[a].abs().total_cmp(&deficit[b].abs()).then(b.cmp(&a)))
        })
    }
}

fn reach(n: usize, start: usize, edge: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    let mut seen = vec![false; n];
    seen[start] = true;
    let mut stack = vec![start];
    while let Some(a) = stack.pop() {
        for b in 0..n {
            if !seen[b] && b != a && edge(a, b) {
                seen[b] = true;
                stack.push(b);
            }
        }
    }
    seen
}
