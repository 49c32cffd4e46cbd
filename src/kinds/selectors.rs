//! Label selectors of typed objects.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::base::label_selector::Selector;

/// The selector that a `LabelSelector` stands for; an empty one selects everything.
/// Mirrors `metav1.LabelSelectorAsSelector`.
///
/// # Errors
/// Upstream's text for the first requirement that is none.
pub fn parse(selector: &LabelSelector) -> Result<Selector, String> {
    let none = std::collections::BTreeMap::new();
    let expressions = selector.match_expressions.iter().flatten().map(|expression| {
        let values = expression.values.iter().flatten().map(String::as_str);
        (expression.key.as_str(), expression.operator.as_str(), values)
    });
    Selector::from_parts(selector.match_labels.as_ref().unwrap_or(&none), expressions)
}

/// The selector's text as the scale subresource shows it; empty when there is none.
pub fn text(selector: Option<&LabelSelector>) -> String {
    selector.and_then(|selector| parse(selector).ok()).unwrap_or_default().to_string()
}
