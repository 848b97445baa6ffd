//! Every metric that Wardline exports. `docs/metrics.md` repeats this table and a test compares.

/// One metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    pub name: &'static str,
    pub help: &'static str,
    pub is_counter: bool,
}

const fn counter(name: &'static str, help: &'static str) -> Family {
    Family { name, help, is_counter: true }
}

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, help, is_counter: false }
}

pub const FAMILIES: &[Family] = &[
    gauge(
        "wardline_build_info",
        "Version of the agent and of the layout it shares with the kernel.",
    ),
    gauge(
        "wardline_ready",
        "1 when every configured interface is attached and frames are being counted.",
    ),
    gauge("wardline_time_seconds", "The sensor's clock at the scrape, in seconds since 1970."),
    counter(
        "wardline_clock_jumps_total",
        "Jumps of the wall clock by half a second or more, since the agent started.",
    ),
    gauge(
        "wardline_fill_ratio",
        "How full what has a limit is, 0 to 1, by table; of rings, at the fullest within the last minute.",
    ),
    // The books.
    counter("wardline_frames_received_total", "Frames received on all monitored interfaces."),
    counter(
        "wardline_frames_total",
        "Frames by fate: counted in a flow, undissected, or lost with a flow's record. The sum is the frames received and those found inside of them.",
    ),
    counter("wardline_frames_undissected_total", "Frames that have no flow, by reason."),
    counter(
        "wardline_frames_encapsulated_total",
        "Frames found in tunnels and counted in flows of their own, besides the frames that carry them.",
    ),
    counter(
        "wardline_frames_encapsulated_undissected_total",
        "Frames found in tunnels that could not be dissected; those that carry them are counted.",
    ),
    counter(
        "wardline_bytes_received_total",
        "Bytes received, from destination address to end of payload.",
    ),
    counter("wardline_bytes_encapsulated_total", "Bytes of the frames found in tunnels."),
    // Interfaces.
    gauge(
        "wardline_interface_info",
        "1 for each attached interface, with the mode the program runs in.",
    ),
    counter("wardline_interface_frames_total", "Frames received by interface."),
    counter("wardline_interface_bytes_total", "Bytes received by interface."),
    counter(
        "wardline_interface_undissected_frames_total",
        "Frames that have no flow, by interface.",
    ),
    gauge(
        "wardline_interfaces_missing",
        "Configured interfaces that are not attached, or on which another program took our place.",
    ),
    gauge(
        "wardline_interface_held_off",
        "1 for each interface from which the program was taken because its link did not come back after it was attached; it waits for `wardline attach`.",
    ),
    counter(
        "wardline_pins_restored_total",
        "Pins of maps and links that somebody removed and the agent made again.",
    ),
    // The flow table.
    gauge("wardline_flow_table_slots", "Slots in the flow table, all CPUs together."),
    gauge("wardline_flow_table_flows", "Flows in the table."),
    counter("wardline_flows_opened_total", "Flows opened in the table."),
    counter(
        "wardline_flows_evicted_total",
        "Flows handed to the agent because their slot was needed.",
    ),
    counter("wardline_flow_records_lost_total", "Flow records that found the ring full."),
    counter(
        "wardline_flows_cut_short_total",
        "Flows that were under way when an agent was killed: what it had not recorded of them is in no record, but in all other counts.",
    ),
    counter(
        "wardline_notices_lost_total",
        "Notices of new flows and endpoints that found the ring full; the next sweep makes them good.",
    ),
    counter(
        "wardline_samples_total",
        "Payload samples by outcome: taken, limited by the rate (headers by their own), lost to a full ring.",
    ),
    counter(
        "wardline_payloads_inspected_total",
        "First payload packets inspected for their application.",
    ),
    counter(
        "wardline_announced_flows_total",
        "Flows that control conversations announced, by outcome: believed, met by a flow, ended, displaced by others, or refused.",
    ),
    counter(
        "wardline_samples_unread_total",
        "What samples said that was lost, by reason: half-read hellos displaced by others, flows never read, no room for a flow's details.",
    ),
    gauge("wardline_biflows", "Conversations under way."),
    counter("wardline_flow_records_total", "Flow records exported, by reason of their end."),
    // Devices.
    gauge("wardline_devices", "Devices known."),
    counter(
        "wardline_devices_refused_total",
        "Devices not admitted because the inventory was full.",
    ),
    gauge("wardline_role_devices", "Devices known, by role in force."),
    gauge(
        "wardline_role_devices_silent",
        "Devices not seen for a quarter of an hour, by role in force.",
    ),
    gauge("wardline_endpoints_capacity", "Endpoints for which totals can be kept."),
    gauge("wardline_endpoints", "Endpoints seen."),
    counter(
        "wardline_endpoints_refused_total",
        "Flows whose source found the endpoint table full and is counted in `overflow`.",
    ),
    gauge(
        "wardline_device_info",
        "1 for each device in the metrics, with the vendor of its network card.",
    ),
    counter(
        "wardline_device_packets_total",
        "Packets by device and direction; `overflow` sums the devices beyond the limit, `elsewhere` is what belongs to no known device.",
    ),
    counter("wardline_device_bytes_total", "Bytes by device and direction; as for packets."),
    counter(
        "wardline_application_packets_total",
        "Packets by application, each counted once, and once more for what a tunnel carries.",
    ),
    counter("wardline_application_bytes_total", "Bytes by application; as for packets."),
    // Alerts and events.
    gauge("wardline_alerts_firing", "Alerts firing, by severity."),
    counter("wardline_alerts_total", "Alerts fired since the agent started, by rule."),
    gauge("wardline_profiles", "Devices whose ways are being learned, and are known, by state."),
    counter("wardline_profiles_refused_total", "Times there was no room for a device's profile."),
    counter(
        "wardline_profiles_tainted_total",
        "Hours of devices that were not learned because an alert was raised for them.",
    ),
    counter(
        "wardline_alerts_withheld_total",
        "Alerts that receivers were not told of one by one, by cause; the store has them.",
    ),
    counter(
        "wardline_alerts_digested_total",
        "Alerts that a digest stands for because too many came at a time, by severity.",
    ),
    counter("wardline_alerts_acknowledged_total", "Alerts that somebody acknowledged."),
    counter(
        "wardline_alert_desk_overflow_total",
        "Alerts or stories of devices that could not be remembered for lack of room.",
    ),
    gauge("wardline_suppressions", "Suppressions in force."),
    gauge("wardline_maintenance_windows", "Maintenance windows in force."),
    gauge("wardline_roles_expired", "Configured roles that have ended and excuse nothing."),
    counter(
        "wardline_stored_alerts_dropped_total",
        "Resolved alerts that went from the store to make room, over all runs.",
    ),
    counter(
        "wardline_flows_unattributed_total",
        "Readings of flows whose sender is no known device, which no threshold sees.",
    ),
    counter(
        "wardline_detection_overflow_total",
        "What detections could not keep for lack of room: pairs, findings, alerts.",
    ),
    counter(
        "wardline_findings_passed_over_total",
        "Findings of detections that raised no alert: `excused_by_role`, `unknown_device`.",
    ),
    counter(
        "wardline_threshold_overflow_total",
        "Windows that thresholds could not keep for lack of room.",
    ),
    counter("wardline_events_written_total", "Events written, by sink."),
    counter("wardline_events_failed_total", "Attempts to write an event that failed, by sink."),
    counter(
        "wardline_events_dropped_total",
        "Events lost on the way to a sink: a full queue, or an events file that did not take the line.",
    ),
    gauge("wardline_alertmanager_queue", "Alerts waiting for an Alertmanager."),
    gauge("wardline_outbox_entries", "Alerts waiting to be delivered, by sink."),
    counter(
        "wardline_outbox_dropped_total",
        "Alerts that a receiver was never told, by reason, since the store was made.",
    ),
    // Flow records to collectors.
    counter("wardline_ipfix_records_total", "Flow records sent as IPFIX, by collector."),
    counter(
        "wardline_ipfix_records_lost_total",
        "Flow records that a collector did not get, by reason: its queue was full, or they could not be sent.",
    ),
    gauge("wardline_ipfix_queue", "Flow records waiting to be sent as IPFIX, by collector."),
    // The configuration.
    gauge(
        "wardline_config_last_reload_successful",
        "1 when the last configuration that was read, at the start or by a reload, is in force.",
    ),
    gauge(
        "wardline_config_last_reload_success_timestamp_seconds",
        "When a configuration was last put in force, since unix epoch in seconds.",
    ),
    gauge(
        "wardline_web_config_last_reload_successful",
        "1 when the web configuration file and its certificates are in force as they are on disk.",
    ),
    // The program and the agent.
    counter(
        "wardline_program_run_seconds_total",
        "Time spent in the program, while the kernel keeps statistics.",
    ),
    counter(
        "wardline_program_runs_total",
        "Runs of the program, while the kernel keeps statistics.",
    ),
    gauge("wardline_cycle_duration_seconds", "Time the last reading of the maps took."),
    gauge("wardline_cycle_duration_maximum_seconds", "Longest time a reading of the maps took."),
    gauge("wardline_epoch_resumed", "1 when the maps were taken over from an earlier agent."),
    counter(
        "wardline_worker_restarts_total",
        "Workers that ended without being told to and were replaced, since the agent started.",
    ),
    gauge(
        "wardline_worker_confined",
        "1 for each part of the worker's confinement that is in force, 0 for one that is not.",
    ),
    counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds."),
    gauge("process_open_fds", "Number of open file descriptors."),
    gauge("process_resident_memory_bytes", "Resident memory size in bytes."),
    gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds."),
];
