//! Accepts connections: so many at a time, each within limits of time and size. One that asks
//! nothing for long has to make room for a new one, so idle connections keep nobody out.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::{file::WebFile, gate::Gate};

/// Connections at a time.
pub const MOST_CONNECTIONS: usize = 512;
/// Of them with one address.
const MOST_OF_ONE: usize = 256;
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Until a header is there, also while nothing is asked on a connection.
const HEADER: Duration = Duration::from_secs(30);
/// After which a connection is closed, whatever it does.
const LIFETIME: Duration = Duration::from_secs(600);
/// In octets; hyper answers 431 beyond it.
const LONGEST_HEADER: usize = 16 * 1024;
const MOST_FIELDS: usize = 64;

/// Who asks, for the guard.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: IpAddr,
    /// What was in force when it connected.
    pub file: Arc<WebFile>,
    line: Arc<Line>,
}

impl Peer {
    /// Its connection is not closed while the answer is made.
    pub fn begin(&self) -> Answering {
        self.line.is_answering.store(true, Relaxed);
        Answering(Arc::clone(&self.line))
    }
}

/// While it lives.
pub struct Answering(Arc<Line>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.is_answering.store(false, Relaxed);
    }
}

/// One connection, as the others see it.
#[derive(Debug)]
struct Line {
    peer: IpAddr,
    is_answering: AtomicBool,
    closed: Notify,
}

/// The connections there are, by number: the lowest is the oldest.
#[derive(Debug, Default)]
struct Lines {
    lines: Mutex<HashMap<u64, Arc<Line>>>,
    next: AtomicU64,
    displaced: AtomicU64,
}

impl Lines {
    fn lines(&self) -> MutexGuard<'_, HashMap<u64, Arc<Line>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection; the oldest that is not being answered makes room for it, one of
    /// the same address if that has many.
    fn enter(&self, peer: IpAddr) -> Option<(u64, Arc<Line>)> {
        let mut lines = self.lines();
        let of_peer = lines.values().filter(|line| line.peer == peer).count();
        if lines.len() >= MOST_CONNECTIONS || of_peer >= MOST_OF_ONE {
            let of_peer_only = of_peer >= MOST_OF_ONE;
            let idle = lines.iter().filter(|(_, line)| {
                !line.is_answering.load(Relaxed) && (!of_peer_only || line.peer == peer)
            });
            let oldest = idle.map(|(number, _)| *number).min()?;
            if let Some(line) = lines.remove(&oldest) {
                line.closed.notify_one();
                self.displaced.fetch_add(1, Relaxed);
            }
        }
        let number = self.next.fetch_add(1, Relaxed);
        let line =
            Arc::new(Line { peer, is_answering: AtomicBool::new(false), closed: Notify::new() });
        lines.insert(number, Arc::clone(&line));
        Some((number, line))
    }
}

/// Serves until `end` is closed.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    gate: Arc<Gate>,
    mut end: watch::Receiver<()>,
) {
    let lines = Arc::new(Lines::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = end.changed() => return,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of descriptors: the next caller may find some.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let Some((number, line)) = lines.enter(peer.ip()) else { continue };
        let (lines, router, end) = (Arc::clone(&lines), router.clone(), end.clone());
        let gate = Arc::clone(&gate);
        tokio::spawn(async move {
            let closed = Arc::clone(&line);
            tokio::select! {
                () = attend(stream, peer, line, router, &gate) => {}
                () = closed.closed.notified() => {}
                () = until_closed(end) => {}
            }
            lines.lines().remove(&number);
        });
    }
}

async fn until_closed(mut end: watch::Receiver<()>) {
    while end.changed().await.is_ok() {}
}

async fn attend(stream: TcpStream, peer: SocketAddr, line: Arc<Line>, router: Router, gate: &Gate) {
    let _ = stream.set_nodelay(true);
    let file = gate.current();
    let peer = Peer { address: peer.ip(), file: Arc::clone(&file), line };
    match file.tls.clone() {
        None => converse(stream, peer, router).await,
        Some(config) => {
            let handshake = TlsAcceptor::from(config).accept(stream);
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, handshake).await {
                converse(stream, peer, router).await;
            }
        }
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Peer,
    router: Router,
) {
    let router = router.layer(axum::Extension(peer));
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_buf_size(LONGEST_HEADER)
        .max_headers(MOST_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    // What went wrong is the caller's affair.
    let _ = timeout(LIFETIME, connection).await;
}
