//! Replaying labelled captures through the agent and having its flows and alerts scored.

mod captures;
pub mod figures;
mod flow;
mod given;
pub mod kept;
mod replay;
mod report;
mod truth;
mod vocabulary;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::build;
use crate::process::run_openly;
use crate::workspace::Workspace;
use figures::Figures;
use kept::Parts;
use replay::{Replay, replay_all};

pub use vocabulary::truths;

/// Where the scoring scripts lie, seen from a corpus part such as `corpus/dev`.
const SCRIPTS: &str = "../../tools";
/// The whole corpus, and the part of it whose truth is known exactly.
pub const WHOLE: &str = "whole";
const SELFMADE: &str = "selfmade";

#[derive(Args)]
pub struct Options {
    /// Labelled corpus: captures and their truth tables (default: WARDLINE_CORPUS or
    /// ../shared/corpus/dev)
    corpus: Option<PathBuf>,
    /// Where the predictions go (default: target/score)
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only captures whose path in the corpus starts with this, such as `selfmade` or `selfmade/scan`
    #[arg(long)]
    only: Option<String>,
    /// Score this agent instead of building and scoring the one in the workspace
    #[arg(long)]
    agent: Option<PathBuf>,
    /// Keep these figures as those of the release (docs/score.json)
    #[arg(long, conflicts_with = "only")]
    keep: bool,
    /// The script that scores flows
    #[arg(long)]
    flow_script: Option<PathBuf>,
    /// The script that scores alerts
    #[arg(long)]
    alert_script: Option<PathBuf>,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let corpus = match &options.corpus {
        Some(corpus) => {
            corpus.canonicalize().with_context(|| format!("no corpus {}", corpus.display()))?
        }
        None => workspace
            .corpus()
            .with_context(|| format!("no corpus in {}", workspace.corpus_places()))?,
    };
    let agent = match &options.agent {
        Some(agent) => agent.clone(),
        None => {
            build(workspace)?;
            workspace.agent()
        }
    };
    let out = options.out.clone().unwrap_or_else(|| workspace.score_output());
    let only = options.only.as_deref().unwrap_or_default();
    let captures = captures::of(&corpus, only)?;
    ensure!(!captures.is_empty(), "no captures in {} that start with {only:?}", corpus.display());

    let start = Instant::now();
    let replays = replays(&corpus, &captures, &out)?;
    let report = replay_all(&agent, &replays)?;
    println!(
        "score: {} captures in {:.1} s; events in {}",
        replays.len(),
        start.elapsed().as_secs_f32(),
        out.display()
    );
    print!("{report}");

    let has_fallen = score_flows(workspace, options, &corpus, &out)?;

    for (given, name) in
        [(&options.flow_script, "score_flows.py"), (&options.alert_script, "score_alerts.py")]
    {
        let script = given.clone().unwrap_or_else(|| corpus.join(SCRIPTS).join(name));
        if !script.is_file() {
            println!("score: there is no {}, so {name} is not run", script.display());
            continue;
        }
        println!("\n=== {name}");
        run_openly(scorer(&script, &corpus, &out, options.only.as_deref()))
            .with_context(|| format!("cannot score with {name}"))?;
    }
    let is_sound = !report.has_failures() && !has_fallen;
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints what was called right and what was not, and says whether a kept figure has fallen.
fn score_flows(
    workspace: &Workspace,
    options: &Options,
    corpus: &Path,
    out: &Path,
) -> Result<bool> {
    let mut parts = Parts::new();
    for (capture, flows) in truth::read(corpus, options.only.as_deref().unwrap_or_default())? {
        let given = given::read(&out.join(format!("{capture}.jsonl")))?;
        let is_selfmade = capture.starts_with(&format!("{SELFMADE}/"));
        for part in [Some(WHOLE), is_selfmade.then_some(SELFMADE)].into_iter().flatten() {
            let figures = parts.entry(part.to_owned()).or_default();
            flows.iter().for_each(|flow| figures.add(&capture, flow, &given));
        }
    }
    for (part, figures) in &parts {
        print!("{}{}", report::labels(part, figures), report::mistakes(part, figures));
    }
    for (part, figures) in &parts {
        print!("{}", report::rates(part, figures));
    }
    if options.keep {
        kept::write(workspace.root(), &parts)?;
        println!("score: kept in {}; `cargo xtask tidy --mend` tells the documents", kept::FILE);
        return Ok(false);
    }
    compare(workspace, &parts)
}

/// Against the release's figures, where these are of the same flows.
fn compare(workspace: &Workspace, parts: &Parts) -> Result<bool> {
    let Some(kept) = kept::read(workspace.root())? else {
        println!("score: there is no {} to compare with", kept::FILE);
        return Ok(false);
    };
    let flows = |figures: &Figures| figures.total().flows;
    let mut has_fallen = false;
    for (part, figures) in parts {
        let before = kept.get(part).filter(|before| flows(before) == flows(figures));
        let Some(before) = before else {
            println!("score: {part}: other flows than those in {}: not compared", kept::FILE);
            continue;
        };
        let comparison = kept::compare(before, figures);
        print!("{}", report::comparison(part, &comparison));
        if comparison.fallen.is_empty() {
            println!("score: {part}: nothing fell below {}", kept::FILE);
        }
        has_fallen |= !comparison.fallen.is_empty();
    }
    Ok(has_fallen)
}

/// What to replay into which file; makes the directories for the files.
fn replays(corpus: &Path, captures: &[String], out: &Path) -> Result<Vec<Replay>> {
    let replays: Vec<_> = captures
        .iter()
        .map(|name| Replay {
            capture: corpus.join(name),
            events: out.join(format!("{name}.jsonl")),
            name: name.clone(),
        })
        .collect();
    for directory in replays.iter().filter_map(|replay| replay.events.parent()) {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
    }
    Ok(replays)
}

fn scorer(script: &Path, corpus: &Path, out: &Path, only: Option<&str>) -> Command {
    let mut command = Command::new("python3");
    command.arg(script).arg(corpus).arg(out);
    if let Some(only) = only {
        command.args(["--only", only]);
    }
    command
}
