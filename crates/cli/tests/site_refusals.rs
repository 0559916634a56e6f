//! `site`: what has no answer is refused by name, for each problem.

mod common;

use common::Desk;

/// The problems that are given a number of centres.
const NUMBERED: [&str; 6] = [
    "",
    "--plans 2",
    "--problem p-center",
    "--problem max-cover --radius 900",
    "--problem capture --logit 0.01 --outside 1",
    "--weight people --beta 0.2 --decay 200",
];

/// Those that find it themselves.
const UNNUMBERED: [&str; 3] = [
    "--problem set-cover --radius 900",
    "--problem facility --opening 3",
    "--problem facility --opening 3 --capacity 9",
];

#[test]
fn more_centres_than_sites_are_refused() {
    let desk = Desk::new();
    for problem in NUMBERED {
        for (p, words) in [
            ("--p 4", &["got 4", "expected 1 to 3"][..]),
            ("--p 0", &["got 0", "expected 1 to 3"]),
            ("--p 3 --never Minsk", &["got 3", "expected 1 to 2"]),
            ("--add 3 --keep Minsk", &["got 4", "expected 1 to 3"]),
        ] {
            desk.line(&format!("site towns.csv {problem} {p}")).refused(1, words);
        }
        desk.line(&format!("site towns.csv {problem} --p 1 --keep Minsk,Brest"))
            .refused(1, &["--p 1", "2 are kept"]);
    }
}

#[test]
fn contradictions_are_refused() {
    let desk = Desk::new();
    let numbered = NUMBERED.iter().map(|problem| format!("{problem} --p 2"));
    let all = numbered.chain(UNNUMBERED.iter().map(|problem| (*problem).to_owned()));
    for problem in all {
        desk.line(&format!("site towns.csv {problem} --keep Minsk --never Minsk"))
            .refused(1, &["Minsk is both to be kept and never"]);
        desk.line(&format!("site towns.csv {problem} --keep Pinsk"))
            .refused(1, &["--keep Pinsk: there is no such site", "Minsk"]);
        desk.write("rules.txt", "never Pinsk\n");
        desk.line(&format!("site towns.csv {problem} --rules rules.txt"))
            .refused(1, &["rules.txt, line 1", "Pinsk"]);
        if !problem.contains("--p 2") {
            desk.line(&format!("site towns.csv {problem} --never Minsk,Brest,Gomel"))
                .refused(1, &["forbidden"]);
        }
    }
    // The same site twice is one site.
    desk.line("site towns.csv --keep Minsk,Minsk --p 1").ok();
    for (rules, words) in [
        ("at least 2 of Minsk, Brest\nat most 1 of Minsk, Brest\n", &["at least 2 of Minsk"][..]),
        ("at least 3 of Minsk, Brest, Gomel\n", &["at least 3"]),
        ("keep Minsk\nnever Minsk\n", &["Minsk is both to be kept and never"]),
    ] {
        desk.write("rules.txt", rules);
        desk.line("site towns.csv --p 2 --rules rules.txt").refused(1, words);
    }
}

#[test]
fn customers_that_nobody_reaches_are_named() {
    let desk = Desk::new();
    for problem in
        ["--problem set-cover --radius 10", "--problem set-cover --radius 100 --opening 2"]
    {
        desk.line(&format!("site towns.csv {problem} --never Minsk"))
            .refused(1, &["Minsk", "farther than", "--radius"]);
    }
    for radius in ["-1", "NaN"] {
        for problem in ["set-cover", "max-cover --p 1"] {
            desk.line(&format!("site towns.csv --problem {problem} --radius {radius}"))
                .refused(1, &["radius", radius]);
        }
    }
    // No way, no pair: a distance is not made up.
    desk.write("roads.csv", "from,to,length\nMinsk,Brest,350\n");
    for problem in NUMBERED.iter().map(|p| format!("{p} --p 1")).chain(UNNUMBERED.map(String::from))
    {
        desk.line(&format!("site towns.csv {problem} --roads roads.csv"))
            .refused(1, &["roads.csv", "Gomel"]);
    }
}

