//! Keeps the house in the order `src/lib.rs` describes: who may import whom, that the SQL dialects
//! stay twins, and that what comments cite is defined. It reads text, so an import must be written as
//! a `crate::` path.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module and the modules of ours it may import; the longest matching prefix decides. Its own
/// module is always allowed.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("ports", &["domain", "resilience"]),
    ("app", &["domain", "ports"]),
    ("delivery", &["domain", "ports", "resilience", "signalr"]),
    ("auth", &["domain", "ports"]),
    ("resilience", &[]),
    ("lifecycle", &[]),
    ("signalr", &[]),
    ("config", &["domain"]),
    ("ops", &["config", "lifecycle", "ports"]),
    ("jobs::engine", &["domain", "ports", "resilience"]),
    ("jobs::definitions", &["app", "domain", "jobs::engine", "ports"]),
    ("jobs", &[]),
    ("hubs", &["app", "auth", "domain", "ports", "signalr"]),
    ("http", &["app", "auth", "domain", "ports"]),
    ("adapters::memory", &["domain", "ports"]),
    ("adapters::sqlite", &["adapters", "domain", "ports"]),
    ("adapters::mssql", &["adapters", "config", "domain", "ports", "resilience"]),
    (
        "adapters::redis",
        &["adapters", "config", "domain", "lifecycle", "ports", "resilience", "signalr"],
    ),
    ("adapters::jwks_http", &["auth", "domain", "ports"]),
    ("adapters", &["domain", "lifecycle", "ports", "resilience"]),
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
fn both_sql_dialects_have_the_same_migrations() {
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

/// Tasks that nobody supervises, and why.
const BARE_SPAWNS: &[(&str, &str)] = &[
    ("src/lifecycle/signals.rs", "the second signal must work whatever hangs"),
    (
        "src/signalr/transports/websocket.rs",
        "the hub counts its connections and waits for their end",
    ),
    ("src/http/unread_body.rs", "drops a body after two seconds"),
];

#[test]
fn every_task_is_supervised() {
    let mut files = Vec::new();
    rust_files(Path::new("src"), &mut files);
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| !file.ends_with("lifetime_tests.rs")) {
        let text = fs::read_to_string(file).expect("readable");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        if ["tokio::spawn(", "task::spawn(", "rt::spawn("].iter().any(|mark| code.contains(mark)) {
            found.insert(file.display().to_string());
        }
    }
    let known = BARE_SPAWNS.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(found, known, "tasks start with `Supervisor::spawn`");
}

#[test]
fn tests_do_not_hide_behind_ignores_or_stubs() {
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

/// Where comments may cite a requirement.
const CITING: &[&str] =
    &["src", "tests", "benches", "web", "migrations", "scripts", "docs", "config"];

fn every_file(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        let skipped =
            path.file_name().is_some_and(|name| name == "node_modules" || name == "vendor");
        if path.is_dir() && !skipped {
            every_file(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

/// Whether a word is a requirement's id: `X-05`, `R-20`, `V-09`, `D4`, `D5a`, `S2-C1-3d`.
fn is_requirement_id(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if let Some(number) = ["X-", "R-", "V-"].iter().find_map(|start| word.strip_prefix(start)) {
        return number.len() == 2 && digits(number);
    }
    if let Some(number) = word.strip_prefix('D') {
        let number = number.strip_suffix('a').unwrap_or(number);
        return number.len() <= 2 && digits(number);
    }
    word.starts_with("S1-") || word.starts_with("S2-")
}

/// The comment of a line, or all of it where text is prose.
fn comment(line: &str, is_prose: bool) -> &str {
    let start = ["//", "/*", "--", "# ", "* "].iter().filter_map(|mark| line.find(mark)).min();
    if is_prose { line } else { start.map_or("", |at| &line[at..]) }
}

#[test]
fn every_cited_requirement_is_defined_and_every_proof_exists() {
    let document = fs::read_to_string("docs/requirements.md").expect("readable");
    let mut defined = BTreeSet::new();
    let mut slips = Vec::new();
    for line in document.lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, id, _, proof, _] = cells[..] else { continue };
        if !is_requirement_id(id) {
            continue;
        }
        if !defined.insert(id.to_owned()) {
            slips.push(format!("{id} is defined twice"));
        }
        let named: Vec<_> = proof.split('`').skip(1).step_by(2).collect();
        if named.is_empty() && proof != "–" {
            slips.push(format!("{id} names no proof"));
        }
        slips.extend(
            named
                .iter()
                .filter(|file| !Path::new(file).is_file())
                .map(|file| format!("{id}: {file} does not exist")),
        );
    }
    assert!(!defined.is_empty());

    let mut files = vec![PathBuf::from("README.md")];
    for folder in CITING {
        every_file(Path::new(folder), &mut files);
    }
    for file in files {
        // Pictures and fonts cite nothing.
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let is_prose = file.extension().is_some_and(|extension| extension == "md");
        for (number, line) in text.lines().enumerate() {
            let words = comment(line, is_prose).split(|c: char| !(c.is_alphanumeric() || c == '-'));
            slips.extend(
                words
                    .filter(|word| is_requirement_id(word) && !defined.contains(*word))
                    .map(|word| format!("{}:{}: {word}", file.display(), number + 1)),
            );
        }
    }
    assert!(slips.is_empty(), "against docs/requirements.md:\n{}", slips.join("\n"));
}
