//! A-ASSOCIATE-RQ and A-ASSOCIATE-AC (PS3.8 tables 9-11 and 9-17, PS3.7 annex D).

use super::{
    super::{
        octets::{array, be_u16, be_u32},
        text,
    },
    Uid,
};

/// Type, reserved octet and length of a PDU.
const PDU_HEADER: usize = 6;
const CALLED_AE_TITLE: usize = 10;
const CALLING_AE_TITLE: usize = 26;
const AE_TITLE: usize = 16;
const VARIABLE_ITEMS: usize = 74;
/// PS3.8 section 9.3.2.2: identifiers are the odd numbers below 256.
const CONTEXTS: usize = 128;

// Types of items and sub-items (PS3.8 section 9.3, PS3.7 annex D.3).
const CONTEXT_RQ: u8 = 0x20;
const CONTEXT_AC: u8 = 0x21;
const ABSTRACT_SYNTAX: u8 = 0x30;
const USER_INFORMATION: u8 = 0x50;
const MAXIMUM_LENGTH: u8 = 0x51;
const IMPLEMENTATION_CLASS: u8 = 0x52;
const IMPLEMENTATION_VERSION: u8 = 0x55;

/// An association that is asked for, or accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Association {
    /// Of a request only: in an answer these fields are reserved. 16 characters, without the
    /// spaces around them.
    pub called_ae_title: Option<String>,
    pub calling_ae_title: Option<String>,
    pub contexts: Vec<PresentationContext>,
    /// Octets that the sender is ready to receive in one PDU; 0 is no limit.
    pub maximum_length: Option<u32>,
    pub implementation_class: Option<Uid>,
    pub implementation_version: Option<String>,
    /// Whether the sample holds the whole PDU.
    pub is_whole: bool,
}

/// What is proposed under an identifier, or became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentationContext {
    pub identifier: u8,
    /// The SOP class, in a request; see [`super::sop_class::name`].
    pub abstract_syntax: Option<Uid>,
    /// In an answer.
    pub result: Option<ContextResult>,
}

/// PS3.8 table 9-18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextResult {
    Acceptance,
    UserRejection,
    NoReason,
    AbstractSyntaxNotSupported,
    TransferSyntaxesNotSupported,
}

impl ContextResult {
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Acceptance),
            1 => Some(Self::UserRejection),
            2 => Some(Self::NoReason),
            3 => Some(Self::AbstractSyntaxNotSupported),
            4 => Some(Self::TransferSyntaxesNotSupported),
            _ => None,
        }
    }
}

impl Association {
    pub(super) fn read(octets: &[u8], is_request: bool) -> Option<Self> {
        let end = PDU_HEADER.checked_add(usize::try_from(be_u32(octets, 2)?).ok()?)?;
        // Protocol version 1, then a reserved field.
        if be_u16(octets, 6)? & 1 == 0 || end < VARIABLE_ITEMS {
            return None;
        }
        let ae_title = |at| text::name(&array::<AE_TITLE>(octets, at)?, AE_TITLE);
        let mut association = Self { is_whole: octets.len() >= end, ..Self::default() };
        if is_request {
            association.called_ae_title = ae_title(CALLED_AE_TITLE);
            association.calling_ae_title = ae_title(CALLING_AE_TITLE);
        }
        let items = octets.get(VARIABLE_ITEMS..end.min(octets.len()))?;
        let context_kind = if is_request { CONTEXT_RQ } else { CONTEXT_AC };
        for item in Items(items) {
            if item.kind == context_kind && association.contexts.len() < CONTEXTS {
                association.contexts.extend(PresentationContext::read(&item, is_request));
            } else if item.kind == USER_INFORMATION {
                association.read_user(item.value);
            }
        }
        Some(association)
    }

    fn read_user(&mut self, information: &[u8]) {
        for item in Items(information).filter(|item| item.is_whole) {
            match item.kind {
                MAXIMUM_LENGTH if item.value.len() == 4 => {
                    self.maximum_length = be_u32(item.value, 0);
                }
                IMPLEMENTATION_CLASS => self.implementation_class = Uid::read(item.value),
                IMPLEMENTATION_VERSION => {
                    self.implementation_version = text::name(item.value, AE_TITLE);
                }
                _ => (),
            }
        }
    }
}

impl PresentationContext {
    /// Identifier, reserved, result of an answer, reserved; sub-items.
    fn read(item: &Item<'_>, is_request: bool) -> Option<Self> {
        let &[identifier, _, result, _, ref sub_items @ ..] = item.value else { return None };
        let mut context = Self { identifier, abstract_syntax: None, result: None };
        if !is_request {
            context.result = Some(ContextResult::from_number(result)?);
            return Some(context);
        }
        let syntax = Items(sub_items).find(|item| item.kind == ABSTRACT_SYNTAX)?;
        context.abstract_syntax = Uid::read(syntax.value).filter(|_| syntax.is_whole);
        context.abstract_syntax.is_some().then_some(context)
    }
}

struct Item<'octets> {
    kind: u8,
    /// As much of it as there is.
    value: &'octets [u8],
    is_whole: bool,
}

/// Items as far as they have headers: type, a reserved octet, length.
struct Items<'octets>(&'octets [u8]);

impl<'octets> Iterator for Items<'octets> {
    type Item = Item<'octets>;

    fn next(&mut self) -> Option<Self::Item> {
        let &[kind, _, high, low, ref rest @ ..] = self.0 else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let is_whole = rest.len() >= length;
        let (value, rest) = rest.split_at(length.min(rest.len()));
        self.0 = rest;
        Some(Item { kind, value, is_whole })
    }
}
