//! Runs, shares by year, ranks and constant prices by hand, through the command line.

mod common;

use common::Desk;

/// Rounding of a handful of operations on numbers of order 100.
const ROUNDING: f64 = 1e-12;

#[track_caller]
fn near(value: &serde_json::Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() <= ROUNDING * expected.abs().max(1.0), "{value} {expected}");
}

/// Two sellers over five years, one of which has no rows.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.write(
        "t.csv",
        "origin,destination,year,value,unit\n\
         A,W,2018,50,USD mn\nB,W,2018,50,USD mn\nA,W,2019,60,USD mn\nB,W,2019,40,USD mn\n\
         A,W,2021,75,USD mn\nB,W,2021,100,USD mn\nA,W,2022,80,USD mn\n",
    );
    desk.write("p.csv", "year,index\n2018,80\n2019,100\n2021,100\n2022,160\n");
    desk.write("e.csv", "year,rate\n2018,2\n2019,4\n2021,4\n2022,5\n");
    desk
}

#[test]
fn the_longest_runs() {
    let desk = desk();
    let json = desk.line("measure run t.csv --where origin=A --format json").json();
    assert_eq!(json["summary"]["first"], 2018);
    assert_eq!(json["summary"]["steps"], 1);
    assert_eq!(json["summary"]["equally_long"], 2);
    assert_eq!(json["summary"]["gaps"], "2020");
    let json = desk.line("measure run t.csv --where origin=A --of records --format json").json();
    assert_eq!(json["summary"]["first"], 2021);
    assert_eq!(json["summary"]["last"], 2022);
    assert_eq!(json["summary"]["steps"], 2);
    desk.line("measure run t.csv --where year=2018").refused(1, &["at least two years"]);
}

#[test]
fn shares_by_year() {
    let desk = desk();
    let json = desk.line("measure shares t.csv --group A,B --format json").json();
    assert_eq!(json["rows"][3]["share"], serde_json::Value::Null);
    assert_eq!(json["rows"][3]["missing_members"], "B");
    let json = desk.line("measure shares t.csv --group B --format json").json();
    near(&json["rows"][0]["share"], 50.0);
    near(&json["rows"][1]["share"], 40.0);
    near(&json["rows"][1]["change"], -10.0);
    near(&json["rows"][2]["share"], 100.0 * 100.0 / 175.0);
    assert_eq!(json["rows"][2]["change"], serde_json::Value::Null);
    assert_eq!(json["summary"]["gaps"], "2020");

    desk.line("measure shares t.csv").refused(2, &["--group"]);
    desk.line("measure shares t.csv --group X").refused(1, &["X"]);
    desk.line("measure shares t.csv --parent A").refused(1, &["table of places"]);
    desk.line("measure shares world-2022 --parent NOWHERE").refused(1, &["NOWHERE", "parent"]);
}

#[test]
fn ranks_in_two_years() {
    let desk = desk();
    let line = "measure ranks t.csv --by origin --from 2019 --to 2021 --format json";
    let json = desk.line(line).json();
    assert_eq!(json["rows"][0]["origin"], "B");
    assert_eq!(json["rows"][0]["rank_before"], 2);
    assert_eq!(json["rows"][0]["gained"], 1);
    assert_eq!(json["rows"][1]["gained"], -1);
    let line = "measure ranks t.csv --by origin --from 2021 --to 2022 --format json";
    let json = desk.line(line).json();
    assert_eq!(json["rows"][0]["rank_before"], 1);
    assert_eq!(json["rows"][1]["rank_before"], serde_json::Value::Null);
    assert_eq!(json["summary"]["one_year_only"], 1);
    let json = desk.line(&format!("{line} --each-year")).json();
    assert_eq!(json["rows"][0]["rank_before"], 2);
    desk.line("measure ranks t.csv --by origin --from 2018 --to 2020")
        .refused(1, &["2020", "2019"]);
}

