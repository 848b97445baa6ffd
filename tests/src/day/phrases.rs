//! Messages that are said often, made once.

use crate::frames::Side::{self, Client, Server};
use crate::speakers::tls::{
    TlsVersion, tls_application_data, tls_client_finish, tls_client_hello, tls_server_flight,
};

/// A message and who says it.
pub type Turn = (Side, Vec<u8>);

#[derive(Debug)]
pub struct Phrases {
    pub tls_flights: [Vec<u8>; 2],
    pub tls_finishes: [Vec<u8>; 2],
    /// Records of ciphertext: a request, an answer, a page.
    pub tls_request: Vec<u8>,
    pub tls_answer: Vec<u8>,
    pub tls_page: Vec<u8>,
}

const VERSIONS: [TlsVersion; 2] = [TlsVersion::V1_2, TlsVersion::V1_3];

impl Phrases {
    pub fn new() -> Self {
        Self {
            tls_flights: VERSIONS.map(tls_server_flight),
            tls_finishes: VERSIONS.map(tls_client_finish),
            tls_request: tls_application_data(31, 420),
            tls_answer: tls_application_data(32, 900),
            tls_page: tls_application_data(33, 4_000),
        }
    }

    /// The handshake with a server of this name.
    pub fn tls_opening(&self, name: &str, version: TlsVersion) -> Vec<Turn> {
        let index = usize::from(version == TlsVersion::V1_3);
        vec![
            (Client, tls_client_hello(name, version)),
            (Server, self.tls_flights[index].clone()),
            (Client, self.tls_finishes[index].clone()),
        ]
    }
}

impl Default for Phrases {
    fn default() -> Self {
        Self::new()
    }
}

/// Turns as a connection takes them.
pub fn said(turns: &[Turn]) -> Vec<(Side, &[u8])> {
    turns.iter().map(|(side, message)| (*side, message.as_slice())).collect()
}
