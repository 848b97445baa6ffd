//! The command line as an operator without privilege meets it: exit codes, and messages that say
//! what is wrong, where, and what to do.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Scratch, executable, wardline};
use tests::frames::FrameGenerator;
use tests::frames::pcap::capture_of;
use tests::lab::is_root;

const HOSPITAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/hospital.pcap");
const BAD_INPUT: Option<i32> = Some(2);
const NOT_PERMITTED: Option<i32> = Some(4);

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Runs `wardline config check` on a file with this content.
fn check(scratch: &Scratch, content: &str) -> (Option<i32>, String, PathBuf) {
    let file = scratch.write("wardline.toml", content).unwrap();
    let output = wardline(&["config", "check", file.to_str().unwrap()]).unwrap();
    (output.status.code(), text(&output.stderr), file)
}

#[test]
fn configuration_with_a_mistake_is_refused_with_its_line_and_the_nearest_name() {
    let scratch = Scratch::make("config").unwrap();
    let mistakes = [
        ("[capture]\ninterfaces = [\"a\"]\nmoode = \"native\"\n", 3, "did you mean `mode`?"),
        ("[capture]\n\n[allertmanager]\nurls = []\n", 3, "did you mean `alertmanager`?"),
        ("[capture]\nmode = \"natve\"\n", 2, "did you mean `native`?"),
        ("[flow]\nidle_timeout = \"60 parsecs\"\n", 2, "parsecs"),
        ("[capture]\nring = \"8MB\"\n", 2, "MiB"),
        ("[web]\nlisten_address = \"0.0.0.0:9469\"\n", 2, "insecure_allow"),
        ("[capture]\ninterfaces = [\"a\"\n", 2, ""),
    ];
    for (content, line, hint) in mistakes {
        let (code, said, file) = check(&scratch, content);
        assert_eq!(code, BAD_INPUT, "{content}\n{said}");
        let place = format!("{}:{line}:", file.display());
        assert!(
            said.contains(&place) && said.contains(hint),
            "{content}\nshould name {place} and {hint}:\n{said}"
        );
        assert!(!said.contains("panicked"), "{said}");
    }
    let several = "[capture]\nmoode = 1\n\n[flow]\nmaximun = 5\n";
    let (_, said, _) = check(&scratch, several);
    println!("two mistakes:\n{said}");
}

#[test]
fn the_file_that_is_shipped_is_valid() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/wardline.toml");
    let output = wardline(&["config", "check", shipped]).unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("is valid"));
    let missing = wardline(&["config", "check", "/nowhere/wardline.toml"]).unwrap();
    assert_eq!(missing.status.code(), BAD_INPUT);
    assert!(text(&missing.stderr).contains("/nowhere/wardline.toml"));
}

/// Frames in the summary that a replay prints.
fn frames_in(summary: &str) -> Option<u64> {
    let (before, _) = summary.lines().next()?.split_once(" frames")?;
    before.rsplit(' ').next()?.parse().ok()
}

