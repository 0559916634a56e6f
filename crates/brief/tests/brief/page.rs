//! What the page promises: one file, no scripts, sound links, text as text.

use std::collections::BTreeSet;

use emporion_brief::{html, markdown};

use crate::common::{Mini, built, bundled};

/// Every value of an attribute, in order.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    page.split(&start).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// What holds for the page of every brief.
pub fn sound(page: &str) {
    for tag in ["<script", "<link", "<iframe", "<img", "<object", "<embed", "<form", "@import"] {
        assert!(!page.contains(tag), "the page holds {tag}");
    }
    for src in values(page, "src").into_iter().chain(values(page, "xlink:href")) {
        assert!(src.starts_with("data:") || src.starts_with('#'), "the page loads {src}");
    }
    for part in page.split("url(").skip(1) {
        assert!(part.starts_with('#') || part.starts_with("data:"), "the page loads {part:.40}");
    }
    for handler in [" onclick=", " onload=", " onerror=", "javascript:"] {
        assert!(!page.contains(handler), "the page holds {handler}");
    }
    let ids = values(page, "id");
    let set: BTreeSet<&str> = ids.iter().copied().collect();
    let twice: Vec<&&str> =
        ids.iter().filter(|id| ids.iter().filter(|x| x == id).count() > 1).collect();
    assert!(twice.is_empty(), "ids given twice: {twice:?}");
    for target in values(page, "popovertarget") {
        assert!(set.contains(target), "no trace for {target}");
        assert!(
            page.contains(&format!("<aside popover id=\"{target}\"")),
            "{target} is no popover"
        );
    }
    for link in values(page, "href").into_iter().filter_map(|href| href.strip_prefix('#')) {
        assert!(set.contains(link), "no place on the page for #{link}");
    }
    for names in values(page, "aria-labelledby").into_iter().chain(values(page, "aria-describedby"))
    {
        for name in names.split(' ') {
            assert!(set.contains(name), "no element for {name}");
        }
    }
    // Each drawing has its heading, its finding and its table.
    for figure in page.split("<figure class=\"block\">").skip(1) {
        let figure = figure.split("</figure></figure>").next().unwrap();
        let order = ["<h3>", "<p class=\"finding\">", "<svg", "<details class=\"twin\">", "<td"];
        let found: Vec<Option<usize>> = order.iter().map(|part| figure.find(part)).collect();
        assert!(found.iter().all(Option::is_some), "{order:?} at {found:?}");
        assert!(found.is_sorted(), "{order:?} at {found:?}");
    }
    let levels: Vec<u32> = page
        .match_indices("<h")
        .filter_map(|(at, _)| page[at + 2..].chars().next()?.to_digit(10))
        .collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{levels:?}");
    assert_eq!(levels.first(), Some(&1));
    for pair in levels.windows(2) {
        assert!(
            pair[1] <= pair[0] + 1,
            "a heading of level {} follows one of {}",
            pair[1],
            pair[0]
        );
    }
    for marker in ['\u{E000}', '\u{E001}', '\u{E002}'] {
        assert!(!page.contains(marker), "a marker is left on the page");
    }
}

#[test]
fn the_page_of_a_bundled_case_is_sound() {
    let brief = built(&bundled("belarus-russian-regions"));
    let page = html::write(&brief).unwrap();
    sound(&page);
    assert_eq!(page.matches("<figure class=\"block\">").count(), brief.blocks.len());
}

const BARS: &str = "{{ bar(totals(by=\"destination\", origin=\"AAA\", year=2020, measure=\"flow\"), title=\"Sales\", unit=\"USD mn\", caption=place(\"CCC\") ~ \" takes \" ~ (rows(flow_id=2)|first).value) }}";

