//! The file as it is written: every key that the toolkit has, so that those which are not done are
//! told from those which are misspelt.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use axum::http::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::{HIGHEST_COST, MOST_USERS, RateLimit, Wrong};
use crate::{
    config::duration,
    web::tls::{Settings, Version},
};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Written {
    pub tls_server_config: Option<Tls>,
    pub http_server_config: Option<Http>,
    basic_auth_users: Option<BTreeMap<String, String>>,
    pub rate_limit: Option<Rate>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    cert: Option<String>,
    key: Option<String>,
    client_ca: Option<String>,
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    client_auth_type: Option<String>,
    client_ca_file: Option<PathBuf>,
    client_allowed_sans: Option<Vec<String>>,
    min_version: Option<String>,
    max_version: Option<String>,
    cipher_suites: Option<Vec<String>>,
    prefer_server_cipher_suites: Option<bool>,
    curve_preferences: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Taken, and without effect: HTTP/1.1 is what is spoken.
    #[serde(rename = "http2")]
    _http2: Option<bool>,
    headers: Option<Headers>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Headers {
    #[serde(rename = "Content-Security-Policy")]
    content_security_policy: Option<String>,
    #[serde(rename = "X-Frame-Options")]
    frame_options: Option<String>,
    #[serde(rename = "X-Content-Type-Options")]
    content_type_options: Option<String>,
    #[serde(rename = "X-XSS-Protection")]
    xss_protection: Option<String>,
    #[serde(rename = "Strict-Transport-Security")]
    strict_transport_security: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    interval: Option<Interval>,
    burst: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Interval {
    Text(String),
    Number(u64),
}

impl Written {
    pub fn users(&self) -> Result<BTreeMap<String, String>, Wrong> {
        let users = self.basic_auth_users.clone().unwrap_or_default();
        if users.len() > MOST_USERS {
            return Err(("basic_auth_users", format!("more than {MOST_USERS} users")));
        }
        for (name, hash) in &users {
            // The hash is not repeated: it is a secret.
            let wrong = |what: &str| ("basic_auth_users", format!("user `{name}`: {what}"));
            if name.contains(':') || name.is_empty() {
                return Err(wrong("a name is not empty and has no colon (RFC 7617)"));
            }
            let cost = cost_of(hash).ok_or_else(|| {
                wrong("this is no hash of bcrypt; `htpasswd -nBC 10 \"\"` makes one")
            })?;
            if !(4..=HIGHEST_COST).contains(&cost) {
                let what = format!("a cost of {cost} is not within 4 to {HIGHEST_COST}");
                return Err(wrong(&what));
            }
        }
        Ok(users)
    }
}

/// The cost in a hash of bcrypt: `$2y$10$` and 53 characters.
fn cost_of(hash: &str) -> Option<u32> {
    let rest = ["$2a$", "$2b$", "$2y$"].into_iter().find_map(|kind| hash.strip_prefix(kind))?;
    let (cost, rest) = rest.split_once('$')?;
    let is_text = |each: u8| each.is_ascii_alphanumeric() || b"./".contains(&each);
    let is_hash = cost.len() == 2 && rest.len() == 53 && rest.bytes().all(is_text);
    cost.parse().ok().filter(|_| is_hash)
}

impl Tls {
    pub fn check(self, directory: &Path) -> Result<Settings, Wrong> {
        let inline = [("cert", &self.cert), ("key", &self.key), ("client_ca", &self.client_ca)];
        if let Some((key, _)) = inline.into_iter().find(|(_, value)| value.is_some()) {
            return Err((key, format!("`{key}` has no place in this file: use `{key}_file`")));
        }
        let missing = |key| ("tls_server_config", format!("missing field `{key}`"));
        let absolute = |path: PathBuf| directory.join(path);
        let (is_asked, is_required) = match self.client_auth_type.as_deref() {
            None | Some("" | "NoClientCert") => (false, false),
            Some("RequireAndVerifyClientCert") => (true, true),
            Some("VerifyClientCertIfGiven") => (true, false),
            Some("RequestClientCert" | "RequireAnyClientCert") => {
                let message = "`client_auth_type` of this kind takes certificates of anybody: use \
                               `RequireAndVerifyClientCert`";
                return Err(("client_auth_type", message.to_owned()));
            }
            Some(other) => {
                let message = format!(
                    "unknown variant `{other}`, expected one of `NoClientCert`, \
                     `VerifyClientCertIfGiven`, `RequireAndVerifyClientCert`"
                );
                return Err(("client_auth_type", message));
            }
        };
        let client_authority = self.client_ca_file.map(absolute);
        let message = match (is_asked, &client_authority) {
            (true, None) => Some("`client_auth_type` needs `client_ca_file`"),
            (false, Some(_)) => {
                Some("`client_ca_file` needs `client_auth_type: RequireAndVerifyClientCert`")
            }
            _ => None,
        };
        if let Some(message) = message {
            return Err(("tls_server_config", message.to_owned()));
        }
        let client_names = self.client_allowed_sans.unwrap_or_default();
        if !client_names.is_empty() && !is_required {
            let message = "`client_allowed_sans` needs `client_auth_type: \
                           RequireAndVerifyClientCert`";
            return Err(("client_allowed_sans", message.to_owned()));
        }
        let version = |key, text: Option<String>, default| match text.as_deref() {
            None | Some("") => Ok(default),
            Some("TLS12") => Ok(Version::Tls12),
            Some("TLS13") => Ok(Version::Tls13),
            Some("TLS10" | "TLS11") => {
                Err((key, format!("`{key}`: TLS 1.0 and 1.1 are not spoken (RFC 8996)")))
            }
            Some(other) => {
                let message = format!("unknown variant `{other}`, expected `TLS12` or `TLS13`");
                Err((key, message))
            }
        };
        let settings = Settings {
            certificate: absolute(self.cert_file.ok_or_else(|| missing("cert_file"))?),
            key: absolute(self.key_file.ok_or_else(|| missing("key_file"))?),
            client_authority,
            is_required,
            client_names,
            versions: [
                version("min_version", self.min_version, Version::Tls12)?,
                version("max_version", self.max_version, Version::Tls13)?,
            ],
            cipher_suites: self.cipher_suites.unwrap_or_default(),
            prefers_own_order: self.prefer_server_cipher_suites.unwrap_or(true),
            curves: self.curve_preferences.unwrap_or_default(),
        };
        if settings.versions[0] > settings.versions[1] {
            return Err(("min_version", "`min_version` is above `max_version`".to_owned()));
        }
        Ok(settings)
    }
}

impl Http {
    pub fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, Wrong> {
        let Some(written) = &self.headers else { return Ok(Vec::new()) };
        let all = [
            ("Content-Security-Policy", &written.content_security_policy, &[][..]),
            ("X-Frame-Options", &written.frame_options, &["deny", "sameorigin"]),
            ("X-Content-Type-Options", &written.content_type_options, &["nosniff"]),
            ("X-XSS-Protection", &written.xss_protection, &[]),
            ("Strict-Transport-Security", &written.strict_transport_security, &[]),
        ];
        let mut headers = Vec::new();
        for (name, value, allowed) in all {
            let Some(value) = value.as_ref().filter(|value| !value.is_empty()) else { continue };
            if !allowed.is_empty() && !allowed.contains(&value.to_ascii_lowercase().as_str()) {
                let allowed = allowed.join("`, `");
                return Err((name, format!("`{name}` is one of `{allowed}`")));
            }
            let value = HeaderValue::from_str(value)
                .map_err(|_| (name, format!("`{name}`: no value of a header")))?;
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| (name, format!("`{name}`: no name of a header")))?;
            headers.push((header, value));
        }
        Ok(headers)
    }
}

impl Rate {
    pub fn check(&self) -> Result<Option<RateLimit>, Wrong> {
        let interval = match &self.interval {
            None | Some(Interval::Number(0)) => return Ok(None),
            Some(Interval::Text(text)) if text == "0" || text == "0s" => return Ok(None),
            Some(Interval::Number(_)) => {
                let message = "`interval` is a duration, such as `100ms`";
                return Err(("interval", message.to_owned()));
            }
            Some(Interval::Text(text)) => duration::parse(text)
                .map_err(|error| ("interval", format!("`interval`: {error}")))?,
        };
        let burst = self.burst.unwrap_or(0);
        if burst == 0 {
            // As with the toolkit, nothing would ever be answered.
            return Err(("rate_limit", "`burst` is at least 1".to_owned()));
        }
        Ok(Some(RateLimit { interval, burst }))
    }
}
