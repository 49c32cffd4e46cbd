//! The page as its user knows it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::driver::Driver;

/// How long, in real seconds, anything on the page may take.
pub const SECONDS_MAX: u32 = 120;

const CONTROL: char = '\u{e009}';
const RELEASE: char = '\u{e000}';
const ENTER: &str = "\u{e007}";

/// Defines `named(role, pattern)` for the scripts below: the visible elements with an accessible
/// role and a name that matches a regular expression. An empty role stands for every role.
const NAMED: &str = r#"
const shown = element => element.checkVisibility({ visibilityProperty: true });
const named = (role, pattern) => {
  const candidates = "[role],[aria-label],[aria-labelledby],a,button,input,textarea,select,output,"
    + "table,tr,td,li,nav,main,section,article,dialog,h1,h2,h3,h4,summary,progress,meter,svg,img";
  const matches = new RegExp(pattern);
  return [...document.querySelectorAll(candidates)].filter(element =>
    (role === "" || element.computedRole === role) && matches.test(element.computedName)
    && shown(element));
};
"#;

/// An open page in a browser of its own.
pub struct Page {
    driver: Driver,
    name: &'static str,
}

impl Page {
    /// Opens the page on a desktop.
    pub fn open(name: &'static str) -> Page {
        Page::open_sized(name, 1440, 900)
    }

    /// Opens the page on a phone.
    pub fn open_small(name: &'static str) -> Page {
        Page::open_sized(name, 390, 844)
    }

