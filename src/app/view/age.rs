//! Durations as kubectl writes them, and when such a text will be another.
//!
//! Kubernetes: `k8s.io/apimachinery/pkg/util/duration/duration.go`, `HumanDuration`; `pkg/printers/internalversion/
//! printers.go`, `translateTimestampSince`.

use jiff::{SignedDuration, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Two or three significant figures: `42s`, `5m3s`, `3h12m`, `5d6h`, `2y35d`; `<invalid>` from 2 s in the future on.
pub fn human_duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let seconds = seconds.max(0);
    let pair = |large: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 {
            format!("{large}{unit}")
        } else {
            format!("{large}{unit}{small}{small_unit}")
        }
    };
    match seconds {
        _ if seconds < 2 * MINUTE => format!("{seconds}s"),
        _ if seconds < 10 * MINUTE => pair(seconds / MINUTE, "m", seconds % MINUTE, "s"),
        _ if seconds < 3 * HOUR => format!("{}m", seconds / MINUTE),
        _ if seconds < 8 * HOUR => pair(seconds / HOUR, "h", seconds / MINUTE % 60, "m"),
        _ if seconds < 48 * HOUR => format!("{}h", seconds / HOUR),
        _ if seconds < 8 * DAY => pair(seconds / DAY, "d", seconds / HOUR % 24, "h"),
        _ if seconds < 2 * YEAR => format!("{}d", seconds / DAY),
        _ if seconds < 8 * YEAR => pair(seconds / YEAR, "y", seconds / DAY % 365, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// The age of something that began at `since`; `<unknown>` if that is not known.
pub fn age(since: Option<Timestamp>, now: Timestamp) -> String {
    since.map_or_else(
        || "<unknown>".to_owned(),
        |since| human_duration(now.duration_since(since)),
    )
}

/// When the age of something that began at `since` will be written otherwise than it is at `now`.
pub fn next_change(since: Timestamp, now: Timestamp) -> Timestamp {
    let age = now.duration_since(since);
    if age.is_negative() {
        return since.max(now + SignedDuration::from_secs(1));
    }
    let seconds = age.as_secs();
    let step = match seconds {
        _ if seconds < 10 * MINUTE => 1,
        _ if seconds < 8 * HOUR => MINUTE,
        _ if seconds < 8 * DAY => HOUR,
        _ => DAY,
    };
    since + SignedDuration::from_secs((seconds / step + 1) * step)
}

/// A size of a file, in three digits or so: `812 B`, `34.1 KB`, `120 MB`.
pub fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if tenths < 1_000 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", tenths / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_kubectl_writes_them() {
        let cases = [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (121, "2m1s"),
            (599, "9m59s"),
            (600, "10m"),
            (3 * HOUR - 1, "179m"),
            (3 * HOUR, "3h"),
            (8 * HOUR - 1, "7h59m"),
            (8 * HOUR, "8h"),
            (48 * HOUR - 1, "47h"),
            (48 * HOUR, "2d"),
            (8 * DAY - 1, "7d23h"),
            (8 * DAY, "8d"),
            (2 * YEAR - 1, "729d"),
            (2 * YEAR, "2y"),
            (2 * YEAR + DAY, "2y1d"),
            (8 * YEAR - 1, "7y364d"),
            (8 * YEAR, "8y"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(
                human_duration(SignedDuration::from_secs(seconds)),
                expected,
                "{seconds} s"
            );
        }
        assert_eq!(age(None, Timestamp::UNIX_EPOCH), "<unknown>");
    }

    #[test]
    fn the_next_change_is_the_first_moment_with_another_text() {
        let since = Timestamp::UNIX_EPOCH;
        for seconds in [
            0,
            5,
            119,
            120,
            599,
            600,
            5 * HOUR,
            9 * HOUR,
            3 * DAY,
            20 * DAY,
            3 * YEAR,
        ] {
            let now = since + SignedDuration::from_secs(seconds);
            let next = next_change(since, now);
            let just_before = next - SignedDuration::from_millis(1);
            assert_ne!(age(Some(since), now), age(Some(since), next), "{seconds} s");
            assert_eq!(age(Some(since), now), age(Some(since), just_before), "{seconds} s");
        }
    }

    #[test]
    fn a_size_has_three_digits_or_so() {
        let sizes = [0, 812, 1_000, 34_149, 999_999, 120_000_000, 5_000_000_000_000].map(human_size);
        assert_eq!(
            sizes,
            ["0 B", "812 B", "1.0 KB", "34.1 KB", "999 KB", "120 MB", "5.0 TB"]
        );
    }
}
