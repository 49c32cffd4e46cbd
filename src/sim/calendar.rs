//! Moments as a calendar and a clock show them, in UTC. The library that reads time stamps could
//! write them too, at several times the size and with its own words for what it does not know.

use std::fmt::Write as _;

use super::Time;

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAY: i64 = 86_400;

/// A day of the proleptic Gregorian calendar.
struct Date {
    year: i64,
    /// From 1.
    month: usize,
    /// From 1.
    day: i64,
    /// From 1.
    of_year: i64,
    /// From Sunday, which is 0.
    of_week: usize,
}

impl Date {
    /// The day that begins `days` days after 1970-01-01: counted in years that begin in March, so
    /// that a leap day is the last of its year.
    fn of(days: i64) -> Self {
        let index = |n: i64| usize::try_from(n).unwrap_or_default();
        let from_march = days + 719_468;
        let (era, of_era) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_march = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_march + 2) / 153;
        let day = of_march - (153 * month + 2) / 5 + 1;
        let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = year + era * 400 + later;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let of_year = if month > 2 { of_march + 60 + i64::from(is_leap) } else { of_march - 305 };
        Self { year, month: index(month), day, of_year, of_week: index((days + 4).rem_euclid(7)) }
    }
}

impl Time {
    /// The moment as `strftime` of the C library writes it in UTC; `%N` are nanoseconds. What stands
    /// for nothing is left as it is.
    pub fn format(self, format: &str) -> String {
        written(self.seconds().cast_signed(), self.micros() % 1_000_000 * 1_000, format)
    }

    /// The same for a second since the Unix epoch, or before it.
    pub fn format_seconds(second: i64, format: &str) -> String {
        written(second, 0, format)
    }
}

fn written(second: i64, nanos: u64, format: &str) -> String {
    let date = Date::of(second.div_euclid(DAY));
    let of_day = second.rem_euclid(DAY);
    let (hour, minute) = (of_day / 3_600, of_day / 60 % 60);
    let twelve = (hour + 11) % 12 + 1;
    let (day, month) = (DAYS[date.of_week % 7], MONTHS[(date.month + 11) % 12]);
    let mut out = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let code = letters.next();
        // Writing to a string cannot fail.
        let _written = match code {
            Some('Y') => write!(out, "{:04}", date.year),
            Some('y') => write!(out, "{:02}", date.year.rem_euclid(100)),
            Some('C') => write!(out, "{:02}", date.year.div_euclid(100)),
            Some('m') => write!(out, "{:02}", date.month),
            Some('d') => write!(out, "{:02}", date.day),
            Some('e') => write!(out, "{:2}", date.day),
            Some('j') => write!(out, "{:03}", date.of_year),
            Some('H') => write!(out, "{hour:02}"),
            Some('k') => write!(out, "{hour:2}"),
            Some('I') => write!(out, "{twelve:02}"),
            Some('l') => write!(out, "{twelve:2}"),
            Some('M') => write!(out, "{minute:02}"),
            Some('S') => write!(out, "{:02}", of_day % 60),
            Some('N') => write!(out, "{nanos:09}"),
            Some('s') => write!(out, "{second}"),
            Some('u') => write!(out, "{}", (date.of_week + 6) % 7 + 1),
            Some('w') => write!(out, "{}", date.of_week),
            Some('A') => write!(out, "{day}"),
            Some('a') => write!(out, "{}", &day[..3]),
            Some('B') => write!(out, "{month}"),
            Some('b' | 'h') => write!(out, "{}", &month[..3]),
            Some('p') => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
            Some('P') => write!(out, "{}", if hour < 12 { "am" } else { "pm" }),
            Some('Z') => write!(out, "UTC"),
            Some('z') => write!(out, "+0000"),
            Some('n') => writeln!(out),
            Some('t') => write!(out, "\t"),
            Some('%') => write!(out, "%"),
            Some(code) => match shorthand(code) {
                Some(long) => write!(out, "{}", written(second, nanos, long)),
                None => write!(out, "%{code}"),
            },
            None => write!(out, "%"),
        };
    }
    out
}

/// What a code is short for.
fn shorthand(code: char) -> Option<&'static str> {
    Some(match code {
        'F' => "%Y-%m-%d",
        'T' | 'X' => "%H:%M:%S",
        'R' => "%H:%M",
        'r' => "%I:%M:%S %p",
        'D' | 'x' => "%m/%d/%y",
        'c' => "%a %b %e %H:%M:%S %Y",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `date -u -d @SECOND +FORMAT`.
    #[test]
    fn moments_are_written_as_date_does() {
        let all = "%F %T %y %e %j %k %l %I %u %w %A %B %p %s %D %R %c %Z %z %% %q";
        let cases = [
            (
                0,
                "1970-01-01 00:00:00 70  1 001  0 12 12 4 4 Thursday January AM 0 01/01/70 00:00 \
                 Thu Jan  1 00:00:00 1970 UTC +0000 % %q",
            ),
            (
                1_767_600_000,
                "2026-01-05 08:00:00 26  5 005  8  8 08 1 1 Monday January AM 1767600000 01/05/26 \
                 08:00 Mon Jan  5 08:00:00 2026 UTC +0000 % %q",
            ),
            (
                1_835_481_599,
                "2028-02-29 23:59:59 28 29 060 23 11 11 2 2 Tuesday February PM 1835481599 \
                 02/29/28 23:59 Tue Feb 29 23:59:59 2028 UTC +0000 % %q",
            ),
            (
                951_868_800,
                "2000-03-01 00:00:00 00  1 061  0 12 12 3 3 Wednesday March AM 951868800 03/01/00 \
                 00:00 Wed Mar  1 00:00:00 2000 UTC +0000 % %q",
            ),
            (
                -1,
                "1969-12-31 23:59:59 69 31 365 23 11 11 3 3 Wednesday December PM -1 12/31/69 \
                 23:59 Wed Dec 31 23:59:59 1969 UTC +0000 % %q",
            ),
        ];
        for (second, expected) in cases {
            assert_eq!(Time::format_seconds(second, all), expected);
        }
    }

    #[test]
    fn the_calendar_is_the_one_that_time_stamps_are_read_by() {
        for day in (-200_000..60_000).step_by(17) {
            let stamp = jiff::Timestamp::from_second(day * DAY + 5).unwrap();
            let expected = stamp.strftime("%Y-%m-%d %j %a").to_string();
            assert_eq!(Time::format_seconds(day * DAY + 5, "%Y-%m-%d %j %a"), expected);
        }
    }

    #[test]
    fn nanoseconds_are_written_too() {
        let time = Time::from_micros(1_767_600_000_123_456);
        assert_eq!(time.format("%S.%N"), "00.123456000");
    }
}
