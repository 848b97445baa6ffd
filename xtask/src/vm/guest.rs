//! What a machine boots into: busybox, the agent, what tries it, captures, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::TARGET;
use super::kernels::Files;
use crate::workspace::Workspace;

/// Mounts what the agent uses, tries everything and switches off. What it prints goes to the second
/// serial line; the first has the kernel's own messages. What is to be there when the machine is
/// switched on again, `/state`, leaves by the third as an archive.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t bpf none /sys/fs/bpf
for module in /modules/*.ko; do insmod "$module"; done
ip link set lo up
exec </dev/null >/dev/ttyS1 2>&1
stty -onlcr -F /dev/ttyS1
again=
if [ -d /state ]; then again=--again; fi
/bin/guest --agent /bin/wardline --captures /captures $again
stty raw -F /dev/ttyS2
if [ -d /state ]; then find state | cpio -o -H newc >/dev/ttyS2; fi
poweroff -f
"#;
const BUSYBOX: &str = "/bin/busybox";
const CAPTURE: &str = "tests/corpus/hospital.pcap";

/// The files of the guest, but for a kernel's modules.
pub struct Guest {
    root: PathBuf,
}

impl Guest {
    pub fn make(workspace: &Workspace) -> Result<Self> {
        let root = workspace.vm().join("root");
        // What an earlier run left.
        let _ = fs::remove_dir_all(&root);
        for directory in ["bin", "captures", "dev", "modules", "proc", "sys", "tmp"] {
            fs::create_dir_all(root.join(directory)).context("cannot make the guest's files")?;
        }
        // Anybody may read and run what is in there; it is tried as a user without a name too.
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&root, open.clone()).context("cannot open the guest's files")?;
        let built = workspace.vm().join("build").join(TARGET).join("release");
        let programs = [
            (PathBuf::from(BUSYBOX), "bin/busybox"),
            (built.join("wardline"), "bin/wardline"),
            (built.join("guest"), "bin/guest"),
        ];
        for (from, to) in programs {
            copy(&from, &root.join(to))?;
        }
        let capture = workspace.root().join(CAPTURE);
        copy(&capture, &root.join("captures/hospital.pcap"))?;
        let init = root.join("init");
        fs::write(&init, INIT).context("cannot write the guest's first program")?;
        fs::set_permissions(&init, open).context("cannot open the guest's first program")?;
        Ok(Self { root })
    }

    /// The file that a kernel with these modules unpacks into its memory.
    pub fn with_modules(&self, kernel: &Files) -> Result<PathBuf> {
        for module in &kernel.modules {
            copy(module, &self.root.join("modules").join(module.file_name().unwrap_or_default()))?;
        }
        let archive = self.root.with_extension("cpio");
        pack(&self.root, &archive)?;
        Ok(archive)
    }

    /// The same file with what the machine left behind it, as it is switched on again. The kernel
    /// unpacks one archive after the other.
    pub fn again(&self, archive: &Path, left: &[u8]) -> Result<PathBuf> {
        ensure!(!left.is_empty(), "the machine left nothing for its next start");
        let mut octets = fs::read(archive).context("cannot read the guest's files")?;
        octets.extend(left);
        let archive = self.root.with_extension("again.cpio");
        fs::write(&archive, octets).context("cannot write the guest's files")?;
        Ok(archive)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {}", from.display()))
}

fn pack(directory: &Path, archive: &Path) -> Result<()> {
    let file =
        fs::File::create(archive).with_context(|| format!("cannot write {}", archive.display()))?;
    let mut find = Command::new("find")
        .arg(".")
        .current_dir(directory)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start find")?;
    let names = find.stdout.take().context("find has no output")?;
    let packed = Command::new("cpio")
        .args(["--quiet", "-o", "-H", "newc", "-R", "0:0"])
        .current_dir(directory)
        .stdin(names)
        .stdout(file)
        .status()
        .context("cannot start cpio")?;
    let found = find.wait().context("cannot wait for find")?;
    ensure!(packed.success() && found.success(), "cannot pack {}", directory.display());
    Ok(())
}
