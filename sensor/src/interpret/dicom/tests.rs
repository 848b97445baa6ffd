//! PDUs of dcmtk and Orthanc, recorded in the laboratory, and ones that nobody meant well.

use super::{association::*, command::*, *};
use crate::interpret::testing::{hex, mutate};

/// An association for verification, by dcmtk's echoscu.
const REQUEST: &str = "0100000000cd00010000434f52505553504143532020202020204543484f53435520202020\
    2020202020000000000000000000000000000000000000000000000000000000000000000010000015312e322e3834\
    302e31303030382e332e312e312e312000002e0100ff0030000011312e322e3834302e31303030382e312e31400000\
    11312e322e3834302e31303030382e312e325000003a51000004000040005200001b312e322e3237362e302e373233\
    303031302e332e302e332e362e375500000f4f464649535f44434d544b5f333637";
/// Orthanc's answer.
const ACCEPT: &str = "0200000000b800010000434f52505553504143532020202020204543484f534355202020202\
    020202020000000000000000000000000000000000000000000000000000000000000000010000015312e322e38343\
    02e31303030382e332e312e312e31210000190100000040000011312e322e3834302e31303030382e312e325000003\
    a51000004000040005200001b312e322e3237362e302e373233303031302e332e302e332e362e375500000f4f46464\
    9535f44434d544b5f333637";
/// C-FIND-RQ in the information model of a study root.
const FIND: &str = "04000000005e0000005a010300000000040000004c000000000002001c000000312e322e38343\
    02e31303030382e352e312e342e312e322e322e3100000000010200000020000000100102000000010000000007020\
    00000000000000008020000000100";
/// C-ECHO-RSP with success.
const ECHO: &str = "0400000000540000005001030000000004000000420000000000020012000000312e322e38343\
    02e31303030382e312e310000000001020000003080000020010200000001000000000802000000010100000009020\
    000000000";

fn request(octets: &[u8]) -> Association {
    match read(octets) {
        Some(Message::Request(association)) => association,
        other => panic!("no request: {other:?}"),
    }
}

fn command(octets: &[u8]) -> Option<Command> {
    match read(octets) {
        Some(Message::Command(command)) => Some(command),
        None => None,
        other => panic!("no command: {other:?}"),
    }
}

#[test]
fn a_request_names_both_ends_and_what_for() {
    let association = request(&hex(REQUEST));
    assert_eq!(association.called_ae_title.as_deref(), Some("CORPUSPACS"));
    assert_eq!(association.calling_ae_title.as_deref(), Some("ECHOSCU"));
    assert_eq!(association.maximum_length, Some(16384));
    assert_eq!(association.implementation_version.as_deref(), Some("OFFIS_DCMTK_367"));
    let class = association.implementation_class.unwrap();
    assert_eq!(class.as_str(), "1.2.276.0.7230010.3.0.3.6.7");
    assert!(maker::of(&class).unwrap().is_toolkit);
    let [context] = association.contexts.as_slice() else { panic!("one context") };
    assert_eq!((context.identifier, context.result), (1, None));
    let syntax = context.abstract_syntax.as_ref().unwrap();
    assert_eq!(sop_class::name(syntax), Some("Verification"));
    assert!(association.is_whole);
}

#[test]
fn an_answer_says_what_became_of_the_contexts() {
    let Some(Message::Accept(association)) = read(&hex(ACCEPT)) else { panic!("no answer") };
    assert_eq!((association.called_ae_title, association.calling_ae_title), (None, None));
    let [context] = association.contexts.as_slice() else { panic!("one context") };
    assert_eq!((context.identifier, context.result), (1, Some(ContextResult::Acceptance)));
    for (number, result) in [
        (1, ContextResult::UserRejection),
        (3, ContextResult::AbstractSyntaxNotSupported),
        (4, ContextResult::TransferSyntaxesNotSupported),
    ] {
        let mut octets = hex(ACCEPT);
        octets[74 + 25 + 6] = number;
        let Some(Message::Accept(association)) = read(&octets) else { panic!("no answer") };
        assert_eq!(association.contexts[0].result, Some(result));
    }
}

#[test]
fn a_user_identity_is_not_read() {
    // PS3.7 table D.3-14: a name and a passcode.
    let mut octets = hex(REQUEST);
    let identity = b"\x58\0\0\x16\x02\x01\0\x08CANARY12\0\x08SECRET34";
    let information = octets.len() - 0x3a - 2;
    octets.extend_from_slice(identity);
    octets[information..information + 2].copy_from_slice(&(0x3a + 26_u16).to_be_bytes());
    octets[5] += 26;
    let association = request(&octets);
    assert_eq!(association, request(&hex(REQUEST)));
    let told = format!("{association:?}");
    assert!(!told.contains("CANARY") && !told.contains("SECRET"));
}

#[test]
fn a_request_that_is_cut_says_what_stands_before_the_cut() {
    let whole = hex(REQUEST);
    for length in 0..whole.len() {
        let Some(message) = read(&whole[..length]) else {
            assert!(length < 74, "{length}");
            continue;
        };
        let Message::Request(part) = message else { panic!("{length}") };
        assert!(length >= 74 && !part.is_whole, "{length}");
        assert_eq!(part.calling_ae_title.as_deref(), Some("ECHOSCU"));
        assert_eq!(part.contexts.len(), usize::from(length >= 74 + 25 + 8 + 21), "{length}");
        assert_eq!(part.implementation_version, None, "{length}");
    }
}

