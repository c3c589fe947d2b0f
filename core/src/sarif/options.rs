//! What a caller of `sarif_findings` can choose.

use std::collections::BTreeMap;

use crate::{Error, ErrorKind, Result, jsonb};

use super::roots::is_root;

/// How the log is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As SARIF 2.1.0 says, leniently.
    #[default]
    Spec,
    /// As the existing application reads and stores it.
    Compat,
}

/// Which results are wanted as to their suppressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Suppressed {
    /// All; the column `suppressed` tells them apart.
    #[default]
    Include,
    /// Only those that are not suppressed.
    Exclude,
    /// Only those that are.
    Only,
}

/// Which formula the column `fingerprint` has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FingerprintKind {
    /// [`crate::fingerprint::content`].
    #[default]
    Content,
    /// [`crate::fingerprint::tool`], else content.
    Tool,
    /// [`crate::fingerprint::location`].
    Location,
    /// [`crate::fingerprint::compat`]; needs an organisation.
    Compat,
}

/// The kind of a result, §3.27.9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A problem was found.
    #[default]
    Fail,
    /// The rule was evaluated, no problem was found.
    Pass,
    /// The tool could not decide, for want of information.
    Open,
    /// A person has to decide.
    Review,
    /// The rule does not apply.
    NotApplicable,
    /// Only information.
    Informational,
}

/// A parameter whose values are words.
pub trait Words: Copy + 'static {
    /// Every word with its value.
    const WORDS: &'static [(&'static str, Self)];

    /// The value of a word.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] with the allowed words in the hint.
    fn parse(parameter: &str, word: &str) -> Result<Self> {
        match Self::WORDS.iter().find(|(name, _)| *name == word) {
            Some((_, value)) => Ok(*value),
            None => {
                let words: Vec<_> = Self::WORDS
                    .iter()
                    .map(|(name, _)| format!("\"{name}\""))
                    .collect();
                Err(Error::new(
                    ErrorKind::InvalidParameter,
                    format!("invalid value for {parameter}: \"{word}\""),
                )
                .hint(format!("Allowed values are {}.", words.join(", "))))
            }
        }
    }
}

impl Words for Mode {
    const WORDS: &'static [(&'static str, Self)] = &[("spec", Mode::Spec), ("compat", Mode::Compat)];
}

impl Words for Suppressed {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("include", Suppressed::Include),
        ("exclude", Suppressed::Exclude),
        ("only", Suppressed::Only),
    ];
}

impl Words for FingerprintKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("content", FingerprintKind::Content),
        ("tool", FingerprintKind::Tool),
        ("location", FingerprintKind::Location),
        ("compat", FingerprintKind::Compat),
    ];
}

impl Words for Kind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("fail", Kind::Fail),
        ("pass", Kind::Pass),
        ("open", Kind::Open),
        ("review", Kind::Review),
        ("notApplicable", Kind::NotApplicable),
        ("informational", Kind::Informational),
    ];
}

impl Kind {
    /// The word of the specification.
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("fail", |(word, _)| word)
    }
}

/// What a caller of `sarif_findings` can choose, checked. [`Options::default`] is what SQL defaults to.
#[derive(Clone, Debug)]
pub struct Options {
    /// How the log is read.
    pub mode: Mode,
    /// Path or `file:` URI that absolute paths are made relative to.
    pub source_root: Option<String>,
    /// Values of `uriBaseId`s, which win over the log's own `originalUriBaseIds`.
    pub uri_bases: Vec<(String, String)>,
    /// Wanted kinds; `None`: all. Compat mode takes all.
    pub kinds: Option<Vec<Kind>>,
    /// Which results are wanted as to their suppressions.
    pub suppressed: Suppressed,
    /// Whether results of `baselineState` absent, which are not in this run, are rows. In compat mode they are.
    pub include_absent: bool,
    /// One row per location instead of one per result.
    pub per_location: bool,
    /// The formula of the column `fingerprint`; `None`: content, in compat mode compat.
    pub fingerprint: Option<FingerprintKind>,
    /// Names that replace the built-in list of the tool fingerprint.
    pub fingerprint_keys: Option<Vec<String>>,
    /// UUID as lower-case hyphenated text, for the compat fingerprint.
    pub organization_id: Option<String>,
    /// Whether `sarif_data` is filled; `None`: only in compat mode.
    pub raw: Option<bool>,
    /// Whether a result that cannot be read as it should be is an error.
    pub strict: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            mode: Mode::Spec,
            source_root: None,
            uri_bases: Vec::new(),
            kinds: Some(vec![Kind::Fail, Kind::Open, Kind::Review]),
            suppressed: Suppressed::Include,
            include_absent: false,
            per_location: false,
            fingerprint: None,
            fingerprint_keys: None,
            organization_id: None,
            raw: None,
            strict: false,
        }
    }
}

