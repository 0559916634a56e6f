//! The commands of docs/replications give the published digits, and the tables there are theirs.
//!
//! A page holds commands and, after them, a table between `<!-- table NAME -->` and `<!-- end -->`.
//! Here stand the published digits. The test runs the commands, compares digit by digit, and holds
//! the table on the page to what came out; with `EMPORION_REWRITE=1` it writes the tables instead.
//! Data beside the checkout; without it the test says so and ends, and fails under
//! `EMPORION_REFERENCE=required`.

mod common;

use std::path::Path;

use common::Desk;
use common::pages::{agreed, commands, hold, page_text, reference, section};
use emporion_tables::{Table, Values};

/// One estimation: what was printed for it, as printed; an empty error was not printed.
struct Printed {
    column: &'static str,
    terms: &'static [(&'static str, &'static str, &'static str)],
    n: usize,
}

/// Where the numbers of a table stand in the JSON of an estimate.
#[derive(Clone, Copy)]
struct Keys {
    part: &'static str,
    coefficient: &'static str,
    error: &'static str,
}

const ESTIMATED: Keys = Keys { part: "rows", coefficient: "coefficient", error: "standard_error" };
/// After the Weidner–Zylkin correction; a term `bias of x` is the bias of `x`, beside its error
/// before the adjustment.
const CORRECTED: Keys = Keys { part: "bias", coefficient: "corrected", error: "adjusted_error" };
const BIAS: Keys = Keys { part: "bias", coefficient: "bias", error: "unadjusted_error" };

/// Runs each command above a table, compares, and holds the page to the outcome.
fn check(page: &str, desk: &Desk, tables: &[(&str, Keys, &[Printed])]) {
    for (name, keys, printed) in tables {
        let commands = commands(&section(&page_text(page), page, name));
        assert_eq!(commands.len(), printed.len(), "{page}, {name}: one command for each column");
        let mut table = "| column | term | printed | emporion | printed error | emporion |\n\
                         | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
        for (command, printed) in commands.iter().zip(*printed) {
            table.push_str(&compare(&format!("{page}: {command}"), desk, command, *keys, printed));
        }
        hold(page, name, &table);
    }
}

/// The rows of the table for one command.
fn compare(place: &str, desk: &Desk, command: &str, keys: Keys, printed: &Printed) -> String {
    let json = desk.line(&format!("{command} --format json")).json();
    assert_eq!(json["summary"]["n"], printed.n, "{place}");
    let mut out = String::new();
    for (term, coefficient, error) in printed.terms {
        let (name, keys) = match term.strip_prefix("bias of ") {
            Some(name) => (name, BIAS),
            None => (*term, keys),
        };
        let rows = json[keys.part].as_array().expect(keys.part);
        let row = rows.iter().find(|row| row["term"] == name);
        let row = row.unwrap_or_else(|| panic!("{place}: no {term}"));
        let number = |key: &str| row[key].as_f64().expect("a number");
        let coefficient = agreed(place, term, coefficient, number(keys.coefficient));
        let error = agreed(place, term, error, number(keys.error));
        out.push_str(&format!(
            "| {} | {term} | {} | {} | {} | {} |\n",
            printed.column, coefficient.0, coefficient.1, error.0, error.1
        ));
    }
    out.push_str(&format!("| {} | N | | {} | | |\n", printed.column, printed.n));
    out
}

fn copied(folder: &Path, file: &str) -> Desk {
    let desk = Desk::new();
    std::fs::copy(folder.join(file), desk.file(file)).expect(file);
    desk
}

