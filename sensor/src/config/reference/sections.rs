//! All sections and keys.

use super::row::{
    Kind::{Above, Duration, Flag, OneOf, Scope, Size, SomeOf, Text, Texts, Whole, Wholes},
    Row, Section,
    Shape::{List, Named, Table},
    needed, row,
};
use crate::config::size::{GIB, KIB, MIB};

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;

const PATH: &str = "absolute path";
const NAME: &str = "1 to 64 letters, digits, `-`, `_`";
const TIME: &str = "RFC 3339, such as `\"2026-12-31T18:00:00Z\"`";
const DEVICE: &str = "MAC or IP address";
const SEVERITIES: &[&str] = &["info", "low", "medium", "high", "critical"];
/// Numbers that only need to be above zero.
const LARGE: f64 = 1e15;

const fn table(name: &'static str, rows: &'static [Row]) -> Section {
    Section { name, shape: Table, rows }
}

#[rustfmt::skip] // A row is one line.
pub const SECTIONS: &[Section] = &[
    table("capture", &[
        row("interfaces", Texts("at most 64 names of 1 to 15 characters"), "where to count; `*` stands for any characters. Interfaces that appear later are attached when they do. Only `run` needs one"),
        row("mode", OneOf(&["native", "generic", "auto"]), "`native`: in the driver, refused where it cannot; `generic`: behind it, packet counts approximate; `auto`: native where possible, else generic, and said"),
        row("pin_directory", Text(PATH), "on a BPF file system; where program and counts stay while no agent runs"),
        row("persist", Flag, "whether the program stays attached and counts on when the agent stops"),
        row("link_patience", Duration(0, HOUR), "how long a link that had a carrier may be without one after the program was attached to it; then the program is taken off again, and waits for `wardline attach`. `0s` leaves it there"),
        row("memory", Size(2 * MIB, 64 * GIB), "of the kernel's memory, for all tables and rings together; what follows from it is told by `config check`"),
        row("flows", Whole(512, 1 << 29), "slots of 128 octets, all CPUs together; rounded down to a power of two of sets for each CPU. Without it, what of `memory` is left"),
        row("endpoints", Whole(256, 65_536), "pairs of station and address that totals are kept for. Without it, for a quarter of `memory`"),
        row("ring", Size(16 * KIB, GIB), "of the ring of records; rounded up to a power of two. Notices get a quarter of that besides. Without it, a sixteenth of `memory`"),
        row("run_statistics", Flag, "whether the kernel measures the time spent in the program; costs about 20 ns a packet"),
    ]),
    table("flow", &[
        row("idle_timeout", Duration(SECOND, DAY), "without a packet, after which a conversation has ended"),
        row("active_timeout", Duration(SECOND, DAY), "how often a conversation that lasts is reported"),
        row("maximum", Whole(1024, 1 << 24), "conversations held at once"),
    ]),
    table("inventory", &[
        row("maximum_devices", Whole(16, 1 << 20), "devices kept; further ones are counted and refused"),
        row("routers", Texts("MAC addresses"), "routers, besides those that are found out"),
        row("internal", Texts("networks"), "networks of the site besides the private ones (RFC 1918, RFC 4193); all others are external"),
        row("forget_after", Duration(HOUR, 365 * DAY), "a device that was not seen for so long is forgotten; one that comes back is new"),
    ]),
    table("agent", &[
        row("state_directory", Text(PATH), "of the SQLite store of devices and alerts"),
        row("socket", Text(PATH), "where the commands ask the agent; mode 0660"),
        row("log", OneOf(&["off", "error", "warn", "info", "debug", "trace"]), "messages that are logged, this kind and worse"),
        row("sandbox", OneOf(&["auto", "strict", "off"]), "of the worker, which reads packets and serves requests: `auto`: all that this kernel has, and what it lacks is said; `strict`: all of it, or the agent does not start; `off`: neither files nor system calls are restricted"),
        row("user", Text("name of a user"), "that both processes run as when root starts them; without it `wardline`, if there is such a user, else root, and said. `root`: root. The service's unit has its own"),
    ]),
    table("web", &[
        row("listen_address", Text("address and port"), "of metrics and health"),
        row("config_file", Text(PATH), "TLS, who may ask, headers, rates: [web.md](web.md)"),
        row("insecure_allow", Flag, "whether an address that other hosts reach is allowed without both TLS and authentication"),
        row("enable_lifecycle", Flag, "whether POST `/-/reload` is answered, to those who are known"),
        row("maximum_device_series", Whole(0, 100_000), "devices with series of their own, five each; the rest are together in `overflow`"),
    ]),
    table("events", &[
        row("path", Text(PATH), "of the file of JSON lines; nothing is written without it"),
        row("flows", Flag, "whether flows are written"),
        row("devices", Flag, "whether devices are written"),
        row("alerts", Flag, "whether alerts are written"),
        row("stats_interval", Duration(SECOND, HOUR), "how often the books are written"),
    ]),
    table("alertmanager", &[
        row("urls", Texts("at most 8 bases such as `\"http://127.0.0.1:9093\"`, without a password"), "each gets every alert; none switches it off"),
        row("timeout", Duration(SECOND / 10, 60 * SECOND), "of one request"),
        row("resend_interval", Duration(SECOND, HOUR), "how often a firing alert is told again, at most, when it has grown"),
        row("minimum_severity", OneOf(SEVERITIES), "alerts below are not sent"),
    ]),
    Section { name: "syslog", shape: List { smallest: "[[syslog]]\nname = \"x\"\naddress = \"siem.example:6514\"" }, rows: &[
        needed("name", Text(NAME), "of one sink only"),
        needed("address", Text("host and port"), "such as `\"siem.example:6514\"`"),
        row("transport", OneOf(&["udp", "tcp", "tls"]), "`tcp`: with octet counting (RFC 6587); `tls`: RFC 5425. Over UDP nobody notices what is lost"),
        row("format", OneOf(&["rfc5424", "cef"]), "`rfc5424`: the alert as structured data `wardline@32473` (the number for examples of RFC 5612: Wardline has none of its own) and its summary as text; `cef`: an event in CEF as text"),
        row("facility", OneOf(&["user", "daemon", "auth", "authpriv", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"]), "of the messages"),
        row("minimum_severity", OneOf(SEVERITIES), "alerts below are not sent"),
        row("timeout", Duration(SECOND / 10, 60 * SECOND), "of connecting, and of sending"),
        row("ca_file", Text(PATH), "with `tls`: PEM, authorities that may have signed the receiver's certificate; without it those that browsers trust"),
        row("certificate_file", Text(PATH), "with `tls`: PEM, for receivers that ask for a certificate; needs `key_file`"),
        row("key_file", Text(PATH), "with `tls`: PEM, of `certificate_file`"),
        row("server_name", Text("host name"), "with `tls`: the name in the receiver's certificate, if that is not the host"),
    ]},
    Section { name: "webhook", shape: List { smallest: "[[webhook]]\nname = \"x\"\nurl = \"https://desk.example/wardline\"\nsecret_file = \"/etc/wardline/desk.secret\"" }, rows: &[
        needed("name", Text(NAME), "as of `[[syslog]]`"),
        needed("url", Text("http or https"), "without a password and without `?`"),
        needed("secret_file", Text(PATH), "of at least 16 octets that receivers check the signature with, read at each attempt. White space at its end is not of it"),
        row("minimum_severity", OneOf(SEVERITIES), "alerts below are not sent"),
        row("timeout", Duration(SECOND / 10, 60 * SECOND), "of one request"),
        row("ca_file", Text(PATH), "PEM, authorities that may have signed the receiver's certificate"),
    ]},
    Section { name: "ipfix", shape: List { smallest: "[[ipfix]]\nname = \"x\"\naddress = \"flows.example:4739\"" }, rows: &[
        needed("name", Text(NAME), "of one collector only"),
        needed("address", Text("host and port"), "such as `\"10.1.2.3:4739\"`"),
        row("transport", OneOf(&["udp", "tcp"]), "over UDP nobody notices what is lost"),
        row("template_interval", Duration(SECOND, HOUR), "over UDP, how often templates are sent again"),
        row("observation_domain", Whole(0, u32::MAX as u64), "a number by which a collector tells sensors apart"),
    ]},
    table("outbox", &[
        row("maximum_entries", Whole(100, 1_000_000), "alerts that may wait for each receiver"),
    ]),
    table("intelligence", &[
        row("files", Texts("at most 16 absolute paths"), "files with indicators of compromise, for the detection `indicator_match`; at most 64 MiB each, 200,000 indicators together"),
    ]),
    table("alerts", &[
        row("per_minute", Whole(1, 10_000), "new alerts handed out one by one; what comes beyond is in one digest, and in the store ([alerts](alerts.md))"),
        row("runbook_url", Text("an address with `{name}`, at most 512 characters, or nothing"), "where alerts say that it is written what to do, `{name}` standing for the name of the alert ([alerts](alerts.md#runbooks))"),
    ]),
    table("defaults", &[
        row("thresholds", Flag, "whether the built-in thresholds apply"),
        row("detections", Flag, "whether detections apply that the file does not name"),
    ]),
    Section { name: "role", shape: List { smallest: "[[role]]\nname = \"x\"\ndevices = [\"10.0.0.1\"]" }, rows: &[
        needed("name", Text("1 to 64 characters"), "what thresholds, detections and windows call it"),
        row("mac_prefixes", Texts("1 to 6 octets such as `\"00:09:fb\"`"), "of its devices"),
        row("addresses", Texts("networks such as `\"10.30.0.0/24\"`"), "of its devices"),
        row("vendors", Texts("texts"), "parts of the registered name; upper and lower case are the same"),
        row("applications", Texts("labels such as `\"dicom\"`"), "that its devices speak ([applications](applications.md))"),
        row("devices", Texts("MAC or IP addresses"), "its devices"),
        row("until", Text(TIME), "afterwards nobody has the role, which is logged and counted"),
    ]},
    Section { name: "suppression", shape: List { smallest: "[[suppression]]\nowner = \"x\"\nreason = \"x\"\nrule = \"x\"\nuntil = 2026-11-01T00:00:00Z" }, rows: &[
        row("rule", Text("id or name"), "of a threshold or detection"),
        row("device", Text(DEVICE), "of the device"),
        row("role", Text("name of a role"), "that is defined"),
        row("network", Text("network such as `\"10.1.2.0/28\"`"), "one of the device's addresses lies in it"),
        needed("owner", Text("1 to 500 characters"), "who answers for it"),
        needed("reason", Text("1 to 500 characters"), "why"),
        needed("until", Text(TIME), "at most a year away"),
    ]},
    Section { name: "maintenance", shape: List { smallest: "[[maintenance]]\nowner = \"x\"\nreason = \"x\"\ndevices = [\"10.0.0.1\"]\ndays = [\"mon\"]\nat = \"22:30\"\nfor = \"4h\"" }, rows: &[
        row("role", Text("name of a role"), "this or `devices`"),
        row("devices", Texts("MAC or IP addresses"), "this or `role`"),
        row("rules", Texts("ids or names"), "every rule without it"),
        needed("owner", Text("1 to 500 characters"), "who answers for it"),
        needed("reason", Text("1 to 500 characters"), "why"),
        row("days", SomeOf(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), "weekly, with `at` and `for`"),
        row("at", Text("time of day such as `\"22:30\"`"), "when it begins"),
        row("for", Duration(60 * SECOND, DAY), "how long it lasts"),
        row("time_zone", Text("`\"UTC\"`; a name such as `\"Europe/Berlin\"`, if the host has `/usr/share/zoneinfo`; or rules such as `\"CET-1CEST,M3.5.0,M10.5.0/3\"`"), "of `days` and `at`"),
        row("from", Text(TIME), "with `until`, in place of `days`, `at` and `for`: once"),
        row("until", Text(TIME), "the end of that"),
    ]},
    table("baseline", &[
        row("learning", Duration(HOUR, 90 * DAY), "how long a device is watched before what it does is held against what it did"),
    ]),
    Section { name: "detection", shape: Named { smallest: "[detection.smb1_in_use]" }, rows: &[
        row("enabled", Flag, "`false` switches it off"),
        row("severity", OneOf(SEVERITIES), "of its alerts, unless a finding has its own"),
        row("except_roles", Texts("names of roles"), "whose devices are excused; takes the place of the default ones"),
        row("clears_after", Duration(0, 365 * DAY), "an alert is resolved when nothing more was found for so long"),
    ]},
    Section { name: "threshold", shape: List { smallest: "[[threshold]]\nid = \"x\"\nmetric = \"packet_rate\"\nlimit = 1.0" }, rows: &[
        needed("id", Text(NAME), "one that a built-in one has takes its place"),
        row("name", Text(NAME), "the same as `id` without it"),
        row("enabled", Flag, "`false`, with `id` alone, switches a built-in one off"),
        row("severity", OneOf(SEVERITIES), "of its alerts"),
        row("scope", Scope, "the devices it is measured for"),
        row("except_roles", Texts("names of roles"), "whose devices are left out"),
        row("metric", OneOf(&["packet_rate", "octet_rate", "new_flow_rate", "syn_rate", "invalid_openings", "distinct_peers", "distinct_destination_ports", "distinct_source_ports", "half_open_rate", "half_open_share", "silence"]), "needed, unless a built-in one is switched off; see below"),
        row("limit", Above(0.0, LARGE), "needed, as `metric`; in the metric's unit; fires when it is reached. Distinct counts end at 1024, shares at 1"),
        row("window", Duration(SECOND, DAY), "that is looked back over"),
        row("for", Duration(0, DAY), "that the limit has to be reached without a break"),
        row("clear_below", Above(0.0, 1.0), "resolved below this fraction of the limit"),
        row("minimum", Whole(0, 1_000_000_000), "connections before a share is measured"),
        row("protocol", OneOf(&["tcp", "udp", "icmp", "sctp", "arp"]), "only flows of this"),
        row("destination_ports", Wholes(0, 65_535), "only flows to these"),
        row("applications", Texts("labels such as `\"dicom\"`"), "only flows of these"),
        row("direction", OneOf(&["sent", "received"]), "by the device"),
        row("replies", Flag, "whether flows count that answer others"),
        row("per_peer", Flag, "measure towards each peer alone; the highest counts"),
        row("per_port", Flag, "measure towards each destination port alone; the highest counts"),
        row("failed", Flag, "only attempts that were refused or not answered; TCP and distinct counts"),
    ]},
];