#[test]
fn weights_and_costs_that_mean_nothing_are_refused() {
    let desk = Desk::new();
    for bad in ["-5", "NaN", "inf", "1e400", "many", ""] {
        desk.write(
            "bad.csv",
            &format!("id,lat,lon,people\nMinsk,53.9,27.6,9\nBrest,52.1,23.7,{bad}\n"),
        );
        for problem in NUMBERED {
            let problem = problem.replace("--weight people", "");
            desk.line(&format!("site bad.csv --weight people {problem} --p 1"))
                .refused(1, &["bad.csv, line 3", "Brest"]);
        }
        for what in ["--opening people", "--opening 1 --capacity people"] {
            desk.line(&format!("site bad.csv --problem facility {what}")).refused(1, &["Brest"]);
        }
        desk.write("bad.csv", &format!("from,to,cost\nA,X,1\nB,X,{bad}\n"));
        desk.line("site bad.csv --p 1").refused(1, &["bad.csv, line 3"]);
        desk.write("weights.csv", &format!("id,weight\nX,2\nY,{bad}\n"));
        desk.line("site costs.csv --p 1 --weights weights.csv").refused(1, &["weights.csv", "Y"]);
    }
    desk.write("bad.csv", "id,lat,lon,people\nMinsk,53.9,27.6,0\nBrest,52.1,23.7,0\n");
    desk.line("site bad.csv --weight people --p 1").refused(1, &["zero"]);
}

#[test]
fn a_capacity_that_cannot_serve_is_refused() {
    let desk = Desk::new();
    let facility = "site towns.csv --weight people --problem facility --opening 1";
    desk.line(&format!("{facility} --capacity 900")).refused(1, &["2700", "2840"]);
    // Enough in all, too little where it may open.
    desk.line(&format!("{facility} --capacity 1500 --never Minsk,Brest"))
        .refused(1, &["1500", "2840"]);
    desk.line(&format!("{facility} --capacity -1")).refused(1, &["capacity", "-1"]);
    desk.line("site towns.csv --problem facility --opening -1").refused(1, &["opening", "-1"]);
    desk.line(&format!("{facility} --capacity 1000")).ok();
}

#[test]
fn what_would_be_settled_twice_or_for_nobody_is_refused() {
    let desk = Desk::new();
    desk.write("m.csv", "from,to,cost\na,x,1\na,y,4\nb,x,3\nb,y,1\n");
    for (rules, words) in [
        ("cost 1 each\nbudget 9\nbudget 3\n", &["line 3", "line 2 says it already"][..]),
        ("cost a 1\ncost b, a 2\nbudget 9\n", &["line 2", "line 1 says it already"]),
        ("cost 5 each\ncost 1 each\nbudget 9\n", &["line 2", "cost 1 each"]),
    ] {
        desk.write("rules.txt", rules);
        desk.line("site m.csv --p 1 --rules rules.txt").refused(1, words);
    }
    // A mark of the byte order is no part of a rule.
    desk.write("rules.txt", "\u{feff}never a\n");
    desk.line("site m.csv --p 1 --rules rules.txt").ok();
    for (weights, words) in [
        ("id,weight\nx,1\ny,1\nx,3\n", &["line 4", "one row for each customer"][..]),
        ("id,weight\nx,1\ny,1\nq,3\n", &["line 4", "customers of the matrix"]),
    ] {
        desk.write("w.csv", weights);
        desk.line("site m.csv --p 1 --weights w.csv").refused(1, words);
    }
    desk.line("site m.csv --p 1 --weight people").refused(1, &["--weights FILE"]);
    desk.line(&format!("site m.csv --keep a --add {}", usize::MAX)).refused(1, &["not so many"]);
}

