use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::principal::is_legal_subject;
use super::{Principal, Refusal, TokenError};
use crate::domain::{Timestamp, UserId};

/// How far the issuer's clock may be from ours.
const SKEW: Duration = Duration::from_secs(60);

/// What a token must say beside being signed.
#[derive(Debug, Clone, Default)]
pub struct ClaimRules {
    /// The only accepted `iss`; when `None`, what the provider calls itself, and any if it does not
    /// say.
    pub issuer: Option<String>,
    /// What `aud` must be or contain; anything when `None`.
    pub audience: Option<String>,
}

/// The claims this program reads. A wrong type in one of them is decided where it is used, not
/// while parsing.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    #[serde(default)]
    sub: Value,
    #[serde(default)]
    exp: Value,
    #[serde(default)]
    nbf: Value,
    #[serde(default)]
    iss: Value,
    #[serde(default)]
    aud: Value,
    #[serde(default)]
    role: Value,
    #[serde(default)]
    roles: Value,
}

impl ClaimRules {
    /// Judges the claims of a token whose signature holds.
    pub(super) fn judge(
        &self,
        claims: &Claims,
        published_issuer: Option<&str>,
        now: Timestamp,
    ) -> Result<Principal, TokenError> {
        let expires_at = numeric_date(&claims.exp).ok_or(Refusal::Expired)?;
        if expires_at.plus(SKEW) <= now {
            return Err(Refusal::Expired.into());
        }
        if !claims.nbf.is_null() {
            let not_before = numeric_date(&claims.nbf).ok_or(Refusal::Malformed)?;
            if not_before > now.plus(SKEW) {
                return Err(Refusal::NotYetValid.into());
            }
        }
        let issuer = self.issuer.as_deref().or(published_issuer);
        if issuer.is_some_and(|wanted| claims.iss.as_str() != Some(wanted)) {
            return Err(Refusal::Issuer.into());
        }
        if self
            .audience
            .as_deref()
            .is_some_and(|wanted| !texts(&claims.aud).any(|given| given == wanted))
        {
            return Err(Refusal::Audience.into());
        }
        let subject = claims
            .sub
            .as_str()
            .filter(|text| is_legal_subject(text))
            .ok_or(TokenError::NoSubject)?;
        let roles = texts(&claims.role).chain(texts(&claims.roles)).map(str::to_owned).collect();
        Ok(Principal { user: UserId::new(subject), roles, expires_at })
    }
}

/// A claim that is one text or a list of texts (RFC 7519, section 4.1.3).
fn texts(claim: &Value) -> impl Iterator<Item = &str> {
    let list = claim.as_array().map(Vec::as_slice).unwrap_or_default();
    claim.as_str().into_iter().chain(list.iter().filter_map(Value::as_str))
}

/// Seconds since 1970, whole or not (RFC 7519, section 2).
fn numeric_date(claim: &Value) -> Option<Timestamp> {
    let seconds = claim.as_f64().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?;
    // `as` saturates, so an absurdly late date is merely very late.
    Some(Timestamp::from_micros((seconds * 1e6) as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ClaimRules, Claims};
    use crate::auth::{Refusal, TokenError};
    use crate::domain::Timestamp;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000_000_000);

    fn judge(rules: &ClaimRules, claims: serde_json::Value) -> Result<String, TokenError> {
        let claims: Claims = serde_json::from_value(claims).expect("claims");
        rules.judge(&claims, None, NOW).map(|principal| principal.user.to_string())
    }

    #[test]
    fn exp_is_required_and_skew_is_a_minute() {
        let free = ClaimRules::default();
        assert_eq!(judge(&free, json!({"sub": "ann", "exp": 999_999_941})), Ok("ann".to_owned()));
        for claims in [
            json!({"sub": "ann", "exp": 999_999_940}),
            json!({"sub": "ann"}),
            json!({"sub": "ann", "exp": "later"}),
            json!({"sub": "ann", "exp": -5}),
        ] {
            assert_eq!(judge(&free, claims.clone()), Err(Refusal::Expired.into()), "{claims}");
        }
        assert_eq!(
            judge(&free, json!({"sub": "ann", "exp": 2e9, "nbf": 1_000_000_060.0})),
            Ok("ann".to_owned())
        );
        assert_eq!(
            judge(&free, json!({"sub": "ann", "exp": 2e9, "nbf": 1_000_000_061})),
            Err(Refusal::NotYetValid.into())
        );
    }

    #[test]
    fn issuer_and_audience_must_match_when_they_are_configured() {
        let strict =
            ClaimRules { issuer: Some("https://id".into()), audience: Some("shop".into()) };
        for aud in [json!("shop"), json!(["other", "shop"])] {
            assert_eq!(
                judge(&strict, json!({"sub": "ann", "exp": 2e9, "iss": "https://id", "aud": aud})),
                Ok("ann".to_owned())
            );
        }
        let without_issuer = json!({"sub": "ann", "exp": 2e9, "aud": "shop"});
        assert_eq!(judge(&strict, without_issuer), Err(Refusal::Issuer.into()));
        for aud in [json!(null), json!("shopper"), json!([]), json!(7)] {
            let claims = json!({"sub": "ann", "exp": 2e9, "iss": "https://id", "aud": aud});
            assert_eq!(judge(&strict, claims), Err(Refusal::Audience.into()));
        }
    }

    #[test]
    fn a_published_issuer_counts_when_none_is_configured() {
        let claims: Claims =
            serde_json::from_value(json!({"sub": "ann", "exp": 2e9, "iss": "https://id"}))
                .expect("claims");
        let configured = ClaimRules { issuer: Some("https://id".into()), audience: None };
        assert!(ClaimRules::default().judge(&claims, Some("https://id"), NOW).is_ok());
        assert_eq!(
            ClaimRules::default().judge(&claims, Some("https://other"), NOW),
            Err(Refusal::Issuer.into())
        );
        assert!(configured.judge(&claims, Some("https://other"), NOW).is_ok());
    }

    #[test]
    fn a_user_needs_a_plain_non_empty_subject() {
        for sub in [json!(null), json!(""), json!(7), json!("a\nb"), json!("x".repeat(201))] {
            assert_eq!(
                judge(&ClaimRules::default(), json!({"sub": sub, "exp": 2e9})),
                Err(TokenError::NoSubject)
            );
        }
    }

    #[test]
    fn roles_come_from_either_claim_in_either_form() {
        let claims = json!({"sub": "ann", "exp": 2e9, "role": "admin", "roles": ["buyer", 7]});
        let claims: Claims = serde_json::from_value(claims).expect("claims");
        let principal = ClaimRules::default().judge(&claims, None, NOW).expect("accepted");
        assert_eq!(principal.roles, ["admin", "buyer"]);
        assert!(principal.is_admin());
    }
}
