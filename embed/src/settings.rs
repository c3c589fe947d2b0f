//! The settings `reviewpro_embed.*`.

use std::ffi::{CStr, CString};
use std::path::PathBuf;
use std::time::Duration;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use reviewpro_embed_core::settings::{Encoding, defaults};
use reviewpro_embed_core::{Result, Secret, Settings, address};

use crate::bridge;

/// What `pg_stat_activity` shows of a backend that waits for replies.
pub(crate) const WAIT_EVENT: &CStr = c"ReviewproEmbed";

type Text = GucSetting<Option<CString>>;

static ENDPOINT: Text = GucSetting::<Option<CString>>::new(Some(c""));
static KEY_FILE: Text = GucSetting::<Option<CString>>::new(Some(c""));
static KEY_VARIABLE: Text = GucSetting::<Option<CString>>::new(Some(c""));
static KEY_HEADER: Text = GucSetting::<Option<CString>>::new(Some(c"authorization"));
static NETWORKS: Text = GucSetting::<Option<CString>>::new(Some(c""));
static CA_FILE: Text = GucSetting::<Option<CString>>::new(Some(c""));
static MODEL: Text = GucSetting::<Option<CString>>::new(Some(c"text-embedding-3-small"));
static CONCURRENCY: GucSetting<i32> = GucSetting::<i32>::new(defaults::CONCURRENCY);
static MAX_INPUTS: GucSetting<i32> = GucSetting::<i32>::new(defaults::MAX_INPUTS);
static MAX_TOKENS: GucSetting<i32> = GucSetting::<i32>::new(defaults::MAX_TOKENS);
static TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(defaults::TIMEOUT);
static ATTEMPTS: GucSetting<i32> = GucSetting::<i32>::new(defaults::ATTEMPTS);
static MAX_RESPONSE: GucSetting<i32> = GucSetting::<i32>::new(defaults::MAX_RESPONSE);
static REQUESTS_PER_MINUTE: GucSetting<i32> = GucSetting::<i32>::new(0);
static TOKENS_PER_MINUTE: GucSetting<i32> = GucSetting::<i32>::new(0);
static BASE64: GucSetting<bool> = GucSetting::<bool>::new(true);
static SHOW_MESSAGES: GucSetting<bool> = GucSetting::<bool>::new(false);
static CACHE: GucSetting<bool> = GucSetting::<bool>::new(true);

/// Only superusers and members of pg_read_all_settings see it.
const HIDDEN: GucFlags = GucFlags::SUPERUSER_ONLY;

pub(crate) fn register() {
    let text = |name, short, long, setting, context, flags| {
        GucRegistry::define_string_guc(name, short, long, setting, context, flags);
    };
    text(
        c"reviewpro_embed.endpoint",
        c"The URL that requests for embeddings are posted to.",
        c"Such as https://api.openai.com/v1/embeddings.",
        &ENDPOINT,
        GucContext::Suset,
        HIDDEN,
    );
    text(
        c"reviewpro_embed.key_file",
        c"A file of the server's that holds the endpoint's key.",
        c"Read at each call, by the server's user.",
        &KEY_FILE,
        GucContext::Suset,
        HIDDEN | GucFlags::NO_SHOW_ALL,
    );
    text(
        c"reviewpro_embed.key_variable",
        c"The environment variable of the server that holds the endpoint's key.",
        c"Where reviewpro_embed.key_file is set, that counts.",
        &KEY_VARIABLE,
        GucContext::Suset,
        HIDDEN | GucFlags::NO_SHOW_ALL,
    );
    text(
        c"reviewpro_embed.key_header",
        c"The header that carries the key.",
        c"authorization sends it as a bearer token, any other, such as api-key, as it is.",
        &KEY_HEADER,
        GucContext::Suset,
        GucFlags::default(),
    );
    text(
        c"reviewpro_embed.allowed_networks",
        c"Private networks that the endpoint may be in.",
        c"Such as 127.0.0.0/8, 10.1.0.0/16. Only there the endpoint may be http:// instead of https://.",
        &NETWORKS,
        GucContext::Suset,
        HIDDEN,
    );
    text(
        c"reviewpro_embed.ca_file",
        c"Certificates of the authorities that may vouch for the endpoint, PEM.",
        c"Empty: those that the system trusts.",
        &CA_FILE,
        GucContext::Suset,
        HIDDEN,
    );
    text(
        c"reviewpro_embed.model",
        c"The model where a call names none.",
        c"",
        &MODEL,
        GucContext::Userset,
        GucFlags::default(),
    );
    register_numbers();
    let switch = |name, short, long, setting, context| {
        GucRegistry::define_bool_guc(name, short, long, setting, context, GucFlags::default());
    };
    switch(
        c"reviewpro_embed.base64",
        c"Asks for vectors in base64, a third of the bytes.",
        c"Off for servers that know arrays of numbers only.",
        &BASE64,
        GucContext::Suset,
    );
    switch(
        c"reviewpro_embed.show_messages",
        c"Lets errors show what the server says.",
        c"It may repeat texts. Without it errors show the server's error code only.",
        &SHOW_MESSAGES,
        GucContext::Suset,
    );
    switch(
        c"reviewpro_embed.cache",
        c"Looks texts up in embed_cache, and stores them there.",
        c"",
        &CACHE,
        GucContext::Userset,
    );
    bridge::reserve_setting_prefix(c"reviewpro_embed");
}

