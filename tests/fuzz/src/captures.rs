//! Laws of the reader of capture files.

use std::{fs, path::PathBuf, sync::OnceLock};

use sensor_common::laws::FlowTable;

use crate::capture::file::CaptureFile;

/// The reader opens files only: one in memory, for this process.
fn place() -> &'static PathBuf {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| PathBuf::from(format!("/dev/shm/wardline-fuzz-{}", std::process::id())))
}

/// Whatever a file holds, reading it ends, stays within it, and gives frames that the packet path
/// counts; after an error there are none.
pub fn capture_is_read_to_an_end(octets: &[u8]) {
    fs::write(place(), octets).expect("the fuzzer writes to /dev/shm");
    let Ok(mut capture) = CaptureFile::open(place()) else { return };
    let mut table = FlowTable::new(4, 8, !0);
    let mut frames = 0;
    let mut progress = 0;
    loop {
        let frame = match capture.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => break,
            Err(_) => {
                assert!(matches!(capture.next(), Ok(None)), "frames after an error");
                break;
            }
        };
        assert!(frame.interface >= 1);
        // A wire length is what the file says; sums of it are not what is looked at here.
        table.receive(frame.octets, frame.wire_length % (1 << 16), frame.interface, frames);
        frames += 1;
        assert!(frames <= octets.len() as u64, "more frames than octets");
        let (read, total) = capture.progress();
        assert_eq!(total, Some(octets.len() as u64));
        assert!(read >= progress && read <= octets.len() as u64, "{read} after {progress}");
        progress = read;
    }
    table.assert_balanced();
}
