//! Finding `<-` and `=>` in raw tokens, and the ways people mistype them.
//!
//! To rustc's parser and to syn `ch <- v` is `ch < -v`. So the arrow is looked for before either
//! side is parsed, as two joint tokens `<` `-` at depth 0; what is inside brackets is never looked
//! at. `a < -1` is no arrow: its `<` stands alone.

use std::ops::Range;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// Whether `tokens[at]` is the punctuation `c`.
pub(crate) fn is_punct(tokens: &[TokenTree], at: usize, c: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

/// Whether `tokens[at]` is the word `word`.
pub(crate) fn is_word(tokens: &[TokenTree], at: usize, word: &str) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Ident(ident)) if ident == word)
}

/// Whether `tokens[at]` is a `{ … }`.
pub(crate) fn is_braces(tokens: &[TokenTree], at: usize) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace)
}

/// Whether the two characters `a` `b` stand at `at` without a space between them.
pub(crate) fn is_joint(tokens: &[TokenTree], at: usize, a: char, b: char) -> bool {
    is_punct(tokens, at, a)
        && is_punct(tokens, at + 1, b)
        && matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.spacing() == Spacing::Joint)
}

/// Whether the arrow `<-` stands at `at`. The second half of `<<-` is none.
pub(crate) fn is_arrow(tokens: &[TokenTree], at: usize) -> bool {
    is_joint(tokens, at, '<', '-') && !(at > 0 && is_joint(tokens, at - 1, '<', '<'))
}

/// Where the first `<-` stands.
pub(crate) fn find_arrow(tokens: &[TokenTree]) -> Option<usize> {
    (0..tokens.len()).find(|&at| is_arrow(tokens, at))
}

/// Where the first `=>` stands.
pub(crate) fn find_fat_arrow(tokens: &[TokenTree]) -> Option<usize> {
    (0..tokens.len()).find(|&at| is_joint(tokens, at, '=', '>'))
}

/// Where the first `c` stands.
pub(crate) fn find_punct(tokens: &[TokenTree], c: char) -> Option<usize> {
    (0..tokens.len()).find(|&at| is_punct(tokens, at, c))
}

/// Whether a single `=` (not part of `==`, `=>`, `<=`, …) stands at `at`.
pub(crate) fn is_assign(tokens: &[TokenTree], at: usize) -> bool {
    let starts_another = is_joint(tokens, at, '=', '=') || is_joint(tokens, at, '=', '>');
    let ends_another = at > 0 && "=!<>".chars().any(|c| is_joint(tokens, at - 1, c, '='));
    is_punct(tokens, at, '=') && !starts_another && !ends_another
}

/// An arrow that was probably meant as `<-`: where it is, and what to say about it. Only for tokens
/// without an arrow.
pub(crate) fn mistyped(tokens: &[TokenTree]) -> Option<(Range<usize>, &'static str)> {
    (0..tokens.len()).find_map(|at| {
        if is_joint(tokens, at, '-', '>') {
            let say = "the arrow of a channel is `<-`, to the left: `tx <- value` sends, `<-rx` receives";
            Some((at..at + 2, say))
        } else if is_punct(tokens, at, '<') && is_punct(tokens, at + 1, '-') {
            Some((
                at..at + 2,
                "the arrow is one word: write `<-` without a space in it",
            ))
        } else if is_joint(tokens, at, '<', '=') || is_joint(tokens, at, '<', '<') {
            Some((
                at..at + 2,
                "the arrow of a channel is `<-`: `tx <- value` sends, `<-rx` receives",
            ))
        } else {
            None
        }
    })
}

/// The tokens as a stream again.
pub(crate) fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lex(text: &str) -> Vec<TokenTree> {
        text.parse::<TokenStream>()
            .expect("these tokens lex")
            .into_iter()
            .collect()
    }

    #[test]
    fn the_arrow_is_two_joint_tokens_at_depth_0() {
        assert_eq!(find_arrow(&lex("tx <- v")), Some(1));
        assert_eq!(find_arrow(&lex("<-rx")), Some(0));
        assert_eq!(find_arrow(&lex("a <- -1")), Some(1));
        assert_eq!(find_arrow(&lex("v = <-rx")), Some(2));
        assert_eq!(find_arrow(&lex("x.m::<Vec<u8>>() <- v")), Some(12));
        assert_eq!(find_arrow(&lex("a < -1")), None);
        assert_eq!(find_arrow(&lex("f(a <- b)")), None);
        assert_eq!(find_arrow(&lex("{ a <- b }")), None);
        assert_eq!(find_arrow(&lex("1 <<-1")), None);
        assert_eq!(find_arrow(&lex("fn(u8) -> u8")), None);
    }

    #[test]
    fn one_equals_sign_is_an_assignment_and_its_relatives_are_not() {
        assert!(is_assign(&lex("a = b"), 1));
        assert!(is_assign(&lex("a =<-b"), 1));
        for other in ["a == b", "a => b", "a <= b", "a >= b", "a != b"] {
            let tokens = lex(other);
            assert!(!is_assign(&tokens, 1) && !is_assign(&tokens, 2), "{other}");
        }
    }

    #[test]
    fn mistyped_arrows_are_told_apart() {
        for (text, at) in [
            ("tx -> v", 1),
            ("tx < - v", 1),
            ("tx <= v", 1),
            ("tx << v", 1),
            ("->rx", 0),
        ] {
            assert_eq!(
                mistyped(&lex(text)).map(|(range, _)| range.start),
                Some(at),
                "{text}"
            );
        }
        assert!(mistyped(&lex("a + b")).is_none());
    }
}
