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
    ($($test:ident = $name:literal;)*) => {$(
        #[test]
        fn $test() {
            if let Some(root) = common::reference("estimate") {
                check_case(&root, $name);
            }
        }
    )*};
}

cases! {
    agtpa_borderless_2006 = "agtpa-borderless-2006";
    agtpa_ols_traditional = "agtpa-ols-traditional";
    agtpa_rta_3way = "agtpa-rta-3way";
    agtpa_traditional = "agtpa-traditional";
    cepii_2way = "cepii-2way";
    febias_manuf_2way = "febias-manuf-2way";
    febias_manuf_3way = "febias-manuf-3way";
    fixest_trade_4fe = "fixest-trade-4fe";
    fta_manuf_2way = "fta-manuf-2way";
    fta_total_3way = "fta-total-3way";
    fta_total_ols_3way = "fta-total-ols-3way";
    gegravity_sample_2006 = "gegravity-sample-2006";
    log_of_gravity_table3 = "log-of-gravity-table3";
    log_of_gravity_table3_positive = "log-of-gravity-table3-positive";
    log_of_gravity_table5 = "log-of-gravity-table5";
    mus18_1fe = "mus18-1fe";
    mus18_2fe = "mus18-2fe";
    penppml_subset_2prov = "penppml-subset-2prov";
    penppml_agreement_3way = "penppml-agreement-3way";
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
