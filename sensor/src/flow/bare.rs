//! Connections that were opened and carried nothing.

use sensor_common::{
    application::{Context, Identification, identify_by_port},
    wire::transport::{protocol, tcp_flags},
};

/// What the port says of a TCP connection whose ends set these control bits, if it stood: the
/// service is there, though nobody spoke to it. A request to connect that was refused or not
/// answered, and a scan that resets what is granted, show no service in use.
///
/// It stood if both ends acknowledged something (RFC 9293 section 3.5). A reset that answers an
/// acknowledgement out of nowhere acknowledges nothing.
pub(super) fn by_port(
    protocol: u8,
    (source_port, destination_port): (u16, u16),
    [sent, received]: [u8; 2],
) -> Option<Identification> {
    if protocol != protocol::TCP || sent & received & tcp_flags::ACK == 0 {
        return None;
    }
    let context = Context { protocol, source_port, destination_port, source_address: 0 };
    identify_by_port(&context)
}
