use super::layers::{Layers, Origin};
use super::value::Value;
use super::{ConfigProblem, SettingsFile};

/// One line of `check-config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Effective {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) origin: String,
}

/// Reads settings one by one, collecting what is wrong and what is in effect.
pub(super) struct SettingsReader {
    layers: Layers,
    problems: Vec<ConfigProblem>,
    warnings: Vec<String>,
    effective: Vec<Effective>,
}

impl SettingsReader {
    pub(super) fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        file: Option<&SettingsFile>,
    ) -> Self {
        let mut problems = Vec::new();
        let layers = Layers::stack(variables, file, &mut problems);
        Self { layers, problems, warnings: Vec::new(), effective: Vec::new() }
    }

    /// A setting that may be absent. One that cannot be read is a problem, and absent.
    pub(super) fn optional<T: Value>(&mut self, name: &'static str) -> Option<T> {
        let value = self.read(name);
        self.note(name, value.as_ref().map_or_else(String::new, T::show));
        value
    }

    /// A setting with a default that depends on others. One that cannot be read is a problem, and
    /// the default.
    pub(super) fn or<T: Value>(&mut self, name: &'static str, default: T) -> T {
        let value = self.read(name).unwrap_or(default);
        self.note(name, value.show());
        value
    }

    /// A setting whose default is written in default.toml.
    pub(super) fn get<T: Value>(&mut self, name: &'static str) -> T {
        let default = self.layers.default_text(name);
        let default =
            T::parse(default).unwrap_or_else(|what| panic!("config/default.toml: {name}: {what}"));
        self.or(name, default)
    }

    /// [`SettingsReader::get`] for numbers and durations that must be more than nothing.
    pub(super) fn positive<T: Value + Default + PartialOrd>(&mut self, name: &'static str) -> T {
        let value = self.get::<T>(name);
        if value <= T::default() {
            self.problem(
                name,
                format!("'{}' is too small", value.show()),
                "It must be more than 0.",
            );
        }
        value
    }

    /// Whether somebody set it, in a file or the environment.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.layers.get(name).origin != Origin::Default
    }

    pub(super) fn problem(
        &mut self,
        setting: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.problems.push(ConfigProblem::new(setting, what, fix));
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    /// Problems, warnings, effective values.
    pub(super) fn finish(self) -> (Vec<ConfigProblem>, Vec<String>, Vec<Effective>) {
        (self.problems, self.warnings, self.effective)
    }

    fn read<T: Value>(&mut self, name: &'static str) -> Option<T> {
        let raw = self.layers.get(name);
        if raw.text.is_empty() {
            return None;
        }
        match T::parse(&raw.text) {
            Ok(value) => Some(value),
            Err(what) => {
                let fix = match &raw.origin {
                    Origin::File(file) => format!("It is set in {file}."),
                    Origin::Environment | Origin::Default => {
                        "Correct the environment variable, or remove it for the default.".to_owned()
                    }
                };
                self.problem(name, what, fix);
                None
            }
        }
    }

    fn note(&mut self, name: &'static str, value: String) {
        let origin = match &self.layers.get(name).origin {
            Origin::Default => "default".to_owned(),
            Origin::File(file) => file.clone(),
            Origin::Environment => "environment".to_owned(),
        };
        self.effective.push(Effective { name, value, origin });
    }
}

#[cfg(test)]
mod tests {
    use super::SettingsReader;

    #[test]
    fn every_listed_setting_is_read_once() {
        let mut reader = SettingsReader::new([], None);
        let known: Vec<String> = reader.layers.names().cloned().collect();
        crate::config::settings::read(&mut reader);
        let mut read: Vec<&str> = reader.effective.iter().map(|line| line.name).collect();
        read.sort_by_key(|name| name.to_lowercase());
        assert_eq!(read, known);
    }
}
