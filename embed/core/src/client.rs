//! One request over HTTP.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::header::{HeaderMap, HeaderName, HeaderValue};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::unversioned::transport::{Connector, RustlsConnector};
use ureq::{Agent, Error};

use crate::connect::{AllowedAddresses, Forbidden, Stoppable};
use crate::message::{self, Complaint};
use crate::settings::Settings;
use crate::{Failure, FailureKind, Result, retry};

/// A reply of any status.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body, within the limit of its size.
    pub body: Vec<u8>,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// How long the server wants to be left alone, because its counts of requests or tokens have come to nothing.
    pub used_up: Option<Duration>,
}

/// What sends a body to the endpoint.
pub trait Post: Sync {
    /// The reply, whatever its status.
    ///
    /// # Errors
    /// Whatever kept the reply from coming, [`FailureKind::Cancelled`] among it.
    fn post(&self, body: Vec<u8>, now: Duration) -> Result<Reply>;
}

/// The endpoint of the settings. Its connections are kept for the next request.
#[derive(Debug)]
pub struct Http {
    agent: Agent,
    settings: Settings,
    key: Option<(HeaderName, HeaderValue)>,
    stopping: Arc<AtomicBool>,
}

impl Http {
    /// A client that gives up soon after `stopping` is set.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] for a header or a file of certificates that cannot be used.
    pub fn new(settings: &Settings, stopping: Arc<AtomicBool>) -> Result<Self> {
        let key = key_header(settings)?;
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Not what the environment says.
            .proxy(None)
            .user_agent(concat!("reviewpro_embed/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections(settings.concurrency)
            .max_idle_connections_per_host(settings.concurrency)
            .max_response_header_size(32 << 10)
            .timeout_global(Some(settings.timeout))
            .tls_config(tls(settings)?)
            .build();
        let addresses = AllowedAddresses {
            networks: settings.networks.clone(),
            stopping: stopping.clone(),
        };
        let sockets = Stoppable {
            stopping: stopping.clone(),
        };
        Ok(Http {
            agent: Agent::with_parts(config, sockets.chain(RustlsConnector::default()), addresses),
            settings: settings.clone(),
            key,
            stopping,
        })
    }

    fn try_post(&self, body: &[u8], now: Duration) -> Result<Reply, Error> {
        let mut request = self
            .agent
            .post(self.settings.endpoint.clone())
            .header("content-type", "application/json")
            .header("accept", "application/json");
        if let Some((name, value)) = &self.key {
            request = request.header(name, value);
        }
        let mut response = request.send(body)?;
        let mut reply = of_headers(response.headers(), now);
        reply.status = response.status().as_u16();
        let limit = self.settings.max_response;
        // One byte more than allowed is seen, and refused.
        response
            .body_mut()
            .with_config()
            .limit(limit + 1)
            .reader()
            .read_to_end(&mut reply.body)?;
        if reply.body.len() as u64 > limit {
            return Err(Error::BodyExceedsLimit(limit));
        }
        Ok(reply)
    }
}

impl Post for Http {
    fn post(&self, body: Vec<u8>, now: Duration) -> Result<Reply> {
        self.try_post(&body, now).map_err(|error| {
            if self.stopping.load(Ordering::Relaxed) {
                return Failure::cancelled();
            }
            of_error(&error, &self.settings)
        })
    }
}

fn key_header(settings: &Settings) -> Result<Option<(HeaderName, HeaderValue)>> {
    let Some(key) = &settings.key else { return Ok(None) };
    let wrong = |_| {
        Failure::new(
            FailureKind::Settings,
            "the header of the key is not the name of a header",
        )
    };
    let name = HeaderName::from_bytes(settings.key_header.as_bytes()).map_err(wrong)?;
    let value = if name == "authorization" {
        format!("Bearer {}", key.expose())
    } else {
        key.expose().to_owned()
    };
    let mut value = HeaderValue::try_from(value)
        .map_err(|_| Failure::new(FailureKind::Settings, "the key cannot be sent"))?;
    value.set_sensitive(true);
    Ok(Some((name, value)))
}

fn tls(settings: &Settings) -> Result<TlsConfig> {
    let builder = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    if !settings.is_encrypted() {
        return Ok(builder.build());
    }
    let pem = settings.roots()?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(Failure::new(
            FailureKind::Settings,
            "the file of certificate authorities holds no certificate",
        ));
    }
    Ok(builder
        .root_certs(RootCerts::new_with_certs(&certificates))
        .build())
}

fn of_headers(headers: &HeaderMap, now: Duration) -> Reply {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let milliseconds = text("retry-after-ms").and_then(|value| value.trim().parse::<u32>().ok());
    let seconds = || text("retry-after").and_then(|value| retry::retry_after(value, now));
    let used_up = |what: &str| {
        let remaining = text(&format!("x-ratelimit-remaining-{what}"))?
            .trim()
            .parse::<i64>()
            .ok()?;
        let reset = retry::reset(text(&format!("x-ratelimit-reset-{what}"))?)?;
        (remaining <= 0).then_some(reset)
    };
    Reply {
        retry_after: milliseconds
            .map(|time| Duration::from_millis(time.into()))
            .or_else(seconds),
        used_up: used_up("requests").max(used_up("tokens")),
        ..Reply::default()
    }
}

/// A reply whose status is not 200, as a failure.
pub(crate) fn of_status(reply: &Reply, settings: &Settings) -> Failure {
    let status = reply.status;
    let said = message::complaint(&reply.body);
    let failure = match status {
        429 => Failure {
            // No wait helps against an empty account.
            is_temporary: said.code.as_deref() != Some("insufficient_quota"),
            ..Failure::new(FailureKind::RateLimited, "the server limits requests: HTTP 429")
        },
        408 | 409 | 425 | 500.. => Failure::temporary(
            FailureKind::Connection,
            format!("the server failed: HTTP {status}"),
        ),
        401 | 403 => Failure::new(
            FailureKind::Denied,
            format!("the server does not accept the key: HTTP {status}"),
        ),
        300..400 => Failure::new(
            FailureKind::Refused,
            format!("the server redirects, which is not followed: HTTP {status}"),
        ),
        400..500 => Failure::new(
            FailureKind::Refused,
            format!("the server refused the request: HTTP {status}"),
        ),
        _ => Failure::new(
            FailureKind::Reply,
            format!("the reply has the status {status}, not 200"),
        ),
    };
    Failure {
        status: Some(status),
        retry_after: reply.retry_after,
        ..failure.detail(told(said, settings))
    }
}

/// What of a complaint may be shown: without the key, which goes before anything is cut, so that no part of it stays.
fn told(said: Complaint, settings: &Settings) -> Option<String> {
    let without_key = |text: String| match &settings.key {
        Some(key) => key.remove_from(&text),
        None => text,
    };
    let code = said.code.map(without_key);
    let message = said.message.filter(|_| settings.show_messages).map(without_key);
    let message = message.map(|text| text.chars().take(message::LONGEST_MESSAGE).collect::<String>());
    match (code, message) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => code.or(message),
    }
}

