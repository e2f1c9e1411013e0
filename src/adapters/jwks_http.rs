//! The identity provider's keys over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Url, redirect};
use serde::Deserialize;

use crate::ports::{KeySource, PublishedKeys, StoreError};

/// How long one request may take in all.
const DEADLINE: Duration = Duration::from_secs(5);
/// Largest document read, in bytes; real ones are a few KiB.
const LARGEST_DOCUMENT: usize = 512 * 1024;

/// Where the keys are written about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksLocation {
    /// The JWK Set itself.
    Jwks(String),
    /// An issuer that describes itself (OpenID Connect Discovery 1.0, section 4).
    Authority(String),
}

/// A location keys must not be fetched from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// No absolute URL.
    #[error("'{0}' is no absolute URL")]
    Malformed(String),
    /// Whoever sits between could hand out keys of their own.
    #[error("'{0}' must use https; plain http is for this machine only")]
    Insecure(String),
}

/// Fetches a JWK Set, directly or through discovery. Redirects are not followed.
pub struct HttpKeySource {
    client: Client,
    location: Url,
    /// Who must say so in the discovery document; `None` where the location is the JWK Set.
    authority: Option<String>,
    https_only: bool,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl HttpKeySource {
    /// A source at `location`. Errors when the URL is malformed, or `https_only` and plain http to
    /// another machine.
    pub fn new(location: &JwksLocation, https_only: bool) -> Result<Self, LocationError> {
        let (location, authority) = match location {
            JwksLocation::Jwks(url) => (checked(url, https_only)?, None),
            JwksLocation::Authority(authority) => (
                checked(
                    &format!(
                        "{}/.well-known/openid-configuration",
                        authority.trim_end_matches('/')
                    ),
                    https_only,
                )?,
                Some(authority.clone()),
            ),
        };
        let client = Client::builder()
            .timeout(DEADLINE)
            .redirect(redirect::Policy::none())
            .build()
            .expect("the TLS back end is compiled in and no setting can fail");
        Ok(Self { client, location, authority, https_only })
    }

    async fn text(&self, url: Url) -> Result<String, StoreError> {
        // Errors of reqwest name the URL, which may hold a host name; logs may know it, clients
        // never see it.
        let mut response = self.client.get(url).send().await.map_err(StoreError::unavailable)?;
        if !response.status().is_success() {
            return Err(StoreError::unavailable(format!(
                "the key server answered {}",
                response.status()
            )));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(StoreError::unavailable)? {
            if body.len() + part.len() > LARGEST_DOCUMENT {
                return Err(StoreError::fault("the key server's answer is larger than 512 KiB"));
            }
            body.extend_from_slice(&part);
        }
        String::from_utf8(body).map_err(StoreError::fault)
    }
}

#[async_trait]
impl KeySource for HttpKeySource {
    async fn fetch(&self) -> Result<PublishedKeys, StoreError> {
        let Some(authority) = &self.authority else {
            return Ok(PublishedKeys {
                jwks: self.text(self.location.clone()).await?,
                issuer: None,
            });
        };
        let description = self.text(self.location.clone()).await?;
        let Discovery { issuer, jwks_uri } =
            serde_json::from_str(&description).map_err(StoreError::fault)?;
        // OpenID Connect Discovery 1.0, section 4.3. A slash at the end is forgiven, as many leave
        // it out.
        if issuer.trim_end_matches('/') != authority.trim_end_matches('/') {
            return Err(StoreError::fault(
                "the discovery document's issuer is not Jwt__Authority: its keys are not used",
            ));
        }
        let jwks =
            self.text(checked(&jwks_uri, self.https_only).map_err(StoreError::fault)?).await?;
        Ok(PublishedKeys { jwks, issuer: Some(issuer) })
    }
}

/// The URL, if it is https, stays on this machine, or the network is trusted.
fn checked(text: &str, https_only: bool) -> Result<Url, LocationError> {
    let url = Url::parse(text).map_err(|_| LocationError::Malformed(text.to_owned()))?;
    let host = url.host_str().unwrap_or_default();
    let loopback = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback || !https_only => Ok(url),
        _ => Err(LocationError::Insecure(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::checked;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in [
            "https://id.example/keys",
            "http://127.0.0.1:9/keys",
            "http://[::1]:9/keys",
            "http://localhost/keys",
        ] {
            assert!(checked(good, true).is_ok(), "{good}");
        }
        for bad in
            ["http://id.example/keys", "http://localhost.example/keys", "file:///etc/keys", "keys"]
        {
            assert!(checked(bad, true).is_err(), "{bad}");
        }
        assert!(checked("http://id.example/keys", false).is_ok(), "a trusted network");
    }
}
