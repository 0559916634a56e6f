//! The squarified layout: a rectangle cut into parcels as near to squares as a simple rule gets.

use crate::labels::Rect;

/// Cuts a frame into parcels with areas in proportion to the weights, in their order.
///
/// ```text
/// add parcels to the row along the shorter side while  max(w² m / s², s² / (w² l))  does not grow
/// ```
///
/// with w the length of the row, s the sum of its areas, m and l its largest and least.
///
/// Assumptions: weights are above zero and, for good shapes, fall.
///
/// Source: Bruls, Huizing, van Wijk (2000), Squarified treemaps, Data Visualization 2000, 33–42.
pub(crate) fn squarify(weights: &[f64], frame: Rect) -> Vec<Rect> {
    let total: f64 = weights.iter().sum();
    let area = (frame.x1 - frame.x0) * (frame.y1 - frame.y0);
    let areas: Vec<f64> = weights.iter().map(|w| w / total * area).collect();
    let (mut out, mut rest, mut at) = (Vec::with_capacity(areas.len()), frame, 0);
    while at < areas.len() {
        let (width, height) = (rest.x1 - rest.x0, rest.y1 - rest.y0);
        let side = width.min(height);
        let mut end = at + 1;
        while end < areas.len() && worst(&areas[at..=end], side) <= worst(&areas[at..end], side) {
            end += 1;
        }
        let row = &areas[at..end];
        let thick = row.iter().sum::<f64>() / side;
        // The last row takes what rounding left.
        let last = end == areas.len();
        let mut from = 0.0;
        for (i, area) in row.iter().enumerate() {
            let to = if i + 1 == row.len() { side } else { from + area / thick };
            out.push(if width >= height {
                let x1 = if last { rest.x1 } else { rest.x0 + thick };
                Rect { x0: rest.x0, y0: rest.y0 + from, x1, y1: rest.y0 + to }
            } else {
                let y1 = if last { rest.y1 } else { rest.y0 + thick };
                Rect { x0: rest.x0 + from, y0: rest.y0, x1: rest.x0 + to, y1 }
            });
            from = to;
        }
        if width >= height {
            rest.x0 += thick;
        } else {
            rest.y0 += thick;
        }
        at = end;
    }
    out
}

/// The worst ratio of sides in a row of areas along a side.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let most = row.iter().copied().fold(0.0, f64::max);
    let least = row.iter().copied().fold(f64::INFINITY, f64::min);
    let (side, sum) = (side * side, sum * sum);
    (side * most / sum).max(sum / (side * least))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(r: &Rect) -> f64 {
        (r.x1 - r.x0) * (r.y1 - r.y0)
    }

    fn near(found: Rect, expected: [f64; 4]) {
        let found = [found.x0, found.y0, found.x1, found.y1];
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn the_example_of_the_paper() {
        // 6, 6, 4, 3, 2, 2, 1 in a frame of 6 by 4.
        let frame = Rect { x0: 0.0, y0: 0.0, x1: 6.0, y1: 4.0 };
        let found = squarify(&[6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0], frame);
        near(found[0], [0.0, 0.0, 3.0, 2.0]);
        near(found[1], [0.0, 2.0, 3.0, 4.0]);
        let split = 3.0 + 12.0 / 7.0;
        near(found[2], [3.0, 0.0, split, 7.0 / 3.0]);
        near(found[3], [split, 0.0, 6.0, 7.0 / 3.0]);
        near(found[4], [3.0, 7.0 / 3.0, 4.2, 4.0]);
    }

    #[test]
    fn parcels_fill_the_frame_without_overlap() {
        let mut state = 7_u64;
        for n in [1, 2, 5, 40, 300] {
            let mut weights: Vec<f64> = (0..n)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    ((state >> 33) as f64 / 2e9).powi(4) + 1e-9
                })
                .collect();
            weights.sort_by(|a, b| b.total_cmp(a));
            let frame = Rect { x0: 10.0, y0: 20.0, x1: 730.0, y1: 440.0 };
            let found = squarify(&weights, frame);
            let total: f64 = weights.iter().sum();
            for (rect, weight) in found.iter().zip(&weights) {
                assert!((area(rect) - weight / total * area(&frame)).abs() < 1e-6);
                assert!(rect.x0 >= 9.999 && rect.x1 <= 730.001);
                assert!(rect.y0 >= 19.999 && rect.y1 <= 440.001);
            }
            // Parcels inside the frame whose areas add up to it overlap nowhere.
            let sum: f64 = found.iter().map(area).sum();
            assert!((sum - area(&frame)).abs() < 1e-6, "{sum}");
        }
    }
}
