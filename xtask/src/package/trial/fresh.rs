//! A fresh Debian 12 in a directory, with a gateway's network namespace around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::package::output;
use crate::process::{output_of, run_quietly};
use crate::workspace::Workspace;

const RELEASE: &str = "bookworm";
const PINS: &str = "/sys/fs/bpf/wardline";
/// What the agent needs of a running system, and where; unmounted in the opposite order.
const MOUNTS: [(&str, &str); 4] =
    [("proc", "/proc"), ("sysfs", "/sys"), ("bpf", "/sys/fs/bpf"), ("tmpfs", "/run")];

/// Unmounts, removes and forgets everything when it is dropped.
pub struct Fresh {
    root: PathBuf,
    gateway: String,
    ward: String,
}

impl Fresh {
    /// A new system, and `ward0` in its network, with 10.66.0.2 at the other end.
    pub fn make(workspace: &Workspace) -> Result<Self> {
        let root = workspace.packages().join("fresh");
        let id = std::process::id();
        let fresh =
            Self { root, gateway: format!("wl-pkg-gw-{id}"), ward: format!("wl-pkg-ward-{id}") };
        fresh.clear();
        let mut bootstrap = Command::new("debootstrap");
        bootstrap.args(["--variant=minbase", RELEASE]).arg(&fresh.root);
        run_quietly("fresh Debian 12", bootstrap)?;
        for (kind, place) in MOUNTS {
            output(Command::new("mount").args(["-t", kind, "none"]).arg(fresh.path(place)))?;
        }
        for namespace in [&fresh.gateway, &fresh.ward] {
            ip(&["netns", "add", namespace])?;
        }
        let (gateway, ward) = (fresh.gateway.as_str(), fresh.ward.as_str());
        ip(&[
            "-n", gateway, "link", "add", "ward0", "type", "veth", "peer", "eth0", "netns", ward,
        ])?;
        for (namespace, device, address) in
            [(gateway, "ward0", "10.66.0.1/24"), (ward, "eth0", "10.66.0.2/24")]
        {
            ip(&["-n", namespace, "address", "add", address, "dev", device])?;
            ip(&["-n", namespace, "link", "set", device, "up"])?;
            ip(&["-n", namespace, "link", "set", "lo", "up"])?;
        }
        Ok(fresh)
    }

    /// A path of the system as it is called here.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// A command of the system, in the gateway's network.
    pub fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.gateway)).arg("chroot").arg(&self.root);
        command.arg(program).args(words);
        command.env_clear();
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// What a command says, which must succeed.
    pub fn run(&self, program: &str, words: &[&str]) -> Result<String> {
        let said = output(&mut self.command(program, words))?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }

    /// The ward's station asks for the gateway.
    pub fn speak(&self) -> Result<()> {
        let mut ping = Command::new("ip");
        ping.args(["netns", "exec", &self.ward, "bash", "-c"]);
        // A datagram to a closed port: ARP, UDP and the answer.
        ping.arg("echo hello > /dev/udp/10.66.0.1/4242");
        output(&mut ping).map(drop)
    }

    /// How many entries there are below the directory of pins.
    pub fn pins(&self) -> usize {
        fs::read_dir(self.path(PINS)).map_or(0, Iterator::count)
    }

    /// Whether a program is on the gateway's interface.
    pub fn is_attached(&self) -> Result<bool> {
        self.link().map(|link| link.contains("prog/xdp"))
    }

    /// The identifier of that program.
    pub fn program(&self) -> Result<String> {
        let link = self.link()?;
        let rest = link.split("prog/xdp id ").nth(1).context("no program is attached")?;
        Ok(rest.split_whitespace().next().unwrap_or_default().to_owned())
    }

    fn link(&self) -> Result<String> {
        ip(&["-n", &self.gateway, "link", "show", "ward0"])
    }

    fn clear(&self) {
        for (_, place) in MOUNTS.iter().rev() {
            // Nothing is mounted before the first run.
            let _ = output_of(Command::new("umount").arg(self.path(place)));
        }
        for namespace in [&self.gateway, &self.ward] {
            let _ = output_of(Command::new("ip").args(["netns", "delete", namespace]));
        }
        if is_unmounted(&self.root) {
            let _ = fs::remove_dir_all(&self.root);
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Whether nothing of this machine shows below `root`: it is about to be removed.
fn is_unmounted(root: &Path) -> bool {
    let mounts =
        fs::read_to_string("/proc/self/mounts").unwrap_or_else(|_| root.display().to_string());
    !mounts.contains(&root.display().to_string())
}

fn ip(words: &[&str]) -> Result<String> {
    let said = output(Command::new("ip").args(words))?;
    Ok(String::from_utf8_lossy(&said).into_owned())
}
