//! Estimates against the outside results: R fixest on published data, exact separation sets.

#[path = "common/case.rs"]
mod case;
mod common;
#[path = "common/estimate.rs"]
mod harness;
#[path = "common/parquet.rs"]
mod parquet;
use harness::{check_case, check_separation};

macro_rules! cases {
    ($($test:ident = $name:literal, $all:literal;)*) => {$(
        #[test]
        fn $test() {
            if let Some(root) = common::reference("estimate") {
                check_case(&root, $name, $all);
            }
        }
    )*};
}

cases! {
    agtpa_borderless_2006 = "agtpa-borderless-2006", true;
    agtpa_ols_traditional = "agtpa-ols-traditional", true;
    agtpa_rta_3way = "agtpa-rta-3way", true;
    agtpa_traditional = "agtpa-traditional", true;
    cepii_2way = "cepii-2way", true;
    febias_manuf_2way = "febias-manuf-2way", true;
    febias_manuf_3way = "febias-manuf-3way", true;
    fixest_trade_4fe = "fixest-trade-4fe", true;
    fta_manuf_2way = "fta-manuf-2way", true;
    fta_total_3way = "fta-total-3way", true;
    fta_total_ols_3way = "fta-total-ols-3way", true;
    gegravity_sample_2006 = "gegravity-sample-2006", true;
    log_of_gravity_table3 = "log-of-gravity-table3", true;
    log_of_gravity_table3_positive = "log-of-gravity-table3-positive", true;
    log_of_gravity_table5 = "log-of-gravity-table5", true;
    mus18_1fe = "mus18-1fe", true;
    mus18_2fe = "mus18-2fe", true;
    penppml_subset_2prov = "penppml-subset-2prov", false;
    penppml_agreement_3way = "penppml-agreement-3way", false;
}

#[test]
fn separation_sets_give_exactly_the_listed_rows() {
    let Some(root) = common::reference("estimate") else { return };
    let folder = root.join("separation");
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let sets: serde_json::Value = serde_json::from_str(&text).unwrap();
    let sets = sets.as_object().unwrap();
    assert_eq!(sets.len(), 25);
    for (file, expected) in sets {
        check_separation(&folder, file, expected);
    }
}
