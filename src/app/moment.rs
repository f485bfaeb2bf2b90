//! A time as a person writes it, about something that has a beginning and an end: a recording.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// A time, as far as it can be told without knowing when things began and ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// `2026-11-22T02:51:00Z`
    At(Timestamp),
    /// `2026-11-22T02:51[:00]`: in the time zone that is shown.
    Local(DateTime),
    /// `02:51` or `02:51:07`: of any day in between.
    Clock(Time, Exact),
    /// `-5m`: so long before the end.
    BeforeEnd(SignedDuration),
}

/// Whether seconds were named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exact {
    /// The minute as a whole is meant.
    Minute,
    /// This second is.
    Second,
}

/// The text is no time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoMoment(String);

impl fmt::Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "'{text}' is no time: write it as 02:51, 02:51:07, 2026-11-22T02:51:07Z, or -5m from the end"
        )
    }
}

impl std::error::Error for NoMoment {}

impl FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let wrong = || NoMoment(text.to_owned());
        if let Some(before) = text.strip_prefix('-') {
            let before: SignedDuration = before.parse().map_err(|_| wrong())?;
            return (!before.is_negative())
                .then_some(Self::BeforeEnd(before))
                .ok_or_else(wrong);
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        let colons = text.matches(':').count();
        let is_date = text.contains('-');
        if !(1..=2).contains(&colons) {
            return Err(wrong());
        }
        if is_date {
            return text.parse().map(Self::Local).map_err(|_| wrong());
        }
        let exact = if colons == 1 { Exact::Minute } else { Exact::Second };
        text.parse().map(|time| Self::Clock(time, exact)).map_err(|_| wrong())
    }
}

/// From when to when, and in which time zone a time without one is.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The beginning.
    pub begins: Timestamp,
    /// The end.
    pub ends: Timestamp,
    /// For times that name no zone.
    pub zone: TimeZone,
}

impl fmt::Display for Reach {
    /// `from 02:21:00 to 02:51:07 (2026-11-22, UTC)`, with both dates where they differ.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (begins, ends) = (
            self.begins.to_zoned(self.zone.clone()),
            self.ends.to_zoned(self.zone.clone()),
        );
        let zone = ends.strftime("%Z");
        if begins.date() == ends.date() {
            let (from, to) = (begins.strftime("%T"), ends.strftime("%T"));
            write!(f, "from {from} to {to} ({}, {zone})", begins.date())
        } else {
            write!(
                f,
                "from {} to {} ({zone})",
                begins.strftime("%F %T"),
                ends.strftime("%F %T")
            )
        }
    }
}

impl Reach {
    /// `02:21:00 to 02:51:07, 2026-11-22`, with both dates where they differ.
    pub fn short(&self) -> String {
        let (begins, ends) = (
            self.begins.to_zoned(self.zone.clone()),
            self.ends.to_zoned(self.zone.clone()),
        );
        if begins.date() == ends.date() {
            format!(
                "{} to {}, {}",
                begins.strftime("%T"),
                ends.strftime("%T"),
                begins.date()
            )
        } else {
            format!("{} to {}", begins.strftime("%F %R"), ends.strftime("%F %R"))
        }
    }

    /// The time that is meant.
    ///
    /// # Errors
    /// A sentence, if it lies outside, or if there are several such times.
    pub fn find(&self, moment: Moment) -> Result<Timestamp, String> {
        match moment {
            Moment::At(at) => self.within(at),
            Moment::Local(local) => {
                let zoned = self.zone.to_ambiguous_zoned(local).compatible();
                self.within(zoned.map_err(|error| error.to_string())?.timestamp())
            }
            Moment::BeforeEnd(before) => {
                let at = self.ends.checked_sub(before).map_err(|error| error.to_string())?;
                self.within(at)
            }
            Moment::Clock(time, exact) => self.of_clock(time, exact),
        }
    }

    fn within(&self, at: Timestamp) -> Result<Timestamp, String> {
        if (self.begins..=self.ends).contains(&at) {
            return Ok(at);
        }
        Err(format!(
            "{} lies outside: it goes {self}",
            at.to_zoned(self.zone.clone()).strftime("%F %T")
        ))
    }

