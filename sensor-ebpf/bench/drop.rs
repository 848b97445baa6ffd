//! The shipped program with another answer: a frame is dropped once it is counted, so that `cargo
//! xtask bench veth` measures the program and not the stack behind it. Never shipped.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

#[path = "../src/clock.rs"]
mod clock;
#[path = "../src/endpoints.rs"]
mod endpoints;
#[path = "../src/environment.rs"]
mod environment;
#[path = "../src/maps.rs"]
mod maps;
#[path = "../src/observe.rs"]
mod observe;
#[path = "../src/settings.rs"]
mod settings;
#[path = "../src/xdp_frame.rs"]
mod xdp_frame;

use aya_ebpf::{bindings::xdp_action, macros::xdp, programs::XdpContext};

#[xdp(frags)]
pub fn wardline(context: XdpContext) -> u32 {
    observe::observe(&context);
    xdp_action::XDP_DROP
}

#[xdp]
pub fn wardline_linear(context: XdpContext) -> u32 {
    observe::observe(&context);
    xdp_action::XDP_DROP
}

#[xdp]
pub fn wardline_clock(context: XdpContext) -> u32 {
    clock::read(&context);
    xdp_action::XDP_PASS
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
