use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::{LogFormat, RedisSettings, Role, Secret, StoreConnection, duration, redis_string};
use crate::domain::QueueName;

/// A type a setting's text can be read as.
pub(super) trait Value: Sized {
    /// Reads the text. The error says what is wrong and what would be right, and never repeats a
    /// secret.
    fn parse(text: &str) -> Result<Self, String>;

    /// The value as `check-config` shows it.
    fn show(&self) -> String;
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl Value for Secret {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self::new(text))
    }

    fn show(&self) -> String {
        "***".to_owned()
    }
}

impl Value for PathBuf {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(format!("'{text}' is neither true nor false")),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_number {
    ($type:ty) => {
        impl Value for $type {
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| {
                    format!("'{text}' is not a whole number from 0 to {}", <$type>::MAX)
                })
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    };
}
whole_number!(u16);
whole_number!(u32);

impl Value for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        duration::parse(text)
    }

    fn show(&self) -> String {
        duration::show(*self)
    }
}

impl Value for SocketAddr {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| {
            format!("'{text}' is not an address and port: write 0.0.0.0:8080 or [::]:8080")
        })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for IpNet {
    fn parse(text: &str) -> Result<Self, String> {
        let single = || text.parse::<IpAddr>().map(Self::from);
        text.parse().or_else(|_| single()).map_err(|_| {
            format!("'{text}' is no network: write 10.0.0.0/8, fd00::/8 or one address")
        })
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for Role {
    fn parse(text: &str) -> Result<Self, String> {
        [Self::Web, Self::Worker, Self::All]
            .into_iter()
            .find(|role| text.eq_ignore_ascii_case(role.name()))
            .ok_or_else(|| format!("'{text}' is not a role: use web, worker or all"))
    }

    fn show(&self) -> String {
        self.name().to_owned()
    }
}

impl Value for LogFormat {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err(format!("'{text}' is not a log format: use auto, json or text")),
        }
    }

    fn show(&self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl Value for StoreConnection {
    fn parse(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for RedisSettings {
    fn parse(text: &str) -> Result<Self, String> {
        redis_string::parse(text)
    }

    fn show(&self) -> String {
        redis_string::show(self)
    }
}

impl Value for QueueName {
    fn parse(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Comma separated.
impl<T: Value> Value for Vec<T> {
    fn parse(text: &str) -> Result<Self, String> {
        text.split([',', ';'])
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(T::parse)
            .collect()
    }

    fn show(&self) -> String {
        self.iter().map(T::show).collect::<Vec<_>>().join(",")
    }
}
