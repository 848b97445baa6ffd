//! Replaying labelled captures through the agent and having its flows and alerts scored.

mod captures;
mod replay;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::build;
use crate::process::run_openly;
use crate::workspace::Workspace;
use replay::{Replay, replay_all};

/// Where the scoring scripts lie, seen from a corpus part such as `corpus/dev`.
const SCRIPTS: &str = "../../tools";

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

    for (given, name) in
        [(&options.flow_script, "score_flows.py"), (&options.alert_script, "score_alerts.py")]
    {
        let script = given.clone().unwrap_or_else(|| corpus.join(SCRIPTS).join(name));
        println!("\n=== {name}");
        run_openly(scorer(&script, &corpus, &out, options.only.as_deref()))
            .with_context(|| format!("cannot score with {name}"))?;
    }
    Ok(if report.has_failures() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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
