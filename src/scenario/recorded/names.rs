//! Generated names, learnt from the objects that have them, and what replaces them.

use std::collections::BTreeMap;

use regex::{Captures, Regex};

use super::Seen;
use crate::base::order::Order as _;

/// The letters of generated suffixes. Mirrors `k8s.io/apimachinery/pkg/util/rand`.
const LETTERS: &str = "bcdfghjklmnpqrstvwxz2456789";
/// Whose Pods have generated names.
const OWNERS: [&str; 4] = ["ReplicaSet/", "Job/", "DaemonSet/", "ReplicationController/"];

/// Generated names and what stands for each.
pub(super) struct Names {
    replacements: BTreeMap<String, String>,
    counts: BTreeMap<(&'static str, String), usize>,
    found: Option<Regex>,
}

impl Names {
    pub(super) fn learn(objects: &[Seen]) -> Self {
        let mut names =
            Self { replacements: BTreeMap::new(), counts: BTreeMap::new(), found: None };
        let order = |seen: &&Seen| match seen.resource.as_str() {
            "replicasets" | "controllerrevisions" => 0,
            "jobs" => 1,
            _ => 2,
        };
        let mut sorted: Vec<&Seen> = objects.iter().collect();
        sorted.order_by_key(order);
        for seen in sorted {
            let (kind, owner) = seen.owner.split_once('/').unwrap_or_default();
            let Some(rest) = seen.name.strip_prefix(owner).and_then(|r| r.strip_prefix('-')) else {
                continue;
            };
            match (seen.resource.as_str(), kind) {
                // Minutes are the same for all: whose Job came first in one must not number them.
                ("jobs", "CronJob") => names.token(rest, "sched", ""),
                ("replicasets", "Deployment") => names.token(rest, "hash", owner),
                ("controllerrevisions", _) => names.token(rest, "rev", owner),
                _ => {}
            }
        }
        for seen in objects {
            names.whole(seen);
        }
        let mut longest: Vec<&String> = names.replacements.keys().collect();
        longest.order_by_key(|name| std::cmp::Reverse(name.len()));
        let choices: Vec<_> = longest.into_iter().map(|name| regex::escape(name)).collect();
        if !choices.is_empty() {
            names.found = Regex::new(&choices.join("|")).ok();
        }
        names
    }

    fn number(&mut self, what: &'static str, of: &str) -> usize {
        let count = self.counts.entry((what, of.to_owned())).or_default();
        *count += 1;
        *count
    }

    fn token(&mut self, text: &str, what: &'static str, owner: &str) {
        if !text.is_empty() && !self.replacements.contains_key(text) {
            let number = self.number(what, owner);
            self.replacements.insert(text.to_owned(), format!("<{what}#{number}>"));
        }
    }

    fn whole(&mut self, seen: &Seen) {
        let at = seen.name.len().saturating_sub(5);
        if !seen.name.is_char_boundary(at) {
            return;
        }
        let (prefix, suffix) = seen.name.split_at(at);
        let is_random = prefix.ends_with('-') && suffix.chars().all(|c| LETTERS.contains(c));
        let is_owned = OWNERS.iter().any(|owner| seen.owner.starts_with(owner));
        let is_wanted = seen.resource == "pods" || !seen.generate_name.is_empty();
        if !is_random
            || !is_wanted
            || !is_owned && seen.generate_name != prefix
            || self.replacements.contains_key(&seen.name)
        {
            return;
        }
        let mut shown = prefix.to_owned();
        for (text, token) in &self.replacements {
            if ["<hash", "<sched", "<rev"].iter().any(|start| token.starts_with(start)) {
                shown = shown.replace(text, token);
            }
        }
        // Which of several equal pods was meant does not matter: they have no number.
        self.replacements.insert(seen.name.clone(), format!("{shown}<#>"));
    }

    pub(super) fn replace(&self, text: &str) -> String {
        let Some(found) = &self.found else { return text.to_owned() };
        let shown = |captures: &Captures<'_>| self.replacements[&captures[0]].clone();
        found.replace_all(text, shown).into_owned()
    }
}
