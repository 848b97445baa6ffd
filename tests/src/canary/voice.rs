//! Who calls whom, which camera looks where, and which device is whose.

use super::planted::{Plan, Scene, Turns};
use crate::frames::Side::{Client, Server};
use crate::speakers::wsdiscovery::{DISCOVERY, EVERYONE, envelope};

pub(super) fn plans() -> Vec<Plan> {
    vec![
        Plan::udp("SIPCALL", "sip", (5060, 15_060), call),
        Plan::udp("SIPTE", "sip", (5061, 15_061), text_message),
        Plan::tcp("RTSP", "rtsp", (554, 15_554), camera),
        Plan::tcp("RTSPLOGIN", "rtsp", (555, 15_555), camera_login),
        Plan::udp("DEVICE", "wsd", (3702, 13_702), device_of_a_patient),
    ]
}

/// A call with an offer of media (RFC 3264).
fn call(scene: &Scene<'_>) -> Turns {
    let Scene { name, client, server } = scene;
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 {client}\r\ns=-\r\nc=IN IP4 {client}\r\nt=0 0\r\nm=audio 16384 RTP/AVP 8\r\n"
    );
    let invitation = format!(
        "INVITE sip:nurse@{server} SIP/2.0\r\nFrom: \"{name}\" <sip:{name}@{client}>;tag=1\r\n\
         To: <sip:nurse@{server}>\r\nCall-ID: 1\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{offer}",
        offer.len()
    );
    let answer = format!("SIP/2.0 180 Ringing\r\nFrom: <sip:{name}@{client}>;tag=1\r\n\r\n");
    vec![(Client, invitation.into()), (Server, answer.into())]
}

fn text_message(scene: &Scene<'_>) -> Turns {
    let message = format!(
        "MESSAGE sip:nurse@{} SIP/2.0\r\nContent-Type: text/plain\r\n\r\n{} rings in room 12",
        scene.server, scene.name
    );
    let registration =
        format!("REGISTER sip:{} SIP/2.0\r\nTo: <sip:{}@ward>\r\n\r\n", scene.server, scene.name);
    vec![(Client, message.into()), (Client, registration.into())]
}

fn camera(scene: &Scene<'_>) -> Turns {
    let set_up = format!(
        "SETUP rtsp://{}/room/{} RTSP/1.0\r\nCSeq: 1\r\n\
         Transport: RTP/AVP;unicast;client_port=17000-17001\r\n\r\n",
        scene.server, scene.name
    );
    vec![(Client, set_up.into()), (Server, b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n".into())]
}

fn camera_login(scene: &Scene<'_>) -> Turns {
    let question = format!(
        "DESCRIBE rtsp://{}/1 RTSP/1.0\r\nAuthorization: Digest username=\"{}\"\r\n\r\n",
        scene.server, scene.name
    );
    vec![(Client, question.into())]
}

/// Scopes may name the context of a patient (IEEE 11073-20701 section 9).
fn device_of_a_patient(scene: &Scene<'_>) -> Turns {
    let body = format!(
        "<wsd:Hello><wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types>\
         <wsd:Scopes>sdc.ctxt.pat:/sdc.ctxt.pat.detail/{}</wsd:Scopes>\
         <wsd:XAddrs>http://{}:6464/vent</wsd:XAddrs></wsd:Hello>",
        scene.name, scene.client
    );
    vec![(Client, envelope(&format!("{DISCOVERY}/Hello"), EVERYONE, &body).into())]
}
