//! Options of complexity and relatedness against the kernels behind the command.

use emporion_brief::render::Brief;
use emporion_model::measure::complexity::{
    Complexity, ComplexityOptions, Disconnected, complexity, weighted_complexity,
};
use emporion_model::measure::continuous::{rca_correlation, rca_density};
use emporion_model::measure::core::core;
use emporion_model::measure::fitness::{FitnessOptions, fitness, weighted_fitness};
use emporion_model::measure::opportunity::{PciScale, opportunity};
use emporion_model::measure::presence::{Presence, presence};
use emporion_model::measure::proximity::{Diagonal, density};
use emporion_model::measure::rca::{Rca, rca, rca_against, rpop};
use emporion_model::measure::reflections::reflections;
use emporion_model::measure::relatedness::{ProximityKind, cross_proximity, proximity_by};
use emporion_model::measure::weights::Weights;
use emporion_model::panel::PlaceProduct;

use crate::common::{Mini, labelled};

const HEADER: &str = "flow_id,origin,destination,measure,product,year,period,value,unit,bound,scope,\
                      side,status,source,note\n";
const NAMES: [&str; 3] = ["Alfa", "Beta", "<script>alert(1)</script>&\"|*C*"];
const PRODUCTS: [&str; 4] = ["w", "x", "y", "z"];
/// Exports of AAA, BBB and CCC of w, x, y and z.
const EXPORTS: [[f64; 4]; 3] = [[1.0, 9.0, 8.0, 7.0], [2.0, 0.0, 9.0, 9.0], [9.0, 0.0, 0.0, 9.0]];

fn table() -> PlaceProduct {
    PlaceProduct::new(3, 4, EXPORTS.concat()).unwrap()
}

fn index() -> Rca {
    rca(&table()).unwrap()
}

fn m(cut_off: f64) -> Presence {
    presence(&index(), cut_off).unwrap()
}

/// A case with these flows, whose brief is this text, and files more.
fn mini_of(exports: &[[f64; 4]; 3], text: &str, files: &[(&str, &str)]) -> Mini {
    let mini = Mini::new(&format!("# Options\n\n{text}\n"));
    let places = ["AAA", "BBB", "CCC"];
    let mut rows = HEADER.to_owned();
    for (i, line) in exports.iter().enumerate() {
        for (k, value) in line.iter().enumerate().filter(|(_, value)| **value > 0.0) {
            let (o, d, k, at) = (places[i], places[(i + 1) % 3], PRODUCTS[k], 4 * i + k);
            rows +=
                &format!("{at},{o},{d},flow,{k},2020,Y,{value},USD mn,=,goods,A,reported,S1,\n");
        }
    }
    mini.put("flows.csv", &rows);
    for (name, text) in files {
        mini.put(&format!("{name}.csv"), text);
        mini.edit(
            "datapackage.json",
            "\"resources\": [",
            &format!("\"resources\": [{{\"name\": \"{name}\", \"path\": \"{name}.csv\"}}, "),
        );
    }
    mini
}

fn mini(text: &str, files: &[(&str, &str)]) -> Mini {
    mini_of(&EXPORTS, text, files)
}

fn near(brief: &Brief, label: &str, expected: f64) {
    let found = labelled(brief, label).value.unwrap_or_else(|| panic!("{label} is not known"));
    assert!((found - expected).abs() < 1e-12, "{label}: {found}, not {expected}");
}

/// Prints places and products of an answer, and its notes.
fn shown(call: &str) -> String {
    format!(
        "{{% set c = {call} %}}{{% for i in c.places %}}{{{{ i.value }}}} {{% endfor %}}\
         {{% for i in c.products %}}{{{{ i.value }}}} {{% endfor %}}{{{{ c.notes }}}}"
    )
}

/// All scores of `complexity()` with these options are those of the kernel.
fn same_complexity(options: &str, files: &[(&str, &str)], expected: &Complexity) {
    let brief = mini(&shown(&format!("complexity({options})")), files).brief();
    for (name, eci) in NAMES.iter().zip(&expected.eci) {
        near(&brief, &format!("ECI: {name}"), eci.unwrap());
    }
    for (name, pci) in PRODUCTS.iter().zip(&expected.pci).filter(|(_, pci)| pci.is_some()) {
        near(&brief, &format!("PCI: {name}"), pci.unwrap());
    }
}

