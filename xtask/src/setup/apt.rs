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
policy=/usr/sbin/policy-rc.d
if grep -qs 'wardline set-up' "$policy"; then rm -f "$policy"; fi
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\n# wardline set-up, for the time of one apt-get\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get "$@"
"#;

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
    let mut install = Command::new("sh");
    install
        .args(["-c", INSTALL, "sh"])
        .args(PATIENT)
        .args(["-y", "--no-install-recommends", "install"])
        .args(&names);
    install
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1");
    let title = if names.len() <= 4 {
        names.join(" ")
    } else {
        format!("{} packages", names.len())
    };
    run_quietly(&title, install)?;
    switch_off(packages.iter().flat_map(|package| package.services));
    Ok(())
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
