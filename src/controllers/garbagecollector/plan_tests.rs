//! A table of fates.

use super::plan::{Item, Owner, Verdict, plan};
use crate::api::Propagation;

/// flags (d deleting, f foreground, o orphan, c circular) owners (s a w) dependents blocking -> verdict
const FATES: &str = "
-   -    0 0 -> keep
-   s    3 3 -> keep
-   sa   0 0 -> forget 1
-   saw  0 0 -> forget 2
-   a    0 0 -> delete background
-   aa   2 2 -> delete background
o   a    2 2 -> delete orphan
f   a    2 2 -> delete foreground
-   w    0 0 -> delete background
-   w    2 0 -> delete foreground
-   aw   2 0 -> delete foreground
c   w    2 1 -> delete foreground unblock
d   a    2 2 -> keep
df  -    2 2 -> keep
df  -    2 0 -> finish
df  w    0 0 -> finish
do  -    2 2 -> orphan
do  -    0 0 -> orphan
";

#[test]
fn owners_and_dependents_decide() {
    for line in FATES.lines().filter(|line| !line.is_empty()) {
        let (given, wanted) = line.split_once(" -> ").unwrap();
        let words: Vec<&str> = given.split_whitespace().collect();
        let owners = words[1].chars().enumerate().filter_map(|(index, letter)| {
            let owner = match letter {
                's' => Owner::Solid,
                'a' => Owner::Absent,
                'w' => Owner::Waiting,
                _ => return None,
            };
            Some((index.to_string(), owner))
        });
        let item = Item {
            deleting: words[0].contains('d'),
            foreground: words[0].contains('f'),
            orphan: words[0].contains('o'),
            circular: words[0].contains('c'),
            owners: owners.collect(),
            dependents: words[2].parse().unwrap(),
            blocking: words[3].parse().unwrap(),
        };
        let got = match plan(item).verdict {
            Verdict::Keep => "keep".to_owned(),
            Verdict::Forget(uids) => format!("forget {}", uids.len()),
            Verdict::Delete { propagation, unblock } => {
                let how = match propagation {
                    Propagation::Background => "background",
                    Propagation::Foreground => "foreground",
                    Propagation::Orphan => "orphan",
                };
                format!("delete {how}{}", if unblock { " unblock" } else { "" })
            }
            Verdict::Finish => "finish".to_owned(),
            Verdict::Orphan => "orphan".to_owned(),
        };
        assert_eq!(got, wanted, "{line}");
    }
}