#[test]
fn complexity_takes_the_options_of_the_command() {
    let of = |m: &Presence, options: &ComplexityOptions| complexity(m, options).unwrap();
    let plain = ComplexityOptions::default();
    same_complexity("cut_off=0.6", &[], &of(&m(0.6), &plain));
    let r = ComplexityOptions { ddof: 1, ..plain.clone() };
    same_complexity("ddof=1", &[], &of(&m(1.0), &r));
    // The sign as one likes, from a table of the case and from a mapping.
    for (reference, sign) in [([1.0, 2.0, 3.0], "1"), ([3.0, 2.0, 1.0], "-1")] {
        let way = ComplexityOptions { sign_reference: Some(reference.to_vec()), ..plain.clone() };
        let [a, b, c] = reference;
        let file = format!("origin,reference\nCCC,{c}\nAAA,{a}\nBBB,{b}\n");
        let expected = of(&m(1.0), &way);
        same_complexity("sign=\"income\"", &[("income", &file)], &expected);
        let mapping = format!("sign={{\"AAA\": {sign}, \"BBB\": 0, \"CCC\": -{sign}}}");
        let mapping = mapping.replace("--", "");
        let turned = of(
            &m(1.0),
            &ComplexityOptions { sign_reference: Some(vec![c, b, a]), ..plain.clone() },
        );
        same_complexity(&mapping, &[], &turned);
    }
}

#[test]
fn presence_is_what_the_author_says() {
    let plain = ComplexityOptions::default();
    let people = [0.6, 0.9, 0.8];
    let head = presence(&rpop(&table(), &people).unwrap(), 1.0).unwrap();
    let population = "population={\"AAA\": 0.6, \"BBB\": 0.9, \"CCC\": 0.8}";
    for (word, m) in [("rpop", head.clone()), ("rca_or_rpop", m(1.0).or(&head).unwrap())] {
        let options = format!("presence=\"{word}\", {population}");
        same_complexity(&options, &[], &complexity(&m, &plain).unwrap());
    }
    // By both BBB has y alone: z is below the others' exports per head.
    let call = format!("diversity(presence=\"rca_and_rpop\", {population})");
    let brief = mini(&shown(&call), &[]).brief();
    near(&brief, "diversity: Alfa", 2.0);
    near(&brief, "diversity: Beta", 1.0);
    let smooth = Weights::saturating(&index()).unwrap();
    let expected = weighted_complexity(&smooth, &plain).unwrap();
    same_complexity("presence=\"smooth\"", &[], &expected);
    let fit = weighted_fitness(&smooth, &FitnessOptions::default()).unwrap();
    let brief = mini(&shown("fitness(presence=\"smooth\")"), &[]).brief();
    near(&brief, "fitness: Alfa", fit.fitness[0].unwrap());
    // An M of the author's own, a table of the case without partners.
    let file = "origin,product,value\nAAA,x,1\nAAA,y,1\nBBB,y,1\nBBB,z,1\nCCC,z,1\nCCC,w,1\n";
    let expected = complexity(&m(1.0), &plain).unwrap();
    same_complexity("table=\"own\", presence=\"given\"", &[("own", file)], &expected);
    let weights = file.replace("CCC,w,1", "CCC,w,0.5");
    let mut values: Vec<f64> = m(1.0).values.iter().map(|has| f64::from(u8::from(*has))).collect();
    values[8] = 0.5;
    let own = Weights::given(&PlaceProduct::new(3, 4, values).unwrap()).unwrap();
    let expected = weighted_complexity(&own, &plain).unwrap();
    same_complexity("table=\"own\", presence=\"weights\"", &[("own", &weights)], &expected);
}

#[test]
fn a_basket_from_outside_is_what_rca_compares_with() {
    let file = "product,value\nw,10\nx,10\ny,20\nz,20\nq,40\n";
    let mut against = rca_against(&table(), &[10.0, 10.0, 20.0, 20.0]).unwrap();
    against.values.iter_mut().for_each(|value| *value *= 100.0 / 60.0);
    let expected = complexity(&presence(&against, 1.0).unwrap(), &ComplexityOptions::default());
    same_complexity("basket=\"world\"", &[("world", file)], &expected.unwrap());
    let call = "{% for i in product_space(exporter=\"AAA\", basket={\"w\": 10, \"x\": 10, \
                \"y\": 20, \"z\": 20, \"q\": 40}).products %}{{ i.rca }} {% endfor %}";
    let brief = mini(call, &[]).brief();
    // 9 of 25 by 10 of 100.
    near(&brief, "RCA of Alfa: x", (9.0 / 25.0) / 0.1);
}

