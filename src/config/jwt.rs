use std::path::PathBuf;

use super::reader::SettingsReader;
use super::{Role, Secret, StoreConnection, signalr};

const DEVELOPMENT_NAME: &str = "contoso-shop";

/// `[Jwt]`: whose tokens are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwtSettings {
    /// HS256 with a shared key, and `/dev/token` to get one.
    Development(DevelopmentJwt),
    /// RS256 and ES256 with the issuer's published keys; HS256 is refused.
    Production(ProductionJwt),
}

/// What development tokens are made and checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevelopmentJwt {
    /// What tokens are signed with.
    pub signing_key: SigningKey,
    /// `iss` written and expected.
    pub issuer: String,
    /// `aud` written and expected.
    pub audience: String,
    /// Whether nobody asked for this mode. Then only programs on this machine get tokens.
    pub implied: bool,
}

/// Where a signing key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// At least 32 bytes from the settings.
    Given(Secret),
    /// This file, made by the first process that needs it, so that tokens outlive a restart and
    /// `contoso-shop token` needs no settings.
    OfInstallation(PathBuf),
}

/// Where the issuer's keys are and what its tokens must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductionJwt {
    /// The issuer's URL, for discovery. At least one of this and `jwks_url` is set.
    pub authority: Option<String>,
    /// Where the keys are, when they need not be discovered.
    pub jwks_url: Option<String>,
    /// Expected `iss`; `None` means what the authority says of itself.
    pub issuer: Option<String>,
    /// Expected `aud`.
    pub audience: String,
    /// Whether plain http to another machine is refused.
    pub https_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Development,
    Production,
}

impl super::value::Value for Mode {
    fn parse(text: &str) -> Result<Self, String> {
        match text.to_lowercase().as_str() {
            "development" => Ok(Self::Development),
            "production" => Ok(Self::Production),
            _ => Err(format!("'{text}' is not a mode: use development or production")),
        }
    }