#[test]
fn text_of_the_data_is_text() {
    let mini = Mini::new(&format!(
        "# {{{{ place(\"CCC\") }}}}\n\n## On {{{{ place(\"CCC\") }}}} and {{{{ (rows(flow_id=2)|first).value }}}}\n\n\
         | a | b |\n|:--|:--|\n| {{{{ place(\"CCC\") }}}} | 2 |\n\n{BARS}\n"
    ));
    let brief = mini.brief();
    let page = html::write(&brief).unwrap();
    sound(&page);
    let name = "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;|*C*";
    assert!(page.contains(&format!("<title>{name}</title>")), "{page:.2000}");
    let name = name.replace("&quot;", "\"");
    assert!(page.contains(&format!("<h1>{name}</h1>")));
    assert!(
        page.contains(&format!("<td align=\"left\">{name}</td>"))
            || page.contains(&format!("<td style=\"text-align: left\">{name}</td>"))
    );
    let name = name.replace('"', "&quot;");
    assert!(
        page.contains(&format!(">On {name} and 50</a>")),
        "numbers in headings reach the contents"
    );
    let text = markdown::write(&brief).unwrap();
    assert!(text.contains("| \\<script>alert(1)\\</script>&\"\\|\\*C\\* | 2 |"), "{text}");
    assert!(!text.contains(" <script"), "{text}");
    assert!(text.contains("Second") || text.contains("First & foremost"));
}

#[test]
fn markup_in_a_brief_is_shown_not_run() {
    let mini = Mini::new(
        "# A\n\n<script>alert(2)</script>\n\n<div onclick=\"x()\">\n\ninline <b onload=\"y()\">bold</b> and {{ \"**strong**\"|safe }}, {{ \"**weak**\" }}\n\n```\n<script>{{ 1 }}</script>\n```\n",
    );
    let page = html::write(&mini.brief()).unwrap();
    assert!(page.contains("&lt;script&gt;alert(2)&lt;/script&gt;"));
    assert!(page.contains("inline &lt;b onload="));
    assert!(page.contains("<strong>strong</strong>, **weak**"));
    for tag in ["<script", "<div onclick", "<b onload"] {
        assert!(!page.contains(tag), "{tag}");
    }
}

#[test]
fn only_safe_links_pass() {
    for link in [
        "[x](javascript:alert(1))",
        "[x](JavaScript:alert(1))",
        "<javascript:alert(1)>",
        "[x][y]\n\n[y]: data:text/html,x",
        "[x](other.html)",
        "![x](https://example.org/x.png)",
    ] {
        let brief = Mini::new(&format!("# A\n\n{link}\n")).brief();
        let error = html::write(&brief).unwrap_err();
        assert!(error.contains("allowed") || error.contains("loads nothing"), "{link}: {error}");
    }
    let brief =
        Mini::new("# A\n\n[x](https://example.org) <mailto:a@example.org> [S1](#s-S1)\n").brief();
    let page = html::write(&brief).unwrap();
    assert!(page.contains("href=\"https://example.org\""));
    // A source that only a link names is listed too.
    assert!(page.contains("<li id=\"s-S1\">") && page.contains("First &amp; foremost"));
    let refusal = Mini::new("# A\n\n[S9](#s-S9)\n").refusal(&[]);
    assert!(refusal.contains("\"S9\" [unknown-source]"), "{refusal}");
}

#[test]
fn long_traces_are_cut_on_the_page_and_whole_in_the_data() {
    let header = crate::common::FLOWS.lines().next().unwrap();
    let rows: String = (1..=60)
        .map(|i| {
            format!("{i},AAA,BBB,flow,TOTAL,{},Y,{i},USD mn,=,goods,A,reported,S1,\n", 1900 + i)
        })
        .collect();
    let mini = Mini::new(
        "# A\n\n{{ add(rows()|map(attribute=\"value\")|list, mixed=[\"period\"], label=\"sixty\") }}\n",
    );
    mini.put("flows.csv", &format!("{header}\n{rows}"));
    let page = html::write(&mini.brief()).unwrap();
    assert!(page.contains("and 36 more: see the JSON twin"));
    let document = mini.document();
    let sixty = document.cells.values().find(|cell| cell.label == "sixty").unwrap();
    assert_eq!((sixty.inputs.len(), sixty.value), (60, Some(1830.0)));
    sound(&page);
}

#[test]
fn a_brief_without_sections_or_numbers_is_a_page() {
    let brief = Mini::new("Nothing to see.\n").brief();
    assert_eq!(brief.title, "A small case");
    let page = html::write(&brief).unwrap();
    assert!(!page.contains("<nav"), "an empty list of contents");
}