#[test]
fn the_log_of_gravity() {
    let Some(folder) = reference("estimate/data") else { return };
    let desk = copied(&folder, "log_of_gravity.parquet");
    let positive = Printed {
        column: "PPML, trade > 0",
        terms: &[
            ("(Intercept)", "-31.530", ""),
            ("lypex", "0.721", ""),
            ("lypim", "0.732", ""),
            ("lyex", "0.154", ""),
            ("lyim", "0.133", ""),
            ("ldist", "-0.776", ""),
            ("border", "0.202", ""),
            ("comlang", "0.751", ""),
            ("colony", "0.020", ""),
            ("landl_ex", "-0.872", ""),
            ("landl_im", "-0.703", ""),
            ("lremot_ex", "0.647", ""),
            ("lremot_im", "0.549", ""),
            ("comfrt_wto", "0.179", ""),
            ("open_wto", "-0.139", ""),
        ],
        n: 9613,
    };
    let all = Printed {
        column: "PPML",
        terms: &[
            ("(Intercept)", "-32.326", ""),
            ("lypex", "0.732", ""),
            ("lypim", "0.741", ""),
            ("lyex", "0.157", ""),
            ("lyim", "0.135", ""),
            ("ldist", "-0.784", ""),
            ("border", "0.193", ""),
            ("comlang", "0.746", ""),
            ("colony", "0.025", ""),
            ("landl_ex", "-0.863", ""),
            ("landl_im", "-0.696", ""),
            ("lremot_ex", "0.660", ""),
            ("lremot_im", "0.562", ""),
            ("comfrt_wto", "0.181", ""),
            ("open_wto", "-0.107", ""),
        ],
        n: 18360,
    };
    let effects = Printed {
        column: "PPML, effects",
        terms: &[
            ("ldist", "-0.750038868", "0.0406082"),
            ("border", "0.369777765", "0.0906712"),
            ("comlang", "0.382876644", "0.0930334"),
            ("colony", "0.0788083703", "0.1336970"),
            ("comfrt_wto", "0.376233004", "0.0768260"),
        ],
        n: 18360,
    };
    check(
        "log-of-gravity.md",
        &desk,
        &[("3", ESTIMATED, &[positive, all]), ("5", ESTIMATED, &[effects])],
    );
}

/// The panel of the guide with two columns that its commands create: 1 for a flow across a border,
/// and the place of a domestic flow.
fn agtpa(folder: &Path) -> Desk {
    const YEARS: [f64; 6] = [1986.0, 1990.0, 1994.0, 1998.0, 2002.0, 2006.0];
    let table = Table::read(&folder.join("agtpa.parquet")).expect("agtpa.parquet");
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    let mut text = format!("{},brdr,home\n", names.join(","));
    for row in 0..table.rows() {
        if !table.number("year", row).is_some_and(|year| YEARS.contains(&year)) {
            continue;
        }
        for column in table.columns() {
            match &column.values {
                Values::Number(values) => text.push_str(&values[row].to_string()),
                Values::Text { .. } => {
                    text.push_str(table.text(&column.name, row).unwrap_or_default());
                }
            }
            text.push(',');
        }
        let place = |column| table.text(column, row).expect("a place");
        let (exporter, importer) = (place("exporter"), place("importer"));
        let abroad = exporter != importer;
        text.push_str(if abroad { "1,inter" } else { "0," });
        text.push_str(if abroad { "" } else { exporter });
        text.push('\n');
    }
    let desk = Desk::new();
    desk.write("agtpa.csv", &text);
    desk
}

