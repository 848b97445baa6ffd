use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use super::*;
use crate::{
    config::Web,
    question::{Asker, Question, Readiness, Refresh},
    reload::{Outcome, Reloads},
    time::Timestamp,
};

/// A server in a runtime of its own, before a pipeline that is ready.
struct Rig {
    runtime: tokio::runtime::Runtime,
    address: SocketAddr,
    refreshed: Arc<Refreshed>,
    _server: Server,
}

/// How often totals were refreshed.
#[derive(Debug, Default)]
struct Refreshed(AtomicU64);

impl Refresh for Refreshed {
    fn refresh(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn rig(web: Web) -> Rig {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    rig_in(runtime.worker_threads(2).enable_all().build().unwrap(), web)
}

fn rig_in(runtime: tokio::runtime::Runtime, web: Web) -> Rig {
    let refreshed = Arc::new(Refreshed::default());
    let (asker, questions) = Asker::new(Arc::<Refreshed>::clone(&refreshed));
    thread::spawn(move || {
        while let Ok(question) = questions.recv() {
            match question {
                Question::Snapshot(answer) => {
                    let _ = answer.send(Box::default());
                }
                Question::Readiness(answer) => {
                    let ready = Readiness { is_ready: true, interfaces_missing: 0 };
                    let _ = answer.send(ready);
                }
                _ => {}
            }
        }
    });
    let (reloads, mut requests) = Reloads::new(Timestamp::from_micros(0));
    runtime.spawn(async move {
        while let Some(request) = requests.recv().await {
            let _ = request.send(Ok(Outcome::default()));
        }
    });
    let gate = Arc::new(Gate::new(Access::load(&web).unwrap()));
    let sources = Arc::new(Sources::new(asker, gate, reloads));
    let (address, server) = runtime.block_on(async {
        let listener = bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        (listener.local_addr().unwrap(), Server::start(listener, sources))
    });
    Rig { runtime, address, refreshed, _server: server }
}

impl Rig {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Status and everything after it.
    fn exchange(&self, request: &str) -> (u16, String) {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is as good as an end.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.unwrap_or(0), answer)
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    }
}

#[test]
fn pages_are_where_prometheus_has_them() {
    let rig = rig(Web::default());
    for path in ["/", "/metrics", "/healthz", "/readyz", "/-/healthy", "/-/ready"] {
        assert_eq!(rig.get(path).0, 200, "{path}");
    }
    let (_, landing) = rig.get("/");
    assert!(landing.contains("href=\"/metrics\"") && landing.contains(env!("CARGO_PKG_VERSION")));
    assert!(landing.to_lowercase().contains("x-content-type-options: nosniff"));
    let (_, metrics) = rig.get("/metrics");
    assert!(metrics.contains("\nwardline_config_last_reload_successful 1\n"));
    assert_eq!(rig.get("/nowhere").0, 404);
}

#[test]
fn who_asks_whether_the_agent_is_well_has_no_totals_read() {
    let rig = rig(Web::default());
    for path in ["/healthz", "/readyz", "/-/healthy", "/-/ready"] {
        assert_eq!(rig.get(path).0, 200, "{path}");
    }
    assert_eq!(rig.refreshed.0.load(Ordering::Relaxed), 0);
    assert_eq!(rig.get("/metrics").0, 200);
    assert_eq!(rig.refreshed.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_reload_is_for_those_who_are_known() {
    let post = "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n";
    let allowed = Web { enable_lifecycle: true, ..Web::default() };
    let open = rig(allowed.clone());
    assert_eq!(open.exchange(&format!("{post}\r\n")).0, 403, "nobody asks who");
    assert_eq!(open.get("/-/reload").0, 405);
    let directory = std::env::temp_dir().join(format!("wardline-web-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("web.yml");
    let hash = bcrypt::hash_with_salt("p", 4, [1; 16]).unwrap().to_string();
    std::fs::write(&file, format!("basic_auth_users:\n  a: {hash}\n")).unwrap();
    let asking = rig(Web { config_file: Some(file.clone()), ..allowed });
    assert_eq!(asking.exchange(&format!("{post}\r\n")).0, 401);
    let known = "Authorization: Basic YTpw\r\n";
    assert_eq!(asking.exchange(&format!("{post}{known}\r\n")).0, 200);
    let off = rig(Web { config_file: Some(file), ..Web::default() });
    assert_eq!(off.exchange(&format!("{post}{known}\r\n")).0, 403, "it is not enabled");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn long_headers_and_bodies_are_refused() {
    let rig = rig(Web::default());
    let long = "x".repeat(32 * 1024);
    let (status, _) =
        rig.exchange(&format!("GET /metrics HTTP/1.1\r\nHost: x\r\nA: {long}\r\n\r\n"));
    assert_eq!(status, 431);
    let fields: String = (0..200).map(|each| format!("A{each}: b\r\n")).collect();
    let (status, _) = rig.exchange(&format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n"));
    assert_eq!(status, 431);
    let body = "Content-Length: 1000000000\r\n";
    let (status, _) = rig.exchange(&format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{body}\r\n"));
    assert_eq!(status, 413);
    let body = "Transfer-Encoding: chunked\r\n";
    let (status, _) = rig.exchange(&format!("POST /-/reload HTTP/1.1\r\nHost: x\r\n{body}\r\n"));
    assert_eq!(status, 413);
}

/// More idle connections than there may be: the oldest make room, and pages are served.
#[test]
fn idle_connections_keep_nobody_out() {
    let rig = rig(Web::default());
    let mut idle: Vec<TcpStream> = (0..300).map(|_| rig.connect()).collect();
    for stream in &mut idle {
        // One that was closed already.
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nX: ");
    }
    assert_eq!(rig.get("/metrics").0, 200);
    let first = idle[0].read(&mut [0; 64]);
    assert!(matches!(first, Ok(0) | Err(_)), "the oldest was closed: {first:?}");
}

/// A header that comes octet by octet is given up. Time is the runtime's, and passes at once.
#[test]
fn a_slow_header_is_given_up() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rig = rig_in(runtime, Web::default());
    let address = rig.address;
    rig.runtime.block_on(async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        // Let the server see it.
        for _ in 0..50 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::pause();
        for _ in 0..40 {
            tokio::time::advance(Duration::from_secs(1)).await;
            // It may be closed by now.
            let _ = stream.write_all(b"x").await;
        }
        tokio::time::resume();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains("200 OK"), "{answer}");
    });
}
