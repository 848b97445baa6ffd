//! Attacks by the programs that attackers use, on a segment with the agent at its mirror port: who
//! does it is named, and how long after its first frame, by tcpdump's word, is bounded.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

#[path = "attacks/background.rs"]
mod background;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use background::{LOAD_PER_SECOND, LOAD_SECONDS, load};
use jiff::Timestamp;
use serde_json::Value;
use tests::agent::{Agent, Scratch, Settings, is_installed, wait_until};
use tests::lab::mirror::{LOAD_PORT, MIRROR_PORT, MirroredSegment, ROUTER_HOST};
use tests::lab::witness::Witness;
use tests::lab::{ChildGuard, Namespace, Port};

const PATIENCE: Duration = Duration::from_secs(30);
/// Addresses behind the router: nobody answers there.
const BEYOND: &str = "10.50.0.0/24";
const SERVER: u8 = 2;
const VICTIM: u8 = 51;
const ATTACKER: u8 = 66;

/// Whether all of these programs are there; says so where not.
fn have(test: &str, programs: &[&str]) -> bool {
    let programs = [programs, &["tcpdump"]].concat();
    let missing: Vec<_> = programs.iter().filter(|program| !is_installed(program)).collect();
    if !missing.is_empty() {
        println!("NOT RUN: {test}: {missing:?} not installed");
    }
    missing.is_empty()
}

/// A segment with a router, a server, a client and who attacks.
struct Ward {
    scratch: Scratch,
    agent: Agent,
    server: Namespace,
    victim: Namespace,
    attacker: Namespace,
    segment: MirroredSegment,
}

impl Ward {
    fn open(name: &str) -> Self {
        let segment = MirroredSegment::open(name).unwrap();
        segment.join_router(BEYOND).unwrap();
        let [server, victim, attacker] =
            [("server", SERVER), ("victim", VICTIM), ("attacker", ATTACKER)]
                .map(|(name, host)| segment.join(name, host).unwrap());
        let more = format!(
            "[inventory]\nrouters = [\"{}\"]\n\n[[role]]\nname = \"dhcp_server\"\ndevices = [\"{}\"]\n",
            MirroredSegment::hardware(ROUTER_HOST),
            MirroredSegment::hardware(SERVER)
        );
        let settings = Settings { more, ..Settings::on(&[MIRROR_PORT, LOAD_PORT]) };
        let agent = Agent::start(segment.observer(), settings).unwrap();
        let scratch = Scratch::make(name).unwrap();
        let ward = Self { scratch, agent, server, victim, attacker, segment };
        // As on any day: everybody has been heard.
        for station in [&ward.server, &ward.victim, &ward.attacker] {
            let router = MirroredSegment::address(ROUTER_HOST);
            let greet = || UdpSocket::bind("0.0.0.0:0")?.send_to(b"synthetic", (router, 9));
            station.in_namespace(greet).unwrap().unwrap();
        }
        let are_known = || (ward.agent.list("devices").unwrap().len() >= 4).then_some(());
        wait_until(PATIENCE, are_known).expect("the stations are known");
        ward
    }

    fn witness(&self, filter: &str) -> Witness {
        let mirror = MirroredSegment::hardware(0);
        let port = Port::new(self.segment.observer(), MIRROR_PORT, mirror);
        Witness::call(&port, filter, self.scratch.path()).unwrap()
    }

    /// Starts a program on a station; what it prints goes to a file of that name.
    fn start(&self, station: &Namespace, name: &str, words: &[&str]) -> ChildGuard {
        let log = fs::File::create(self.scratch.join(&format!("{name}.log"))).unwrap();
        let mut command = station.command(words[0]);
        command.args(&words[1..]).current_dir(self.scratch.path()).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        ChildGuard::start(&mut command).unwrap()
    }

