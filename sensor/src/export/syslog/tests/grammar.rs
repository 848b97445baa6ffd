//! Strict readers of RFC 5424, of its frames in a stream, and of CEF. They take what the grammar
//! takes and nothing else, and are written after the standards, not after the writers.

use std::collections::BTreeMap;

type Read<T> = Result<T, String>;

/// RFC 5424, section 6.
#[derive(Debug)]
pub struct Syslog5424<'m> {
    pub facility: u8,
    pub severity: u8,
    pub timestamp: &'m str,
    pub host: &'m str,
    pub application: &'m str,
    pub message_id: &'m str,
    pub data: BTreeMap<&'m str, BTreeMap<&'m str, String>>,
    pub text: &'m str,
}

impl<'m> Syslog5424<'m> {
    pub fn parse(message: &'m str) -> Read<Self> {
        let rest = message.strip_prefix('<').ok_or("no PRI")?;
        let (priority, rest) = rest.split_once('>').ok_or("no end of PRI")?;
        if priority.len() > 1 && priority.starts_with('0') || priority.len() > 3 {
            return Err(format!("PRI {priority}"));
        }
        let priority: u8 = priority.parse().map_err(|_| "PRI is no number")?;
        if priority > 191 {
            return Err(format!("PRI {priority}"));
        }
        let rest = rest.strip_prefix("1 ").ok_or("not version 1")?;
        let (timestamp, rest) = field(rest, 32)?;
        timestamp.parse::<jiff::Timestamp>().map_err(|error| error.to_string())?;
        let (host, rest) = field(rest, 255)?;
        let (application, rest) = field(rest, 48)?;
        let (_, rest) = field(rest, 128)?;
        let (message_id, rest) = field(rest, 32)?;
        let (data, rest) = structured(rest)?;
        let text = match rest.strip_prefix(' ') {
            Some(text) => text,
            None if rest.is_empty() => "",
            None => return Err("no space before MSG".to_owned()),
        };
        let (facility, severity) = (priority / 8, priority % 8);
        Ok(Self { facility, severity, timestamp, host, application, message_id, data, text })
    }
}

/// 1 to `longest` PRINTUSASCII and the space after them.
fn field(rest: &str, longest: usize) -> Read<(&str, &str)> {
    let (field, rest) = rest.split_once(' ').ok_or("a header that ends early")?;
    let is_printable = field.bytes().all(|octet| (33..=126).contains(&octet));
    if !is_printable || !(1..=longest).contains(&field.len()) {
        return Err(format!("{field:?} is no field of a header"));
    }
    Ok((field, rest))
}

type Data<'m> = BTreeMap<&'m str, BTreeMap<&'m str, String>>;

fn structured(message: &str) -> Read<(Data<'_>, &str)> {
    let mut data = Data::new();
    if let Some(rest) = message.strip_prefix('-') {
        return Ok((data, rest));
    }
    let mut rest = message;
    while let Some(element) = rest.strip_prefix('[') {
        let (id, mut element) = name(element, |octet| octet == b' ' || octet == b']')?;
        let mut parameters = BTreeMap::new();
        while let Some(parameter) = element.strip_prefix(' ') {
            let (name, after) = name(parameter, |octet| octet == b'=')?;
            let quoted = after.strip_prefix("=\"").ok_or("no `=` and quote")?;
            let (value, after) = quoted_value(quoted)?;
            if parameters.insert(name, value).is_some() {
                return Err(format!("{name} twice"));
            }
            element = after;
        }
        rest = element.strip_prefix(']').ok_or_else(|| format!("no end of {id}: {element:?}"))?;
        if data.insert(id, parameters).is_some() {
            return Err(format!("{id} twice"));
        }
    }
    if data.is_empty() { Err("no structured data".to_owned()) } else { Ok((data, rest)) }
}

/// SD-NAME.
fn name(text: &str, is_end: impl Fn(u8) -> bool) -> Read<(&str, &str)> {
    let end = text.bytes().position(is_end).ok_or("a name without an end")?;
    let (name, rest) = text.split_at(end);
    let is_allowed = |octet: u8| (33..=126).contains(&octet) && !b"= ]\"".contains(&octet);
    if !(1..=32).contains(&name.len()) || !name.bytes().all(is_allowed) {
        return Err(format!("{name:?} is no name"));
    }
    Ok((name, rest))
}

/// PARAM-VALUE and its closing quote.
fn quoted_value(text: &str) -> Read<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, &text[at + 1..])),
            ']' => return Err(format!("a bare ] after {value:?}")),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\' | ']'))) => value.push(escaped),
                other => return Err(format!("escaped: {other:?}")),
            },
            _ => value.push(character),
        }
    }
    Err("a value without an end".to_owned())
}

