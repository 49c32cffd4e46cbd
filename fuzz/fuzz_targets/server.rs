//! Requests over HTTP: lines of a method and a target, the body behind an empty line. A running
//! cluster answers them one after the other with the same body, as JSON and as YAML, and goes on.
//! What it says is JSON is JSON.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tabernetes::api::http::{self, Call, Content};
use tabernetes::cluster::Cluster;

/// How many steps the cluster goes on for.
const STEPS: usize = 50;

thread_local! {
    static CLUSTER: LazyLock<Cluster> = LazyLock::new(|| Cluster::started(1));
}

fn call(line: &str, content_type: &str, body: &str) -> Option<Call> {
    let (method, target) = line.split_once(' ')?;
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    let target = target.starts_with('/').then(|| target.to_owned())?;
    Some(Call { method: method.to_owned(), target, headers, body: body.into() })
}

fuzz_target!(|text: &str| {
    let (lines, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut cluster = CLUSTER.with(|cluster| Cluster::clone(cluster));
    for line in lines.lines().take(8) {
        for content_type in ["application/json", "application/yaml", "application/apply-patch+yaml"]
        {
            let Some(call) = call(line, content_type, body) else { continue };
            let now = cluster.now();
            let answer = http::answer(&mut cluster, now, &call);
            if let Content::Bytes(bytes) = &answer.body {
                let said = String::from_utf8_lossy(bytes);
                let is_json = answer.headers.contains(&("Content-Type", "application/json".into()));
                let parses = serde_json::from_str::<serde_json::Value>(&said).is_ok();
                assert!(!is_json || parses || call.method == "HEAD", "{text:?}: {said}");
            }
            let until = cluster.now() + std::time::Duration::from_secs(5);
            for _ in 0..STEPS {
                if cluster.step(until).is_none() {
                    break;
                }
            }
        }
    }
});