impl Options {
    /// Checks what single values cannot show.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`]: the compat fingerprint without an organisation, or with one that is no UUID; a source root
    /// that is no absolute path.
    pub fn check(&self) -> Result<()> {
        if let Some(root) = self.source_root.as_deref().filter(|root| !is_root(root)) {
            return Err(Error::new(
                ErrorKind::InvalidParameter,
                format!("source_root is not an absolute path: \"{root}\""),
            )
            .hint("Write an absolute path or a \"file:\" URI: \"/src\", \"C:\\src\", \"file:///src/\"."));
        }
        if self.fingerprint() != FingerprintKind::Compat {
            return Ok(());
        }
        match &self.organization_id {
            None => Err(Error::new(
                ErrorKind::InvalidParameter,
                "the compat fingerprint needs organization_id",
            )
            .hint("Pass organization_id, or another fingerprint: \"content\", \"tool\", \"location\".")),
            Some(id) if is_uuid(id) => Ok(()),
            Some(id) => Err(Error::new(
                ErrorKind::InvalidParameter,
                format!("organization_id is not a UUID: \"{id}\""),
            )
            .hint("Write it in lower case with hyphens, 8-4-4-4-12 digits.")),
        }
    }

    /// The formula of the column `fingerprint`.
    pub fn fingerprint(&self) -> FingerprintKind {
        self.fingerprint.unwrap_or(match self.mode {
            Mode::Spec => FingerprintKind::Content,
            Mode::Compat => FingerprintKind::Compat,
        })
    }

    /// Whether `sarif_data` is filled.
    pub fn raw(&self) -> bool {
        self.raw.unwrap_or(self.mode == Mode::Compat)
    }
}

/// The values of `uriBaseId`s, passed as a jsonb object of strings: `{"SRCROOT": "file:///src/"}`.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`] for anything else.
pub fn uri_bases(payload: &[u8]) -> Result<Vec<(String, String)>> {
    match jsonb::from_slice::<BTreeMap<String, String>>(payload) {
        Ok(bases) => Ok(bases.into_iter().collect()),
        Err(_) => Err(Error::new(
            ErrorKind::InvalidParameter,
            "uri_bases is not a JSON object of strings",
        )
        .hint("Write it as {\"SRCROOT\": \"file:///src/\"}.")),
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_errors_that_name_the_known_ones() {
        assert_eq!(Mode::parse("mode", "compat"), Ok(Mode::Compat));
        let error = Suppressed::parse("suppressed", "Only").unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidParameter);
        assert_eq!(error.message, "invalid value for suppressed: \"Only\"");
        assert_eq!(
            error.hint.as_deref(),
            Some("Allowed values are \"include\", \"exclude\", \"only\".")
        );
    }

    #[test]
    fn a_source_root_is_absolute() {
        let check = |root: &str| {
            let source_root = Some(root.to_owned());
            Options {
                source_root,
                ..Options::default()
            }
            .check()
        };
        for root in [
            "/",
            "/src",
            "C:\\src",
            "c:/src/",
            "/C:/src",
            "file:///src/",
            "\\\\host\\share",
            "//host/share",
        ] {
            assert_eq!(check(root), Ok(()), "{root}");
        }
        for root in [
            "",
            ".",
            "src",
            "src/",
            "~/src",
            "C:src",
            "https://example.org/src/",
            "file:src",
        ] {
            let error = check(root).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidParameter, "{root}");
            assert!(error.hint.is_some(), "{root}");
        }
    }

    #[test]
    fn the_compat_fingerprint_needs_an_organization() {
        let mut options = Options {
            mode: Mode::Compat,
            ..Options::default()
        };
        assert_eq!(options.check().unwrap_err().kind, ErrorKind::InvalidParameter);
        options.organization_id = Some("ACME".to_owned());
        assert_eq!(options.check().unwrap_err().kind, ErrorKind::InvalidParameter);
        options.organization_id = Some("11111111-2222-3333-4444-555555555555".to_owned());
        assert_eq!(options.check(), Ok(()));
        options.organization_id = None;
        options.fingerprint = Some(FingerprintKind::Content);
        assert_eq!(options.check(), Ok(()));
    }
}
