//! Laws of dissection.

use crate::{
    books::Undissected,
    dissect::{
        Dissection, dissect,
        plain::{Plain, plain},
    },
    flow::Network,
    wire::transport::tcp_flags,
};

const INTERFACE: u32 = 7;
/// Headers end before; further cuts only shorten the payload.
const LONGEST_HEADERS: usize = if cfg!(miri) { 60 } else { 220 };

fn dissection(frame: &[u8]) -> Result<Dissection, Undissected> {
    let mut found = Dissection::default();
    dissect(frame, INTERFACE, &mut found).map(|()| found)
}

/// What is said of a plain frame is what the dissection says, and there is nothing more to it.
fn plain_frames_are_dissected_alike(plain: &Plain, whole: &Result<Dissection, Undissected>) {
    let Ok(found) = whole else {
        panic!("no frame has a flow only because it is plain: {plain:?}")
    };
    let Plain { key, tcp_flags, declared_length } = *plain;
    assert_eq!(
        (key, tcp_flags, declared_length),
        (found.key, found.tcp_flags, found.declared_length)
    );
    assert!(!found.may_carry() && !found.is_later_fragment, "{found:?}");
    assert_eq!(tcp_flags & tcp_flags::SYN, 0, "{found:?}");
}

/// Headers declare where a packet ends, and nothing after that place matters; what a part of a
/// frame says of its flow, the whole says too.
pub fn dissection_depends_on_declared_octets_only(frame: &[u8]) {
    let whole = dissection(frame);
    if let Some(plain) = plain(frame, INTERFACE) {
        plain_frames_are_dissected_alike(&plain, &whole);
    }
    if let Ok(found) = whole {
        let end = found.payload_offset + found.payload_length;
        assert!(end <= found.declared_length && found.payload_offset >= 14, "{found:?}");
        assert_eq!(found.key.interface(), INTERFACE);
        let network = found.key.network();
        assert!(network.is_some(), "{found:?}");
        // A link frame's access points lie behind what it declares.
        if network != Some(Network::Link) && found.declared_length <= frame.len() {
            assert_eq!(dissection(&frame[..found.declared_length]), whole, "padding matters");
        }
    }
    for cut in 0..frame.len().min(LONGEST_HEADERS) {
        if let Ok(part) = dissection(&frame[..cut]) {
            let key = whole.map(|whole| whole.key);
            assert_eq!(key, Ok(part.key), "{cut} of {} octets", frame.len());
        }
    }
}
