//! What a real cluster draws at random, derived here from words or numbers, so that two runs of one story agree.
//!
//! Not for secrets. Stable for ever, because recordings are found by it.

/// The letters of generated names (`k8s.io/apimachinery/pkg/util/rand`): no vowels, nothing that is easily mistaken.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// FNV-1a, 64 bits, with a last mix so that short inputs spread.
pub(in crate::demo) fn fnv(bytes: &[u8], seed: u64) -> u64 {
    let basis = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = bytes.iter().fold(basis, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ (mixed >> 32)
}

/// 64 hexadecimal digits.
pub(in crate::demo) fn digest(words: &str) -> String {
    let lanes = [0, 1, 2, 3].map(|lane| format!("{:016x}", fnv(words.as_bytes(), lane)));
    lanes.concat()
}

/// The same in the form of a UUID.
pub(in crate::demo) fn uid(words: &str) -> String {
    let hex = digest(words);
    let part = |range| hex.get(range).unwrap_or_default();
    let (a, b, c, d) = (part(0..8), part(8..12), part(12..15), part(15..18));
    format!("{a}-{b}-4{c}-8{d}-{}", part(18..30))
}

/// The five letters at the end of a generated name (`SimpleNameGenerator`).
pub(in crate::demo) fn suffix(seed: u64) -> String {
    let mut rest = seed;
    let mut letter = || {
        let at = usize::try_from(rest % 27).unwrap_or_default();
        rest /= 27;
        LETTERS.get(at).copied().map_or('x', char::from)
    };
    (0..5).map(|_| letter()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_give_the_same_and_others_others() {
        assert_eq!(digest("a"), digest("a"));
        assert_ne!(digest("a"), digest("b"));
        assert_ne!(uid("a"), uid("b"));
        assert_ne!(suffix(1), suffix(2));
    }

    #[test]
    fn each_has_the_length_of_what_it_stands_for() {
        assert_eq!((digest("a").len(), uid("a").len(), suffix(9).len()), (64, 36, 5));
    }
}
