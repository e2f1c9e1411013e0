use super::reader::SettingsReader;

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// One JSON object per line.
    Json,
    /// For people.
    Text,
}

/// `[Log]`: what is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// What lines look like.
    pub format: LogFormat,
    /// A level, or levels per module: `info,contoso_shop::signalr=debug`.
    pub level: String,
}

const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "off"];

impl LogSettings {
    pub(super) fn read(r: &mut SettingsReader) -> Self {
        let settings = Self {
            format: r.get("Log__Format"),
            level: r.get::<String>("Log__Level").to_lowercase(),
        };
        for directive in settings.level.split(',') {
            let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level).trim();
            if !LEVELS.contains(&level) {
                r.problem(
                    "Log__Level",
                    format!("'{level}' is not a level"),
                    "Use trace, debug, info, warn, error or off; per module as in info,contoso_shop=debug.",
                );
            }
        }
        settings
    }
}
