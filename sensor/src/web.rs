//! The web listener: metrics, health, readiness, reload, and a page that says where they are.

pub mod file;
pub mod gate;
mod login;
mod pages;
mod rate;
mod server;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, sync::watch};

pub use gate::{Access, Gate};
pub use pages::Sources;

/// Binds the listener.
///
/// # Errors
///
/// What the system says: the address is in use, or not of this host.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// How long answers under way may take when a listener ends.
const GRACE: Duration = Duration::from_secs(2);

/// A listener at work; it ends when this is dropped, and a little later its connections.
#[derive(Debug)]
pub struct Server {
    running: Option<watch::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Answers at `listener`, within a runtime.
    pub fn start(listener: TcpListener, sources: Arc<Sources>) -> Self {
        let (running, end) = watch::channel(());
        let gate = Arc::clone(&sources.gate);
        let task = tokio::spawn(server::serve(listener, pages::router(sources), gate, end));
        Self { running: Some(running), task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        let running = self.running.take();
        // Where there is no runtime there are no connections.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(GRACE).await;
                drop(running);
            });
        }
    }
}

#[cfg(test)]
mod tests;
