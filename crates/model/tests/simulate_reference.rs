//! One-sector counterfactuals against solutions computed elsewhere.
//!
//! The files lie outside the repository (see `common::reference`); `simulate_oracle.rs` runs the
//! same checks on the committed sample.

mod common;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use emporion_model::outcome::Status;
use emporion_model::panel::SquareFlows;
use emporion_model::simulate::shock::agreement;
use emporion_model::simulate::{
    Equilibrium, Imbalances, OneSectorOptions, Shock, Shocks, diversion, effects, gains_from_trade,
    modular, one_sector,
};
use serde_json::Value;

/// The reference solutions carry 14 digits and their own residual is below 1e-14; a hundred times
/// that leaves room for hats far from one.
const EXACT: f64 = 1e-11;
/// `wiod44/flows.csv` is printed with ten digits, the solution was computed from all of them.
/// Rounding the file to nine digits moves hats by 2e-10, so ten digits leave 2e-11.
const TEN_DIGITS: f64 = 1e-10;
/// A single flow: half a unit of the tenth digit is at most 5e-10 of it.
const TEN_DIGITS_FLOW: f64 = 6e-10;
/// exp(-20) of a flow is left in the reference and nothing here: 2e-9 of it.
const PROHIBITIVE: f64 = 5e-9;
/// Stata stores single precision.
const STATA: f64 = 1e-7;
/// The R package stops when flows move by less than 1e-8 in logs.
const R_PACKAGE: f64 = 1e-8;
/// Market clearing, as promised by the documentation.
const RESIDUAL: f64 = 1e-12;
/// An identity of the model up to rounding of logs and powers.
const IDENTITY: f64 = 1e-12;
/// gegravity's hybrid Powell solver stops at 1e-8; the notes of its runs give 1e-6 for the terms.
const GEGRAVITY: f64 = 1e-6;

struct Case {
    folder: PathBuf,
    json: Value,
    countries: Vec<String>,
}

impl Case {
    fn open(name: &str) -> Option<Self> {
        let path = common::reference("simulate")?.join(name);
        let json: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let countries =
            json["countries"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().into());
        Some(Self {
            countries: countries.collect(),
            folder: path.parent().unwrap().to_path_buf(),
            json,
        })
    }

    fn at(&self, country: &str) -> usize {
        self.countries.iter().position(|c| c == country).unwrap()
    }

    fn column(&self, file: &str, names: [&str; 3]) -> Vec<f64> {
        read_square(&self.folder.join(file), &self.countries, names)
    }

    fn flows(&self, file: &str) -> SquareFlows {
        let values = self.column(file, ["exporter", "importer", "trade"]);
        SquareFlows::new(self.countries.len(), values).unwrap()
    }

    fn list(&self, section: &str, field: &str) -> Vec<f64> {
        numbers(&self.json[section][field])
    }

    fn shocks(&self) -> Shocks {
        let list: Vec<Shock> = self.json["shock"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| Shock {
                origin: self.at(s[0].as_str().unwrap()),
                destination: self.at(s[1].as_str().unwrap()),
                beta: s[2].as_f64().unwrap(),
            })
            .collect();
        Shocks::from_list(self.countries.len(), &list).unwrap()
    }

    fn options(&self) -> OneSectorOptions {
        OneSectorOptions {
            elasticity: self.json["theta"].as_f64().unwrap(),
            imbalances: match self.json["imbalances"].as_str() {
                Some("multiplicative") => Imbalances::Multiplicative,
                _ => Imbalances::Additive,
            },
            ..OneSectorOptions::default()
        }
    }

