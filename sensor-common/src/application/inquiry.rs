//! Which recognisers are asked about a payload, and in which order.

use super::{
    Context, amqp, astm, bacnet, bgp, coap, dcerpc, dhcp, dhcpv6, dicom, dnp3, dns, dtls, enip,
    fins, fox, gtp, hartip, hl7, http, iec104, imap, intellivue, ipmi, isakmp, jetdirect, kerberos,
    knx, ldap, lpd, modbus, mongodb, mqtt, mssql, mysql, nbdgm, nbns, netflow, ntp, opcua, openvpn,
    oracle, phd, poct1a, pop3, postgresql, quic, radius, rdp, redis, replies, rpc, rsync, rtp,
    rtsp, s7comm, sccp, sip, slp, smb, snmp, ssdp, ssh, stun, synchrophasor, syslog, telnet, text,
    tftp, tls, unity, vnc, vxlan, wireguard, wsd, x11,
};
use crate::{frame::Frame, payload::Payload};

/// Asks recognisers one after another; the first that knows the payload is believed.
///
/// Where one list is asked is a function of its own, which in the kernel makes it a room that leaves
/// nothing behind: the verifier would otherwise follow every way in which all recognisers before
/// said no. Verdicts are packed until the last has been asked, 0 if there is none. Each recogniser
/// reads the payload's memory afresh, for the same reason. More rooms for fewer recognisers each
/// would be as good to the verifier, but every return costs a processor that is not trusted to
/// predict it.
macro_rules! first_of {
    ($payload:ident, $context:ident: $($recognise:expr),+ $(,)?) => {{
        #[inline(never)]
        fn room($payload: &Payload, $context: &Context) -> u16 {
            let _ = $context;
            $(
                let $payload = core::hint::black_box($payload);
                if let Some(identification) = $recognise {
                    return identification.packed();
                }
            )+
            0
        }
        room($payload, $context)
    }};
    ($frame:ident, $payload:ident, $context:ident: $($recognise:expr),+ $(,)?) => {{
        #[inline(never)]
        fn room<F: Frame + ?Sized>($frame: &F, $payload: &Payload, $context: &Context) -> u16 {
            let _ = ($frame, $context);
            $(
                let $payload = core::hint::black_box($payload);
                if let Some(identification) = $recognise {
                    return identification.packed();
                }
            )+
            0
        }
        room($frame, $payload, $context)
    }};
}

/// What begins with four printable octets is asked about texts only, the rest about the others;
/// and of those, first about what begins with this very octet.
#[inline(always)]
pub(super) fn identify_stream(payload: &Payload, context: &Context) -> u16 {
    if text::begins_printable(payload) {
        text_stream(payload, context)
    } else {
        let packed = begun_stream(payload, context);
        if packed != 0 { packed } else { any_stream(payload, context) }
    }
}

#[inline(always)]
fn text_stream(payload: &Payload, context: &Context) -> u16 {
    match payload.octet(0) {
        b'A'..=b'Z' => first_of!(payload, context:
            http::recognise(payload),
            sip::recognise(payload),
            rtsp::recognise(payload),
            ssh::recognise(payload),
            opcua::recognise(payload),
            hl7::recognise(payload),
            vnc::recognise(payload),
            amqp::recognise_header(payload),
            astm::recognise_record(payload),
            fins::recognise_stream(payload),
            replies::recognise(payload, context),
            pop3::recognise(payload),
            imap::recognise(payload),
        ),
        b'<' => first_of!(payload, context:
            syslog::recognise(payload),
            poct1a::recognise(payload),
        ),
        b'+' | b'@' => first_of!(payload, context:
            pop3::recognise(payload),
            jetdirect::recognise(payload),
            rsync::recognise(payload),
            redis::recognise_answer(payload),
        ),
        _ => first_of!(payload, context:
            replies::recognise(payload, context),
            imap::recognise(payload),
            fox::recognise(payload),
        ),
    }
}

#[inline(always)]
fn begun_stream(payload: &Payload, context: &Context) -> u16 {
    match payload.octet(0) {
        0x00 => first_of!(payload, context:
            smb::recognise(payload),
            postgresql::recognise(payload),
            kerberos::recognise_stream(payload),
            stun::recognise_stream(payload),
            openvpn::recognise_stream(payload),
            ssh::recognise_offer(payload),
        ),
        0x01 => first_of!(payload, context:
            dicom::recognise(payload),
            mssql::recognise(payload),
            hartip::recognise(payload, context),
            stun::recognise_stream(payload),
            amqp::recognise_frame(payload),
        ),
        0x03 => first_of!(payload, context:
            rdp::recognise(payload),
            s7comm::recognise(payload),
            dicom::recognise(payload),
            mssql::recognise(payload),
        ),
        0x05 => first_of!(payload, context:
            dcerpc::recognise_stream(payload),
            dnp3::recognise(payload),
            dicom::recognise(payload),
        ),
        0x02 | 0x04 | 0x06..=0x08 => first_of!(payload, context:
            dicom::recognise(payload),
            mssql::recognise(payload),
            astm::recognise_frame(payload),
            knx::recognise(payload),
            amqp::recognise_frame(payload),
            enip::recognise(payload),
        ),
        0x0b..=0x1b => first_of!(payload, context:
            tls::recognise(payload),
            hl7::recognise(payload),
            mqtt::recognise(payload),
            jetdirect::recognise(payload),
            mssql::recognise(payload),
        ),
        0x20..=0x7f => first_of!(payload, context:
            ldap::recognise(payload),
            mqtt::recognise(payload),
            iec104::recognise(payload),
            postgresql::recognise(payload),
            enip::recognise(payload),
            redis::recognise(payload),
            x11::recognise(payload),
        ),
        0x80..=0xff => first_of!(payload, context:
            smb::recognise(payload),
            rpc::recognise_stream(payload),
            mqtt::recognise(payload),
            telnet::recognise(payload),
            bgp::recognise(payload),
            phd::recognise(payload),
            synchrophasor::recognise(payload),
        ),
        _ => 0,
    }
}

