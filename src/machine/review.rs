//! Programs that are posted JSON and say what they think of it: webhooks. What they say is data of
//! their image.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::image::Image;
use crate::base::base64::{self, Alphabet};

/// What a page says of a review that it is posted. Every refusal counts; of what is changed, the
/// first that applies.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// When it applies: what stands where in the request, by JSON pointer; `null` is nothing.
    pub when: BTreeMap<String, Value>,
    /// And what is part of a text there; `*` is any item of a list.
    pub contains: BTreeMap<String, String>,
    /// Refuses with this message.
    pub deny: Option<String>,
    /// Refuses with this reason.
    pub reason: Option<String>,
    /// Changes the object: a JSON patch.
    pub patch: Option<Value>,
    /// Answers after this time.
    pub after_ms: u64,
}

/// How a page turns objects into a version: a text of theirs into two, or the other way round.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    /// Whether the text is there before and its parts after.
    pub splits: bool,
    /// The field with the text.
    pub whole: String,
    /// The fields with what stands before and behind the colon.
    pub parts: [String; 2],
}

/// What a program of an image says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Judge {
    image: String,
    program: String,
    #[serde(default)]
    reviews: BTreeMap<String, Vec<Rule>>,
    #[serde(default)]
    converts: BTreeMap<String, BTreeMap<String, Conversion>>,
}

impl Judge {
    /// Teaches it to the program, under every name of its image.
    pub(super) fn join(self, images: &mut BTreeMap<String, Rc<Image>>) {
        let known = images.get(&self.image).expect("it is of an image that there is");
        let mut image = Image::clone(known);
        let program = image.programs.get_mut(&self.program).expect("the image has the program");
        let program = Rc::make_mut(program);
        (program.reviews, program.converts) = (self.reviews, self.converts);
        let image = Rc::new(image);
        for name in &image.names {
            images.insert(name.clone(), Rc::clone(&image));
        }
    }
}

impl Rule {
    fn applies(&self, request: &Value) -> bool {
        let stands = |(path, wanted): (&String, &Value)| {
            request.pointer(path).unwrap_or(&Value::Null) == wanted
        };
        let holds = |(path, part): (&String, &String)| {
            let steps: Vec<&str> = path.split('/').skip(1).collect();
            any(request, &steps, part)
        };
        self.when.iter().all(stands) && self.contains.iter().all(holds)
    }
}

/// Whether a text below a path has a part.
fn any(value: &Value, steps: &[&str], part: &str) -> bool {
    match (value, steps) {
        (Value::String(text), []) => text.contains(part),
        (Value::Array(items), ["*", rest @ ..]) => items.iter().any(|item| any(item, rest, part)),
        (Value::Object(map), [step, rest @ ..]) => {
            map.get(*step).is_some_and(|inner| any(inner, rest, part))
        }
        _ => false,
    }
}

/// The answer to a review, and after how many milliseconds it comes.
pub(super) fn review(rules: &[Rule], posted: &Value) -> (u64, Value) {
    let request = &posted["request"];
    // What is deleted is there as it was.
    let mut seen = request.clone();
    if seen["object"].is_null() {
        seen["object"] = request["oldObject"].clone();
    }
    let applying: Vec<&Rule> = rules.iter().filter(|rule| rule.applies(&seen)).collect();
    let refusals: Vec<&str> = applying.iter().filter_map(|rule| rule.deny.as_deref()).collect();
    let reason = applying.iter().find_map(|rule| rule.reason.as_deref());
    let patch = applying.iter().find_map(|rule| rule.patch.as_ref());
    let mut response = json!({"uid": request["uid"], "allowed": true});
    if !refusals.is_empty() || reason.is_some() {
        response["allowed"] = json!(false);
        response["status"] = match reason {
            Some(reason) => json!({"metadata": {}, "reason": reason}),
            None => json!({"metadata": {}, "message": refusals.join(" ")}),
        };
    } else if let Some(patch) = patch {
        response["patchType"] = json!("JSONPatch");
        response["patch"] = json!(base64::encode(patch.to_string().as_bytes(), Alphabet::Standard));
    }
    let after = applying.iter().map(|rule| rule.after_ms).max().unwrap_or(0);
    (after, answer(posted, response))
}

fn answer(posted: &Value, response: Value) -> Value {
    json!({"kind": posted["kind"], "apiVersion": posted["apiVersion"], "response": response})
}

