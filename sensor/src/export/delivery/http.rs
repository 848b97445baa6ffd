//! Receivers that are asked by HTTP.

use std::{path::Path, sync::Arc, time::Duration};

use ureq::{
    http::StatusCode,
    tls::{Certificate, RootCerts, TlsConfig},
};

use super::{Failure, tls};

/// Octets of an answer that are worth a line in the log.
const REASON: u64 = 512;

/// A client that trusts the authorities of a file, or those that browsers trust.
///
/// # Errors
///
/// The file cannot be used.
pub fn agent(authorities: Option<&Path>) -> Result<ureq::Agent, tls::TlsError> {
    let mut builder = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("wardline/", env!("CARGO_PKG_VERSION")));
    if let Some(file) = authorities {
        let certificates = tls::certificates(file)?;
        let roots: Vec<_> =
            certificates.iter().map(|each| Certificate::from_der(each).to_owned()).collect();
        let roots = RootCerts::Specific(Arc::new(roots));
        builder = builder.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    Ok(builder.build().new_agent())
}

/// Posts JSON and has the answer judged.
///
/// # Errors
///
/// [`Failure::Refused`] if the receiver says that what it got is wrong, else [`Failure::Away`].
pub fn post(
    agent: &ureq::Agent,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    timeout: Duration,
) -> Result<(), Failure> {
    let mut request = agent.post(url).header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.config().timeout_global(Some(timeout)).build();
    let mut response = request.send(body).map_err(Failure::away)?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let answer = response.body_mut().with_config().limit(REASON).read_to_string();
    let answer = crate::export::text::harmless(&answer.unwrap_or_default());
    let reason = format!("{status}: {}", answer.trim());
    // All others may be of the way there, or of a key that is being changed.
    match status {
        StatusCode::BAD_REQUEST
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY => Err(Failure::Refused(reason)),
        _ => Err(Failure::Away(reason)),
    }
}
