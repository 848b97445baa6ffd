//! The interfaces of this network namespace, as rtnetlink lists them (RTM_GETLINK, rtnetlink(7)).

use std::io;

use super::system_calls::{HEADER, LINK_HEADER, route_request};

/// Attributes of the kernel's `if_link.h`.
mod attribute {
    pub const ADDRESS: u16 = 1;
    pub const IFNAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const LINK: u16 = 5;
    pub const MASTER: u16 = 10;
    pub const OPERSTATE: u16 = 16;
    pub const LINKINFO: u16 = 18;
    pub const EXT_MASK: u16 = 29;
    pub const NUM_RX_QUEUES: u16 = 32;
    pub const CARRIER: u16 = 33;
    pub const XDP: u16 = 43;
    pub const MAX_MTU: u16 = 51;
    /// Within LINKINFO.
    pub const INFO_KIND: u16 = 1;
    /// Within XDP.
    pub const XDP_FD: u16 = 1;
    pub const XDP_ATTACHED: u16 = 2;
    pub const XDP_FLAGS: u16 = 3;
    pub const XDP_PROGRAM: u16 = 4;
    pub const XDP_NATIVE_PROGRAM: u16 = 5;
    pub const XDP_GENERIC_PROGRAM: u16 = 6;
    pub const XDP_OFFLOADED_PROGRAM: u16 = 7;
}

const TYPE_MASK: u16 = 0x3fff;
/// `NLA_F_NESTED`.
const NESTED: u16 = 0x8000;
/// `RTEXT_FILTER_SKIP_STATS`: no counters.
const WITHOUT_COUNTERS: u32 = 8;

/// How a program runs on the hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookMode {
    Native,
    Generic,
    Offloaded,
}

impl HookMode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
            Self::Offloaded => "offloaded",
        }
    }
}

/// A program on the XDP hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnHook {
    pub mode: HookMode,
    pub program: u32,
}

/// One interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub index: u32,
    pub name: String,
    /// Kind of a virtual interface (`veth`, `vlan`, `bond`); `None` for hardware and loopback.
    pub kind: Option<String>,
    pub is_loopback: bool,
    /// Set up by an administrator.
    pub is_up: bool,
    /// As `operstate` has it: `up`, `down`, `lowerlayerdown`, `unknown`.
    pub state: &'static str,
    pub has_carrier: Option<bool>,
    /// Octets of the largest packet, and the largest value the driver allows where it says so.
    pub mtu: u32,
    pub maximum_mtu: Option<u32>,
    pub hardware: Vec<u8>,
    /// Index of the bridge or bond that it is a port of.
    pub master: Option<u32>,
    /// Index of the interface it is on (a VLAN's parent), or of its peer.
    pub lower: Option<u32>,
    pub receive_queues: Option<u32>,
    pub hook: Vec<OnHook>,
}

/// Lists them, by index.
///
/// # Errors
///
/// What the kernel answers.
pub fn links() -> io::Result<Vec<Link>> {
    let mut links: Vec<Link> = messages(&route_request(&request(0))?).collect();
    links.sort_by_key(|link| link.index);
    Ok(links)
}

/// The interface with this index.
///
/// # Errors
///
/// ENODEV when there is none.
pub fn link(index: u32) -> io::Result<Link> {
    let answer = route_request(&request(index))?;
    messages(&answer).next().ok_or_else(|| io::Error::from_raw_os_error(libc::ENODEV))
}

/// Takes a program that no link holds off the interface, as `ip link set xdp off` does.
///
/// # Errors
///
/// EPERM, ENODEV; EBUSY when a link holds it.
pub fn switch_off(index: u32, mode: HookMode) -> io::Result<()> {
    // XDP_FLAGS_SKB_MODE, XDP_FLAGS_DRV_MODE, XDP_FLAGS_HW_MODE of `if_link.h`.
    let flags: u32 = match mode {
        HookMode::Generic => 2,
        HookMode::Native => 4,
        HookMode::Offloaded => 8,
    };
    let nested = [
        attribute_of(attribute::XDP_FD, (-1_i32).to_ne_bytes()),
        attribute_of(attribute::XDP_FLAGS, flags.to_ne_bytes()),
    ];
    let mut request = header(libc::RTM_SETLINK, libc::NLM_F_REQUEST | libc::NLM_F_ACK, index);
    request.extend(20_u16.to_ne_bytes());
    request.extend((attribute::XDP | NESTED).to_ne_bytes());
    request.extend(nested.concat());
    route_request(&with_length(request)).map(drop)
}