#[test]
fn a_core_leaves_out_and_names() {
    assert_eq!(core(&m(1.0), 1, 2).unwrap().products, [2, 3]);
    let brief = mini(&shown("diversity(core=[1, 2])"), &[]).brief();
    near(&brief, "diversity: Alfa", 1.0);
    near(&brief, "diversity: Beta", 2.0);
    near(&brief, "ubiquity: z", 2.0);
    let text = "2 products outside the (1, 2)-core left out: w, x";
    assert!(brief.text.contains(text), "{}", brief.text);
    // RCA of the core is that of the full table, or made anew.
    let rca_of = |options: &str| {
        let call = format!(
            "{{% for i in relatedness(exporter=\"AAA\", core=[1, 2], all=true{options}) %}}{{{{ i.rca }}}} \
             {{% endfor %}}"
        );
        labelled(&mini(&call, &[]).brief(), "RCA: Alfa, y").value.unwrap()
    };
    let full = index().values[2];
    assert!((rca_of("") - full).abs() < 1e-12);
    // Made anew among y and z, z is left with CCC alone, and y with AAA and BBB.
    assert!((rca_of(", core_rca=\"recomputed\"") - 1.0).abs() < 1e-12);
}

#[test]
fn other_scores_take_their_options_too() {
    let brief = mini(
        &[
            shown("fitness(steps=3)"),
            shown("reflections(steps=2, ddof=1, cut_off=0.6)"),
            shown("outlook(exporter=\"AAA\", ddof=1, cut_off=0.6)"),
        ]
        .join("\n\n"),
        &[],
    )
    .brief();
    let steps = FitnessOptions { tolerance: 0.0, max_steps: 3 };
    near(&brief, "fitness: Beta", fitness(&m(1.0), &steps).unwrap().fitness[1].unwrap());
    let found = reflections(&m(0.6), 2, 1).unwrap();
    near(&brief, "reflections of places: Beta", found.places[1].unwrap());
    let options = ComplexityOptions { ddof: 1, ..ComplexityOptions::default() };
    let index = complexity(&m(0.6), &options).unwrap();
    let near_by = proximity_by(&m(0.6), ProximityKind::MinConditional, Diagonal::One).unwrap();
    let around = density(&m(0.6), &near_by).unwrap();
    let found = opportunity(&m(0.6), &index, &near_by, &around, PciScale::Eigenvector).unwrap();
    near(&brief, "complexity outlook: Beta", found.coi[1].unwrap());
    near(&brief, "complexity outlook gain: w", found.cog[0]);
}

#[test]
fn a_table_in_parts_is_named_and_its_largest_part_taken() {
    let parts = [[0.0, 5.0, 5.0, 0.0], [0.0, 0.0, 5.0, 0.0], [0.0, 0.0, 0.0, 9.0]];
    let told = mini_of(&parts, "{{ complexity() }}", &[]).refusal(&[]);
    for word in ["AAA, BBB", "CCC", "largest_part=true"] {
        assert!(told.contains(word), "{word:?} is missing in {told}");
    }
    let brief = mini_of(&parts, &shown("complexity(largest_part=true)"), &[]).brief();
    let products = PlaceProduct::new(3, 3, vec![5.0, 5.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 9.0]);
    let m = presence(&rca(&products.unwrap()).unwrap(), 1.0).unwrap();
    let options =
        ComplexityOptions { disconnected: Disconnected::Largest, ..ComplexityOptions::default() };
    let expected = complexity(&m, &options).unwrap();
    near(&brief, "ECI: Alfa", expected.eci[0].unwrap());
    assert!(brief.text.contains("no index: CCC"), "{}", brief.text);
    // A mean of given numbers needs no answer of the table's own.
    let call = "{% set c = complexity(outside_pci={\"x\": 2, \"y\": 1}) %}\
                {% for i in c.places %}{{ i.id }}: {{ i.outside }} {% endfor %}{{ c.notes }}";
    let brief = mini_of(&parts, call, &[]).brief();
    near(&brief, "complexity by outside PCI: Alfa", 1.5);
    near(&brief, "complexity by outside PCI: Beta", 1.0);
    assert!(!brief.text.contains("CCC: "), "{}", brief.text);
    for note in ["1 products have no outside PCI", "no ECI of the table's own"] {
        assert!(brief.text.contains(note), "{note:?} is missing in {}", brief.text);
    }
}

