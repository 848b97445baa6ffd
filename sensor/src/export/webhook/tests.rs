//! A web server on loopback that looks at everything.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    thread,
};

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    detect::{AlertState, Severity},
    export::delivery::fixture::{self, Scratch, clock, device, hostile, hostile_text},
};

/// What was posted.
#[derive(Debug)]
struct Request {
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Answers one connection after the other with these statuses and gives the requests.
fn server(statuses: &'static [u16]) -> (String, thread::JoinHandle<Vec<Request>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/wardline", listener.local_addr().unwrap());
    let answer = move |status: &u16| {
        let (connection, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(connection);
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None if line.trim_end().is_empty() => break,
                None => headers.insert("request".to_owned(), line.trim_end().to_owned()),
            };
        }
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let answer =
            format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        Request { headers, body }
    };
    (url, thread::spawn(move || statuses.iter().map(answer).collect()))
}

fn webhook(url: String, scratch: &Scratch) -> Webhook {
    let secret_file = scratch.path().join("secret");
    fs::write(&secret_file, "0123456789abcdef\n").unwrap();
    let timeout = Duration::from_secs(5);
    Webhook::new(Settings { url, secret_file, timeout, authorities: None })
}

fn notice(id: u64) -> Notice {
    let alert = fixture::alert(id, Severity::High, AlertState::Firing);
    Notice::of(&alert, Some(&device("ct-7", "Siemens")), clock(), 9, "g", fixture::START)
}

#[test]
fn each_alert_is_posted_signed_and_with_its_key() {
    let scratch = Scratch::make();
    let (url, requests) = server(&[200, 204]);
    let notices = [notice(1), notice(2)];
    let delivered = webhook(url, &scratch).deliver(&notices, Instant::now());
    assert_eq!(delivered, Delivered { accepted: 2, failure: None });
    for (request, notice) in requests.join().unwrap().iter().zip(&notices) {
        let headers = &request.headers;
        assert_eq!(headers["request"], "POST /wardline HTTP/1.1");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["idempotency-key"], format!("\"{}\"", notice.key()));
        let timestamp = &headers["wardline-timestamp"];
        let age = wall_time().as_micros() / 1_000_000 - timestamp.parse::<i64>().unwrap();
        assert!((0..60).contains(&age), "{age}");
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"0123456789abcdef");
        let signed = [timestamp.as_bytes(), b".", &request.body].concat();
        let digits = headers["wardline-signature"].strip_prefix("v1=").unwrap();
        let tag: Vec<u8> = (0..digits.len() / 2)
            .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        ring::hmac::verify(&key, &signed, &tag).unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["key"], notice.key());
        assert_eq!(body["alert"]["state"], "firing");
        assert_eq!(body["alert"]["runbook_url"], fixture::RUNBOOK);
        assert_eq!(body["device"]["host_name"], "ct-7");
        assert!(body.get("test").is_none());
    }
}

#[test]
fn the_same_key_comes_with_each_attempt() {
    let scratch = Scratch::make();
    let (url, requests) = server(&[500, 200]);
    let mut webhook = webhook(url, &scratch);
    let notices = [notice(1)];
    let failed = webhook.deliver(&notices, Instant::now());
    assert!(matches!(failed.failure, Some(Failure::Away(_))), "{failed:?}");
    assert_eq!(webhook.deliver(&notices, Instant::now()).accepted, 1);
    let requests = requests.join().unwrap();
    let keys: Vec<_> = requests.iter().map(|request| &request.headers["idempotency-key"]).collect();
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_message_that_is_called_wrong_is_refused_and_a_wrong_secret_is_not_its_fault() {
    let scratch = Scratch::make();
    let (url, requests) = server(&[200, 422, 401, 404, 429]);
    let mut webhook = webhook(url, &scratch);
    let delivered = webhook.deliver(&[notice(1), notice(2), notice(3)], Instant::now());
    assert_eq!(delivered.accepted, 1);
    assert!(matches!(delivered.failure, Some(Failure::Refused(_))), "{delivered:?}");
    for _ in 0..3 {
        let failed = webhook.deliver(&[notice(3)], Instant::now());
        assert!(matches!(failed.failure, Some(Failure::Away(_))), "{failed:?}");
    }
    requests.join().unwrap();
}

#[test]
fn a_secret_that_is_missing_or_short_is_waited_for_and_never_said() {
    let scratch = Scratch::make();
    let (url, requests) = server(&[200]);
    let mut webhook = webhook(url, &scratch);
    let file = webhook.settings.secret_file.clone();
    fs::write(&file, "short\n").unwrap();
    let failure = webhook.deliver(&[notice(1)], Instant::now()).failure.unwrap();
    assert!(!failure.reason().contains("short\n") && failure.reason().contains("16 octets"));
    fs::remove_file(&file).unwrap();
    assert!(webhook.deliver(&[notice(1)], Instant::now()).failure.is_some());
    fs::write(&file, "another secret, and long").unwrap();
    assert_eq!(webhook.deliver(&[notice(1)], Instant::now()).accepted, 1);
    requests.join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn no_name_breaks_a_body(texts in prop::array::uniform7(hostile_text())) {
        let notice = hostile(&texts, Severity::Low, false);
        let body = message::body(&notice);
        prop_assert!(!body.contains(&b'\n'));
        let read: Value = serde_json::from_slice(&body).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let clean = |text: &str| -> String {
            let is_mark = |c: &char| {
                matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{feff}')
            };
            text.chars().filter(|c| !c.is_control() && !is_mark(c)).collect()
        };
        prop_assert_eq!(read["alert"]["rule"].as_str().unwrap(), clean(&notice.rule));
        prop_assert_eq!(read["alert"]["summary"].as_str().unwrap(), clean(&notice.summary));
        prop_assert_eq!(read["sensor"].as_str().unwrap(), clean(&notice.sensor));
        let host_name = notice.device.host_name.as_deref().unwrap();
        prop_assert_eq!(read["device"]["host_name"].as_str().unwrap(), clean(host_name));
        prop_assert_eq!(read.as_object().unwrap().len(), 6);
        prop_assert_eq!(read["alert"].as_object().unwrap().len(), 14);
    }
}
