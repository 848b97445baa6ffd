//! Where the demonstration appears: redrawn in place on a terminal, as plain
//! lines everywhere else. A closed output is no reason to fail.

use std::env;
use std::io::{self, IsTerminal, Write};

use super::scene::Scene;
use super::view::{Emphasis, Line};

const HOME: &str = "\x1b[H";
const CLEAR: &str = "\x1b[H\x1b[2J";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
const BOLD: &str = "\x1b[1m";
const BOLD_RED: &str = "\x1b[1;31m";
const RESET: &str = "\x1b[0m";
const DEFAULT_SIZE: (usize, usize) = (120, 50);

#[derive(Debug)]
pub struct Screen {
    is_terminal: bool,
    is_coloured: bool,
    has_drawn: bool,
}

impl Screen {
    pub fn open() -> Self {
        let is_terminal = io::stdout().is_terminal();
        // https://no-color.org
        let is_coloured = is_terminal && env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        Self { is_terminal, is_coloured, has_drawn: false }
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
        if !self.is_terminal {
            return Self::print(&scene.new_lines());
        }
        let (columns, rows) = size().unwrap_or(DEFAULT_SIZE);
        // What was drawn before is written over, so that nothing flickers.
        let begin = if self.has_drawn { HOME } else { CLEAR };
        self.has_drawn = true;
        let lines = scene.page(columns, rows);
        let page: String = lines.iter().map(|line| self.set(line) + CLEAR_LINE + "\n").collect();
        Self::print(&format!("{begin}{page}{CLEAR_BELOW}"));
    }

    fn set(&self, (emphasis, line): &Line) -> String {
        match emphasis {
            Emphasis::Heading if self.is_coloured => format!("{BOLD}{line}{RESET}"),
            Emphasis::Alarm if self.is_coloured => format!("{BOLD_RED}{line}{RESET}"),
            _ => line.clone(),
        }
    }

    /// The last page, for those who were told in lines only.
    pub fn draw_last(&self, scene: &Scene) {
        if !self.is_terminal {
            let (columns, rows) = DEFAULT_SIZE;
            let page = scene.page(columns, rows);
            let page: String = page.into_iter().map(|(_, line)| line + "\n").collect();
            Self::print(&format!("\n{page}"));
        }
    }

    /// Text that stays below the last redraw.
    pub fn conclude(&self, text: &str) {
        Self::print(&format!("\n{text}\n"));
    }
}

/// The width and height of the terminal.
fn size() -> Option<(usize, usize)> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCGWINSZ fills one `winsize`, which the pointer is to.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    let is_known = result == 0 && size.ws_col >= 40 && size.ws_row >= 10;
    is_known.then_some((usize::from(size.ws_col), usize::from(size.ws_row)))
}
