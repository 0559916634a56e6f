//! Colours and the switch between the wide and the narrow drawing, as one CSS block.
//!
//! Every colour in a figure is written `var(--plot-name, fallback)`, where the fallback is the light
//! value below. A page that includes [`STYLE`] gets light, dark and print; an SVG file on its own
//! shows the fallbacks (see [`crate::Figure::standalone`]).

/// The light value of each colour, by the name of its CSS property.
///
/// Text colours and all series have a contrast of at least 4.5 : 1 on white. The order of the
/// series keeps neighbours apart in lightness as well as in hue, for readers who see fewer hues.
pub const LIGHT: [(&str, &str); 27] = [
    ("paper", "#ffffff"),
    ("ink", "#22262b"),
    ("muted", "#5f6670"),
    ("grid", "#e4e6e9"),
    ("axis", "#9aa1aa"),
    ("accent", "#b8431f"),
    ("bar", "#8fa6b8"),
    ("land", "#e9e7e2"),
    ("border", "#ffffff"),
    ("water", "#ffffff"),
    ("series-1", "#1b5e92"),
    ("series-2", "#b8431f"),
    ("series-3", "#0b7a6b"),
    ("series-4", "#6b3fa0"),
    ("series-5", "#8a6100"),
    ("series-6", "#a82a6b"),
    ("series-7", "#4d5661"),
    ("series-8", "#557a12"),
    ("loss-1", "#f1c8b2"),
    ("loss-2", "#db8459"),
    ("loss-3", "#a83a18"),
    ("class-1", "#d3e4ee"),
    ("class-2", "#b3cfdf"),
    ("class-3", "#7dafca"),
    ("class-4", "#4488ae"),
    ("class-5", "#1d628c"),
    ("class-6", "#0b3f61"),
];

/// The dark value of each colour, in the order of [`LIGHT`].
pub const DARK: [(&str, &str); 27] = [
    ("paper", "#15181c"),
    ("ink", "#e9e7e3"),
    ("muted", "#a6adb6"),
    ("grid", "#2e343b"),
    ("axis", "#6d757f"),
    ("accent", "#ff9468"),
    ("bar", "#5d7688"),
    ("land", "#30353b"),
    ("border", "#15181c"),
    ("water", "#15181c"),
    ("series-1", "#7fb8e6"),
    ("series-2", "#ff9468"),
    ("series-3", "#52c8b5"),
    ("series-4", "#c4a2f2"),
    ("series-5", "#dcb547"),
    ("series-6", "#f28dbf"),
    ("series-7", "#b6bec8"),
    ("series-8", "#a5cc5c"),
    ("loss-1", "#633a29"),
    ("loss-2", "#b26340"),
    ("loss-3", "#ffa27b"),
    ("class-1", "#26404f"),
    ("class-2", "#2f5a74"),
    ("class-3", "#3d7a9d"),
    ("class-4", "#5b9dc3"),
    ("class-5", "#8dc1e0"),
    ("class-6", "#c8e4f5"),
];

