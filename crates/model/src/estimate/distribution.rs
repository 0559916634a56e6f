//! Tail probabilities of the normal, t, chi-squared and F distributions, and ln Γ.
//!
//! Written out because p-values, joint tests and pseudo R2 need nothing else of a statistics
//! library. Source of the series and continued fractions: Abramowitz and Stegun (1964) 6.1.40,
//! 6.5.29, 6.5.31, 26.5.8.

/// P(|T| > |t|) with `df` degrees of freedom, or of the normal distribution for `None`.
#[must_use]
pub fn p_value(t: f64, df: Option<f64>) -> f64 {
    if t.is_nan() || df.is_some_and(|d| d.is_nan() || d <= 0.0) {
        return f64::NAN;
    }
    match df {
        None => {
            let x = t * t / 2.0;
            upper_gamma(0.5, x, (-x).exp() * x.sqrt() / std::f64::consts::PI.sqrt())
        }
        Some(d) => f_tail(t * t, 1.0, d),
    }
}

/// P(X > x) of the chi-squared distribution with `df` degrees of freedom.
#[must_use]
pub fn chi2_tail(x: f64, df: f64) -> f64 {
    if x.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    let (a, x) = (df / 2.0, x / 2.0);
    if x.is_infinite() {
        return 0.0;
    }
    upper_gamma(a, x, (a * x.ln() - x - ln_gamma(a)).exp())
}

/// P(X > f) of the F distribution with `d1` and `d2` degrees of freedom: I_x(d2/2, d1/2) at
/// x = d2 / (d2 + d1 f).
#[must_use]
pub fn f_tail(f: f64, d1: f64, d2: f64) -> f64 {
    if f.is_nan() || !(d1 > 0.0 && d2 > 0.0) {
        return f64::NAN;
    }
    if f <= 0.0 {
        return 1.0;
    }
    let (a, b, ratio) = (d2 / 2.0, d1 / 2.0, d1 * f / d2);
    if ratio.is_infinite() {
        return 0.0;
    }
    let (x, y) = (1.0 / (1.0 + ratio), ratio / (1.0 + ratio));
    // x^a y^b / B(a, b), written so that a million degrees of freedom cost no digits.
    let beta =
        if a >= b { ln_gamma(b) - ln_gamma_step(a, b) } else { ln_gamma(a) - ln_gamma_step(b, a) };
    let front = (-a * ratio.ln_1p() + b * y.ln() - beta).exp();
    if x > (a + 1.0) / (a + b + 2.0) {
        1.0 - front / b * beta_fraction(y, b, a)
    } else {
        front / a * beta_fraction(x, a, b)
    }
}

