//! Keeps the house in the order `src/lib.rs` describes: who may import whom, and that the SQL
//! dialects stay twins. It reads text, so an import must be written as a `crate::` path.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module and the modules of ours it may import; the longest matching prefix decides. Its own
/// module is always allowed.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ports", &["domain"]),
    ("app", &["domain", "ports"]),
    ("delivery", &["domain", "ports", "signalr"]),
    ("auth", &["domain", "ports"]),
    ("resilience", &[]),
    ("lifecycle", &[]),
    ("signalr", &[]),
    ("config", &["domain"]),
    ("ops", &["config", "lifecycle", "ports"]),
    ("jobs::engine", &["domain", "ports"]),
    ("jobs::definitions", &["app", "domain", "jobs::engine", "ports"]),
    ("jobs", &[]),
    ("hubs", &["app", "auth", "domain", "ports", "signalr"]),
    ("http", &["app", "auth", "domain", "ports"]),
    ("adapters::memory", &["domain", "ports"]),
    ("adapters::sqlite", &["domain", "ports"]),
    ("adapters::mssql", &["domain", "ports", "resilience"]),
    ("adapters::redis", &["config", "domain", "ports", "resilience", "signalr"]),
    ("adapters::guarded", &["domain", "ports", "resilience"]),
    ("adapters::jwks_http", &["auth", "domain", "ports"]),
    ("adapters", &["domain", "ports", "resilience"]),
    (
        "roles",
        &[
            "adapters",
            "app",
            "auth",
            "config",
            "delivery",
            "domain",
            "hubs",
            "http",
            "jobs",
            "lifecycle",
            "ops",
            "ports",
            "resilience",
            "signalr",
        ],
    ),
    ("cli", &["config", "ops", "roles"]),
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn module_of(file: &Path) -> String {
    let relative = file.strip_prefix("src").expect("below src").with_extension("");
    let parts: Vec<_> = relative
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .filter(|part| part != "mod")
        .collect();
    parts.join("::")
}

fn is_in(path: &str, module: &str) -> bool {
    path == module || path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
}

/// The `crate::…` paths in a text, with one level of braces opened.
fn imports(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let stop = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .unwrap_or(rest.len());
        let head = rest[..stop].trim_end_matches(':');
        if rest[stop..].starts_with('{') {
            let end = rest.find('}').unwrap_or(rest.len());
            for item in
                rest[stop + 1..end].split(',').map(str::trim).filter(|item| !item.is_empty())
            {
                found.push(if head.is_empty() {
                    item.to_owned()
                } else {
                    format!("{head}::{item}")
                });
            }
        } else {
            found.push(head.to_owned());
        }
    }
    found
}

#[test]
fn modules_import_only_what_the_map_allows() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let mut slips = Vec::new();
    for file in files {
        let module = module_of(&file);
        if module == "lib" || module == "main" {
            continue;
        }
        let rule = MAY_IMPORT
            .iter()
            .filter(|(name, _)| is_in(&module, name))
            .max_by_key(|(name, _)| name.len());
        let Some((home, allowed)) = rule else {
            slips.push(format!("{module}: not in the map"));
            continue;
        };
        // Tests inside a module may use anything.
        let text = fs::read_to_string(&file).expect("readable");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for import in imports(code) {
            if !is_in(&import, home) && !allowed.iter().any(|name| is_in(&import, name)) {
                slips.push(format!("{module} imports {import}"));
            }
        }
    }
    assert!(slips.is_empty(), "against the map:\n{}", slips.join("\n"));
}

#[test]
fn both_sql_dialects_have_the_same_migrations_and_statements() {
    let names = |folder: &str| -> BTreeSet<String> {
        fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".sql"))
            .collect()
    };
    let (sqlite, mssql) = (names("migrations/sqlite"), names("migrations/mssql"));
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, mssql, "migrations differ");
}

#[test]
fn tests_do_not_hide_behind_ignores_or_blocking_sleeps() {
    let mut files = Vec::new();
    rust_files(Path::new("tests"), &mut files);
    let marks = [concat!("#[ign", "ore"), concat!("to", "do!("), concat!("unimpl", "emented!(")];
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("readable");
        found.extend(
            marks
                .iter()
                .filter(|mark| text.contains(**mark))
                .map(|mark| format!("{}: {mark}", file.display())),
        );
    }
    assert!(found.is_empty(), "{found:?}");
}
