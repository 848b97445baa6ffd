//! The command set of a DIMSE message (PS3.7 section 6.3 and annexes C and E) in a P-DATA-TF PDU
//! (PS3.8 section 9.3.5).

use super::{
    super::octets::{be_u32, le_u16, le_u32},
    Uid,
};

/// Length of the first PDV, its context, its message control header.
const PDV_LENGTH: usize = 6;
const CONTEXT: usize = 10;
const CONTROL: usize = 11;
const FRAGMENT: usize = 12;
/// Bit 0 of the control header: a command set, not a data set.
const IS_COMMAND: u8 = 1;
/// The element that a command set begins with: (0000,0000), 4 octets (PS3.7 section 6.3.1).
const GROUP_LENGTH: [u8; 8] = [0, 0, 0, 0, 4, 0, 0, 0];
/// That element with its value.
const GROUP_LENGTH_ELEMENT: usize = 12;
/// Elements that are looked at in one command set.
const ELEMENTS: usize = 32;
/// PS3.7 section E.1: the value of (0000,0800) for "no data set".
const NO_DATA_SET: u16 = 0x0101;

// Elements of group 0000 that are read; all others are passed over.
const AFFECTED_SOP_CLASS: u16 = 0x0002;
const COMMAND_FIELD: u16 = 0x0100;
const DATA_SET_TYPE: u16 = 0x0800;
const STATUS: u16 = 0x0900;

/// One command: a request, or the response to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The presentation context that it belongs to, if the sample has it.
    pub context: Option<u8>,
    pub operation: Operation,
    pub is_response: bool,
    pub affected_sop_class: Option<Uid>,
    pub has_data_set: Option<bool>,
    /// Of a response.
    pub status: Option<Status>,
}

/// PS3.7 table E.1-1, (0000,0100).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    CStore,
    CGet,
    CFind,
    CMove,
    CEcho,
    NEventReport,
    NGet,
    NSet,
    NAction,
    NCreate,
    NDelete,
    CCancel,
}

impl Operation {
    const RESPONSE: u16 = 0x8000;

    /// The operation, and whether it is a response to it.
    const fn from_field(field: u16) -> Option<(Self, bool)> {
        let operation = match field & !Self::RESPONSE {
            0x0001 => Self::CStore,
            0x0010 => Self::CGet,
            0x0020 => Self::CFind,
            0x0021 => Self::CMove,
            0x0030 => Self::CEcho,
            0x0100 => Self::NEventReport,
            0x0110 => Self::NGet,
            0x0120 => Self::NSet,
            0x0130 => Self::NAction,
            0x0140 => Self::NCreate,
            0x0150 => Self::NDelete,
            // Nobody responds to it.
            0x0fff if field & Self::RESPONSE == 0 => Self::CCancel,
            _ => return None,
        };
        Some((operation, field & Self::RESPONSE != 0))
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::CStore => "C-STORE",
            Self::CGet => "C-GET",
            Self::CFind => "C-FIND",
            Self::CMove => "C-MOVE",
            Self::CEcho => "C-ECHO",
            Self::NEventReport => "N-EVENT-REPORT",
            Self::NGet => "N-GET",
            Self::NSet => "N-SET",
            Self::NAction => "N-ACTION",
            Self::NCreate => "N-CREATE",
            Self::NDelete => "N-DELETE",
            Self::CCancel => "C-CANCEL",
        }
    }
}

/// (0000,0900).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

/// PS3.7 annex C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusClass {
    Success,
    Warning,
    Failure,
    Cancel,
    Pending,
}

impl Status {
    pub const fn class(self) -> StatusClass {
        match self.0 {
            0x0000 => StatusClass::Success,
            0x0001 | 0x0107 | 0x0116 | 0xb000..=0xbfff => StatusClass::Warning,
            0xfe00 => StatusClass::Cancel,
            0xff00 | 0xff01 => StatusClass::Pending,
            _ => StatusClass::Failure,
        }
    }
}

impl Command {
    /// Reads the command set in the first PDV of a PDU.
    pub(super) fn read_pdu(octets: &[u8]) -> Option<Self> {
        let context = *octets.get(CONTEXT)?;
        let is_command = octets.get(CONTROL)? & IS_COMMAND != 0 && context & 1 == 1;
        let end = CONTEXT.checked_add(usize::try_from(be_u32(octets, PDV_LENGTH)?).ok()?)?;
        let elements = octets.get(FRAGMENT..end.min(octets.len())).filter(|_| is_command)?;
        let command = Self::read(elements)?;
        Some(Self { context: Some(context), ..command })
    }

    /// Reads a command set that stands alone: some implementations send the headers before it in a
    /// segment of their own.
    pub(super) fn read_set(octets: &[u8]) -> Option<Self> {
        let length = usize::try_from(le_u32(octets, GROUP_LENGTH.len())?).ok()?;
        let end = GROUP_LENGTH_ELEMENT.checked_add(length)?;
        let elements = octets.get(..end.min(octets.len()))?;
        octets.starts_with(&GROUP_LENGTH).then(|| Self::read(elements))?
    }

    /// The elements are in implicit little-endian form (PS3.7 section 6.3.1).
    fn read(elements: &[u8]) -> Option<Self> {
        let mut affected_sop_class = None;
        let mut field = None;
        let mut has_data_set = None;
        let mut status = None;
        for (element, value) in Elements(elements).take(ELEMENTS) {
            match element {
                AFFECTED_SOP_CLASS => affected_sop_class = Uid::read(value),
                COMMAND_FIELD => field = le_u16(value, 0),
                DATA_SET_TYPE => has_data_set = le_u16(value, 0).map(|kind| kind != NO_DATA_SET),
                STATUS => status = le_u16(value, 0).map(Status),
                _ => (),
            }
        }
        let (operation, is_response) = Operation::from_field(field?)?;
        let status = status.filter(|_| is_response);
        Some(Self {
            context: None,
            operation,
            is_response,
            affected_sop_class,
            has_data_set,
            status,
        })
    }
}

/// Whole elements of group 0000: number and value.
struct Elements<'octets>(&'octets [u8]);

impl<'octets> Iterator for Elements<'octets> {
    type Item = (u16, &'octets [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let group = le_u16(self.0, 0)?;
        let element = le_u16(self.0, 2)?;
        let length = usize::try_from(le_u32(self.0, 4)?).ok()?;
        let (value, rest) = self.0[8..].split_at_checked(length)?;
        self.0 = rest;
        (group == 0).then_some((element, value))
    }
}
