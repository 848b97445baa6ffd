//! One agent from its configuration to its end, by signal or by force, and again.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::error::AgentError;
use super::executable;
use super::metrics::Metrics;
use super::scratch::Scratch;
use super::settings::Settings;
use crate::fetch::fetch;
use crate::lab::{ChildGuard, Namespace};

const BPF_FILES: &str = "/sys/fs/bpf";
/// Followed by the id of the test's process.
const PIN_PREFIX: &str = "wl-test-";
const PATIENCE_FOR_START: Duration = Duration::from_secs(20);
const GLANCE: Duration = Duration::from_millis(10);

/// Ends the agent and removes its pins and its files when it is dropped.
#[derive(Debug)]
pub struct Agent {
    namespace: Namespace,
    settings: Settings,
    pins: PathBuf,
    process: ChildGuard,
    scratch: Scratch,
}

impl Agent {
    /// Starts an agent and waits until it is ready. Like every child it must be started on a
    /// thread that lives as long as it.
    pub fn start(namespace: &Namespace, settings: Settings) -> Result<Self, AgentError> {
        let mut agent = Self::launch(namespace, settings)?;
        agent.wait_until_ready()?;
        Ok(agent)
    }

    /// Starts an agent without waiting for it.
    pub fn launch(namespace: &Namespace, settings: Settings) -> Result<Self, AgentError> {
        remove_stale_pins()?;
        let scratch = Scratch::make("agent")?;
        let name = scratch.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let unique = name.trim_start_matches("wardline-test-");
        let pins = Path::new(BPF_FILES).join(format!("{PIN_PREFIX}{unique}"));
        let state = scratch.join("state");
        fs::create_dir(&state).map_err(|source| AgentError::File { path: state, source })?;
        scratch.write("wardline.toml", settings.file(scratch.path(), &pins))?;
        let process = spawn(namespace, &settings, &scratch)?;
        Ok(Self { namespace: namespace.clone(), settings, pins, process, scratch })
    }

    /// Waits for `/readyz`, and says how long that took.
    pub fn wait_until_ready(&mut self) -> Result<Duration, AgentError> {
        self.wait_for_page("/readyz")
    }

    /// Waits until the agent answers, ready or not.
    pub fn wait_until_healthy(&mut self) -> Result<Duration, AgentError> {
        self.wait_for_page("/healthz")
    }

