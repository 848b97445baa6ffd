//! Programs that others wrote talk across the gateway, and the agent says what they spoke: dcmtk,
//! Samba, dnsmasq, Python's web server, OpenSSL; and nmap sweeps.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tests::agent::{Agent, Scratch, Settings, is_installed, wait_until};
use tests::lab::hospital::outbreak::Scanner;
use tests::lab::hospital::stations::named;
use tests::lab::hospital::{CLINICAL_PORT, CORE_PORT};
use tests::lab::{ChildGuard, Hospital, Namespace};

const PATIENCE: Duration = Duration::from_secs(10);

/// A hospital in which nobody speaks yet, with the agent on its gateway.
fn watched(name: &str) -> (Hospital, Agent) {
    let hospital = Hospital::open(name).unwrap();
    let agent = watch(&hospital);
    (hospital, agent)
}

fn watch(hospital: &Hospital) -> Agent {
    let settings = Settings::on(&[CLINICAL_PORT, CORE_PORT]);
    Agent::start(hospital.gateway(), settings).unwrap()
}

/// Whether all of these programs are there; says so where not.
fn have(test: &str, programs: &[&str]) -> bool {
    let missing: Vec<_> = programs.iter().filter(|program| !is_installed(program)).collect();
    if !missing.is_empty() {
        println!("NOT RUN: {test}: {missing:?} not installed");
    }
    missing.is_empty()
}

/// Starts a server in a namespace, in `directory`.
fn serve(namespace: &Namespace, directory: &Path, program: &str, arguments: &[&str]) -> ChildGuard {
    let log = fs::File::create(directory.join("server.log")).unwrap();
    let mut command = namespace.command(program);
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    command.stdout(log.try_clone().unwrap()).stderr(log);
    ChildGuard::start(&mut command).unwrap()
}

/// Waits until somebody listens on a TCP port of the server's own namespace.
fn wait_for_port(namespace: &Namespace, directory: &Path, address: SocketAddr) {
    let port = format!("sport = :{}", address.port());
    let listens = wait_until(PATIENCE, || {
        let listening = namespace.run("ss", &["-Hltn", &port]).unwrap();
        (!listening.is_empty()).then_some(())
    });
    let log = || fs::read_to_string(directory.join("server.log")).unwrap_or_default();
    assert!(listens.is_some(), "nobody listens on {address}: {}", log());
}

