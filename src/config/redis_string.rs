//! Redis connection strings: StackExchange.Redis' `host:6379,password=…,ssl=true` and URLs (D2).
//!
//! The `url` crate reads one host per URL; those of clusters and sentinels may list several.

use std::time::Duration;

use percent_encoding::percent_decode_str;

use super::{RedisSettings, RedisTopology};

/// StackExchange.Redis' default.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The seed's Redis policy: a second, then degrade.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(1);

/// Options of StackExchange.Redis that mean nothing to us but do no harm; names in lower case.
const IGNORED: [&str; 16] = [
    "abortconnect",
    "allowadmin",
    "checkcertificaterevocation",
    "configchannel",
    "configcheckseconds",
    "connectretry",
    "highintegrity",
    "keepalive",
    "name",
    "protocol",
    "proxy",
    "resolvedns",
    "sslprotocols",
    "tiebreaker",
    "version",
    "writebuffer",
];

/// Reads either form. Errors never repeat the text, which may hold a password.
pub(super) fn parse(text: &str) -> Result<RedisSettings, String> {
    match text.split_once("://") {
        Some((scheme, rest)) => url(scheme, rest),
        None => stack_exchange(text),
    }
}

/// Where Redis is, without user and password.
pub(super) fn show(settings: &RedisSettings) -> String {
    let tls = if settings.tls { "rediss" } else { "redis" };
    let login = if settings.password.is_some() { "***@" } else { "" };
    let hosts = |hosts: &[(String, u16)]| {
        hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(",")
    };
    match &settings.topology {
        RedisTopology::Single(host, port) => {
            format!("{tls}://{login}{host}:{port}/{}", settings.database)
        }
        RedisTopology::Cluster(nodes) => format!("{tls}-cluster://{login}{}", hosts(nodes)),
        RedisTopology::Sentinel { service, sentinels } => {
            format!(
                "{tls}-sentinel://{login}{}/{}?sentinelServiceName={service}",
                hosts(sentinels),
                settings.database
            )
        }
    }
}

fn empty() -> RedisSettings {
    RedisSettings {
        topology: RedisTopology::Cluster(Vec::new()),
        username: None,
        password: None,
        tls: false,
        ca_file: None,
        database: 0,
        connect_timeout: CONNECT_TIMEOUT,
        command_timeout: COMMAND_TIMEOUT,
    }
}

fn stack_exchange(text: &str) -> Result<RedisSettings, String> {
    let mut settings = empty();
    let (mut endpoints, mut service) = (Vec::new(), None);
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((option, value)) = part.split_once('=') else {
            endpoints.push(part);
            continue;
        };
        let (option, value) = (option.trim().to_lowercase(), value.trim());
        match option.as_str() {
            "password" => settings.password = filled(value),
            "user" => settings.username = filled(value),
            "ssl" => settings.tls = flag("ssl", value)?,
            "defaultdatabase" => settings.database = database(value)?,
            "connecttimeout" => settings.connect_timeout = millis("connectTimeout", value)?,
            "synctimeout" | "asynctimeout" => {
                settings.command_timeout = millis("syncTimeout", value)?
            }
            "servicename" => service = filled(value),
            "tlscafile" => settings.ca_file = filled(value).map(Into::into),
            "channelprefix" => {
                return Err("channelPrefix belongs into SignalR__ChannelPrefix, not into the connection string".to_owned());
            }
            "sslhost" => {
                return Err(
                    "sslHost is not supported: connect by the name in the certificate".to_owned()
                );
            }
            other if IGNORED.contains(&other) => {}
            other if other.chars().all(|c| c.is_ascii_alphabetic()) => {
                return Err(format!("has an unknown option '{other}'"));
            }
            _ => {
                return Err("has an unreadable option; a password with a comma needs the redis:// form, percent-encoded".to_owned());
            }
        }
    }
    let port = match (&service, settings.tls) {
        (Some(_), _) => 26379,
        (None, true) => 6380,
        (None, false) => 6379,
    };
    let hosts = endpoints
        .into_iter()
        .map(|endpoint| host_port(endpoint, port))
        .collect::<Result<Vec<_>, _>>()?;
    settings.topology = topology(hosts, service, false)?;
    checked(settings)
}

