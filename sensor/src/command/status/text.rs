//! The answer for people.

use serde_json::Value;

use super::super::list::cell;

pub fn text(answer: &Value) -> String {
    let mut lines = Vec::new();
    let is = |path: &str| answer.pointer(path).is_some_and(|value| value == true);
    let shown = |path: &str| answer.pointer(path).map(cell).unwrap_or_default();
    let agent = if is("/agent/answers") { "answers" } else { "does not answer" };
    lines.push(format!("agent      {agent} at {}", shown("/agent/socket")));
    lines.push(format!("pins       {}", shown("/pin_directory")));
    for link in answer["links"].as_array().into_iter().flatten() {
        lines.push(link_line(link));
    }
    let held_off = answer["held_off"].as_array().into_iter().flatten();
    for held in held_off.filter(|held| !held["interface"].is_null()) {
        let (name, since) = (cell(&held["interface"]), cell(&held["since"]));
        lines.push(format!(
            "held off   {name} since {since}: its link did not come back after attaching"
        ));
    }
    if answer["links"].as_array().is_none_or(Vec::is_empty) {
        lines.push("attached   to nothing".to_owned());
    }
    if let Some(epoch) = answer.get("epoch").filter(|epoch| !epoch.is_null()) {
        let layout = if is("/epoch/is_readable") { "this version's" } else { "not this version's" };
        lines.push(format!(
            "epoch      since {}, layout {} ({layout}), {} CPUs, {} flow slots, frames in {}",
            cell(&epoch["began"]),
            cell(&epoch["layout"]),
            cell(&epoch["cpus"]),
            cell(&epoch["flow_slots"]),
            cell(&epoch["program"]),
        ));
    }
    if let Some(frames) = answer.pointer("/books/frames") {
        let count = |name: &str| cell(&frames[name]);
        lines.push(format!(
            "books      {} received and {} in tunnels: {} counted, {} undissected, {} lost, {} on their way",
            count("received"),
            count("encapsulated"),
            count("counted"),
            count("undissected"),
            count("lost"),
            count("on_their_way"),
        ));
    }
    lines.join("\n") + "\n"
}

fn link_line(link: &Value) -> String {
    let name = match &link["interface"] {
        Value::Null => format!("interface {} that is gone", cell(&link["index"])),
        name => cell(name),
    };
    let program = &link["program"];
    if program.is_null() {
        return format!("attached   not any more: {name}, link {}", cell(&link["link"]));
    }
    let holders = program["held_by"].as_array().into_iter().flatten();
    let holders: Vec<String> = holders
        .map(|holder| format!("{} (pid {})", cell(&holder["command"]), cell(&holder["pid"])))
        .collect();
    let held = if holders.is_empty() { "no process".to_owned() } else { holders.join(", ") };
    format!(
        "attached   {name} {} since {}, link {}, program {} \"{}\" {} loaded {}, held by {held}",
        cell(&link["mode"]),
        cell(&link["pinned"]),
        cell(&link["link"]),
        cell(&program["id"]),
        cell(&program["name"]),
        cell(&program["tag"]),
        cell(&program["loaded"]),
    )
}