    fn attack(&self, words: &[&str]) -> ChildGuard {
        self.start(&self.attacker, "attack", words)
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.scratch.join(&format!("{name}.log"))).unwrap_or_default()
    }

    /// Waits until somebody listens on a TCP port of the server.
    fn wait_for_port(&self, port: u16) {
        let port = format!("sport = :{port}");
        let listens = wait_until(PATIENCE, || {
            let listening = self.server.run("ss", &["-Hltn", &port]).unwrap();
            (!listening.is_empty()).then_some(())
        });
        assert!(listens.is_some(), "nobody listens: {}", self.said("server"));
    }

    /// Waits for an alert of one of these names, which must name the attacker, and says how long
    /// after the first frame of `witness` it was told: `fired_at` may be the time of a frame, so what
    /// counts is when a reader of the events has it.
    fn alert_after(&self, names: &[&str], witness: &Witness) -> Alert {
        let is_meant = |event: &Value| names.iter().any(|&name| event["alert"]["name"] == name);
        let seen = wait_until(PATIENCE, || {
            let event = self.agent.events("alert").into_iter().find(is_meant)?;
            Some((event, Timestamp::now()))
        });
        let ((event, told_at), _) = seen.unwrap_or_else(|| {
            let told = self.agent.events("alert");
            panic!("none of {names:?} in {told:#?}\n{}", self.said("attack"))
        });
        assert_eq!(event["src_mac"], MirroredSegment::hardware(ATTACKER).to_string(), "{event:#}");
        let first = witness.sightings().first().expect("the witness saw the attack").at;
        let fired_at: Timestamp = event["alert"]["fired_at"].as_str().unwrap().parse().unwrap();
        let milliseconds = |moment: Timestamp| moment.duration_since(first).as_secs_f64() * 1e3;
        println!(
            "{}: fired {:.1} ms after the first frame by its own word, read after {:.1} ms",
            event["alert"]["name"],
            milliseconds(fired_at),
            milliseconds(told_at)
        );
        let took = Duration::try_from(told_at.duration_since(first)).expect("cause before effect");
        Alert { told_at, took }
    }
}

struct Alert {
    told_at: Timestamp,
    /// From the first frame to there.
    took: Duration,
}

