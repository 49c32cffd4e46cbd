//! A browser session over W3C WebDriver, with a chromedriver of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::http;

/// A headless Chromium; it ends with this value.
pub struct Driver {
    process: Child,
    port: u16,
    session: String,
}

impl Driver {
    /// Starts chromedriver on a free port and opens a window of this size.
    pub fn start(width: u32, height: u32) -> Driver {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver must be on PATH: `cargo xtask test` installs it");
        let output = process.stdout.take().expect("chromedriver's output is piped");
        let port = BufReader::new(output)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                line.split_once("successfully on port ")?.1.split('.').next()?.parse().ok()
            })
            .expect("chromedriver says on which port it listens");
        let mut driver = Driver { process, port, session: String::new() };
        let answer = http::call(port, "POST", "/session", &capabilities(width, height))
            .unwrap_or_else(|error| panic!("no browser session: {error}"));
        driver.session = answer["sessionId"].as_str().unwrap_or_default().to_owned();
        driver
    }

    /// Calls an endpoint below the session.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let slash = if path.is_empty() { "" } else { "/" };
        let path = format!("/session/{}{slash}{path}", self.session);
        http::call(self.port, method, &path, body)
    }

    /// Calls an endpoint that only fails when the browser is broken.
    pub fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", path, body).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The session may be gone already; the process must be, in any case.
        self.call("DELETE", "", &Value::Null).ok();
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn capabilities(width: u32, height: u32) -> Value {
    let arguments = json!([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        // Lets a script ask an element for the role and name that a screen reader hears.
        "--enable-blink-features=ComputedAccessibilityInfo",
        format!("--window-size={width},{height}"),
    ]);
    json!({"capabilities": {"alwaysMatch": {
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
        "timeouts": {"script": 300_000, "pageLoad": 60_000},
    }}})
}
