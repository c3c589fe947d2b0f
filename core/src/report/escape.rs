//! Text made harmless. What is shown is what was written: characters that would hide something are shown by their number.

use std::fmt::{self, Display, Formatter, Write};

/// Whether a character has no shape of its own and changes how others are read: controls, and the directional formatting
/// characters that can make code look like other code (CVE-2021-42574).
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
        || (c as u32) & 0xfffe == 0xfffe
}

fn write_hidden(c: char, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "[U+{:04X}]", c as u32)
}

/// Text for HTML and SVG: the content of an element, or an attribute's value in double quotes. Line breaks and tabs stay.
#[derive(Clone, Copy)]
pub struct Html<'a>(pub &'a str);

impl Display for Html<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '`' => f.write_str("&#96;")?,
                '\n' | '\t' => f.write_char(c)?,
                '\r' => {}
                c if is_hidden(c) => write_hidden(c, f)?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Text for a line of Markdown, a cell of a table too. Never at the start of a line: there a number or a dash has a
/// meaning that is not taken away. Line breaks become blanks.
#[derive(Clone, Copy)]
pub struct Markdown<'a>(pub &'a str);

impl Display for Markdown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut before = ' ';
        let mut rest = self.0.chars();
        while let Some(c) = rest.next() {
            let c = if matches!(c, '\n' | '\t' | '\r' | ' ') {
                ' '
            } else {
                c
            };
            match c {
                ' ' if before == ' ' => {}
                // References to characters, for these are not even seen by what looks for tags, cells and code.
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '|' => f.write_str("&#124;")?,
                '`' => f.write_str("&#96;")?,
                '\\' => f.write_str("&#92;")?,
                // The empty character keeps GitHub from calling people and linking issues.
                '@' => f.write_str("@&#8203;")?,
                '#' => f.write_str("\\#&#8203;")?,
                // The colon and the dot of what would become a link, or a small picture, by itself.
                ':' if rest
                    .clone()
                    .next()
                    .is_some_and(|next| !next.is_whitespace() && !next.is_ascii_digit()) =>
                {
                    f.write_str("&#58;")?;
                }
                '.' if before == 'w' || before == 'W' => f.write_str("&#46;&#8203;")?,
                '*' | '_' | '[' | ']' | '(' | ')' | '~' | '!' | '$' | '^' | '=' | '{' | '}' => {
                    f.write_char('\\')?;
                    f.write_char(c)?;
                }
                c if is_hidden(c) => {
                    f.write_char('\\')?;
                    write!(f, "[U+{:04X}\\]", c as u32)?;
                }
                c => f.write_char(c)?,
            }
            before = c;
        }
        Ok(())
    }
}

/// Text as a fenced block of Markdown, with a fence that the text cannot close.
#[derive(Clone, Copy)]
pub struct Fenced<'a>(pub &'a str);

impl Display for Fenced<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (mut longest, mut run) = (2, 0);
        for c in self.0.chars() {
            run = if c == '`' { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        let fence = "`".repeat(longest + 1);
        writeln!(f, "{fence}text")?;
        for c in self.0.trim_end().chars() {
            match c {
                '\n' | '\t' => f.write_char(c)?,
                '\r' => {}
                c if is_hidden(c) => write_hidden(c, f)?,
                c => f.write_char(c)?,
            }
        }
        writeln!(f, "\n{fence}")
    }
}

/// An address that may become a link: http or https, and nothing in it that ends an address early.
#[must_use]
pub fn link(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let is_plain = rest.chars().all(|c| {
        !c.is_whitespace() && !is_hidden(c) && !matches!(c, '<' | '>' | '"' | '\'' | '`' | '\\' | '|')
    });
    (is_web && is_plain && !rest.is_empty() && !rest.starts_with('/')).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html() {
        assert_eq!(
            Html("<a href=\"x\" b='y'>&amp;`\r\n\tü").to_string(),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&#96;\n\tü"
        );
        assert_eq!(
            Html("a\u{202e}b\u{0}c\u{ffff}").to_string(),
            "a[U+202E]b[U+0000]c[U+FFFF]"
        );
    }

    #[test]
    fn markdown() {
        assert_eq!(
            Markdown("a|b\n\n`c` <b> &amp; \\| *x* [l](javascript:y)").to_string(),
            "a&#124;b &#96;c&#96; &lt;b&gt; &amp;amp; &#92;&#124; \\*x\\* \\[l\\]\\(javascript&#58;y\\)"
        );
        assert_eq!(
            Markdown("@team #1 https://x www.x a.b").to_string(),
            "@&#8203;team \\#&#8203;1 https&#58;//x www&#46;&#8203;x a.b"
        );
        assert_eq!(Markdown("\u{202e}").to_string(), "\\[U+202E\\]");
        assert_eq!(
            Markdown("at 3:00: x :y: mailto:z").to_string(),
            "at 3:00: x &#58;y: mailto&#58;z"
        );
    }

    #[test]
    fn fences_are_longer_than_what_is_inside() {
        assert_eq!(Fenced("x").to_string(), "```text\nx\n```\n");
        assert_eq!(
            Fenced("a\n````\n</p>\r\n").to_string(),
            "`````text\na\n````\n</p>\n`````\n"
        );
    }

    #[test]
    fn links() {
        for uri in ["https://example.org/x?y=1&z", "HTTP://example.org"] {
            assert_eq!(link(uri), Some(uri));
        }
        for uri in [
            "javascript:alert(1)",
            "javascript://x",
            " https://x",
            "https://",
            "https:///x",
            "https://x y",
            "https://x\"y",
            "https://x\u{202e}y",
            "data:text/html,x",
            "//x",
            "x",
            "",
        ] {
            assert_eq!(link(uri), None, "{uri}");
        }
    }
}
