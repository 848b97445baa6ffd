//! The web configuration file, as Prometheus' exporter-toolkit has it: TLS, who may ask, headers,
//! how often. What the toolkit knows and this does not do is refused with a reason, never ignored.

mod written;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::http::{HeaderName, HeaderValue};

use super::tls;
use crate::config::{ConfigError, Problem};
use written::Written;

/// Longest file that is read, in octets.
const MAXIMUM_LENGTH: u64 = 1 << 20;
/// Of bcrypt, as a power of two of rounds: 15 takes seconds.
const HIGHEST_COST: u32 = 14;
const MOST_USERS: usize = 256;

/// How often may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Between two requests.
    pub interval: Duration,
    /// Requests that may come at once.
    pub burst: u32,
}

/// What a web configuration file says, with the certificates that it names.
#[derive(Clone, Default)]
pub struct WebFile {
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Whether nobody without a certificate of a trusted authority gets as far as asking.
    pub needs_certificate: bool,
    /// Names, and bcrypt's hashes of passwords.
    pub users: BTreeMap<String, String>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub rate_limit: Option<RateLimit>,
    /// Files of which a change matters: this one, and those that it names.
    pub files: Vec<PathBuf>,
}

/// Without the hashes: nobody needs them in a log.
impl fmt::Debug for WebFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("WebFile");
        debug.field("encrypts", &self.encrypts()).field("asks_who", &self.asks_who());
        debug.field("files", &self.files).finish_non_exhaustive()
    }
}

impl WebFile {
    /// Reads the file at `path`; what it names is relative to its directory.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with line and column.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { file: path.to_owned(), source };
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAXIMUM_LENGTH {
            let message = "this is too long for a web configuration";
            return Err(unreadable(std::io::Error::other(message)));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let wrong = |problem| ConfigError::Wrong { file: path.to_owned(), problems: vec![problem] };
        let written: Option<Written> =
            serde_yaml_ng::from_str(text).map_err(|error| wrong(problem_of(text, &error)))?;
        let directory = path.parent().unwrap_or(Path::new("/"));
        let mut read = written
            .unwrap_or_default()
            .check(directory)
            .map_err(|(key, message)| wrong(Problem::new(text, offset_of(text, key), &message)))?;
        read.files.insert(0, path.to_owned());
        Ok(read)
    }

    /// Whether it encrypts.
    pub fn encrypts(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether it asks who somebody is.
    pub fn asks_who(&self) -> bool {
        self.needs_certificate || !self.users.is_empty()
    }
}

/// What is wrong with a part, by the key that it is written under.
type Wrong = (&'static str, String);

impl Written {
    fn check(self, directory: &Path) -> Result<WebFile, Wrong> {
        let mut file = WebFile { users: self.users()?, ..WebFile::default() };
        if let Some(http) = &self.http_server_config {
            file.headers = http.headers()?;
        }
        if let Some(rate) = &self.rate_limit {
            file.rate_limit = rate.check()?;
        }
        if let Some(written) = self.tls_server_config {
            let settings = written.check(directory)?;
            file.files = settings.files();
            file.needs_certificate = settings.client_authority.is_some() && settings.is_required;
            let config = tls::server_config(&settings)
                .map_err(|error| ("tls_server_config", error.to_string()))?;
            file.tls = Some(config);
        }
        Ok(file)
    }
}

/// Where a key is written.
fn offset_of(text: &str, key: &str) -> usize {
    let is_its = |line: &&str| {
        let line = line.trim_start().trim_start_matches(['"', '\'']);
        line.strip_prefix(key).is_some_and(|rest| rest.starts_with([':', '"', '\'', ' ']))
    };
    let line = text.lines().find(is_its);
    line.map_or(0, |line| {
        line.as_ptr().addr() - text.as_ptr().addr() + line.len() - line.trim_start().len()
    })
}

/// The parser's sentence, without the path and the place that it adds.
fn problem_of(text: &str, error: &serde_yaml_ng::Error) -> Problem {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or(&said);
    let start = said.find("unknown field").or_else(|| said.find("unknown variant"));
    let message = start.map_or(said, |start| &said[start..]);
    let offset = error.location().map_or(text.len(), |location| location.index());
    // The place is that of the table; the key is what is looked for.
    let key = start.and_then(|_| message.split('`').nth(1));
    let offset = key.map_or(offset, |key| match offset_of(text, key) {
        0 => offset,
        found => found,
    });
    Problem::new(text, offset, message)
}

#[cfg(test)]
mod tests;
