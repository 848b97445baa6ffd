//! The agent's web listener before real programs: Prometheus over TLS with a password and with a
//! certificate, curl and openssl with what is too old, certificates that are replaced, and more idle
//! connections than there may be.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tests::agent::{Agent, Scratch, Settings, WEB_PORT, is_installed, wait_until, wardline};
use tests::lab::{Lab, Namespace};
use tests::prometheus::Prometheus;
use tests::siem::Authority;

const PATIENCE: Duration = Duration::from_secs(30);
const NAME: &str = "gateway.example";
const CLIENT: &str = "prometheus.example";
const PASSWORD: &str = "scrape me";
/// Of [`PASSWORD`], by crypt(3), with the lowest cost.
const HASH: &str = "$2b$04$XWXnQAW/8vGenrJlaZgaFOIlvFaQ3ftLkx6G5jy3PZ2io8nQvvrp.";

/// Certificates, and the web configuration file that names them.
struct Desk {
    scratch: Scratch,
    authority: Authority,
    client: (PathBuf, PathBuf),
}

impl Desk {
    fn make() -> Self {
        let scratch = Scratch::make("web").unwrap();
        let authority = Authority::make(scratch.path()).unwrap();
        let (certificate, key) = authority.issue(NAME).unwrap();
        let client = authority.issue(CLIENT).unwrap();
        let desk = Self { scratch, authority, client };
        desk.install(&certificate, &key);
        desk
    }

    /// Puts a certificate where the configuration has it, as a renewal does.
    fn install(&self, certificate: &Path, key: &Path) {
        fs::copy(key, self.scratch.join("server.key.new")).unwrap();
        fs::copy(certificate, self.scratch.join("server.pem.new")).unwrap();
        fs::rename(self.scratch.join("server.key.new"), self.scratch.join("server.key")).unwrap();
        fs::rename(self.scratch.join("server.pem.new"), self.scratch.join("server.pem")).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.scratch.join("web.yml")
    }

    fn ask_for_passwords(&self) {
        let text = format!(
            "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n\
             basic_auth_users:\n  prometheus: {HASH}\n"
        );
        self.scratch.write("web.yml", text).unwrap();
    }

    fn ask_for_certificates(&self) {
        let text = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  \
                    client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n  \
                    client_allowed_sans: [prometheus.example]\n";
        self.scratch.write("web.yml", text).unwrap();
    }

    fn agent(&self, namespace: &Namespace) -> Agent {
        let mut settings = Settings::on(&["rx0"]);
        settings.web = format!("config_file = {:?}", self.file());
        Agent::launch(namespace, settings).unwrap()
    }

    /// Status of a page, as curl has it; 0 when there is no answer.
    fn curl(&self, namespace: &Namespace, arguments: &[&str]) -> u16 {
        let mut command = namespace.command("curl");
        command.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]);
        command.arg("--cacert").arg(self.authority.certificate());
        command.args(["--resolve", &format!("{NAME}:{WEB_PORT}:127.0.0.1")]).args(arguments);
        command.arg(format!("https://{NAME}:{WEB_PORT}/metrics")).stdin(Stdio::null());
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0)
    }

    fn start_prometheus(&self, namespace: &Namespace) -> Prometheus {
        let (certificate, key) = &self.client;
        let authority = self.authority.certificate();
        let job = |name: &str, more: &str| {
            format!(
                "- job_name: {name}\n  scheme: https\n  static_configs:\n  - targets: \
                 [\"127.0.0.1:{WEB_PORT}\"]\n  tls_config:\n    ca_file: {authority:?}\n    \
                 server_name: {NAME}\n{more}"
            )
        };
        let with_password = job(
            "password",
            &format!("  basic_auth:\n    username: prometheus\n    password: {PASSWORD:?}\n"),
        );
        let with_certificate =
            job("certificate", &format!("    cert_file: {certificate:?}\n    key_file: {key:?}\n"));
        let text = format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n{with_password}{with_certificate}"
        );
        Prometheus::start(namespace, &self.scratch, &text).unwrap()
    }
}

