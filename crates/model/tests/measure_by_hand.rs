//! Turnover, shares, records, concentration and the RCA family on figures done by hand.

use emporion_model::measure::concentration::{ConcentrationOptions, concentration, theil_split};
use emporion_model::measure::rca::{additive_rca, normalised_rca, rca, rca_against, symmetric_rca};
use emporion_model::measure::records::{
    Among, Bound, Observation, RecordOptions, Several, Verdict, longest_growth, record,
};
use emporion_model::measure::shares::{contributions, growth, made_up, share, verify_share};
use emporion_model::measure::specialisation::specialisation;
use emporion_model::measure::turnover::{
    MissingFlow, flows_behind, pair_turnover, turnover, turnover_series,
};
use emporion_model::outcome::InputError;
use emporion_model::panel::{PlaceProduct, SquareFlows};

/// A handful of operations on numbers of order 1: some units of rounding.
const ROUNDING: f64 = 1e-14;

#[track_caller]
fn near(got: f64, expected: f64) {
    assert!((got - expected).abs() <= ROUNDING * expected.abs().max(1.0), "{got} and {expected}");
}

#[test]
fn turnover_of_two_flows() {
    let t = turnover(Some(30.0), Some(20.0), MissingFlow::Unknown).unwrap();
    assert_eq!((t.turnover, t.balance, t.coverage), (Some(50.0), Some(10.0), Some(1.5)));
    assert_eq!(t.relative_balance, Some(0.2));

    // A gap stays a gap, and is a zero only on request.
    let t = turnover(None, Some(20.0), MissingFlow::Unknown).unwrap();
    assert_eq!((t.turnover, t.balance, t.coverage, t.at_least), (None, None, None, 20.0));
    assert_eq!(t.missing, ["exports"]);
    let t = turnover(None, Some(20.0), MissingFlow::Zero).unwrap();
    assert_eq!((t.turnover, t.balance, t.coverage), (Some(20.0), Some(-20.0), Some(0.0)));
    assert_eq!(t.missing, ["exports"]);

    // No imports: coverage does not exist. No trade: nothing to relate the balance to.
    let t = turnover(Some(5.0), Some(0.0), MissingFlow::Unknown).unwrap();
    assert_eq!((t.coverage, t.relative_balance), (None, Some(1.0)));
    let t = turnover(Some(0.0), Some(0.0), MissingFlow::Unknown).unwrap();
    assert_eq!((t.turnover, t.coverage, t.relative_balance), (Some(0.0), None, None));

    let flows = SquareFlows::new(2, vec![9.0, 4.0, 3.0, 9.0]).unwrap();
    assert_eq!(pair_turnover(&flows, 0, 1).unwrap().balance, Some(1.0));
    assert!(matches!(pair_turnover(&flows, 0, 0), Err(InputError::Setting { .. })));
    assert!(matches!(pair_turnover(&flows, 0, 2), Err(InputError::Setting { .. })));

    let negative = turnover_series(&[Some(1.0), Some(-1.0)], &[None, None], MissingFlow::Unknown);
    assert!(matches!(negative, Err(InputError::Value { index: 1, value: -1.0, .. })));
    let ragged = turnover_series(&[None], &[], MissingFlow::Unknown);
    assert!(matches!(ragged, Err(InputError::Length { expected: 1, got: 0, .. })));

    // Turnover 45,800 with a surplus of 127.4: the two flows behind them.
    let (x, m) = flows_behind(45_800.0, 127.4).unwrap();
    near(x, 22_963.7);
    near(m, 22_836.3);
    assert!(matches!(flows_behind(10.0, 11.0), Err(InputError::Value { .. })));
}

#[test]
fn share_and_how_much_of_it_can_be_verified() {
    let s = share(&[Some(10.0), Some(30.0)], 80.0).unwrap();
    assert_eq!((s.share, s.at_least, s.members), (Some(0.5), 0.5, 2));
    let v = verify_share(&s, 0.6, 0.005).unwrap();
    assert!(v.contradicted);
    near(v.verified, 0.5 / 0.6);

    let s = share(&[Some(10.0), None, Some(30.0)], 80.0).unwrap();
    assert_eq!((s.share, s.missing.as_slice()), (None, [1].as_slice()));
    let v = verify_share(&s, 0.6, 0.005).unwrap();
    assert!(!v.contradicted);
    near(v.left_to_members_without_rows, 0.1);
    // Within half a unit of the printed digit nothing is contradicted.
    let s = share(&[Some(595.5)], 1000.0).unwrap();
    assert!(!verify_share(&s, 0.6, 0.005).unwrap().contradicted);

    assert_eq!(share(&[Some(9.0)], 8.0).unwrap().notes[0].code, "over_one");
    assert!(matches!(share(&[], 8.0), Err(InputError::Empty { .. })));
    assert!(matches!(share(&[Some(1.0)], 0.0), Err(InputError::Value { .. })));
    let negative = share(&[Some(1.0), Some(-1.0)], 8.0);
    assert!(matches!(negative, Err(InputError::Value { index: 1, .. })));
    assert!(matches!(verify_share(&s, 60.0, 0.0), Err(InputError::Value { .. })));
    assert!(matches!(verify_share(&s, 0.6, -1.0), Err(InputError::Value { .. })));
}

