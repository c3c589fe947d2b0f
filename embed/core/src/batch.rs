//! Texts divided among requests.

use std::ops::Range;

/// What a text of so many UTF-8 bytes counts for before the server has counted: a quarter of a token a byte, rounded up.
#[must_use]
pub fn estimated_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

/// Ranges of texts, one for each request: in order, without gaps, each within both limits unless it is a single text, and of
/// about the same number of texts, so that no request is a small rest.
///
/// `lengths` are the texts' bytes.
#[must_use]
pub fn divide(lengths: &[usize], max_inputs: usize, max_tokens: u64) -> Vec<Range<usize>> {
    let batches = greedy(lengths, max_inputs, max_tokens);
    if batches.is_empty() {
        return batches;
    }
    let evened = greedy(lengths, lengths.len().div_ceil(batches.len()), max_tokens);
    // Long texts may be where more requests would be the price.
    if evened.len() > batches.len() {
        batches
    } else {
        evened
    }
}

/// Each as full as the limits allow.
fn greedy(lengths: &[usize], max_inputs: usize, max_tokens: u64) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (i, length) in lengths.iter().enumerate() {
        let own = estimated_tokens(*length);
        if i > start && (i - start >= max_inputs || tokens + own > max_tokens) {
            batches.push(start..i);
            (start, tokens) = (i, 0);
        }
        tokens += own;
    }
    if start < lengths.len() {
        batches.push(start..lengths.len());
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn requests_are_of_one_size() {
        assert_eq!(divide(&[1; 250], 100, 1000), [0..84, 84..168, 168..250]);
        assert_eq!(divide(&[], 100, 1000), []);
        assert_eq!(divide(&[1_000_000], 100, 10), vec![0..1]);
    }

    #[test]
    fn tokens_count() {
        assert_eq!(estimated_tokens(0), 0);
        assert_eq!(estimated_tokens(5), 2);
        assert_eq!(divide(&[8, 8, 8], 100, 4), [0..2, 2..3]);
    }

    proptest! {
        #[test]
        fn every_text_once_within_the_limits(
            lengths in prop::collection::vec(0_usize..400, 0..200), max_inputs in 1_usize..50, max_tokens in 1_u64..300,
        ) {
            let batches = divide(&lengths, max_inputs, max_tokens);
            let texts: Vec<usize> = batches.iter().cloned().flatten().collect();
            prop_assert_eq!(texts, (0..lengths.len()).collect::<Vec<_>>());
            for batch in &batches {
                let tokens: u64 = lengths[batch.clone()].iter().map(|length| estimated_tokens(*length)).sum();
                prop_assert!(batch.len() <= max_inputs);
                prop_assert!(batch.len() == 1 || tokens <= max_tokens);
            }
            prop_assert!(batches.len() <= greedy(&lengths, max_inputs, max_tokens).len());
        }
    }
}
