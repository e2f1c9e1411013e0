use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use super::{ConfigProblem, SettingsFile};

/// The commented default settings, which list every setting there is.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Where a setting's text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    File(String),
    Environment,
}

/// A setting's text before it is read.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// Every known setting, by its name in lower case, with the text of the topmost layer that gives
/// one. An empty text gives none.
pub(super) struct Layers {
    values: BTreeMap<String, Raw>,
    defaults: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
}

impl Layers {
    /// Lays the layers over each other. Unknown names are problems: all of a file's, and an
    /// environment variable's when its section is ours.
    pub(super) fn stack(
        variables: impl IntoIterator<Item = (String, String)>,
        file: Option<&SettingsFile>,
        problems: &mut Vec<ConfigProblem>,
    ) -> Self {
        let defaults: toml::Table =
            DEFAULTS.parse().expect("config/default.toml is checked by tests");
        let flat = flatten(&defaults, problems);
        let mut layers = Self {
            defaults: flat.iter().map(|(name, text)| (name.to_lowercase(), text.clone())).collect(),
            names: flat.iter().map(|(name, _)| (name.to_lowercase(), name.clone())).collect(),
            values: flat
                .into_iter()
                .map(|(name, text)| (name.to_lowercase(), Raw { text, origin: Origin::Default }))
                .collect(),
        };
        if let Some(file) = file {
            layers.add_file(file, problems);
        }
        layers.add_environment(variables, problems);
        layers
    }

    /// The text of a setting that default.toml lists.
    pub(super) fn get(&self, name: &str) -> &Raw {
        self.values
            .get(&name.to_lowercase())
            .unwrap_or_else(|| panic!("config/default.toml lacks {name}"))
    }

    /// Its text in default.toml.
    pub(super) fn default_text(&self, name: &str) -> &str {
        self.defaults.get(&name.to_lowercase()).map_or("", String::as_str)
    }

    /// Every name default.toml lists.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.names.values()
    }

    fn add_file(&mut self, file: &SettingsFile, problems: &mut Vec<ConfigProblem>) {
        let table: toml::Table = match file.text.parse() {
            Ok(table) => table,
            Err(error) => {
                problems.push(malformed_file(file, &error));
                return;
            }
        };
        for (name, text) in flatten(&table, problems) {
            let key = name.to_lowercase();
            if self.names.contains_key(&key) {
                self.set(key, text, Origin::File(file.name.clone()));
            } else {
                problems.push(self.unknown(&name, &format!(" in {}", file.name)));
            }
        }
    }

    fn add_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
        problems: &mut Vec<ConfigProblem>,
    ) {
        let mut seen = BTreeSet::new();
        let mut lists: BTreeMap<String, BTreeMap<u32, String>> = BTreeMap::new();
        for (name, text) in variables {
            let key = name.to_lowercase();
            if self.names.contains_key(&key) {
                if seen.insert(key.clone()) {
                    self.set(key, text, Origin::Environment);
                } else {
                    problems.push(ConfigProblem::new(
                        name,
                        "is set twice, in different case",
                        "Keep one of them.",
                    ));
                }
            } else if let Some((list, index)) = self.list_item(&key) {
                lists.entry(list).or_default().insert(index, text);
            } else if self.is_ours(&key) {
                problems.push(self.unknown(&name, ""));
            }
        }
        for (key, items) in lists {
            self.set(key, items.into_values().collect::<Vec<_>>().join(","), Origin::Environment);
        }
    }

    fn set(&mut self, key: String, text: String, origin: Origin) {
        if !text.trim().is_empty() {
            self.values.insert(key, Raw { text: text.trim().to_owned(), origin });
        }
    }

    /// .NET's way to write a list: `Cors__AllowedOrigins__0`.
    fn list_item(&self, key: &str) -> Option<(String, u32)> {
        let (list, index) = key.rsplit_once("__")?;
        self.names.contains_key(list).then(|| Some((list.to_owned(), index.parse().ok()?)))?
    }

    /// Other programs' variables are none of our business; a misspelt one of ours must not pass in
    /// silence.
    fn is_ours(&self, key: &str) -> bool {
        match key.split_once("__") {
            Some((section, _)) => self
                .names
                .keys()
                .any(|name| name.split_once("__").is_some_and(|(known, _)| known == section)),
            None => key.starts_with("hangfire_") && self.nearest(key).is_some(),
        }
    }

    fn nearest(&self, key: &str) -> Option<&String> {
        let (score, name) = self
            .names
            .iter()
            .map(|(known, name)| (strsim::normalized_damerau_levenshtein(known, key), name))
            .max_by(|a, b| a.0.total_cmp(&b.0))?;
        (score > 0.7).then_some(name)
    }

    fn unknown(&self, name: &str, place: &str) -> ConfigProblem {
        let fix = match self.nearest(&name.to_lowercase()) {
            Some(near) => format!("Did you mean {near}?"),
            None => "Remove it, or look its name up with contoso-shop check-config --explain."
                .to_owned(),
        };
        ConfigProblem::new(name, format!("there is no such setting{place}"), fix)
    }
}

/// The parser's own message shows the line, and with it perhaps a password; only its number is
/// told.
fn malformed_file(file: &SettingsFile, error: &toml::de::Error) -> ConfigProblem {
    let line = error
        .span()
        .map_or(1, |span| file.text[..span.start.min(file.text.len())].matches('\n').count() + 1);
    ConfigProblem::new(
        &file.name,
        format!("line {line} is not TOML"),
        "Write Key = \"value\" lines under [Section] lines, as check-config --explain prints them.",
    )
}

/// `[Section] Key` becomes `Section__Key`, `[Section.Part] Key` becomes `Section__Part__Key`.
fn flatten(table: &toml::Table, problems: &mut Vec<ConfigProblem>) -> Vec<(String, String)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        push(&mut flat, name.clone(), value, problems);
    }
    flat
}

fn push(
    flat: &mut Vec<(String, String)>,
    name: String,
    value: &Value,
    problems: &mut Vec<ConfigProblem>,
) {
    match (value, text(value)) {
        (Value::Table(section), _) => {
            for (key, value) in section {
                push(flat, format!("{name}__{key}"), value, problems);
            }
        }
        (_, Some(text)) => flat.push((name, text)),
        (_, None) => problems.push(ConfigProblem::new(
            name,
            "must be a text, a number, true, false or a list of them",
            "Write it as check-config --explain prints them.",
        )),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Array(items) => {
            items.iter().map(text).collect::<Option<Vec<_>>>().map(|items| items.join(","))
        }
        Value::Datetime(_) | Value::Table(_) => None,
    }
}