#[test]
fn places_have_the_pci_of_another_table() {
    let file = "product,pci\nw,-1\nx,2\ny,1\nz,\nq,9\n";
    let call = "{% set c = complexity(outside_pci=\"world\") %}\
                {% for i in c.places %}{{ i.value }} {{ i.outside }} {% endfor %}{{ c.notes }}";
    let brief = mini(call, &[("world", file)]).brief();
    near(&brief, "complexity by outside PCI: Alfa", 1.5);
    near(&brief, "complexity by outside PCI: Beta", 1.0);
    near(&brief, &format!("complexity by outside PCI: {}", NAMES[2]), -1.0);
    let own = complexity(&m(1.0), &ComplexityOptions::default()).unwrap();
    near(&brief, "ECI: Alfa", own.eci[0].unwrap());
    for note in
        ["1 products have no outside PCI and are left out of its mean: z", "rows selected: q"]
    {
        assert!(brief.text.contains(note), "{note:?} is missing in {}", brief.text);
    }
}

#[test]
fn nearness_of_every_kind_is_the_kernels() {
    let list = |call: &str| format!("{{% for i in {call} %}}{{{{ i.value }}}} {{% endfor %}}");
    let phi = rca_correlation(&index(), Diagonal::One).unwrap();
    let around = rca_density(&index(), &phi, None).unwrap();
    let brief = mini(
        &[
            list("proximity(kind=\"rca_correlation\")"),
            list("relatedness(exporter=\"BBB\", kind=\"rca_correlation\")"),
        ]
        .join("\n\n"),
        &[],
    )
    .brief();
    near(&brief, "proximity: x and z", phi.values[4 + 3]);
    near(&brief, "density: Beta, x", around.values[4 + 1]);
    let root = proximity_by(&m(0.6), ProximityKind::SquareRoot, Diagonal::One).unwrap();
    let brief = mini(
        &[
            list("product_space(kind=\"square_root\", cut_off=0.6, threshold=0).links"),
            list("relatedness(exporter=\"AAA\", kind=\"square_root\", cut_off=0.6, all=true)"),
        ]
        .join("\n\n"),
        &[],
    )
    .brief();
    let found = labelled(&brief, "proximity: y \u{2013} z").value.unwrap();
    assert!((found - root.values[2 * 4 + 3]).abs() < 1e-12, "{found}");
    near(&brief, "density: Alfa, w", density(&m(0.6), &root).unwrap().values[0]);
}

#[test]
fn a_place_without_a_yardstick_says_so() {
    // AAA lacks one product by this cut-off.
    let call =
        "{% for i in relatedness(exporter=\"AAA\", cut_off=0.6) %}{{ i.relative }} {% endfor %}";
    let brief = mini(call, &[]).brief();
    let cell = labelled(&brief, "relative relatedness: Alfa, w");
    assert_eq!(cell.value, None);
    assert!(cell.notes[0].contains("AAA"), "{:?}", cell.notes);
}

#[test]
fn two_tables_share_their_places() {
    let file = "origin,product,value\nAAA,p,5\nAAA,q,1\nBBB,p,1\nBBB,q,5\nDDD,q,1\n";
    let call = "{% set c = cross_proximity(other=\"patents\", exporter=\"AAA\") %}\
                {% for i in c.pairs %}{{ i.value }} {% endfor %}\
                {% for i in c.related %}{{ i.value }} {% endfor %}{{ c.notes }}";
    let brief = mini(call, &[("patents", file)]).brief();
    let patents = PlaceProduct::new(3, 2, vec![5.0, 1.0, 1.0, 5.0, 0.0, 1.0]).unwrap();
    let second = presence(&rca(&patents).unwrap(), 1.0).unwrap();
    let both = cross_proximity(
        &m(1.0).part(&[0, 1], &[0, 1, 2, 3]).unwrap(),
        &second.part(&[0, 1], &[0, 1]).unwrap(),
    )
    .unwrap();
    near(&brief, "proximity: x and p", both.proximity[2]);
    near(&brief, "relatedness: Alfa, p", both.relatedness[0].unwrap());
    assert!(brief.text.contains("one table only are left out: CCC, DDD"), "{}", brief.text);
    // Without a second list, all other products are the second.
    let list = "{% for i in cross_proximity(first=[\"x\"]).pairs %}{{ i.value }} {% endfor %}";
    near(&mini(list, &[]).brief(), "proximity: x and y", 0.5);
}