/// The bound of what must be known before it does harm.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Sweeps the network behind the router for SMB.
fn sweep(ward: &Ward) {
    let probes = format!("ether src {} and dst port 445", MirroredSegment::hardware(ATTACKER));
    let witness = ward.witness(&probes);
    let pace = ["--max-rate", "50", "--max-retries", "0"];
    let words = ["nmap", "-sS", "-n", "-Pn", "-p445"];
    let _nmap = ward.attack(&[&words[..], &pace, &[BEYOND]].concat());
    let alert = ward.alert_after(&["smb_fan_out", "smb_sweep"], &witness);
    assert!(alert.took <= AT_ONCE, "{:?}", alert.took);
    let seen = witness.sightings();
    let before = seen.iter().filter(|probe| probe.at <= alert.told_at);
    let targets: BTreeSet<_> = before.filter_map(|probe| probe.target).collect();
    println!("{} targets had been probed", targets.len());
    assert!(targets.len() < 32, "{} targets", targets.len());
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn smb_sweep_of_nmap_is_named_before_its_thirty_second_target() {
    if !have("smb_sweep_of_nmap_is_named_before_its_thirty_second_target", &["nmap"]) {
        return;
    }
    sweep(&Ward::open("sweep"));
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn smb_sweep_is_named_as_early_among_fifty_thousand_frames_a_second() {
    if !have("smb_sweep_is_named_as_early_among_fifty_thousand_frames_a_second", &["nmap"]) {
        return;
    }
    let ward = Ward::open("load");
    thread::scope(|scope| {
        let loaded = scope.spawn(|| {
            let began = Instant::now();
            let report = ward.segment.load().inject(load()).unwrap().unwrap();
            (report.sent, began.elapsed())
        });
        thread::sleep(Duration::from_millis(500));
        sweep(&ward);
        assert!(!loaded.is_finished(), "the load outlasts the alert");
        let (sent, took) = loaded.join().unwrap();
        println!("among {sent} frames in {took:.2?}");
        assert_eq!(sent, LOAD_PER_SECOND * LOAD_SECONDS);
    });
}

/// dnsmasq as a DHCP server that hands out 50 addresses.
fn serve_dhcp(ward: &Ward, station: &Namespace, name: &str, first: u8) -> ChildGuard {
    let from = MirroredSegment::address(first);
    let range = format!("--dhcp-range={from},{},1h", MirroredSegment::address(first + 49));
    let leases = format!("--dhcp-leasefile={}", ward.scratch.join(name).display());
    let words = ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--no-ping"];
    let more = ["--dhcp-authoritative", "--interface=eth0", "--user=root", &range, &leases];
    let server = ward.start(station, name, &[&words[..], &more].concat());
    let serves = wait_until(PATIENCE, || {
        let bound = station.run("ss", &["-Hlun", "sport = :67"]).unwrap();
        (!bound.is_empty()).then_some(())
    });
    assert!(serves.is_some(), "{}", ward.said(name));
    server
}

fn ask_for_an_address(ward: &Ward) {
    let words = ["udhcpc", "-i", "eth0", "-f", "-n", "-q", "-s", "/bin/true", "-t", "5", "-T", "1"];
    ward.victim.run("busybox", &words).unwrap();
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn rogue_dhcp_server_is_named_within_two_seconds_of_its_first_answer() {
    let programs = ["dnsmasq", "busybox"];
    if !have("rogue_dhcp_server_is_named_within_two_seconds_of_its_first_answer", &programs) {
        return;
    }
    let ward = Ward::open("dhcp");
    let _good = serve_dhcp(&ward, &ward.server, "server", 100);
    ask_for_an_address(&ward);
    assert_eq!(ward.agent.events("alert").len(), 0, "the server with the role is expected");
    let answers = format!("ether src {} and udp src port 67", MirroredSegment::hardware(ATTACKER));
    let witness = ward.witness(&answers);
    let _rogue = serve_dhcp(&ward, &ward.attacker, "attack", 180);
    ask_for_an_address(&ward);
    let alert = ward.alert_after(&["rogue_dhcp_server"], &witness);
    assert!(alert.took <= AT_ONCE, "{:?}", alert.took);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn arpspoof_is_named_within_two_seconds_of_its_first_frame() {
    if !have("arpspoof_is_named_within_two_seconds_of_its_first_frame", &["arpspoof"]) {
        return;
    }
    let ward = Ward::open("arp");
    let router = MirroredSegment::address(ROUTER_HOST);
    let sender = format!("arp[14:4] = {:#010x}", router.to_bits());
    let hardware = MirroredSegment::hardware(ATTACKER);
    let witness = ward.witness(&format!("arp and ether src {hardware} and {sender}"));
    let victim = MirroredSegment::address(VICTIM).to_string();
    let _arpspoof = ward.attack(&["arpspoof", "-i", "eth0", "-t", &victim, &router.to_string()]);
    let alert = ward.alert_after(&["arp_spoof"], &witness);
    assert!(alert.took <= AT_ONCE, "{:?}", alert.took);
}

/// Samba with one share that anybody may write to, and where wrong passwords are refused.
fn serve_files(ward: &Ward, files: usize) -> ChildGuard {
    let place = ward.scratch.path().display();
    for folder in ["share", "run"] {
        fs::create_dir(ward.scratch.join(folder)).unwrap();
    }
    let share = ward.scratch.join("share");
    fs::set_permissions(&share, fs::Permissions::from_mode(0o777)).unwrap();
    for number in 0..files {
        let file = share.join(format!("result{number}.txt"));
        fs::write(&file, "synthetic finding\n".repeat(100)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    }
    let folders = ["private dir", "lock directory", "state directory", "cache directory"];
    let folders = folders.iter().chain(&["pid directory", "ncalrpc dir"]);
    let folders: String = folders.map(|name| format!("{name} = {place}/run\n")).collect();
    let configuration = format!(
        "[global]\n{folders}log file = {place}/samba.log\nserver role = standalone server\n\
         guest account = root\nserver min protocol = NT1\nntlm auth = ntlmv1-permitted\n\
         disable netbios = yes\nsmb ports = 445\nload printers = no\nprinting = bsd\n\
         printcap name = /dev/null\ndisable spoolss = yes\n\
         [share]\npath = {place}/share\nguest ok = yes\nread only = no\nforce user = root\n"
    );
    let file = ward.scratch.write("smb.conf", configuration).unwrap().display().to_string();
    let words = ["smbd", "--foreground", "--no-process-group", "--configfile", &file];
    let smbd = ward.start(&ward.server, "server", &words);
    ward.wait_for_port(445);
    smbd
}

fn to_server(port: u16) -> String {
    let hardware = MirroredSegment::hardware(ATTACKER);
    format!("ether src {hardware} and dst host {} and dst port {port}", server())
}

fn server() -> String {
    MirroredSegment::address(SERVER).to_string()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn files_overwritten_and_renamed_by_smbclient_are_told_within_twenty_seconds() {
    const FILES: usize = 80;
    let programs = ["smbd", "smbclient"];
    if !have("files_overwritten_and_renamed_by_smbclient_are_told_within_twenty_seconds", &programs)
    {
        return;
    }
    let ward = Ward::open("rename");
    let _smbd = serve_files(&ward, FILES);
    let witness = ward.witness(&to_server(445));
    let mut commands = String::new();
    for number in 0..FILES {
        let file = format!("result{number}.txt");
        write!(commands, "get {file} taken; put taken {file}; rename {file} {file}.locked; ")
            .unwrap();
    }
    let share = format!("//{}/share", server());
    let configuration = ward.scratch.join("smb.conf").display().to_string();
    let words = ["smbclient", "-s", &configuration, "-N", "-m", "SMB3", &share, "-c", &commands];
    let mut smbclient = ward.attack(&words);
    let alert = ward.alert_after(&["ransomware_share"], &witness);
    assert!(alert.took <= Duration::from_secs(20), "{:?}", alert.took);
    let ended = smbclient.wait_for(PATIENCE).unwrap();
    assert!(ended.is_some_and(|status| status.success()), "{}", ward.said("attack"));
    let names = fs::read_dir(ward.scratch.join("share")).unwrap().flatten();
    let locked = names.filter(|entry| entry.file_name().to_string_lossy().ends_with(".locked"));
    assert_eq!(locked.count(), FILES, "every file was taken");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn passwords_that_hydra_guesses_are_told() {
    if !have("passwords_that_hydra_guesses_are_told", &["smbd", "hydra"]) {
        return;
    }
    let ward = Ward::open("hydra");
    let _smbd = serve_files(&ward, 0);
    let witness = ward.witness(&to_server(445));
    let guesses: String = (0..40).map(|number| format!("guess{number}\n")).collect();
    let guesses = ward.scratch.write("guesses", guesses).unwrap().display().to_string();
    let target = format!("smb://{}", server());
    let _hydra = ward.attack(&["hydra", "-I", "-t", "1", "-l", "doctor", "-P", &guesses, &target]);
    ward.alert_after(&["password_guessing"], &witness);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn tunnel_of_iodine_is_told() {
    if !have("tunnel_of_iodine_is_told", &["iodine", "iodined"]) {
        return;
    }
    let ward = Ward::open("iodine");
    let (secret, domain) = (["-f", "-P", "synthetic"], "t.tunnel.example");
    let words = [&["iodined", "-c"], &secret[..], &["10.70.0.1", domain]].concat();
    let _iodined = ward.start(&ward.server, "server", &words);
    let serves = wait_until(PATIENCE, || {
        let bound = ward.server.run("ss", &["-Hlun", "sport = :53"]).unwrap();
        (!bound.is_empty()).then_some(())
    });
    assert!(serves.is_some(), "{}", ward.said("server"));
    let witness = ward.witness(&to_server(53));
    let server = server();
    let words = [&["iodine", "-r"], &secret[..], &[&server, domain]].concat();
    let _iodine = ward.attack(&words);
    ward.alert_after(&["dns_tunnel"], &witness);
}

/// 5,000 SYNs at up to 10,000 a second.
fn flood(ward: &Ward, more: &[&str]) -> ChildGuard {
    let words = ["hping3", "-q", "-S", "-p", "80", "-i", "u100", "-c", "5000"];
    ward.attack(&[&words[..], more, &[&server()]].concat())
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn syn_flood_of_hping3_is_told() {
    if !have("syn_flood_of_hping3_is_told", &["hping3"]) {
        return;
    }
    let ward = Ward::open("flood");
    let witness = ward.witness(&to_server(80));
    let _hping3 = flood(&ward, &[]);
    ward.alert_after(&["syn_flood"], &witness);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn flood_with_forged_sources_is_told_of_the_station_that_sends_it() {
    if !have("flood_with_forged_sources_is_told_of_the_station_that_sends_it", &["hping3"]) {
        return;
    }
    let ward = Ward::open("forged");
    let witness = ward.witness(&to_server(80));
    let _hping3 = flood(&ward, &["--rand-source"]);
    ward.alert_after(&["forged_sources"], &witness);
}