    /// The time of a clock, on whichever day it lies within.
    fn of_clock(&self, time: Time, exact: Exact) -> Result<Timestamp, String> {
        let last = self.ends.to_zoned(self.zone.clone()).date();
        let mut day = self.begins.to_zoned(self.zone.clone()).date();
        let mut found = Vec::new();
        // two are enough to know that there are several
        while day <= last && found.len() < 2 {
            let zoned = self.zone.to_ambiguous_zoned(day.to_datetime(time)).compatible();
            if let Ok(at) = zoned.map(|zoned| zoned.timestamp()) {
                found.extend(self.in_minute(at, exact));
            }
            let Ok(next) = day.checked_add(1.day()) else { break };
            day = next;
        }
        match *found.as_slice() {
            [] => Err(format!("no {time} in it: it goes {self}")),
            [at] => Ok(at),
            [one, other, ..] => Err(format!("there are several {time}: write {one:.0} or {other:.0}")),
        }
    }

    /// A minute that is only partly within counts; what is meant is the part within.
    fn in_minute(&self, at: Timestamp, exact: Exact) -> Option<Timestamp> {
        let until = match exact {
            Exact::Second => at + SignedDuration::from_millis(999),
            Exact::Minute => at + SignedDuration::from_secs(59),
        };
        (until >= self.begins && at <= self.ends).then_some(at.max(self.begins))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(begins: &str, ends: &str) -> Reach {
        Reach {
            begins: begins.parse().unwrap(),
            ends: ends.parse().unwrap(),
            zone: TimeZone::UTC,
        }
    }

    #[track_caller]
    fn check(reach: &Reach, text: &str, expected: &str) {
        let found = text.parse::<Moment>().map_err(|error| error.to_string());
        let found = found.and_then(|moment| reach.find(moment));
        let found = found.map_or_else(|error| error, |at| at.to_string());
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_time_is_found_however_it_is_written() {
        let night = reach("2026-11-22T23:30:10.5Z", "2026-11-23T02:51:07Z");
        check(&night, "2026-11-23T02:51:00Z", "2026-11-23T02:51:00Z");
        check(&night, "2026-11-23T03:51:00+01:00", "2026-11-23T02:51:00Z");
        check(&night, "2026-11-23T02:51", "2026-11-23T02:51:00Z");
        check(&night, "02:51", "2026-11-23T02:51:00Z");
        check(&night, "02:51:07", "2026-11-23T02:51:07Z");
        check(&night, "23:45", "2026-11-22T23:45:00Z");
        check(&night, "23:30", "2026-11-22T23:30:10.5Z");
        check(&night, "23:30:10", "2026-11-22T23:30:10.5Z");
        check(&night, "-5m", "2026-11-23T02:46:07Z");
        check(&night, "-0s", "2026-11-23T02:51:07Z");
    }

    #[test]
    fn a_time_that_is_none_or_outside_or_not_the_only_one_is_said() {
        let night = reach("2026-11-22T23:30:00Z", "2026-11-23T02:51:07Z");
        check(
            &night,
            "soon",
            "'soon' is no time: write it as 02:51, 02:51:07, 2026-11-22T02:51:07Z, or -5m from the end",
        );
        check(
            &night,
            "12:00",
            "no 12:00:00 in it: it goes from 2026-11-22 23:30:00 to 2026-11-23 02:51:07 (UTC)",
        );
        check(
            &night,
            "-24h",
            "2026-11-22 02:51:07 lies outside: it goes from 2026-11-22 23:30:00 to 2026-11-23 02:51:07 (UTC)",
        );
        let days = reach("2026-11-21T12:00:00Z", "2026-11-23T12:00:00Z");
        check(
            &days,
            "02:51",
            "there are several 02:51:00: write 2026-11-22T02:51:00Z or 2026-11-23T02:51:00Z",
        );
        let short = reach("2026-11-22T02:51:03Z", "2026-11-22T02:51:09Z");
        check(
            &short,
            "02:51:01",
            "no 02:51:01 in it: it goes from 02:51:03 to 02:51:09 (2026-11-22, UTC)",
        );
    }
}
