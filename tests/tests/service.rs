//! The service as systemd reads it: its unit, its user, its directories.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::agent::Scratch;

/// Of `systemd-analyze security`: 0 is nothing exposed, 10 all.
const HIGHEST_EXPOSURE: f64 = 2.0;

fn deploy(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy")).join(name)
}

fn run(command: &mut Command) -> Output {
    let name = command.get_program().to_string_lossy().into_owned();
    command.output().unwrap_or_else(|error| {
        panic!("{name}: {error}; `cargo xtask setup` installs what tests need")
    })
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

#[test]
fn unit_exposes_little_and_systemd_understands_all_of_it() {
    let mut command = Command::new("systemd-analyze");
    command.args(["security", "--offline=true", "--no-pager"]).arg(deploy("wardline.service"));
    let output = run(&mut command);
    let said = text(&output.stdout);
    let last = said.lines().last().unwrap_or_default();
    let (_, score) = last.split_once("wardline.service: ").unwrap_or_else(|| panic!("{said}"));
    let score: f64 = score.split(' ').next().unwrap().parse().unwrap();
    println!("exposure {score}");
    assert!(score <= HIGHEST_EXPOSURE, "{said}");

    // An executable that is there, so that there is nothing to complain about.
    let scratch = Scratch::make("unit").unwrap();
    let unit = fs::read_to_string(deploy("wardline.service")).unwrap();
    let unit = unit.replace("/usr/local/bin/wardline", "/bin/true");
    let unit = scratch.write("wardline.service", unit).unwrap();
    let output = run(Command::new("systemd-analyze").arg("verify").arg(unit));
    assert_eq!((output.status.success(), text(&output.stderr)), (true, String::new()));
}

#[test]
fn user_and_directories_are_made_in_an_empty_root() {
    let scratch = Scratch::make("root").unwrap();
    let root = format!("--root={}", scratch.path().display());
    for (directory, file) in
        [("sysusers.d", "wardline.sysusers.conf"), ("tmpfiles.d", "wardline.tmpfiles.conf")]
    {
        let directory = scratch.join("usr/lib").join(directory);
        fs::create_dir_all(&directory).unwrap();
        fs::copy(deploy(file), directory.join("wardline.conf")).unwrap();
    }
    fs::create_dir_all(scratch.join("etc")).unwrap();
    let output = run(Command::new("systemd-sysusers").arg(&root));
    assert!(output.status.success(), "{}", text(&output.stderr));
    let users = fs::read_to_string(scratch.join("etc/passwd")).unwrap();
    let user = users.lines().find(|line| line.starts_with("wardline:")).unwrap();
    assert!(user.ends_with(":/usr/sbin/nologin"), "{user}");
    let output = run(Command::new("systemd-tmpfiles").args([&root, "--create"]));
    assert!(output.status.success(), "{}", text(&output.stderr));
    for directory in ["etc/wardline", "var/lib/wardline", "var/log/wardline", "run/wardline"] {
        assert!(scratch.join(directory).is_dir(), "{directory}");
    }
}
