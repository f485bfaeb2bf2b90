//! How the screen looks, where settings are, and `config`, which says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::super::settings::Source;
use super::duration;
use crate::app::Keymap;
use crate::tui::Theme;

/// How the screen looks, and the file that says so for good.
#[derive(Args, Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ScreenArgs {
    /// Colours, for the background and the eyes they are seen with
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        value_enum,
        default_value = "terminal",
        help_heading = "Screen"
    )]
    pub theme: Theme,
    /// Draw with ASCII alone [default: where the locale is not UTF-8]
    #[arg(
        long,
        global = true,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = "Screen"
    )]
    pub ascii: Option<bool>,
    /// How long a change mark stays after it has been seen; 0 for ever
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, default_value = "10m", help_heading = "Screen")]
    pub retention: Duration,
    /// Mask names and addresses, for pictures of the screen
    #[arg(
        long,
        global = true,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        hide_possible_values = true,
        hide_default_value = true,
        action = clap::ArgAction::Set,
        help_heading = "Screen"
    )]
    pub privacy: bool,
    /// Take clicks and the wheel; the terminal's own selection then needs Shift
    #[arg(
        long,
        global = true,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        hide_possible_values = true,
        hide_default_value = true,
        action = clap::ArgAction::Set,
        help_heading = "Screen"
    )]
    pub mouse: bool,
    /// Begin where the last run ended, in each context, and list first what is used most
    #[arg(
        long,
        global = true,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        hide_possible_values = true,
        action = clap::ArgAction::Set,
        help_heading = "Screen"
    )]
    pub state: bool,
    /// Neither read nor write what is remembered of earlier runs: --state=false
    #[arg(long, global = true, conflicts_with = "state", help_heading = "Screen")]
    pub no_state: bool,
    /// Settings file [default: ~/.config/sidescope/config.toml]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// Which key does what: only the settings file says so.
    #[arg(skip)]
    pub keys: Keymap,
    /// Where the settings came from, to be read again.
    #[arg(skip)]
    pub(in crate::cli) source: Option<Arc<Source>>,
}

impl ScreenArgs {
    /// Whether a run begins where the last one ended.
    pub fn remembers(&self) -> bool {
        self.state && !self.no_state
    }
}

impl ValueEnum for Theme {
    fn value_variants<'a>() -> &'a [Self] {
        &Theme::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let value = PossibleValue::new(self.name());
        Some(match self {
            Theme::Deuteranopia => value.alias("protanopia"),
            Theme::Terminal | Theme::Dark | Theme::Light | Theme::HighContrast | Theme::Tritanopia | Theme::Mono => {
                value
            }
        })
    }
}

/// `config`
#[derive(Args, Debug)]
pub struct ConfigArgs {
    /// Print them; what it does anyway
    #[arg(long)]
    pub show: bool,
    /// List every action with its keys instead, by the names that the keys table takes
    #[arg(long, conflicts_with_all = ["show", "output"])]
    pub keys: bool,
    /// Format
    #[arg(short, long, value_enum, default_value_t)]
    pub output: ConfigFormat,
}

/// How settings are printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ConfigFormat {
    /// A line each
    #[default]
    Table,
    /// As JSON
    Json,
}