/// What may begin with any octet: a length, a transaction.
#[inline(always)]
fn any_stream(payload: &Payload, context: &Context) -> u16 {
    first_of!(payload, context:
        modbus::recognise(payload, context),
        oracle::recognise(payload),
        mysql::recognise(payload),
        sccp::recognise(payload, context),
        mongodb::recognise(payload),
        dns::recognise_stream(payload, context),
        lpd::recognise(payload),
    )
}

#[inline(always)]
pub(super) fn identify_datagram<F: Frame + ?Sized>(
    frame: &F,
    payload: &Payload,
    context: &Context,
) -> u16 {
    let packed = begun_by_chance(payload, context);
    if packed != 0 {
        return packed;
    }
    if text::begins_printable(payload) {
        return text_datagram(frame, payload, context);
    }
    let packed = begun_datagram(frame, payload, context);
    if packed != 0 { packed } else { any_datagram(frame, payload, context) }
}

/// What begins with random octets or an address, which may look printable.
#[inline(always)]
fn begun_by_chance(payload: &Payload, context: &Context) -> u16 {
    first_of!(payload, context:
        openvpn::recognise(payload),
        unity::recognise(payload, context),
        isakmp::recognise(payload),
    )
}

#[inline(always)]
fn text_datagram<F: Frame + ?Sized>(frame: &F, payload: &Payload, context: &Context) -> u16 {
    first_of!(frame, payload, context:
        ssdp::recognise(payload),
        syslog::recognise(payload),
        sip::recognise(payload),
        wsd::recognise(frame, payload, context),
        // A transaction may be any number.
        rpc::recognise(payload),
    )
}

#[inline(always)]
fn begun_datagram<F: Frame + ?Sized>(frame: &F, payload: &Payload, context: &Context) -> u16 {
    match payload.octet(0) {
        0x00 => first_of!(frame, payload, context:
            netflow::recognise(payload),
            stun::recognise(payload),
            tftp::recognise(frame, payload),
            intellivue::recognise(payload),
        ),
        0x01 | 0x02 => first_of!(frame, payload, context:
            dhcp::recognise(frame, payload),
            stun::recognise(payload),
            slp::recognise(payload),
            radius::recognise(payload, context),
            wireguard::recognise(payload),
            dhcpv6::recognise(payload, context),
            enip::recognise(payload),
            hartip::recognise(payload, context),
        ),
        0x03..=0x0e => first_of!(frame, payload, context:
            quic::recognise_public_header(payload),
            dcerpc::recognise(frame, payload),
            wireguard::recognise(payload),
            knx::recognise(payload),
            dnp3::recognise(payload),
            vxlan::recognise(payload),
            radius::recognise(payload, context),
            dhcpv6::recognise(payload, context),
            intellivue::recognise(payload),
            enip::recognise(payload),
            ipmi::recognise(payload),
        ),
        0x10..=0x1f => first_of!(frame, payload, context:
            nbdgm::recognise(frame, payload),
            dtls::recognise(payload),
        ),
        0x28..=0x37 => first_of!(frame, payload, context:
            snmp::recognise(payload),
            gtp::recognise(payload),
            ldap::recognise(payload),
            radius::recognise(payload, context),
        ),
        0x40..=0x7f => first_of!(frame, payload, context:
            kerberos::recognise(payload),
            gtp::recognise(payload),
            coap::recognise(payload, context),
            enip::recognise(payload),
        ),
        0x80..=0xff => first_of!(frame, payload, context:
            quic::recognise(payload),
            bacnet::recognise(payload),
            rdp::recognise_datagram(payload),
            intellivue::recognise(payload),
            fins::recognise(payload, context),
            synchrophasor::recognise(payload),
            wsd::recognise(frame, payload, context),
        ),
        _ => 0,
    }
}

/// What may begin with any octet; RTP, the weakest, comes last.
#[inline(always)]
fn any_datagram<F: Frame + ?Sized>(frame: &F, payload: &Payload, context: &Context) -> u16 {
    first_of!(frame, payload, context:
        nbns::recognise(payload),
        rpc::recognise(payload),
        ntp::recognise(payload),
        dns::recognise(payload, context),
        rtp::recognise(payload, context),
    )
}
