use std::path::PathBuf;
use std::time::Duration;

use contoso_shop::config::{
    DrainSettings, JwtSettings, Part, Problems, RedisTopology, Role, Settings, SettingsFile,
    SigningKey, StoreConnection,
};

/// A web pod that starts: each test changes one thing about it.
const WEB: &[(&str, &str)] = &[
    ("ROLE", "web"),
    ("ConnectionStrings__Redis", "redis:6379"),
    ("Jwt__Authority", "https://login.example"),
    ("Jwt__Audience", "shop"),
    ("SignalR__ConnectionTokenKey", "0123456789abcdef0123456789abcdef"),
];

fn resolve(variables: &[(&str, &str)]) -> Result<Settings, Problems> {
    Settings::resolve(
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        None,
    )
}

fn web_with(changes: &[(&'static str, &'static str)]) -> Result<Settings, Problems> {
    let kept = WEB.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    resolve(&kept.chain(changes).copied().collect::<Vec<_>>())
}

fn with_file(text: &str, variables: &[(&str, &str)]) -> Result<Settings, Problems> {
    let file = SettingsFile { name: "shop.toml".to_owned(), text: text.to_owned() };
    Settings::resolve(
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        Some(&file),
    )
}

/// The one problem there is, as "setting: what".
fn only_problem(result: Result<Settings, Problems>, context: &str) -> String {
    match result {
        Ok(_) => panic!("{context}: started"),
        Err(Problems(problems)) => {
            assert_eq!(problems.len(), 1, "{context}: {problems:?}");
            assert!(!problems[0].fix.is_empty(), "{context}");
            format!("{}: {}", problems[0].setting, problems[0].what)
        }
    }
}

#[test]
fn an_empty_environment_is_the_whole_shop_on_this_machine() {
    let settings = resolve(&[]).unwrap();
    assert_eq!(settings.role, Role::All);
    for part in [Part::Api, Part::Hub, Part::Jobs] {
        assert!(settings.parts().has(part), "{part:?}");
    }
    assert_eq!(
        settings.connections.contoso,
        StoreConnection::Sqlite(PathBuf::from("data/contoso-shop.db"))
    );
    assert_eq!(settings.connections.redis, None);
    assert_eq!(
        (settings.http.listen.to_string(), settings.ops.listen.to_string()),
        ("127.0.0.1:8080".into(), "127.0.0.1:9090".into())
    );
    assert!(matches!(settings.jwt, Some(JwtSettings::Development(_))));
    assert!((1..=20).contains(&settings.hangfire.worker_count));
    assert_eq!(
        settings.hangfire.queues.iter().map(|queue| queue.as_str()).collect::<Vec<_>>(),
        ["orders", "default", "reports"]
    );
    assert_eq!(
        (settings.signalr.channel_prefix.as_str(), settings.signalr.hub_name.as_str()),
        ("contoso-signalr", "OrderStatusHub")
    );
    assert_eq!(settings.workflow_state_ttl, Duration::from_secs(30 * 60));
    assert_eq!(settings.orders_processing_time, Duration::from_secs(1));
    assert_eq!(
        (settings.jobs.lease, settings.jobs.heartbeat),
        (Duration::from_secs(20), Duration::from_secs(5))
    );
    assert_eq!(
        (settings.drain.close_window, settings.drain.job_stop),
        (Duration::from_secs(5), Duration::from_secs(30))
    );
    assert!(settings.rate_limits.enabled && settings.warnings.is_empty());
}

