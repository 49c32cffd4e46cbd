//! Who gets which names.

use serde_json::{Value, json};

use super::plan::{Names, plan};
use crate::kinds::Kind;
use crate::kinds::custom_resource_definition::CustomResourceDefinitions;
use crate::object::Untyped;

fn definition(names: Value, accepted: Value) -> Untyped {
    let value = json!({"spec": {"names": names}, "status": {"acceptedNames": accepted}});
    let object = CustomResourceDefinitions.decode("v1", &value).unwrap();
    object.get::<Untyped>().unwrap().clone()
}

#[test]
fn names_go_to_whoever_asks_first() {
    let toy = json!({"plural": "toys", "singular": "toy", "kind": "Toy", "listKind": "ToyList",
        "shortNames": ["ty"]});
    let doll =
        json!({"plural": "dolls", "kind": "Toy", "listKind": "ToyList", "shortNames": ["ty"]});
    let none = json!({"plural": "", "kind": ""});
    let cases = [
        (&toy, &none, None, "NoConflicts: no conflicts found Installing"),
        (&doll, &none, Some(&toy), "ListKindConflict: \"ToyList\" is already in use NotAccepted"),
    ];
    for (names, accepted, taken, expected) in cases {
        let taken = Names::taken(taken.into_iter());
        let plan = plan(&definition(names.clone(), accepted.clone()), &taken).unwrap();
        let (names, established) = (plan.names, plan.established);
        assert_eq!(format!("{}: {} {}", names.reason, names.message, established.reason), expected);
    }
    let known = definition(toy.clone(), toy.clone());
    assert_eq!(plan(&known, &Names::taken(std::iter::once(&toy))), None);
}

#[test]
fn free_names_are_given_next_to_taken_ones() {
    let wanted = json!({"plural": "dolls", "kind": "Toy", "categories": ["all"]});
    let other = json!({"kind": "Toy"});
    let definition = definition(wanted, json!({"plural": "", "kind": ""}));
    let plan = plan(&definition, &Names::taken(std::iter::once(&other))).unwrap();
    assert_eq!(plan.accepted, json!({"plural": "dolls", "kind": "", "categories": ["all"]}));
}
