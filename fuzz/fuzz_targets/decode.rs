//! Text from a person: YAML or JSON documents, decoded as the kinds that they say they are.
//! What was read can be written and read again, and is then the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tabernetes::base::{kyaml, yaml};
use tabernetes::kinds::KINDS;
use tabernetes::object::go_json;

fuzz_target!(|text: &str| {
    for document in yaml::parse_documents(text) {
        let Ok(value) = document.value else { continue };
        let again = yaml::parse_one(&yaml::to_string(&value));
        assert_eq!(again.ok().as_ref(), Some(&value), "{text:?}");
        let _ = kyaml::to_string(&value, go_json::fields);
        let version = value["apiVersion"].as_str().unwrap_or_default();
        let version = version.rsplit('/').next().unwrap_or_default();
        let named = |kind: &&_| {
            let kind: &dyn tabernetes::kinds::Kind = **kind;
            kind.names().kind == value["kind"]
        };
        let Some(kind) = KINDS.iter().find(named) else { continue };
        let Ok(mut object) = kind.decode(version, &value) else { continue };
        kind.default(&mut object);
        kind.prepare_create(&mut object);
        let _ = kind.validate(&object);
        let written = kind.encode(version, &object);
        let read = kind.decode(version, &written).map(|object| kind.encode(version, &object));
        assert_eq!(read.ok(), Some(written), "{text:?}");
    }
});
