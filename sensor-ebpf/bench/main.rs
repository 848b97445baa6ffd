//! What the shipped program is measured against, and what runs before each of them. Built into an
//! object of its own; nothing here is ever attached but to links that the bench makes.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod live;
mod mutator;
mod settings;
mod stock;
#[path = "../src/xdp_frame.rs"]
mod xdp_frame;

use aya_ebpf::{bindings::xdp_action, macros::xdp, programs::XdpContext};

// All of them accept frames in several buffers, as the shipped one does: the kernel lets a program
// call only its like.

/// The next flow of the turn, in an IPv4 header.
#[xdp(frags)]
pub fn mutate_ipv4(context: XdpContext) -> u32 {
    mutator::ipv4(&context, 14)
}

/// The same after one VLAN tag.
#[xdp(frags)]
pub fn mutate_vlan(context: XdpContext) -> u32 {
    mutator::ipv4(&context, 18)
}

/// The next flow of the turn, in an IPv6 header.
#[xdp(frags)]
pub fn mutate_ipv6(context: XdpContext) -> u32 {
    mutator::ipv6(&context, 14)
}

/// A whole packet of the table of packets, with the addresses of the next flow.
#[xdp(frags)]
pub fn mutate_packet(context: XdpContext) -> u32 {
    mutator::packet(&context)
}

/// What all others are compared with.
#[xdp(frags)]
pub fn null(_context: XdpContext) -> u32 {
    xdp_action::XDP_PASS
}

/// Dissects as the shipped program does and forgets the result.
#[xdp(frags)]
pub fn parse(context: XdpContext) -> u32 {
    stock::parse(&context);
    xdp_action::XDP_PASS
}

/// Dissects and counts in the kernel's hash map.
#[xdp(frags)]
pub fn stock_hash(context: XdpContext) -> u32 {
    stock::count_in_hash(&context);
    xdp_action::XDP_PASS
}

/// Dissects and counts in the kernel's hash map that forgets what was not used for longest.
#[xdp(frags)]
pub fn stock_lru(context: XdpContext) -> u32 {
    stock::count_in_lru(&context);
    xdp_action::XDP_PASS
}

/// Sends the frame on; what the mutators call when nothing is measured but a link.
#[xdp(frags)]
pub fn send(_context: XdpContext) -> u32 {
    live::send()
}

/// A receiver that counts frames and drops them.
#[xdp(frags)]
pub fn receive_null(_context: XdpContext) -> u32 {
    live::count();
    xdp_action::XDP_DROP
}

/// As [`stock_hash`], and drops the frame.
#[xdp(frags)]
pub fn receive_hash(context: XdpContext) -> u32 {
    stock::count_in_hash(&context);
    xdp_action::XDP_DROP
}

/// A loop, so that the verifier refuses a program in which a panic can be reached.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
