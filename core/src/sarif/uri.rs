//! URIs and paths, byte for byte: percent-decoding, `file:` forms, Windows paths, `.` segments.

use std::borrow::Cow;

/// A path as it is written in the document's own terms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Path<'d> {
    /// Below some base; `..` segments stay.
    Relative(Cow<'d, str>),
    /// From a root: `/x`, `C:/x`, `//host/x`.
    Absolute(Cow<'d, str>),
    /// A URI of another scheme than `file`, untouched.
    Foreign(Cow<'d, str>),
}

impl<'d> Path<'d> {
    pub(crate) fn into_text(self) -> Cow<'d, str> {
        match self {
            Path::Relative(text) | Path::Absolute(text) | Path::Foreign(text) => text,
        }
    }
}

/// The scheme of a URI: at least two characters, so that `C:` is none.
pub(crate) fn scheme(uri: &str) -> Option<&str> {
    let end = uri
        .bytes()
        .position(|byte| !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.'))?;
    let scheme = &uri[..end];
    (end >= 2 && uri.as_bytes()[end] == b':' && scheme.as_bytes()[0].is_ascii_alphabetic()).then_some(scheme)
}

/// Whether the text starts with a drive letter: `C:/` or `C:\`.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// What a URI reference, as producers write them, means as a path.
pub(crate) fn path(uri: Cow<'_, str>) -> Path<'_> {
    if has_drive(&uri) {
        return Path::Absolute(without_dots(forward(uri)));
    }
    match scheme(&uri) {
        Some(scheme) if scheme.eq_ignore_ascii_case("file") => file_path(&uri[5..]),
        Some(_) => Path::Foreign(uri),
        None => {
            let decoded = decode(uri);
            let path = if decoded.contains('/') {
                decoded
            } else {
                forward(decoded)
            };
            match path.strip_prefix('/') {
                None => Path::Relative(without_dots(path)),
                // `/C:/x` is the path of `file:///C:/x`.
                Some(rest) if has_drive(rest) => {
                    Path::Absolute(without_dots(forward(Cow::Owned(rest.to_owned()))))
                }
                Some(_) => Path::Absolute(without_dots(path)),
            }
        }
    }
}

/// What follows `file:`.
fn file_path(rest: &str) -> Path<'static> {
    let path = match rest.strip_prefix("//") {
        None => rest.to_owned(),
        Some(rest) => {
            let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
            let is_drive = matches!(host.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic());
            match host {
                "" => path.to_owned(),
                _ if host.eq_ignore_ascii_case("localhost") => path.to_owned(),
                _ if is_drive => format!("{host}{path}"),
                // `file://C:\x` has no slash that could end the host.
                _ if has_drive(host) => rest.to_owned(),
                _ => format!("//{host}{path}"),
            }
        }
    };
    let mut path = decode(Cow::Owned(path)).into_owned();
    if path.starts_with('/') && has_drive(&path[1..]) {
        path.remove(0);
    }
    let path = without_dots(forward(Cow::Owned(path)));
    if path.starts_with('/') || has_drive(&path) {
        Path::Absolute(path)
    } else {
        Path::Relative(path)
    }
}

/// A base URI with slashes for backslashes, and an absolute path as its `file:` URI: what only looks like a URI reference, such as
/// `C:\src\` or `/src`, is where something lies.
pub(crate) fn as_base(uri: Cow<'_, str>) -> Cow<'_, str> {
    let is_drive = has_drive(&uri);
    match scheme(&uri) {
        Some(scheme) if !scheme.eq_ignore_ascii_case("file") => return uri,
        _ => {}
    }
    let uri = forward(uri);
    if is_drive {
        return Cow::Owned(format!("file:///{}", encode(&uri, true)));
    }
    match (uri.starts_with('/'), uri.starts_with("//")) {
        (true, true) => Cow::Owned(format!("file:{}", encode(&uri, false))),
        (true, false) => Cow::Owned(format!("file://{}", encode(&uri, false))),
        _ => uri,
    }
}

/// A path with the characters encoded that would end it in a URI or are none of a URI's; of a path that is no URI reference also
/// the percent sign.
fn encode(path: &str, percent: bool) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '%' if percent => out.push_str("%25"),
            ' ' => out.push_str("%20"),
            '?' => out.push_str("%3F"),
            '#' => out.push_str("%23"),
            c => out.push(c),
        }
    }
    out
}

