//! What prints objects by a person's template: JSONPath, and Go's.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tabernetes::base::go_template::Template;
use tabernetes::base::json_path::{self, JsonPath};

/// A list of objects with values of every kind.
static LIST: LazyLock<Value> = LazyLock::new(|| {
    serde_json::json!({"kind": "List", "items": [
        {"metadata": {"name": "a", "labels": {"app": "web", "a.b/c": "x"}}, "spec": {"replicas": 3, "paused": false}},
        {"metadata": {"name": "b"}, "spec": {"containers": [{"name": "c", "ports": [80, 443]}, null, 1.5]}},
    ]})
});

fuzz_target!(|text: &str| {
    for template in [Ok(text.to_owned()), json_path::relaxed(text)].into_iter().flatten() {
        if let Ok(path) = JsonPath::parse(&template) {
            if let Err(why) = path.execute(&LIST) {
                let _ = json_path::execution_error(&template, &LIST, &why);
            }
            let _ = path.allow_missing_keys(true).execute_as_json(&LIST);
        }
    }
    if let Ok(template) = Template::parse(text, false) {
        let _ = template.execute(&LIST);
    }
});
