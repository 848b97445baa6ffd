//! The alerts as a web server takes them: each posted as JSON, signed, with a key by which a
//! second delivery of the same is known (`Idempotency-Key`,
//! draft-ietf-httpapi-idempotency-key-header).

mod message;
mod signature;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::export::delivery::{Delivered, Failure, Notice, Sink, http, tls::TlsError, wall_time};

/// Shortest secret, in octets.
const SHORTEST: usize = 16;

/// Where and how to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    pub url: String,
    /// Holds what receivers check signatures with.
    pub secret_file: PathBuf,
    /// Of one request.
    pub timeout: Duration,
    /// Authorities that may have signed the receiver's certificate.
    pub authorities: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
enum SecretError {
    #[error("{}: {source}", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("the secret in {} has fewer than {SHORTEST} octets", .0.display())]
    TooShort(PathBuf),
}

#[derive(Debug)]
pub struct Webhook {
    settings: Settings,
    /// Made when it is needed: certificates may come, and change.
    agent: Option<ureq::Agent>,
}

impl Webhook {
    pub const fn new(settings: Settings) -> Self {
        Self { settings, agent: None }
    }

    fn agent(&mut self) -> Result<ureq::Agent, TlsError> {
        if let Some(agent) = &self.agent {
            return Ok(agent.clone());
        }
        let agent = http::agent(self.settings.authorities.as_deref())?;
        self.agent = Some(agent.clone());
        Ok(agent)
    }

    fn post(&mut self, notice: &Notice) -> Result<(), Failure> {
        let secret = secret(&self.settings.secret_file).map_err(Failure::away)?;
        let agent = self.agent().map_err(Failure::away)?;
        let body = message::body(notice);
        // Signed anew at each attempt, so that receivers can refuse what is old.
        let seconds = wall_time().as_micros() / 1_000_000;
        let timestamp = seconds.to_string();
        let signature = signature::of(&secret, &timestamp, &body);
        // A string of structured fields (RFC 8941, section 3.3.3).
        let key = format!("\"{}\"", notice.key());
        let headers = [
            ("Idempotency-Key", key.as_str()),
            (signature::TIMESTAMP, &timestamp),
            (signature::SIGNATURE, &signature),
        ];
        http::post(&agent, &self.settings.url, &headers, &body, self.settings.timeout)
    }
}

/// Read each time, so that it can be changed while the agent runs. Ends of lines are not of it.
fn secret(file: &Path) -> Result<Vec<u8>, SecretError> {
    let unreadable = |source| SecretError::Unreadable { file: file.to_owned(), source };
    let octets = fs::read(file).map_err(unreadable)?;
    let secret = octets.trim_ascii_end();
    if secret.len() < SHORTEST {
        return Err(SecretError::TooShort(file.to_owned()));
    }
    Ok(secret.to_vec())
}

impl Sink for Webhook {
    fn deliver(&mut self, notices: &[Notice], _: Instant) -> Delivered {
        for (accepted, notice) in notices.iter().enumerate() {
            if let Err(failure) = self.post(notice) {
                return Delivered::until(accepted, failure);
            }
        }
        Delivered::all(notices)
    }
}

#[cfg(test)]
mod tests;
