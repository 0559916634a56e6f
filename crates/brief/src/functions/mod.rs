//! What a brief can ask for: the functions and filters of its template.
//!
//! | file | functions |
//! | --- | --- |
//! | [`rows`] | `rows`, `count`, `total`, `totals`, `nearest`, `place`, `setting`, `members` |
//! | [`arithmetic`] | `calc`, `add`, `lowest`, `highest`, `assume`; filters `fmt`, `signed` |
//! | [`indicators`] | `record`, `concentration` |
//! | [`complexities`] | `complexity` |
//! | [`capabilities`] | `diversity`, `fitness`, `reflections`, `outlook` |
//! | [`trade`] | `intensity`, `complementarity`, `similarity`, `export_profile` |
//! | [`margins`] | `margins` |
//! | [`two_way`] | `intra_industry` |
//! | [`trade_changes`] | `decompose`, `market_share` |
//! | [`potentials`] | `potential` |
//! | [`exported`], [`having`], [`brought`] | the rows, M and numbers that the indicators of this family share |
//! | [`advantages`] | `rca` |
//! | [`related`] | `proximity`, `relatedness` |
//! | [`crossed`] | `cross_proximity` |
//! | [`baskets`] | `entry_exit`, `prody` |
//! | [`in_time`] | `longest_run`, `contributions`, `shares_by_year`, `rank_changes` |
//! | [`priced`] | `constant_prices` |
//! | [`estimates`] | `estimate` |
//! | [`models`] | `regression_table`, `coefficient_plot`, `event_study`, `fitted_observed` |
//! | [`counterfactuals`], [`drawn`] | `simulate` |
//! | [`diverted`] | `ex_post` |
//! | [`sites`], [`site_problems`], `site_rules` | `site`, `site_curve` |
//! | [`offices`] | `offices`, `offices_curve` |
//! | [`charts`] | `bar`, `dumbbell`, `line`, `scatter` |
//! | [`beside`] | `beside` |
//! | [`blocks`] | `ranking`, `stacked`, `treemap` |
//! | [`spaces`] | `product_space`, `network` |
//! | [`maps`] | `choropleth`, `flow_map` |

pub mod advantages;
pub mod arithmetic;
pub mod baskets;
pub mod beside;
pub mod blocks;
pub mod brought;
pub mod capabilities;
pub mod charts;
pub mod complexities;
pub mod counterfactuals;
pub mod crossed;
pub mod diverted;
pub mod drawn;
pub mod estimates;
pub mod exported;
pub mod flows;
pub mod having;
pub mod in_time;
pub mod indicators;
pub mod maps;
pub mod margins;
pub mod models;
pub mod offices;
pub mod potentials;
pub mod priced;
pub mod related;
pub mod rows;
pub mod site_problems;
mod site_rules;
pub mod sites;
pub mod spaces;
pub mod trade;
pub mod trade_changes;
pub mod two_way;

use std::sync::Arc;

use minijinja::Environment;

use crate::book::Book;

/// Gives a template every function and filter.
pub fn register(env: &mut Environment<'_>, book: &Arc<Book>) {
    rows::register(env, book);
    arithmetic::register(env, book);
    indicators::register(env, book);
    complexities::register(env, book);
    capabilities::register(env, book);
    trade::register(env, book);
    margins::register(env, book);
    trade_changes::register(env, book);
    two_way::register(env, book);
    potentials::register(env, book);
    advantages::register(env, book);
    related::register(env, book);
    crossed::register(env, book);
    baskets::register(env, book);
    in_time::register(env, book);
    priced::register(env, book);
    estimates::register(env, book);
    models::register(env, book);
    counterfactuals::register(env, book);
    diverted::register(env, book);
    sites::register(env, book);
    offices::register(env, book);
    charts::register(env, book);
    beside::register(env, book);
    blocks::register(env, book);
    spaces::register(env, book);
    maps::register(env, book);
}
