//! The agent's Unix socket: one JSON question a line, one JSON answer a line.

use std::{
    fs, io,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixListener,
};

use crate::{
    explain::{explained, history},
    export::{eve::EventContext, store::Store},
    pipeline::live::wall_clock,
    question::{AlertQuestion, Asker, ProfileQuestion, Subject},
    reload::Reloads,
};

/// The store, for what is no longer in the pipeline.
pub type Archive = Arc<Mutex<Store>>;

/// Longest question that is read.
const LONGEST_QUESTION: u64 = 4096;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error(
        "no agent answers at {path}: {source}; is `wardline run` running, and is --socket the path in its configuration?"
    )]
    NotRunning { path: PathBuf, source: io::Error },
    #[error("not permitted to ask the agent at {path}; use its user, its group, or root")]
    NotPermitted { path: PathBuf },
    #[error("the agent at {path} broke off: {reason}")]
    BrokenOff { path: PathBuf, reason: String },
    #[error("the agent answers: {reason}")]
    Refused { reason: String },
    #[error("cannot listen at {path}: {source}")]
    Listen { path: PathBuf, source: io::Error },
}

impl ControlError {
    /// Of its cause, where that is the system's.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::NotRunning { source, .. } | Self::Listen { source, .. } => source.kind(),
            _ => io::ErrorKind::Other,
        }
    }
}

/// Listens at `path` (mode 0660), in place of a socket that a dead agent left.
///
/// # Errors
///
/// [`ControlError::Listen`], also when another agent answers there.
pub fn listen(path: &Path) -> Result<UnixListener, ControlError> {
    let failed = |source| ControlError::Listen { path: path.to_path_buf(), source };
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed)?;
    }
    if UnixStream::connect(path).is_ok() {
        let source = io::Error::new(io::ErrorKind::AddrInUse, "another agent answers there");
        return Err(failed(source));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}

/// Whom the socket asks.
#[derive(Clone)]
pub struct Sources {
    pub asker: Asker,
    pub archive: Option<Archive>,
    pub reloads: Reloads,
}

/// Answers until dropped.
pub async fn serve(listener: UnixListener, sources: Sources) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            // Out of descriptors: the next caller may find some.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let sources = sources.clone();
        tokio::spawn(async move {
            let (reader, mut writer) = stream.split();
            let mut question = String::new();
            let mut reader = tokio::io::BufReader::new(reader.take(LONGEST_QUESTION));
            let read = tokio::time::timeout(PATIENCE, reader.read_line(&mut question)).await;
            if !matches!(read, Ok(Ok(length)) if length > 0) {
                return;
            }
            let mut answer = answer(&question, sources).await.to_string();
            answer.push('\n');
            // A caller that has gone needs no answer.
            let _ = writer.write_all(answer.as_bytes()).await;
        });
    }
}

async fn answer(question: &str, sources: Sources) -> Value {
    let Sources { asker, archive, reloads } = sources;
    let Ok(question) = serde_json::from_str::<Value>(question) else {
        return json!({"error": "the question is not JSON"});
    };
    if question.get("reload").is_some() {
        return match reloads.ask().await {
            Ok(outcome) => json!({
                "reloaded": outcome.to_string(),
                "needs_restart": outcome.needs_restart,
                "begins_anew": outcome.begins_anew,
            }),
            Err(error) => json!({"error": error}),
        };
    }
    if question.get("alerts").is_some() {
        return match serde_json::from_value(question) {
            Ok(question) => answer_on_alerts(question, &asker, archive).await,
            Err(error) => json!({"error": error.to_string()}),
        };
    }
    if question.get("profiles").is_some() {
        let answer = match serde_json::from_value(question) {
            Ok(question) => asker.profiles(question).await,
            Err(error) => return json!({"error": error.to_string()}),
        };
        return answer.unwrap_or_else(|error| json!({"error": error.to_string()}));
    }
    let subject = question.get("list").and_then(Value::as_str).and_then(Subject::from_name);
    match subject {
        None => {
            json!({"error": "ask {\"list\": \"devices\"}, \"flows\", \"alerts\", \"unknown\", \"profiles\" or \"status\""})
        }
        Some(subject) => match asker.list(subject).await {
            Ok(answer) => answer,
            Err(error) => json!({"error": error.to_string()}),
        },
    }
}

