//! ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).

use super::{
    CLIENT_HELLO, Reading, extension,
    name::{each_protocol, protocols, server_name},
    octets::Octets,
    record,
};
use crate::interpret::ja4::{self, Carrier, Features, is_grease};

/// What a client says of itself and of the server it looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// `legacy_version`; what the client could do best before TLS 1.3.
    pub legacy_version: u16,
    /// The newest version it offers, in `supported_versions` or else in the field above.
    pub highest_version: u16,
    /// The host name it looks for, in lower case.
    pub server_name: Option<String>,
    /// There is a `server_name` extension that has no host name in it, as a hostile client would
    /// write it; nothing of it is passed on.
    pub is_server_name_refused: bool,
    /// The application protocols (ALPN) it offers, in its order.
    pub alpn: Vec<String>,
    /// The client's JA4 fingerprint.
    pub ja4: String,
}

/// Reads the beginning of a TCP stream. Where another protocol goes before (STARTTLS, the requests
/// for TLS of databases), the stream has to begin at the segment after it.
pub fn client_hello(octets: &[u8]) -> Reading<ClientHello> {
    match record::first_message(octets, CLIENT_HELLO) {
        Reading::Complete(body) => Reading::of_body(read_body(&body, Carrier::Tcp)),
        Reading::Incomplete => Reading::Incomplete,
        Reading::Foreign => Reading::Foreign,
    }
}

/// Reads a handshake message that no record layer surrounds.
pub(crate) fn read_message(message: &[u8], carrier: Carrier) -> Reading<ClientHello> {
    match record::body(message, CLIENT_HELLO) {
        Reading::Complete(body) => Reading::of_body(read_body(body, carrier)),
        Reading::Incomplete => Reading::Incomplete,
        Reading::Foreign => Reading::Foreign,
    }
}

/// Reads a message's body; `None` if it is not made as a ClientHello is.
pub(super) fn read_body(body: &[u8], carrier: Carrier) -> Option<ClientHello> {
    let mut octets = Octets::new(body);
    let legacy_version = octets.u16()?;
    let major = if carrier == Carrier::Datagram { 0xfe } else { 3 };
    if legacy_version >> 8 != major {
        return None;
    }
    octets.array::<32>()?;
    let session_id = octets.vector8()?;
    if session_id.rest().len() > 32 {
        return None;
    }
    if carrier == Carrier::Datagram {
        // The cookie of RFC 6347 section 4.2.1.
        octets.vector8()?;
    }
    let cipher_suites = octets.vector16()?;
    let compression_methods = octets.vector8()?;
    if cipher_suites.rest().len() % 2 != 0 || compression_methods.is_empty() {
        return None;
    }
    // Clients older than extensions end here.
    let extensions = if octets.is_empty() { Octets::new(&[]) } else { octets.vector16()? };
    if !octets.is_empty() {
        return None;
    }
    let offered = Extensions::read(extensions)?;
    let highest_version = offered.highest_version(carrier).unwrap_or(legacy_version);
    let name = offered.server_name.and_then(server_name);
    Some(ClientHello {
        legacy_version,
        highest_version,
        is_server_name_refused: offered.server_name.is_some() && name.is_none(),
        alpn: protocols(offered.protocols),
        ja4: ja4::fingerprint(&Features {
            carrier,
            version: highest_version,
            has_server_name: offered.server_name.is_some(),
            first_protocol: each_protocol(offered.protocols).next().unwrap_or_default(),
            cipher_suites: cipher_suites.numbers().collect(),
            extensions: offered.types,
            signature_algorithms: offered.signature_algorithms.numbers().collect(),
        }),
        server_name: name,
    })
}

/// The extensions that are read here, and the types of all.
struct Extensions<'a> {
    types: Vec<u16>,
    server_name: Option<Octets<'a>>,
    protocols: Octets<'a>,
    signature_algorithms: Octets<'a>,
    versions: Octets<'a>,
}

impl<'a> Extensions<'a> {
    fn read(mut extensions: Octets<'a>) -> Option<Self> {
        let none = Octets::new(&[]);
        let mut read = Self {
            types: Vec::new(),
            server_name: None,
            protocols: none,
            signature_algorithms: none,
            versions: none,
        };
        while !extensions.is_empty() {
            let extension_type = extensions.u16()?;
            let mut content = extensions.vector16()?;
            read.types.push(extension_type);
            match extension_type {
                extension::SERVER_NAME => read.server_name = Some(content),
                extension::ALPN => read.protocols = content.vector16().unwrap_or(none),
                extension::SIGNATURE_ALGORITHMS => {
                    read.signature_algorithms = content.vector16().unwrap_or(none);
                }
                extension::SUPPORTED_VERSIONS => {
                    read.versions = content.vector8().unwrap_or(none);
                }
                _ => {}
            }
        }
        Some(read)
    }

    fn highest_version(&self, carrier: Carrier) -> Option<u16> {
        let versions = self.versions.numbers().filter(|&version| !is_grease(version));
        match carrier {
            Carrier::Tcp | Carrier::Quic => versions.max(),
            // The versions of DTLS count down.
            Carrier::Datagram => versions.min(),
        }
    }
}
