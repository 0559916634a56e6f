//! Advantage, nearness, income content, entry and exit, and export potential, by hand.

use emporion_brief::render::Brief;

use crate::common::{Mini, labelled};

const HEADER: &str = "flow_id,origin,destination,measure,product,year,period,value,unit,bound,scope,\
                      side,status,source,note\n";

/// M in 2020: AAA has x and y, BBB y and z, CCC z and w; in 2021 AAA has y alone.
const FLOWS: [(&str, &str, &str, i32, i32); 17] = [
    ("AAA", "BBB", "x", 2020, 9),
    ("AAA", "CCC", "y", 2020, 8),
    ("AAA", "BBB", "z", 2020, 7),
    ("AAA", "CCC", "w", 2020, 1),
    ("BBB", "AAA", "y", 2020, 9),
    ("BBB", "CCC", "z", 2020, 9),
    ("BBB", "AAA", "w", 2020, 2),
    ("CCC", "AAA", "z", 2020, 9),
    ("CCC", "BBB", "w", 2020, 9),
    ("AAA", "BBB", "x", 2021, 1),
    ("AAA", "BBB", "y", 2021, 9),
    ("BBB", "AAA", "x", 2021, 9),
    ("BBB", "AAA", "y", 2021, 1),
    ("CCC", "AAA", "x", 2021, 9),
    ("CCC", "AAA", "z", 2021, 9),
    ("AAA", "BBB", "y", 2022, 9),
    ("BBB", "AAA", "x", 2022, 9),
];

fn mini(text: &str) -> Mini {
    let mini = Mini::new(&format!("# Related\n\n{text}\n"));
    let row = |(at, (o, d, product, year, value)): (usize, (&str, &str, &str, i32, i32))| {
        format!("{at},{o},{d},flow,{product},{year},Y,{value},USD mn,=,goods,A,reported,S1,\n")
    };
    let rows: Vec<String> = FLOWS.into_iter().enumerate().map(row).collect();
    mini.put("flows.csv", &format!("{HEADER}{}", rows.concat()));
    mini
}

fn near(brief: &Brief, label: &str, expected: f64) {
    let found = labelled(brief, label).value.unwrap_or_else(|| panic!("{label} is not known"));
    assert!((found - expected).abs() < 1e-12, "{label}: {found}, not {expected}");
}

#[test]
fn numbers_by_hand() {
    let brief = mini(
        "{% for i in rca(exporter=\"AAA\", year=2020) %}{{ i.value }} {% endfor %}\n\
         {{ rca(exporter=\"AAA\", kind=\"lafay\", top=1, year=2020)[0].value }}\n\
         {{ proximity(of=\"x\", kind=\"asymmetric\", top=1, year=2020)[0].value }}\n\
         {% for i in relatedness(exporter=\"CCC\", diagonal=0, year=2020) %}{{ i.value }} {{ i.relative }} {% endfor %}\n\
         {% set c = cross_proximity(first=[\"x\", \"y\"], second=[\"z\", \"w\"], exporter=\"AAA\", year=2020) %}\
         {{ c.pairs[0].value }} {{ c.related[0].value }}\n\
         {% set e = entry_exit(exporter=\"AAA\", from=2020, to=\"2021..2022\") %}{{ e.exits }} {{ e.exit_rate }} {{ e.left[0].after }}\n\
         {% set p = prody(income={\"AAA\": 40, \"BBB\": 30}, year=2020) %}{{ p.products[0].value }} {{ p.products[1].value }} {{ p.places[0].value }} {{ p.notes }}\n",
    )
    .brief();
    // 25, 20 and 18 of 63; x 9, y 17, z 25, w 12.
    near(&brief, "advantage (balassa): Alfa, x", 63.0 / 25.0);
    near(&brief, "advantage (balassa): Alfa, z", (7.0 / 25.0) / (25.0 / 63.0));
    // Exports 25, imports 20: balance 5/45; x sold for 9 and not bought.
    near(&brief, "advantage (lafay): Alfa, x", 100.0 * (9.0 - 9.0 * 5.0 / 45.0) / 45.0);
    near(&brief, "proximity: x and y", 1.0);
    // Around y stand x and z by 1/2 each; CCC has z.
    let gamma = "<script>alert(1)</script>&\"|*C*";
    near(&brief, &format!("density: {gamma}, y"), 0.5);
    near(&brief, &format!("density: {gamma}, x"), 0.0);
    near(&brief, &format!("relative relatedness: {gamma}, y"), 0.5_f64.sqrt());
    near(&brief, "proximity: y and z", 0.5);
    near(&brief, "relatedness: Alfa, z", 1.0);
    near(&brief, "products lost: Alfa", 1.0);
    near(&brief, "exit rate: Alfa", 50.0);
    // After: 1 of 19 of x, and 28 of 56 in all.
    near(&brief, "RCA after, exit: Alfa, x", (1.0 / 19.0) / 0.5);
    near(&brief, "PRODY: x", 40.0);
    let (a, b) = (8.0 / 25.0, 9.0 / 20.0);
    near(&brief, "PRODY: y", (a * 40.0 + b * 30.0) / (a + b));
    assert!(brief.text.contains("1 places without an income are left out"), "{}", brief.text);
}

