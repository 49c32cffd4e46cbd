//! Lists of completion indexes as people write them: `1,3-5`.
//! Mirrors `validateIndexesFormat` of `pkg/apis/batch/validation`.

use crate::base::go_text::quote;

/// How many indexes `text` names, of those below `completions`.
///
/// # Errors
/// Upstream's text for the first part that is not right.
pub fn count(text: &str, completions: i32) -> Result<i32, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let (mut last, mut total) = (None, 0_i32);
    for part in text.split(',') {
        let (first, end) = interval(part, completions)?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(format!("non-increasing order, previous: {last}, current: {first}"));
        }
        total = total.saturating_add(end - first + 1);
        last = Some(end);
    }
    Ok(total)
}

fn interval(part: &str, completions: i32) -> Result<(i32, i32), String> {
    let limits: Vec<&str> = part.split('-').collect();
    match limits.as_slice() {
        [first] => index(first, completions).map(|first| (first, first)),
        [first, last] => {
            let (first, last) = (index(first, completions)?, index(last, completions)?);
            if first >= last {
                return Err(format!("non-increasing order, previous: {first}, current: {last}"));
            }
            Ok((first, last))
        }
        _ => Err(format!(
            "the fragment {} violates the requirement that an index interval can have at most two \
             parts separated by '-'",
            quote(part)
        )),
    }
}

fn index(text: &str, completions: i32) -> Result<i32, String> {
    let index: i64 = text
        .parse()
        .map_err(|_| format!("cannot convert string to integer for index: {}", quote(text)))?;
    let below = i32::try_from(index).ok().filter(|index| *index < completions);
    below.ok_or_else(|| format!("too large index: {}", quote(text)))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn lists_grow_and_stay_below_the_completions() {
        for (text, found) in [
            ("", "0"),
            ("0,2-4,9", "5"),
            ("0,10", "too large index: \"10\""),
            ("3,2", "non-increasing order, previous: 3, current: 2"),
            ("4-4", "non-increasing order, previous: 4, current: 4"),
            ("a-2", "cannot convert string to integer for index: \"a\""),
            (
                "1-2-3",
                "the fragment \"1-2-3\" violates the requirement that an index interval can have \
                 at most two parts separated by '-'",
            ),
        ] {
            let text_of = count(text, 10).map_or_else(|error| error, |total| total.to_string());
            assert_eq!(text_of, found, "{text}");
        }
    }
}