    fn open_sized(name: &'static str, width: u32, height: u32) -> Page {
        let url = std::env::var("TABERNETES_URL")
            .expect("TABERNETES_URL is not set: run these tests with `cargo xtask test`");
        let page = Page { driver: Driver::start(width, height), name };
        page.cdp(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}),
        );
        page.driver.post("url", &json!({"url": url}));
        page
    }

    /// Loads the page anew, as the browser's own button does.
    pub fn reload(&self) {
        self.driver.post("refresh", &json!({}));
    }

    /// Runs the body of a function in the page and returns its result.
    pub fn script(&self, body: &str, arguments: Value) -> Value {
        let script = format!("{NAMED}\n{body}");
        self.driver.post("execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// Waits until a function's body returns something true, and returns that. The page itself
    /// looks again after each frame, so nothing here sleeps.
    pub fn until(&self, what: &str, body: &str, arguments: Value) -> Value {
        let script = format!(
            "{NAMED}
            const done = arguments[arguments.length - 1];
            const given = [...arguments].slice(0, -1);
            const probe = function () {{ {body} }};
            const end = performance.now() + {SECONDS_MAX} * 1000;
            const look = () => {{
              const begun = performance.now();
              let found = null;
              try {{ found = probe(...given); }} catch (error) {{ return done({{ error: String(error) }}); }}
              if (found || performance.now() > end) return done({{ found: found || null }});
              // Looking is work too: most of the time belongs to the page.
              setTimeout(look, Math.max(30, 3 * (performance.now() - begun)));
            }};
            look();"
        );
        let answer =
            self.driver.post("execute/async", &json!({"script": script, "args": arguments}));
        assert!(answer["error"].is_null(), "{what}: {}", answer["error"]);
        let found = answer["found"].clone();
        assert!(
            !found.is_null(),
            "waited {SECONDS_MAX} s for {what}. The page says:\n{}",
            self.text()
        );
        found
    }

    /// Waits for the one element with a role and exactly this name.
    pub fn one(&self, role: &str, name: &str) -> Value {
        let pattern = format!("^{}$", escaped(name));
        self.until(
            &format!("{role} {name:?}"),
            "return named(...arguments)[0]",
            json!([role, pattern]),
        )
    }

    /// Waits for an element whose name matches a regular expression.
    pub fn matching(&self, role: &str, pattern: &str) -> Value {
        let what = format!("{role} matching /{pattern}/");
        self.until(&what, "return named(...arguments)[0]", json!([role, pattern]))
    }

    /// The names of the elements that match now.
    pub fn names(&self, role: &str, pattern: &str) -> Vec<String> {
        let found = self
            .script("return named(...arguments).map(e => e.computedName)", json!([role, pattern]));
        let names = found.as_array().map(Vec::as_slice).unwrap_or_default();
        names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    }

    /// Clicks the element with a role and name.
    pub fn click(&self, role: &str, name: &str) {
        self.click_on(&self.one(role, name));
    }

    /// Clicks an element that was found before.
    pub fn click_on(&self, element: &Value) {
        self.driver.post(&format!("element/{}/click", id(element)), &json!({}));
    }

    /// Replaces the text of an input: selects what is there and pastes.
    pub fn fill(&self, role: &str, name: &str, text: &str) {
        let element = self.one(role, name);
        self.click_on(&element);
        self.keys(&element, &format!("{CONTROL}a{RELEASE}"));
        self.cdp("Input.insertText", json!({"text": text}));
    }

    /// Presses keys in an element.
    pub fn keys(&self, element: &Value, text: &str) {
        self.driver.post(&format!("element/{}/value", id(element)), &json!({"text": text}));
    }

    /// Chooses an entry of a drop-down list.
    pub fn choose(&self, name: &str, entry: &str) {
        let list = self.one("combobox", name);
        let option = self.script(
            "return [...arguments[0].options].find(option => option.label === arguments[1])",
            json!([list, entry]),
        );
        self.click_on(&option);
    }

    /// Types a command into the terminal and returns what it printed.
    pub fn kubectl(&self, arguments: &str) -> String {
        let command = format!("kubectl {arguments}");
        self.click("button", "Clear");
        self.fill("textbox", "kubectl", &command);
        self.keys(&self.one("textbox", "kubectl"), ENTER);
        let output = self.until(
            &format!("the end of `{command}`"),
            "const log = named('log', '^Terminal output$')[0].innerText;
             const printed = log.slice(log.indexOf(arguments[0]) + arguments[0].length).trim();
             const busy = named('button', '^Ctrl[+]C$').length > 0;
             return log.includes(arguments[0]) && printed !== '' && !busy && printed;",
            json!([command]),
        );
        output.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until exactly `count` elements match, and returns their names.
    pub fn exactly(&self, count: usize, role: &str, pattern: &str) -> Vec<String> {
        self.until(
            &format!("exactly {count} of {role} matching /{pattern}/"),
            "return named(arguments[0], arguments[1]).length === arguments[2]",
            json!([role, pattern, count]),
        );
        self.names(role, pattern)
    }

    /// Lets the page draw this many frames.
    pub fn frames(&self, count: u32) {
        self.until(
            "the next frames",
            "window.left ??= arguments[0];
             if (!window.asked) {
               window.asked = true;
               const next = () => { window.left -= 1; if (window.left > 0) requestAnimationFrame(next); };
               requestAnimationFrame(next);
             }
             if (window.left > 0) return false;
             delete window.left; delete window.asked;
             return true;",
            json!([count]),
        );
    }

    /// Moves a slider to a value, as dragging it does.
    pub fn slide(&self, name_pattern: &str, value: u32) {
        let slider = self.matching("slider", name_pattern);
        self.script(
            "const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
             set.call(arguments[0], arguments[1]);
             arguments[0].dispatchEvent(new Event('input', { bubbles: true }));
             arguments[0].dispatchEvent(new Event('change', { bubbles: true }));",
            json!([slider, value.to_string()]),
        );
    }

    /// The text that is visible now.
    pub fn text(&self) -> String {
        self.script("return document.body.innerText", json!([])).as_str().unwrap_or("").to_owned()
    }

    /// Waits until the visible text matches a regular expression.
    pub fn says(&self, pattern: &str) {
        let probe = "return new RegExp(arguments[0], 's').test(document.body.innerText)";
        self.until(&format!("the text /{pattern}/"), probe, json!([pattern]));
    }

    /// Saves what the window shows as `target/screens/<name>.png`.
    pub fn screenshot(&self, name: &str) {
        if let Some(Err(error)) = self.picture().map(|bytes| save(name, &bytes)) {
            panic!("cannot save the screenshot {name}: {error}");
        }
    }

    /// Asserts what holds at the end of every walk: no error in the console (a refusal by the
    /// content security policy is one), nothing loaded from another host, and nothing to operate
    /// that has no name.
    pub fn assert_clean(&self) {
        let log = self.driver.post("se/log", &json!({"type": "browser"}));
        let entries = log.as_array().map(Vec::as_slice).unwrap_or_default();
        let severe: Vec<_> = entries.iter().filter(|entry| entry["level"] == "SEVERE").collect();
        assert!(severe.is_empty(), "errors in the browser's console: {severe:#?}");
        let foreign = self.script(
            "return performance.getEntriesByType('resource').map(entry => entry.name)
               .filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'))",
            json!([]),
        );
        assert_eq!(foreign, json!([]), "loaded from another host");
        let nameless = self.script(
            "return [...document.querySelectorAll('button,input,select,textarea,a,[tabindex]')]
               .filter(element => shown(element) && element.computedName.trim() === '')
               .map(element => element.outerHTML)",
            json!([]),
        );
        assert_eq!(nameless, json!([]), "without an accessible name");
    }

    fn cdp(&self, command: &str, parameters: Value) {
        self.driver.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters}));
    }

    fn picture(&self) -> Option<Vec<u8>> {
        let answer = self.driver.call("GET", "screenshot", &Value::Null).ok()?;
        answer.as_str().map(base64)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(bytes) = self.picture()
        {
            // The failure itself is already on its way to the terminal.
            save(&format!("failed-{}", self.name), &bytes).ok();
        }
    }
}

/// The identifier that WebDriver puts into a reference to an element.
fn id(element: &Value) -> &str {
    let reference = element.as_object().and_then(|fields| fields.values().next());
    reference.and_then(Value::as_str).unwrap_or_else(|| panic!("not an element: {element}"))
}

/// A text as a regular expression that matches it.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if character.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

fn save(name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = screens();
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(format!("{name}.png")), bytes)
}

fn screens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/screens")
}

/// Decodes base64; characters outside its alphabet are skipped.
fn base64(text: &str) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::with_capacity(text.len() * 3 / 4));
    for symbol in text.bytes() {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}