fn register_numbers() {
    let number = |name, short, long, setting, min, max, flags| {
        GucRegistry::define_int_guc(name, short, long, setting, min, max, GucContext::Suset, flags);
    };
    let plain = GucFlags::default();
    number(
        c"reviewpro_embed.concurrency",
        c"Requests of one call at once.",
        c"",
        &CONCURRENCY,
        1,
        64,
        plain,
    );
    number(
        c"reviewpro_embed.max_inputs",
        c"Texts of one request.",
        c"",
        &MAX_INPUTS,
        1,
        2048,
        plain,
    );
    number(
        c"reviewpro_embed.max_tokens",
        c"Tokens of one request, as estimated: a quarter of a token a byte.",
        c"",
        &MAX_TOKENS,
        1,
        i32::MAX,
        plain,
    );
    number(
        c"reviewpro_embed.timeout",
        c"Longest wait for one reply.",
        c"Connecting included.",
        &TIMEOUT,
        10,
        3_600_000,
        GucFlags::UNIT_MS,
    );
    number(
        c"reviewpro_embed.attempts",
        c"How often a request is sent before its failure counts.",
        c"",
        &ATTEMPTS,
        1,
        20,
        plain,
    );
    number(
        c"reviewpro_embed.max_response",
        c"Largest reply that is read.",
        c"",
        &MAX_RESPONSE,
        1,
        1 << 20,
        GucFlags::UNIT_KB,
    );
    number(
        c"reviewpro_embed.requests_per_minute",
        c"Requests a minute of all sessions together, per endpoint and model.",
        c"0: no limit of ours.",
        &REQUESTS_PER_MINUTE,
        0,
        i32::MAX,
        plain,
    );
    number(
        c"reviewpro_embed.tokens_per_minute",
        c"Tokens a minute of all sessions together, per endpoint and model, as estimated.",
        c"0: no limit of ours.",
        &TOKENS_PER_MINUTE,
        0,
        i32::MAX,
        plain,
    );
}

fn text(setting: &'static Text) -> Option<String> {
    let value = setting.get()?.to_string_lossy().trim().to_owned();
    (!value.is_empty()).then_some(value)
}

fn count(setting: &'static GucSetting<i32>) -> u64 {
    u64::try_from(setting.get()).unwrap_or(0)
}

/// The model where a call names none.
pub(crate) fn model() -> String {
    text(&MODEL).unwrap_or_else(|| defaults::MODEL.to_owned())
}

/// Whether texts are looked up in the cache.
pub(crate) fn is_cached() -> bool {
    CACHE.get()
}

/// Requests and tokens a minute; 0 is none.
pub(crate) fn per_minute() -> (u64, u64) {
    (count(&REQUESTS_PER_MINUTE), count(&TOKENS_PER_MINUTE))
}

/// What the core needs to know, the key read.
///
/// # Errors
/// What is missing, or cannot be used.
pub(crate) fn read() -> Result<Settings> {
    let key = match (text(&KEY_FILE), text(&KEY_VARIABLE)) {
        (Some(file), _) => Some(Secret::from_file(&PathBuf::from(file))?),
        (None, Some(variable)) => Some(Secret::from_variable(&variable)?),
        (None, None) => None,
    };
    Ok(Settings {
        key,
        key_header: text(&KEY_HEADER)
            .unwrap_or_else(|| defaults::KEY_HEADER.to_owned())
            .to_ascii_lowercase(),
        networks: address::networks(&text(&NETWORKS).unwrap_or_default())?,
        ca_file: text(&CA_FILE).map(PathBuf::from),
        concurrency: count(&CONCURRENCY) as usize,
        max_inputs: count(&MAX_INPUTS) as usize,
        max_tokens: count(&MAX_TOKENS),
        timeout: Duration::from_millis(count(&TIMEOUT)),
        attempts: count(&ATTEMPTS) as u32,
        max_response: count(&MAX_RESPONSE) << 10,
        encoding: if BASE64.get() {
            Encoding::Base64
        } else {
            Encoding::Float
        },
        show_messages: SHOW_MESSAGES.get(),
        ..Settings::new(&text(&ENDPOINT).unwrap_or_default())?
    })
}

/// For what the bridge's files ask of their package: one thread waits, and memory is bounded by the replies.
pub(crate) fn threads() -> usize {
    1
}

/// See [`threads`].
pub(crate) fn memory() -> usize {
    1 << 30
}