#[test]
fn the_trade_indices_take_what_the_command_takes() {
    let mini = mini(
        "{{ intra_industry(exporter=\"AAA\", from=2020, to=2021) }}\n\
         {{ decompose(exporter=\"AAA\", from=2020, to=\"2021..2022\", survival=2).change }}\n\
         {% set p = potential(exporter=\"AAA\", by=\"cell\", year=2020, factors=\"growth\", new_products=true) %}\
         {{ p.potential }} {{ p.items[0].demand_growth }} {{ p.new_products[0].density }}\n\
         {{ potential(exporter=\"BBB\", year=2020).potential }}\n",
    );
    mini.put("growth.csv", "destination,demand_growth\nAAA,1\nBBB,2\nCCC,1\n");
    mini.edit(
        "datapackage.json",
        "\"resources\": [",
        "\"resources\": [{\"name\": \"growth\", \"path\": \"growth.csv\"}, ",
    );
    let brief = mini.brief();
    // AAA: x 9 to 1 and bought 0 to 18; y 8 to 9, 9 to 1; z 7 to 0, 9 to 9; w 1 to 0, 2 to 0.
    let parts = [(-8.0, 18.0), (1.0, -8.0), (-7.0, 0.0), (-1.0, -2.0)];
    let parts: [(f64, f64); 4] = parts;
    let weight: f64 = parts.iter().map(|(x, m)| x.abs() + m.abs()).sum();
    let gap: f64 = parts.iter().map(|(x, m)| (x - m).abs()).sum();
    near(&brief, "marginal intra-industry trade of Alfa with all places", 1.0 - gap / weight);
    // A mean of 10 and 9 after 25 before.
    near(&brief, "change of exports of Alfa", 9.5 - 25.0);
    // All that AAA sells to BBB is worth twice as much, the core adds up to what is sold.
    near(&brief, "export potential: Alfa", 2.0 * 16.0 + 9.0);
    near(&brief, "export potential: Beta", 20.0);
}