    /// Every hat of `exact`, and the checks that hold in every equilibrium.
    fn check_exact(&self, world: &Equilibrium, tolerance: f64) {
        sound(world);
        // A wrong derivative would still converge, only slowly.
        assert!(world.iterations <= 6, "{} Newton steps", world.iterations);
        for (field, got) in [
            ("w_hat", &world.wage_hat),
            ("P_hat", &world.price_index_hat),
            ("real_wage_hat", &world.real_wage_hat),
            ("welfare_hat", &world.welfare_hat),
            ("income_hat", &world.output_hat),
            ("expenditure_hat", &world.expenditure_hat),
            ("exports_hat", &world.exports_hat),
            ("imports_hat", &world.imports_hat),
        ] {
            close(field, got, &self.list("exact", field), tolerance);
        }
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn matrix(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().flat_map(numbers).collect()
}

fn read_square(path: &Path, countries: &[String], names: [&str; 3]) -> Vec<f64> {
    let ids: HashMap<&str, usize> =
        countries.iter().enumerate().map(|(k, c)| (c.as_str(), k)).collect();
    let mut values = vec![0.0; countries.len() * countries.len()];
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let at = names.map(|name| headers.iter().position(|h| h == name).unwrap());
    for row in reader.records() {
        let row = row.unwrap();
        values[ids[&row[at[0]]] * countries.len() + ids[&row[at[1]]]] = row[at[2]].parse().unwrap();
    }
    values
}

fn close(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let gap = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, nan_max);
    println!("{what}: largest gap {gap:.1e}");
    assert!(gap <= tolerance, "{what}: largest gap {gap:e} above {tolerance:e}");
}

fn close_relative(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    let ratio: Vec<f64> =
        got.iter().zip(want).map(|(a, b)| if a == b { 1.0 } else { a / b }).collect();
    close(what, &ratio, &vec![1.0; want.len()], tolerance);
}

/// Unlike `f64::max`, keeps NaN, so that a missing number cannot pass.
fn nan_max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// What holds in every equilibrium.
fn sound(world: &Equilibrium) {
    println!(
        "{:?} after {} steps, residual {:.1e}, ACR gap {:.1e}",
        world.status, world.iterations, world.residual, world.acr_gap
    );
    assert_eq!(world.status, Status::Converged);
    assert!(world.residual <= RESIDUAL, "residual {:e}", world.residual);
    assert!(world.acr_gap <= IDENTITY, "ACR gap {:e}", world.acr_gap);
}

fn enlargement(case: &Case) -> Shocks {
    const PARTIAL_EFFECT: f64 = 0.224249005317688;
    let treated = case.column("flows.csv", ["exporter", "importer", "new_eu_pair"]);
    let beta = treated.iter().map(|t| t * PARTIAL_EFFECT).collect();
    Shocks::from_matrix(case.countries.len(), beta).unwrap()
}

#[test]
fn eu_enlargement_matches_exact_stata_and_r() {
    for (name, peers) in [("add", true), ("mult", false), ("theta2", true), ("theta8", true)] {
        let Some(case) = Case::open(&format!("wiod44/eu_enlargement_{name}.json")) else { return };
        println!("{name}");
        let world =
            one_sector(&case.flows("flows.csv"), &enlargement(&case), &case.options()).unwrap();
        case.check_exact(&world, TEN_DIGITS);
        if case.json.get("exact_trade_counterfactual").is_some() {
            let exact = matrix(&case.json["exact_trade_counterfactual"]);
            close_relative("trade", &world.trade, &exact, TEN_DIGITS_FLOW);
        }
        // Both programs leave the factor s out of multiplicative spending, see the next test.
        if peers {
            let r = case.list("r_gegravity_1_0_0", "welfare_hat");
            close("welfare in R", &world.welfare_hat, &r, R_PACKAGE);
            if case.json.get("stata_ge_gravity").is_some() {
                let stata = case.list("stata_ge_gravity", "welfare_hat");
                close("welfare in Stata", &world.welfare_hat, &stata, STATA);
            }
        }
    }
}

/// The R package's multiplicative world does not close: relative wages agree, and its welfare is
/// the real wage, ours times s.
#[test]
fn multiplicative_real_wages_match_r() {
    let Some(case) = Case::open("wiod44/eu_enlargement_mult.json") else { return };
    let world = one_sector(&case.flows("flows.csv"), &enlargement(&case), &case.options()).unwrap();
    let r = case.list("r_gegravity_1_0_0", "welfare_hat");
    close("real wage", &world.real_wage_hat, &r, R_PACKAGE);
    let stata = case.list("stata_ge_gravity", "welfare_hat");
    close("real wage", &world.real_wage_hat, &stata, STATA);
}

#[test]
fn russia_and_the_eu15_match_exact_and_r() {
    for name in ["rus_eu15_half", "rus_eu15_closed"] {
        let Some(case) = Case::open(&format!("wiod44/{name}.json")) else { return };
        println!("{name}");
        let flows = case.flows("flows.csv");
        let world = one_sector(&flows, &case.shocks(), &case.options()).unwrap();
        case.check_exact(&world, TEN_DIGITS);
        let r = case.list("r_gegravity_1_0_0", "welfare_hat");
        close("welfare in R", &world.welfare_hat, &r, R_PACKAGE);

        let russia = case.at("RUS");
        let closed: Vec<usize> =
            (0..flows.n).filter(|&j| case.shocks().get(russia, j) != 0.0).collect();
        let account = diversion(&world, russia, &closed).unwrap();
        let want = &case.json["diversion_RUS"];
        for (field, got) in [
            ("lost_in_closed", account.lost),
            ("redirected_abroad", account.redirected_abroad),
            ("redirected_home", account.turned_home),
            ("income_change", account.income_change),
            ("redirection_share", account.value_share_abroad),
        ] {
            // Small differences of large flows that are printed with ten digits.
            close_relative(field, &[got], &[want[field].as_f64().unwrap()], 1e-9);
        }
        for (country, value) in want["by_destination"].as_object().unwrap() {
            let got = account.redirected[case.at(country)];
            close_relative(country, &[got], &[value.as_f64().unwrap()], 1e-9);
        }
        if name == "rus_eu15_closed" {
            // The figures published with the reference, to their printed digit.
            close("home share", &[account.quantity_share_home], &[0.873], 5e-4);
            close("price loss", &[account.price_loss], &[0.0135], 5e-5);
        }
    }
}

/// beta = -20 and beta = -infinity differ by a factor of 2e-9 on flows that matter little.
#[test]
fn a_closed_market_is_the_limit_of_a_prohibitive_one() {
    let Some(case) = Case::open("wiod44/rus_eu15_closed.json") else { return };
    let flows = case.flows("flows.csv");
    let closed: Vec<Shock> = case.json["shock"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| Shock {
            origin: case.at(s[0].as_str().unwrap()),
            destination: case.at(s[1].as_str().unwrap()),
            beta: f64::NEG_INFINITY,
        })
        .collect();
    let shocks = Shocks::from_list(flows.n, &closed).unwrap();
    let world = one_sector(&flows, &shocks, &case.options()).unwrap();
    sound(&world);
    for s in &closed {
        assert_eq!(world.trade[s.origin * flows.n + s.destination], 0.0);
    }
    close("welfare", &world.welfare_hat, &case.list("exact", "welfare_hat"), PROHIBITIVE);
}

#[test]
fn germany_in_autarky_loses_what_the_formula_says() {
    let Some(case) = Case::open("wiod44/germany_autarky_balanced.json") else { return };
    let flows = case.flows("flows_balanced.csv");
    let germany = case.at("DEU");
    let almost = one_sector(&flows, &case.shocks(), &case.options()).unwrap();
    case.check_exact(&almost, EXACT);
    let r = case.list("r_gegravity_1_0_0", "welfare_hat");
    close("welfare in R", &almost.welfare_hat, &r, R_PACKAGE);

    let others: Vec<usize> = (0..flows.n).filter(|&j| j != germany).collect();
    let list = emporion_model::simulate::shock::closed_markets(germany, &others, true);
    let shocks = Shocks::from_list(flows.n, &list).unwrap();
    let alone = one_sector(&flows, &shocks, &case.options()).unwrap();
    sound(&alone);
    assert!(alone.notes.iter().any(|n| n.code == "separate_blocs" && n.count == 2));
    let gains = gains_from_trade(&flows, 4.0).unwrap();
    close("welfare", &[alone.welfare_hat[germany]], &[1.0 - gains.gains[germany]], IDENTITY);
    // The real results of everybody else do not depend on how Germany's money is counted.
    close("real wage", &alone.real_wage_hat, &case.list("exact", "real_wage_hat"), EXACT);
}

#[test]
fn gains_match_the_reference_for_every_elasticity() {
    let Some(case) = Case::open("wiod44/acr_gains_balanced.json") else { return };
    let flows = case.flows("flows_balanced.csv");
    for (theta, welfare) in case.json["welfare_autarky_hat"].as_object().unwrap() {
        let gains = gains_from_trade(&flows, theta.parse().unwrap()).unwrap();
        close("own share", &gains.own_share, &numbers(&case.json["lambda_own"]), EXACT);
        let kept: Vec<f64> = gains.gains.iter().map(|g| 1.0 - g).collect();
        close(&format!("gains at theta {theta}"), &kept, &numbers(welfare), EXACT);
    }
}

/// Everybody in autarky at once, by Newton at a beta where own trade has sixteen digits more.
#[test]
fn world_autarky_is_the_formula() {
    let Some(case) = Case::open("wiod44/acr_gains_balanced.json") else { return };
    let flows = case.flows("flows_balanced.csv");
    let n = flows.n;
    let gains = gains_from_trade(&flows, 4.0).unwrap();
    let kept: Vec<f64> = gains.gains.iter().map(|g| 1.0 - g).collect();
    for beta in [-6.0, -40.0, f64::NEG_INFINITY] {
        let matrix = (0..n * n).map(|c| if c / n == c % n { 0.0 } else { beta }).collect();
        let shocks = Shocks::from_matrix(n, matrix).unwrap();
        let world = one_sector(&flows, &shocks, &OneSectorOptions::default()).unwrap();
        sound(&world);
        if beta < -6.0 {
            close("welfare", &world.welfare_hat, &kept, IDENTITY);
        }
    }
}

/// Walls so high that fixed deficits cannot be paid for any more: never a number that looks like an
/// answer, and the place is named. The other two treatments have an answer.
#[test]
fn walls_that_leave_deficits_unpaid() {
    let Some(case) = Case::open("wiod44/eu_enlargement_add.json") else { return };
    let flows = case.flows("flows.csv");
    let everybody: Vec<usize> = (0..flows.n).collect();
    let solve = |theta: f64, beta: f64, imbalances| {
        let list = agreement(&everybody, &everybody, beta, 1.0);
        let shocks = Shocks::from_list(flows.n, &list).unwrap();
        let options = OneSectorOptions { elasticity: theta, imbalances, ..Default::default() };
        one_sector(&flows, &shocks, &options).unwrap()
    };
    sound(&solve(4.0, -6.0, Imbalances::Additive));
    for (theta, beta, status) in
        [(4.0, -20.0, Status::NoProgress), (4.0, -40.0, Status::Infeasible)]
    {
        let world = solve(theta, beta, Imbalances::Additive);
        assert_eq!(world.status, status);
        let note = world.notes.iter().find(|n| n.code == "imbalance_not_financed").unwrap();
        println!("{}", note.message);
        assert_eq!(note.rows.len(), 1);
        sound(&solve(theta, beta, Imbalances::RemovedFirst));
    }
    sound(&solve(4.0, -20.0, Imbalances::Multiplicative));
}

#[test]
fn universal_gravity_matches_exact() {
    for (name, closure) in [
        ("nafta_1990", Imbalances::Additive),
        ("nafta_1990_psi0", Imbalances::Additive),
        ("nafta_1990_universal", Imbalances::Multiplicative),
    ] {
        let Some(case) = Case::open(&format!("universal_gravity/{name}.json")) else { return };
        println!("{name}");
        let values = case.column("flows_1990.csv", ["iso_o", "iso_d", "flow"]);
        let flows = SquareFlows::new(case.countries.len(), values).unwrap();
        let nafta = ["CAN", "MEX", "USA"].map(|c| case.at(c));
        let list = agreement(&nafta, &nafta, 0.5, 1.0);
        let shocks = Shocks::from_list(flows.n, &list).unwrap();
        let options = OneSectorOptions {
            supply_elasticity: case.json["psi"].as_f64().unwrap(),
            imbalances: closure,
            ..case.options()
        };
        let world = one_sector(&flows, &shocks, &options).unwrap();
        sound(&world);
        for (field, got) in [
            ("p_hat", &world.wage_hat),
            ("P_hat", &world.price_index_hat),
            ("real_price_hat", &world.real_wage_hat),
            ("Y_hat", &world.output_hat),
            ("E_hat", &world.expenditure_hat),
            ("own_hat", &world.domestic_sales_hat),
            ("welfare_hat", &world.welfare_hat),
        ] {
            close(field, got, &case.list("exact", field), EXACT);
        }
    }
}

#[test]
fn canada_and_japan_sign() {
    for name in ["can_jpn_pta", "can_jpn_pta_sigma7"] {
        let Some(case) = Case::open(&format!("gegravity/{name}.json")) else { return };
        println!("{name}");
        let n = case.countries.len();
        let flows =
            SquareFlows::new(n, matrix(&case.json["gegravity"]["baseline_modeled_trade"])).unwrap();
        let beta = case.json["coefficients"]["pta"].as_f64().unwrap();
        let list = agreement(&[case.at("CAN")], &[case.at("JPN")], beta, 1.0);
        let shocks = Shocks::from_list(n, &list).unwrap();
        let options = OneSectorOptions { imbalances: Imbalances::Multiplicative, ..case.options() };
        let world = one_sector(&flows, &shocks, &options).unwrap();
        sound(&world);

        // Its numeraire is the price index of Germany.
        let germany = case.at("DEU");
        let level = world.price_index_hat[germany];
        let percent = |hats: &[f64], by: f64| -> Vec<f64> {
            hats.iter().map(|h| 100.0 * (h / by - 1.0)).collect()
        };
        // Percent: a hundred times the tolerance of hats.
        let tolerance = 100.0 * EXACT;
        let exact = |field| case.list("exact", field);
        close("price", &percent(&world.wage_hat, level), &exact("price_change_pct"), tolerance);
        close(
            "price index",
            &percent(&world.price_index_hat, level),
            &exact("imr_change_pct"),
            tolerance,
        );
        let real = percent(&world.real_wage_hat, 1.0);
        close("real wage", &real, &exact("real_gdp_change_pct"), tolerance);
        let exports = percent(&world.exports_hat, level);
        close("exports", &exports, &exact("foreign_exports_change_pct"), tolerance);
        let imports = percent(&world.imports_hat, level);
        close("imports", &imports, &exact("foreign_imports_change_pct"), tolerance);

        // The package's multilateral resistances and its conditional step are right.
        let mti = modular(&flows, &shocks, &options).unwrap();
        assert_eq!(mti.status, Status::Converged);
        let terms = &case.json["gegravity"]["mr_terms"];
        let change = |kind: &str| -> Vec<f64> {
            let after = numbers(&terms[format!("conditional {kind}")]);
            let before = numbers(&terms[format!("baseline {kind}")]);
            after.iter().zip(&before).map(|(a, b)| a / b).collect()
        };
        let scale = mti.inward_resistance_hat[germany];
        let inward: Vec<f64> = mti.inward_resistance_hat.iter().map(|p| p / scale).collect();
        let outward: Vec<f64> = mti.outward_resistance_hat.iter().map(|p| p * scale).collect();
        close("inward resistance", &inward, &change("imr"), GEGRAVITY);
        close("outward resistance", &outward, &change("omr"), GEGRAVITY);
    }
}

/// 194 countries, a third of the flows zero. The reference keeps the shock as a rule (beta = -4
/// ln(1 + max(0.1, t)), t the tariff announced for each country); the tariffs are recovered from its
/// solution, where they must come out as whole percents, and the equilibrium is then solved from the
/// whole percents alone.
#[test]
fn barriers_of_the_united_states_match_exact() {
    let Some(case) = Case::open("world194/us_barriers.json") else { return };
    let flows = case.flows("flows_194.csv");
    let (n, usa) = (flows.n, case.at("USA"));
    let (w, p) = (case.list("exact", "w_hat"), case.list("exact", "P_hat"));
    let (exports, spent) =
        (case.list("exact", "exports_hat"), case.list("exact", "expenditure_hat"));
    let mut list = Vec::new();
    for i in (0..n).filter(|&i| i != usa && flows.get(i, usa) > 0.0) {
        let unshocked = |j: usize| flows.get(i, j) * (p[j] / w[i]).powi(4) * spent[j];
        let abroad: f64 = (0..n).filter(|&j| j != i).map(|j| flows.get(i, j)).sum();
        let elsewhere: f64 = (0..n).filter(|&j| j != i && j != usa).map(unshocked).sum();
        let phi = (abroad * exports[i] - elsewhere) / unshocked(usa);
        let percent = 100.0 * (phi.powf(-0.25) - 1.0);
        let whole = percent.round();
        // Small exporters to the United States carry few digits of their tariff.
        assert!((percent - whole).abs() < 0.05, "{}: {percent} percent", case.countries[i]);
        list.push(Shock { origin: i, destination: usa, beta: -4.0 * (whole / 100.0).ln_1p() });
    }
    let shocks = Shocks::from_list(n, &list).unwrap();
    let world = one_sector(&flows, &shocks, &case.options()).unwrap();
    case.check_exact(&world, EXACT);
    let r = case.list("r_gegravity_1_0_0", "welfare_hat");
    close("welfare in R", &world.welfare_hat, &r, R_PACKAGE);
}

#[test]
fn effects_hold_or_clear_the_totals_they_should() {
    // PTI, MTI and GETI of the enlargement: totals are held in the second, clear in the third.
    let Some(case) = Case::open("wiod44/eu_enlargement_add.json") else { return };
    let flows = case.flows("flows.csv");
    let n = flows.n;
    let all = effects(&flows, &enlargement(&case), &case.options()).unwrap();
    for i in 0..n {
        let row = |m: &[f64]| m[i * n..(i + 1) * n].iter().sum::<f64>();
        let column = |m: &[f64]| (0..n).map(|k| m[k * n + i]).sum::<f64>();
        close_relative("row", &[row(&all.modular.trade)], &[row(&flows.values)], RESIDUAL);
        close_relative("column", &[column(&all.modular.trade)], &[column(&flows.values)], RESIDUAL);
        close_relative("output", &[row(&all.general.trade)], &[all.general.output[i]], RESIDUAL);
    }
}
