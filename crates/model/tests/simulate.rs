//! One-sector counterfactuals: closed forms, two roads, properties of every equilibrium, worlds
//! that fall apart.

use emporion_model::outcome::{Note, Status};
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::{agreement, closed_markets};
use emporion_model::simulate::{
    Equilibrium, Imbalances, OneSectorOptions, Shock, Shocks, diversion, effects, gains_from_trade,
    modular, one_sector, partial_trade,
};
use proptest::prelude::*;

#[path = "../examples/one_sector_one_page.rs"]
mod one_page;

/// Closed forms and identities: rounding of logs and powers.
const ROUNDING: f64 = 1e-13;
/// Identities in worlds drawn at random, whose hats may be far from one.
const IDENTITY: f64 = 1e-12;
/// The fixed point stops at 1e-15 of a wage, or when rounding of its own-trade form lets it go no
/// further; a step shrinks by about 0.9, so ten times that and the condition are left.
const FIXED_POINT: f64 = 1e-11;

const ALL: [Imbalances; 3] =
    [Imbalances::Additive, Imbalances::Multiplicative, Imbalances::RemovedFirst];

fn options(theta: f64, imbalances: Imbalances) -> OneSectorOptions {
    OneSectorOptions { elasticity: theta, imbalances, ..OneSectorOptions::default() }
}

fn square(n: usize, cell: impl Fn(usize, usize) -> f64) -> SquareFlows {
    SquareFlows::new(n, (0..n * n).map(|c| cell(c / n, c % n)).collect()).unwrap()
}

fn shocks(n: usize, list: &[Shock]) -> Shocks {
    Shocks::from_list(n, list).unwrap()
}

fn close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (k, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= tolerance, "{what}, entry {k}: {g} instead of {w}");
    }
}

fn note<'a>(notes: &'a [Note], code: &str) -> &'a Note {
    notes.iter().find(|n| n.code == code).unwrap_or_else(|| panic!("no note {code} in {notes:?}"))
}

/// Three unequal places with deficits.
fn small() -> SquareFlows {
    SquareFlows::new(3, vec![900.0, 80.0, 40.0, 60.0, 400.0, 30.0, 30.0, 40.0, 200.0]).unwrap()
}

/// A world of n places of very different size, about `zeros` of the foreign flows missing.
fn drawn(n: usize, seed: u64, zeros: f64) -> SquareFlows {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let size: Vec<f64> = (0..n).map(|_| (4.0 * next()).exp()).collect();
    let cells: Vec<f64> = (0..n * n)
        .map(|c| {
            let (i, j) = (c / n, c % n);
            let (kept, level) = (next() >= zeros, next());
            match i == j {
                true => 10.0 * size[i] * size[i],
                // A ring of trade keeps the world in one piece.
                false if kept || j == (i + 1) % n => size[i] * size[j] * (0.1 + level),
                false => 0.0,
            }
        })
        .collect();
    SquareFlows::new(n, cells).unwrap()
}

fn total(m: &[f64]) -> f64 {
    m.iter().sum()
}

// --- known by hand ---------------------------------------------------------------------------

/// n equal places: wages stay, and the price index is the closed form (phi_hat = 1/2).
#[test]
fn equal_places_have_a_closed_form() {
    for (n, foreign, theta, own_share, price) in [
        (2, 0.19753086419753, 4.0, [0.83505154639175, 0.91011235955056], 1.0217518480721),
        (10, 0.015625, 6.0, [0.87671232876712, 0.93430656934307], 1.0106607073233),
        (50, 0.0041152263374486, 5.0, [0.83219178082192, 0.90841121495327], 1.0176813436648),
    ] {
        let flows = square(n, |i, j| if i == j { 1.0 } else { foreign });
        let everybody: Vec<usize> = (0..n).collect();
        let list = agreement(&everybody, &everybody, 0.5_f64.ln(), 1.0);
        let world = one_sector(&flows, &shocks(n, &list), &options(theta, ALL[0])).unwrap();
        assert_eq!(world.status, Status::Converged);
        for j in 0..n {
            close("wage", &[world.wage_hat[j]], &[1.0], ROUNDING);
            close("price", &[world.price_index_hat[j]], &[price], ROUNDING);
            close("welfare", &[world.welfare_hat[j]], &[1.0 / price], ROUNDING);
            let before = flows.get(j, j) / (1.0 + (n - 1) as f64 * foreign);
            let after = world.trade[j * n + j] / world.expenditure[j];
            close("own shares", &[before, after], &own_share, ROUNDING);
        }
    }
}

