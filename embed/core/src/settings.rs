//! Where requests go, with which key, and within which limits.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use ureq::http::Uri;

use crate::{Failure, FailureKind, Result};

/// What a setting says when nobody has set it.
pub mod defaults {
    /// `reviewpro_embed.model`
    pub const MODEL: &str = "text-embedding-3-small";
    /// `reviewpro_embed.key_header`
    pub const KEY_HEADER: &str = "authorization";
    /// `reviewpro_embed.concurrency`
    pub const CONCURRENCY: i32 = 10;
    /// `reviewpro_embed.max_inputs`: as many as the application sends.
    pub const MAX_INPUTS: i32 = 100;
    /// `reviewpro_embed.max_tokens`: what OpenAI accepts in one request.
    pub const MAX_TOKENS: i32 = 300_000;
    /// `reviewpro_embed.timeout`, in milliseconds.
    pub const TIMEOUT: i32 = 30_000;
    /// `reviewpro_embed.attempts`
    pub const ATTEMPTS: i32 = 5;
    /// `reviewpro_embed.max_response`, in kilobytes.
    pub const MAX_RESPONSE: i32 = 64 << 10;
}

/// Where systems keep the certificates of the authorities that they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Larger files are no keys.
const LONGEST_KEY: usize = 4096;

/// A key, which no message shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A key as it stands in a file or variable, without the white space around it.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] for what cannot be sent in a header; the text does not say what it was.
    pub fn new(key: &str) -> Result<Self> {
        let key = key.trim();
        let is_printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(is_printable) {
            return Err(Failure::new(
                FailureKind::Settings,
                format!("the key is not one line of 1 to {LONGEST_KEY} printable ASCII characters"),
            ));
        }
        Ok(Secret(key.to_owned()))
    }

    /// The key in a file.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] with the system's reason, without the file's name or content.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(
                FailureKind::Settings,
                format!("the key's file cannot be read: {}", error.kind()),
            )
        })?;
        Secret::new(&text)
    }

    /// The key in an environment variable of this process.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] when there is none.
    pub fn from_variable(name: &str) -> Result<Self> {
        let text = std::env::var(name)
            .map_err(|_| Failure::new(FailureKind::Settings, "the key's environment variable is not set"))?;
        Secret::new(&text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// A text of the server's without the key, should it repeat it.
    pub(crate) fn remove_from(&self, text: &str) -> String {
        text.replace(&self.0, "[key]")
    }
}

/// How vectors are to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Little-endian float4 in base64: a third of the bytes.
    #[default]
    Base64,
    /// Arrays of numbers, which every server knows.
    Float,
}

impl Encoding {
    /// The word of the protocol.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Base64 => "base64",
            Encoding::Float => "float",
        }
    }
}

/// Everything that requests depend on but for model, dimensions and texts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL that requests are posted to.
    pub endpoint: Uri,
    /// The key, if the server wants one.
    pub key: Option<Secret>,
    /// The header that carries the key: `authorization` as a bearer token, any other, such as `api-key`, as it is.
    pub key_header: String,
    /// Private networks that the endpoint may be in.
    pub networks: Vec<IpNet>,
    /// Certificates of authorities, PEM; else the system's.
    pub ca_file: Option<PathBuf>,
    /// Requests at once.
    pub concurrency: usize,
    /// Texts of one request.
    pub max_inputs: usize,
    /// Tokens of one request, as estimated.
    pub max_tokens: u64,
    /// Longest wait for one reply, connecting included.
    pub timeout: Duration,
    /// How often a request is sent before its failure counts.
    pub attempts: u32,
    /// Bytes of one reply.
    pub max_response: u64,
    /// How vectors are to come.
    pub encoding: Encoding,
    /// Whether messages of the server's become part of failures. They may repeat texts.
    pub show_messages: bool,
}

impl Settings {
    /// The defaults, for this endpoint.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] for what is no URL; [`FailureKind::Address`] for another scheme than http and https.
    pub fn new(endpoint: &str) -> Result<Self> {
        Ok(Settings {
            endpoint: url(endpoint)?,
            key: None,
            key_header: defaults::KEY_HEADER.to_owned(),
            networks: Vec::new(),
            ca_file: None,
            concurrency: defaults::CONCURRENCY as usize,
            max_inputs: defaults::MAX_INPUTS as usize,
            max_tokens: defaults::MAX_TOKENS as u64,
            timeout: Duration::from_millis(defaults::TIMEOUT as u64),
            attempts: defaults::ATTEMPTS as u32,
            max_response: (defaults::MAX_RESPONSE as u64) << 10,
            encoding: Encoding::default(),
            show_messages: false,
        })
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.endpoint.scheme_str() == Some("https")
    }

    /// The authorities that vouch for the server, PEM.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] when there is no such file.
    pub(crate) fn roots(&self) -> Result<Vec<u8>> {
        let missing = |message: String| Failure::new(FailureKind::Settings, message);
        match &self.ca_file {
            Some(path) => std::fs::read(path)
                .map_err(|error| missing(format!("the file of certificate authorities cannot be read: {}", error.kind()))),
            None => SYSTEM_ROOTS.iter().find_map(|path| std::fs::read(path).ok()).ok_or_else(|| {
                missing("this system has no file of certificate authorities: install ca-certificates, or name one".to_owned())
            }),
        }
    }
}

fn url(text: &str) -> Result<Uri> {
    let wrong = |what: &str| Failure::new(FailureKind::Settings, format!("the endpoint {what}"));
    if text.trim().is_empty() {
        return Err(wrong("is not set"));
    }
    let url: Uri = text.trim().parse().map_err(|_| wrong("is not a URL"))?;
    match url.scheme_str() {
        Some("https" | "http") => {}
        _ => return Err(wrong("does not begin with https:// or http://")),
    }
    let authority = url.authority().ok_or_else(|| wrong("has no host"))?;
    if authority.host().is_empty() {
        return Err(wrong("has no host"));
    }
    if authority.as_str().contains('@') {
        return Err(wrong("has a user or a password in it, which are not sent"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_urls() {
        assert!(
            Settings::new("https://api.openai.com/v1/embeddings")
                .unwrap()
                .is_encrypted()
        );
        assert!(
            !Settings::new(" http://[::1]:8080/v1/embeddings?api-version=1 ")
                .unwrap()
                .is_encrypted()
        );
        for wrong in [
            "",
            "api.openai.com",
            "ftp://a/b",
            "file:///etc/passwd",
            "https:///x",
            "https://user:word@host/x",
            "https://a b/",
        ] {
            assert_eq!(
                Settings::new(wrong).unwrap_err().kind,
                FailureKind::Settings,
                "{wrong}"
            );
        }
    }

    #[test]
    fn keys_are_not_shown() {
        let secret = Secret::new(" sk-abc\n").unwrap();
        assert_eq!(secret.expose(), "sk-abc");
        let mut settings = Settings::new("https://a/b").unwrap();
        settings.key = Some(secret.clone());
        assert!(!format!("{settings:?}").contains("abc"));
        assert_eq!(secret.remove_from("wrong: sk-abc!"), "wrong: [key]!");
        for wrong in ["", "  \n", "a\nb", "schlüssel"] {
            assert!(!Secret::new(wrong).unwrap_err().message.contains("ssel"));
        }
        let missing = Secret::from_variable("REVIEWPRO_EMBED_NO_SUCH_VARIABLE").unwrap_err();
        assert_eq!(missing.kind, FailureKind::Settings);
        assert_eq!(
            Secret::from_file(Path::new("/nowhere")).unwrap_err().kind,
            FailureKind::Settings
        );
    }
}