    fn wait_for_page(&mut self, path: &str) -> Result<Duration, AgentError> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE_FOR_START {
            if let Some(status) = self.process.ended().map_err(AgentError::Process)? {
                return Err(AgentError::Ended { status, log: self.log() });
            }
            if self.fetch(path).is_ok_and(|(status, _)| status == 200) {
                return Ok(began.elapsed());
            }
            thread::sleep(GLANCE);
        }
        Err(AgentError::NotReady { waited: began.elapsed(), log: self.log() })
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Status and body of a page of the agent's web listener.
    pub fn fetch(&self, path: &str) -> Result<(u16, String), AgentError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.settings.web_port));
        let answer = self.namespace.in_namespace(|| fetch(address, path))?;
        answer.map_err(|source| AgentError::Web { path: path.to_owned(), source })
    }

    pub fn metrics(&self) -> Result<Metrics, AgentError> {
        self.fetch("/metrics").map(|(_, page)| Metrics::parse(&page))
    }

    /// What `wardline devices`, `flows` or `alerts` print as JSON.
    pub fn ask(&self, question: &str) -> Result<Value, AgentError> {
        let mut command = Command::new(executable()?);
        command.args([question, "-o", "json", "--socket"]).arg(self.socket());
        let output = command.stdin(Stdio::null()).output().map_err(AgentError::Process)?;
        let question = question.to_owned();
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(AgentError::Refused { question, status: output.status, message });
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|source| AgentError::NotJson { question, source })
    }

    /// Writes its configuration as the settings say now, or `text`, and has it reloaded by
    /// `wardline reload`.
    pub fn reload(&self, text: Option<&str>) -> Result<Output, AgentError> {
        let own;
        let text = match text {
            Some(text) => text,
            None => {
                own = self.configuration();
                &own
            }
        };
        self.scratch.write("wardline.toml", text)?;
        let mut command = Command::new(executable()?);
        command.args(["reload", "--socket"]).arg(self.socket()).stdin(Stdio::null());
        command.output().map_err(AgentError::Process)
    }

    /// Its configuration as the settings say.
    pub fn configuration(&self) -> String {
        self.settings.file(self.scratch.path(), &self.pins)
    }

    /// Sends it a signal.
    pub fn signal(&mut self, signal: i32) -> Result<(), AgentError> {
        self.process.signal(signal).map_err(AgentError::Process)
    }

    /// The list in the answer to [`Self::ask`].
    pub fn list(&self, question: &str) -> Result<Vec<Value>, AgentError> {
        let mut answer = self.ask(question)?;
        match answer.get_mut(question).map(Value::take) {
            Some(Value::Array(entries)) => Ok(entries),
            _ => Ok(Vec::new()),
        }
    }

    /// Ends it without a chance to tidy up, as a crash does.
    pub fn kill(&mut self) -> Result<(), AgentError> {
        self.process.signal(libc::SIGKILL).map_err(AgentError::Process)?;
        self.process.end().map(drop).map_err(AgentError::Process)
    }

    /// Ends it as a service manager does.
    pub fn stop(&mut self) -> Result<ExitStatus, AgentError> {
        self.process.end().map_err(AgentError::Process)
    }

    /// Starts it anew after its end, without waiting; state, events and pins stay.
    pub fn launch_again(&mut self) -> Result<(), AgentError> {
        let file = self.settings.file(self.scratch.path(), &self.pins);
        self.scratch.write("wardline.toml", file)?;
        self.process = spawn(&self.namespace, &self.settings, &self.scratch)?;
        Ok(())
    }

    /// As [`Self::launch_again`], and waits until it is ready.
    pub fn start_again(&mut self) -> Result<Duration, AgentError> {
        self.launch_again()?;
        self.wait_until_ready()
    }

    /// How it ended of its own accord, waiting at most `patience`.
    pub fn ended_within(&mut self, patience: Duration) -> Result<Option<ExitStatus>, AgentError> {
        self.process.wait_for(patience).map_err(AgentError::Process)
    }

    /// Everything it logged, through all its lives.
    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.join("agent.log")).unwrap_or_default()
    }

    /// Events of one type; a line that is still being written is left out.
    pub fn events(&self, event_type: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.events_path()).unwrap_or_default();
        let events = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        events.filter(|event: &Value| event["event_type"] == event_type).collect()
    }

    pub fn events_path(&self) -> PathBuf {
        self.scratch.join("events.jsonl")
    }

    pub fn state_directory(&self) -> PathBuf {
        self.scratch.join("state")
    }

    /// Where everything is that it writes.
    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    pub fn socket(&self) -> PathBuf {
        self.scratch.join("wardline.sock")
    }

    pub fn pin_directory(&self) -> &Path {
        &self.pins
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("process {} saw the agent log:\n{}", process::id(), last_lines(&self.log()));
        }
        if let Err(error) = self.stop().and_then(|_| remove_pins(&self.pins)) {
            eprintln!("laboratory: {error}");
        }
    }
}

/// Takes off whatever is pinned below `pins`, if anything is.
fn remove_pins(pins: &Path) -> Result<(), AgentError> {
    if !pins.exists() {
        return Ok(());
    }
    let mut command = Command::new(executable()?);
    command.args(["detach", "--pin-directory"]).arg(pins);
    let output = command.stdin(Stdio::null()).output().map_err(AgentError::Process)?;
    if output.status.success() && !pins.exists() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(AgentError::Refused { question: "detach".to_owned(), status: output.status, message })
}

/// Removes the pins of tests whose process is gone.
fn remove_stale_pins() -> Result<(), AgentError> {
    for entry in fs::read_dir(BPF_FILES).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PIN_PREFIX).and_then(|rest| rest.split('-').next());
        let is_ours = owner.is_some_and(|owner| owner.parse::<u32>().is_ok());
        if is_ours && !owner.is_some_and(|owner| Path::new("/proc").join(owner).exists()) {
            remove_pins(&entry.path())?;
        }
    }
    Ok(())
}

fn last_lines(log: &str) -> String {
    const LAST: usize = 30;
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LAST)..].join("\n")
}

fn spawn(
    namespace: &Namespace,
    settings: &Settings,
    scratch: &Scratch,
) -> Result<ChildGuard, AgentError> {
    let path = scratch.join("agent.log");
    let open = || -> io::Result<(File, File)> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.try_clone().map(|same| (file, same))
    };
    let (log, same_log) =
        open().map_err(|source| AgentError::File { path: path.clone(), source })?;
    let executable = settings.executable.clone().map_or_else(executable, Ok)?;
    let mut command = namespace.command(executable);
    command.arg("run").arg("--config").arg(scratch.join("wardline.toml"));
    command.stdin(Stdio::null()).stdout(log).stderr(same_log);
    Ok(ChildGuard::start(&mut command)?)
}
