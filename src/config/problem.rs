use std::fmt;

/// One thing wrong with the settings. Never holds a secret's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The setting or settings concerned, by their names in the environment.
    pub setting: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl ConfigProblem {
    pub(super) fn new(
        setting: impl Into<String>,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { setting: setting.into(), what: what.into(), fix: fix.into() }
    }
}

/// Everything wrong with the settings (V-30); shows as one message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<ConfigProblem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "problem" } else { "problems" };
        writeln!(f, "{} {noun} with the settings; nothing was started:", self.0.len())?;
        for problem in &self.0 {
            writeln!(f, "  - {}: {}", problem.setting, problem.what)?;
            writeln!(f, "    {}", problem.fix)?;
        }
        write!(f, "contoso-shop check-config --explain lists every setting there is.")
    }
}
