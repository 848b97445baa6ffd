//! One emulated machine from power-on to power-off.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

const EMULATOR: &str = "qemu-system-x86_64";
const MEBIBYTES: &str = "1024";
/// One stays when the other is taken away.
const PROCESSORS: &str = "2";
const GLANCE: Duration = Duration::from_millis(100);
/// Lines of the kernel's messages that tell why it went down.
const LAST_LINES: usize = 12;

/// What a guest gave until it switched itself off.
pub struct Ended {
    pub said: String,
    /// An archive of what is to be there when it is switched on again.
    pub left: Vec<u8>,
}

/// Boots `kernel` into `initramfs`.
pub fn run(
    workspace: &Workspace,
    kernel: &Path,
    initramfs: &Path,
    patience: Duration,
) -> Result<Ended> {
    let console = workspace.vm().join("console.log");
    let output = workspace.vm().join("output.log");
    let left = workspace.vm().join("left.cpio");
    let mut command = Command::new(EMULATOR);
    // Emulated: a virtual machine in a virtual machine may not have the processor's help.
    command.args(["-accel", "tcg", "-cpu", "max", "-smp", PROCESSORS, "-m", MEBIBYTES]);
    command.args(["-display", "none", "-nodefaults", "-no-reboot"]);
    for line in [&console, &output, &left] {
        command.arg("-serial").arg(format!("file:{}", line.display()));
    }
    command.arg("-kernel").arg(kernel).arg("-initrd").arg(initramfs);
    // Unchecked: where the emulator has to wait for its turn, so does the timer.
    command.args(["-append", "console=ttyS0 quiet loglevel=4 panic=-1 no_timer_check"]);
    let mut machine = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {EMULATOR}"))?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = machine.try_wait().context("cannot wait for the machine")? {
            break status;
        }
        if start.elapsed() > patience {
            machine.kill().context("cannot stop the machine")?;
            machine.wait().context("cannot wait for the machine")?;
            bail!("still running after {} s; {}", patience.as_secs(), last_lines(&console));
        }
        thread::sleep(GLANCE);
    };
    let said = fs::read_to_string(&output).unwrap_or_default();
    if !status.success() || said.is_empty() {
        bail!("the machine went down ({status}); {}", last_lines(&console));
    }
    let left = fs::read(&left).context("cannot read what the machine left")?;
    Ok(Ended { said, left })
}

fn last_lines(console: &Path) -> String {
    let text = fs::read(console).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    format!("the kernel's last words:\n{}", last.join("\n"))
}