/// The pipeline's answer; of one alert with its history, and from the store if it is over.
async fn answer_on_alerts(
    question: AlertQuestion,
    asker: &Asker,
    archive: Option<Archive>,
) -> Value {
    let shown = match question {
        AlertQuestion::Show { alert } => Some(alert),
        _ => None,
    };
    let answer = match asker.alerts(question).await {
        Ok(answer) => answer,
        Err(error) => return json!({"error": error.to_string()}),
    };
    let (Some(alert), Some(archive)) = (shown, archive) else { return answer };
    let fallback = answer.clone();
    let completed = tokio::task::spawn_blocking(move || {
        // A panic elsewhere leaves a connection as good as it was.
        let store = archive.lock().unwrap_or_else(PoisonError::into_inner);
        complete(answer, alert, &store)
    });
    completed.await.unwrap_or(fallback)
}

fn complete(mut answer: Value, id: u64, store: &Store) -> Value {
    if answer.get("error").is_some() {
        let wall = wall_clock();
        match store.load_alert(id, wall) {
            Ok(Some(alert)) => {
                let (interface_name, attach_mode) = (&|_| None, "none");
                let context = EventContext { wall, interface_name, attach_mode, sensor: None };
                answer = explained(&alert, None, &context);
            }
            Ok(None) => return json!({"error": format!("there is no alert {id}")}),
            Err(error) => return json!({"error": error.to_string()}),
        }
    }
    let notes = store.load_history(id).map(|loaded| loaded.rows).unwrap_or_default();
    answer["history"] = history(&answer["alert"], &notes);
    answer
}

/// Asks the agent at `path` for a list.
///
/// # Errors
///
/// [`ControlError`], each variant with what to do.
pub fn ask(path: &Path, subject: Subject) -> Result<Value, ControlError> {
    put(path, &json!({"list": subject.name()}))
}

/// Asks about an alert, or orders something about alerts.
///
/// # Errors
///
/// As [`ask`].
pub fn ask_about_alerts(path: &Path, question: &AlertQuestion) -> Result<Value, ControlError> {
    put(path, &json!(question))
}

/// Asks about what is learned of a device, or orders it to be learned anew.
///
/// # Errors
///
/// As [`ask`].
pub fn ask_about_profiles(path: &Path, question: &ProfileQuestion) -> Result<Value, ControlError> {
    put(path, &json!(question))
}

/// Has the agent reload its configuration; returns what it says of it.
///
/// # Errors
///
/// As [`ask`]; [`ControlError::Refused`] when the old configuration stays in force.
pub fn reload(path: &Path) -> Result<String, ControlError> {
    let answer = put(path, &json!({"reload": {}}))?;
    Ok(answer["reloaded"].as_str().unwrap_or_default().to_owned())
}

fn put(path: &Path, question: &Value) -> Result<Value, ControlError> {
    let path = path.to_path_buf();
    let stream = UnixStream::connect(&path).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => ControlError::NotPermitted { path: path.clone() },
        _ => ControlError::NotRunning { path: path.clone(), source },
    })?;
    let broken = |reason: String| ControlError::BrokenOff { path: path.clone(), reason };
    let exchange = || -> io::Result<String> {
        stream.set_read_timeout(Some(PATIENCE))?;
        writeln!(&stream, "{question}")?;
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().map_err(|error| broken(error.to_string()))?;
    let answer: Value = serde_json::from_str(&answer).map_err(|error| broken(error.to_string()))?;
    match answer.get("error").and_then(Value::as_str) {
        Some(reason) => Err(ControlError::Refused { reason: reason.to_owned() }),
        None => Ok(answer),
    }
}
