//! Installing packages without starting what they bring.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::packages::Package;
use crate::process::run_quietly;

/// Debian starts a service as soon as it is installed, unless `policy-rc.d` forbids it. A shell
/// puts the file there and takes it away, because its trap still runs when the user interrupts us.
/// One left behind by a killed set-up is taken away first.
const INSTALL: &str = r#"
policy=$1
shift
if grep -qs 'wardline set-up' "$policy"; then rm -f "$policy"; fi
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\n# wardline set-up, for the time of one apt-get\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get "$@"
"#;
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Somebody else's apt may be at work; ten minutes is longer than it usually takes.
const PATIENT: [&str; 4] = ["-o", "DPkg::Lock::Timeout=600", "-o", "Dpkg::Use-Pty=0"];

/// Updates the lists and installs `packages`; their services neither run now nor at the next boot.
pub fn install(packages: &[Package]) -> Result<()> {
    let mut update = Command::new("apt-get");
    update.args(PATIENT).arg("update");
    if let Err(error) = run_quietly("apt-get update", update) {
        // One broken third-party source must not stand between us and packages from the others.
        println!("  going on with the package lists as they are: {error:#}");
    }
    let names: Vec<_> = packages.iter().map(|package| package.name).collect();
    let install = install_command(Path::new(POLICY), &names);
    let title =
        if names.len() <= 4 { names.join(" ") } else { format!("{} packages", names.len()) };
    run_quietly(&title, install)?;
    switch_off(packages.iter().flat_map(|package| package.services));
    Ok(())
}

fn install_command(policy: &Path, names: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", INSTALL, "sh"]).arg(policy).args(PATIENT);
    command.args(["-y", "--no-install-recommends", "install"]).args(names);
    command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command
}

fn switch_off<'a>(services: impl Iterator<Item = &'a &'static str>) {
    let services: Vec<_> = services.collect();
    if services.is_empty() || !Path::new("/run/systemd/system").is_dir() {
        return;
    }
    for service in services {
        let mut disable = Command::new("systemctl");
        disable.args(["disable", "--now", "--quiet", service]);
        if let Err(error) = run_quietly(&format!("switching off the service {service}"), disable) {
            println!("  it may start at the next boot: {error:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use super::*;

    /// Runs the installation with an apt-get that only looks at the policy. Gives its exit status,
    /// what it saw, and what is there afterwards.
    fn install_under(name: &str, policy: Option<&str>) -> (Option<i32>, String, Option<String>) {
        let scratch = env::temp_dir().join(format!("wardline-apt-{name}-{}", std::process::id()));
        fs::create_dir_all(&scratch).unwrap();
        let file = |name: &str| -> PathBuf { scratch.join(name) };
        if let Some(text) = policy {
            fs::write(file("policy"), text).unwrap();
        }
        let script = format!("#!/bin/sh\ncat {}\nexit 100\n", file("policy").display());
        fs::write(file("apt-get"), script).unwrap();
        fs::set_permissions(file("apt-get"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", scratch.display());
        let output =
            install_command(&file("policy"), &["samba"]).env("PATH", path).output().unwrap();
        let left = fs::read_to_string(file("policy")).ok();
        fs::remove_dir_all(&scratch).unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), left)
    }

    #[test]
    fn services_are_forbidden_while_apt_runs_and_not_after() {
        let (status, seen, left) = install_under("none", None);
        assert!(seen.ends_with("exit 101\n"), "{seen}");
        assert_eq!((status, left), (Some(100), None));
    }

    #[test]
    fn a_policy_of_somebody_else_is_left_alone() {
        let (_, seen, left) = install_under("theirs", Some("theirs"));
        assert_eq!((seen.as_str(), left.as_deref()), ("theirs", Some("theirs")));
    }

    #[test]
    fn a_policy_that_a_killed_set_up_left_is_cleared_away() {
        let (_, seen, left) = install_under("stale", Some("#!/bin/sh\n# wardline set-up, stale\n"));
        assert!(seen.ends_with("exit 101\n") && !seen.contains("stale"), "{seen}");
        assert_eq!(left, None);
    }
}
