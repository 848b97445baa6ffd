use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::found::Compiler;
use super::*;
use crate::toolchain::NotFound;

/// A bare Debian with rustup: no compiler for BPF, no packages.
fn bare() -> Found {
    Found {
        compiler: Err(NotFound {
            looked_at: vec!["/usr/bin/rustc has no core library".to_owned()],
        }),
        linker: None,
        packages: BTreeSet::new(),
        host_programs: PathBuf::from("/home/somebody/.rustup/toolchains/stable/bin"),
        host_linters: true,
        has_apt: true,
    }
}

fn complete() -> Found {
    Found {
        compiler: Ok(Compiler {
            description: "rustc 1.96".to_owned(),
            programs: PathBuf::from(DISTRIBUTION),
            has_clippy: true,
            llvm_major: 22,
        }),
        linker: Some(PathBuf::from("target/tools/bin/bpf-linker")),
        packages: PACKAGES.iter().chain([&CPP]).map(|package| package.name).collect(),
        ..bare()
    }
}

#[test]
fn a_complete_machine_has_nothing_to_install() {
    assert!(Plan::make(&Need::ALL, &complete()).is_empty());
}

#[test]
fn a_bare_debian_gets_the_compiler_the_linker_and_the_packages() {
    let plan = Plan::make(&Need::ALL, &bare());
    let names = plan.package_names();
    for name in ["libstd-rust-web-dev-bpf", "llvm-22-dev", "rust-web-clippy", "samba"] {
        assert!(names.split(' ').any(|listed| listed == name), "{name} is not among {names}");
    }
    assert!(plan.linker);
    plan.ensure_possible().unwrap();
}

#[test]
fn the_demonstration_installs_no_test_packages() {
    let plan = Plan::make(&[Need::Build, Need::Demo], &bare());
    assert!(plan.packages.iter().any(|package| package.name == "iproute2"));
    assert!(
        plan.packages
            .iter()
            .all(|package| package.name != "samba" && package.name != "rustfmt-web")
    );
}

#[test]
fn a_build_alone_takes_no_laboratory() {
    let found = Found { packages: BTreeSet::from(["gcc"]), ..complete() };
    assert!(Plan::make(&[Need::Build], &found).is_empty());
}

#[test]
fn llvm_follows_the_compiler() {
    let mut found = Found { linker: None, ..complete() };
    if let Ok(compiler) = &mut found.compiler {
        compiler.llvm_major = 23;
    }
    assert_eq!(
        Plan::make(&[Need::Build], &found).packages.last().map(|package| package.name),
        Some("llvm-23-dev")
    );
}

#[test]
fn without_apt_the_plan_says_what_to_type() {
    let plan = Plan::make(&Need::ALL, &Found { has_apt: false, ..bare() });
    let error = plan.ensure_possible().unwrap_err().to_string();
    assert!(
        error.contains("rust-src")
            && error.contains("bpf-linker@0.13.0")
            && error.contains("samba"),
        "{error}"
    );
}

#[test]
fn packages_that_are_there_and_do_not_work_are_not_installed_for_ever() {
    let packages = COMPILER.iter().map(|package| package.name).collect();
    let plan = Plan::make(&[Need::Build], &Found { packages, ..bare() });
    assert!(plan.ensure_possible().unwrap_err().to_string().contains("no core library"));
}

#[test]
fn linters_come_from_where_the_compiler_came() {
    let plan = Plan::make(&[Need::Lint], &Found { host_linters: false, ..complete() });
    assert!(plan.rustup_components().is_some() && plan.packages.is_empty());
    let distribution = PathBuf::from(DISTRIBUTION);
    let plan = Plan::make(
        &[Need::Lint],
        &Found { host_linters: false, host_programs: distribution, ..complete() },
    );
    assert_eq!(plan.package_names(), "rustfmt-web rust-web-clippy");
}

#[test]
fn a_reason_is_given_once_for_all_its_packages() {
    let text = Plan::make(&[Need::Build], &bare()).to_string();
    assert!(
        text.contains(
            "  rustc-web cargo-web libstd-rust-web-dev libstd-rust-web-dev-bpf (package): "
        ),
        "{text}"
    );
}
