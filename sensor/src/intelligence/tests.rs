//! Files in both formats, sound and hostile.

use super::*;
use crate::time::Moment;

/// 2026-06-01T00:00:00Z.
fn now() -> Timestamp {
    timestamp("2026-06-01T00:00:00Z").unwrap()
}

fn read_all(file: &str, octets: &[u8]) -> Result<(Indicators, Account), String> {
    let mut shelf =
        Shelf { indicators: Indicators::new(WallClock::since_1970(), 1000), now: now() };
    let account = read(Path::new(file), octets, &mut shelf).map_err(|error| error.to_string())?;
    Ok((shelf.indicators, account))
}

fn address(indicators: &Indicators, address: &str) -> Option<(Severity, String)> {
    let at = Moment::from_micros(now().as_micros() as u64);
    let found = indicators.of_address(address.parse().unwrap(), at)?;
    Some((found.severity, found.source.to_string()))
}

const TABLE: &str = "\
# a feed
type,value,expiry,source,severity
ipv4,198.51.100.7,2026-12-31,isac,critical
cidr,203.0.113.0/24,,,
domain,Evil.Example,2026-06-02T00:00:00Z,isac,medium
ja4,t13d1516h2_8daaf6152771_b186095e22b6,,,low
ip,192.0.2.1,2026-05-31,isac,high
";

#[test]
fn a_table_is_read_and_what_has_expired_is_counted() {
    let (indicators, account) = read_all("/etc/feed.csv", TABLE.as_bytes()).unwrap();
    assert_eq!((account.taken, account.expired, account.wrong), (4, 1, 0));
    assert_eq!(address(&indicators, "198.51.100.7"), Some((Severity::Critical, "isac".into())));
    assert_eq!(address(&indicators, "203.0.113.99"), Some((Severity::High, "feed".into())));
    assert_eq!(address(&indicators, "192.0.2.1"), None);
    let (later, earlier) = ("2026-06-02T00:00:00Z", "2026-06-01T23:59:59Z");
    let name = |text: &str| {
        let at = Moment::from_micros(timestamp(text).unwrap().as_micros() as u64);
        indicators.of_name("www.evil.example", at).is_some()
    };
    assert!(name(earlier) && !name(later));
}

#[test]
fn columns_stand_in_any_order_and_a_day_ends_at_its_end() {
    let text = "value,severity,type,expiry\n\"198.51.100.7\",LOW,IP,2026-05-31\n198.51.100.8,,ip,2026-06-01\n";
    let (indicators, account) = read_all("feed.csv", text.as_bytes()).unwrap();
    assert_eq!((account.taken, account.expired), (1, 1));
    assert!(address(&indicators, "198.51.100.8").is_some());
}

#[test]
fn rows_that_cannot_be_used_are_named_with_their_lines() {
    let text = "type,value,expiry,source,severity\n\
                ip,0.0.0.0/0\n\
                domain,com\n\
                hash,d41d8cd98f00b204e9800998ecf8427e\n\
                ip,198.51.100.7,someday\n\
                ip,198.51.100.7,,,awful\n\
                ip\n\
                ip,198.51.100.9\n";
    let (indicators, account) = read_all("feed.csv", text.as_bytes()).unwrap();
    assert_eq!((account.taken, account.wrong), (1, 6));
    assert!(address(&indicators, "198.51.100.9").is_some());
    let places: Vec<_> = account.named.iter().map(|named| named.place.as_str()).collect();
    assert_eq!(places, ["line 2", "line 3", "line 4", "line 5", "line 6", "line 7"]);
    assert!(account.to_string().contains("feed.csv: line 2: `0.0.0.0/0` is too wide"));
}

#[test]
fn a_table_without_its_columns_is_refused_with_its_line() {
    let wrong = read_all("feed.csv", b"address,why\n198.51.100.7,bad\n").unwrap_err();
    assert!(wrong.starts_with("feed.csv:1: there is no column `type`"), "{wrong}");
    assert!(read_all("feed.csv", b"").is_err());
}

