//! The configurations that are shipped pass the agent's own check.

use tests::agent::wardline;
use tests::deploy::{deployed, stems};

#[test]
fn every_example_is_a_valid_configuration() {
    let directory = deployed("examples");
    let names = stems(&directory, "toml").unwrap();
    assert_eq!(names, ["mirror-port", "router-on-a-stick", "two-port-gateway"]);
    let examples = names.iter().map(|name| directory.join(format!("{name}.toml")));
    for file in examples.chain([deployed("package/wardline.toml")]) {
        let output = wardline(&["config", "check", file.to_str().unwrap()]).unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {complaint}", file.display());
        assert!(said.contains("is valid"), "{}: {said}", file.display());
    }
}
