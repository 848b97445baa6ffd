//! A web server that keeps what is posted to it, and can be away.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::Keys;
use crate::lab::Namespace;

const PATIENCE: Duration = Duration::from_secs(2);
const LARGEST: usize = 1 << 20;

/// One request.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Names in small letters.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    is_away: AtomicBool,
    posted: Mutex<Vec<Posted>>,
}

/// It listens as long as the test's process lives.
#[derive(Clone, Debug)]
pub struct Hook {
    state: Arc<State>,
}

impl Hook {
    /// On loopback of a namespace.
    pub const PORT: u16 = 8080;

    pub fn open(namespace: &Namespace) -> Result<Self> {
        let listener =
            namespace.in_namespace(|| TcpListener::bind(("127.0.0.1", Self::PORT)))??;
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // Whoever breaks off is asked again.
                let _ = serve(connection, &shared);
            }
        });
        Ok(Self { state })
    }

    /// While it is away it answers that, and keeps nothing.
    pub fn go_away(&self, is_away: bool) {
        self.state.is_away.store(is_away, Ordering::SeqCst);
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.state.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn keys(&self) -> Keys {
        let key = |posted: Posted| {
            posted.headers.get("idempotency-key").map(|key| key.trim_matches('"').to_owned())
        };
        self.posted().into_iter().filter_map(key).collect()
    }
}

/// The request of one connection.
fn serve(connection: TcpStream, state: &State) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(connection);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => break,
            line => {
                let (name, value) = line.split_once(": ").unwrap_or(("request", line));
                headers.insert(name.to_lowercase(), value.to_owned());
            }
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0).min(LARGEST)];
    reader.read_exact(&mut body)?;
    let is_away = state.is_away.load(Ordering::SeqCst);
    if !is_away {
        let mut posted = state.posted.lock().unwrap_or_else(PoisonError::into_inner);
        posted.push(Posted { headers, body });
    }
    let status = if is_away { "503 Service Unavailable" } else { "200 OK" };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes())
}
