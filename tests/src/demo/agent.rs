//! The agent under demonstration: its configuration, its process in the
//! gateway's namespace, and the questions it is asked.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::answers::{Observed, alerts_in, devices_in, flows_in, samples_in};
use super::error::DemoError;
use super::workplace::Workplace;
use crate::fetch::fetch;
use crate::lab::hospital::{CLINICAL_PORT, CORE_PORT};
use crate::lab::{ChildGuard, Namespace, interrupt};

const WEB_PORT: u16 = 9_469;
const PATIENCE_FOR_START: Duration = Duration::from_secs(15);
const PATIENCE_FOR_ANSWER: Duration = Duration::from_secs(3);
const LAST_WORDS: usize = 20;

/// The metrics address, as seen from inside the gateway's namespace.
pub fn web_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, WEB_PORT).into()
}

fn configuration(workplace: &Workplace) -> String {
    let quoted = |name: &str| format!("{:?}", workplace.join(name).display().to_string());
    format!(
        "[capture]\ninterfaces = [\"{CLINICAL_PORT}\", \"{CORE_PORT}\"]\nmode = \"native\"\npersist = false\n\n\
         [agent]\nstate_directory = {}\nsocket = {}\n\n\
         [web]\nlisten_address = \"{}\"\n\n\
         [events]\npath = {}\n",
        quoted("state"),
        quoted("wardline.sock"),
        web_address(),
        quoted("events.jsonl"),
    )
}

/// The whole path of the agent's executable.
pub fn find(path: &Path) -> Result<PathBuf, DemoError> {
    let found = fs::canonicalize(path).ok().filter(|found| found.is_file());
    found.ok_or_else(|| DemoError::NoAgent { path: path.to_owned() })
}

#[derive(Debug)]
pub struct Agent<'a> {
    path: PathBuf,
    gateway: &'a Namespace,
    workplace: &'a Workplace,
    process: ChildGuard,
    started: Instant,
}

impl<'a> Agent<'a> {
    /// Starts the agent on both ports of the gateway. Must be called on a
    /// thread that lives as long as the agent.
    pub fn start(
        path: &Path,
        gateway: &'a Namespace,
        workplace: &'a Workplace,
    ) -> Result<Self, DemoError> {
        let state = workplace.join("state");
        fs::create_dir(&state).map_err(|source| DemoError::File { path: state, source })?;
        let configuration = workplace.write("wardline.toml", configuration(workplace))?;
        let (log, same_log) = open_twice(&workplace.join("agent.log"))?;
        let mut command = gateway.command(path);
        command.arg("run").arg("--config").arg(configuration);
        command.stdin(Stdio::null()).stdout(log).stderr(same_log);
        let started = Instant::now();
        let process = ChildGuard::start(&mut command)?;
        Ok(Self { path: path.to_owned(), gateway, workplace, process, started })
    }

    /// Waits for `/readyz` and returns how long the agent took.
    pub fn wait_until_ready(&mut self) -> Result<Duration, DemoError> {
        while self.started.elapsed() < PATIENCE_FOR_START {
            self.check()?;
            if interrupt::is_requested() {
                return Err(DemoError::Interrupted);
            }
            let answer = self.gateway.in_namespace(|| fetch(web_address(), "/readyz"))?;
            if answer.is_ok_and(|(status, _)| status == 200) {
                return Ok(self.started.elapsed());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(DemoError::NotReady { waited: self.started.elapsed(), last_words: self.last_words() })
    }

    /// An error when the agent is no longer there.
    pub fn check(&mut self) -> Result<(), DemoError> {
        match self.process.ended().map_err(DemoError::Agent)? {
            None => Ok(()),
            Some(status) => Err(DemoError::AgentEnded { status, last_words: self.last_words() }),
        }
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.workplace.join("agent.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
    }

    /// Everything that one redraw shows. What the agent does not answer in
    /// time stays empty.
    pub fn observe(&self) -> Observed {
        let metrics = self.gateway.in_namespace(|| fetch(web_address(), "/metrics"));
        let metrics = match metrics {
            Ok(Ok((200, text))) => text,
            _ => String::new(),
        };
        Observed {
            devices: self.ask("devices").map(|answer| devices_in(&answer)).unwrap_or_default(),
            flows: self.ask("flows").map(|answer| flows_in(&answer)).unwrap_or_default(),
            alerts: self.ask("alerts").map(|answer| alerts_in(&answer)).unwrap_or_default(),
            samples: samples_in(&metrics),
        }
    }

    /// Runs one of the agent's own commands against its socket.
    fn ask(&self, question: &str) -> Option<serde_json::Value> {
        let answer_path = self.workplace.join(&format!("{question}.json"));
        let mut command = Command::new(&self.path);
        command
            .args([question, "-o", "json", "--socket"])
            .arg(self.workplace.join("wardline.sock"));
        command.stdin(Stdio::null()).stdout(File::create(&answer_path).ok()?).stderr(Stdio::null());
        let mut asked = ChildGuard::start(&mut command).ok()?;
        let status = asked.wait_for(PATIENCE_FOR_ANSWER).ok()??;
        let answer = fs::read_to_string(answer_path).ok()?;
        status.success().then(|| serde_json::from_str(&answer).ok())?
    }

    /// Ends the agent as a service manager would, and says how it ended.
    pub fn end(mut self) -> Result<ExitStatus, DemoError> {
        self.process.end().map_err(DemoError::Agent)
    }
}

fn open_twice(path: &Path) -> Result<(File, File), DemoError> {
    let open = || {
        let file = File::create(path)?;
        file.try_clone().map(|same| (file, same))
    };
    open().map_err(|source| DemoError::File { path: path.to_owned(), source })
}
