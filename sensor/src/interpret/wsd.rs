//! WS-Discovery (OASIS WS-DD 1.1) and the subscriptions of WS-Eventing: where the web services of
//! devices are (DPWS), and whether they are those of IEEE 11073 SDC.
//!
//! The envelope is scanned once for the elements in question, by their local names and without a
//! tree; entities are not resolved. Addresses of a device that are names, not numbers, give none.

use std::net::{IpAddr, SocketAddr};

use sensor_common::{application::Application, wire::transport::protocol};

use super::{
    announcement::{Announcement, Ends, LIMIT},
    text::{host, number},
};

/// Elements that are looked at in one sample.
const ELEMENTS: usize = 256;
/// The name of a medical device's type (IEEE 11073-20702) and what its namespace holds.
const MEDICAL_DEVICE: &str = "MedicalDevice";
const MEDICAL_NAMESPACE: &str = "/11073-20702-";
/// What the actions hold to which a consumer of SDC subscribes (IEEE 11073-20701).
const SDC_ACTIONS: &str = "/11073-20701-";

/// What a message announces: a device its services, somebody who looks for devices the port at
/// which answers will be received, and who subscribes to events the port for these.
pub fn read(octets: &[u8], ends: &Ends) -> Vec<Announcement> {
    // What is cut in the middle of a character is text up to it.
    let envelope = match str::from_utf8(octets) {
        Ok(envelope) => envelope,
        Err(error) => str::from_utf8(&octets[..error.valid_up_to()]).unwrap_or_default(),
    };
    let is_medical_namespace = envelope.contains(MEDICAL_NAMESPACE);
    let mut announced = Vec::new();
    let mut is_offer = false;
    let mut is_medical = false;
    let mut is_subscription = false;
    for element in elements(envelope).take(ELEMENTS) {
        match element.name {
            "Probe" | "Resolve" => {
                let port = ends.speaker.port();
                let application = Application::Wsd;
                announced.push(Announcement::of_speaker(ends, protocol::UDP, port, application));
                break;
            }
            // A new offer; types stand before addresses (WS-DD section 4.1).
            "Hello" | "ProbeMatch" | "ResolveMatch" => (is_offer, is_medical) = (true, false),
            "Bye" => break,
            "Types" => is_medical = is_medical_namespace && has_medical_type(element.text),
            "XAddrs" if is_offer => {
                let services = element.text.split_ascii_whitespace();
                announced.extend(services.filter_map(|uri| service(uri, is_medical, ends)));
            }
            "NotifyTo" | "EndTo" => is_subscription = true,
            "Address" if is_subscription => {
                let is_sdc = envelope.contains(SDC_ACTIONS);
                announced.extend(service(element.text.trim(), is_sdc, ends));
                is_subscription = false;
            }
            _ => (),
        }
    }
    announced.truncate(LIMIT);
    announced
}

/// An opening tag and the text after it.
struct Element<'text> {
    /// Without the prefix of its namespace.
    name: &'text str,
    /// Up to the next tag; empty if the sample ends before that.
    text: &'text str,
}

fn elements(envelope: &str) -> impl Iterator<Item = Element<'_>> {
    // What follows each `<`: the tag, then text up to the next one.
    let mut pieces = envelope.split('<').skip(1).peekable();
    std::iter::from_fn(move || {
        loop {
            let (tag, text) = pieces.next()?.split_once('>')?;
            let is_closed = pieces.peek().is_some();
            if tag.starts_with(['/', '?', '!']) {
                continue;
            }
            let end = tag.find(|mark: char| mark.is_ascii_whitespace() || mark == '/');
            let name = &tag[..end.unwrap_or(tag.len())];
            let name = name.split_once(':').map_or(name, |(_, local)| local);
            return Some(Element { name, text: if is_closed { text } else { "" } });
        }
    })
}

fn has_medical_type(types: &str) -> bool {
    let local_name = |name: &str| name.rsplit(':').next() == Some(MEDICAL_DEVICE);
    types.split_ascii_whitespace().any(local_name)
}

/// The service at a URI. Inside TLS there may be anything.
fn service(uri: &str, is_sdc: bool, ends: &Ends) -> Option<Announcement> {
    let (scheme, rest) = uri.split_once("://")?;
    let (application, default_port) = match scheme {
        "http" if is_sdc => (Application::Sdc, 80),
        "http" => (Application::Http, 80),
        "https" => (Application::Tls, 443),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let (address, port) = authority_ends(authority, default_port)?;
    Some(Announcement::of_speaker(ends, protocol::TCP, port, application).at(address))
}

/// Address and port of `10.0.0.1:80`, `10.0.0.1`, `[fe80::1%25eth0]:80` or `[fe80::1]`.
fn authority_ends(authority: &str, default_port: u16) -> Option<(IpAddr, u16)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        // The zone is of meaning to the sender only (RFC 6874).
        let address = host(address.split('%').next()?).filter(|_| address.contains(':'))?;
        let port = match port.strip_prefix(':') {
            Some(port) => number(port)?,
            None => port.is_empty().then_some(default_port)?,
        };
        return Some((address, port));
    }
    match authority.parse::<SocketAddr>() {
        Ok(end) => Some((host(&end.ip().to_string())?, end.port())),
        Err(_) => Some((host(authority).filter(|_| !authority.contains(':'))?, default_port)),
    }
}

#[cfg(test)]
mod tests;