#[test]
fn names_that_are_not_plain_are_dropped() {
    for octet in [b'"', b'\n', 0x1b, 0xe4] {
        let mut octets = hex(REQUEST);
        octets[27] = octet;
        let association = request(&octets);
        assert_eq!(association.calling_ae_title, None);
        assert_eq!(association.called_ae_title.as_deref(), Some("CORPUSPACS"));
    }
}

#[test]
fn a_rejection_is_told_in_the_words_of_the_standard() {
    let rejected =
        |result, source, reason| match read(&[3, 0, 0, 0, 0, 4, 0, result, source, reason])? {
            Message::Reject(rejection) => Some(rejection),
            other => panic!("{other:?}"),
        };
    let rejection = rejected(1, 1, 7).unwrap();
    assert_eq!(rejection.result, "rejected-permanent");
    assert_eq!(rejection.source, "service-user");
    assert_eq!(rejection.reason, Some("called-AE-title-not-recognized"));
    assert_eq!(rejected(2, 3, 2).unwrap().reason, Some("local-limit-exceeded"));
    assert_eq!(rejected(1, 1, 4).unwrap().reason, None);
    assert_eq!(rejected(3, 1, 1), None);
    assert_eq!(rejected(1, 4, 1), None);
    let whole = [3, 0, 0, 0, 0, 4, 0, 1, 1, 7];
    for length in 0..whole.len() {
        assert_eq!(read(&whole[..length]), None, "{length}");
    }
}

#[test]
fn a_command_says_its_operation_and_what_it_is_about() {
    let find = command(&hex(FIND)).unwrap();
    assert_eq!((find.operation, find.is_response, find.status), (Operation::CFind, false, None));
    assert_eq!((find.context, find.has_data_set), (Some(1), Some(true)));
    let class = find.affected_sop_class.unwrap();
    assert_eq!(sop_class::name(&class), Some("Study Root Query/Retrieve - FIND"));
    let echo = command(&hex(ECHO)).unwrap();
    assert_eq!((echo.operation.name(), echo.is_response), ("C-ECHO", true));
    assert_eq!((echo.status, echo.has_data_set), (Some(Status(0)), Some(false)));
    assert_eq!(echo.status.unwrap().class(), StatusClass::Success);
}

#[test]
fn statuses_have_the_classes_of_the_standard() {
    for (status, class) in [
        (0x0000, StatusClass::Success),
        (0x0107, StatusClass::Warning),
        (0xb000, StatusClass::Warning),
        (0xa700, StatusClass::Failure),
        (0xc001, StatusClass::Failure),
        (0x0122, StatusClass::Failure),
        (0xfe00, StatusClass::Cancel),
        (0xff00, StatusClass::Pending),
    ] {
        assert_eq!(Status(status).class(), class, "{status:#06x}");
    }
}

#[test]
fn nothing_of_a_data_set_is_read() {
    let whole = hex(FIND);
    // A data PDV after the command, with elements that look like those of a command.
    let mut octets = whole.clone();
    octets.extend(hex("0000001a0102 0000000102000000 3000 0000000902000000 00ff"));
    assert_eq!(command(&octets), command(&whole));
    // The same as a data set: no command.
    let mut data_set = whole.clone();
    data_set[11] = 2;
    assert_eq!(command(&data_set), None);
    // Elements of another group end the walk.
    let mut other_group = whole;
    other_group[12 + 12] = 8;
    assert_eq!(command(&other_group), None);
}

#[test]
fn a_command_set_without_its_headers_is_read_to_its_end() {
    let whole = hex(FIND);
    let mut alone = whole[12..].to_vec();
    let wanted = Command { context: None, ..command(&whole).unwrap() };
    assert_eq!(command(&alone), Some(wanted.clone()));
    // What follows in the same segment is not looked at, were it a status.
    alone.extend(hex("0000000902000000 00ff"));
    assert_eq!(command(&alone), Some(wanted));
    for at in [0, 4, 7] {
        let mut near_miss = alone.clone();
        near_miss[at] ^= 8;
        assert_eq!(command(&near_miss), None, "{at}");
    }
}

#[test]
fn a_command_that_is_cut_never_becomes_another() {
    let whole = hex(ECHO);
    for length in 0..whole.len() {
        let Some(part) = command(&whole[..length]) else { continue };
        assert!(length >= 12 + 12 + 26 + 10, "{length}");
        assert_eq!((part.operation, part.is_response), (Operation::CEcho, true));
        assert_eq!(part.status, None);
    }
    for field in [0x0002_u16, 0x0031, 0x8fff, 0x0000] {
        let mut octets = hex(ECHO);
        octets[58..60].copy_from_slice(&field.to_le_bytes());
        assert_eq!(command(&octets), None, "{field:#06x}");
    }
}

#[test]
fn mutated_samples_do_no_harm() {
    let samples = [REQUEST, ACCEPT, FIND, ECHO].map(hex);
    mutate(&samples.each_ref().map(Vec::as_slice), |octets| {
        if let Some(Message::Request(found) | Message::Accept(found)) = read(octets) {
            assert!(found.contexts.len() <= 128);
            for name in [found.called_ae_title, found.calling_ae_title].into_iter().flatten() {
                assert!(name.len() <= 16 && !name.contains('"'));
            }
        }
    });
}
