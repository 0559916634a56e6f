//! What the simulation refuses, each provoked: the message names the place and the remedy.

use emporion_model::outcome::{InputError, Status};
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::{LARGEST_BETA, beta_of_cost_change};
use emporion_model::simulate::{
    OneSectorOptions, Shock, Shocks, diversion, effects, gains_from_trade, modular, one_sector,
    partial_trade,
};

fn flows(values: [f64; 9]) -> SquareFlows {
    SquareFlows::new(3, values.to_vec()).unwrap()
}

fn sound() -> SquareFlows {
    flows([90.0, 5.0, 4.0, 6.0, 40.0, 3.0, 3.0, 4.0, 20.0])
}

fn shock(origin: usize, destination: usize, beta: f64) -> Shock {
    Shock { origin, destination, beta }
}

fn refused<T: std::fmt::Debug>(result: Result<T, InputError>, words: &[&str]) {
    let message = result.expect_err("must be refused").to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[test]
fn shocks_that_mean_nothing() {
    let list = |shocks: &[Shock]| Shocks::from_list(3, shocks);
    refused(list(&[shock(0, 1, 0.1), shock(2, 2, 0.1)]), &["shock 1", "place 2", "foreign pairs"]);
    refused(
        list(&[shock(0, 1, 0.1), shock(1, 0, 0.1), shock(0, 1, 0.2)]),
        &["shock 2", "from place 0 to place 1", "shock 0 again", "once"],
    );
    refused(list(&[shock(0, 3, 0.1)]), &["shock 0", "place 3", "0 to 2"]);
    for beta in [f64::NAN, f64::INFINITY, 2.0 * LARGEST_BETA, -2.0 * LARGEST_BETA] {
        refused(list(&[shock(0, 1, beta)]), &["from place 0 to place 1", "-infinity"]);
    }
    refused(Shocks::from_matrix(3, vec![0.0; 8]), &["8 entries", "expected 9"]);
    let mut own = vec![0.0; 9];
    own[4] = -0.5;
    refused(Shocks::from_matrix(3, own), &["place 1", "itself", "-0.5"]);
    let mut missing = vec![0.0; 9];
    missing[5] = f64::NAN;
    refused(Shocks::from_matrix(3, missing), &["entry 5", "NaN"]);
}

#[test]
fn cost_changes_that_mean_nothing() {
    refused(beta_of_cost_change(-100.0, 4.0), &["-100", "closed_markets"]);
    refused(beta_of_cost_change(f64::NAN, 4.0), &["NaN"]);
    refused(beta_of_cost_change(10.0, -4.0), &["theta", "-4", "sigma - 1"]);
}

#[test]
fn flows_without_sales_or_purchases() {
    let options = OneSectorOptions::default();
    let none = Shocks::none(3);
    let no_sales = flows([90.0, 5.0, 4.0, 0.0, 0.0, 0.0, 3.0, 4.0, 20.0]);
    refused(one_sector(&no_sales, &none, &options), &["sales", "entry 1", "drop the place"]);
    refused(gains_from_trade(&no_sales, 4.0), &["sales", "entry 1"]);
    let no_purchases = flows([90.0, 5.0, 0.0, 6.0, 40.0, 0.0, 3.0, 4.0, 0.0]);
    refused(one_sector(&no_purchases, &none, &options), &["purchases", "entry 2"]);
    let nowhere = SquareFlows::new(0, vec![]).unwrap();
    refused(one_sector(&nowhere, &Shocks::none(0), &options), &["no data"]);
    // The fields are public: a table that never saw the constructor is checked again.
    let crooked = SquareFlows { n: 3, values: vec![1.0; 8] };
    refused(one_sector(&crooked, &none, &options), &["8 entries"]);
    let negative = SquareFlows { n: 1, values: vec![-1.0] };
    refused(one_sector(&negative, &Shocks::none(1), &options), &["entry 0", "-1"]);
}

#[test]
fn settings_out_of_range() {
    let none = Shocks::none(3);
    let with = |change: fn(&mut OneSectorOptions)| {
        let mut options = OneSectorOptions::default();
        change(&mut options);
        one_sector(&sound(), &none, &options)
    };
    refused(with(|o| o.elasticity = 0.0), &["theta", "positive"]);
    refused(with(|o| o.elasticity = f64::NAN), &["theta"]);
    refused(with(|o| o.supply_elasticity = -0.5), &["psi", "not negative"]);
    refused(with(|o| o.tolerance = 0.0), &["tolerance", "1e-12"]);
    refused(with(|o| o.max_iterations = 0), &["max_iterations", "100"]);
    refused(gains_from_trade(&sound(), f64::INFINITY), &["theta"]);
}

#[test]
fn sizes_that_do_not_fit() {
    let (options, four) = (OneSectorOptions::default(), Shocks::none(4));
    let words = ["places in the shocks", "4", "expected 3"];
    refused(one_sector(&sound(), &four, &options), &words);
    refused(modular(&sound(), &four, &options), &words);
    refused(effects(&sound(), &four, &options), &words);
    refused(partial_trade(&sound(), &four), &words);
}

#[test]
fn accounts_that_cannot_be_drawn_up() {
    let shocks = Shocks::from_list(3, &[shock(0, 1, f64::NEG_INFINITY)]).unwrap();
    let world = one_sector(&sound(), &shocks, &OneSectorOptions::default()).unwrap();
    assert_eq!(world.status, Status::Converged);
    refused(diversion(&world, 0, &[]), &["closed markets", "at least one"]);
    refused(diversion(&world, 0, &[1, 1]), &["place 1 twice"]);
    refused(diversion(&world, 0, &[3]), &["3", "count from 0"]);
    refused(diversion(&world, 7, &[1]), &["7"]);
    refused(diversion(&world, 0, &[0]), &["exporter"]);
    let mut unsolved = world;
    unsolved.status = Status::NoProgress;
    refused(diversion(&unsolved, 0, &[1]), &["NoProgress", "notes"]);
}

/// A step limit that comes first is a status, never a number that looks like an answer.
#[test]
fn a_step_limit_is_told() {
    let shocks = Shocks::from_list(3, &[shock(0, 1, 2.0)]).unwrap();
    let options = OneSectorOptions { max_iterations: 1, ..OneSectorOptions::default() };
    let world = one_sector(&sound(), &shocks, &options).unwrap();
    assert_eq!(world.status, Status::MaxIterations);
    assert!(world.residual > options.tolerance);
    assert!(world.notes.iter().any(|n| n.code == "not_cleared"));
}
