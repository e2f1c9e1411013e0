//! Key pairs of an identity provider.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::EncodePrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use rsa::pkcs8::EncodePublicKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

/// A key that signs, and what is published of it.
pub struct KeyPair {
    pub algorithm: Algorithm,
    pub private: EncodingKey,
    /// The public key as PEM, as an attacker would use it for an HMAC.
    pub public_pem: String,
    jwk: Value,
}

/// RSA keys are slow to make, so all tests share two.
pub static RSA: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::rsa(2048));
pub static OTHER_RSA: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::rsa(2048));
pub static P256: LazyLock<KeyPair> = LazyLock::new(KeyPair::p256);

impl KeyPair {
    pub fn rsa(bits: usize) -> Self {
        let private = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).expect("a key");
        let text = |number: &rsa::BigUint| URL_SAFE_NO_PAD.encode(number.to_bytes_be());
        let jwk = json!({ "kty": "RSA", "n": text(private.n()), "e": text(private.e()) });
        let pem = private.to_pkcs1_pem(LineEnding::LF).expect("PEM");
        Self {
            algorithm: Algorithm::RS256,
            private: EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key"),
            public_pem: private.to_public_key().to_public_key_pem(LineEnding::LF).expect("PEM"),
            jwk,
        }
    }

    fn p256() -> Self {
        let private = p256::SecretKey::random(&mut rsa::rand_core::OsRng);
        let pem = private.to_pkcs8_pem(LineEnding::LF).expect("PEM");
        let point = private.public_key().to_encoded_point(false);
        let text = |coordinate: Option<&p256::FieldBytes>| {
            URL_SAFE_NO_PAD.encode(coordinate.expect("not compressed"))
        };
        let jwk =
            json!({ "kty": "EC", "crv": "P-256", "x": text(point.x()), "y": text(point.y()) });
        Self {
            algorithm: Algorithm::ES256,
            private: EncodingKey::from_ec_pem(pem.as_bytes()).expect("a key"),
            public_pem: String::new(),
            jwk,
        }
    }

    /// The public key under this name.
    pub fn published(&self, kid: Option<&str>) -> Value {
        let mut jwk = self.jwk.clone();
        jwk["use"] = "sig".into();
        if let Some(kid) = kid {
            jwk["kid"] = kid.into();
        }
        jwk
    }

    /// A token with these claims.
    pub fn sign(&self, kid: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.private).expect("a token")
    }
}

/// A JWK Set of these keys.
pub fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}