fn talk(namespace: &Namespace, program: &str, arguments: &[&str]) -> Output {
    let mut command: Command = namespace.command(program);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Waits for a conversation with this server that was identified, by bytes, as `application`.
fn assert_spoken(agent: &Agent, server: SocketAddr, application: &str) -> Value {
    let to_server = |flow: &Value| {
        flow["dest_ip"] == server.ip().to_string() && flow["dest_port"] == server.port()
    };
    let seen = || -> Vec<Value> {
        let mut flows = agent.list("flows").unwrap();
        flows.extend(agent.events("flow"));
        flows.retain(to_server);
        flows
    };
    let found = wait_until(PATIENCE, || {
        seen()
            .into_iter()
            .find(|flow| flow["app_proto"] == application && flow["app_evidence"] == "confirmed")
    });
    found.unwrap_or_else(|| panic!("no {application} with {server} in {:#?}", seen())).0
}

/// Waits until the device with this hardware address is known to speak `application`.
fn assert_device_speaks(agent: &Agent, station: &str, application: &str) -> Value {
    let hardware = named(station).hardware().to_string();
    let found = wait_until(PATIENCE, || {
        let devices = agent.list("devices").unwrap();
        let mut devices = devices.into_iter().filter(|device| device["mac"] == hardware);
        devices.find(|device| {
            let spoken = device["applications"].as_array();
            spoken.is_some_and(|spoken| spoken.iter().any(|one| one == application))
        })
    });
    found.unwrap_or_else(|| panic!("{station} does not speak {application}")).0
}

fn address(station: &str, port: u16) -> SocketAddr {
    (named(station).address(), port).into()
}

/// A secondary capture image of 256 by 256 pixels in dcmtk's own notation.
fn image(scratch: &Scratch) -> String {
    let pixels = vec!["80"; 256 * 256].join("\\");
    let dump = format!(
        "(0008,0016) UI =SecondaryCaptureImageStorage\n(0008,0018) UI [1.2.826.0.1.3680043.2.1143.1]\n\
         (0008,0060) CS [OT]\n(0010,0010) PN [CANARY^PATIENT]\n(0010,0020) LO [CANARY-1]\n\
         (0020,000d) UI [1.2.826.0.1.3680043.2.1143.2]\n(0020,000e) UI [1.2.826.0.1.3680043.2.1143.3]\n\
         (0028,0002) US 1\n(0028,0004) CS [MONOCHROME2]\n(0028,0010) US 256\n(0028,0011) US 256\n\
         (0028,0100) US 8\n(0028,0101) US 8\n(0028,0102) US 7\n(0028,0103) US 0\n\
         (7fe0,0010) OB {pixels}\n"
    );
    let dump = scratch.write("image.dump", dump).unwrap();
    let image = scratch.join("image.dcm");
    let made = Command::new("dump2dcm")
        .args(["+te", "+l", "4000000"])
        .arg(dump)
        .arg(&image)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    image.display().to_string()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn dcmtk_speaks_dicom_on_any_port() {
    let programs = ["storescp", "echoscu", "storescu", "dump2dcm"];
    if !have("dcmtk_speaks_dicom_on_any_port", &programs) {
        return;
    }
    let hospital = Hospital::open("dcmtk").unwrap();
    // Stations that configure IPv6 all send from `::`, and a flow from there is no one station's.
    hospital.station("ct").silence_ipv6().unwrap();
    let agent = watch(&hospital);
    let scratch = Scratch::make("dcmtk").unwrap();
    let (archive, scanner) = (hospital.station("pacs"), hospital.station("ct"));
    let sent_before = scanner.link_statistics("eth0").unwrap().tx_octets;
    let server = address("pacs", 40_404);
    let arguments = ["-dhl", "-aet", "PACS_MAIN", "40404"];
    let _storescp = serve(archive, scratch.path(), "storescp", &arguments);
    wait_for_port(archive, scratch.path(), server);
    let host = server.ip().to_string();
    let titles = ["-aet", "CT_ROOM_1", "-aec", "PACS_MAIN", &host, "40404"];
    talk(scanner, "echoscu", &titles);
    let image = image(&scratch);
    talk(scanner, "storescu", &[&titles[..], &[&image]].concat());
    let stored = fs::read_dir(scratch.path()).unwrap().flatten();
    let stored =
        stored.filter(|entry| entry.file_name().to_string_lossy().starts_with("SC.")).count();
    assert_eq!(stored, 1, "the archive has the image");
    assert_spoken(&agent, server, "dicom");
    assert_device_speaks(&agent, "pacs", "dicom");
    // The scanner's own interface says how much it sent, before and after the agent came.
    let on_wire = || scanner.link_statistics("eth0").unwrap().tx_octets;
    let sent = || assert_device_speaks(&agent, "ct", "dicom")["sent"]["bytes"].as_u64().unwrap();
    let settled = wait_until(PATIENCE, || {
        let (total, counted) = (on_wire(), sent());
        (total - sent_before <= counted && counted <= total).then_some(counted)
    });
    let (counted, _) = settled.unwrap_or_else(|| panic!("{} of {}", sent(), on_wire()));
    println!("the scanner sent {counted} octets while watched, {} in all", on_wire());
    assert!(counted >= 65_536, "an image of 64 KiB");
    for question in ["devices", "flows"] {
        assert!(!agent.ask(question).unwrap().to_string().contains("CANARY"));
    }
}

fn samba_configuration(scratch: &Scratch) -> String {
    let place = scratch.path().display();
    for folder in ["share", "private", "run"] {
        fs::create_dir(scratch.join(folder)).unwrap();
    }
    let folders = [
        "private dir",
        "lock directory",
        "state directory",
        "cache directory",
        "pid directory",
        "ncalrpc dir",
    ];
    let folders: String = folders.iter().map(|name| format!("{name} = {place}/run\n")).collect();
    let file = scratch.write(
        "smb.conf",
        format!(
            "[global]\n{folders}log file = {place}/samba.log\nserver role = standalone server\n\
             map to guest = Bad User\nguest account = nobody\nserver min protocol = NT1\n\
             disable netbios = yes\nsmb ports = 445\nload printers = no\nprinting = bsd\n\
             printcap name = /dev/null\ndisable spoolss = yes\n\
             [share]\npath = {place}/share\nguest ok = yes\nread only = yes\n"
        ),
    );
    file.unwrap().display().to_string()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn samba_speaks_both_generations_of_smb() {
    if !have("samba_speaks_both_generations_of_smb", &["smbd", "smbclient"]) {
        return;
    }
    let (hospital, agent) = watched("samba");
    let scratch = Scratch::make("samba").unwrap();
    let configuration = samba_configuration(&scratch);
    let (files, client) = (hospital.station("files"), hospital.station("ward-pc"));
    let server = address("files", 445);
    let arguments = ["--foreground", "--no-process-group", "--configfile", &configuration];
    let _smbd = serve(files, scratch.path(), "smbd", &arguments);
    wait_for_port(files, scratch.path(), server);
    let share = format!("//{}/share", server.ip());
    let list = |oldest: &str, newest: &str| {
        let minimum = format!("--option=client min protocol={oldest}");
        let words = ["-s", &configuration, &minimum, "-N", "-m", newest, &share, "-c", "ls"];
        talk(client, "smbclient", &words)
    };
    list("SMB2", "SMB3");
    assert_spoken(&agent, server, "smb2");
    list("NT1", "NT1");
    assert_spoken(&agent, server, "smb1");
    assert_device_speaks(&agent, "ward-pc", "smb1");
    assert_device_speaks(&agent, "files", "smb2");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn dnsmasq_answers_the_resolver_of_nmap() {
    if !have("dnsmasq_answers_the_resolver_of_nmap", &["dnsmasq", "nmap"]) {
        return;
    }
    let (hospital, agent) = watched("dnsmasq");
    let scratch = Scratch::make("dnsmasq").unwrap();
    let infra = hospital.station("infra");
    let record = "--ptr-record=10.0.30.10.in-addr.arpa,pacs.hospital.example";
    let arguments = [
        "--no-daemon",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--user=root",
        record,
    ];
    let _dnsmasq = serve(infra, scratch.path(), "dnsmasq", &arguments);
    let server = address("infra", 53);
    wait_for_port(infra, scratch.path(), server);
    let name_server = server.ip().to_string();
    let words = ["-sL", "-R", "--dns-servers", &name_server, "10.30.0.10"];
    let output = talk(hospital.station("ward-pc"), "nmap", &words);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("pacs.hospital.example"), "{said}");
    assert_spoken(&agent, server, "dns");
    assert_device_speaks(&agent, "ward-pc", "dns");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_web_server_on_an_odd_port_speaks_http() {
    if !have("a_web_server_on_an_odd_port_speaks_http", &["python3", "curl"]) {
        return;
    }
    let (hospital, agent) = watched("http");
    let scratch = Scratch::make("http").unwrap();
    scratch.write("index.html", "<p>synthetic</p>").unwrap();
    let (portal, client) = (hospital.station("epr"), hospital.station("ward-pc"));
    let server = address("epr", 27_015);
    let _python = serve(portal, scratch.path(), "python3", &["-m", "http.server", "27015"]);
    wait_for_port(portal, scratch.path(), server);
    let output = talk(client, "curl", &["-sS", "--noproxy", "*", &format!("http://{server}/")]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("synthetic"));
    assert_spoken(&agent, server, "http");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn openssl_speaks_tls_on_any_port() {
    if !have("openssl_speaks_tls_on_any_port", &["openssl"]) {
        return;
    }
    let (hospital, agent) = watched("openssl");
    let scratch = Scratch::make("openssl").unwrap();
    let (key, certificate) = (scratch.join("key.pem"), scratch.join("certificate.pem"));
    let (key, certificate) = (key.to_str().unwrap(), certificate.to_str().unwrap());
    let request =
        ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=epr"];
    let epr = hospital.station("epr");
    talk(epr, "openssl", &[&request[..], &["-keyout", key, "-out", certificate]].concat());
    let server = address("epr", 31_337);
    let arguments = ["s_server", "-accept", "31337", "-key", key, "-cert", certificate, "-quiet"];
    let _openssl = serve(epr, scratch.path(), "openssl", &arguments);
    wait_for_port(epr, scratch.path(), server);
    let output = talk(
        hospital.station("ward-pc"),
        "openssl",
        &["s_client", "-connect", &server.to_string()],
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("CN = epr"));
    assert_spoken(&agent, server, "tls");
}

const ALERTED_WITHIN: Duration = Duration::from_secs(2);

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn sweep_of_nmap_is_alerted_within_two_seconds_of_its_first_probe() {
    let test = "sweep_of_nmap_is_alerted_within_two_seconds_of_its_first_probe";
    if !have(test, &["nmap"]) {
        return;
    }
    let (hospital, agent) = watched("nmap");
    thread::sleep(Duration::from_millis(300));
    // Just before nmap is started: earlier than its first probe.
    let mut outbreak = hospital.begin_outbreak(named("ward-pc"), Scanner::Nmap).unwrap();
    let seen = wait_until(PATIENCE, || {
        agent.events("alert").into_iter().find(|event| event["alert"]["id"] == "WL-002")
    });
    let (event, _) = seen.expect("the sweep is alerted in the events");
    let read = SystemTime::now().duration_since(outbreak.began).unwrap();
    let moment: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
    let alerted = SystemTime::try_from(moment).unwrap().duration_since(outbreak.began).unwrap();
    println!("alerted {alerted:.2?} after nmap was started, read from the events after {read:.2?}");
    assert!(alerted <= ALERTED_WITHIN && read <= ALERTED_WITHIN, "{alerted:?}, {read:?}");
    let listed = agent.list("alerts").unwrap();
    let listed =
        listed.iter().find(|alert| alert["alert"]["id"] == "WL-002").expect("it is listed");
    assert_eq!(listed["alert"]["state"], "firing");
    assert_eq!(listed["alert"]["severity"], "critical");
    assert_eq!(listed["alert"]["instance"], event["alert"]["instance"]);
    assert_eq!(listed["src_mac"], named("ward-pc").hardware().to_string());
    assert!(outbreak.has_ended_within(PATIENCE));
    assert_eq!(agent.metrics().unwrap().count("wardline_alerts_total", &[("rule", "WL-002")]), 1);
    let targets = || -> usize {
        let mut flows = agent.list("flows").unwrap();
        flows.extend(agent.events("flow"));
        flows.retain(|flow| flow["dest_port"] == 445);
        let targets = flows.iter().filter_map(|flow| flow["dest_ip"].as_str());
        targets.collect::<BTreeSet<_>>().len()
    };
    wait_until(PATIENCE, || (targets() == 200).then_some(()));
    assert_eq!(targets(), 200, "a flow for each address");
}
