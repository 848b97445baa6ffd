//! SIP (RFC 3261), SDP (RFC 4566) and RTP (RFC 3550) of the site's telephones and cameras.

use std::net::Ipv4Addr;

/// Method, who, and the number of the request.
pub fn sip_request(method: &str, number: usize, phone: Ipv4Addr, exchange: Ipv4Addr) -> Vec<u8> {
    let offer = match method {
        "INVITE" => session(phone),
        _ => String::new(),
    };
    format!(
        "{method} sip:{number}@{exchange} SIP/2.0\r\nVia: SIP/2.0/UDP {phone}:5060;branch=z9hG4bK{number}\r\n\
         From: <sip:{number}@{exchange}>;tag={number}\r\nTo: <sip:{number}@{exchange}>\r\n\
         Call-ID: {number}@{phone}\r\nCSeq: 1 {method}\r\nContent-Length: {}\r\n\r\n{offer}",
        offer.len()
    )
    .into_bytes()
}

pub fn sip_answer(method: &str, number: usize, phone: Ipv4Addr, exchange: Ipv4Addr) -> Vec<u8> {
    let offer = match method {
        "INVITE" => session(exchange),
        _ => String::new(),
    };
    format!(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {phone}:5060;branch=z9hG4bK{number}\r\n\
         From: <sip:{number}@{exchange}>;tag={number}\r\nTo: <sip:{number}@{exchange}>;tag=pbx\r\n\
         Call-ID: {number}@{phone}\r\nCSeq: 1 {method}\r\nContent-Length: {}\r\n\r\n{offer}",
        offer.len()
    )
    .into_bytes()
}

/// Port of the voice of both sides.
pub const VOICE_PORT: u16 = 16_384;

fn session(address: Ipv4Addr) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio {VOICE_PORT} RTP/AVP 8\r\n"
    )
}

/// Payload type 8 (PCMA, 20 ms) or 96 (agreed on).
pub fn rtp(kind: u8, sequence: u16, source: u32, media_octets: usize) -> Vec<u8> {
    let mut packet = vec![0x80, kind];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(source.to_be_bytes());
    packet.resize(12 + media_octets, 0xd5);
    packet
}

/// What a recorder asks a camera, and its answers (RFC 2326).
pub fn rtsp(camera: Ipv4Addr, port: u16) -> [(String, String); 3] {
    let description =
        "v=0\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";
    let transport = format!("Transport: RTP/AVP;unicast;client_port={port}-{}", port + 1);
    [
        (
            format!("DESCRIBE rtsp://{camera}/1 RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
            format!(
                "RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{description}",
                description.len()
            ),
        ),
        (
            format!("SETUP rtsp://{camera}/1 RTSP/1.0\r\nCSeq: 2\r\n{transport}\r\n\r\n"),
            format!(
                "RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 1\r\n{transport};server_port={port}-{}\r\n\r\n",
                port + 1
            ),
        ),
        (
            format!("PLAY rtsp://{camera}/1 RTSP/1.0\r\nCSeq: 3\r\nSession: 1\r\n\r\n"),
            "RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 1\r\n\r\n".to_owned(),
        ),
    ]
}