    fn show(&self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl JwtSettings {
    /// Whether this is development mode although nobody asked for it.
    pub fn is_implied_development(&self) -> bool {
        matches!(self, Self::Development(jwt) if jwt.implied)
    }

    /// The mode in one sentence, for people.
    pub fn describe(&self) -> String {
        match self {
            Self::Development(jwt) if jwt.implied => {
                "development mode, because this is role all on loopback: programs on this machine get a token for any user from /dev/token".to_owned()
            }
            Self::Development(_) => {
                "development mode, because Jwt__Mode says so: whoever reaches this server gets a token for any user from /dev/token".to_owned()
            }
            Self::Production(jwt) => {
                let issuer = jwt.authority.as_ref().or(jwt.jwks_url.as_ref());
                format!(
                    "production mode: tokens come from {}",
                    issuer.map_or("the issuer", String::as_str)
                )
            }
        }
    }

    /// `loopback`: whether only this machine can reach the public listener. `None` in a worker,
    /// which sees no tokens.
    pub(super) fn read(
        r: &mut SettingsReader,
        role: Role,
        loopback: bool,
        store: &StoreConnection,
    ) -> Option<Self> {
        let private = role == Role::All && loopback;
        let explicit = r.is_set("Jwt__Mode");
        let mode = r.or("Jwt__Mode", if private { Mode::Development } else { Mode::Production });
        let key: Option<Secret> = r.optional("Jwt__SigningKey");
        let authority: Option<String> = r.optional("Jwt__Authority");
        let jwks_url: Option<String> = r.optional("Jwt__JwksUrl");
        let issuer: Option<String> = r.optional("Jwt__Issuer");
        let audience: Option<String> = r.optional("Jwt__Audience");
        let https_only = r.get("Jwt__RequireHttpsMetadata");
        signalr::check_key(r, "Jwt__SigningKey", key.as_ref());
        if role == Role::Worker {
            return None;
        }
        match mode {
            Mode::Development => {
                if !explicit && (authority.is_some() || jwks_url.is_some()) {
                    r.problem(
                        "Jwt__Mode",
                        "is development here, because this is role all on loopback, but an issuer is set",
                        "Set Jwt__Mode to production to use the issuer, or to development to ignore it.",
                    );
                }
                if !private {
                    r.warn("Jwt__Mode=development: anybody who reaches this server can get a token for any user from /dev/token");
                }
                Some(Self::Development(DevelopmentJwt {
                    signing_key: signing_key(r, key, private, store),
                    issuer: issuer.unwrap_or_else(|| DEVELOPMENT_NAME.to_owned()),
                    audience: audience.unwrap_or_else(|| DEVELOPMENT_NAME.to_owned()),
                    implied: !explicit,
                }))
            }
            Mode::Production => {
                check_production(
                    r,
                    key.is_some(),
                    authority.as_deref(),
                    jwks_url.as_deref(),
                    issuer.as_deref(),
                    audience.as_deref(),
                );
                for (name, url) in [("Jwt__Authority", &authority), ("Jwt__JwksUrl", &jwks_url)] {
                    url.as_deref().inspect(|url| check_url(r, name, url, https_only));
                }
                Some(Self::Production(ProductionJwt {
                    authority,
                    jwks_url,
                    issuer,
                    audience: audience.unwrap_or_default(),
                    https_only,
                }))
            }
        }
    }
}

/// A key lies beside the SQLite file where the whole shop is one process on one machine. Others
/// share theirs through the settings.
fn signing_key(
    r: &mut SettingsReader,
    given: Option<Secret>,
    private: bool,
    store: &StoreConnection,
) -> SigningKey {
    let missing = match (given, store) {
        (Some(key), _) => return SigningKey::Given(key),
        (None, StoreConnection::Sqlite(file)) if private => {
            let mut name = file.as_os_str().to_owned();
            name.push(".signing-key");
            return SigningKey::OfInstallation(name.into());
        }
        (None, StoreConnection::Sqlite(_)) => {
            "development tokens outside role all on loopback need a key of your own"
        }
        (None, StoreConnection::SqlServer(_)) => {
            "development tokens need a key of your own: there is no SQLite file to keep one beside"
        }
    };
    r.problem(
        "Jwt__Mode and Jwt__SigningKey",
        missing,
        "Set Jwt__SigningKey to at least 32 bytes, or use Jwt__Mode=production.",
    );
    SigningKey::Given(Secret::new(""))
}

fn check_production(
    r: &mut SettingsReader,
    key: bool,
    authority: Option<&str>,
    jwks: Option<&str>,
    issuer: Option<&str>,
    audience: Option<&str>,
) {
    if authority.is_none() && jwks.is_none() {
        r.problem(
            "Jwt__Authority or Jwt__JwksUrl",
            "production tokens need an issuer, and none is set",
            "Set Jwt__Authority to the issuer's URL (or Jwt__JwksUrl and Jwt__Issuer). To try the shop without one: ROLE=all on loopback, or Jwt__Mode=development with Jwt__SigningKey.",
        );
    }
    if authority.is_none() && jwks.is_some() && issuer.is_none() {
        r.problem(
            "Jwt__Issuer",
            "is missing, and without Jwt__Authority it cannot be discovered",
            "Set it to the iss of the issuer's tokens.",
        );
    }
    if audience.is_none() {
        r.problem(
            "Jwt__Audience",
            "is missing: tokens meant for other services would be believed",
            "Set it to the aud the issuer writes for this shop.",
        );
    }
    if key {
        r.problem(
            "Jwt__SigningKey",
            "belongs to development mode; production refuses HS256",
            "Remove it, or set Jwt__Mode=development.",
        );
    }
}

fn check_url(r: &mut SettingsReader, name: &str, url: &str, https_only: bool) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    if !matches!(scheme, "http" | "https") || host.is_empty() || authority.contains('@') {
        r.problem(
            name,
            "is not a URL of the form https://host/path",
            "Give the full URL, without user and password.",
        );
    } else if scheme == "http" && https_only && !["localhost", "127.0.0.1", "::1"].contains(&host) {
        r.problem(
            name,
            "uses plain http: whoever is on the way could hand us keys of their own",
            "Use https, or set Jwt__RequireHttpsMetadata=false on a network you trust.",
        );
    }
}
