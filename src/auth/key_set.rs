use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::Refusal;
use super::claims::Claims;

/// The smallest RSA modulus, in bytes (RFC 7518, section 3.3: 2048 bits).
const SMALLEST_MODULUS: usize = 256;

/// One published key. Its type alone decides the algorithm, never the token: that rules out
/// confusing RS256 with HS256.
pub(super) struct VerifyingKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// The keys of a JWK Set that this program may trust: RSA for RS256 and P-256 for ES256, for
/// signatures.
pub(super) struct KeySet {
    keys: Vec<VerifyingKey>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a JWK Set. Keys of other kinds are passed over, as RFC 7517, section 5 asks; `None`
    /// when none is left.
    pub(super) fn parse(document: &str) -> Option<Self> {
        let document: Document = serde_json::from_str(document).ok()?;
        let keys: Vec<_> = document.keys.into_iter().filter_map(VerifyingKey::parse).collect();
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// The key the header names. A header may leave the name out when there is but one key.
    pub(super) fn find(&self, header: &Header) -> Option<&VerifyingKey> {
        match (header.kid.as_deref(), self.keys.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => keys.iter().find(|key| key.kid.as_deref() == Some(kid)),
        }
    }
}

impl VerifyingKey {
    fn parse(jwk: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(jwk).ok()?;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) if modulus_length(&rsa.n) >= SMALLEST_MODULUS => {
                Algorithm::RS256
            }
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            _ => return None,
        };
        let declared_for_it = match jwk.common.key_algorithm {
            None => true,
            Some(KeyAlgorithm::RS256) => algorithm == Algorithm::RS256,
            Some(KeyAlgorithm::ES256) => algorithm == Algorithm::ES256,
            Some(_) => false,
        };
        let signs = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
        if !declared_for_it || !signs {
            return None;
        }
        Some(Self { algorithm, key: DecodingKey::from_jwk(&jwk).ok()?, kid: jwk.common.key_id })
    }

    /// The claims of a token signed with this key.
    pub(super) fn check(&self, token: &str) -> Result<Claims, Refusal> {
        check_signature(token, &self.key, self.algorithm)
    }
}

fn modulus_length(modulus: &str) -> usize {
    URL_SAFE_NO_PAD
        .decode(modulus)
        .map_or(0, |bytes| bytes.iter().skip_while(|byte| **byte == 0).count())
}

/// Checks the signature with exactly this algorithm, and reads the claims without judging them.
pub(super) fn check_signature(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> Result<Claims, Refusal> {
    let mut only_signature = Validation::new(algorithm);
    only_signature.required_spec_claims.clear();
    only_signature.validate_exp = false;
    only_signature.validate_aud = false;
    let data =
        jsonwebtoken::decode::<Claims>(token, key, &only_signature).map_err(|error| match error
            .kind()
        {
            ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => Refusal::Algorithm,
            ErrorKind::InvalidSignature => Refusal::Signature,
            _ => Refusal::Malformed,
        })?;
    // An extension that must be understood and is not: RFC 7515, section 4.1.11.
    if data.header.crit.is_some() {
        return Err(Refusal::Malformed);
    }
    Ok(data.claims)
}
