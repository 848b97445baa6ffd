//! Receivers on loopback.

use std::{
    io::Read as _,
    net::{TcpListener, UdpSocket},
    thread,
};

use super::*;

fn syslog(receiver: String, transport: SyslogTransport) -> Syslog {
    Syslog::new(Settings {
        receiver,
        transport,
        format: SyslogFormat::Rfc5424,
        facility: LOCAL0,
        timeout: Duration::from_millis(500),
        identity: Identity::default(),
        server_name: None,
    })
}

fn notices() -> Vec<Notice> {
    (1..=3).map(|sequence| Notice { sequence, ..plain() }).collect()
}

#[test]
fn a_receiver_that_reads_to_the_end_has_everything() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let reader = thread::spawn(move || {
        let mut octets = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut octets).unwrap();
        octets
    });
    let delivered = syslog(address, SyslogTransport::Tcp).deliver(&notices(), Instant::now());
    assert_eq!(delivered, Delivered { accepted: 3, failure: None });
    let messages = frames(&reader.join().unwrap()).unwrap();
    for (message, notice) in messages.iter().zip(notices()) {
        let read = Syslog5424::parse(message).unwrap();
        assert_eq!(read.data["wardline@32473"]["key"], notice.key());
    }
    assert_eq!(messages.len(), 3);
}

#[test]
fn a_receiver_that_goes_without_reading_has_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let goer = thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.read_exact(&mut [0; 1]).unwrap();
    });
    let delivered = syslog(address, SyslogTransport::Tcp).deliver(&notices(), Instant::now());
    goer.join().unwrap();
    assert_eq!(delivered.accepted, 0);
    assert!(matches!(delivered.failure, Some(Failure::Away(_))), "{delivered:?}");
}

#[test]
fn a_receiver_that_keeps_its_side_open_is_believed_when_all_is_acknowledged() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut syslog = syslog(address, SyslogTransport::Tcp);
    // The kernel takes the connection and its octets; nobody reads or closes it.
    let delivered = syslog.deliver(&notices(), Instant::now());
    assert_eq!(delivered, Delivered { accepted: 3, failure: None });
    drop(listener);
    assert_eq!(syslog.deliver(&notices(), Instant::now()).accepted, 0);
}

#[test]
fn datagrams_arrive_whole_and_a_closed_port_is_noticed() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = receiver.local_addr().unwrap().to_string();
    let mut syslog = syslog(address, SyslogTransport::Udp);
    let delivered = syslog.deliver(&notices(), Instant::now());
    assert_eq!(delivered, Delivered { accepted: 3, failure: None });
    for notice in notices() {
        let mut datagram = [0; 4096];
        let length = receiver.recv(&mut datagram).unwrap();
        let message = std::str::from_utf8(&datagram[..length]).unwrap();
        let read = Syslog5424::parse(message).unwrap();
        assert_eq!(read.data["wardline@32473"]["key"], notice.key());
    }
    drop(receiver);
    let delivered = syslog.deliver(&notices(), Instant::now());
    assert_eq!(delivered.accepted, 0);
    assert!(matches!(delivered.failure, Some(Failure::Away(_))), "{delivered:?}");
}

#[test]
fn certificates_that_are_not_there_are_waited_for() {
    let mut syslog = syslog("127.0.0.1:1".to_owned(), SyslogTransport::Tls);
    syslog.settings.identity.authorities = Some("/nowhere/ca.pem".into());
    let delivered = syslog.deliver(&notices(), Instant::now());
    let failure = delivered.failure.unwrap();
    assert!(failure.reason().contains("/nowhere/ca.pem"), "{failure:?}");
}
