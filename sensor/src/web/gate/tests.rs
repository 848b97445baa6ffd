use std::{collections::BTreeMap, net::IpAddr};

use rustls::{ServerConfig, crypto::ring, server::ResolvesServerCertUsingSni};

use super::*;

fn encrypting() -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new())))
}

/// Every address with every kind of protection: strangers reach none of them without being asked
/// who they are, over TLS.
#[test]
fn thirty_bindings_are_all_closed_to_strangers() {
    let addresses = ["127.0.0.1", "::1", "0.0.0.0", "::", "192.0.2.7", "2001:db8::7"];
    let users = || BTreeMap::from([("a".to_owned(), String::new())]);
    let plain = WebFile::default;
    let protections: [(&str, WebFile); 5] = [
        ("nothing", plain()),
        ("a password", WebFile { users: users(), ..plain() }),
        ("TLS", WebFile { tls: Some(encrypting()), ..plain() }),
        ("TLS and a password", WebFile { tls: Some(encrypting()), users: users(), ..plain() }),
        (
            "TLS and certificates",
            WebFile { tls: Some(encrypting()), needs_certificate: true, ..plain() },
        ),
    ];
    let mut refused = 0;
    for address in addresses {
        for (name, file) in &protections {
            let ip: IpAddr = address.parse().unwrap();
            let web = Web { listen_address: (ip, 9469).into(), ..Web::default() };
            let is_protected = file.encrypts() && file.asks_who();
            let message = exposure(&web, file);
            assert_eq!(message.is_none(), ip.is_loopback() || is_protected, "{address}, {name}");
            let allowed = Web { insecure_allow: true, ..web };
            assert_eq!(exposure(&allowed, file), None, "{address}, {name}");
            if let Some(message) = message {
                refused += 1;
                assert!(message.contains("`config_file`") && message.contains("insecure_allow"));
            }
        }
    }
    assert_eq!(refused, 4 * 3);
}

#[test]
fn an_address_of_ipv4_within_ipv6_is_not_taken_for_local() {
    let web = Web { listen_address: "[::ffff:127.0.0.1]:1".parse().unwrap(), ..Web::default() };
    assert!(exposure(&web, &WebFile::default()).is_some());
}