fn url(scheme: &str, rest: &str) -> Result<RedisSettings, String> {
    let mut settings = empty();
    let (tls, kind) = match scheme.to_lowercase().as_str() {
        "redis" => (false, ""),
        "rediss" => (true, ""),
        "redis-cluster" => (false, "cluster"),
        "rediss-cluster" => (true, "cluster"),
        "redis-sentinel" => (false, "sentinel"),
        "rediss-sentinel" => (true, "sentinel"),
        _ => {
            return Err(
                "has an unknown scheme: use redis, rediss, redis-cluster or redis-sentinel"
                    .to_owned(),
            );
        }
    };
    settings.tls = tls;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (login, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (user, password) = login.split_once(':').unwrap_or(("", login));
    settings.username = filled(&decode(user)?);
    settings.password = filled(&decode(password)?);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if !path.is_empty() {
        settings.database = database(path)?;
    }
    let port = if kind == "sentinel" { 26379 } else { 6379 };
    let mut hosts =
        authority.split(',').map(|host| host_port(host, port)).collect::<Result<Vec<_>, _>>()?;
    let mut service = None;
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match key.to_lowercase().as_str() {
            "sentinelservicename" => service = filled(&decode(value)?),
            "tlscafile" => settings.ca_file = filled(&decode(value)?).map(Into::into),
            "node" => hosts.push(host_port(&decode(value)?, port)?),
            "connecttimeout" => settings.connect_timeout = millis("connectTimeout", value)?,
            "commandtimeout" => settings.command_timeout = millis("commandTimeout", value)?,
            _ => {
                let known =
                    "sentinelServiceName, node, tlsCaFile, connectTimeout or commandTimeout";
                return Err(format!("has an unknown parameter: use {known}"));
            }
        }
    }
    if kind == "sentinel" && service.is_none() {
        return Err("lacks the master's name: add ?sentinelServiceName=mymaster".to_owned());
    }
    if kind.is_empty() && hosts.len() > 1 {
        return Err("names several hosts: use redis-cluster:// or redis-sentinel://".to_owned());
    }
    settings.topology = topology(hosts, service, kind == "cluster")?;
    checked(settings)
}

/// Several hosts without a service name are a cluster, as StackExchange.Redis finds out by itself.
fn topology(
    mut hosts: Vec<(String, u16)>,
    service: Option<String>,
    cluster: bool,
) -> Result<RedisTopology, String> {
    match (service, hosts.len()) {
        (_, 0) => Err("names no host".to_owned()),
        (Some(service), _) => Ok(RedisTopology::Sentinel { service, sentinels: hosts }),
        (None, 1) if !cluster => {
            let (host, port) = hosts.remove(0);
            Ok(RedisTopology::Single(host, port))
        }
        (None, _) => Ok(RedisTopology::Cluster(hosts)),
    }
}

fn checked(settings: RedisSettings) -> Result<RedisSettings, String> {
    if settings.database != 0 && matches!(settings.topology, RedisTopology::Cluster(_)) {
        return Err("chooses a database, but a cluster has only database 0".to_owned());
    }
    if settings.ca_file.is_some() && !settings.tls {
        return Err("names a tlsCaFile without TLS: use rediss:// or ssl=true".to_owned());
    }
    if settings.username.is_some() && settings.password.is_none() {
        return Err("names a user without a password".to_owned());
    }
    Ok(settings)
}

fn host_port(text: &str, default: u16) -> Result<(String, u16), String> {
    let bad = || "has a host that is not host, host:port or [ipv6]:port".to_owned();
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(bad)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| bad())?;
            (
                host,
                if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or_else(bad)?) },
            )
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if host.is_empty() || !(text.starts_with('[') || host.chars().all(legal)) {
        return Err(bad());
    }
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?,
        None => default,
    };
    Ok((host.to_owned(), port))
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn decode(text: &str) -> Result<String, String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| "has percent-encoding that is not UTF-8".to_owned())
}