#[test]
fn constant_prices() {
    let desk = desk();
    let line = "measure constant-prices t.csv --deflator p.csv --base 2018 --format json";
    let json = desk.line(line).json();
    near(&json["rows"][1]["current"], 100.0);
    near(&json["rows"][1]["constant"], 80.0);
    near(&json["rows"][1]["price_index"], 125.0);
    near(&json["rows"][1]["volume_index"], 80.0);
    near(&json["rows"][1]["volume_growth"], -20.0);
    near(&json["rows"][2]["constant"], 140.0);
    assert_eq!(json["rows"][2]["volume_growth"], serde_json::Value::Null);
    assert_eq!(json["summary"]["gaps"], "the series: 2020");
    assert_eq!(json["units"]["rows"]["constant"], "USD mn at prices of 2018");

    // Two rates: 100 at 2 old units per new one are 50; with the rate of 2018 throughout, 2019 too.
    let line = "measure constant-prices t.csv --rates e.csv --quote old-per-new --base 2018 \
                --format json --unit EUR";
    near(&desk.line(line).json()["rows"][1]["current"], 25.0);
    let fixed = desk.line(&format!("{line} --constant-rate")).json();
    near(&fixed["rows"][1]["current"], 50.0);
    assert_eq!(fixed["units"]["rows"]["constant"], "EUR at the rates of 2018");
    // Rates say nothing of prices.
    let json = desk.line(line).json();
    assert_eq!(json["units"]["rows"]["constant"], "EUR");
    assert_eq!(json["summary"]["unit"], "EUR");
    near(&json["rows"][1]["value_index"], 50.0);
    for name in ["price_index", "volume_index", "volume_growth"] {
        assert!(json["rows"][1][name].is_null(), "{name}");
    }
    assert!(json["notes"].to_string().contains("no_deflator"));
    let line = line.replace("old-per-new", "new-per-old");
    near(&desk.line(&line).json()["rows"][1]["current"], 400.0);

    // An index for each place, and parts deflated one by one: 60/1.5 + 40/2.
    desk.write("pp.csv", "year,place,index\n2018,A,100\n2018,B,100\n2019,A,150\n2019,B,200\n");
    let line = "measure constant-prices t.csv --deflator pp.csv --base 2018 --format json \
                --where year=2018..2019";
    let json = desk.line(line).json();
    near(&json["rows"][1]["constant"], 60.0);
    near(&json["rows"][1]["price_index"], 100.0 * 100.0 / 60.0);
}

#[test]
fn a_deflator_with_holes_is_refused() {
    let desk = desk();
    let measure = "measure constant-prices t.csv --base 2018";
    desk.write("hole.csv", "year,index\n2018,80\n2019,100\n2022,160\n");
    desk.line(&format!("{measure} --deflator hole.csv"))
        .refused(1, &["hole.csv has no index for 2021", "2018, 2019, 2022"]);
    desk.line("measure constant-prices t.csv --base 2017 --deflator p.csv").refused(1, &["2017"]);
    desk.write("twice.csv", "year,index\n2018,80\n2018,90\n");
    desk.line(&format!("{measure} --deflator twice.csv")).refused(1, &["twice.csv", "one row"]);
    desk.write("zero.csv", "year,index\n2018,0\n");
    desk.line(&format!("{measure} --deflator zero.csv")).refused(1, &["above zero"]);
    desk.write("other.csv", "year,place,index\n2018,A,1\n2018,B,1\n2019,A,1\n");
    desk.line(&format!("{measure} --deflator other.csv --where year=2018..2019"))
        .refused(1, &["\"B\"", "2019"]);
    desk.line(&format!("{measure} --deflator e.csv")).refused(1, &["index"]);
    desk.line(&format!("{measure} --rates e.csv")).refused(2, &["--quote"]);
    desk.line(measure).refused(2, &["--deflator"]);
}

#[test]
fn rounding_makes_no_record_and_gaps_are_told() {
    let desk = Desk::new();
    let json = |line: &str| desk.line(&format!("measure {line} --format json")).json();
    let head = "origin,destination,year,value\n";
    desk.write("sum.csv", &format!("{head}A,B,2010,0.1\nC,B,2010,0.2\nA,B,2011,0.3\n"));
    let tied = json("record sum.csv --year 2011");
    assert_eq!(tied["summary"]["verdict"], "tied");
    assert!(tied["notes"].to_string().contains("2011, and its total leaves them out"));
    desk.write("grow.csv", &format!("{head}A,B,2009,0.3\nA,B,2010,0.1\nC,B,2010,0.2\n"));
    assert_eq!(json("run grow.csv")["summary"]["steps"], 0);
    desk.write(
        "rank.csv",
        &format!("{head}A,B,2010,0.1\nA,D,2010,0.2\nC,B,2010,0.3\nA,B,2011,1\nC,B,2011,1\n"),
    );
    let ranks = json("ranks rank.csv --by origin --from 2010 --to 2011");
    assert!(ranks["rows"].as_array().unwrap().iter().all(|row| row["rank_before"] == 1));
    let gap = format!("{head}A,B,2010,\nA,B,2011,5\nA,B,2012,6\n");
    desk.write("gap.csv", &gap);
    let found = json("record gap.csv --year 2012");
    assert_eq!(found["summary"]["gaps"], "2010");
    assert!(found["notes"].to_string().contains("missing_value"));
    desk.line("measure record gap.csv --year 2010").refused(1, &["2010", "--missing-as-zero"]);
    assert_eq!(json("run gap.csv --missing-as-zero")["summary"]["steps"], 2);
    desk.write("two.csv", &format!("{head}A,B,2010,1\nA,B,2010,8\nA,B,2011,5\n"));
    assert!(json("record two.csv --year 2011")["notes"].to_string().contains("several_figures"));
    desk.line("measure ranks rank.csv --by origin --from 2010 --to 2010")
        .refused(1, &["two years"]);
    desk.write("prices.csv", "year,origin,index\n2010,A,100\n2011,A,110\n");
    desk.line("measure constant-prices rank.csv --base 2010 --deflator prices.csv")
        .refused(1, &["prices.csv", "origin", "rename the column"]);
}
