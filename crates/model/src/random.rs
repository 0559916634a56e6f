//! A small seeded generator, so that the same seed gives the same plan and the same bootstrap in
//! every release.
//!
//! SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA,
//! figure 13; constants of the mix: variant 13 of Stafford). Its statistical quality is ample for
//! choosing where a search starts and which sign a cluster draws, and nothing here is secret.

/// State of the generator.
#[derive(Debug, Clone)]
pub(crate) struct SplitMix(u64);

impl SplitMix {
    /// Generator number `stream` of a seed: each start of a search and each draw of a
    /// bootstrap owns one, so that the order in which threads run them does not matter.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut root = Self(seed);
        root.0 = root.next() ^ stream.wrapping_mul(0xD134_2543_DE82_EF95);
        root
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n` by multiplying and keeping the high half; its bias is below n / 2^64.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }

    /// `k` different entries of `from`, in random order: the head of a Fisher-Yates shuffle.
    pub(crate) fn sample(&mut self, from: &[usize], k: usize) -> Vec<usize> {
        let mut pool = from.to_vec();
        for at in 0..k {
            let other = at + self.below(pool.len() - at);
            pool.swap(at, other);
        }
        pool.truncate(k);
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_numbers_are_those_of_the_reference_code() {
        // Seed 1234567: the first outputs of Vigna's splitmix64.c, as listed on Rosetta Code.
        let mut random = SplitMix(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([random.next(), random.next()], expected);
    }

    #[test]
    fn a_sample_has_no_repeats() {
        let from: Vec<usize> = (10..30).collect();
        let mut drawn = SplitMix::new(7, 3).sample(&from, 20);
        drawn.sort_unstable();
        assert_eq!(drawn, from);
    }
}
