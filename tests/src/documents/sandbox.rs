//! Runs the commands of one document, all in one place of their own: a network namespace with
//! the ports that documents speak of, and a file system of which nothing is kept.

use std::io;
use std::process::{Command, Output, Stdio};

use super::page::{Page, root};
use crate::agent::{Scratch, executable};

/// Prepares the place, then runs the script that it is given.
const PREPARATION: &str = include_str!("sandbox.sh");
/// Of all commands of one document.
const SECONDS: &str = "180";

/// Runs what the document has to run; `None` if that is nothing.
pub fn run(page: &Page) -> io::Result<Option<Output>> {
    let mut script = String::from("set -euo pipefail\n");
    let blocks = page.fences.iter().filter(|f| f.language == "sh" && f.not_run.is_none());
    let mut is_empty = true;
    for fence in blocks {
        is_empty = false;
        script.push_str(&format!("echo '== {}:{}' >&2\n{}", page.name, fence.line, fence.text));
    }
    if is_empty {
        return Ok(None);
    }
    let scratch = Scratch::make("documents").map_err(io::Error::other)?;
    let preparation = scratch.write("sandbox.sh", PREPARATION).map_err(io::Error::other)?;
    let script = scratch.write("script.sh", script).map_err(io::Error::other)?;
    let place = scratch.join("place");
    std::fs::create_dir(&place)?;
    let agent = executable().map_err(io::Error::other)?;
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", SECONDS, "unshare", "--net", "--mount", "--pid", "--fork"]);
    // The shell is the first process there, and so buries those that are orphaned.
    command.args(["--kill-child", "--mount-proc", "bash"]);
    command.args([&preparation, &script, &place, &agent]).current_dir(root());
    command.stdin(Stdio::null()).output().map(Some)
}
