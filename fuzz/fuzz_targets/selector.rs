//! Label and field selectors, quantities and regular expressions.
//! A label selector's text means the same when it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tabernetes::base::field_selector::FieldSelector;
use tabernetes::base::label_selector::Selector;
use tabernetes::base::quantity::Quantity;
use tabernetes::base::regex::Regex;

fuzz_target!(|text: &str| {
    // As upstream, `a in (,)` is one empty value, whose text `a in ()` is none.
    let is_empty = |value: &String| value.is_empty();
    if let Ok(selector) = Selector::parse(text)
        && !selector.requirements().iter().any(|one| one.values().iter().any(is_empty))
    {
        let written = selector.to_string();
        let again = Selector::parse(&written).map(|selector| selector.to_string());
        assert_eq!(again, Ok(written), "{text:?}");
    }
    if let Ok(selector) = FieldSelector::parse(text) {
        let _ = selector.matches(|_| "value");
    }
    if let Ok(quantity) = Quantity::parse(text) {
        let written = quantity.to_string();
        let again = Quantity::parse(&written).map(|quantity| quantity.to_string());
        assert_eq!(again, Ok(written), "{text:?}");
    }
    if let Some((pattern, rest)) = text.split_once('\n')
        && let Ok(regex) = Regex::parse(pattern)
    {
        let _ = regex.is_match(rest);
    }
});