/// The CSS of all figures; put it once into the head of a page.
///
/// Dark follows the reader's system and can be forced or refused with `data-theme="dark"` or
/// `"light"` on the root element; print is always light and wide.
pub const STYLE: &str = "\
:root{--plot-paper:#ffffff;--plot-ink:#22262b;--plot-muted:#5f6670;--plot-grid:#e4e6e9;\
--plot-axis:#9aa1aa;--plot-accent:#b8431f;--plot-bar:#8fa6b8;--plot-land:#e9e7e2;\
--plot-border:#ffffff;--plot-water:#ffffff;--plot-series-1:#1b5e92;--plot-series-2:#b8431f;\
--plot-series-3:#0b7a6b;--plot-series-4:#6b3fa0;--plot-series-5:#8a6100;--plot-series-6:#a82a6b;\
--plot-series-7:#4d5661;--plot-series-8:#557a12;--plot-loss-1:#f1c8b2;--plot-loss-2:#db8459;--plot-loss-3:#a83a18;--plot-class-1:#d3e4ee;--plot-class-2:#b3cfdf;\
--plot-class-3:#7dafca;--plot-class-4:#4488ae;--plot-class-5:#1d628c;--plot-class-6:#0b3f61}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){--plot-paper:#15181c;\
--plot-ink:#e9e7e3;--plot-muted:#a6adb6;--plot-grid:#2e343b;--plot-axis:#6d757f;\
--plot-accent:#ff9468;--plot-bar:#5d7688;--plot-land:#30353b;--plot-border:#15181c;\
--plot-water:#15181c;--plot-series-1:#7fb8e6;--plot-series-2:#ff9468;--plot-series-3:#52c8b5;\
--plot-series-4:#c4a2f2;--plot-series-5:#dcb547;--plot-series-6:#f28dbf;--plot-series-7:#b6bec8;\
--plot-series-8:#a5cc5c;--plot-loss-1:#633a29;--plot-loss-2:#b26340;--plot-loss-3:#ffa27b;--plot-class-1:#26404f;--plot-class-2:#2f5a74;--plot-class-3:#3d7a9d;\
--plot-class-4:#5b9dc3;--plot-class-5:#8dc1e0;--plot-class-6:#c8e4f5}}
:root[data-theme=dark]{--plot-paper:#15181c;--plot-ink:#e9e7e3;--plot-muted:#a6adb6;\
--plot-grid:#2e343b;--plot-axis:#6d757f;--plot-accent:#ff9468;--plot-bar:#5d7688;\
--plot-land:#30353b;--plot-border:#15181c;--plot-water:#15181c;--plot-series-1:#7fb8e6;\
--plot-series-2:#ff9468;--plot-series-3:#52c8b5;--plot-series-4:#c4a2f2;--plot-series-5:#dcb547;\
--plot-series-6:#f28dbf;--plot-series-7:#b6bec8;--plot-series-8:#a5cc5c;--plot-loss-1:#633a29;--plot-loss-2:#b26340;--plot-loss-3:#ffa27b;--plot-class-1:#26404f;\
--plot-class-2:#2f5a74;--plot-class-3:#3d7a9d;--plot-class-4:#5b9dc3;--plot-class-5:#8dc1e0;\
--plot-class-6:#c8e4f5}
@media print{:root:root:root{--plot-paper:#ffffff;--plot-ink:#22262b;--plot-muted:#5f6670;\
--plot-grid:#e4e6e9;--plot-axis:#9aa1aa;--plot-accent:#b8431f;--plot-bar:#8fa6b8;\
--plot-land:#e9e7e2;--plot-border:#ffffff;--plot-water:#ffffff;--plot-series-1:#1b5e92;\
--plot-series-2:#b8431f;--plot-series-3:#0b7a6b;--plot-series-4:#6b3fa0;--plot-series-5:#8a6100;\
--plot-series-6:#a82a6b;--plot-series-7:#4d5661;--plot-series-8:#557a12;--plot-loss-1:#f1c8b2;--plot-loss-2:#db8459;--plot-loss-3:#a83a18;--plot-class-1:#d3e4ee;\
--plot-class-2:#b3cfdf;--plot-class-3:#7dafca;--plot-class-4:#4488ae;--plot-class-5:#1d628c;\
--plot-class-6:#0b3f61}.plot svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
.plot{container-type:inline-size}
.plot svg{display:block;width:100%;height:auto;max-width:100%}
.plot svg.plot-narrow{display:none}
@media not print{@container (max-width:519px){.plot svg.plot-wide{display:none}\
.plot svg.plot-narrow{display:block}}}
";

/// `var(--plot-name, light value)`, for attributes of a figure.
pub(crate) fn color(name: &str) -> String {
    let light = LIGHT.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    debug_assert!(light.is_some(), "unknown colour {name}");
    format!("var(--plot-{name}, {})", light.unwrap_or("#22262b"))
}

/// The colour of a series by its position; the eighth is followed by the first again.
pub(crate) fn series(index: usize) -> String {
    color(&format!("series-{}", index % 8 + 1))
}

/// Colour of a marker by its position, and whether it is filled: the first two are the first series
/// and its open partner; open markers tell later ones apart.
pub(crate) fn paint(index: usize) -> (String, bool) {
    match index {
        0 => (series(0), true),
        1 => (series(1), false),
        other => (series(other), other % 2 == 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(hex: &str, at: usize) -> f64 {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    }

    /// WCAG 2.1, relative luminance.
    fn luminance(hex: &str) -> f64 {
        0.2126 * channel(hex, 1) + 0.7152 * channel(hex, 3) + 0.0722 * channel(hex, 5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrast_of_black_on_white_is_21() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    }

    #[test]
    fn text_and_series_are_readable_in_both_modes() {
        for mode in [LIGHT, DARK] {
            let paper = mode[0].1;
            for (name, value) in mode {
                let text = ["ink", "muted", "accent"].contains(&name) || name.starts_with("series");
                if text {
                    assert!(contrast(value, paper) >= 4.5, "{name} {}", contrast(value, paper));
                }
            }
        }
    }

    #[test]
    fn classes_grow_away_from_the_paper() {
        for mode in [LIGHT, DARK] {
            for (family, count) in [("loss", 3), ("class", 6)] {
                let members = mode.iter().filter(|(name, _)| name.starts_with(family));
                let steps: Vec<f64> = members.map(|(_, v)| contrast(v, mode[0].1)).collect();
                assert_eq!(steps.len(), count);
                assert!(steps.windows(2).all(|w| w[1] > w[0] * 1.15), "{steps:?}");
            }
        }
    }

    #[test]
    fn style_holds_each_colour_of_both_modes_twice() {
        for (name, value) in LIGHT.iter().chain(&DARK) {
            let rule = format!("--plot-{name}:{value}");
            assert_eq!(STYLE.matches(&rule).count(), 2, "{rule}");
        }
    }
}