#[test]
fn nothing_changes_without_a_shock() {
    for flows in [small(), drawn(20, 7, 0.3)] {
        for closure in [Imbalances::Additive, Imbalances::Multiplicative] {
            let world = one_sector(&flows, &Shocks::none(flows.n), &options(4.0, closure)).unwrap();
            assert_eq!(world.status, Status::Converged);
            for hats in [
                &world.wage_hat,
                &world.price_index_hat,
                &world.welfare_hat,
                &world.output_hat,
                &world.expenditure_hat,
                &world.exports_hat,
                &world.imports_hat,
                &world.outward_resistance_hat,
            ] {
                close("hat", hats, &vec![1.0; flows.n], 1e-14);
            }
        }
    }
}

#[test]
fn autarky_costs_the_gains_from_trade() {
    let flows = square(4, |i, j| if i == j { 50.0 } else { (1 + (i + j) % 3) as f64 });
    let everybody: Vec<usize> = (0..4).collect();
    let closed = agreement(&everybody, &everybody, f64::NEG_INFINITY, 1.0);
    let world = one_sector(&flows, &shocks(4, &closed), &options(5.0, ALL[0])).unwrap();
    assert_eq!(world.status, Status::Converged);
    let gains = gains_from_trade(&flows, 5.0).unwrap().gains;
    let kept: Vec<f64> = gains.iter().map(|g| 1.0 - g).collect();
    close("welfare", &world.welfare_hat, &kept, ROUNDING);
    assert_eq!(note(&world.notes, "separate_blocs").count, 4);
    assert_eq!(note(&world.notes, "closed_pairs").count, 12);
}

// --- two roads -------------------------------------------------------------------------------

#[test]
fn newton_equals_the_page() {
    for (flows, theta) in [(small(), 4.0), (drawn(12, 3, 0.2), 6.0), (drawn(25, 11, 0.5), 2.5)] {
        let n = flows.n;
        let list = agreement(&[0, 1], &[2], 0.8, 1.0);
        let shocks = shocks(n, &list);
        let phi: Vec<f64> = (0..n * n).map(|c| shocks.get(c / n, c % n).exp()).collect();
        let (wage, price) = one_page::counterfactual(n, &flows.values, &phi, theta);
        let world = one_sector(&flows, &shocks, &options(theta, Imbalances::Additive)).unwrap();
        assert_eq!(world.status, Status::Converged);
        close("wage", &world.wage_hat, &wage, FIXED_POINT);
        close("price", &world.price_index_hat, &price, FIXED_POINT);
    }
}

/// The modular effect by alternating scaling of rows and columns, from the partial effect.
#[test]
fn modular_equals_alternating_scaling() {
    let flows = drawn(15, 5, 0.2);
    let n = flows.n;
    let shocks = shocks(n, &agreement(&[0, 3, 4], &[1, 2], 0.7, 1.0));
    let mut trade = partial_trade(&flows, &shocks).unwrap();
    for _ in 0..5000 {
        for i in 0..n {
            let (want, have) =
                (total(&flows.values[i * n..(i + 1) * n]), total(&trade[i * n..(i + 1) * n]));
            trade[i * n..(i + 1) * n].iter_mut().for_each(|x| *x *= want / have);
        }
        for j in 0..n {
            let sum = |m: &[f64]| (0..n).map(|i| m[i * n + j]).sum::<f64>();
            let factor = sum(&flows.values) / sum(&trade);
            (0..n).for_each(|i| trade[i * n + j] *= factor);
        }
    }
    let newton = modular(&flows, &shocks, &OneSectorOptions::default()).unwrap();
    assert_eq!(newton.status, Status::Converged);
    for c in 0..n * n {
        let size = trade[c].max(f64::MIN_POSITIVE);
        close("trade", &[newton.trade[c] / size], &[trade[c] / size], FIXED_POINT);
    }
    // Without a shock there is nothing to adjust to.
    let still = modular(&flows, &Shocks::none(n), &OneSectorOptions::default()).unwrap();
    close("inward", &still.inward_resistance_hat, &vec![1.0; n], ROUNDING);
}

/// The trade change is the partial effect times the changes of totals and of both resistances.
#[test]
fn resistances_decompose_trade() {
    let (flows, theta) = (small(), 4.0);
    let all = effects(
        &flows,
        &shocks(3, &agreement(&[0], &[1], 0.5, 1.0)),
        &options(theta, Imbalances::Additive),
    )
    .unwrap();
    let world = &all.general;
    for c in 0..9 {
        let (i, j) = (c / 3, c % 3);
        let resistances =
            (world.outward_resistance_hat[i] * world.inward_resistance_hat()[j]).powf(theta);
        let want = all.partial[c] * world.output_hat[i] * world.expenditure_hat[j] * resistances;
        close("trade", &[world.trade[c] / want], &[1.0], ROUNDING);
    }
    // Each effect is wider than the one before: the partial raises the pair, totals rein it in.
    assert!(all.partial[1] > all.modular.trade[1]);
}