#[test]
fn refusals_name_the_line_and_the_place() {
    let desk = Desk::new();
    for (rules, words) in [
        ("never Gomel\nkeep Pinsk\n", &["rules.txt, line 2", "\"Pinsk\"", "Minsk"][..]),
        ("# none\nnever Pinsk\n", &["rules.txt, line 2", "\"Pinsk\""]),
        ("not both Minsk, Pinsk\n", &["rules.txt, line 1", "\"Pinsk\""]),
        ("at most 1 of Minsk, Pinsk\n", &["rules.txt, line 1", "\"Pinsk\""]),
        ("budget 9\ncost Pinsk 4\n", &["rules.txt, line 2", "\"Pinsk\""]),
        ("keep Minsk\nnever Minsk\n", &["off the lines of rules.txt"]),
        ("keep Minsk, Brest\nnot both Minsk, Brest\n", &["but Minsk, Brest are kept"]),
        ("keep Minsk\nat most 0 of Minsk, Brest\n", &["but Minsk is kept"]),
        ("budget 9\ncost Brest 1e200\ncost 1 each\n", &["opening costs of Brest: 1e200"]),
        ("budget 1\ncost 2 each\n", &["budget 1 does not pay 2 open sites: 4 is the least"]),
    ] {
        desk.write("rules.txt", rules);
        desk.line("site towns.csv --p 2 --rules rules.txt").refused(1, words);
    }
    // Where no number of centres is asked for, no number is blamed.
    desk.write("rules.txt", "at most 0 of Minsk, Brest, Gomel\n");
    for problem in UNNUMBERED {
        let run = desk.line(&format!("site towns.csv {problem} --rules rules.txt"));
        assert!(!run.err.contains("p = "), "{}", run.err);
        run.refused(1, &["leave no site to open; allow one at least"]);
    }
    desk.write("rules.txt", "not both Minsk, Brest\n");
    desk.line(
        "site towns.csv --problem max-cover --radius 9 --p 2 --keep Minsk,Brest --rules rules.txt",
    )
    .refused(1, &["Minsk, Brest are kept"]);
    desk.line("site towns.csv --problem facility --opening -1")
        .refused(1, &["opening costs of Minsk: -1 is not allowed"]);
    desk.write("high.csv", "id,lat,lon\nMinsk,53.9,27.6\nBrest,91,23.7\n");
    desk.line("site high.csv --p 1")
        .refused(1, &["high.csv, line 3", "\"Brest\"", "latitude: got 91"]);
    for problem in ["--huff 1 --least-distance 5", "--logit 0.01"] {
        desk.write("rivals.csv", "id,lat,lon\nshop,53,27\nkiosk,53,1e9\n");
        desk.line(&format!("site towns.csv --p 1 --problem capture {problem} --rivals rivals.csv"))
            .refused(1, &["rivals.csv, line 3", "\"kiosk\"", "longitude"]);
    }
    desk.write("m.csv", "from,to,cost,unit\na,x,1,km\na,y,4,km\nb,x,3,km\n");
    desk.write("where.csv", "id,lat,lon\na,1,1\nb,1,1\nx,1,1\ny,95,1\n");
    desk.line("site m.csv --p 1 --fallback great-circle --about where.csv")
        .refused(1, &["where.csv, line 5", "\"y\"", "latitude"]);
    desk.write("w.csv", "id,weight\nx,1\ny,-3\n");
    desk.line("site m.csv --p 1 --fallback 5 --weights w.csv")
        .refused(1, &["w.csv, line 3", "-3", "a weight of 0 or more for y"]);
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let desk = Desk::new();
    desk.write("w.csv", "id,weight,people\nMinsk,1,1\nBrest,1,1\nGomel,1,1\n");
    for (idle, word) in [
        ("--about w.csv", "--about"),
        ("--absent zero", "--absent"),
        ("--weights w.csv", "--weights"),
        ("--problem facility --opening 3 --capacity 9 --about w.csv", "--about"),
    ] {
        let p = if idle.contains("facility") { "" } else { "--p 1" };
        desk.line(&format!("site towns.csv {p} {idle}")).refused(1, &[word, "leave it out"]);
    }
    desk.line("site towns.csv --problem facility --opening people --about w.csv").ok();
    desk.write("rules.txt", "at most 1 with people = 1\n");
    desk.line("site towns.csv --p 1 --rules rules.txt --about w.csv").ok();
    desk.write("plan.json", &desk.line("site towns.csv --p 1 --format json").ok());
    desk.line("site --check plan.json").ok();
    for idle in [
        "--p 1",
        "--add 1",
        "--rules rules.txt",
        "--plans 2",
        "--radius 9",
        "--curve",
        "--what-if",
        "--keep Minsk",
        "--never Minsk",
        "--opening 3",
        "--weight people",
        "--kind region",
        "--unit km",
        "--exporter A",
        "--absent zero",
        "--beta 1",
        "--logit 1",
        "--about w.csv",
    ] {
        let option = idle.split(' ').next().unwrap();
        desk.line(&format!("site --check plan.json {idle}"))
            .refused(1, &["--check", &format!("leave {option} out")]);
    }
    // Also where it says what goes without saying.
    for problem in ["p-median", "p-center"] {
        desk.line(&format!("site --check plan.json --problem {problem}"))
            .refused(2, &["--check", "--problem"]);
    }
}