fn of_error(error: &Error, settings: &Settings) -> Failure {
    let connection = |message: String| Failure::temporary(FailureKind::Connection, message);
    match error {
        Error::Timeout(_) => connection(format!("no reply within {} ms", settings.timeout.as_millis())),
        Error::HostNotFound => connection("the endpoint's host has no address".to_owned()),
        Error::BodyExceedsLimit(limit) => Failure::new(
            FailureKind::Reply,
            format!("the reply is larger than {limit} bytes"),
        ),
        Error::Rustls(error) => Failure::new(FailureKind::Connection, format!("TLS: {error}")),
        Error::Io(error) => of_io(error, settings),
        Error::Protocol(_) => connection("the reply is cut off, or not HTTP".to_owned()),
        Error::Tls(what) => Failure::new(FailureKind::Connection, format!("TLS: {what}")),
        _ => connection("the connection failed".to_owned()),
    }
}

fn of_io(error: &std::io::Error, settings: &Settings) -> Failure {
    let inner = error.get_ref();
    if let Some(forbidden) = inner.and_then(|inner| inner.downcast_ref::<Forbidden>()) {
        return Failure::new(FailureKind::Address, forbidden.message.clone());
    }
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return Failure::new(FailureKind::Connection, format!("TLS: {error}"));
    }
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<Error>()) {
        return of_error(error, settings);
    }
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            Failure::temporary(FailureKind::Connection, "the reply is cut off")
        }
        kind => Failure::temporary(FailureKind::Connection, format!("the connection failed: {kind}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("https://localhost/").unwrap()
    }

    fn failure(status: u16, body: &str) -> Failure {
        let mut settings = settings();
        settings.key = Some(crate::Secret::new("sk-1").unwrap());
        settings.show_messages = true;
        let reply = Reply {
            status,
            body: body.into(),
            ..Reply::default()
        };
        of_status(&reply, &settings)
    }

    #[test]
    fn statuses_are_classified() {
        for (status, kind, temporary) in [
            (400, FailureKind::Refused, false),
            (401, FailureKind::Denied, false),
            (403, FailureKind::Denied, false),
            (404, FailureKind::Refused, false),
            (408, FailureKind::Connection, true),
            (413, FailureKind::Refused, false),
            (429, FailureKind::RateLimited, true),
            (500, FailureKind::Connection, true),
            (503, FailureKind::Connection, true),
            (302, FailureKind::Refused, false),
            (204, FailureKind::Reply, false),
        ] {
            let found = failure(status, "");
            assert_eq!((found.kind, found.is_temporary), (kind, temporary), "{status}");
        }
        assert!(!failure(429, r#"{"error":{"code":"insufficient_quota"}}"#).is_temporary);
    }

    #[test]
    fn what_the_server_says_is_shown_without_the_key() {
        let found = failure(
            401,
            r#"{"error":{"code":"invalid_api_key","message":"Incorrect key sk-1."}}"#,
        );
        assert_eq!(
            found.detail.as_deref(),
            Some("invalid_api_key: Incorrect key [key].")
        );
        let reply = Reply {
            status: 400,
            body: br#"{"error":{"code":"too_long","message":"'my secret text' is too long"}}"#.to_vec(),
            ..Reply::default()
        };
        assert_eq!(of_status(&reply, &settings()).detail.as_deref(), Some("too_long"));
    }

    #[test]
    fn no_part_of_the_key_is_left_where_a_message_is_cut() {
        let mut settings = settings();
        settings.key = Some(crate::Secret::new("sk-0123456789").unwrap());
        settings.show_messages = true;
        let message = format!("{}sk-0123456789", "x".repeat(message::LONGEST_MESSAGE - 5));
        let reply = Reply {
            status: 400,
            body: format!(r#"{{"error":{{"message":"{message}"}}}}"#).into(),
            ..Reply::default()
        };
        let told = of_status(&reply, &settings).detail.unwrap();
        assert_eq!(told, format!("{}[key]", "x".repeat(message::LONGEST_MESSAGE - 5)));
    }

    #[test]
    fn headers_say_how_long_to_wait() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            of_headers(&pairs.collect(), Duration::ZERO)
        };
        assert_eq!(
            of(&[("retry-after", "3")]).retry_after,
            Some(Duration::from_secs(3))
        );
        assert_eq!(
            of(&[("retry-after", "3"), ("retry-after-ms", "5")]).retry_after,
            Some(Duration::from_millis(5))
        );
        let left = [
            ("x-ratelimit-remaining-requests", "1"),
            ("x-ratelimit-reset-requests", "6m0s"),
        ];
        assert_eq!(of(&left).used_up, None);
        let none = [
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ];
        assert_eq!(of(&none).used_up, Some(Duration::from_secs(360)));
    }
}
