//! Schedules as upstream's parser takes them, and the moments they name.

use super::{Schedule, Zone};
use crate::sim::Time;

/// A schedule, the moment after which, where, `=>` the next moment.
const NEXT: &str = "
* * * * *          | 2026-03-01T10:00:00Z | UTC              => 2026-03-01T10:01:00Z
* * * * *          | 2026-03-01T10:00:59Z | UTC              => 2026-03-01T10:01:00Z
*/15 * * * *       | 2026-03-01T10:46:00Z | UTC              => 2026-03-01T11:00:00Z
7/20 * * * *       | 2026-03-01T10:28:00Z | UTC              => 2026-03-01T10:47:00Z
0 0 1 JAN ?        | 2026-03-01T10:00:00Z | UTC              => 2027-01-01T00:00:00Z
30 9 * * mon-fri   | 2026-03-06T10:00:00Z | UTC              => 2026-03-09T09:30:00Z
0 0 13 * 5         | 2026-03-01T10:00:00Z | UTC              => 2026-03-06T00:00:00Z
0 0 13 * *         | 2026-03-01T10:00:00Z | UTC              => 2026-03-13T00:00:00Z
0 0 13 */1 5       | 2026-03-01T10:00:00Z | UTC              => 2026-03-06T00:00:00Z
0 0 29 2 *         | 2026-03-01T10:00:00Z | UTC              => 2028-02-29T00:00:00Z
0 0 31 2 *         | 2026-03-01T10:00:00Z | UTC              => -
@hourly            | 2026-03-01T10:00:00Z | UTC              => 2026-03-01T11:00:00Z
@daily             | 2026-03-01T10:00:00Z | UTC              => 2026-03-02T00:00:00Z
@weekly            | 2026-03-01T10:00:00Z | UTC              => 2026-03-08T00:00:00Z
@monthly           | 2026-03-01T10:00:00Z | UTC              => 2026-04-01T00:00:00Z
@yearly            | 2026-03-01T10:00:00Z | UTC              => 2027-01-01T00:00:00Z
@every 1h30m       | 2026-03-01T10:00:00Z | UTC              => 2026-03-01T11:30:00Z
@every 10ms        | 2026-03-01T10:00:00Z | UTC              => 2026-03-01T10:00:01Z
30 8 * * *         | 2026-03-01T10:00:00Z | Asia/Kolkata     => 2026-03-02T03:00:00Z
0 12 * * *         | 2026-03-01T10:00:00Z | Asia/Kathmandu   => 2026-03-02T06:15:00Z
# Clocks jump from 02:00 to 03:00: what falls between is left out that day.
30 2 * * *         | 2026-03-28T02:00:00Z | Europe/Berlin    => 2026-03-30T00:30:00Z
30 3 * * *         | 2026-03-29T00:00:00Z | Europe/Berlin    => 2026-03-29T01:30:00Z
# Clocks go back from 03:00 to 02:00: what falls between comes twice.
30 2 * * *         | 2026-10-24T23:00:00Z | Europe/Berlin    => 2026-10-25T00:30:00Z
30 2 * * *         | 2026-10-25T00:30:00Z | Europe/Berlin    => 2026-10-25T01:30:00Z
# Clocks skip midnight.
0 0 * * *          | 2026-03-28T12:00:00Z | Asia/Beirut       => 2026-03-29T21:00:00Z
";

#[test]
fn moments_follow_upstreams_parser() {
    for line in NEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (given, wanted) = line.split_once("=>").unwrap();
        let [schedule, after, zone] = given.split('|').map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("three parts: {line}")
        };
        let stamp: jiff::Timestamp = after.parse().unwrap();
        let after = Time::from_seconds(stamp.as_second().try_into().unwrap());
        let next = Schedule::parse(schedule).unwrap().next(after, &Zone::named(zone).unwrap());
        let shown = next.map(|next| {
            jiff::Timestamp::from_second(next.seconds().try_into().unwrap()).unwrap().to_string()
        });
        assert_eq!(shown.as_deref().unwrap_or("-"), wanted.trim(), "{line}");
    }
}

#[test]
fn what_is_no_schedule_is_refused_in_upstreams_words() {
    for (schedule, words) in [
        ("", "empty spec string"),
        ("bad", "expected exactly 5 fields, found 1: [bad]"),
        ("* * * * * *", "expected exactly 5 fields, found 6: [* * * * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("* * * * 7", "end of range (7) above maximum (6): 7"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"),
        ("*/-1 * * * *", "negative number (-1) not allowed: -1"),
        ("@often", "unrecognized descriptor: @often"),
        ("@every x", "failed to parse duration @every x: time: invalid duration \"x\""),
        ("TZ=UTC", "invalid schedule format: runtime error: slice bounds out of range [:-1]"),
        ("TZ=Mars/Base * * * * *", "provided bad location Mars/Base: unknown time zone Mars/Base"),
    ] {
        assert_eq!(Schedule::parse(schedule), Err(words.to_owned()), "{schedule}");
    }
    assert_eq!(
        Zone::named("europe/berlin"),
        Err("unknown time zone europe/berlin".to_owned()),
        "names mind case"
    );
}