#[test]
fn one_is_one() {
    let desk = Desk::new();
    let capture = "site towns.csv --problem capture --logit 0.01 --outside 1";
    assert!(desk.line(&format!("{capture} --p 1")).ok().starts_with("1 centre that wins "));
    assert!(desk.line(&format!("{capture} --p 2")).ok().starts_with("2 centres that win "));
    desk.write("gap.csv", "id,lat,lon,people\nMinsk,53.9,27.6,9\nBrest,52.1,23.7,0\nGomel,,,5\n");
    let notes = desk.line("site gap.csv --weight people --p 1 --format json").json();
    let said = notes["notes"].to_string();
    assert!(said.contains("\"1 place left out") && said.contains("\"1 customer of"), "{said}");
}

#[test]
fn what_is_no_number_is_shown_with_its_place() {
    let desk = Desk::new();
    for (cost, words) in [
        ("abc", &["costs.csv, line 3", "abc", "a finite number"][..]),
        ("nan", &["costs.csv, line 3", "a number in column cost"]),
        ("1e300", &["costs.csv, line 3", "1e300", "at most 1e120"]),
        ("", &["costs.csv, line 3", "fill in the row"]),
    ] {
        desk.write("costs.csv", &format!("from,to,cost\na,x,1\nb,x,{cost}\nc,x,3\n"));
        desk.line("site costs.csv --p 1").refused(1, words);
    }
    desk.write("costs.csv", "from,to,cost\na,x,1\n\" \",x,2\n");
    desk.line("site costs.csv --p 1").refused(1, &["costs.csv, line 3", "a site in column from"]);
    desk.write("costs.csv", "from,to,cost\na,x,1\nb,x,2\n");
    for p in ["0", "3"] {
        desk.line(&format!("site costs.csv --p {p}"))
            .refused(1, &["p, the number of open sites", "expected 1 to 2"]);
    }
    for (rule, words) in [
        ("not both a, a", ["not both a, a", "each site once"]),
        ("budget nan", ["budget nan", "write digits"]),
        ("budget 1,5", ["budget 1,5", "1.5"]),
    ] {
        desk.write("rules.txt", &format!("{rule}\n"));
        desk.line("site costs.csv --p 1 --rules rules.txt").refused(1, &words);
    }
    desk.line("site costs.csv --problem facility --opening rent")
        .refused(1, &["a matrix of costs has no columns", "--about"]);
}