fn flag(option: &str, value: &str) -> Result<bool, String> {
    value.to_lowercase().parse().map_err(|_| format!("has {option} neither true nor false"))
}

fn database(value: &str) -> Result<u8, String> {
    value.parse().map_err(|_| "has a database that is not a number from 0 to 255".to_owned())
}

fn millis(option: &str, value: &str) -> Result<Duration, String> {
    match value.parse() {
        Ok(ms @ 1..=600_000) => Ok(Duration::from_millis(ms)),
        _ => Err(format!("has {option} not in milliseconds, 1 to 600000")),
    }
}

#[cfg(test)]
mod tests {
    use super::{RedisTopology, parse, show};

    fn shown(text: &str) -> String {
        show(&parse(text).unwrap_or_else(|what| panic!("{text}: {what}")))
    }

    #[test]
    fn both_forms_name_the_same_redis() {
        for (text, meaning) in [
            ("localhost", "redis://localhost:6379/0"),
            ("redis:6390,abortConnect=false", "redis://redis:6390/0"),
            (
                "r:6379, Password=p=w, SSL=True, user=app, defaultDatabase=3",
                "rediss://***@r:6379/3",
            ),
            ("r,ssl=true", "rediss://r:6380/0"),
            ("a:1,b:2,c", "redis-cluster://a:1,b:2,c:6379"),
            (
                "s1,s2:5,serviceName=mymaster",
                "redis-sentinel://s1:26379,s2:5/0?sentinelServiceName=mymaster",
            ),
            ("[::1]:7000", "redis://::1:7000/0"),
            ("redis://h", "redis://h:6379/0"),
            ("redis://:pw@h:1/2", "redis://***@h:1/2"),
            ("rediss://u:pw@h", "rediss://***@h:6379/0"),
            ("redis-cluster://h", "redis-cluster://h:6379"),
            ("redis-cluster://h:1?node=i:2", "redis-cluster://h:1,i:2"),
            (
                "redis-sentinel://h1:1,h2:2?sentinelServiceName=m",
                "redis-sentinel://h1:1,h2:2/0?sentinelServiceName=m",
            ),
        ] {
            assert_eq!(shown(text), meaning, "{text}");
        }
    }

    #[test]
    fn a_password_keeps_its_odd_characters() {
        assert_eq!(parse("h,password=a=b:@/").unwrap().password.as_deref(), Some("a=b:@/"));
        let url = parse("redis://us%3Aer:p%40%2Cw@h").unwrap();
        assert_eq!(
            (url.username.as_deref(), url.password.as_deref()),
            (Some("us:er"), Some("p@,w"))
        );
        assert_eq!(url.topology, RedisTopology::Single("h".to_owned(), 6379));
    }

    #[test]
    fn a_private_authority_can_be_named_in_both_forms() {
        for text in [
            "h,ssl=true,tlsCaFile=/etc/redis/ca.pem",
            "rediss://h?tlsCaFile=%2Fetc%2Fredis%2Fca.pem",
        ] {
            assert_eq!(
                parse(text).unwrap().ca_file.as_deref(),
                Some("/etc/redis/ca.pem".as_ref()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_without_repeating_it() {
        for text in [
            "",
            "password=hunter2",
            "h:port,password=hunter2",
            "h:0",
            "h,ssl=maybe,password=hunter2",
            "h,pasword=hunter2",
            "h,password=hun,ter2=x!",
            "h,defaultDatabase=999",
            "h,connectTimeout=soon",
            "h,channelPrefix=x",
            "h,user=me",
            "a,b,defaultDatabase=1",
            "http://h",
            "redis://:hunter2@h:x",
            "redis://a,b",
            "redis-sentinel://:hunter2@h",
            "redis://h?what=hunter2",
            "redis://[::1",
            "h,tlsCaFile=ca.pem",
        ] {
            let what = parse(text).expect_err(text);
            assert!(!what.contains("hunter2") && !what.is_empty(), "{text}: {what}");
        }
    }
}
