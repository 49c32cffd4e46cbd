//! Patches: a line of JSON with what is patched, and one with the patch.
//! A merge patch that is applied again changes nothing more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tabernetes::object::patch::{json, merge, strategic, three_way};

fuzz_target!(|text: &str| {
    let Some((target, patch)) = text.split_once('\n') else { return };
    let (Ok(target), Ok(patch)) = (serde_json::from_str(target), serde_json::from_str(patch))
    else {
        return;
    };
    if let Err(why) = json::apply(&target, &patch) {
        let _ = json::words(&why, &target, &patch);
    }
    let merged = merge::apply(&target, &patch);
    assert_eq!(merge::apply(&merged, &patch), merged, "{text:?}");
    for kind in ["Pod", "Deployment", "Service", "Secret"] {
        let _ = strategic::apply(&target, &patch, kind);
        let _ = three_way::two_way_strategic(&target, &patch, kind);
        let _ = three_way::three_way_strategic(&target, &patch, &target, kind);
    }
    let _ = three_way::three_way_merge(&target, &patch, &target);
});