/// Asks for one interface, or for all of them with index 0.
fn request(index: u32) -> Vec<u8> {
    let dump = if index == 0 { libc::NLM_F_DUMP } else { 0 };
    let mut request = header(libc::RTM_GETLINK, libc::NLM_F_REQUEST | dump, index);
    request.extend(attribute_of(attribute::EXT_MASK, WITHOUT_COUNTERS.to_ne_bytes()));
    with_length(request)
}

/// A message on one interface, without its length and attributes.
fn header(kind: u16, flags: i32, index: u32) -> Vec<u8> {
    let mut message = vec![0_u8; HEADER + LINK_HEADER];
    message[4..6].copy_from_slice(&kind.to_ne_bytes());
    message[6..8].copy_from_slice(&(flags as u16).to_ne_bytes());
    message[HEADER + 4..HEADER + 8].copy_from_slice(&index.to_ne_bytes());
    message
}

fn with_length(mut message: Vec<u8>) -> Vec<u8> {
    let length = message.len() as u32;
    message[..4].copy_from_slice(&length.to_ne_bytes());
    message
}

/// An attribute of one word.
fn attribute_of(kind: u16, word: [u8; 4]) -> Vec<u8> {
    let mut octets = 8_u16.to_ne_bytes().to_vec();
    octets.extend(kind.to_ne_bytes());
    octets.extend(word);
    octets
}

fn messages(mut answer: &[u8]) -> impl Iterator<Item = Link> {
    std::iter::from_fn(move || {
        loop {
            let length = u32_at(answer, 0)? as usize;
            let message = answer.get(..length.max(HEADER))?;
            answer = answer.get(length.max(HEADER).next_multiple_of(4)..).unwrap_or_default();
            if u16_at(message, 4)? == libc::RTM_NEWLINK
                && let Some(link) = parse(message.get(HEADER..)?)
            {
                return Some(link);
            }
        }
    })
}

fn parse(message: &[u8]) -> Option<Link> {
    let index = u32_at(message, 4)?;
    let flags = u32_at(message, 8)? as i32;
    let attributes = message.get(LINK_HEADER..)?;
    let find = |kind| find(attributes, kind);
    let number = |kind| find(kind).and_then(|value| u32_at(value, 0));
    let octet = |kind| find(kind).and_then(|value| value.first().copied());
    let kind = find(attribute::LINKINFO).and_then(|info| self::find(info, attribute::INFO_KIND));
    Some(Link {
        index,
        name: text(find(attribute::IFNAME)?),
        kind: kind.map(text),
        is_loopback: flags & libc::IFF_LOOPBACK != 0,
        is_up: flags & libc::IFF_UP != 0,
        state: state_name(octet(attribute::OPERSTATE).unwrap_or(0)),
        has_carrier: octet(attribute::CARRIER).map(|carrier| carrier != 0),
        mtu: number(attribute::MTU).unwrap_or(0),
        maximum_mtu: number(attribute::MAX_MTU).filter(|maximum| *maximum != 0),
        hardware: find(attribute::ADDRESS).unwrap_or_default().to_vec(),
        master: number(attribute::MASTER),
        lower: number(attribute::LINK).filter(|lower| *lower != index),
        receive_queues: number(attribute::NUM_RX_QUEUES),
        hook: find(attribute::XDP).map(on_hook).unwrap_or_default(),
    })
}

/// Programs in the nested attribute. One program has only its number, beside how it is attached;
/// several have each their own.
fn on_hook(nested: &[u8]) -> Vec<OnHook> {
    const SEVERAL: u8 = 4;
    let number = |kind| find(nested, kind).and_then(|value| u32_at(value, 0));
    let each = [
        (attribute::XDP_NATIVE_PROGRAM, HookMode::Native),
        (attribute::XDP_GENERIC_PROGRAM, HookMode::Generic),
        (attribute::XDP_OFFLOADED_PROGRAM, HookMode::Offloaded),
    ];
    let attached = find(nested, attribute::XDP_ATTACHED).and_then(|value| value.first().copied());
    let single = match attached {
        None | Some(0 | SEVERAL) => None,
        Some(2) => Some(HookMode::Generic),
        Some(3) => Some(HookMode::Offloaded),
        Some(_) => Some(HookMode::Native),
    };
    if let (Some(mode), Some(program)) = (single, number(attribute::XDP_PROGRAM)) {
        return vec![OnHook { mode, program }];
    }
    let programs = each.into_iter().filter_map(|(kind, mode)| {
        number(kind).filter(|program| *program != 0).map(|program| OnHook { mode, program })
    });
    programs.collect()
}

