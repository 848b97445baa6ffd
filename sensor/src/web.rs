//! The web listener: metrics, health, readiness, and a page that says where they are.

use std::{future::Future, io, net::SocketAddr};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use tokio::net::TcpListener;

use crate::{export::metrics, question::Asker};

/// The type of Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

const LANDING_PAGE: &str = "<!doctype html><html lang=\"en\"><head><title>Wardline</title></head>\
<body><h1>Wardline</h1><p>Traffic classifier for hospital gateways.</p><ul>\
<li><a href=\"/metrics\">Metrics</a></li><li><a href=\"/healthz\">Health</a></li>\
<li><a href=\"/readyz\">Readiness</a></li></ul></body></html>\n";

/// Binds the listener.
///
/// # Errors
///
/// What the system says: the address is in use, or not of this host.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until `stop` completes.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    asker: Asker,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(async || Html(LANDING_PAGE)))
        .route("/metrics", get(metrics_page))
        .route("/healthz", get(health))
        .route("/-/healthy", get(health))
        .route("/readyz", get(readiness))
        .route("/-/ready", get(readiness))
        .with_state(asker);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn metrics_page(State(asker): State<Asker>) -> Response {
    match asker.snapshot().await {
        Ok(snapshot) => {
            ([(header::CONTENT_TYPE, TEXT_FORMAT)], metrics::render(&snapshot)).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Healthy while the pipeline answers.
async fn health(State(asker): State<Asker>) -> Response {
    match asker.snapshot().await {
        Ok(_) => "healthy\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Ready when every configured interface is attached and the maps are being read.
async fn readiness(State(asker): State<Asker>) -> Response {
    match asker.snapshot().await {
        Ok(snapshot) if snapshot.is_ready => "ready\n".into_response(),
        Ok(snapshot) => {
            let missing = snapshot.interfaces_missing;
            let text = format!("not ready: {missing} configured interfaces are not attached\n");
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}