#[test]
fn what_places_can_make_by_hand() {
    let brief = mini(
        "{% set d = diversity(year=2020) %}{{ d.places[0].value }} {{ d.products[0].value }}\n\
         {% set r = reflections(steps=1, year=2020) %}{{ r.places[0].value }}\n\
         {% set f = fitness(year=2020) %}{% for i in f.places %}{{ i.value }} {% endfor %}\n\
         {% set o = outlook(exporter=\"BBB\", year=2020) %}{% for i in o.places %}{{ i.value }} {% endfor %}\
         {% for i in o.products %}{{ i.id }}={{ i.value }} {% endfor %}\n\
         {% for i in rca(exporter=\"AAA\", kind=\"rpop\", population={\"AAA\": 1, \"BBB\": 2, \"CCC\": 1}, year=2020) %}{{ i.value }} {% endfor %}\n",
    )
    .brief();
    // M: AAA x and y, BBB y and z, CCC z and w.
    near(&brief, "diversity: Alfa", 2.0);
    near(&brief, "ubiquity: y", 2.0);
    let two = mini("{{ diversity(year=2020, cut_off=2, top=1).places[0].value }}").brief();
    near(&two, "diversity: Alfa", 1.0);
    // Symmetric under turning the chain round: AAA and CCC are as fit.
    let gamma = "<script>alert(1)</script>&\"|*C*";
    let fit = labelled(&brief, "fitness: Alfa").value;
    assert_eq!(fit, labelled(&brief, &format!("fitness: {gamma}")).value);
    // x for AAA: 9 of 9 by one in four.
    near(&brief, "advantage (rpop): Alfa, x", 4.0);
    near(&brief, "advantage (rpop): Alfa, y", 8.0 / (17.0 / 4.0));
    // BBB lacks x and w, whose neighbours are the same two.
    assert!(brief.text.contains("x=") && brief.text.contains("w="), "{}", brief.text);
}

#[test]
fn refusals() {
    let says = |expression: &str, words: &[&str]| {
        let told = mini(&format!("{{{{ {expression} }}}}")).refusal(&[]);
        for word in words {
            assert!(told.contains(word), "{expression}: {word:?} is missing in {told}");
        }
    };
    says("rca(exporter=\"AAA\", kind=\"best\", year=2020)", &["balassa", "\"best\""]);
    says("rca(exporter=\"QQQ\", year=2020)", &["QQQ"]);
    says("rca(exporter=\"AAA\", kind=\"rpop\", year=2020)", &["need population"]);
    says("rca(exporter=\"AAA\", population={\"AAA\": 1}, year=2020)", &["belongs to kind"]);
    says(
        "rca(exporter=\"AAA\", kind=\"rpop\", population={\"AAA\": 1}, year=2020)",
        &["BBB, CCC have no population"],
    );
    says("outlook(scale=\"z\", year=2020)", &["standardised"]);
    says("outlook(exporter=\"QQQ\", year=2020)", &["QQQ"]);
    says("fitness(cut_off=0, year=2020)", &["cut-off"]);
    says("proximity(of=\"q\", year=2020)", &["product \"q\""]);
    says("proximity(kind=\"far\", year=2020)", &["square_root"]);
    says("relatedness(exporter=\"AAA\", diagonal=2, year=2020)", &["diagonal is 1 or 0"]);
    says("relatedness(exporter=\"AAA\", kind=\"correlation\", year=2020)", &["correlation"]);
    says("cross_proximity(second=[\"x\"], year=2020)", &["needs first"]);
    says("cross_proximity(first=[\"x\"], second=[\"x\"], year=2020)", &["x is in both sets"]);
    says("entry_exit(exporter=\"AAA\", from=2020)", &["from and to"]);
    says("entry_exit(exporter=\"CCC\", from=2020, to=2022)", &["no exports in 2022"]);
    says("entry_exit(exporter=\"AAA\", from=2020, to=\"2020..2021\")", &["share a year"]);
    says("prody(income=\"gdp\", year=2020)", &["no column \"gdp\""]);
    says("prody(income={\"ZZZ\": 1}, year=2020)", &["no place"]);
    says("decompose(exporter=\"AAA\", from=2020, to=2021, survival=0)", &["survival"]);
    says("potential(exporter=\"AAA\", factors=\"growth\", year=2020)", &["no table \"growth\""]);
    says("potential(exporter=\"AAA\", gravity=[\"distance\"], year=2020)", &["table pairs"]);
}