#[test]
fn growth_and_contributions() {
    let g = growth(80.0, 100.0).unwrap();
    assert_eq!((g.difference, g.percent), (20.0, Some(25.0)));
    near(g.log_points.unwrap(), 100.0 * 1.25f64.ln());
    near(g.symmetric.unwrap(), 2.0 / 9.0);
    let new = growth(0.0, 5.0).unwrap();
    assert_eq!((new.percent, new.log_points, new.symmetric), (None, None, Some(2.0)));
    assert_eq!(growth(5.0, 0.0).unwrap().symmetric, Some(-2.0));
    assert_eq!(growth(0.0, 0.0).unwrap().symmetric, None);
    assert!(growth(-1.0, 1.0).is_err() && growth(1.0, f64::NAN).is_err());

    let c = contributions(&[60.0, 40.0], &[90.0, 20.0]).unwrap();
    assert_eq!((c.total.percent, c.points.as_slice()), (Some(10.0), [30.0, -20.0].as_slice()));
    assert_eq!(c.of_change.unwrap(), [3.0, -2.0]);
    assert_eq!(contributions(&[1.0, 2.0], &[2.0, 1.0]).unwrap().of_change, None);
    assert!(matches!(contributions(&[0.0], &[1.0]), Err(InputError::Undefined { .. })));
    assert!(matches!(contributions(&[0.0], &[]), Err(InputError::Length { .. })));

    // Exports grew by 6.6: against losses of 10.5 and 18 that is 63 and 37 percent.
    let m = made_up(6.6, &[10.5, 18.0]).unwrap();
    near(m.highest, 6.6 / 10.5);
    near(m.lowest, 6.6 / 18.0);
    assert!(matches!(made_up(1.0, &[]), Err(InputError::Empty { .. })));
    assert!(matches!(made_up(1.0, &[1.0, 0.0]), Err(InputError::Value { index: 1, .. })));
    assert!(matches!(made_up(f64::NAN, &[1.0]), Err(InputError::Value { .. })));
}

fn at(year: i32, value: f64, bound: Bound) -> Observation {
    Observation { year, value, bound }
}

fn verdict(series: &[Observation], year: i32) -> Verdict {
    record(series, year, &RecordOptions::default()).unwrap().verdict
}

