//! Durations as people write them: `250ms`, `15s`, `30m`, `24h`, `7d`, or .NET's
//! `[d.]hh:mm[:ss[.fraction]]`.

use std::time::Duration;

const FORMS: &str = "write 250ms, 15s, 30m, 24h, 7d or hh:mm:ss";
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads a duration of at most a year. A bare number is refused: .NET would take it for days,
/// people for seconds.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let refused = || format!("'{text}' is not a duration: {FORMS}");
    let duration =
        if text.contains(':') { dotnet(text) } else { suffixed(text) }.ok_or_else(refused)?;
    if duration > YEAR { Err(format!("'{text}' is longer than a year")) } else { Ok(duration) }
}

fn suffixed(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..split].parse().ok()?;
    let seconds = match text[split..].trim() {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "" if number == 0 => 0,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

fn dotnet(text: &str) -> Option<Duration> {
    let (clock, fraction) = match text.rfind('.') {
        Some(dot) if dot > text.rfind(':')? => (&text[..dot], &text[dot + 1..]),
        _ => (text, ""),
    };
    let (days, clock) = clock.split_once('.').map_or(("0", clock), |(days, rest)| (days, rest));
    let parts: Vec<&str> = clock.split(':').collect();
    let (hours, minutes, seconds) = match parts[..] {
        [hours, minutes] if fraction.is_empty() => (hours, minutes, "0"),
        [hours, minutes, seconds] => (hours, minutes, seconds),
        _ => return None,
    };
    let total = number(days, 365)? * 86_400
        + number(hours, 23)? * 3_600
        + number(minutes, 59)? * 60
        + number(seconds, 59)?;
    let nanos = match fraction {
        "" => 0,
        digits if digits.len() <= 7 => number(&format!("{digits:0<9}"), 999_999_999)?,
        _ => return None,
    };
    Some(Duration::from_secs(total) + Duration::from_nanos(nanos))
}

fn number(text: &str, most: u64) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= most)
}

/// Writes a duration the way [`parse`] reads it.
pub(super) fn show(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        0 => "0s".to_owned(),
        _ if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, show};
    use std::time::Duration;

    #[test]
    fn both_ways_of_writing_a_duration_are_read() {
        for (text, millis) in [
            ("250ms", 250),
            ("15s", 15_000),
            ("30m", 1_800_000),
            ("24h", 86_400_000),
            ("7d", 604_800_000),
            ("0", 0),
            ("0s", 0),
            ("00:30:00", 1_800_000),
            ("00:30", 1_800_000),
            ("0:0:1.5", 1_500),
            ("00:00:00.2500000", 250),
            ("1.02:03:04", 93_784_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_forms_that_are() {
        for text in [
            "30",
            "",
            "s",
            "-1s",
            "1.5s",
            "15 sec",
            "24:00:00",
            "00:60:00",
            "1:2:3:4",
            ":",
            "1.1.1:1",
            "400d",
            "99999999999999999999s",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("30").unwrap_err().contains("write 250ms"));
    }

    #[test]
    fn a_shown_duration_reads_back() {
        for text in ["0s", "250ms", "15s", "30m", "24h", "1500ms"] {
            assert_eq!(show(parse(text).unwrap()), text);
        }
    }
}
