//! ServerHello (RFC 8446 section 4.1.3, RFC 5246 section 7.4.1.3): what was agreed.

use super::{Reading, SERVER_HELLO, extension, octets::Octets, record};

/// What the server chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version the conversation goes on in: that of `supported_versions` before the older field.
    pub version: u16,
    pub cipher_suite: u16,
}

/// Reads the beginning of the stream that answers a ClientHello.
pub fn server_hello(octets: &[u8]) -> Reading<ServerHello> {
    match record::first_message(octets, SERVER_HELLO) {
        Reading::Complete(body) => Reading::of_body(read_body(&body)),
        Reading::Incomplete => Reading::Incomplete,
        Reading::Foreign => Reading::Foreign,
    }
}

/// Reads a message's body; `None` if it is not made as a ServerHello is.
pub(super) fn read_body(body: &[u8]) -> Option<ServerHello> {
    let mut octets = Octets::new(body);
    let legacy_version = octets.u16()?;
    if !matches!(legacy_version >> 8, 3 | 0xfe) {
        return None;
    }
    octets.array::<32>()?;
    let session_id = octets.vector8()?;
    let cipher_suite = octets.u16()?;
    let _compression_method = octets.u8()?;
    if session_id.rest().len() > 32 {
        return None;
    }
    let mut version = legacy_version;
    let mut extensions = if octets.is_empty() { Octets::new(&[]) } else { octets.vector16()? };
    if !octets.is_empty() {
        return None;
    }
    while !extensions.is_empty() {
        let extension_type = extensions.u16()?;
        let mut content = extensions.vector16()?;
        if extension_type == extension::SUPPORTED_VERSIONS {
            version = content.u16()?;
        }
    }
    Some(ServerHello { version, cipher_suite })
}
