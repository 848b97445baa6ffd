//! A real rsyslog, which writes what it gets as it got it, one file for each input.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Result;

use super::{Authority, Keys};
use crate::lab::{ChildGuard, Namespace};

const PROGRAM: &str = "rsyslogd";

/// How messages come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    Udp,
    Tcp,
    /// A second one, for another format.
    TcpCef,
    /// With certificates on both sides.
    Tls,
}

impl Input {
    pub const ALL: [Self; 4] = [Self::Udp, Self::Tcp, Self::TcpCef, Self::Tls];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::TcpCef => "cef",
            Self::Tls => "tls",
        }
    }

    /// On loopback.
    pub const fn port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5514,
            Self::TcpCef => 5515,
            Self::Tls => 6514,
        }
    }
}

#[derive(Debug)]
pub struct Rsyslog {
    namespace: Namespace,
    directory: PathBuf,
    process: Option<ChildGuard>,
}

impl Rsyslog {
    /// The name in its certificate, and the one it wants to see.
    pub const SERVER: &'static str = "siem.test";
    pub const CLIENT: &'static str = "wardline.test";

    /// Prepares one; it is not started.
    pub fn prepare(namespace: &Namespace, directory: &Path, authority: &Authority) -> Result<Self> {
        let (certificate, key) = authority.issue(Self::SERVER)?;
        let mut configuration = format!(
            "global(workDirectory=\"{}\" defaultNetstreamDriverCAFile=\"{}\" \
             defaultNetstreamDriverCertFile=\"{}\" defaultNetstreamDriverKeyFile=\"{}\")\n\
             module(load=\"imudp\")\nmodule(load=\"imtcp\")\n\
             template(name=\"raw\" type=\"string\" string=\"%rawmsg%\\n\")\n",
            directory.display(),
            authority.certificate().display(),
            certificate.display(),
            key.display(),
        );
        for input in Input::ALL {
            let (name, port) = (input.name(), input.port());
            let file = directory.join(format!("{name}.log"));
            let module = if input == Input::Udp { "imudp" } else { "imtcp" };
            let security = match input {
                Input::Tls => format!(
                    "streamDriver.name=\"gtls\" streamDriver.mode=\"1\" \
                     streamDriver.authMode=\"x509/name\" permittedPeer=[\"{}\"]",
                    Self::CLIENT
                ),
                _ => String::new(),
            };
            configuration += &format!(
                "ruleset(name=\"{name}\") {{ action(type=\"omfile\" file=\"{}\" \
                 template=\"raw\") }}\n\
                 input(type=\"{module}\" address=\"127.0.0.1\" port=\"{port}\" \
                 ruleset=\"{name}\" {security})\n",
                file.display()
            );
        }
        fs::write(directory.join("rsyslog.conf"), configuration)?;
        let directory = directory.to_owned();
        Ok(Self { namespace: namespace.clone(), directory, process: None })
    }

    /// Starts it, or starts it again; it opens its ports a little later.
    pub fn start(&mut self) -> Result<()> {
        let mut command = self.namespace.command(PROGRAM);
        command.arg("-n").arg("-f").arg(self.directory.join("rsyslog.conf"));
        command.arg("-i").arg(self.directory.join("rsyslog.pid"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(ChildGuard::start(&mut command)?);
        Ok(())
    }

    /// Ends it as a service manager does.
    pub fn stop(&mut self) {
        self.process = None;
        // A pid file of one that was killed would keep the next from starting.
        let _ = fs::remove_file(self.directory.join("rsyslog.pid"));
    }

    /// What came in, whole lines.
    pub fn lines(&self, input: Input) -> Vec<String> {
        let file = self.directory.join(format!("{}.log", input.name()));
        let text = fs::read_to_string(file).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(str::to_owned).collect()
    }

    /// The keys of what came in.
    pub fn keys(&self, input: Input) -> Keys {
        let (before, after) = match input {
            Input::TcpCef => (" externalId=", ' '),
            _ => (" key=\"", '"'),
        };
        let key = |line: String| {
            let (_, rest) = line.split_once(before)?;
            rest.split_once(after).map(|(key, _)| key.to_owned())
        };
        self.lines(input).into_iter().filter_map(key).collect()
    }
}
