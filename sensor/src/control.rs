//! The agent's Unix socket: one JSON question a line, one JSON answer a line.

use std::{
    fs, io,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixListener,
};

use crate::question::{Asker, Subject};

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
    #[error("cannot listen at {path}: {source}")]
    Listen { path: PathBuf, source: io::Error },
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

/// Answers until dropped.
pub async fn serve(listener: UnixListener, asker: Asker) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            // Out of descriptors: the next caller may find some.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let asker = asker.clone();
        tokio::spawn(async move {
            let (reader, mut writer) = stream.split();
            let mut question = String::new();
            let mut reader = tokio::io::BufReader::new(reader.take(LONGEST_QUESTION));
            let read = tokio::time::timeout(PATIENCE, reader.read_line(&mut question)).await;
            if !matches!(read, Ok(Ok(length)) if length > 0) {
                return;
            }
            let mut answer = answer(&question, &asker).await.to_string();
            answer.push('\n');
            // A caller that has gone needs no answer.
            let _ = writer.write_all(answer.as_bytes()).await;
        });
    }
}

async fn answer(question: &str, asker: &Asker) -> Value {
    let Ok(question) = serde_json::from_str::<Value>(question) else {
        return json!({"error": "the question is not JSON"});
    };
    let subject = question.get("list").and_then(Value::as_str).and_then(Subject::from_name);
    match subject {
        None => {
            json!({"error": "ask {\"list\": \"devices\"}, \"flows\", \"alerts\", \"unknown\" or \"status\""})
        }
        Some(subject) => match asker.list(subject).await {
            Ok(answer) => answer,
            Err(error) => json!({"error": error.to_string()}),
        },
    }
}

/// Asks the agent at `path` for a list.
///
/// # Errors
///
/// [`ControlError`], each variant with what to do.
pub fn ask(path: &Path, subject: Subject) -> Result<Value, ControlError> {
    let path = path.to_path_buf();
    let stream = UnixStream::connect(&path).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => ControlError::NotPermitted { path: path.clone() },
        _ => ControlError::NotRunning { path: path.clone(), source },
    })?;
    let broken = |reason: String| ControlError::BrokenOff { path: path.clone(), reason };
    let exchange = || -> io::Result<String> {
        stream.set_read_timeout(Some(PATIENCE))?;
        writeln!(&stream, "{}", json!({"list": subject.name()}))?;
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().map_err(|error| broken(error.to_string()))?;
    let answer: Value = serde_json::from_str(&answer).map_err(|error| broken(error.to_string()))?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(broken(error.to_owned())),
        None => Ok(answer),
    }
}
