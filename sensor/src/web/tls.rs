//! Our side of TLS: the certificate we show, and those we ask for.

mod client;

use std::{path::PathBuf, sync::Arc};

use rustls::{
    CipherSuite, NamedGroup, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    pki_types::{PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
    version::{TLS12, TLS13},
};

use crate::export::delivery::tls::{TlsError, certificates};
use client::NamedClients;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    Tls12,
    Tls13,
}

/// `tls_server_config`, checked as far as that needs no file.
#[derive(Debug)]
pub struct Settings {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Who signs certificates of those who may ask.
    pub client_authority: Option<PathBuf>,
    /// Whether who shows none is turned away.
    pub is_required: bool,
    /// Hosts or addresses of which a client's certificate is to name one; any if it is empty.
    pub client_names: Vec<String>,
    /// From, to.
    pub versions: [Version; 2],
    /// By the names that Go gives them; all of ours if it is empty.
    pub cipher_suites: Vec<String>,
    pub prefers_own_order: bool,
    pub curves: Vec<String>,
}

impl Settings {
    /// The files that it names.
    pub fn files(&self) -> Vec<PathBuf> {
        let authority = self.client_authority.iter();
        [&self.certificate, &self.key].into_iter().chain(authority).cloned().collect()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ServerTlsError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("unusable: {0}")]
    Unusable(#[from] rustls::Error),
    #[error("`client_ca_file`: {0}")]
    Authority(String),
    #[error("unknown variant `{unknown}`, expected one of `{}`", known.join("`, `"))]
    Unknown { unknown: String, known: Vec<&'static str> },
    #[error("`client_allowed_sans`: {0:?} is neither a host name nor an address")]
    ClientName(String),
}

/// How connections are accepted.
///
/// # Errors
///
/// [`ServerTlsError`]; also when certificate and key do not belong together.
pub fn server_config(settings: &Settings) -> Result<Arc<ServerConfig>, ServerTlsError> {
    let provider = Arc::new(provider(settings)?);
    let versions: Vec<&'static SupportedProtocolVersion> =
        [(Version::Tls12, &TLS12), (Version::Tls13, &TLS13)]
            .into_iter()
            .filter(|(version, _)| (settings.versions[0]..=settings.versions[1]).contains(version))
            .map(|(_, version)| version)
            .collect();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)?;
    let builder = match &settings.client_authority {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(file)? {
                roots.add(certificate)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier =
                if settings.is_required { verifier } else { verifier.allow_unauthenticated() };
            let verifier =
                verifier.build().map_err(|error| ServerTlsError::Authority(error.to_string()))?;
            builder.with_client_cert_verifier(NamedClients::over(verifier, &settings.client_names)?)
        }
    };
    let key = PrivateKeyDer::from_pem_file(&settings.key)
        .map_err(|source| TlsError::Pem { file: settings.key.clone(), source })?;
    let mut config = builder.with_single_cert(certificates(&settings.certificate)?, key)?;
    config.ignore_client_order = settings.prefers_own_order;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Who showed a certificate that is no longer trusted shows it again.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// Ring's algorithms, without those that the file leaves out.
fn provider(settings: &Settings) -> Result<CryptoProvider, ServerTlsError> {
    let mut provider = ring::default_provider();
    if !settings.cipher_suites.is_empty() {
        let wanted = chosen(&settings.cipher_suites, &SUITES)?;
        let (version_13, version_12): (Vec<_>, Vec<_>) =
            provider.cipher_suites.into_iter().partition(|suite| suite.tls13().is_some());
        // As with Go, those of TLS 1.3 cannot be chosen.
        provider.cipher_suites = version_13;
        let wanted = wanted.into_iter();
        provider.cipher_suites.extend(
            wanted.filter_map(|wanted| {
                version_12.iter().find(|suite| suite.suite() == wanted).copied()
            }),
        );
    }
    if !settings.curves.is_empty() {
        let wanted = chosen(&settings.curves, &CURVES)?.into_iter();
        let known = provider.kx_groups;
        provider.kx_groups = wanted
            .filter_map(|wanted| known.iter().find(|group| group.name() == wanted).copied())
            .collect();
    }
    Ok(provider)
}

/// Go's names (crypto/tls) of what ring does.
const SUITES: [(&str, CipherSuite); 6] = [
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

const CURVES: [(&str, NamedGroup); 3] = [
    ("X25519", NamedGroup::X25519),
    ("CurveP256", NamedGroup::secp256r1),
    ("CurveP384", NamedGroup::secp384r1),
];

fn chosen<T: Copy>(
    names: &[String],
    known: &[(&'static str, T)],
) -> Result<Vec<T>, ServerTlsError> {
    let find = |name: &String| {
        let found = known.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| *value).ok_or_else(|| ServerTlsError::Unknown {
            unknown: name.clone(),
            known: known.iter().map(|(name, _)| *name).collect(),
        })
    };
    names.iter().map(find).collect()
}