/// Octet counting: RFC 6587, section 3.4.1.
pub fn frames(mut stream: &[u8]) -> Read<Vec<String>> {
    let mut frames = Vec::new();
    while !stream.is_empty() {
        let space = stream.iter().position(|&octet| octet == b' ').ok_or("no length")?;
        let length = std::str::from_utf8(&stream[..space]).map_err(|_| "no length")?;
        if length.starts_with('0') {
            return Err(format!("length {length}"));
        }
        let length: usize = length.parse().map_err(|_| "no length")?;
        let frame = stream.get(space + 1..space + 1 + length).ok_or("a frame that is cut")?;
        frames.push(String::from_utf8(frame.to_vec()).map_err(|_| "not UTF-8")?);
        stream = &stream[space + 1 + length..];
    }
    Ok(frames)
}

/// Common Event Format.
#[derive(Debug)]
pub struct Cef {
    /// Version, vendor, product, version of it, identifier, name, severity.
    pub header: Vec<String>,
    pub extension: BTreeMap<String, String>,
}

impl Cef {
    pub fn parse(event: &str) -> Read<Self> {
        let rest = event.strip_prefix("CEF:").ok_or("not CEF")?;
        if event.contains(['\n', '\r']) {
            return Err("more than one line".to_owned());
        }
        let mut header = vec![String::new()];
        let mut characters = rest.char_indices();
        let extension = loop {
            match characters.next().ok_or("a header that ends early")? {
                (at, '|') if header.len() == 7 => break &rest[at + 1..],
                (_, '|') => header.push(String::new()),
                (_, '\\') => match characters.next() {
                    Some((_, escaped @ ('|' | '\\'))) => push(&mut header, escaped),
                    other => return Err(format!("escaped in a header: {other:?}")),
                },
                (_, character) => push(&mut header, character),
            }
        };
        let severity: u8 = header[6].parse().map_err(|_| "severity is no number")?;
        if severity > 10 {
            return Err(format!("severity {severity}"));
        }
        Ok(Self { header, extension: extension_of(extension)? })
    }
}

fn push(header: &mut [String], character: char) {
    header.last_mut().unwrap().push(character);
}

/// A key goes from the last space before a bare `=` to it; its value to the space before the next.
fn extension_of(text: &str) -> Read<BTreeMap<String, String>> {
    let octets = text.as_bytes();
    let mut bare = Vec::new();
    let mut is_escaped = false;
    for (at, &octet) in octets.iter().enumerate() {
        if octet == b'=' && !is_escaped {
            bare.push(at);
        }
        is_escaped = octet == b'\\' && !is_escaped;
    }
    let key_start = |equals: usize| text[..equals].rfind(' ').map_or(0, |space| space + 1);
    let mut extension = BTreeMap::new();
    for (index, &equals) in bare.iter().enumerate() {
        let key = &text[key_start(equals)..equals];
        if key.is_empty() || !key.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
            return Err(format!("{key:?} is no key"));
        }
        let end = match bare.get(index + 1) {
            Some(&next) => {
                let start = key_start(next);
                if start <= equals + 1 {
                    return Err(format!("{key} has no value"));
                } else {
                    start - 1
                }
            }
            None => text.len(),
        };
        let value = unescaped(&text[equals + 1..end])?;
        if extension.insert(key.to_owned(), value).is_some() {
            return Err(format!("{key} twice"));
        }
    }
    if bare.first().is_none_or(|&equals| key_start(equals) != 0) {
        return Err("it does not begin with a key".to_owned());
    }
    Ok(extension)
}

fn unescaped(text: &str) -> Read<String> {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('=' | '\\')) => value.push(escaped),
                other => return Err(format!("escaped in a value: {other:?}")),
            },
            _ => value.push(character),
        }
    }
    Ok(value)
}

#[test]
fn the_readers_refuse_what_a_careless_writer_would_write() {
    let header = "<130>1 2026-01-01T00:00:00Z h wardline - id ";
    assert!(Syslog5424::parse(&format!("{header}[a b=\"c\"] text")).is_ok());
    for data in [
        "[a b=\"c]\"]",
        "[a b=\"c\"d\"]",
        "[a b=\"c\\n\"]",
        "[a b=\"c\"",
        "[a b=\"c\"][a]",
        "[a b=c]",
    ] {
        assert!(Syslog5424::parse(&format!("{header}{data} text")).is_err(), "{data}");
    }
    assert!(Syslog5424::parse("<130>1 2026-01-01T00:00:00Z h h wardline - id - text").is_err());
    let header = "CEF:0|a|b|1|id|name|5|";
    assert!(Cef::parse(&format!("{header}src=1.2.3.4 msg=a|b")).is_ok());
    for extension in ["msg=a=b", "msg=a\nb", "msg=\\d", "a b", "msg=a msg=b", "x y=1"] {
        assert!(Cef::parse(&format!("{header}{extension}")).is_err(), "{extension}");
    }
    assert!(Cef::parse("CEF:0|a|b|1|id|na|me|5|msg=a").is_err());
    assert!(frames(b"5 abcde3 abc").is_ok());
    assert!(frames(b"5 abcd").is_err());
}
