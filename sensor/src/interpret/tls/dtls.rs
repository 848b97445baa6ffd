//! The hellos of Datagram TLS (RFC 6347, RFC 9147), as far as one datagram holds them whole.

use super::{
    CLIENT_HELLO, ClientHello, Reading, SERVER_HELLO, ServerHello, client_hello, octets::Octets,
    server_hello,
};
use crate::interpret::{assembly::Assembly, ja4::Carrier};

/// Content type of handshake records.
const HANDSHAKE: u8 = 22;

/// Octets of a message that is put together.
const MESSAGE_OCTETS: usize = 4096;

/// Reads the ClientHello in a datagram. [`Reading::Incomplete`] if part of it is elsewhere.
pub fn datagram_client_hello(datagram: &[u8]) -> Reading<ClientHello> {
    match first_message(datagram, CLIENT_HELLO) {
        Reading::Complete(body) => {
            Reading::of_body(client_hello::read_body(&body, Carrier::Datagram))
        }
        Reading::Incomplete => Reading::Incomplete,
        Reading::Foreign => Reading::Foreign,
    }
}

/// Reads the ServerHello in a datagram. [`Reading::Incomplete`] if part of it is elsewhere.
pub fn datagram_server_hello(datagram: &[u8]) -> Reading<ServerHello> {
    match first_message(datagram, SERVER_HELLO) {
        Reading::Complete(body) => Reading::of_body(server_hello::read_body(&body)),
        Reading::Incomplete => Reading::Incomplete,
        Reading::Foreign => Reading::Foreign,
    }
}

/// The body of the datagram's first message, put together from its fragments.
fn first_message(datagram: &[u8], message_type: u8) -> Reading<Vec<u8>> {
    let mut records = Octets::new(datagram);
    let mut message = Assembly::new(MESSAGE_OCTETS);
    let mut first: Option<Fragment> = None;
    loop {
        let fragment = match next_record(&mut records) {
            Reading::Complete(mut record) => match Fragment::read(&mut record, message_type) {
                Reading::Complete(fragment) => fragment,
                Reading::Incomplete => return Reading::Incomplete,
                Reading::Foreign => return Reading::Foreign,
            },
            Reading::Incomplete => return Reading::Incomplete,
            Reading::Foreign => return Reading::Foreign,
        };
        let of = first.get_or_insert(fragment);
        if (of.sequence, of.length) != (fragment.sequence, fragment.length) {
            return Reading::Incomplete;
        }
        message.put(fragment.offset, fragment.octets);
        if message.beginning().len() == fragment.length {
            return Reading::Complete(message.beginning().to_vec());
        }
    }
}

/// What there is of the next record's content (RFC 6347 section 4.1).
fn next_record<'a>(records: &mut Octets<'a>) -> Reading<Octets<'a>> {
    let mut header = Octets::new(records.take_at_most(13));
    let is_wrong = |at: usize, expected: &[u8]| {
        header.rest().get(at).is_some_and(|octet| !expected.contains(octet))
    };
    // Content type; version 1.0 or 1.2; epoch 0, in which nothing is encrypted.
    if is_wrong(0, &[HANDSHAKE])
        || is_wrong(1, &[0xfe])
        || is_wrong(2, &[0xff, 0xfd])
        || is_wrong(3, &[0])
        || is_wrong(4, &[0])
    {
        return Reading::Foreign;
    }
    let (Some(_), Some(length)) = (header.take(11), header.u16()) else {
        return Reading::Incomplete;
    };
    Reading::Complete(Octets::new(records.take_at_most(usize::from(length))))
}

/// A fragment of a handshake message (RFC 6347 section 4.2.2).
#[derive(Clone, Copy)]
struct Fragment<'a> {
    /// Length of the whole message.
    length: usize,
    sequence: u16,
    offset: usize,
    octets: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn read(record: &mut Octets<'a>, expected: u8) -> Reading<Self> {
        match record.u8() {
            None => return Reading::Incomplete,
            Some(other) if other != expected => return Reading::Foreign,
            Some(_) => {}
        }
        let (Some(length), Some(sequence), Some(offset), Some(fragment_length)) =
            (record.u24(), record.u16(), record.u24(), record.u24())
        else {
            return Reading::Incomplete;
        };
        if length > usize::from(u16::MAX) || offset + fragment_length > length {
            return Reading::Foreign;
        }
        let octets = record.take_at_most(fragment_length);
        Reading::Complete(Self { length, sequence, offset, octets })
    }
}
