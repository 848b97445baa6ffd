//! Running other programs: either quietly, with the time that passes and the last lines on failure,
//! or line by line.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, IsTerminal, PipeReader, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Enough to hold a compiler's or apt's last message.
const TAIL_LINES: usize = 25;
/// How often a step reports that it is still at work where the output is no terminal.
const REPORT_EVERY: Duration = Duration::from_secs(15);
/// A test may leave a daemon behind that holds the output open; it is not waited for longer than
/// this.
const GRACE_AFTER_EXIT: Duration = Duration::from_secs(3);

/// Runs `command` to its end, showing `title` and the seconds it takes; on failure shows the end of
/// its output.
pub fn run_quietly(title: &str, mut command: Command) -> Result<()> {
    let start = Instant::now();
    let mut progress = Progress::new(title);
    let mut tail = VecDeque::with_capacity(TAIL_LINES);
    let status = follow(&mut command, |line| {
        if let Some(line) = line {
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(line.to_owned());
        }
        progress.show(start.elapsed());
    })?;
    progress.clear();
    if status.success() {
        println!("  {title}: done in {} s", start.elapsed().as_secs());
        return Ok(());
    }
    for line in &tail {
        eprintln!("  | {line}");
    }
    bail!(
        "{title}: failed after {} s ({status}): {}",
        start.elapsed().as_secs(),
        shell_line(&command)
    )
}

/// Runs `command`, giving each line of its output to `read` and passing on those it says `true` to.
pub fn run_streaming(
    mut command: Command,
    mut read: impl FnMut(&str) -> bool,
) -> Result<ExitStatus> {
    if io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    follow(&mut command, |line| {
        if let Some(line) = line.filter(|line| read(line)) {
            println!("{line}");
        }
    })
}

/// Runs `command` with our own output and fails unless it succeeds.
pub fn run_openly(mut command: Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("cannot start {}", shell_line(&command)))?;
    if !status.success() {
        bail!("{} ({status})", shell_line(&command));
    }
    Ok(())
}

/// What a successful `command` prints, trimmed; `None` where it cannot be started or fails.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// `command` as one would type it, without its environment.
pub fn shell_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Gives each line of `command`'s output and errors, in their true order, to `on`; `None` about
/// once a second between.
fn follow(command: &mut Command, mut on: impl FnMut(Option<&str>)) -> Result<ExitStatus> {
    let (reader, writer) = io::pipe().context("cannot make a pipe")?;
    let errors = writer.try_clone().context("cannot double a pipe")?;
    command.stdin(Stdio::null()).stdout(writer).stderr(errors);
    let child = command.spawn().with_context(|| format!("cannot start {}", shell_line(command)));
    // `command` keeps the writing ends; while it does, the pipe has no end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child?;
    let lines = lines_of(reader);
    let mut exited: Option<(ExitStatus, Instant)> = None;
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => on(Some(&line)),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => on(None),
        }
        if exited.is_none() {
            exited = child
                .try_wait()
                .context("cannot wait for a child")?
                .map(|status| (status, Instant::now()));
        }
        if exited.is_some_and(|(_, since)| since.elapsed() > GRACE_AFTER_EXIT) {
            break;
        }
    }
    match exited {
        Some((status, _)) => Ok(status),
        None => child.wait().context("cannot wait for a child"),
    }
}

fn lines_of(pipe: PipeReader) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        // Tools print what they find on the wire: the bytes need not be UTF-8.
        while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(text).is_err() {
                break;
            }
            line.clear();
        }
    });
    receiver
}

/// A line that is written over on a terminal, and repeated now and then in a log.
struct Progress<'a> {
    title: &'a str,
    terminal: bool,
    shown: Duration,
}

impl<'a> Progress<'a> {
    fn new(title: &'a str) -> Self {
        Self { title, terminal: io::stdout().is_terminal(), shown: Duration::ZERO }
    }

    fn show(&mut self, elapsed: Duration) {
        let pause = if self.terminal { Duration::from_secs(1) } else { REPORT_EVERY };
        if elapsed < self.shown + pause {
            return;
        }
        self.shown = elapsed;
        if self.terminal {
            print!("\r  {}: {} s ", self.title, elapsed.as_secs());
            // A progress line that cannot be written is no reason to stop the work.
            let _ = io::stdout().flush();
        } else {
            println!("  {}: {} s ...", self.title, elapsed.as_secs());
        }
    }

    fn clear(&self) {
        if self.terminal && self.shown > Duration::ZERO {
            print!("\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_errors_arrive_in_the_order_they_were_written() {
        let mut lines = Vec::new();
        let status = follow(&mut shell("echo one; echo two >&2; echo three"), |line| {
            lines.extend(line.map(str::to_owned))
        });
        assert!(status.unwrap().success());
        assert_eq!(lines, ["one", "two", "three"]);
    }

    #[test]
    fn a_daemon_that_holds_the_output_open_does_not_hold_us() {
        let start = Instant::now();
        let status = follow(&mut shell("sleep 20 & echo started; exit 3"), |_| {}).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_failing_step_names_its_command_line() {
        let error = run_quietly("step", shell("exit 7")).unwrap_err().to_string();
        assert!(error.contains("sh -c exit 7") && error.contains("exit status: 7"), "{error}");
    }
}
