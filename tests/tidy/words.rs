//! What nobody may write, and where the exceptions are.

use super::source::{Source, line_at};

/// A ban on words.
struct Ban {
    /// Each is looked for in code, from the start of a word.
    words: &'static [&'static str],
    /// The folders or files it is about; empty for everywhere.
    within: &'static [&'static str],
    /// The folders or files it is not about.
    except: &'static [&'static str],
    /// What to do instead.
    advice: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        words: &["todo!", "unimplemented!", "dbg!"],
        within: &[],
        except: &[],
        advice: "finish it, or leave out what is not there yet",
    },
    Ban { words: &["#[ignore"], within: &[], except: &[], advice: "a test runs or does not exist" },
    Ban {
        words: &["thread::sleep"],
        within: &[],
        except: &[],
        advice: "wait for the condition itself; simulated time moves with the agenda",
    },
    Ban { words: &["dead_code"], within: &[], except: &[], advice: "remove what nothing uses" },
    Ban {
        words: &[
            "HashMap",
            "HashSet",
            "SystemTime",
            "Instant::",
            "async fn",
            "async move",
            "std::fs",
            "std::env",
            "std::thread",
        ],
        within: &["src"],
        except: &["src/bin"],
        advice: "the core is a value without I/O: BTreeMap, sim::Time, plain functions, options passed in",
    },
    Ban {
        words: &["web_sys", "js_sys", "wasm_bindgen", "gloo_timers"],
        within: &["src"],
        except: &["src/web"],
        advice: "only `web` knows the browser: add what is missing there and call that",
    },
    Ban {
        words: &["yew::"],
        within: &["src"],
        except: &["src/ui", "src/bin/page.rs"],
        advice: "only `ui` draws",
    },
    Ban {
        words: &[
            "serde_json::from_",
            "serde_json::to_",
            "serde_json::Deserializer",
            "serde_json::Serializer",
        ],
        within: &["src"],
        except: &["src/object", "src/base/yaml", "src/bin"],
        advice: "`object::codec` is the one door between text, JSON and types",
    },
    Ban {
        words: &["serde_yaml::"],
        within: &["src"],
        except: &["src/base/yaml"],
        advice: "`base::yaml` reads and writes YAML",
    },
    Ban {
        words: &[".sort(", ".sort_by", ".sort_unstable"],
        within: &["src"],
        except: &["src/base/order.rs"],
        advice: "each use costs kilobytes of WebAssembly: `base::order` sorts with one copy",
    },
];

/// Words that no comment may contain, from the start of a word.
const COMMENT_BANS: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

/// Every banned word in a file.
pub fn complaints(source: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    let product = source.product_code();
    for ban in BANS {
        let inside = |places: &[&str]| places.iter().any(|place| source.path.starts_with(place));
        if (!ban.within.is_empty() && !inside(ban.within)) || inside(ban.except) {
            continue;
        }
        // A ban on some folders is about the product; tests may do what they need.
        let code = if ban.within.is_empty() { &source.code } else { &product };
        if !ban.within.is_empty() && source.is_test() {
            continue;
        }
        for word in ban.words {
            complaints.extend(found(source, code, word, ban.advice));
        }
    }
    for word in COMMENT_BANS {
        complaints.extend(found(source, &source.comments, word, "do it, or drop the remark"));
    }
    complaints
}

/// Where the text nodes (`{ "…" }` after markup, which tells them from `if … { "…" }`) and the
/// spoken attributes in a line of markup begin and end.
fn texts(line: &str) -> Vec<(usize, usize)> {
    const ATTRIBUTES: [&str; 4] = ["aria-label=\"", "title=\"", "placeholder=\"", "alt=\""];
    let after_markup = |at: usize| {
        let before = line[..at].trim_end();
        before.is_empty() || before.ends_with(['>', '}'])
    };
    let nodes = line.match_indices("{ \"").filter(|(at, _)| after_markup(*at));
    let nodes = nodes.map(|(at, mark)| (at + mark.len(), "\" }"));
    let attributes = ATTRIBUTES.iter().flat_map(|name| line.match_indices(name));
    let attributes = attributes.map(|(at, mark)| (at + mark.len(), "\""));
    let ends = |(start, end): (usize, &str)| Some((start, start + line[start..].find(end)?));
    nodes.chain(attributes).filter_map(ends).collect()
}

/// Words in the page's code that a visitor would read: they belong into the message catalogue, so
/// that the page can speak another language.
pub fn untranslated(source: &Source) -> Vec<String> {
    if !source.path.starts_with("src/ui/") || source.path.ends_with("/messages.rs") {
        return Vec::new();
    }
    let product = source.product_code();
    let mut complaints = Vec::new();
    for (number, (text, code)) in source.text.lines().zip(product.lines()).enumerate() {
        if code.trim().is_empty() {
            continue;
        }
        for (start, end) in texts(text) {
            let words = &text[start..end];
            if words.replace("\\n", "").contains(char::is_alphabetic) {
                complaints.push(format!(
                    "{}:{}: \"{words}\": give it a name in src/ui/messages.rs and call that",
                    source.path,
                    number + 1
                ));
            }
        }
    }
    complaints
}

fn found(source: &Source, text: &str, word: &str, advice: &str) -> Vec<String> {
    let starts_a_word =
        |at: &usize| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let places = text.match_indices(word).map(|(at, _)| at).filter(starts_a_word);
    places.map(|at| format!("{}:{}: `{word}`: {advice}", source.path, line_at(text, at))).collect()
}

#[test]
fn words_are_found_in_code_only() {
    let source = Source {
        path: "src/kinds/pod.rs".to_owned(),
        text: String::new(),
        code: "let a = HashMap::new();\n#[cfg(test)] mod tests { HashMap }\nmy_todo!();\ntodo!();"
            .to_owned(),
        comments: "// FIXME".to_owned(),
    };
    let found = complaints(&source);
    let places: Vec<&str> =
        found.iter().map(|line| line.split(": ").next().unwrap_or_default()).collect();
    assert_eq!(places, ["src/kinds/pod.rs:4", "src/kinds/pod.rs:1", "src/kinds/pod.rs:1"]);
}

#[test]
fn words_for_visitors_come_from_the_catalogue() {
    let text = "html! { <p title=\"Hello\" class=\"x\">{ \"Good day\" }{ t().pods }{ \"↻\" }{ if a { \"b\" } }</p> }";
    let source = Source {
        path: "src/ui/topbar.rs".to_owned(),
        text: text.to_owned(),
        code: text.to_owned(),
        comments: String::new(),
    };
    assert_eq!(untranslated(&source).len(), 2);
}
