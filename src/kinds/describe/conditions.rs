//! Tables of conditions.

use super::Lines;

/// `Type Status Reason`, as workloads print their conditions: nothing without any.
pub fn write<'a>(out: &mut Lines, all: impl Iterator<Item = (&'a str, &'a str, Option<&'a str>)>) {
    let mut all = all.peekable();
    if all.peek().is_none() {
        return;
    }
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus\tReason");
    out.line(1, "----\t------\t------");
    for (kind, status, reason) in all {
        out.line(1, format!("{kind} \t{status}\t{}", reason.unwrap_or_default()));
    }
}
