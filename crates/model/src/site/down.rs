//! Sums and products that are never above the exact value, for proofs.

/// A sum that is never above the exact one, and close to it: what each addition rounds away is
/// itself a float, and is summed up apart.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Down {
    high: f64,
    low: f64,
}

impl Down {
    pub(crate) fn add(&mut self, term: f64) {
        let (sum, error) = two_sum(self.high, term);
        self.high = sum;
        self.low = add_down(self.low, error);
    }

    pub(crate) fn value(self) -> f64 {
        add_down(self.high, self.low)
    }
}

/// a + b rounded to nearest, and the exact error of the rounding (Knuth's TwoSum: 1969, The Art of
/// Computer Programming 2, section 4.2.2, theorem B).
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let from_b = sum - a;
    (sum, (a - (sum - from_b)) + (b - from_b))
}

/// a + b rounded down; exact sums stay exact.
pub(crate) fn add_down(a: f64, b: f64) -> f64 {
    let (sum, error) = two_sum(a, b);
    if error < 0.0 { sum.next_down() } else { sum }
}

/// a · b rounded down; exact products stay exact.
pub(crate) fn multiply_down(a: f64, b: f64) -> f64 {
    let product = a * b;
    // Below this the error of a product may itself be too small to represent.
    let visible = product.abs() > 1e-280;
    if a == 1.0 || a == 0.0 || b == 0.0 || visible && a.mul_add(b, -product) >= 0.0 {
        return product;
    }
    product.next_down()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_are_never_above_the_exact_value() {
        // 0.1 + 0.2 as floats is 0.3000000000000000166…, above the exact sum of the two floats.
        assert!(add_down(0.1, 0.2) < 0.1 + 0.2);
        assert_eq!(add_down(0.5, 0.25), 0.75);
        let mut tenths = Down::default();
        (0..10).for_each(|_| tenths.add(0.1));
        // Ten times the float 0.1 is 1 + 5.6e-17: the largest float not above it is 1.
        assert_eq!(tenths.value(), 1.0);
        assert_eq!(multiply_down(3.0, 0.5), 1.5);
        assert!(multiply_down(-0.1, 3.0) <= -0.3);
        // (1 + e)(1 - e) = 1 - e² rounds up to 1.
        let e = 2_f64.powi(-30);
        assert!(multiply_down(1.0 + e, 1.0 - e) < 1.0);
    }
}
