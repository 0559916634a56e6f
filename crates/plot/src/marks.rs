//! Shapes of nodes, lines to their names, and the ground that links take.

use crate::labels::{Placed, Rect, Wish};
use crate::svg::{Canvas, num};
use crate::text;

/// A circle, square, diamond or triangle of one area.
pub(crate) fn shape(
    canvas: &mut Canvas,
    kind: usize,
    (x, y): (f64, f64),
    r: f64,
    fill: &str,
    stroke: &str,
) {
    let corners: &[(f64, f64)] = match kind % 4 {
        0 => &[],
        1 => &[(-0.886, -0.886), (0.886, -0.886), (0.886, 0.886), (-0.886, 0.886)],
        2 => &[(0.0, -1.253), (1.253, 0.0), (0.0, 1.253), (-1.253, 0.0)],
        _ => &[(0.0, -1.5), (1.347, 0.8), (-1.347, 0.8)],
    };
    let rest = format!(" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"1.3\"");
    if corners.is_empty() {
        let (x, y, r) = (num(x), num(y), num(r));
        canvas.raw(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"{rest}/>"));
        return;
    }
    let corner = |c: &(f64, f64)| format!("{} {}", num(x + c.0 * r), num(y + c.1 * r));
    let d: Vec<String> = corners.iter().map(corner).collect();
    canvas.path(&format!("M{}z", d.join("L")), &rest);
}

/// A line from a node to its name, where the name stands too far away to be taken for its own.
pub(crate) fn leader(wish: &Wish, placed: &Placed) -> Option<((f64, f64), (f64, f64))> {
    const NEAR: f64 = 7.0;
    let width = text::width(&wish.text, wish.size);
    let left = placed.x
        - match placed.anchor {
            "start" => 0.0,
            "end" => width,
            _ => width / 2.0,
        };
    let (top, bottom) = (placed.y - wish.size * 0.75, placed.y + wish.size * 0.2);
    let to = (wish.x.clamp(left, left + width), wish.y.clamp(top, bottom));
    let (dx, dy) = (to.0 - wish.x, to.1 - wish.y);
    let length = (dx * dx + dy * dy).sqrt();
    let free = length - wish.gap;
    (free > NEAR).then(|| {
        let share = wish.gap / length;
        ((wish.x + dx * share, wish.y + dy * share), to)
    })
}

/// How far a shape reaches to the side, in radii of the circle of its area.
pub(crate) fn reach(kind: usize) -> f64 {
    [1.0, 0.9, 1.25, 1.35][kind % 4]
}

/// Small boxes along a link, for names to keep clear of.
pub(crate) fn along(a: (f64, f64), b: (f64, f64)) -> impl Iterator<Item = Rect> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let steps = ((dx * dx + dy * dy).sqrt() / 8.0).ceil().max(1.0);
    (0..=steps as usize).map(move |i| {
        let t = i as f64 / steps;
        Rect::around(a.0 + t * dx, a.1 + t * dy, 1.5)
    })
}
