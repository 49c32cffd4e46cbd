//! Rules as people read them: those of the same thing together, a line each.

use serde_json::Value;

use crate::base::order::Order as _;

/// What rules are about: group, resource, name, path.
type Place = [Option<String>; 4];

/// The lines of the table of `rules`, sorted: resources, paths, names, verbs. Mirrors
/// `rbac.BreakdownRule`, `rbac.CompactRules` and `describe.CombineResourceGroup`.
pub fn lines<'a>(rules: impl IntoIterator<Item = &'a Value>) -> Vec<[String; 4]> {
    let mut lines: Vec<(String, [String; 4])> = Vec::new();
    for (verbs, place) in compact(rules) {
        let [group, resource, name, path] = &place;
        let one = |text: &Option<String>| shown(text.as_slice());
        // As Go's protocol buffers print a rule, which is what they are sorted by.
        let key = format!(
            "Verbs:{},APIGroups:{},Resources:{},ResourceNames:{},NonResourceURLs:{},",
            shown(&verbs),
            one(group),
            one(resource),
            one(name),
            one(path)
        );
        let what = match (resource, group) {
            (None, _) => String::new(),
            (Some(resource), group) => {
                let (resource, rest) = resource.split_once('/').unwrap_or((resource, ""));
                let group = group.as_deref().filter(|group| !group.is_empty());
                let group = group.map(|group| format!(".{group}")).unwrap_or_default();
                let rest = if rest.is_empty() { String::new() } else { format!("/{rest}") };
                format!("{resource}{group}{rest}")
            }
        };
        lines.push((key, [what, one(path), one(name), shown(&verbs)]));
    }
    lines.order_by_key(|(key, _)| key.clone());
    lines.into_iter().map(|(_, line)| line).collect()
}

/// `[a b]`, as Go prints lists.
fn shown(list: &[String]) -> String {
    format!("[{}]", list.join(" "))
}

/// The rules one by one, those of the same resource together.
fn compact<'a>(rules: impl IntoIterator<Item = &'a Value>) -> Vec<(Vec<String>, Place)> {
    let list = |rule: &Value, name: &str| -> Vec<String> {
        let items = rule[name].as_array().into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let mut found: Vec<(Vec<String>, Place)> = Vec::new();
    let mut add = |verb: &str, place: Place| {
        let same = found.iter_mut().find(|(_, known)| *known == place && place[3].is_none());
        match same {
            Some((verbs, _)) if !verbs.iter().any(|known| known == verb) => {
                verbs.push(verb.to_owned());
            }
            Some(_) => {}
            None => found.push((vec![verb.to_owned()], place)),
        }
    };
    for rule in rules {
        let mut names: Vec<_> = list(rule, "resourceNames").into_iter().map(Some).collect();
        if names.is_empty() {
            names.push(None);
        }
        let (groups, resources, verbs) =
            (list(rule, "apiGroups"), list(rule, "resources"), list(rule, "verbs"));
        let every = groups.iter().flat_map(|group| resources.iter().map(move |r| (group, r)));
        for (group, resource) in every {
            for verb in &verbs {
                for name in &names {
                    let place = [Some(group.clone()), Some(resource.clone()), name.clone(), None];
                    add(verb, place);
                }
            }
        }
        for path in list(rule, "nonResourceURLs") {
            verbs.iter().for_each(|verb| add(verb, [None, None, None, Some(path.clone())]));
        }
    }
    found
}
