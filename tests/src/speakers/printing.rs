//! Raw printing on port 9100 with PJL job separation.

use std::io;
use std::net::SocketAddr;

use super::call::{Call, Spoken, line};

const UNIVERSAL_EXIT: &str = "\x1b%-12345X";

pub fn print_job() -> Vec<u8> {
    format!("{UNIVERSAL_EXIT}@PJL INFO ID\r\n@PJL ENTER LANGUAGE = PCL\r\n\x1bESynthetic ward list\r\n\x0c{UNIVERSAL_EXIT}\r\n")
        .into_bytes()
}

pub fn printer_identity() -> Vec<u8> {
    b"@PJL INFO ID \"Example LaserPrint 4000\"\r\n".to_vec()
}

/// The printer's side: identifies itself once, then takes lines.
pub fn print(call: &mut Call) -> io::Result<()> {
    let mut lines = 0_u32;
    while call.hear(line)?.is_some() {
        if lines == 0 {
            call.say(&printer_identity())?;
        }
        lines += 1;
    }
    Ok(())
}

pub fn send_job(printer: SocketAddr) -> io::Result<Spoken> {
    let mut call = Call::to(printer)?;
    call.say(&print_job())?;
    call.expect_answer(line)?;
    call.hang_up()
}
