//! Keys of Initial packets, and what they open (RFC 9001 sections 5.1 to 5.4).

use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic},
    error::Unspecified,
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
};

use super::{frames::are_of_initial, packet::Initial, version::Version};

/// Octets of the secret, of the initialisation vector, of the authentication tag, and those that
/// are sampled for header protection.
const SECRET_OCTETS: usize = 32;
const VECTOR_OCTETS: usize = 12;
const TAG_OCTETS: usize = 16;
const SAMPLE_OCTETS: usize = 16;

/// Octets of the longest packet number. The sample begins after so many, whatever its length.
const PACKET_NUMBER_OCTETS: usize = 4;

/// Bits of the first octet that are 0 under the protection (RFC 9000 section 17.2).
const RESERVED_BITS: u8 = 0x0c;

/// The keys of a client's Initial packets.
pub(super) struct Keys {
    version: Version,
    payload: LessSafeKey,
    vector: [u8; VECTOR_OCTETS],
    header: quic::HeaderProtectionKey,
}

/// A packet's frames.
pub(super) struct Opened {
    pub(super) payload: Vec<u8>,
    /// Whether the tag was there, and right.
    pub(super) is_authenticated: bool,
}

impl Keys {
    /// Derived from the destination connection ID of the client's first Initial packet.
    pub(super) fn of_client(version: Version, destination: &[u8]) -> Self {
        Self::derive(version, destination)
            .expect("HKDF gives keys of a fixed length below its limit of 255 digests")
    }

    fn derive(version: Version, destination: &[u8]) -> Result<Self, Unspecified> {
        let initial_secret = Salt::new(HKDF_SHA256, version.initial_salt()).extract(destination);
        let secret: [u8; SECRET_OCTETS] = expand_label(&initial_secret, "client in")?;
        let secret = Prk::new_less_safe(HKDF_SHA256, &secret);
        let [key_label, vector_label, header_label] = version.labels();
        let key: [u8; 16] = expand_label(&secret, key_label)?;
        let header: [u8; 16] = expand_label(&secret, header_label)?;
        Ok(Self {
            version,
            payload: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?),
            vector: expand_label(&secret, vector_label)?,
            header: quic::HeaderProtectionKey::new(&quic::AES_128, &header)?,
        })
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Removes a packet's protection; `None` if it has another's, or is cut off too early.
    pub(super) fn open(&self, initial: &Initial) -> Option<Opened> {
        if initial.version != self.version {
            return None;
        }
        let start = initial.packet_number_offset;
        let sample = initial.octets.get(start + PACKET_NUMBER_OCTETS..)?.get(..SAMPLE_OCTETS)?;
        let [first_mask, number_mask @ ..] = self.header.new_mask(sample).ok()?;

        let mut octets = initial.octets.to_vec();
        octets[0] ^= first_mask & 0x0f;
        if octets[0] & RESERVED_BITS != 0 {
            return None;
        }
        let number_octets = usize::from(octets[0] & 3) + 1;
        let mut number = 0;
        for (octet, mask) in octets[start..].iter_mut().zip(number_mask).take(number_octets) {
            *octet ^= mask;
            number = number << 8 | u64::from(*octet);
        }
        let mut payload = octets.split_off(start + number_octets);
        let nonce = self.nonce(number);
        if !initial.is_cut() {
            self.payload.open_in_place(nonce, Aad::from(&octets), &mut payload).ok()?;
            payload.truncate(payload.len() - TAG_OCTETS);
            return Some(Opened { payload, is_authenticated: true });
        }
        // The tag cannot be checked. In counter mode, to encrypt is to decrypt.
        let _tag =
            self.payload.seal_in_place_separate_tag(nonce, Aad::empty(), &mut payload).ok()?;
        payload.truncate(initial.length.saturating_sub(octets.len() + TAG_OCTETS));
        are_of_initial(&payload).then_some(Opened { payload, is_authenticated: false })
    }

    /// Protects a packet whose header ends in a packet number of one octet.
    #[cfg(test)]
    pub(super) fn protect(&self, mut header: Vec<u8>, mut payload: Vec<u8>) -> Vec<u8> {
        let number_at = header.len() - 1;
        let nonce = self.nonce(header[number_at].into());
        let aad = Aad::from(&header);
        self.payload.seal_in_place_append_tag(nonce, aad, &mut payload).unwrap();
        let sample = &payload[PACKET_NUMBER_OCTETS - 1..][..SAMPLE_OCTETS];
        let mask = self.header.new_mask(sample).unwrap();
        header[0] ^= mask[0] & 0x0f;
        header[number_at] ^= mask[1];
        [header, payload].concat()
    }

    /// RFC 9001 section 5.3. The first packets' numbers are small: what is sent is all of them.
    fn nonce(&self, packet_number: u64) -> Nonce {
        let mut nonce = self.vector;
        for (octet, number) in
            nonce[VECTOR_OCTETS - 8..].iter_mut().zip(packet_number.to_be_bytes())
        {
            *octet ^= number;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keys").field("version", &self.version).finish_non_exhaustive()
    }
}

/// HKDF-Expand-Label without context (RFC 8446 section 7.1).
fn expand_label<const N: usize>(secret: &Prk, label: &str) -> Result<[u8; N], Unspecified> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let length = u16::try_from(N).map_err(|_| Unspecified)?.to_be_bytes();
    let label_length = u8::try_from("tls13 ".len() + label.len()).map_err(|_| Unspecified)?;
    let label_length = [label_length];
    let parts: [&[u8]; 5] = [&length, &label_length, b"tls13 ", label.as_bytes(), &[0]];
    let mut octets = [0; N];
    secret.expand(&parts, Length(N))?.fill(&mut octets)?;
    Ok(octets)
}