#[test]
fn truncated_capture_is_replayed_up_to_where_it_breaks_off() {
    let scratch = Scratch::make("truncated").unwrap();
    let frames: Vec<_> = FrameGenerator::new(9).take(100).map(|specimen| specimen.octets).collect();
    let whole = capture_of(Duration::from_secs(1_700_000_000), &frames);
    // Cut within the last frame.
    let last = whole.len() - frames[99].len() - 16;
    let file = scratch.write("cut.pcap", &whole[..whole.len() - 5]).unwrap();
    let events = scratch.join("events.jsonl");
    let output =
        wardline(&["replay", "--events", events.to_str().unwrap(), file.to_str().unwrap()])
            .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), BAD_INPUT, "{said}");
    assert!(said.contains(file.to_str().unwrap()) && said.contains("truncated"), "{said}");
    assert!(said.contains(&format!("octet {last}")), "octet {last}: {said}");
    assert_eq!(frames_in(&text(&output.stdout)), Some(99));
    let events = fs::read_to_string(events).unwrap();
    assert!(events.lines().count() > 50, "what was read is told");
    assert!(events.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

#[test]
fn what_is_no_capture_or_of_another_link_is_named() {
    let scratch = Scratch::make("foreign").unwrap();
    let replay = |name: &str, content: &[u8]| {
        let file = scratch.write(name, content).unwrap();
        let output = wardline(&["replay", file.to_str().unwrap()]).unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), BAD_INPUT, "{said}");
        assert!(said.contains(file.to_str().unwrap()), "{said}");
        said
    };
    let said = replay("letter.txt", b"Dear colleague, please find attached the capture.");
    assert!(said.contains("not a capture") && said.contains("pcapng"), "{said}");
    replay("empty.pcap", b"");
    let mut other = capture_of(Duration::ZERO, [[0_u8; 60]]);
    other[20] = 147;
    let said = replay("user0.pcap", &other);
    assert!(said.contains("octet 20") && said.contains("link type 147"), "{said}");
    let output = wardline(&["replay", "/nowhere/a.pcap"]).unwrap();
    assert_eq!(output.status.code(), BAD_INPUT);
    assert!(text(&output.stderr).contains("/nowhere/a.pcap"));
    // One bad file does not keep the next from being replayed.
    let good = capture_of(Duration::ZERO, [[0_u8; 60]]);
    let good = scratch.write("good.pcap", good).unwrap();
    let output = wardline(&["replay", "/nowhere/a.pcap", good.to_str().unwrap()]).unwrap();
    assert_eq!(output.status.code(), BAD_INPUT);
    assert_eq!(frames_in(&text(&output.stdout)), Some(1));
}

/// Runs the agent as nobody, from a copy that nobody can read.
fn as_nobody(scratch: &Scratch, arguments: &[&str]) -> Output {
    let copy = scratch.join("wardline");
    if !copy.exists() {
        fs::copy(executable().unwrap(), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
    }
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]);
        command.arg(&copy);
        command
    } else {
        Command::new(&copy)
    };
    command.args(arguments).current_dir(scratch.path()).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn replay_needs_no_privilege_and_its_kernel_engine_says_what_it_needs() {
    let scratch = Scratch::make("nobody").unwrap();
    let capture = scratch.join("hospital.pcap");
    fs::copy(HOSPITAL, &capture).unwrap();
    let capture = capture.to_str().unwrap();
    let output = as_nobody(&scratch, &["replay", capture]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(frames_in(&text(&output.stdout)).unwrap() > 1000);
    let output = as_nobody(&scratch, &["replay", "--engine", "kernel", capture]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), NOT_PERMITTED, "{said}");
    assert!(said.contains("CAP_BPF") && said.contains("root"), "{said}");
}

fn configuration(directory: &Path, persist: bool) -> String {
    let place = directory.display();
    format!(
        "[capture]\ninterfaces = [\"lo\"]\nmode = \"generic\"\npersist = {persist}\n\
         pin_directory = \"/sys/fs/bpf/wl-test-{}-nobody\"\n\
         [agent]\nstate_directory = \"{place}/state\"\nsocket = \"{place}/wardline.sock\"\n\
         [web]\nlisten_address = \"127.0.0.1:0\"\n",
        std::process::id()
    )
}

#[test]
fn run_without_privilege_ends_at_once_and_says_what_it_needs() {
    let scratch = Scratch::make("unprivileged").unwrap();
    for persist in [false, true] {
        let file = scratch.write("wardline.toml", configuration(scratch.path(), persist)).unwrap();
        let output = as_nobody(&scratch, &["run", "--config", file.to_str().unwrap()]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), NOT_PERMITTED, "persist = {persist}: {said}");
        let last = said.lines().last().unwrap();
        assert!(last.contains("root") && last.contains("CAP_BPF"), "persist = {persist}: {last}");
    }
}

#[test]
fn questions_without_an_agent_say_so() {
    for question in ["devices", "flows", "alerts"] {
        let output = wardline(&[question, "--socket", "/nowhere/wardline.sock"]).unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("/nowhere/wardline.sock") && said.contains("wardline run"), "{said}");
    }
}

#[test]
fn words_that_are_no_command_are_bad_input() {
    let output = wardline(&["replai"]).unwrap();
    assert_eq!(output.status.code(), BAD_INPUT);
    assert!(text(&output.stderr).contains("replay"), "{}", text(&output.stderr));
}