#[test]
fn records() {
    use Bound::{About, AtLeast, AtMost, Exactly, MoreThan, Nearly};
    let exact = [at(2010, 5.0, Exactly), at(2012, 7.0, Exactly), at(2013, 6.0, Exactly)];
    let r = record(&exact, 2012, &RecordOptions::default()).unwrap();
    assert_eq!((r.verdict, r.rival, r.gaps.as_slice()), (Verdict::Record, 2013, [2011].as_slice()));
    assert_eq!(r.compared, [2010, 2013]);
    assert!(r.contenders.is_empty());
    assert_eq!(verdict(&exact, 2013), Verdict::NotRecord);

    let tie = [at(1, 7.0, Exactly), at(2, 7.0, Exactly)];
    assert_eq!(verdict(&tie, 2), Verdict::Tied);
    // More than 7 is above 7; at least 7 may tie or win; about 7 and nearly 7 leave it open.
    assert_eq!(verdict(&[at(1, 7.0, Exactly), at(2, 7.0, MoreThan)], 2), Verdict::Record);
    assert_eq!(verdict(&[at(1, 7.0, Exactly), at(2, 7.0, MoreThan)], 1), Verdict::NotRecord);
    assert_eq!(verdict(&[at(1, 7.0, Exactly), at(2, 7.0, AtLeast)], 2), Verdict::Undecided);
    assert_eq!(verdict(&[at(1, 7.0, Exactly), at(2, 7.0, About)], 2), Verdict::Undecided);
    assert_eq!(verdict(&[at(1, 7.0, Exactly), at(2, 7.0, AtMost)], 2), Verdict::Undecided);
    assert_eq!(verdict(&[at(1, 7.1, Exactly), at(2, 7.0, AtMost)], 2), Verdict::NotRecord);
    assert_eq!(verdict(&[at(1, 6.0, Nearly), at(2, 6.1, Exactly)], 2), Verdict::Record);
    assert_eq!(verdict(&[at(1, 6.0, Nearly), at(2, 5.9, Exactly)], 2), Verdict::Undecided);

    // "More than 40" may be anything above; with a limit of 10 percent it cannot reach 45.8.
    let open = [at(2021, 40.0, MoreThan), at(2022, 45.8, Exactly)];
    let r = record(&open, 2022, &RecordOptions::default()).unwrap();
    assert_eq!((r.verdict, r.contenders.as_slice()), (Verdict::Undecided, [2021].as_slice()));
    let limited = RecordOptions { more_than: 0.1, ..Default::default() };
    assert_eq!(record(&open, 2022, &limited).unwrap().verdict, Verdict::Record);

    // A record at the time, beaten later.
    let later = [at(1, 1.0, Exactly), at(2, 3.0, Exactly), at(3, 4.0, Exactly)];
    let then = RecordOptions { among: Among::Earlier, ..Default::default() };
    assert_eq!(record(&later, 2, &then).unwrap().verdict, Verdict::Record);
    assert_eq!(verdict(&later, 2), Verdict::NotRecord);
    assert!(matches!(record(&later, 1, &then), Err(InputError::Empty { .. })));

    // Two sources for one year: refused, or a range that then leaves the record open.
    let two = [at(1, 44.0, Exactly), at(2, 43.4, Exactly), at(2, 45.8, Exactly)];
    let refused = record(&two, 2, &RecordOptions::default());
    assert!(matches!(refused, Err(InputError::Setting { .. })));
    let range = RecordOptions { several: Several::Range, ..Default::default() };
    let r = record(&two, 2, &range).unwrap();
    assert_eq!((r.range, r.verdict), ((43.4, 45.8), Verdict::Undecided));

    assert!(matches!(record(&exact, 2011, &range), Err(InputError::Setting { .. })));
    assert!(matches!(record(&exact[..1], 2010, &range), Err(InputError::Empty { .. })));
    let negative = record(&[at(1, -1.0, Exactly)], 1, &range);
    assert!(matches!(negative, Err(InputError::Value { index: 0, .. })));
    let width = RecordOptions { about: -0.1, ..Default::default() };
    assert!(matches!(record(&exact, 2010, &width), Err(InputError::Setting { .. })));
}

#[test]
fn runs_of_growth() {
    use Bound::{About, Exactly};
    let series: Vec<Observation> =
        [(2010, 1.0), (2011, 2.0), (2012, 3.0), (2013, 2.5), (2014, 2.6), (2015, 2.7), (2017, 9.0)]
            .iter()
            .map(|(y, v)| at(*y, *v, Exactly))
            .collect();
    let run = longest_growth(&series, &RecordOptions::default()).unwrap();
    // 2010-12 and 2013-15 are equally long; the step over the gap to 2017 does not count.
    assert_eq!((run.from, run.to, run.steps, run.equally_long), (Some(2010), Some(2012), 2, 2));
    assert_eq!(run.gaps, [2016]);
    let falling = [at(1, 3.0, Exactly), at(2, 3.0, Exactly), at(3, 2.0, Exactly)];
    let run = longest_growth(&falling, &RecordOptions::default()).unwrap();
    assert_eq!((run.from, run.to, run.steps), (None, None, 0));
    assert!(run.undecided.is_empty());
    let vague = [at(1, 100.0, About), at(2, 101.0, About), at(3, 200.0, About)];
    let run = longest_growth(&vague, &RecordOptions::default()).unwrap();
    assert_eq!(
        (run.from, run.to, run.undecided.as_slice()),
        (Some(2), Some(3), [(1, 2)].as_slice())
    );
    assert!(matches!(
        longest_growth(&series[..1], &RecordOptions::default()),
        Err(InputError::Empty { .. })
    ));
}

