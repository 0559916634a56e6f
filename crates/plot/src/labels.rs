//! Where labels go, so that they do not overlap.

use crate::text;

/// An upright box on the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub x0: f64,
    pub y0: f64,
    pub x1: f64,
    pub y1: f64,
}

impl Rect {
    pub fn around(x: f64, y: f64, r: f64) -> Self {
        Self { x0: x - r, y0: y - r, x1: x + r, y1: y + r }
    }

    fn overlap(&self, other: &Self) -> f64 {
        let w = self.x1.min(other.x1) - self.x0.max(other.x0);
        let h = self.y1.min(other.y1) - self.y0.max(other.y0);
        if w > 0.0 && h > 0.0 { w * h } else { 0.0 }
    }

    fn within(&self, frame: &Self) -> bool {
        self.x0 >= frame.x0 && self.x1 <= frame.x1 && self.y0 >= frame.y0 && self.y1 <= frame.y1
    }
}

/// A text that wants to stand beside a point; smaller `rank` is placed first.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub x: f64,
    pub y: f64,
    /// Distance from the point to the text.
    pub gap: f64,
    pub text: String,
    pub size: f64,
    pub rank: usize,
    /// A label that must appear even where it touches another.
    pub must: bool,
}

/// A text with its place: baseline, anchor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub wish: usize,
    pub x: f64,
    pub y: f64,
    pub anchor: &'static str,
}

/// Places labels one by one in the order of rank, at the first of twelve places that is free of
/// points and of earlier labels; a label without a free side is left out unless it must appear.
///
/// Assumptions: greedy, so not the largest possible set; the order decides ties and makes the
/// result the same on every run.
///
/// Boxes in `soft` may be covered; of several free sides the one that covers least of them wins.
pub(crate) fn place(
    wishes: &[Wish],
    obstacles: &[Rect],
    soft: &[Rect],
    frame: &Rect,
) -> Vec<Placed> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by_key(|i| (wishes[*i].rank, *i));
    let mut taken: Vec<Rect> = obstacles.to_vec();
    let mut out = Vec::new();
    for i in order {
        let w = &wishes[i];
        if w.text.is_empty() {
            continue;
        }
        let mut best: Option<((f64, f64), Rect, Placed)> = None;
        // Without a gap the text may stand on its point, as on a large area.
        let on_point = [(0.0, 0.0, "middle")];
        let beside = [
            (1.0, 0.0, "start"),
            (-1.0, 0.0, "end"),
            (0.0, -1.0, "middle"),
            (0.0, 1.0, "middle"),
            (0.75, -0.75, "start"),
            (0.75, 0.75, "start"),
            (-0.75, -0.75, "end"),
            (-0.75, 0.75, "end"),
            (0.5, -1.8, "start"),
            (0.5, 1.8, "start"),
            (-0.5, -1.8, "end"),
            (-0.5, 1.8, "end"),
        ];
        let on_point = if w.gap == 0.0 { &on_point[..] } else { &[] };
        for (dx, dy, anchor) in on_point.iter().chain(&beside).copied() {
            let (width, height) = (text::width(&w.text, w.size), w.size);
            let x = w.x + dx * w.gap;
            // Letters reach 0.72 of the size above the baseline and 0.22 below it.
            let middle = w.y + dy * (w.gap + if dx == 0.0 { height * 0.45 } else { height * 0.25 });
            let x0 = match anchor {
                "start" => x,
                "end" => x - width,
                _ => x - width / 2.0,
            };
            let rect = Rect {
                x0: x0 - 1.5,
                y0: middle - height * 0.5,
                x1: x0 + width + 1.5,
                y1: middle + height * 0.5,
            };
            if !rect.within(frame) {
                continue;
            }
            let sum = |boxes: &[Rect]| boxes.iter().map(|t| rect.overlap(t)).sum::<f64>();
            let cost = (sum(&taken), sum(soft));
            let placed = Placed { wish: i, x, y: middle + height * 0.35, anchor };
            if best.as_ref().is_none_or(|(least, _, _)| cost < *least) {
                best = Some((cost, rect, placed));
            }
            if cost == (0.0, 0.0) {
                break;
            }
        }
        if let Some((cost, rect, placed)) = best
            && (cost.0 == 0.0 || w.must)
        {
            taken.push(rect);
            out.push(placed);
        }
    }
    out
}

/// Moves heights apart to at least `gap`, each as little as possible, within `low..=high`.
///
/// Source: pool adjacent violators on `y_i - i·gap`, the least-squares answer under the order of
/// the wishes (Ayer et al. 1955).
pub(crate) fn spread(wanted: &[f64], heights: &[f64], low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    // Offsets of stacked labels; blocks of (sum, count) share one shift.
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(order.len());
    for (k, i) in order.iter().enumerate() {
        if k > 0 {
            offset += (heights[order[k - 1]] + heights[*i]) / 2.0;
        }
        offsets.push(offset);
    }
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (k, i) in order.iter().enumerate() {
        blocks.push((wanted[*i] - offsets[k], 1));
        while blocks.len() > 1 {
            let (a, b) = (blocks[blocks.len() - 2], blocks[blocks.len() - 1]);
            if a.0 / a.1 as f64 <= b.0 / b.1 as f64 {
                break;
            }
            blocks.truncate(blocks.len() - 2);
            blocks.push((a.0 + b.0, a.1 + b.1));
        }
    }
    let mut out = vec![0.0; wanted.len()];
    let top = high - offsets.last().copied().unwrap_or(0.0);
    let mut k = 0;
    for (sum, count) in blocks {
        let shift = (sum / count as f64).min(top).max(low);
        for _ in 0..count {
            out[order[k]] = shift + offsets[k];
            k += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(x: f64, y: f64, text: &str) -> Wish {
        Wish { x, y, gap: 6.0, text: text.into(), size: 12.0, rank: 0, must: false }
    }

    const FRAME: Rect = Rect { x0: 0.0, y0: 0.0, x1: 300.0, y1: 200.0 };

    #[test]
    fn two_labels_at_one_point_take_two_sides() {
        let placed =
            place(&[wish(150.0, 100.0, "Minsk"), wish(150.0, 100.0, "Brest")], &[], &[], &FRAME);
        assert_eq!(placed.iter().map(|p| p.anchor).collect::<Vec<_>>(), ["start", "end"]);
    }

    #[test]
    fn a_label_without_room_is_left_out_unless_it_must_appear() {
        let full = [Rect { x0: 0.0, y0: 0.0, x1: 300.0, y1: 200.0 }];
        let mut wishes = [wish(150.0, 100.0, "Minsk")];
        assert!(place(&wishes, &full, &[], &FRAME).is_empty());
        wishes[0].must = true;
        assert_eq!(place(&wishes, &full, &[], &FRAME).len(), 1);
    }

    #[test]
    fn labels_stay_in_the_frame() {
        let placed = place(&[wish(295.0, 100.0, "Vladivostok")], &[], &[], &FRAME);
        assert_eq!(placed[0].anchor, "end");
    }

    #[test]
    fn spread_by_hand() {
        // Two wishes at 50 with height 10 stand at 45 and 55; a far one stays.
        assert_eq!(spread(&[50.0, 50.0, 90.0], &[10.0; 3], 0.0, 100.0), [45.0, 55.0, 90.0]);
        // Pushed back from the border.
        assert_eq!(spread(&[99.0, 99.0], &[10.0; 2], 0.0, 100.0), [90.0, 100.0]);
    }
}
