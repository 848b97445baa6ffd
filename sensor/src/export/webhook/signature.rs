//! By what receivers know that a message is ours, and when it was sent.

use ring::hmac;

/// Seconds since 1970.
pub const TIMESTAMP: &str = "Wardline-Timestamp";
/// `v1=` and hexadecimal digits.
pub const SIGNATURE: &str = "Wardline-Signature";

/// HMAC-SHA256 (RFC 2104) of the timestamp, a full stop and the body.
pub fn of(secret: &[u8], timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let tag = context.sign();
    let digits = tag.as_ref().iter().map(|octet| format!("{octet:02x}"));
    format!("v1={}", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_openssl_makes_of_the_same() {
        // printf '1767225600.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        assert_eq!(of(b"0123456789abcdef", "1767225600", b"{\"a\":1}"), EXPECTED);
    }

    const EXPECTED: &str = "v1=539b0e21b535c5201ef7d1453c0a0de4ad132293226de9018be0cfbf0092faa6";
}
