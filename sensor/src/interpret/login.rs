//! What became of logins, by the three digits of a reply; and who lets in without one.

use sensor_common::application::Application;

use super::message::Message;

/// Whether a reply grants or refuses a login: FTP (RFC 959 section 4.2.1) and SMTP (RFC 4954 sections
/// 4 and 6). `None` for any other.
pub fn read_reply(service: Application, octets: &[u8]) -> Option<Message> {
    let digits = octets.first_chunk::<3>()?;
    let is_failure = match (service, digits) {
        (Application::Ftp, b"230") | (Application::Smtp, b"235") => false,
        (Application::Ftp, b"430" | b"530") | (Application::Smtp, b"535") => true,
        _ => return None,
    };
    Some(Message::Login { service, is_failure })
}

/// The security types that a VNC server offers (RFC 6143 section 7.1.2): with `None` among them nobody
/// is asked who he is.
pub fn read_security_types(octets: &[u8]) -> Option<Message> {
    const NONE: u8 = 1;
    let (count, types) = octets.split_first()?;
    let is_open = usize::from(*count) == types.len() && types.contains(&NONE);
    is_open.then_some(Message::Unauthenticated { service: Application::Vnc })
}

/// The community of an SNMP message of version 1 or 2c (RFC 1157 section 4, RFC 1901 section 3), which
/// is only sampled if it is one of two that devices are shipped with.
pub fn read_community(octets: &[u8]) -> Option<Message> {
    [&b"\x04\x06public"[..], b"\x04\x07private"]
        .iter()
        .any(|community| octets.ends_with(community))
        .then_some(Message::DefaultCommunity)
}

#[cfg(test)]
mod tests {
    use super::super::testing::mutate;
    use super::*;

    #[test]
    fn replies_tell_what_became_of_a_login() {
        let failure = |service, octets: &[u8]| match read_reply(service, octets)? {
            Message::Login { service: named, is_failure } => {
                assert_eq!(named, service);
                Some(is_failure)
            }
            other => panic!("{other:?}"),
        };
        for (digits, ftp, smtp) in [
            (&b"230"[..], Some(false), None),
            (b"530", Some(true), None),
            (b"430", Some(true), None),
            (b"235", None, Some(false)),
            (b"535", None, Some(true)),
            (b"331", None, None),
            (b"53", None, None),
            (b"", None, None),
        ] {
            assert_eq!(failure(Application::Ftp, digits), ftp, "{digits:?}");
            assert_eq!(failure(Application::Smtp, digits), smtp, "{digits:?}");
            assert_eq!(failure(Application::Pop3, digits), None);
        }
    }

    #[test]
    fn a_server_that_offers_no_security_lets_anybody_in() {
        let open = Some(Message::Unauthenticated { service: Application::Vnc });
        assert_eq!(read_security_types(&[1, 1]), open);
        assert_eq!(read_security_types(&[3, 2, 16, 1]), open);
        for other in [&[][..], &[0], &[1], &[1, 2], &[2, 1], &[1, 1, 1], &[2, 2, 16]] {
            assert_eq!(read_security_types(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_community_that_devices_are_shipped_with_is_told() {
        for community in
            [&b"\x30\x29\x02\x01\x01\x04\x06public"[..], b"\x30\x29\x02\x01\0\x04\x07private"]
        {
            assert_eq!(read_community(community), Some(Message::DefaultCommunity));
            for length in 0..community.len() {
                assert_eq!(read_community(&community[..length]), None, "{length}");
            }
        }
        assert_eq!(read_community(b"\x30\x29\x02\x01\x01\x04\x06Public"), None);
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        mutate(&[b"\x30\x29\x02\x01\x01\x04\x06public", b"530", &[2, 2, 1]], |octets| {
            let open = read_security_types(octets);
            assert!(open.is_none() || octets.len() >= 2);
            assert!(read_community(octets).is_none() || octets.len() >= 8);
            assert!(read_reply(Application::Ftp, octets).is_none() || octets.len() >= 3);
        });
    }
}
