//! An independent dissector takes what the speakers say for what it claims to
//! be, without a malformed message or a wrong checksum.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::process::Command;
use std::time::Duration;

use tests::frames::conversation::Party;
use tests::frames::{Conversation, MacAddress, Tag, pcap};
use tests::speakers::Transport::{Tcp, Udp};
use tests::speakers::dialogues::{Dialogue, dialogues};

/// The dissector's name for one of our protocols.
fn dissector(protocol: &str) -> &str {
    match protocol {
        "modbus" => "mbtcp",
        "bacnet" => "bacapp",
        "rdp" => "cotp",
        "smb1" => "smb",
        // Unknown to this dissector: only framing and checksums are checked.
        "wsd" | "printing" => "data",
        same => same,
    }
}

/// The frames of one dialogue; `number` gives it a client port of its own.
fn frames_of(dialogue: &Dialogue, number: u16) -> Vec<Vec<u8>> {
    let client_port = match dialogue.port {
        67 => 68,
        5353 => 5353,
        _ => 40_000 + number,
    };
    let mut conversation = Conversation::between(
        Party::new(MacAddress::vendor(0x20_e791, 1), [10, 20, 0, 21], client_port),
        Party::new(MacAddress::vendor(0xd4_ae52, 1), [10, 30, 0, 10], dialogue.port),
    );
    if number % 2 == 1 {
        conversation = conversation.tagged(Tag::service(100)).tagged(Tag::customer(20));
    }
    match dialogue.transport {
        Tcp => conversation.tcp(&dialogue.turns),
        Udp => conversation.udp(&dialogue.turns),
    }
}

/// One line for each frame: protocols, malformed mark, expert messages.
fn dissect(capture: &[u8]) -> Vec<String> {
    let file = std::env::temp_dir().join(format!("wardline-dialogues-{}.pcap", std::process::id()));
    std::fs::write(&file, capture).unwrap();
    let output = Command::new("tshark")
        .arg("-nr")
        .arg(&file)
        .args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"])
        .args(["-o", "udp.check_checksum:TRUE", "-T", "fields", "-e", "frame.protocols"])
        .args(["-e", "_ws.malformed", "-e", "_ws.expert.message"])
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn every_dialogue_is_dissected_as_what_it_claims_to_be() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("NOT RUN: tshark is not installed");
        return;
    }
    let dialogues = dialogues();
    let frames: Vec<Vec<Vec<u8>>> = dialogues
        .iter()
        .enumerate()
        .map(|(number, dialogue)| frames_of(dialogue, number as u16))
        .collect();
    let lines = dissect(&pcap::capture_of(Duration::from_secs(1_767_323_045), frames.concat()));
    assert_eq!(lines.len(), frames.iter().map(Vec::len).sum::<usize>());

    let mut lines = lines.iter();
    for (dialogue, frames) in dialogues.iter().zip(&frames) {
        let own: Vec<&String> = lines.by_ref().take(frames.len()).collect();
        let name = dissector(dialogue.protocol);
        for line in &own {
            assert!(!line.contains("malformed"), "{name} is malformed: {line}");
            assert!(!line.contains("hecksum"), "{name} has a wrong checksum: {line}");
        }
        let recognised =
            own.iter().filter(|line| line.split([':', '\t']).any(|part| part == name)).count();
        assert!(recognised >= dialogue.turns.len().min(2), "{name} on {}: {own:#?}", dialogue.port);
    }
}