/// The c with P(|T| <= c) = `level`, by bisection on [`p_value`].
#[must_use]
pub fn critical_value(level: f64, df: Option<f64>) -> f64 {
    let tail = 1.0 - level;
    if !(tail > 0.0 && tail < 1.0) || p_value(0.0, df).is_nan() {
        return f64::NAN;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while p_value(high, df) > tail {
        high *= 2.0;
    }
    // 200 halvings reach neighbouring numbers from any start.
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if p_value(middle, df) > tail { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// ln Γ(x) for x > 0: Stirling's series from 15 on, shifted up below.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 15.0 {
        product *= x;
        x += 1.0;
    }
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + stirling(x) - product.ln()
}

/// The series of ln Γ beyond (x - 1/2) ln x - x + ln(2π)/2, for x of at least 15.
fn stirling(x: f64) -> f64 {
    let r = 1.0 / (x * x);
    (1.0 / 12.0 + r * (-1.0 / 360.0 + r * (1.0 / 1260.0 + r * (-1.0 / 1680.0 + r / 1188.0)))) / x
}

/// Q(a, x): the upper tail of the gamma distribution with shape a; `front` is x^a e^-x / Γ(a).
fn upper_gamma(a: f64, x: f64, front: f64) -> f64 {
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    front
        * continued_fraction(|i| {
            let n = i as f64;
            (if i == 1 { 1.0 } else { (n - 1.0) * (a - (n - 1.0)) }, x + 2.0 * n - 1.0 - a)
        })
}

/// ln Γ(a + b) - ln Γ(a), without cancellation for large a.
fn ln_gamma_step(a: f64, b: f64) -> f64 {
    if a < 15.0 {
        return ln_gamma(a + b) - ln_gamma(a);
    }
    (a - 0.5) * (b / a).ln_1p() + b * (a + b).ln() - b + stirling(a + b) - stirling(a)
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    continued_fraction(|i| {
        let m = ((i - 1) / 2) as f64;
        let numerator = if i == 1 {
            1.0
        } else if i % 2 == 0 {
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        } else {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        };
        (numerator, 1.0)
    })
}

/// a1/(b1 + a2/(b2 + ...)) by Lentz's method; `term(i)` gives (a_i, b_i) from i = 1.
fn continued_fraction(term: impl Fn(usize) -> (f64, f64)) -> f64 {
    let tiny = 1e-300;
    let (mut value, mut c, mut d) = (tiny, tiny, 0.0);
    for i in 1..100_000 {
        let (a, b) = term(i);
        d = b + a * d;
        d = 1.0 / if d == 0.0 { tiny } else { d };
        c = b + a / c;
        if c == 0.0 {
            c = tiny;
        }
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed tables give this many digits.
    const TABLE: f64 = 1e-12;

    #[test]
    fn known_tails() {
        // Normal: 2(1 - Φ(1.959963984540054)) = 0.05; t with 1 degree is Cauchy, with 2 algebraic.
        assert!((p_value(1.959_963_984_540_054, None) - 0.05).abs() < TABLE);
        assert!((p_value(0.5, None) - 0.617_075_077_451_973_8).abs() < TABLE);
        let cauchy = 1.0 - 2.0 / std::f64::consts::PI * 3f64.atan();
        assert!((p_value(3.0, Some(1.0)) - cauchy).abs() < TABLE);
        assert!((p_value(-2.0, Some(2.0)) - (1.0 - 2.0 / 6f64.sqrt())).abs() < TABLE);
        assert!((p_value(2.0, Some(1e9)) - p_value(2.0, None)).abs() < 1e-8);
        assert_eq!(p_value(0.0, None), 1.0);
        assert!(p_value(1.0, Some(0.0)).is_nan());
    }

    #[test]
    fn joint_tails_have_the_digits_of_scipy() {
        // scipy 1.17.1: chi2.sf(x, df) and f.sf(x, d1, d2).
        for (x, df, want) in [
            (3.0, 2.0, 0.223_130_160_148_429_82),
            (25.3, 7.0, 0.000_671_244_075_354_480_2),
            (0.01, 1.0, 0.920_344_325_445_942),
            (1200.5, 1100.0, 0.018_094_693_059_875_325),
            (80.0, 3.0, 3.069_277_486_172_416_4e-17),
        ] {
            let got = chi2_tail(x, df);
            assert!((got / want - 1.0).abs() < TABLE, "{x} {df}: {got:e} for {want:e}");
        }
        for (x, d1, d2, want) in [
            (2.5, 3.0, 17.0, 0.094_282_805_078_947_89),
            (0.2, 1.0, 5.0, 0.673_428_435_537_553_7),
            (14.75, 2.0, 1e6, 3.928_718_177_450_494e-7),
            (1.02, 400.0, 900.0, 0.403_571_701_804_432_47),
            (55.0, 6.0, 14.0, 6.191_616_224_726_062e-9),
        ] {
            let got = f_tail(x, d1, d2);
            // The fraction forms 1 - d2 / (d2 + d1 f), which costs digits as d2 grows.
            let tolerance = TABLE.max(f64::EPSILON * d2);
            assert!((got / want - 1.0).abs() < tolerance, "{x} {d1} {d2}: {got:e} for {want:e}");
        }
        assert_eq!((chi2_tail(0.0, 3.0), f_tail(0.0, 3.0, 4.0)), (1.0, 1.0));
        assert_eq!((chi2_tail(f64::INFINITY, 3.0), f_tail(f64::INFINITY, 3.0, 4.0)), (0.0, 0.0));
        assert!(chi2_tail(1.0, 0.0).is_nan() && f_tail(1.0, 2.0, -1.0).is_nan());
    }

    #[test]
    fn critical_values_invert_tails() {
        assert!((critical_value(0.95, None) - 1.959_963_984_540_054).abs() < TABLE);
        assert!((critical_value(0.95, Some(2.0)) - 4.302_652_729_749_464).abs() < 1e-10);
        assert!(critical_value(1.0, None).is_nan());
    }

    #[test]
    fn gamma_at_integers_and_half() {
        assert!(ln_gamma(1.0).abs() < TABLE);
        assert!((ln_gamma(11.0) - 3_628_800f64.ln()).abs() < TABLE);
        assert!((ln_gamma(0.5) - 0.5 * std::f64::consts::PI.ln()).abs() < TABLE);
    }
}
