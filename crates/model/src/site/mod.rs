//! Where to put the next p centres, with a proof of how good the answer is.
//!
//! | you want to | read |
//! | --- | --- |
//! | state costs, demand, existing and forbidden sites | [`Instance`] |
//! | choose p sites at least total cost | [`p_median`] |
//! | keep the farthest customer near | [`p_center`] |
//! | reach everybody, or most demand, within a radius | [`covering`] |
//! | weigh opening costs against service, with or without capacities | [`facility`] |
//! | let anyone re-check the bound | [`certificate`], [`refutation`], [`facility_check`], [`rejection`] |
//! | distances between coordinates, regions, on roads | [`distance`], [`regions`], [`roads`] |
//! | gains in trade instead of distances | [`gains`] |
//! | win demand from rivals and from staying away | [`capture`], [`market`] |
//! | how far a choice depends on what the estimate leaves open | [`robust`] |
//! | the curve of cost against p, and plans that grow | [`elbow`] |
//! | what each single choice is worth | [`sensitivity`] |
//! | quotas of groups, "not both", opening costs, a budget | [`rules`], [`ruled`] |
//! | rules where everybody is to be near, or reached | [`ruled_center`], [`ruled_covering`] |
//! | the few best plans instead of one | [`ranking`], under rules [`k_best`], of any problem [`plans`] |
//! | how unequally a plan serves | [`spread`] |
//!
//! How an answer is found, in order: `fixed` turns costs into whole numbers, so that the search
//! makes no rounding errors; `local_search` finds a plan by swaps, `starts` many and better ones,
//! `recombine` the best of the parts of two;
//! `lagrangian` raises a lower bound until it meets the plan; `relaxation` (with `normal_matrix`)
//! raises it to the relaxation's value on few sites, and `pricing` on all; `branch` closes what is
//! left, with `pseudo_costs` to say where and `dive` for plans on the way; `certificate` and
//! `proof_tree` repeat the bound in arithmetic of their own. Places too many for a matrix come as
//! `points`.
//!
//! p-centre and covering share `set_cover`, a tree in sets and whole numbers that writes down why
//! there is nothing better ([`refutation`]). Facility location has a tree of its own
//! (`facility_tree`) over a bound (`facility_bound`) and an exact transportation problem
//! (`transport`), and writes down the multipliers of every leaf ([`facility_check`]). Not offered:
//! capacities where each customer must be served from one site only.
//!
//! Rules are held against an instance in `rule_system`, which also decides what they leave no choice
//! about; `ruled_plan` swaps within them, `ruled_bound` prices them, `ruled_tree` closes the rest, and
//! [`ruled_check`] proves it again. `rule_bound` prices rules where sites have values of their own:
//! for facility location and capture, whose trees decide sites with the rules.
//!
//! [`plans`] asks any problem several times: each is a `Kernel` that finds the best plan in a part of
//! all plans (`kernel_median`, `kernel_cover`, `kernel_reach`, `kernel_facility`, `kernel_capture`), and `plans_rank`
//! divides the parts.

mod bits;
mod branch;
pub mod capture;
mod capture_bound;
mod capture_ruled;
mod capture_tree;
pub mod certificate;
mod cover_bound;
pub mod covering;
pub mod distance;
mod dive;
mod down;
pub mod elbow;
pub mod facility;
mod facility_bound;
pub mod facility_check;
mod facility_ruled;
mod facility_tree;
mod fixed;
pub mod gains;
mod incumbent;
pub mod instance;
pub mod k_best;
mod kernel_capture;
mod kernel_cover;
mod kernel_facility;
mod kernel_median;
mod kernel_reach;
mod lagrangian;
mod local_search;
pub mod market;
mod max_covering;
mod normal_matrix;
pub mod p_center;
pub mod p_median;
pub mod plans;
mod plans_rank;
mod points;
mod pricing;
mod proof_tree;
mod pseudo_costs;
pub mod ranking;
mod recombine;
pub mod refutation;
pub mod regions;
pub mod rejection;
mod relaxation;
mod road_hierarchy;
pub mod roads;
pub mod robust;
mod rule_bound;
mod rule_system;
pub mod ruled;
mod ruled_bound;
pub mod ruled_center;
pub mod ruled_check;
pub mod ruled_covering;
mod ruled_plan;
mod ruled_tree;
pub mod rules;
pub mod sensitivity;
mod set_cover;
pub mod spread;
mod starts;
mod transport;

pub use instance::{Instance, SiteState};
