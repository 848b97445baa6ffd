//! Where the demonstration appears: redrawn in place on a terminal, as plain
//! lines everywhere else. A closed output is no reason to fail.

use std::io::{self, IsTerminal, Write};

use super::scene::Scene;

const HOME_AND_CLEAR: &str = "\x1b[H\x1b[2J";
const DEFAULT_COLUMNS: usize = 100;

#[derive(Debug)]
pub struct Screen {
    is_terminal: bool,
    columns: usize,
}

impl Screen {
    pub fn open() -> Self {
        Self {
            is_terminal: io::stdout().is_terminal(),
            columns: columns().unwrap_or(DEFAULT_COLUMNS),
        }
    }

    fn print(text: &str) {
        let mut output = io::stdout().lock();
        drop(output.write_all(text.as_bytes()).and_then(|()| output.flush()));
    }

    /// One line about the progress.
    pub fn say(&self, line: &str) {
        Self::print(&format!("{line}\n"));
    }

    pub fn draw(&mut self, scene: &mut Scene) {
        if self.is_terminal {
            Self::print(&format!("{HOME_AND_CLEAR}{}", scene.page(self.columns)));
        } else {
            Self::print(&scene.new_lines());
        }
    }

    /// Text that stays below the last redraw.
    pub fn conclude(&self, text: &str) {
        Self::print(&format!("\n{text}\n"));
    }
}

/// The width of the terminal.
fn columns() -> Option<usize> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ fills one `winsize`, which the pointer is to.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (result == 0 && size.ws_col >= 40).then_some(usize::from(size.ws_col))
}