/// Backslashes become slashes.
fn forward(path: Cow<'_, str>) -> Cow<'_, str> {
    if path.contains('\\') {
        Cow::Owned(path.replace('\\', "/"))
    } else {
        path
    }
}

/// Decodes each `%HH` once. A `%` without two digits stays; text that would not be UTF-8, or hold U+0000, stays as it is.
pub(crate) fn decode(text: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = memchr::memchr(b'%', bytes) else {
        return text;
    };
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..first]);
    let mut rest = &bytes[first..];
    while let Some((&byte, tail)) = rest.split_first() {
        match (byte, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            _ => {
                out.push(byte);
                rest = tail;
            }
        }
    }
    match String::from_utf8(out) {
        Ok(decoded) if !decoded.contains('\0') => Cow::Owned(decoded),
        _ => text,
    }
}

fn digit(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        _ => byte.wrapping_sub(b'A').wrapping_add(10),
    }
}

/// Removes `.` segments; a path of nothing else is `.`.
fn without_dots(path: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = path.as_bytes();
    let dotted = bytes.iter().enumerate().any(|(at, &byte)| {
        byte == b'.'
            && (at == 0 || bytes[at - 1] == b'/')
            && bytes.get(at + 1).is_none_or(|&next| next == b'/')
    });
    if !dotted {
        return path;
    }
    let kept: Vec<_> = path.split('/').filter(|segment| *segment != ".").collect();
    let joined = kept.join("/");
    Cow::Owned(match joined.as_str() {
        "" if path.starts_with('/') => "/".to_owned(),
        "" => ".".to_owned(),
        _ => joined,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(uri: &str) -> String {
        path(Cow::Borrowed(uri)).into_text().into_owned()
    }

    #[test]
    fn every_form_becomes_its_path() {
        for (uri, expected) in [
            ("dir%20name/%C3%A9.c", "dir name/é.c"),
            ("a%2Fb.c", "a/b.c"),
            ("file:///C:/src/a%20b.c", "C:/src/a b.c"),
            ("file:///home/u/a.c", "/home/u/a.c"),
            ("file://host/share/a.c", "//host/share/a.c"),
            ("file://localhost/x/a.c", "/x/a.c"),
            ("file://host", "//host/"),
            ("file:/x/a.c", "/x/a.c"),
            ("file://C:/bin/a.c", "C:/bin/a.c"),
            ("file:rel/path", "rel/path"),
            ("FILE:///x", "/x"),
            ("C:\\src\\a.c", "C:/src/a.c"),
            ("C:/100%25", "C:/100%25"),
            ("src\\a.c", "src/a.c"),
            ("src/a\\b.c", "src/a\\b.c"),
            ("./src/./a.c", "src/a.c"),
            ("/./a/.", "/a"),
            ("./.", "."),
            ("file:", ""),
            ("/C:/Src/a.c", "C:/Src/a.c"),
            ("/c:\\Src\\a.c", "c:/Src/a.c"),
            ("\\c:\\Src\\a.c", "c:/Src/a.c"),
            ("/C:a.c", "/C:a.c"),
        ] {
            assert_eq!(text(uri), expected, "{uri}");
        }
        for uri in [
            "dir name/a b.c",
            "100%.c",
            "%ff%fe.c",
            "%00.c",
            "../x/../a.c",
            "/etc/passwd",
            "src/c#/a?.c",
            "..",
            ".a/b.",
            "app.jar!/BOOT-INF/x.class",
            "src//a.c",
            "https://github.com/o/r/blob/main/a%20.c",
            "pkg:npm/lodash@4.17.0",
        ] {
            assert_eq!(text(uri), uri, "{uri}");
        }
    }

    #[test]
    fn bases_are_uris() {
        for (base, expected) in [
            ("file:///w/", "file:///w/"),
            ("file:///C:\\src\\", "file:///C:/src/"),
            ("C:\\my src\\100%25\\", "file:///C:/my%20src/100%2525/"),
            ("/w/my%20dir/", "file:///w/my%20dir/"),
            ("/w/c#", "file:///w/c%23"),
            ("\\\\host\\share", "file://host/share"),
            ("//host/share/", "file://host/share/"),
            ("/C:/src/", "file:///C:/src/"),
            ("src\\", "src/"),
            ("https://x/\\", "https://x/\\"),
        ] {
            assert_eq!(as_base(base.into()), expected, "{base}");
        }
    }

    #[test]
    fn only_file_uris_and_roots_are_absolute_paths() {
        assert!(matches!(path("https://x/y".into()), Path::Foreign(_)));
        assert!(matches!(path("/x".into()), Path::Absolute(_)));
        assert!(matches!(path("C:\\x".into()), Path::Absolute(_)));
        assert!(matches!(path("C:x".into()), Path::Relative(_)));
        assert!(matches!(path("src/a:b".into()), Path::Relative(_)));
        assert_eq!(scheme("benchmark://x"), Some("benchmark"));
        assert_eq!(scheme("1ab:x"), None);
        assert_eq!(scheme(":x"), None);
    }
}
