//! The glob over `registry/repository` names. (Paths inside an image have their own in `plimsoll-harden`, which reads
//! patterns as shells and configuration files mean them.)
//!
//! `*` stands for any run of characters inside a segment, `**` for any run at all, slashes too; everything else stands
//! for itself. A pattern covers the whole name. There is no escape, class or alternative, so that every engine that has
//! to repeat the match as a regular expression ([`glob_regex`]) means the same.

/// Whether `pattern` covers the whole of `name`. Time is bounded by the product of the two lengths.
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let tokens = tokens(pattern);
    // live[i]: the first i tokens cover what was read so far. One pass over the name, no backtracking.
    let mut live = vec![false; tokens.len() + 1];
    live[0] = true;
    skip_stars(&tokens, &mut live);
    let mut next = vec![false; tokens.len() + 1];
    for c in name.chars() {
        next.fill(false);
        let mut any = false;
        for (i, token) in tokens.iter().enumerate().filter(|(i, _)| live[*i]) {
            let to = match token {
                Token::Literal(l) => (*l == c).then_some(i + 1),
                Token::Segment => (c != '/').then_some(i),
                Token::Across => Some(i),
            };
            if let Some(to) = to {
                next[to] = true;
                any = true;
            }
        }
        if !any {
            return false;
        }
        skip_stars(&tokens, &mut next);
        std::mem::swap(&mut live, &mut next);
    }
    live[tokens.len()]
}

/// The same match as an anchored regular expression in the syntax that RE2, CEL and Rego share.
pub fn glob_regex(pattern: &str) -> String {
    let mut out = String::from("^");
    for token in tokens(pattern) {
        match token {
            Token::Segment => out.push_str("[^/]*"),
            Token::Across => out.push_str(".*"),
            Token::Literal(c) => {
                if r"\.+*?()|[]{}^$".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
    out.push('$');
    out
}

enum Token {
    Literal(char),
    Segment,
    Across,
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '*' {
            out.push(Token::Literal(c));
            continue;
        }
        let mut stars = 1;
        while chars.next_if_eq(&'*').is_some() {
            stars += 1;
        }
        out.push(if stars == 1 { Token::Segment } else { Token::Across });
    }
    out
}

/// A star may stand for nothing.
fn skip_stars(tokens: &[Token], live: &mut [bool]) {
    for (i, token) in tokens.iter().enumerate() {
        if live[i] && !matches!(token, Token::Literal(_)) {
            live[i + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_inside_a_segment_and_double_stars_do_not() {
        let cases = [
            ("registry.example.com/shop/*", "registry.example.com/shop/web", true),
            ("registry.example.com/shop/*", "registry.example.com/shop/web/debug", false),
            ("registry.example.com/shop/**", "registry.example.com/shop/web/debug", true),
            ("registry.example.com/shop/**", "registry.example.com/shopper/web", false),
            ("registry.example.com/**", "registry.example.com.evil.org/shop", false),
            ("registry.example.com/shop", "registry.example.com/shop", true),
            ("registry.example.com/shop", "registry.example.com/Shop", false),
            ("registry.example.com/shop", "registry.example.com/shop2", false),
            ("registry.example.com/shop", "xregistry.example.com/shop", false),
            ("**", "", true),
            ("**", "a/b", true),
            ("*", "a/b", false),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a/b-c", false),
            ("**/lib/*.so", "/usr/lib/x.so", true),
            ("**/lib/*.so", "/usr/lib/x/y.so", false),
            ("/usr/**/doc/*", "/usr/share/doc/x", true),
            ("a.c", "abc", false),
            ("é*", "éa", true),
        ];
        for (pattern, name, want) in cases {
            assert_eq!(glob_matches(pattern, name), want, "{pattern} over {name}");
        }
    }

    #[test]
    fn hostile_patterns_stay_cheap() {
        let pattern = "a*".repeat(500) + "b";
        assert!(!glob_matches(&pattern, &"a".repeat(5_000)));
        let pattern = "**a".repeat(300) + "*/b";
        assert!(!glob_matches(&pattern, &"a".repeat(5_000)));
    }

    #[test]
    fn the_regular_expression_says_the_same() {
        assert_eq!(glob_regex("registry.example.com/shop/**"), r"^registry\.example\.com/shop/.*$");
        assert_eq!(glob_regex("a+b/*"), r"^a\+b/[^/]*$");
    }
}
