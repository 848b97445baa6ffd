//! Tunnel headers around a packet or a frame: GRE (RFC 2784, RFC 2890), ERSPAN
//! (draft-foschiano-erspan-03) and VXLAN (RFC 7348).

/// The port of VXLAN.
pub const VXLAN_PORT: u16 = 4_789;

/// Protocol types of GRE, besides EtherTypes.
pub mod gre_type {
    pub const ETHERNET: u16 = 0x6558;
    pub const ERSPAN: u16 = 0x88be;
    pub const ERSPAN_III: u16 = 0x22eb;
    pub const PPP: u16 = 0x880b;
}

/// The optional fields of a GRE header.
#[derive(Clone, Copy, Debug, Default)]
pub struct GreHeader {
    /// Nobody here computes it; receivers that only look do not check it.
    pub checksum: Option<u16>,
    pub key: Option<u32>,
    pub sequence: Option<u32>,
}

impl GreHeader {
    pub fn packet(&self, protocol_type: u16, content: &[u8]) -> Vec<u8> {
        let mut flags = 0_u8;
        let mut fields = Vec::new();
        if let Some(checksum) = self.checksum {
            flags |= 0x80;
            fields.extend(checksum.to_be_bytes());
            fields.extend([0, 0]);
        }
        if let Some(key) = self.key {
            flags |= 0x20;
            fields.extend(key.to_be_bytes());
        }
        if let Some(sequence) = self.sequence {
            flags |= 0x10;
            fields.extend(sequence.to_be_bytes());
        }
        let mut packet = vec![flags, 0];
        packet.extend(protocol_type.to_be_bytes());
        packet.extend(fields);
        packet.extend_from_slice(content);
        packet
    }
}

/// Type I: the mirrored frame and nothing else.
pub fn erspan_i(frame: &[u8]) -> Vec<u8> {
    GreHeader::default().packet(gre_type::ERSPAN, frame)
}

/// Type II: version 1, VLAN, session and port index.
pub fn erspan_ii(sequence: u32, vlan: u16, session: u16, frame: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    content.extend((0x1000 | vlan & 0x0fff).to_be_bytes());
    content.extend((session & 0x03ff).to_be_bytes());
    content.extend([0, 0, 0, 9]);
    content.extend_from_slice(frame);
    GreHeader { sequence: Some(sequence), ..GreHeader::default() }
        .packet(gre_type::ERSPAN, &content)
}

/// Type III: version 2 with a time stamp; the frame type says what is mirrored (0 a frame, 2 an IP
/// packet), and a platform's own sub-header of 8 octets may follow.
pub fn erspan_iii(
    sequence: u32,
    session: u16,
    frame_type: u8,
    platform: Option<[u8; 8]>,
    mirrored: &[u8],
) -> Vec<u8> {
    let mut content = vec![0x20, 0x14];
    content.extend((session & 0x03ff).to_be_bytes());
    content.extend([0x12, 0x34, 0x56, 0x78, 0, 0]);
    let last = 0x8000 | u16::from(frame_type & 0x1f) << 10 | u16::from(platform.is_some());
    content.extend(last.to_be_bytes());
    content.extend(platform.iter().flatten());
    content.extend_from_slice(mirrored);
    GreHeader { sequence: Some(sequence), ..GreHeader::default() }
        .packet(gre_type::ERSPAN_III, &content)
}

/// The payload of a UDP datagram to [`VXLAN_PORT`].
pub fn vxlan(network: u32, frame: &[u8]) -> Vec<u8> {
    let mut payload = vec![0x08, 0, 0, 0];
    payload.extend((network << 8).to_be_bytes());
    payload.extend_from_slice(frame);
    payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_the_octets_of_their_standards() {
        let whole = GreHeader { checksum: Some(0xabcd), key: Some(7), sequence: Some(9) };
        let octets = [0xb0, 0, 0x08, 0, 0xab, 0xcd, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9, 0x45];
        assert_eq!(whole.packet(0x0800, &[0x45]), octets);
        assert_eq!(erspan_i(&[1]), [0, 0, 0x88, 0xbe, 1]);
        let two = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 3, 0x10, 20, 0, 5, 0, 0, 0, 9, 1];
        assert_eq!(erspan_ii(3, 20, 5, &[1]), two);
        let three = erspan_iii(3, 5, 2, Some([8; 8]), &[1]);
        assert_eq!(three[..8], [0x10, 0, 0x22, 0xeb, 0, 0, 0, 3]);
        assert_eq!(three[8..20], [0x20, 0x14, 0, 5, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x88, 1]);
        assert_eq!((three[20..28].to_vec(), three[28]), (vec![8; 8], 1));
        assert_eq!(vxlan(42, &[1]), [8, 0, 0, 0, 0, 0, 42, 0, 1]);
    }
}