#[test]
fn the_advanced_guide() {
    let Some(folder) = reference("estimate/data") else { return };
    let desk = agtpa(&folder);
    let traditional = [
        Printed {
            column: "(3) OLS",
            terms: &[
                ("log(dist)", "-1.2156", ""),
                ("cntg", "0.2232", ""),
                ("lang", "0.6609", ""),
                ("clny", "0.6705", ""),
            ],
            n: 25689,
        },
        Printed {
            column: "(4) PPML",
            terms: &[
                ("log(dist)", "-0.8409", "0.0317"),
                ("cntg", "0.4374", "0.0832"),
                ("lang", "0.2475", "0.0765"),
                ("clny", "-0.2225", "0.1162"),
            ],
            n: 28152,
        },
    ];
    let agreements = [
        Printed {
            column: "(1) OLS",
            terms: &[
                ("log(dist)", "-1.2159", ""),
                ("cntg", "0.2230", ""),
                ("lang", "0.6607", ""),
                ("clny", "0.6705", ""),
                ("rta", "-0.0044", ""),
            ],
            n: 25689,
        },
        Printed {
            column: "(2) PPML",
            terms: &[
                ("log(dist)", "-0.8216", "0.0310"),
                ("cntg", "0.4155", "0.0828"),
                ("lang", "0.2499", "0.0767"),
                ("clny", "-0.2054", "0.1143"),
                ("rta", "0.1907", "0.0658"),
            ],
            n: 28152,
        },
        Printed {
            column: "(3) domestic flows",
            terms: &[
                ("log(dist)", "-0.8003", "0.0303"),
                ("cntg", "0.3932", "0.0789"),
                ("lang", "0.2437", "0.0771"),
                ("clny", "-0.1822", "0.1134"),
                ("rta", "0.4085", "0.0688"),
            ],
            n: 28566,
        },
        Printed { column: "(4) pairs", terms: &[("rta", "0.5571853", "0.1022")], n: 28482 },
        Printed {
            column: "(5) lead",
            terms: &[("rta", "0.5200", "0.0859"), ("rta_lead4", "0.0774", "0.0921")],
            n: 28482,
        },
        Printed {
            column: "(6) lags",
            terms: &[
                ("rta", "0.2914", "0.0892"),
                ("rta_lag4", "0.4135", "0.0672"),
                ("rta_lag8", "0.1687", "0.0431"),
                ("rta_lag12", "0.1189", "0.0301"),
            ],
            n: 28482,
        },
        Printed {
            column: "(7) globalisation",
            terms: &[
                ("rta", "0.1157", "0.0867"),
                ("rta_lag4", "0.2877", "0.0617"),
                ("rta_lag8", "0.0693", "0.0482"),
                ("rta_lag12", "0.0024", "0.0291"),
                ("year::1986:brdr", "-0.7056", "0.0478"),
                ("year::1990:brdr", "-0.4803", "0.0429"),
                ("year::1994:brdr", "-0.3665", "0.0335"),
                ("year::1998:brdr", "-0.1581", "0.0233"),
                ("year::2002:brdr", "-0.1409", "0.0169"),
            ],
            n: 28482,
        },
    ];
    let borders = [
        Printed {
            column: "without borders",
            terms: &[
                ("log(dist)", "-0.7912879", "0.0501494"),
                ("cntg", "0.6736456", "0.1073719"),
                ("brdr", "-2.47445", "0.1193816"),
            ],
            n: 4761,
        },
        Printed { column: "agreements", terms: &[("rta", "0.5571853", "0.055771")], n: 28482 },
    ];
    check(
        "advanced-guide.md",
        &desk,
        &[
            ("1.1", ESTIMATED, &traditional),
            ("1.3", ESTIMATED, &agreements),
            ("2", ESTIMATED, &borders),
        ],
    );
}

#[test]
fn the_bias_example() {
    let Some(folder) = reference("estimate/data") else { return };
    let desk = copied(&folder, "fe_bias.parquet");
    let printed = [
        Printed {
            column: "two-way",
            terms: &[
                ("ln_distw", "-0.582689", "0.0372778"),
                ("contig", "0.3690149", "0.0600966"),
                ("colony", "-0.0874526", "0.088801"),
                ("comlang_off", "0.0535707", "0.0628885"),
                ("comleg", "0.2485195", "0.0411242"),
                ("fta", "0.854074", "0.0748473"),
            ],
            n: 20800,
        },
        Printed { column: "three-way", terms: &[("fta", "0.178029", "0.0350079")], n: 20600 },
    ];
    let corrected = [
        Printed {
            column: "two-way",
            terms: &[
                ("ln_distw", "-0.582689", "0.0463104"),
                ("contig", "0.3690149", "0.0734243"),
                ("colony", "-0.0874526", "0.1115109"),
                ("comlang_off", "0.0535707", "0.076557"),
                ("comleg", "0.2485195", "0.0490544"),
                ("fta", "0.854074", "0.0908957"),
            ],
            n: 20800,
        },
        Printed {
            column: "three-way",
            terms: &[
                // Two digits fewer than printed: the page says why.
                ("bias of fta", "0.00765675", "0.0350079"),
                ("fta", "0.1703722", "0.0419558558"),
            ],
            n: 20600,
        },
    ];
    check(
        "ppml-fe-bias.md",
        &desk,
        &[("unadjusted", ESTIMATED, &printed), ("corrected", CORRECTED, &corrected)],
    );
}

#[test]
fn the_introduction_of_fixest() {
    let Some(folder) = reference("estimate/data") else { return };
    let desk = copied(&folder, "fixest_trade.parquet");
    let printed = [Printed {
        column: "four effects",
        terms: &[("log(dist_km)", "-1.52787", "0.115678")],
        n: 38325,
    }];
    check("fixest-introduction.md", &desk, &[("effects", ESTIMATED, &printed)]);
}
