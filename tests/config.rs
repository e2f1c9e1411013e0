//! The real binary with real environments: what it refuses, what it shows (V-30). Apart from the
//! others because it is about the process's environment and exit codes.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs the binary in `folder` with nothing but these variables and waits for its end.
fn shop_in(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contoso-shop"));
    command.args(arguments).current_dir(folder).env_clear().envs(variables.iter().copied());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let started = Instant::now();
    while child.try_wait().expect("a child to wait for").is_none() {
        if started.elapsed() > Duration::from_secs(20) {
            child.kill().expect("a child to kill");
            let output = child.wait_with_output().expect("its output");
            panic!(
                "{arguments:?} {variables:?} still runs after 20 s: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("its output")
}

fn shop(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    shop_in(tempfile::tempdir().expect("a folder").path(), arguments, variables)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Refused: code 2, every one of `expected` on standard error, nothing on standard output, nothing
/// left behind.
fn refused(arguments: &[&str], variables: &[(&str, &str)], expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = shop_in(folder.path(), arguments, variables);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{variables:?}: {message}");
    for part in expected {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
    assert_eq!(stdout(&output), "", "{variables:?}");
    assert_eq!(
        fs::read_dir(folder.path()).expect("the folder").count(),
        0,
        "something was started: {variables:?}"
    );
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn contradictory_missing_and_malformed_settings_start_nothing_and_are_listed_at_once() {
    refused(
        &[],
        &[
            ("ROLE", "web"),
            ("HANGFIRE_PROCESSING_ENABLED", "true"),
            ("HANGFIRE_WORKER_COUNT", "eight"),
            ("ConnectionStrings__Contoso", "Sever=db;Password=hunter2"),
            ("ConnectionStrings__Redis", "redis:6379,pasword=hunter2"),
            ("Jobs__Lease", "soon"),
            ("Jobs__Hartbeat", "1s"),
            ("Jwt__SigningKey", "hunter2"),
        ],
        &[
            "problems with the settings",
            "ROLE and HANGFIRE_PROCESSING_ENABLED",
            "HANGFIRE_WORKER_COUNT: 'eight'",
            "ConnectionStrings__Contoso: ",
            "ConnectionStrings__Redis: has an unknown option 'pasword'",
            "Jobs__Lease: 'soon'",
            "Did you mean Jobs__Heartbeat?",
            "Jwt__SigningKey: has 7 bytes",
            "Jwt__Authority or Jwt__JwksUrl",
            "Jwt__Audience",
        ],
    );
}

#[test]
fn every_pair_of_role_and_switches_that_disagrees_is_refused_by_every_command() {
    for (role, processing, count, names) in [
        ("web", "true", "", "ROLE and HANGFIRE_PROCESSING_ENABLED"),
        ("worker", "false", "", "ROLE and HANGFIRE_PROCESSING_ENABLED"),
        ("worker", "true", "0", "HANGFIRE_PROCESSING_ENABLED and HANGFIRE_WORKER_COUNT"),
        ("worker", "", "0", "ROLE and HANGFIRE_WORKER_COUNT"),
        ("web", "false", "8", "HANGFIRE_PROCESSING_ENABLED and HANGFIRE_WORKER_COUNT"),
        ("web", "", "8", "ROLE and HANGFIRE_WORKER_COUNT"),
        ("dashboard", "", "", "ROLE: 'dashboard' is not a role"),
    ] {
        let variables = [
            ("ROLE", role),
            ("HANGFIRE_PROCESSING_ENABLED", processing),
            ("HANGFIRE_WORKER_COUNT", count),
        ];
        for arguments in [&[][..], &["serve"], &["check-config"], &["migrate"]] {
            refused(arguments, &variables, &[names]);
        }
    }
}

#[test]
fn a_web_pod_without_redis_is_refused_with_the_way_out() {
    let variables = [
        ("ROLE", "web"),
        ("Jwt__Mode", "development"),
        ("Jwt__SigningKey", "0123456789abcdef0123456789abcdef"),
    ];
    refused(&[], &variables, &["ConnectionStrings__Redis: is missing", "SignalR__SinglePod=true"]);
    let mut alone = variables.to_vec();
    alone.push(("SignalR__SinglePod", "true"));
    let output = shop(&["check-config"], &alone);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("warning: Jwt__Mode=development"), "{}", stderr(&output));
}

#[test]
fn settings_files_are_found_by_environment_or_named_and_must_be_sound() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("config")).expect("a folder");
    fs::write(folder.path().join("config/staging.toml"), "[Jobs]\nLease = \"40s\"\n")
        .expect("a file");
    fs::write(folder.path().join("mine.toml"), "[Jobs]\nLease = \"50s\"\n").expect("a file");
    for (arguments, variables, lease) in [
        (&["check-config"][..], &[][..], "20s default"),
        (&["check-config"], &[("ASPNETCORE_ENVIRONMENT", "Staging")], "40s config/staging.toml"),
        (
            &["check-config"],
            &[("ASPNETCORE_ENVIRONMENT", "Other"), ("CONTOSO_ENVIRONMENT", "staging")],
            "40s config/staging.toml",
        ),
        (
            &["check-config", "--config", "mine.toml"],
            &[("CONTOSO_ENVIRONMENT", "staging")],
            "50s mine.toml",
        ),
        (&["--config", "mine.toml", "check-config"], &[("JOBS__LEASE", "1m")], "1m environment"),
    ] {
        let output = shop_in(folder.path(), arguments, variables);
        let dump = stdout(&output);
        let line = dump
            .lines()
            .find(|line| line.starts_with("Jobs__Lease "))
            .unwrap_or_else(|| panic!("{}", stderr(&output)));
        assert_eq!(
            line.split_whitespace().skip(1).collect::<Vec<_>>().join(" "),
            lease,
            "{variables:?}"
        );
    }
    refused(&["--config", "absent.toml"], &[], &["--config: there is no file absent.toml"]);
    refused(
        &["--config", "absent.toml"],
        &[("Jobs__Lease", "soon")],
        &["2 problems", "--config", "Jobs__Lease: 'soon'"],
    );
    refused(
        &[],
        &[("CONTOSO_ENVIRONMENT", "../../etc/passwd")],
        &["CONTOSO_ENVIRONMENT: is not the name of an environment"],
    );
}

#[test]
fn check_config_shows_everything_but_secrets() {
    let output = shop(
        &["check-config"],
        &[
            ("ROLE", "worker"),
            (
                "ConnectionStrings__Contoso",
                "Server=db,1433;Database=Shop;User Id=sa;Password=hunter2",
            ),
            ("ConnectionStrings__Redis", "redis-0:6379,redis-1:6379,password=hunter2"),
            ("SignalR__ConnectionTokenKey", "hunter2hunter2hunter2hunter2hunter2"),
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let dump = stdout(&output);
    assert!(!dump.contains("hunter2"), "{dump}");
    for part in [
        "server=db,1433;database=Shop;***",
        "redis-cluster://***@redis-0:6379,redis-1:6379",
        "worker ",
        "0.0.0.0:9090",
    ] {
        assert!(dump.contains(part), "{part} is missing in: {dump}");
    }
    let explained = stdout(&shop(&["check-config", "--explain"], &[("ROLE", "nonsense")]));
    for line in dump.lines() {
        let name = line.split_whitespace().next().expect("a name");
        let key = name.rsplit("__").next().expect("a key");
        assert!(
            explained.lines().any(|line| line.starts_with(&format!("{key} = "))),
            "{name} is not explained"
        );
    }
}

#[cfg(unix)]
#[test]
fn variables_that_are_not_unicode_are_none_of_ours() {
    use std::os::unix::ffi::OsStrExt;
    let odd = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let mut command = Command::new(env!("CARGO_BIN_EXE_contoso-shop"));
    let output = command
        .arg("check-config")
        .env_clear()
        .env("ODD", odd)
        .env(odd, "x")
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn help_and_version_read_well_and_wrong_arguments_do_not_start_it() {
    let help = stdout(&shop(&["--help"], &[]));
    for part in [
        "serve",
        "migrate",
        "check-config",
        "token",
        "drain",
        "healthcheck",
        "Examples:",
        "Exit codes:",
    ] {
        assert!(help.contains(part), "{part} is missing in: {help}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
    assert_eq!(
        stdout(&shop(&["--version"], &[])),
        format!("contoso-shop {}\n", env!("CARGO_PKG_VERSION"))
    );
    for arguments in [&["sevre"][..], &["--prot"], &["token"], &["drain", "--seconds", "-1"]] {
        refused(arguments, &[], &["Usage:"]);
    }
}

#[test]
fn drain_writes_the_marker_waits_and_takes_it_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let marker = folder.path().join("draining");
    let started = Instant::now();
    let output =
        shop_in(folder.path(), &["drain", "--seconds", "1"], &[("Drain__File", "draining")]);
    assert!(output.status.success() && marker.exists(), "{}", stderr(&output));
    assert!(started.elapsed() >= Duration::from_secs(1));
    let output = shop_in(folder.path(), &["drain", "--file", "draining", "--cancel"], &[]);
    assert!(output.status.success() && !marker.exists(), "{}", stderr(&output));
    let output =
        shop_in(folder.path(), &["drain", "--file", "no/folder/draining", "--seconds", "60"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cannot write the marker no/folder/draining"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_health_check_without_a_ready_server_fails_and_says_why() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("its address").to_string();
    let output = shop(&["healthcheck"], &[("Ops__Listen", address.as_str())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no answer within 3 s"), "{}", stderr(&output));
    drop(silent);
    let output = shop(&["healthcheck"], &[("Ops__Listen", address.as_str())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).to_lowercase().contains("connection refused"), "{}", stderr(&output));
}

#[test]
fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [
        ("ConnectionStrings__Contoso", "sqlite:shop.db"),
        ("Ops__Listen", "127.0.0.1:0"),
        ("Drain__File", "draining"),
    ];
    let migrated = shop_in(folder.path(), &["migrate"], &settings);
    assert_eq!(migrated.status.code(), Some(0), "{}", stderr(&migrated));
    assert!(stdout(&migrated).contains("applied 0001_"), "{}", stdout(&migrated));
    let again = shop_in(folder.path(), &["migrate"], &settings);
    assert!(!stdout(&again).contains("applied"), "{}", stdout(&again));

    let database = rusqlite::Connection::open(folder.path().join("shop.db")).expect("the database");
    database
        .execute("INSERT INTO SchemaVersion (Version, Name, AppliedAt) VALUES (9999, 'from the future', 0)", [])
        .expect("a row");
    drop(database);
    for command in ["serve", "migrate"] {
        let refused = shop_in(folder.path(), &[command], &settings);
        assert_eq!(refused.status.code(), Some(1), "{command}");
        assert!(stderr(&refused).contains("9999"), "{command}: {}", stderr(&refused));
        assert_eq!(stdout(&refused), "", "{command}");
    }
}

#[test]
fn the_token_command_signs_with_the_key_of_the_installation() {
    let signature = |folder: &Path| {
        let output = shop_in(folder, &["token", "--user", "ann"], &[]);
        assert!(output.status.success(), "{}", stderr(&output));
        let key = folder.join("data/contoso-shop.db.signing-key");
        assert_eq!(fs::read_to_string(&key).expect("a key").trim().len(), 64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&key).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        (fs::read(key).expect("a key"), stdout(&output))
    };
    let (one, other) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (first, again, elsewhere) =
        (signature(one.path()), signature(one.path()), signature(other.path()));
    assert_eq!(first.0, again.0, "the key stays");
    assert_ne!(first.0, elsewhere.0, "no two installations share one");
    assert!(!first.1.contains(String::from_utf8(first.0).expect("text").trim()));

    let server = ("ConnectionStrings__Contoso", "Server=db;User Id=app;Password=hunter2");
    refused(&["token", "--user", "ann"], &[server], &["Jwt__Mode and Jwt__SigningKey"]);
}