#[test]
fn hostile_tables_neither_break_the_reader_nor_reach_a_terminal() {
    let long = format!("type,value\nip,{}\n", "9".repeat(1 << 20));
    let (_, account) = read_all("feed.csv", long.as_bytes()).unwrap();
    assert!(account.wrong == 1 && account.to_string().len() < 1000);
    let escape = b"type,value\n\x1b[31mip,\x1b]0;title\x07\n\xff\xfe,x\nip,198.51.100.7\n";
    let (_, account) = read_all("feed.csv", escape).unwrap();
    assert_eq!((account.taken, account.wrong), (1, 2));
    assert!(!account.to_string().contains('\u{1b}'));
    let open = b"type,value\nip,\"198.51.100.7\nip,198.51.100.8\n";
    assert_eq!(read_all("feed.csv", open).unwrap().1.taken, 0);
}

#[test]
fn there_is_room_for_so_many() {
    let rows: String = (0..1100).map(|n| format!("ip,198.51.{}.{}\n", n / 250, n % 250)).collect();
    let (indicators, account) =
        read_all("feed.csv", format!("type,value\n{rows}").as_bytes()).unwrap();
    assert_eq!((account.taken, account.refused, indicators.len()), (1000, 100, 1000));
}

const BUNDLE: &str = r#"{
  "type": "bundle", "id": "bundle--1",
  "objects": [
    {"type": "identity", "id": "identity--1", "name": "isac"},
    {"type": "indicator", "id": "indicator--1", "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z",
     "pattern": "[ipv4-addr:value = '198.51.100.0/24' OR domain-name:value = 'evil.example']"},
    {"type": "indicator", "id": "indicator--2", "pattern_type": "stix", "valid_until": "2026-05-01T00:00:00Z",
     "pattern": "[ipv6-addr:value = '2001:db8::1']"},
    {"type": "indicator", "id": "indicator--3", "pattern_type": "stix", "revoked": true,
     "pattern": "[ipv4-addr:value = '203.0.113.1']"},
    {"type": "indicator", "id": "indicator--4", "pattern_type": "yara", "pattern": "rule a {}"},
    {"type": "indicator", "id": "indicator--5", "pattern_type": "stix",
     "pattern": "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']"},
    {"type": "indicator", "id": "indicator--6", "pattern_type": "stix", "pattern": "[ipv4-addr:value = '0.0.0.0/0']"},
    {"type": "indicator", "id": "indicator--7", "pattern_type": "stix", "valid_until": "never",
     "pattern": "[ipv4-addr:value = '203.0.113.1']"}
  ]
}"#;

#[test]
fn a_bundle_is_read_and_every_indicator_has_its_fate() {
    let (indicators, account) = read_all("/etc/isac.json", BUNDLE.as_bytes()).unwrap();
    assert_eq!((account.taken, account.expired), (2, 2));
    assert_eq!((account.unsupported, account.wrong), (2, 2));
    assert_eq!(account.named[0].place, "indicator--6");
    assert_eq!(address(&indicators, "198.51.100.9"), Some((Severity::High, "isac".into())));
    assert_eq!(address(&indicators, "203.0.113.1"), None);
}

#[test]
fn a_broken_bundle_is_refused_with_its_line() {
    let wrong = read_all("isac.json", b"{\n\"type\": \"bundle\",\n\"objects\": 7}").unwrap_err();
    assert!(wrong.starts_with("isac.json:3: this is no STIX bundle"), "{wrong}");
    assert!(read_all("isac.json", b"{\"type\": \"indicator\"}").is_err());
    let deep = format!("{{\"type\":\"bundle\",\"objects\":{}", "[".repeat(100_000));
    assert!(read_all("isac.json", deep.as_bytes()).is_err());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let files = vec!["/nonexistent/feed.csv".into()];
    let mut intelligence = Intelligence { files, ..Intelligence::default() };
    let error = load(&mut intelligence, WallClock::since_1970(), now()).unwrap_err();
    assert!(error.to_string().starts_with("/nonexistent/feed.csv: "));
}