fn becomes(prometheus: &Prometheus, expression: &str, value: f64) {
    let found =
        wait_until(PATIENCE, || (prometheus.sample(expression) == Some(value)).then_some(()));
    assert!(found.is_some(), "{expression} is {:?}, not {value}", prometheus.sample(expression));
}

fn answers(namespace: &Namespace, desk: &Desk, arguments: &[&str], status: u16) {
    let found = wait_until(PATIENCE, || (desk.curl(namespace, arguments) == status).then_some(()));
    assert!(found.is_some(), "{arguments:?}: {}", desk.curl(namespace, arguments));
}

fn s_client(namespace: &Namespace, desk: &Desk, arguments: &[&str]) -> Output {
    let mut command = namespace.command("openssl");
    command.args(["s_client", "-connect", &format!("127.0.0.1:{WEB_PORT}"), "-servername", NAME]);
    command.arg("-CAfile").arg(desk.authority.certificate()).args(arguments);
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn prometheus_scrapes_over_tls_and_strangers_get_nothing() {
    if !is_installed("prometheus") || !is_installed("curl") || !is_installed("openssl") {
        println!("NOT RUN: prometheus_scrapes_over_tls: prometheus, curl or openssl is missing");
        return;
    }
    let lab = Lab::new("tls").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let desk = Desk::make();
    desk.ask_for_passwords();
    let agent = desk.agent(namespace);
    let user = format!("prometheus:{PASSWORD}");
    answers(namespace, &desk, &["--user", &user], 200);
    assert_eq!(desk.curl(namespace, &[]), 401);
    assert_eq!(desk.curl(namespace, &["--user", "prometheus:wrong"]), 401);
    let prometheus = desk.start_prometheus(namespace);
    becomes(&prometheus, "up{job=\"password\"}", 1.0);
    becomes(&prometheus, "up{job=\"certificate\"}", 0.0);

    // What is too old.
    for old in ["-tls1", "-tls1_1"] {
        let output = s_client(namespace, &desk, &[old, "-cipher", "DEFAULT@SECLEVEL=0"]);
        assert!(!output.status.success(), "{old} was spoken");
    }
    for good in ["-tls1_2", "-tls1_3"] {
        let output = s_client(namespace, &desk, &[good, "-verify_return_error"]);
        assert!(output.status.success(), "{good}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(desk.curl(namespace, &["--tls-max", "1.1", "--user", &user]), 0);
    assert!(!agent.fetch("/metrics").is_ok_and(|(status, _)| status == 200), "without TLS");

    // Another authority's certificate in the same place: no restart, and no answer fails meanwhile.
    let renewed = Scratch::make("renewed").unwrap();
    let other = Authority::make(renewed.path()).unwrap();
    let (certificate, key) = other.issue(NAME).unwrap();
    desk.install(&certificate, &key);
    let cacert = other.certificate();
    let cacert = cacert.to_str().unwrap();
    answers(namespace, &desk, &["--cacert", cacert, "--user", &user], 200);
    // A key that does not fit is not taken, and told.
    let (_, wrong) = other.issue("elsewhere.example").unwrap();
    fs::copy(wrong, desk.scratch.join("server.key")).unwrap();
    let is_told = wait_until(PATIENCE, || {
        desk.curl(namespace, &["--cacert", cacert, "--user", &user]);
        agent.log().contains("the web configuration stays as it was").then_some(())
    });
    assert!(is_told.is_some());
    assert_eq!(desk.curl(namespace, &["--cacert", cacert, "--user", &user]), 200);

    // Certificates of clients, from now on.
    let (certificate, key) = desk.authority.issue(NAME).unwrap();
    desk.install(&certificate, &key);
    desk.ask_for_certificates();
    becomes(&prometheus, "up{job=\"certificate\"}", 1.0);
    becomes(&prometheus, "up{job=\"password\"}", 0.0);
    let own = |(certificate, key): &(PathBuf, PathBuf)| -> Vec<String> {
        let text = |path: &PathBuf| path.display().to_string();
        vec!["--cert".to_owned(), text(certificate), "--key".to_owned(), text(key)]
    };
    let with = |pair: &(PathBuf, PathBuf)| {
        let words = own(pair);
        desk.curl(namespace, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(with(&desk.client), 200);
    let stranger = desk.authority.issue("stranger.example").unwrap();
    assert_eq!(with(&stranger), 0, "a name that is not allowed");
    let forged = other.issue(CLIENT).unwrap();
    assert_eq!(with(&forged), 0, "another authority");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn ten_thousand_idle_connections_keep_prometheus_not_out() {
    const IDLE: usize = 10_000;
    let lab = Lab::new("idle").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let agent = Agent::start(namespace, Settings::on(&["rx0"])).unwrap();
    allow_descriptors(IDLE as u64 + 1000);
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, WEB_PORT));
    let (mut held, mut answered, mut longest) = (Vec::new(), 0, Duration::ZERO);
    for batch in 0..100 {
        namespace
            .in_namespace(|| {
                for each in 0..IDLE / 100 {
                    let Ok(mut stream) = TcpStream::connect_timeout(&server, PATIENCE) else {
                        continue;
                    };
                    if each % 2 == batch % 2 {
                        // A header that does not end; the connection may be closed already.
                        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nX-Slow: ");
                    }
                    held.push(stream);
                }
            })
            .unwrap();
        let began = Instant::now();
        if agent.fetch("/metrics").is_ok_and(|(status, _)| status == 200) {
            answered += 1;
        }
        longest = longest.max(began.elapsed());
    }
    println!(
        "{} idle connections, {answered} of 100 scrapes answered, the longest {longest:.2?}",
        held.len()
    );
    assert!(held.len() > IDLE * 9 / 10);
    assert_eq!(answered, 100);
    let open = agent.metrics().unwrap().count("process_open_fds", &[]);
    assert!(open < 700, "{open} descriptors");
}

fn allow_descriptors(count: u64) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls take a pointer to a whole rlimit that outlives them.
    let result = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        limit.rlim_cur = limit.rlim_max.min(count);
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit)
    };
    assert!(result == 0 && limit.rlim_cur == count, "{limit:?}");
}

#[test]
fn an_open_address_is_refused_and_the_message_says_what_to_do() {
    let desk = Desk::make();
    let file = desk.scratch.join("wardline.toml");
    let check = |web: &str| {
        let text = format!("[web]\nlisten_address = \"0.0.0.0:9469\"\n{web}");
        fs::write(&file, text).unwrap();
        let output = wardline(&["config", "check", file.to_str().unwrap()]).unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = check("");
    assert_eq!(code, Some(2));
    assert!(said.contains("wardline.toml:2:1: ") && said.contains("basic_auth_users"), "{said}");
    assert_eq!(check("insecure_allow = true\n").0, Some(0));
    let named = format!("config_file = {:?}\n", desk.file());
    desk.ask_for_passwords();
    assert_eq!(check(&named).0, Some(0));
    desk.ask_for_certificates();
    assert_eq!(check(&named).0, Some(0));
    desk.scratch.write("web.yml", format!("basic_auth_users:\n  a: {HASH}\n")).unwrap();
    let (code, said) = check(&named);
    assert_eq!(code, Some(2));
    assert!(said.contains("nothing there encrypts"), "{said}");
    desk.scratch.write("web.yml", "tls_server_config:\n  cert_fle: server.pem\n").unwrap();
    let (code, said) = check(&named);
    assert_eq!(code, Some(2));
    assert!(said.contains("web.yml:2:3: ") && said.contains("did you mean `cert_file`?"), "{said}");
    let run = wardline(&["run", "--config", file.to_str().unwrap(), "--interface", "lo"]).unwrap();
    assert_eq!(run.status.code(), Some(2));
}