/// The answer to a request for objects in another version.
pub(super) fn convert(known: &BTreeMap<String, Conversion>, posted: &Value) -> Value {
    let request = &posted["request"];
    let wanted = request["desiredAPIVersion"].as_str().unwrap_or_default();
    let objects = request["objects"].as_array().cloned().unwrap_or_default();
    let converted: Result<Vec<Value>, String> = match known.get(wanted) {
        Some(conversion) => {
            objects.into_iter().map(|object| conversion.convert(object, wanted)).collect()
        }
        None => Err(format!("unexpected conversion version {wanted:?}")),
    };
    let mut response = json!({"uid": request["uid"]});
    match converted {
        Ok(objects) => {
            response["convertedObjects"] = Value::Array(objects);
            response["result"] = json!({"status": "Success"});
        }
        Err(why) => response["result"] = json!({"status": "Failed", "message": why}),
    }
    answer(posted, response)
}

impl Conversion {
    fn convert(&self, mut object: Value, wanted: &str) -> Result<Value, String> {
        if object["apiVersion"] == wanted {
            return Err(format!(
                "conversion from a version to itself should not call the webhook: {wanted}"
            ));
        }
        object["apiVersion"] = json!(wanted);
        let Some(map) = object.as_object_mut() else { return Ok(object) };
        let [first, second] = &self.parts;
        if self.splits {
            if let Some(whole) = map.remove(&self.whole) {
                let text = whole.as_str().unwrap_or_default();
                match text.split(':').collect::<Vec<_>>().as_slice() {
                    [before, behind] => {
                        map.insert(first.clone(), json!(before));
                        map.insert(second.clone(), json!(behind));
                    }
                    _ => return Err(format!("invalid {} value `{text}`", self.whole)),
                }
            }
            return Ok(object);
        }
        let parts = [map.remove(first), map.remove(second)];
        if parts.iter().any(Option::is_some) {
            let text = parts.map(|part| part.and_then(|p| p.as_str().map(str::to_owned)));
            let [before, behind] = text.map(Option::unwrap_or_default);
            map.insert(self.whole.clone(), json!(format!("{before}:{behind}")));
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(rules: &str, object: Value) -> Value {
        let rules: Vec<Rule> = serde_yaml::from_str(rules).unwrap();
        let posted = json!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
            "request": {"uid": "u", "name": "a", "object": object}});
        review(&rules, &posted).1["response"].clone()
    }

    #[test]
    fn refusals_add_up_and_the_first_change_counts() {
        const RULES: &str = "
        - {when: {/object/a: 1}, deny: one}
        - {contains: {/object/list/*/name: bad}, deny: two}
        - {when: {/object/b: null}, patch: [{op: add, path: /b, value: 1}]}
        - {patch: [{op: remove, path: /b}]}";
        let refused = asked(RULES, json!({"a": 1, "list": [{"name": "good"}, {"name": "a-bad"}]}));
        assert_eq!(refused["status"]["message"], "one two");
        let changed = asked(RULES, json!({"a": 2}));
        assert_eq!(changed["allowed"], true);
        let patch = base64::encode(br#"[{"op":"add","path":"/b","value":1}]"#, Alphabet::Standard);
        assert_eq!(changed["patch"], json!(patch));
        let reasons = asked("[{when: {/name: a}, reason: no}]", Value::Null);
        assert_eq!(reasons["status"]["reason"], "no");
        assert_eq!(asked("[]", Value::Null), json!({"uid": "u", "allowed": true}));
    }

    #[test]
    fn a_text_is_split_and_joined() {
        let known: BTreeMap<String, Conversion> = serde_yaml::from_str(
            "{g/v2: {splits: true, whole: hostPort, parts: [host, port]}, \
             g/v1: {splits: false, whole: hostPort, parts: [host, port]}}",
        )
        .unwrap();
        let ask = |version: &str, object: Value| {
            let posted = json!({"request": {"desiredAPIVersion": version, "objects": [object]}});
            convert(&known, &posted)["response"].clone()
        };
        let (old, new) = (
            json!({"apiVersion": "g/v1", "hostPort": "h:1"}),
            json!({"apiVersion": "g/v2", "host": "h", "port": "1"}),
        );
        assert_eq!(ask("g/v2", old.clone())["convertedObjects"][0], new);
        assert_eq!(ask("g/v1", new)["convertedObjects"][0], old);
        let wrong = ask("g/v2", json!({"apiVersion": "g/v1", "hostPort": "h"}));
        assert_eq!(wrong["result"]["message"], "invalid hostPort value `h`");
        assert_eq!(ask("g/v2", json!({"apiVersion": "g/v2"}))["result"]["status"], "Failed");
        assert_eq!(ask("g/v3", old)["result"]["message"], "unexpected conversion version \"g/v3\"");
    }
}
