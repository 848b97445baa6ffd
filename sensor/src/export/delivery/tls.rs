//! Whom to trust, and who we are, in TLS.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// Files in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Authorities that may have signed the receiver's certificate; without it those that browsers
    /// trust.
    pub authorities: Option<PathBuf>,
    /// Our certificate and its key, for receivers that ask for one.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{}: {source}", file.display())]
    Pem { file: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("{} holds no certificate", .0.display())]
    NoCertificate(PathBuf),
    #[error("the certificates cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The certificates in a file of PEM.
///
/// # Errors
///
/// [`TlsError::Pem`] and [`TlsError::NoCertificate`].
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |source| TlsError::Pem { file: file.to_owned(), source };
    let read = CertificateDer::pem_file_iter(file).map_err(wrong)?;
    let read: Vec<_> = read.collect::<Result<_, _>>().map_err(wrong)?;
    if read.is_empty() {
        return Err(TlsError::NoCertificate(file.to_owned()));
    }
    Ok(read)
}

/// How to begin connections.
///
/// # Errors
///
/// [`TlsError`].
pub fn client_config(identity: &Identity) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    match &identity.authorities {
        Some(file) => {
            for certificate in certificates(file)? {
                roots.add(certificate)?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let config = match &identity.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let wrong = |source| TlsError::Pem { file: key.clone(), source };
            let key = PrivateKeyDer::from_pem_file(key).map_err(wrong)?;
            builder.with_client_auth_cert(certificates(certificate)?, key)?
        }
    };
    Ok(Arc::new(config))
}