#[test]
fn concentration_of_known_distributions() {
    let options = ConcentrationOptions::default();
    let equal = concentration(&[2.0; 4], &options).unwrap();
    near(equal.hhi, 0.25);
    near(equal.hhi_normalised.unwrap(), 0.0);
    near(equal.hirschman, 0.5);
    near(equal.hirschman_normalised.unwrap(), 0.0);
    near(equal.entropy_bits, 2.0);
    assert_eq!((equal.theil, equal.gini), (0.0, 0.0));

    let single = concentration(&[0.0, 7.0, 0.0, 0.0], &options).unwrap();
    assert_eq!((single.hhi, single.hhi_normalised, single.entropy_bits), (1.0, Some(1.0), 0.0));
    near(single.theil, 4f64.ln());
    near(single.gini, 0.75);
    // One line only: nothing to normalise by.
    let line = concentration(&[7.0], &options).unwrap();
    assert_eq!((line.hhi_normalised, line.hirschman_normalised), (None, None));

    // Shares 0.6, 0.3, 0.1: H = 0.46, G = (−2·1 + 0·3 + 2·6)/(3·10).
    let c = concentration(&[3.0, 6.0, 1.0], &options).unwrap();
    near(c.hhi, 0.46);
    near(c.gini, 1.0 / 3.0);
    // A declared classification of 5 lines is the same as two zeros more.
    let declared = ConcentrationOptions { lines: Some(5) };
    let five = concentration(&[3.0, 6.0, 1.0], &declared).unwrap();
    assert_eq!(five, concentration(&[3.0, 0.0, 6.0, 1.0, 0.0], &options).unwrap());
    near(five.theil - five.theil_positive, (5.0f64 / 3.0).ln());

    let short = ConcentrationOptions { lines: Some(2) };
    assert!(matches!(concentration(&[1.0; 3], &short), Err(InputError::Setting { .. })));
    assert!(matches!(concentration(&[0.0; 3], &options), Err(InputError::Empty { .. })));
    let nan = concentration(&[1.0, f64::NAN], &options);
    assert!(matches!(nan, Err(InputError::Value { index: 1, .. })));
}

#[test]
fn theil_between_traded_and_not_is_the_extensive_margin() {
    let values = [3.0, 0.0, 6.0, 1.0, 0.0];
    let split = theil_split(&values, &[0, 1, 0, 0, 1]).unwrap();
    let whole = concentration(&values, &ConcentrationOptions::default()).unwrap();
    near(split.between, whole.theil_extensive);
    near(split.within, whole.theil_positive);
    assert_eq!((split.by_group[1], split.weight.as_slice()), (None, [1.0, 0.0].as_slice()));
    assert!(matches!(theil_split(&values, &[0]), Err(InputError::Length { .. })));
}

#[test]
fn advantage_in_its_four_scales() {
    // Totals: places 4 and 12, products 6 and 10, all 16.
    let table = PlaceProduct::new(2, 2, vec![3.0, 1.0, 3.0, 9.0]).unwrap();
    assert_eq!(rca(&table).unwrap().values, [2.0, 0.4, (0.25 / 0.375), 1.2]);
    near(symmetric_rca(&table).unwrap().values[0], 1.0 / 3.0);
    near(normalised_rca(&table).unwrap().values[0], 3.0 / 16.0 - 24.0 / 256.0);
    near(additive_rca(&table).unwrap().values[3], 0.75 - 0.625);
    // Against an outside basket of equal halves.
    assert_eq!(rca_against(&table, &[1.0, 1.0]).unwrap().values, [1.5, 0.5, 0.5, 1.5]);
    assert!(matches!(rca_against(&table, &[1.0]), Err(InputError::Length { .. })));
    assert!(matches!(rca_against(&table, &[0.0, 0.0]), Err(InputError::Empty { .. })));
    assert!(matches!(rca_against(&table, &[1.0, -1.0]), Err(InputError::Value { .. })));

    let gaps = PlaceProduct::new(2, 2, vec![3.0, 0.0, 0.0, 0.0]).unwrap();
    let r = rca(&gaps).unwrap();
    assert_eq!(
        (r.empty_places.as_slice(), r.empty_products.as_slice()),
        ([1].as_slice(), [1].as_slice())
    );
    assert_eq!(r.values, [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(r.notes.len(), 2);
    let empty = PlaceProduct::new(1, 2, vec![0.0; 2]).unwrap();
    assert!(matches!(rca(&empty), Err(InputError::Empty { .. })));
    // A table made by hand, past its constructor, is checked again.
    let negative = PlaceProduct { places: 1, products: 2, values: vec![1.0, -1.0] };
    assert!(matches!(rca(&negative), Err(InputError::Value { index: 1, .. })));

    // Baskets (3/4, 1/4) and (1/4, 3/4) against (3/8, 5/8); the empty place has none.
    let table = PlaceProduct::new(3, 2, vec![3.0, 1.0, 3.0, 9.0, 0.0, 0.0]).unwrap();
    let s = specialisation(&table).unwrap();
    near(s[0].unwrap().krugman, 0.75);
    near(s[0].unwrap().specialisation_coefficient, 0.375);
    near(s[0].unwrap().lq_weighted_mean, 0.75 * 2.0 + 0.25 * 0.4);
    assert!(s[2].is_none());
}
