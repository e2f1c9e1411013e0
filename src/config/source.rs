use std::path::{Path, PathBuf};

use super::{ConfigProblem, Problems, Settings};

/// A settings file's name, for messages, and its text.
#[derive(Debug, Clone)]
pub struct SettingsFile {
    /// As the user knows it.
    pub name: String,
    /// TOML.
    pub text: String,
}

/// Reads the file if there is one and puts the layers together: the file is `config`, or
/// `config/{environment}.toml` when that exists. The environment's name is `CONTOSO_ENVIRONMENT` or
/// `ASPNETCORE_ENVIRONMENT`, else `production`.
pub fn load(
    variables: impl IntoIterator<Item = (String, String)>,
    config: Option<&Path>,
) -> Result<Settings, Problems> {
    let variables: Vec<(String, String)> = variables.into_iter().collect();
    let found = match config {
        Some(path) => read(path).and_then(|file| file.ok_or_else(|| missing(path))).map(Some),
        None => environment_file(&variables).and_then(|path| read(&path)),
    };
    match found {
        Ok(file) => Settings::resolve(variables, file.as_ref()),
        // What the file would have said is unknown, but what is wrong elsewhere can be told all the
        // same.
        Err(problem) => {
            let others = Settings::resolve(variables, None)
                .err()
                .map_or_else(Vec::new, |problems| problems.0);
            Err(Problems(std::iter::once(problem).chain(others).collect()))
        }
    }
}

fn environment_file(variables: &[(String, String)]) -> Result<PathBuf, ConfigProblem> {
    let find = |wanted: &str| {
        variables
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty())
    };
    let named = find("CONTOSO_ENVIRONMENT").or_else(|| find("ASPNETCORE_ENVIRONMENT"));
    let Some((variable, name)) = named else { return Ok("config/production.toml".into()) };
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') && name.len() <= 50 {
        return Ok(format!("config/{}.toml", name.to_lowercase()).into());
    }
    Err(ConfigProblem::new(
        variable,
        "is not the name of an environment",
        "Use letters, digits, - and _, such as staging.",
    ))
}

fn read(path: &Path) -> Result<Option<SettingsFile>, ConfigProblem> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(SettingsFile { name: path.display().to_string(), text })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ConfigProblem::new(
            path.display().to_string(),
            format!("cannot be read: {error}"),
            "Check that it is a readable text file.",
        )),
    }
}

fn missing(path: &Path) -> ConfigProblem {
    ConfigProblem::new(
        "--config",
        format!("there is no file {}", path.display()),
        "Check the path. What the file would set counts as not set in this list.",
    )
}
