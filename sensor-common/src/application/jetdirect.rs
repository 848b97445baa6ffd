//! Print jobs over a bare TCP connection (port 9100): HP's Printer Job Language (PJL Technical
//! Reference Manual, chapter 2) after a Universal Exit Language sequence, and what follows it.

use super::{Application, Identification};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    // The sequence is `<ESC>%-12345X`; a command of PJL stands right behind it.
    if payload.has(0, b"\x1b%-12345") && payload.octet(8) == b'X' {
        let is_pjl = payload.has(9, b"@PJL");
        return Some(Identification::marked(Application::Jetdirect, is_pjl));
    }
    // Answers to questions in PJL begin without it; a job in PCL begins with a reset.
    let is_answer = payload.has(0, b"@PJL ");
    let is_pcl = payload.has(0, b"\x1bE\x1b") && payload.length() > 4;
    (is_answer || is_pcl).then_some(Identification::likely(Application::Jetdirect))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const JOB: &[u8] = b"\x1b%-12345X@PJL JOB NAME=\"labels\"\r\n";

    #[test]
    fn a_job_is_confirmed_by_its_language() {
        assert_eq!(stream(JOB), confirmed(Application::Jetdirect));
        no_prefix_is_confirmed(&JOB[..13], stream);
        prefixes_agree(JOB, stream);
        assert_eq!(stream(b"@PJL INFO STATUS\r\n"), likely(Application::Jetdirect));
        assert_eq!(stream(b"\x1bE\x1b&l1O"), likely(Application::Jetdirect));
    }

    #[test]
    fn other_escape_sequences_are_refused() {
        assert_eq!(stream(b"\x1b%-12345Y@PJL JOB"), unknown());
        assert_eq!(stream(b"\x1b[2J\x1b[H"), unknown());
    }
}
