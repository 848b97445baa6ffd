//! A certificate authority for one test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

/// Certificates below one directory, made by `openssl`.
#[derive(Debug)]
pub struct Authority {
    directory: PathBuf,
}

impl Authority {
    /// Makes the authority.
    pub fn make(directory: &Path) -> Result<Self> {
        let authority = Self { directory: directory.to_owned() };
        authority.key("ca")?;
        let subject = ["-subj", "/CN=authority", "-days", "2", "-out", "ca.pem"];
        authority.openssl(&[&["req", "-x509", "-new", "-key", "ca.key"], &subject[..]].concat())?;
        Ok(authority)
    }

    /// Its own certificate.
    pub fn certificate(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    /// A certificate for a name, and its key.
    pub fn issue(&self, name: &str) -> Result<(PathBuf, PathBuf)> {
        self.key(name)?;
        let file = |ending: &str| format!("{name}.{ending}");
        let (key, request) = (file("key"), file("csr"));
        let subject = format!("/CN={name}");
        self.openssl(&["req", "-new", "-key", &key, "-subj", &subject, "-out", &request])?;
        let extension = format!("subjectAltName=DNS:{name}\n");
        std::fs::write(self.directory.join(file("ext")), extension)?;
        let (extension, certificate) = (file("ext"), file("pem"));
        let signing = ["x509", "-req", "-in", &request, "-CA", "ca.pem", "-CAkey", "ca.key"];
        let rest = ["-CAcreateserial", "-days", "2", "-extfile", &extension, "-out", &certificate];
        self.openssl(&[&signing[..], &rest[..]].concat())?;
        Ok((self.directory.join(certificate), self.directory.join(key)))
    }

    fn key(&self, name: &str) -> Result<()> {
        let file = format!("{name}.key");
        self.openssl(&["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &file])
    }

    fn openssl(&self, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(&self.directory).stdin(Stdio::null());
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "openssl {}: {said}", arguments.join(" "));
        Ok(())
    }
}