// --- properties ------------------------------------------------------------------------------

fn sound(world: &Equilibrium) {
    assert_eq!(world.status, Status::Converged, "{:?}", world.notes);
    assert!(world.residual <= IDENTITY, "residual {:e}", world.residual);
    assert!(world.acr_gap <= IDENTITY, "ACR gap {:e}", world.acr_gap);
    let n = world.n;
    let (y, before) = (total(&world.output), total(&world.baseline_trade));
    close("world income", &[y / before], &[1.0], IDENTITY);
    close("world spending", &[total(&world.expenditure) / before], &[1.0], IDENTITY);
    for i in 0..n {
        let row = total(&world.trade[i * n..(i + 1) * n]);
        close("market", &[row / world.output[i]], &[1.0], IDENTITY);
        let column: f64 = (0..n).map(|k| world.trade[k * n + i]).sum();
        close("budget", &[column / world.expenditure[i]], &[1.0], IDENTITY);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_equilibrium_clears(
        n in 2_usize..9, seed in 1_u64..10_000, theta in 1.5_f64..12.0, psi in 0.0_f64..3.0,
        beta in -1.0_f64..2.0, closure in 0_usize..3,
    ) {
        let flows = drawn(n, seed, 0.3);
        let list = agreement(&[0], &[n - 1], beta, 1.0);
        let options = OneSectorOptions { supply_elasticity: psi, ..options(theta, ALL[closure]) };
        sound(&one_sector(&flows, &shocks(n, &list), &options).unwrap());
    }

    #[test]
    fn closing_a_market_clears_too(
        n in 4_usize..9, seed in 1_u64..10_000, theta in 1.5_f64..12.0, closure in 1_usize..3,
    ) {
        let flows = drawn(n, seed, 0.0);
        let list = closed_markets(1, &[0, 2], true);
        let world = one_sector(&flows, &shocks(n, &list), &options(theta, ALL[closure])).unwrap();
        sound(&world);
        prop_assert_eq!(world.trade[n], 0.0);
        let account = diversion(&world, 1, &[0, 2]).unwrap();
        let split = account.redirected_abroad + account.turned_home - account.income_change;
        prop_assert!((split / account.lost - 1.0).abs() <= 1e-10);
        prop_assert!((total(&account.quantity_shares) - 1.0).abs() <= 1e-10);
        for fill in &account.fill {
            let change: f64 = world.expenditure[fill.market]
                - (0..n).map(|i| world.baseline_trade[i * n + fill.market]).sum::<f64>();
            prop_assert!((total(&fill.shares) - 1.0 - change / fill.lost).abs() <= 1e-10);
        }
    }

    #[test]
    fn names_and_units_do_not_matter(
        seed in 1_u64..10_000, theta in 2.0_f64..9.0, scale in 1e-6_f64..1e9, turn in 1_usize..6,
        closure in 0_usize..3,
    ) {
        let n = 7;
        let flows = drawn(n, seed, 0.2);
        let list = agreement(&[0, 1], &[2, 3], 0.6, 1.0);
        let options = options(theta, ALL[closure]);
        let world = one_sector(&flows, &shocks(n, &list), &options).unwrap();

        let scaled = square(n, |i, j| scale * flows.get(i, j));
        let other = one_sector(&scaled, &shocks(n, &list), &options).unwrap();
        close("scaled", &other.welfare_hat, &world.welfare_hat, IDENTITY);

        let to = |k: usize| (k + turn) % n;
        let renamed = square(n, |i, j| flows.get((i + n - turn) % n, (j + n - turn) % n));
        let moved: Vec<Shock> = list
            .iter()
            .map(|s| Shock { origin: to(s.origin), destination: to(s.destination), ..*s })
            .collect();
        let other = one_sector(&renamed, &shocks(n, &moved), &options).unwrap();
        for k in 0..n {
            close("renamed", &[other.wage_hat[to(k)]], &[world.wage_hat[k]], IDENTITY);
            close("renamed", &[other.welfare_hat[to(k)]], &[world.welfare_hat[k]], IDENTITY);
        }
    }

    /// A small shock moves wages along the derivative of a smaller one: the Jacobian's limit.
    #[test]
    fn effects_are_smooth(seed in 1_u64..10_000, closure in 0_usize..3) {
        let flows = drawn(6, seed, 0.0);
        let at = |beta: f64| {
            let list = agreement(&[0], &[1], beta, 1.0);
            one_sector(&flows, &shocks(6, &list), &options(4.0, ALL[closure])).unwrap().wage_hat
        };
        let (up, down, half) = (at(1e-3), at(-1e-3), at(5e-4));
        for k in 0..6 {
            let curve = (up[k].ln() + down[k].ln()).abs();
            prop_assert!(curve <= 1e-5, "second difference {curve:e}");
            prop_assert!((up[k].ln() - 2.0 * half[k].ln()).abs() <= 1e-5);
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let flows = drawn(40, 9, 0.3);
    let shocks = shocks(40, &agreement(&[0, 1, 2], &[3, 4], -0.5, 1.0));
    let solve = || one_sector(&flows, &shocks, &OneSectorOptions::default()).unwrap();
    assert_eq!(serde_json::to_string(&solve()).unwrap(), serde_json::to_string(&solve()).unwrap());
}

/// With balanced trade the three treatments are one.
#[test]
fn treatments_agree_when_trade_is_balanced() {
    let flows = square(5, |i, j| if i == j { 80.0 } else { (1 + i * j + i + j) as f64 });
    let shocks = shocks(5, &agreement(&[0], &[1, 2], -1.0, 1.0));
    let worlds = ALL.map(|c| one_sector(&flows, &shocks, &options(4.0, c)).unwrap());
    close("multiplicative", &worlds[1].welfare_hat, &worlds[0].welfare_hat, ROUNDING);
    close("removed", &worlds[2].welfare_hat, &worlds[0].welfare_hat, ROUNDING);
}

#[test]
fn removing_imbalances_first_balances_the_baseline() {
    let flows = small();
    let world =
        one_sector(&flows, &Shocks::none(3), &options(4.0, Imbalances::RemovedFirst)).unwrap();
    sound(&world);
    for i in 0..3 {
        let row = total(&world.baseline_trade[3 * i..3 * i + 3]);
        let column: f64 = (0..3).map(|k| world.baseline_trade[3 * k + i]).sum();
        close("balance", &[row / column], &[1.0], ROUNDING);
    }
    close("hats", &world.welfare_hat, &[1.0; 3], ROUNDING);
    assert_eq!(note(&world.notes, "imbalances_removed").count, 2);
}

// --- worlds that fall apart ------------------------------------------------------------------

/// Both blocs of a split world go on, each with its own income.
#[test]
fn blocs_keep_their_own_numeraire() {
    let flows = square(4, |i, j| if i == j { 70.0 } else { (2 + (i + j) % 2) as f64 });
    let list = agreement(&[0, 1], &[2, 3], f64::NEG_INFINITY, 1.0);
    let world = one_sector(&flows, &shocks(4, &list), &options(4.0, ALL[0])).unwrap();
    sound(&world);
    assert_eq!(note(&world.notes, "separate_blocs").rows, [0, 2]);
    let income = |a: usize, b: usize| world.output[a] + world.output[b];
    let before = |a: usize| total(&flows.values[4 * a..4 * a + 4]);
    close("bloc", &[income(0, 1) / (before(0) + before(1))], &[1.0], ROUNDING);
}

#[test]
fn a_deficit_nobody_finances_is_named() {
    let flows = small();
    let deficit = |j: usize| {
        (0..3).map(|i| flows.get(i, j)).sum::<f64>() - total(&flows.values[3 * j..3 * j + 3])
    };
    assert_eq!([deficit(0), deficit(1), deficit(2)], [-30.0, 30.0, 0.0]);
    let everybody = [0, 1, 2];
    for beta in [f64::NEG_INFINITY, -60.0] {
        let list = agreement(&everybody, &everybody, beta, 1.0);
        let world = one_sector(&flows, &shocks(3, &list), &options(4.0, ALL[0])).unwrap();
        assert_eq!(world.status, Status::Infeasible, "beta {beta}");
        let told = note(&world.notes, "imbalance_not_financed");
        assert!(deficit(told.rows[0]) != 0.0);
        assert!(told.message.contains("multiplicative"), "{}", told.message);
        assert!(world.wage_hat.iter().all(|w| w.is_nan()));
        // The remedies in the message work.
        for remedy in [Imbalances::Multiplicative, Imbalances::RemovedFirst] {
            sound(&one_sector(&flows, &shocks(3, &list), &options(4.0, remedy)).unwrap());
        }
    }
}

/// A world in which closing a market at once overshoots: place 1 keeps one partner, and imbalances
/// that follow income.
#[test]
fn markets_close_step_by_step_where_they_must() {
    let flows = drawn(4, 5413, 0.0);
    let list = closed_markets(1, &[0, 2], true);
    let theta = 11.697664055267223;
    let world = one_sector(&flows, &shocks(4, &list), &options(theta, ALL[1])).unwrap();
    sound(&world);
    assert_eq!([world.trade[4], world.trade[6], world.trade[1], world.trade[9]], [0.0; 4]);
}

/// With balanced budgets nobody can sell to a place that sells nothing.
#[test]
fn one_way_trade_needs_an_imbalance() {
    let flows = square(3, |i, j| if i == j { 50.0 } else { 5.0 });
    let list: Vec<Shock> = [1, 2]
        .map(|destination| Shock { origin: 0, destination, beta: f64::NEG_INFINITY })
        .to_vec();
    for closure in ALL {
        let world = one_sector(&flows, &shocks(3, &list), &options(4.0, closure)).unwrap();
        assert_eq!(world.status, Status::Infeasible, "{closure:?}");
        let told = note(&world.notes, "imbalance_not_financed");
        assert!(told.message.contains("close the other direction too"), "{}", told.message);
        let both = closed_markets(0, &[1, 2], true);
        sound(&one_sector(&flows, &shocks(3, &both), &options(4.0, closure)).unwrap());
    }
    // Place 0 lends, and goes on lending when its deficit follows its income.
    let world = one_sector(&small(), &shocks(3, &list), &options(4.0, ALL[1])).unwrap();
    assert_eq!(world.status, Status::NoProgress);
    assert_eq!(note(&world.notes, "one_way").rows, [0]);
    assert!(world.residual.is_nan());
    // Place 1 borrows: it can buy without selling.
    let list: Vec<Shock> = [0, 2]
        .map(|destination| Shock { origin: 1, destination, beta: f64::NEG_INFINITY })
        .to_vec();
    for closure in [ALL[0], ALL[1]] {
        let world = one_sector(&small(), &shocks(3, &list), &options(4.0, closure)).unwrap();
        sound(&world);
        assert_eq!(world.exports_hat[1], 0.0);
    }
}

#[test]
fn a_place_left_with_nobody_is_named() {
    let flows = square(3, |i, j| if i == j && i == 2 { 0.0 } else { 5.0 });
    let list = closed_markets(2, &[0, 1], true);
    let world = one_sector(&flows, &shocks(3, &list), &options(4.0, ALL[0])).unwrap();
    assert_eq!(world.status, Status::Infeasible);
    assert_eq!(note(&world.notes, "stranded").rows, [2]);
}

#[test]
fn oddities_of_the_data_are_told() {
    let mut cells = drawn(5, 2, 0.0).values;
    cells[0] = 0.0; // place 0 sells nothing at home
    cells[1] = 0.0; // and nothing to place 1
    (1..5).for_each(|k| (cells[20 + k - 1], cells[5 * (k - 1) + 4]) = (0.0, 0.0)); // place 4 alone
    let flows = SquareFlows::new(5, cells).unwrap();
    let list = agreement(&[0], &[1], 0.3, 1.0);
    let world = one_sector(&flows, &shocks(5, &list), &options(4.0, ALL[1])).unwrap();
    assert_eq!(world.status, Status::Converged);
    assert_eq!(note(&world.notes, "zero_own_trade").rows, [0]);
    assert_eq!(note(&world.notes, "shock_on_zero_flow").rows, [1]);
    assert_eq!(note(&world.notes, "no_foreign_trade").rows, [4]);
    assert!(world.domestic_sales_hat[0].is_nan() && world.exports_hat[4].is_nan());
    close("alone", &[world.wage_hat[4], world.welfare_hat[4]], &[1.0, 1.0], ROUNDING);
}

#[test]
fn rounding_is_not_an_imbalance() {
    let mut cells = vec![1e9; 9];
    cells[1] += 1e-3;
    let flows = SquareFlows::new(3, cells).unwrap();
    let list = agreement(&[0, 1, 2], &[0, 1, 2], f64::NEG_INFINITY, 1.0);
    let world = one_sector(&flows, &shocks(3, &list), &options(4.0, ALL[0])).unwrap();
    sound_apart(&world);
    assert_eq!(note(&world.notes, "imbalance_clamped").rows, [0, 1]);
}

fn sound_apart(world: &Equilibrium) {
    assert_eq!(world.status, Status::Converged);
    assert!(world.residual <= IDENTITY && world.acr_gap <= IDENTITY);
}