#[test]
fn roles_have_their_parts_addresses_and_job_counts() {
    let web = web_with(&[]).unwrap();
    assert!(web.parts().has(Part::Hub) && !web.parts().has(Part::Jobs));
    assert_eq!(web.hangfire.worker_count, 0);
    assert_eq!(web.http.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(web.orders_processing_time, Duration::ZERO);
    let worker = resolve(&[("ROLE", "Worker"), ("HANGFIRE_WORKER_COUNT", "8")]).unwrap();
    assert!(
        worker.parts().has(Part::Jobs)
            && !worker.parts().has(Part::Api)
            && !worker.parts().has(Part::Hub)
    );
    assert_eq!((worker.hangfire.worker_count, worker.jwt), (8, None));
}

#[test]
fn what_the_chart_sets_in_either_role_agrees() {
    assert!(
        web_with(&[("HANGFIRE_PROCESSING_ENABLED", "false"), ("HANGFIRE_WORKER_COUNT", "0")])
            .is_ok()
    );
    assert!(
        resolve(&[
            ("ROLE", "worker"),
            ("HANGFIRE_PROCESSING_ENABLED", "true"),
            ("HANGFIRE_WORKER_COUNT", "8")
        ])
        .is_ok()
    );
    let api_only = resolve(&[("HANGFIRE_PROCESSING_ENABLED", "False")]).unwrap();
    assert!(api_only.parts().has(Part::Api) && !api_only.parts().has(Part::Jobs));
}

#[test]
fn a_role_and_switches_that_contradict_it_are_refused_by_both_names() {
    let refused = [
        (
            web_with(&[("HANGFIRE_PROCESSING_ENABLED", "true")]),
            "ROLE and HANGFIRE_PROCESSING_ENABLED",
        ),
        (
            resolve(&[("ROLE", "worker"), ("HANGFIRE_PROCESSING_ENABLED", "false")]),
            "ROLE and HANGFIRE_PROCESSING_ENABLED",
        ),
        (web_with(&[("HANGFIRE_WORKER_COUNT", "8")]), "ROLE and HANGFIRE_WORKER_COUNT"),
        (
            resolve(&[("ROLE", "worker"), ("HANGFIRE_WORKER_COUNT", "0")]),
            "ROLE and HANGFIRE_WORKER_COUNT",
        ),
        (
            resolve(&[("HANGFIRE_PROCESSING_ENABLED", "true"), ("HANGFIRE_WORKER_COUNT", "0")]),
            "HANGFIRE_PROCESSING_ENABLED and HANGFIRE_WORKER_COUNT",
        ),
        (
            resolve(&[("HANGFIRE_PROCESSING_ENABLED", "false"), ("HANGFIRE_WORKER_COUNT", "4")]),
            "HANGFIRE_PROCESSING_ENABLED and HANGFIRE_WORKER_COUNT",
        ),
    ];
    for (result, names) in refused {
        let problem = only_problem(result, names);
        assert!(problem.starts_with(names), "{names}: {problem}");
    }
}

#[test]
fn malformed_values_are_named() {
    for (name, value) in [
        ("ROLE", "wroker"),
        ("HANGFIRE_PROCESSING_ENABLED", "maybe"),
        ("HANGFIRE_WORKER_COUNT", "-1"),
        ("HANGFIRE_WORKER_COUNT", "20000"),
        ("HANGFIRE_QUEUES", "Default Queue"),
        ("HANGFIRE_QUEUES", ","),
        ("ConnectionStrings__Contoso", "postgres://db"),
        ("ConnectionStrings__ContosoReadOnly", "Server=replica"),
        ("ConnectionStrings__Redis", "redis://h:port"),
        ("Http__Listen", "8080"),
        ("Http__Workers", "0"),
        ("Http__PublicUrl", "https://shop.example/"),
        ("Ops__Listen", "localhost:9090"),
        ("SignalR__SinglePod", "2"),
        ("SignalR__AllowedOrigins", "shop.example"),
        ("SignalR__ConnectionTokenKey", "short"),
        ("SignalR__MaxConnections", "0"),
        ("SignalR__KeepAliveInterval", "0s"),
        ("Cors__AllowedOrigins", "https://shop.example/path"),
        ("WorkflowState__Ttl", "30"),
        ("WorkflowState__Ttl", "0s"),
        ("Jwt__Mode", "dev"),
        ("Orders__ProcessingTime", "1 second"),
        ("Jobs__Lease", "0:0:0"),
        ("Jobs__MaxAttempts", "0"),
        ("Drain__Pause", "-1s"),
        ("RateLimits__Enabled", "sometimes"),
        ("Log__Format", "xml"),
        ("Log__Level", "verbose"),
        ("Log__Level", "info,contoso_shop=loud"),
    ] {
        let result = resolve(&[(name, value)]);
        let Err(Problems(problems)) = result else { panic!("{name}={value} started") };
        assert!(problems[0].setting.contains(name), "{name}={value}: {problems:?}");
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    let Err(problems) = web_with(&[
        ("HANGFIRE_WORKER_COUNT", "8"),
        ("Jobs__Lease", "soon"),
        ("Jobs__Hartbeat", "1s"),
        ("Http__Listen", "x"),
    ]) else {
        panic!("started")
    };
    assert_eq!(problems.0.len(), 4, "{problems}");
    let message = problems.to_string();
    for part in [
        "4 problems",
        "HANGFIRE_WORKER_COUNT",
        "Jobs__Lease: 'soon'",
        "Did you mean Jobs__Heartbeat?",
        "Http__Listen",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn names_ignore_case_and_other_programs_variables_are_ignored() {
    let settings = resolve(&[
        ("jobs__LEASE", "00:01:00"),
        ("Role", "ALL"),
        ("OTHER__THING", "1"),
        ("JOBS_SERVICE_PORT", "80"),
        ("HANGFIRE_DASHBOARD_TITLE", "x"),
        ("RUST_LOG", "debug"),
        ("__", ""),
    ])
    .unwrap();
    assert_eq!(settings.jobs.lease, Duration::from_secs(60));
    assert_eq!(
        only_problem(resolve(&[("Jobs__Lease", "20s"), ("JOBS__LEASE", "30s")]), "twice"),
        "JOBS__LEASE: is set twice, in different case"
    );
    assert!(
        only_problem(resolve(&[("HANGFIRE_WORKER_COUNTS", "8")]), "misspelt")
            .starts_with("HANGFIRE_WORKER_COUNTS")
    );
    assert!(
        only_problem(resolve(&[("Jobs__Retry__Base", "8")]), "too deep")
            .starts_with("Jobs__Retry__Base")
    );
}

#[test]
fn an_empty_variable_is_not_set() {
    let settings =
        resolve(&[("ROLE", ""), ("ConnectionStrings__Redis", " "), ("Jobs__Lease", "")]).unwrap();
    assert_eq!((settings.role, settings.jobs.lease), (Role::All, Duration::from_secs(20)));
}

#[test]
fn lists_may_be_written_as_dotnet_writes_them() {
    for variables in [
        &[
            ("Cors__AllowedOrigins__1", "https://b.example"),
            ("Cors__AllowedOrigins__0", "https://a.example"),
        ][..],
        &[("Cors__AllowedOrigins", "https://a.example, https://B.example")][..],
    ] {
        assert_eq!(
            resolve(variables).unwrap().cors_allowed_origins,
            ["https://a.example", "https://b.example"]
        );
    }
}

#[test]
fn the_environment_beats_the_file_and_the_file_the_default() {
    let text = "ROLE = \"all\"\n[Jobs]\nlease = \"40s\"\nMaxAttempts = 7\n[Cors]\nAllowedOrigins = [\"https://a.example\"]\n";
    let settings = with_file(text, &[("Jobs__MaxAttempts", "9")]).unwrap();
    assert_eq!((settings.jobs.lease, settings.jobs.max_attempts), (Duration::from_secs(40), 9));
    assert_eq!(settings.cors_allowed_origins, ["https://a.example"]);
    let dump = settings.dump();
    let origin = |name: &str| {
        dump.lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| line.split_whitespace().last())
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        [origin("Jobs__Lease"), origin("Jobs__MaxAttempts"), origin("Jobs__Heartbeat")],
        ["shop.toml", "environment", "default"]
    );
}

#[test]
fn a_file_with_something_wrong_is_refused_without_showing_it() {
    for (text, expected) in [
        ("[Jobs\n", "shop.toml: line 1"),
        ("[ConnectionStrings]\n\nRedis = \"h,password=hunter2\n", "shop.toml: line 3"),
        ("[Job]\nLease = \"20s\"\n", "Job__Lease: there is no such setting in shop.toml"),
        ("[Jobs]\nLeese = \"20s\"\n", "Jobs__Leese"),
        ("[Jobs]\nLease = { seconds = 20 }\n", "Jobs__Lease"),
    ] {
        let problem = only_problem(with_file(text, &[]), text);
        assert!(problem.starts_with(expected) && !problem.contains("hunter2"), "{text}: {problem}");
    }
}

#[test]
fn a_web_pod_needs_what_web_pods_share_unless_it_is_alone() {
    assert!(
        only_problem(web_with(&[("ConnectionStrings__Redis", "")]), "redis")
            .starts_with("ConnectionStrings__Redis: is missing")
    );
    assert!(
        only_problem(web_with(&[("SignalR__ConnectionTokenKey", "")]), "key")
            .starts_with("SignalR__ConnectionTokenKey: is missing")
    );
    let alone = web_with(&[
        ("ConnectionStrings__Redis", ""),
        ("SignalR__ConnectionTokenKey", ""),
        ("SignalR__SinglePod", "true"),
    ])
    .unwrap();
    assert_eq!(alone.signalr.connection_token_key, None);
    assert!(resolve(&[("ROLE", "worker")]).is_ok(), "a worker can do without Redis");
}

#[test]
fn development_tokens_are_explicit_wherever_others_can_reach_the_server() {
    const KEY: (&str, &str) = ("Jwt__SigningKey", "0123456789abcdef0123456789abcdef");
    let development = [
        ("Jwt__Mode", "development"),
        KEY,
        ("Jwt__Authority", ""),
        ("Jwt__Audience", ""),
        ("SignalR__ConnectionTokenKey", ""),
    ];
    let pod = web_with(&development).unwrap();
    assert_eq!(pod.warnings.iter().filter(|warning| warning.contains("/dev/token")).count(), 1);
    assert!(!pod.jwt.as_ref().unwrap().is_implied_development());

    assert!(
        only_problem(web_with(&[("Jwt__Mode", "development")]), "no key")
            .starts_with("Jwt__Mode and Jwt__SigningKey")
    );
    assert!(
        only_problem(web_with(&[KEY]), "key in production")
            .starts_with("Jwt__SigningKey: belongs to development")
    );
    assert!(
        resolve(&[("Http__Listen", "0.0.0.0:8080")]).is_err(),
        "role all for everybody needs an issuer"
    );
    assert!(
        resolve(&[("Http__Listen", "0.0.0.0:8080"), ("Jwt__Mode", "development"), KEY]).is_ok()
    );
    assert!(resolve(&[("Http__Listen", "[::1]:8080")]).is_ok());
    let guessable = resolve(&[("Jwt__Mode", "development"), ("Jwt__SigningKey", "secret")]);
    assert!(only_problem(guessable, "short").starts_with("Jwt__SigningKey: has 6 bytes"));
}

#[test]
fn implied_development_mode_has_a_key_of_the_installation() {
    let Some(JwtSettings::Development(jwt)) = resolve(&[]).unwrap().jwt else { panic!("no") };
    assert!(jwt.implied);
    let file = PathBuf::from("data/contoso-shop.db.signing-key");
    assert_eq!(jwt.signing_key, SigningKey::OfInstallation(file));
    let asked = resolve(&[("Jwt__Mode", "development")]).unwrap().jwt.unwrap();
    assert!(!asked.is_implied_development());
    let server = ("ConnectionStrings__Contoso", "Server=db;Password=hunter2");
    let problem = only_problem(resolve(&[server]), "SQL Server keeps no file");
    assert!(problem.starts_with("Jwt__Mode and Jwt__SigningKey"), "{problem}");
}

#[test]
fn the_keys_of_the_sample_settings_are_refused() {
    let sample = include_str!("../../../.env.sample");
    let keys: Vec<&str> =
        sample.lines().filter_map(|line| line.split_once("_KEY=").map(|(_, key)| key)).collect();
    assert_eq!(keys.len(), 2, "{sample}");
    for key in keys {
        for (name, mode) in [
            ("Jwt__SigningKey", ("Jwt__Mode", "development")),
            ("SignalR__ConnectionTokenKey", ("Jwt__Mode", "")),
        ] {
            let problem = only_problem(resolve(&[(name, key), mode]), key);
            assert!(problem.starts_with(&format!("{name}: is the placeholder")), "{problem}");
            assert!(!problem.contains(key));
        }
    }
}

#[test]
fn production_tokens_need_an_issuer_that_cannot_be_faked() {
    for (changes, expected) in [
        (&[("Jwt__Authority", "")][..], "Jwt__Authority or Jwt__JwksUrl"),
        (&[("Jwt__Audience", "")][..], "Jwt__Audience"),
        (
            &[("Jwt__Authority", ""), ("Jwt__JwksUrl", "https://keys.example/jwks")][..],
            "Jwt__Issuer",
        ),
        (&[("Jwt__Authority", "http://login.example")][..], "Jwt__Authority: uses plain http"),
        (
            &[("Jwt__Authority", "http://127.0.0.1.evil.example")][..],
            "Jwt__Authority: uses plain http",
        ),
        (
            &[("Jwt__Authority", "https://user:pw@login.example")][..],
            "Jwt__Authority: is not a URL",
        ),
        (&[("Jwt__Authority", "login.example")][..], "Jwt__Authority: is not a URL"),
    ] {
        let problem = only_problem(web_with(changes), expected);
        assert!(problem.starts_with(expected), "{problem}");
    }
    for url in [
        "http://127.0.0.1:9000/issuer",
        "http://localhost",
        "http://[::1]:5/x",
        "https://login.example/tenant",
    ] {
        assert!(web_with(&[("Jwt__Authority", url)]).is_ok(), "{url}");
    }
    assert!(
        web_with(&[("Jwt__Authority", "http://idp"), ("Jwt__RequireHttpsMetadata", "false")])
            .is_ok()
    );
}

#[test]
fn two_listeners_do_not_share_a_port() {
    for (http, ops, collide) in [
        ("127.0.0.1:8080", "127.0.0.1:8080", true),
        ("127.0.0.1:8080", "0.0.0.0:8080", true),
        ("127.0.0.1:8080", "127.0.0.2:8080", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ] {
        let result = resolve(&[("Http__Listen", http), ("Ops__Listen", ops)]);
        assert_eq!(result.is_err(), collide, "{http} {ops}");
    }
    assert!(
        resolve(&[("ROLE", "worker"), ("Ops__Listen", "0.0.0.0:8080")]).is_ok(),
        "a worker has one listener"
    );
}

#[test]
fn times_that_cannot_work_together_are_refused() {
    for (variables, expected) in [
        (&[("Jobs__Heartbeat", "10s")][..], "Jobs__Heartbeat and Jobs__Lease"),
        (
            &[("SignalR__ClientTimeoutInterval", "20s")][..],
            "SignalR__ClientTimeoutInterval and SignalR__KeepAliveInterval",
        ),
        (&[("Drain__JobStop", "40s")][..], "Drain__GracePeriod"),
        (&[("Drain__Pause", "15s")][..], "Drain__GracePeriod"),
    ] {
        let problem = only_problem(resolve(variables), expected);
        assert!(problem.starts_with(expected), "{problem}");
    }
    assert!(resolve(&[("Drain__JobStop", "5m"), ("Drain__GracePeriod", "00:06:00")]).is_ok());
}

#[test]
fn redis_is_found_in_either_form() {
    for text in ["redis-0:6380,password=s3cret", "redis://:s3cret@redis-0:6380"] {
        let redis =
            web_with(&[("ConnectionStrings__Redis", Box::leak(text.to_owned().into_boxed_str()))])
                .unwrap()
                .connections
                .redis
                .unwrap();
        assert_eq!(
            (redis.topology, redis.password.as_deref()),
            (RedisTopology::Single("redis-0".into(), 6380), Some("s3cret"))
        );
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let settings = web_with(&[
        ("ConnectionStrings__Contoso", "Server=db;Database=Shop;User Id=app;Password=hunter2"),
        ("ConnectionStrings__Redis", "redis://app:hunter2@redis"),
        ("SignalR__ConnectionTokenKey", "hunter2hunter2hunter2hunter2hunter2"),
    ])
    .unwrap();
    for text in [settings.dump(), format!("{settings:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert!(settings.dump().contains("redis://***@redis:6379/0"));
    let Err(problems) = resolve(&[
        ("ROLE", "web"),
        ("Jwt__SigningKey", "hunter2"),
        ("ConnectionStrings__Contoso", "Sever=db;Password=hunter2"),
        ("ConnectionStrings__Redis", "redis://app:hunter2@redis:port"),
    ]) else {
        panic!("started")
    };
    assert!(problems.0.len() >= 4 && !problems.to_string().contains("hunter2"), "{problems}");
}

#[test]
fn the_default_stop_fits_the_grace_period_the_chart_gives() {
    let drain = resolve(&[]).unwrap().drain;
    let total = drain.pause
        + drain.work()
        + DrainSettings::REQUESTS
        + DrainSettings::BACKGROUND
        + DrainSettings::LAST;
    assert_eq!(
        (total, drain.grace_period),
        (Duration::from_secs(38), Duration::from_secs(60 - 15))
    );
}
