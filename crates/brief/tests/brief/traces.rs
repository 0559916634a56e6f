//! One trace in the terminal.

use emporion_brief::explain::explain;

use crate::common::{Mini, labelled};

#[test]
fn inputs_are_told_down_to_their_rows_and_once() {
    let mini = Mini::new(
        "{% set a = (rows(flow_id=1)|first).value %}{% set b = (rows(flow_id=3)|first).value %}\
         {% set sum = add([a, b], label=\"both ways\") %}\
         {{ calc(\"100 * a / s\", a=a, s=sum, unit=\"percent\", label=\"part\") }}",
    );
    let brief = mini.brief();
    let part = labelled(&brief, "part");
    let text = explain(&brief, &part.id).unwrap();
    for told in [
        "what         part",
        "100 * a / s, where a = 100 USD mn, s = 180 USD mn",
        "exact        55.5",
        "percent",
        "flows.csv, lines 2",
        "line 2: flow_id=1; origin=AAA; destination=BBB",
        "line 4: flow_id=3",
        "source       S2  Second <i>source</i>. Office. 2023. two.example",
        "licence      Public domain",
        "(its trace stands above)",
    ] {
        assert!(text.contains(told), "{told} is not in\n{text}");
    }
    assert_eq!(text.matches("line 2: flow_id=1").count(), 1, "{text}");
}

#[test]
fn an_unknown_id_lists_near_ones() {
    let brief = Mini::new("{{ (rows(flow_id=1)|first).value }}").brief();
    let id = &brief.shown[0];
    for wrong in [&id[..id.len() - 2], "row-", "rows", ""] {
        let error = explain(&brief, wrong).unwrap_err();
        assert!(error.contains(id.as_str()), "{error}");
    }
}
