//! Ids in place of the positions that a kernel speaks of.

use emporion_model::outcome::Note;

/// Ids told in full; of more, their number.
const SHOWN: usize = 8;

/// A text of a kernel, such as `places 0, 1 with products 2`, with ids in place of positions.
///
/// ```
/// use emporion_tables::named::with_ids;
/// let (places, products) = (["A".to_owned(), "B".to_owned()], ["x".to_owned()]);
/// let told = with_ids("2 parts (places 0, 1 with products 0)", &places, &products);
/// assert_eq!(told, "2 parts (places A, B with products x)");
/// ```
#[must_use]
pub fn with_ids(text: &str, places: &[String], products: &[String]) -> String {
    let (mut out, mut ids): (String, Option<&[String]>) = (String::new(), None);
    for word in text.split_inclusive([' ', ',', ';', ':', ')']) {
        let bare = word.trim_end_matches([' ', ',', ';', ':', ')']);
        let known = ids.and_then(|ids| ids.get(bare.parse::<usize>().ok()?));
        match (known, bare) {
            (Some(id), _) => out.push_str(&word.replacen(bare, id, 1)),
            // The space after a comma: the list goes on.
            (None, "") => out.push_str(word),
            (None, _) => {
                ids = match bare.trim_start_matches('(') {
                    "place" | "places" => Some(places),
                    "product" | "products" => Some(products),
                    _ => None,
                };
                out.push_str(word);
            }
        }
    }
    out
}

/// A kernel's remark, with the ids of the places or products that it counts.
#[must_use]
pub fn note_with_ids(note: &Note, places: &[String], products: &[String]) -> String {
    let ids = match note.code {
        code if code.ends_with("_places") || code == "heading_to_zero" => places,
        code if code.ends_with("_products") => products,
        _ => return note.message.clone(),
    };
    note_about(note, ids)
}

/// A kernel's remark, with the ids at the positions that it counts.
#[must_use]
pub fn note_about(note: &Note, ids: &[String]) -> String {
    let known: Vec<&str> =
        note.rows.iter().filter_map(|at| ids.get(*at)).map(String::as_str).collect();
    match known.is_empty() {
        true => note.message.clone(),
        false => format!("{}: {}", note.message, few(&known)),
    }
}

/// Up to eight ids, then how many more.
#[must_use]
pub fn few(ids: &[&str]) -> String {
    match ids.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", ids[..SHOWN].join(", ")),
        _ => ids.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_name_what_they_count() {
        let ids = |n: usize| (0..n).map(|at| format!("P{at}")).collect::<Vec<_>>();
        let note = |code, rows: Vec<usize>| Note {
            code,
            message: "left out".into(),
            count: rows.len(),
            rows,
        };
        let told = |note: &Note| note_with_ids(note, &ids(12), &["x".to_owned()]);
        assert_eq!(told(&note("dropped_places", vec![1, 3])), "left out: P1, P3");
        assert_eq!(told(&note("dropped_products", vec![0])), "left out: x");
        assert_eq!(told(&note("weak_sign", vec![])), "left out");
        let many = told(&note("dropped_places", (0..10).collect()));
        assert!(many.ends_with("P7 and 2 more"), "{many}");
        // A position that nobody has stays as it is.
        assert_eq!(with_ids("place 40", &ids(2), &[]), "place 40");
    }
}
