//! The bill of materials: CycloneDX 1.5, as JSON.

use serde_json::{Value, json};

use super::VERSION;
use super::library::Library;

/// The bill of the agent with these libraries.
pub fn written(libraries: &[Library]) -> String {
    let agent = json!({
        "type": "application",
        "bom-ref": reference("sensor", VERSION),
        "name": "wardline",
        "version": VERSION,
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
    });
    let others = libraries.iter().filter(|library| library.name != "sensor");
    let components: Vec<Value> = others.map(component).collect();
    let dependencies: Vec<Value> = libraries.iter().map(dependencies).collect();
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": agent},
        "components": components,
        "dependencies": dependencies,
    });
    format!("{bill:#}\n")
}

fn reference(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{version}")
}

fn component(library: &Library) -> Value {
    let reference = reference(&library.name, &library.version);
    let mut component = json!({
        "type": "library",
        "bom-ref": reference,
        "name": library.name,
        "version": library.version,
        "scope": "required",
        "licenses": [{"expression": library.licence}],
    });
    if let Some(checksum) = &library.checksum {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        component["purl"] = json!(reference);
    }
    component
}

fn dependencies(library: &Library) -> Value {
    let uses = library.uses.iter().map(|(name, version)| reference(name, version));
    json!({
        "ref": reference(&library.name, &library.version),
        "dependsOn": uses.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_library_uses_is_in_the_bill_too() {
        let library = |name: &str, uses: &[&str]| Library {
            name: name.to_owned(),
            version: VERSION.to_owned(),
            licence: "MIT".to_owned(),
            directory: "/nowhere".into(),
            is_own: name == "sensor",
            checksum: (name != "sensor").then(|| "f00".to_owned()),
            uses: uses.iter().map(|&used| (used.to_owned(), VERSION.to_owned())).collect(),
        };
        let bill = written(&[library("a", &[]), library("sensor", &["a"])]);
        let bill: Value = serde_json::from_str(&bill).unwrap();
        assert_eq!(bill["components"].as_array().map(Vec::len), Some(1));
        assert_eq!(bill["components"][0]["hashes"][0]["content"], "f00");
        assert_eq!(bill["dependencies"][1]["dependsOn"][0], bill["components"][0]["bom-ref"]);
    }
}