/// RFC 2863, section 3.1.14, as numbered by the kernel's `if.h`.
const fn state_name(state: u8) -> &'static str {
    match state {
        1 => "notpresent",
        2 => "down",
        3 => "lowerlayerdown",
        4 => "testing",
        5 => "dormant",
        6 => "up",
        _ => "unknown",
    }
}

fn text(value: &[u8]) -> String {
    let value = value.split(|octet| *octet == 0).next().unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(octets.get(at..)?.first_chunk().copied()?))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(octets.get(at..)?.first_chunk().copied()?))
}

/// The value of the first attribute of `kind` among netlink attributes.
fn find(mut octets: &[u8], kind: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16_at(octets, 0)?);
        let found = u16_at(octets, 2)? & TYPE_MASK;
        let value = octets.get(4..length)?;
        if found == kind {
            return Some(value);
        }
        octets = octets.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut octets = (4 + value.len() as u16).to_ne_bytes().to_vec();
        octets.extend(kind.to_ne_bytes());
        octets.extend(value);
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }

    fn message(attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut message = vec![0; HEADER + LINK_HEADER];
        message[4..6].copy_from_slice(&libc::RTM_NEWLINK.to_ne_bytes());
        message[HEADER + 4..HEADER + 8].copy_from_slice(&7_u32.to_ne_bytes());
        message[HEADER + 8..HEADER + 12].copy_from_slice(&(libc::IFF_UP as u32).to_ne_bytes());
        message.extend(attributes.concat());
        let length = message.len() as u32;
        message[..4].copy_from_slice(&length.to_ne_bytes());
        message
    }

    #[test]
    fn a_message_becomes_an_interface() {
        let info = attribute(attribute::INFO_KIND, b"vlan\0");
        let hook = [
            attribute(attribute::XDP_ATTACHED, &[1]),
            attribute(attribute::XDP_PROGRAM, &41_u32.to_ne_bytes()),
        ];
        let message = message(&[
            attribute(attribute::IFNAME, b"ward.20\0"),
            attribute(attribute::MTU, &9000_u32.to_ne_bytes()),
            attribute(attribute::LINK, &2_u32.to_ne_bytes()),
            attribute(attribute::OPERSTATE, &[6]),
            attribute(attribute::LINKINFO | 0x8000, &info),
            attribute(attribute::XDP | 0x8000, &hook.concat()),
        ]);
        let twice = [message.clone(), message].concat();
        let found: Vec<Link> = messages(&twice).collect();
        assert_eq!(found.len(), 2);
        let link = &found[0];
        assert_eq!(
            (link.index, link.name.as_str(), link.mtu, link.lower),
            (7, "ward.20", 9000, Some(2))
        );
        assert_eq!((link.kind.as_deref(), link.state, link.is_up), (Some("vlan"), "up", true));
        assert_eq!(link.hook, [OnHook { mode: HookMode::Native, program: 41 }]);
    }

    #[test]
    fn several_programs_on_one_hook_are_each_named() {
        let hook = [
            attribute(attribute::XDP_ATTACHED, &[4]),
            attribute(attribute::XDP_GENERIC_PROGRAM, &5_u32.to_ne_bytes()),
            attribute(attribute::XDP_OFFLOADED_PROGRAM, &6_u32.to_ne_bytes()),
        ];
        let modes: Vec<_> =
            on_hook(&hook.concat()).iter().map(|on| (on.mode, on.program)).collect();
        assert_eq!(modes, [(HookMode::Generic, 5), (HookMode::Offloaded, 6)]);
        assert_eq!(on_hook(&attribute(attribute::XDP_ATTACHED, &[0])), []);
    }

    #[test]
    fn bad_lengths_end_the_search() {
        assert_eq!(find(&[3, 0, 1, 0, 0], 1), None);
        assert_eq!(find(&[9, 0, 1, 0, 0], 1), None);
        assert_eq!(find(&[4, 0, 1, 0], 1), Some(&[][..]));
        assert_eq!(messages(&[0xff; 64]).count(), 0);
        assert_eq!(messages(&[0; 64]).count(), 0);
    }

    #[test]
    fn the_loopback_interface_is_found_both_ways_and_has_no_program() {
        let listed = links().unwrap().into_iter().find(|link| link.is_loopback).unwrap();
        assert_eq!((listed.name.as_str(), listed.hook.len()), ("lo", 0));
        assert_eq!(link(listed.index).unwrap(), listed);
        assert_eq!(link(u32::MAX >> 1).unwrap_err().raw_os_error(), Some(libc::ENODEV));
    }
}