#[test]
fn refusals() {
    let says = |expression: &str, words: &[&str]| {
        let files = [
            ("text", "origin,reference\nAAA,high\nBBB,1\nCCC,2\n"),
            ("twice", "product,pci\nx,1\nx,2\n"),
            ("gap", "product,value\nx,1\ny,\n"),
            ("few", "origin,reference\nAAA,1\n"),
        ];
        let told = mini(&format!("{{{{ {expression} }}}}"), &files).refusal(&[]);
        for word in words {
            assert!(told.contains(word), "{expression}: {word:?} is missing in {told}");
        }
    };
    says("complexity(ddof=2)", &["ddof is 0 or 1"]);
    says("complexity(presence=\"best\")", &["rca_or_rpop", "\"best\""]);
    says("complexity(presence=\"rpop\")", &["needs population"]);
    says("complexity(population={\"AAA\": 1})", &["add presence"]);
    says("complexity(presence=\"rpop\", population={\"AAA\": 0})", &["more than zero"]);
    says("complexity(presence=\"given\", cut_off=2)", &["cut_off is there for RCA"]);
    says("complexity(presence=\"given\")", &["place AAA, product x"]);
    says("complexity(presence=\"smooth\", draws=40)", &["M of 0 and 1"]);
    says("complexity(presence=\"smooth\", core=[1, 1])", &["core counts"]);
    says("complexity(presence=\"rpop\", population={}, basket={})", &["basket is there for RCA"]);
    says("complexity(core=[1])", &["core=[5, 3]"]);
    says("complexity(core=[9, 9])", &["no place and product is left"]);
    says("complexity(core_rca=\"kept\")", &["belongs to core"]);
    says("complexity(core=[1, 1], core_rca=\"old\")", &["recomputed"]);
    says("complexity(sign=\"text\")", &["not a column of numbers"]);
    says("complexity(sign=\"few\")", &["BBB, CCC have no reference"]);
    says("complexity(sign=\"gdp\")", &["no column \"gdp\"", "no table \"gdp\""]);
    says("complexity(sign=7)", &["sign is neither"]);
    says("complexity(outside_pci=\"twice\")", &["x has a second pci (line 3 of twice.csv)"]);
    says("complexity(outside_pci={\"q\": 1})", &["no product of the rows selected"]);
    says("complexity(basket=\"gap\")", &["y has no value (line 3 of gap.csv)", "not zero"]);
    says("complexity(basket={\"x\": -1})", &["x has a value of -1", "zero or more"]);
    says("relatedness(exporter=\"AAA\", presence=\"smooth\")", &["fitness()"]);
    says("relatedness(exporter=\"AAA\", nearest=9)", &["there are 4 products"]);
    says("relatedness(exporter=\"AAA\", core=[1, 2], kind=\"best\")", &["rca_correlation"]);
    says("product_space(kind=\"asymmetric\")", &["without direction"]);
    says("product_space(kind=\"correlation\")", &["without direction"]);
    says("proximity(kind=\"rca_correlation\", presence=\"given\")", &["product"]);
    says("cross_proximity(first=[\"x\"], other=\"gap\")", &["one of the two"]);
    says("cross_proximity(other=\"nothing\")", &["no table \"nothing\""]);
}

#[test]
fn an_empty_value_is_no_zero() {
    let mini = mini("{{ complexity().places[0].value }}", &[]);
    mini.edit("flows.csv", ",2020,Y,9,", ",2020,Y,,");
    let told = mini.refusal(&[]);
    assert!(told.contains("flows.csv"), "{told}");
}
