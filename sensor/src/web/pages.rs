//! The pages, and the guard before them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::HttpBody as _,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};

use super::{
    file::WebFile,
    gate::Gate,
    login::{Logins, Verdict},
    rate::Bucket,
    server::Peer,
};
use crate::{export::metrics, question::Asker, reload::Reloads};

/// The type of Prometheus' text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Nothing that is asked here has a body; some clients send an empty form.
const LARGEST_BODY: u64 = 4096;
/// Of one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// In place of what the file does not set.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// What the pages ask.
#[derive(Debug)]
pub struct Sources {
    pub asker: Asker,
    pub gate: Arc<Gate>,
    pub reloads: Reloads,
    logins: Logins,
    bucket: Bucket,
}

impl Sources {
    pub fn new(asker: Asker, gate: Arc<Gate>, reloads: Reloads) -> Self {
        Self { asker, gate, reloads, logins: Logins::default(), bucket: Bucket::default() }
    }
}

pub fn router(sources: Arc<Sources>) -> Router {
    Router::new()
        .route("/", get(async || Html(landing_page())))
        .route("/metrics", get(metrics_page))
        .route("/healthz", get(health))
        .route("/-/healthy", get(health))
        .route("/readyz", get(readiness))
        .route("/-/ready", get(readiness))
        .route("/-/reload", post(reload).put(reload))
        .layer(middleware::from_fn_with_state(Arc::clone(&sources), guard))
        .with_state(sources)
}

fn landing_page() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Wardline</title>\
         </head><body><h1>Wardline</h1><p>Traffic classifier for hospital gateways, version \
         {version}.</p><ul><li><a href=\"/metrics\">Metrics</a></li>\
         <li><a href=\"/-/healthy\">Health</a></li><li><a href=\"/-/ready\">Readiness</a></li>\
         </ul></body></html>\n"
    )
}

/// Lets those pass who may ask, and adds headers to every answer.
async fn guard(
    State(sources): State<Arc<Sources>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let _answering = peer.begin();
    let file = sources.gate.current();
    let mut response = if lacks(&peer.file, &file) {
        (StatusCode::FORBIDDEN, "connect again: more is asked now\n").into_response()
    } else if !sources.bucket.admits(file.rate_limit, Instant::now()) {
        (StatusCode::TOO_MANY_REQUESTS, "too many requests\n").into_response()
    } else {
        let authorization = request.headers().get(header::AUTHORIZATION);
        let verdict = match file.users.is_empty() {
            true => Verdict::Welcome,
            false => sources.logins.judge(&file.users, authorization, peer.address).await,
        };
        match verdict {
            Verdict::Welcome => answer(request, next).await,
            Verdict::Stranger => {
                let realm = [(header::WWW_AUTHENTICATE, "Basic realm=\"wardline\"")];
                (StatusCode::UNAUTHORIZED, realm, "name and password, please\n").into_response()
            }
            Verdict::Wait(wait) => {
                let seconds = wait.as_secs_f64().ceil().to_string();
                let after = [(header::RETRY_AFTER, seconds)];
                (StatusCode::TOO_MANY_REQUESTS, after, "too many wrong passwords\n").into_response()
            }
        }
    };
    let headers = response.headers_mut();
    if !same(&peer.file, &file) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in HEADERS.into_iter().chain(file.headers.iter().cloned()) {
        headers.insert(name, value);
    }
    response
}

/// Whether a connection that was made under `before` lacks what is asked for now.
fn lacks(before: &WebFile, now: &WebFile) -> bool {
    now.encrypts() && !before.encrypts() || now.needs_certificate && !before.needs_certificate
}

/// Whether a connection that was made under `before` would be made in the same way now.
fn same(before: &WebFile, now: &WebFile) -> bool {
    match (&before.tls, &now.tls) {
        (Some(before), Some(now)) => Arc::ptr_eq(before, now),
        (before, now) => before.is_none() == now.is_none(),
    }
}

async fn answer(request: Request, next: Next) -> Response {
    let size = request.body().size_hint();
    if size.upper().is_none_or(|octets| octets > LARGEST_BODY) {
        return (StatusCode::PAYLOAD_TOO_LARGE, "nothing here takes a body\n").into_response();
    }
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "no answer in time\n").into_response(),
    }
}

async fn metrics_page(State(sources): State<Arc<Sources>>) -> Response {
    match sources.asker.snapshot().await {
        Ok(snapshot) => {
            let page = metrics::render(&snapshot, |page| {
                sources.reloads.fill(page);
                let is_current = f64::from(u8::from(sources.gate.is_current()));
                page.add("wardline_web_config_last_reload_successful", &[], is_current);
            });
            ([(header::CONTENT_TYPE, TEXT_FORMAT)], page).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Healthy while the pipeline answers.
async fn health(State(sources): State<Arc<Sources>>) -> Response {
    match sources.asker.readiness().await {
        Ok(_) => "healthy\n".into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Ready when every configured interface is attached and the maps are being read.
async fn readiness(State(sources): State<Arc<Sources>>) -> Response {
    match sources.asker.readiness().await {
        Ok(found) if found.is_ready => "ready\n".into_response(),
        Ok(found) => {
            let missing = found.interfaces_missing;
            let text = format!("not ready: {missing} configured interfaces are not attached\n");
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// Reads the configuration anew, for those who are known.
async fn reload(State(sources): State<Arc<Sources>>) -> Response {
    if !sources.gate.takes_orders() {
        let text = "no reload from here: it needs `[web] enable_lifecycle = true` \
                    (`--web.enable-lifecycle`) and a `config_file` that asks who; `wardline \
                    reload` and SIGHUP work without\n";
        return (StatusCode::FORBIDDEN, text).into_response();
    }
    match sources.reloads.ask().await {
        Ok(outcome) => format!("{outcome}\n").into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}
