use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::connection::ConnectionId;

/// Version byte, negotiate version, expiry as seconds since 1970, 16 random bytes.
const PAYLOAD: usize = 1 + 1 + 8 + 16;
const FORMAT: u8 = 1;
const PURPOSE: &[u8] = b"signalr connection token\0";

/// Issues and checks connection tokens. A token says all there is to know about a negotiated
/// connection, so any server with the same key adopts it and no affinity is needed (D6). Only
/// unreserved characters: clients put it into the URL as it is (B1).
pub(super) struct ConnectionTokens {
    key: Hmac<Sha256>,
    lifetime: Duration,
}

/// A negotiated connection.
pub(super) struct Issued {
    pub(super) connection_id: ConnectionId,
    pub(super) token: String,
}

impl ConnectionTokens {
    pub(super) fn new(key: &[u8], lifetime: Duration) -> Self {
        Self { key: Hmac::new_from_slice(key).expect("HMAC takes keys of any length"), lifetime }
    }

    /// A new connection of `user`. With negotiate version 0 the id is the token itself, as clients
    /// of that version expect.
    pub(super) fn issue(&self, user: &str, negotiate_version: u8, now: SystemTime) -> Issued {
        let mut bytes = vec![FORMAT, negotiate_version];
        bytes.extend_from_slice(&(seconds(now) + self.lifetime.as_secs()).to_be_bytes());
        bytes.extend_from_slice(&rand::random::<[u8; 16]>());
        let mac = self.mac(&bytes, user).finalize().into_bytes();
        let id = connection_id(&bytes);
        bytes.extend_from_slice(&mac);
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let connection_id = id.unwrap_or_else(|| ConnectionId::new(&token));
        Issued { connection_id, token }
    }

    /// The connection a token stands for; `None` when it is forged, expired or another user's.
    pub(super) fn verify(&self, token: &str, user: &str, now: SystemTime) -> Option<ConnectionId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (payload, mac) = bytes.split_at_checked(PAYLOAD)?;
        self.mac(payload, user).verify_slice(mac).ok()?;
        let expires = u64::from_be_bytes(payload.get(2..10)?.try_into().ok()?);
        if payload[0] != FORMAT || seconds(now) >= expires {
            return None;
        }
        Some(connection_id(payload).unwrap_or_else(|| ConnectionId::new(token)))
    }

    fn mac(&self, payload: &[u8], user: &str) -> Hmac<Sha256> {
        self.key.clone().chain_update(PURPOSE).chain_update(payload).chain_update(user)
    }
}

/// The public id inside a payload; `None` for negotiate version 0.
fn connection_id(payload: &[u8]) -> Option<ConnectionId> {
    (payload[1] > 0).then(|| ConnectionId::new(&URL_SAFE_NO_PAD.encode(&payload[10..PAYLOAD])))
}

fn seconds(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(key: &str) -> ConnectionTokens {
        ConnectionTokens::new(key.as_bytes(), Duration::from_secs(60))
    }

    #[test]
    fn any_server_with_the_key_adopts_the_connection_of_the_same_user_until_it_expires() {
        let now = SystemTime::now();
        let issued = tokens("k").issue("alice", 1, now);
        assert_eq!(issued.connection_id.as_str().len(), 22);
        assert_ne!(issued.connection_id.as_str(), issued.token);
        assert_eq!(tokens("k").verify(&issued.token, "alice", now), Some(issued.connection_id));
        assert_eq!(tokens("k").verify(&issued.token, "bob", now), None);
        assert_eq!(tokens("other").verify(&issued.token, "alice", now), None);
        assert_eq!(tokens("k").verify(&issued.token, "alice", now + Duration::from_secs(61)), None);
    }

    #[test]
    fn version_0_has_one_id_for_both() {
        let now = SystemTime::now();
        let issued = tokens("k").issue("alice", 0, now);
        assert_eq!(issued.connection_id.as_str(), issued.token);
        assert_eq!(tokens("k").verify(&issued.token, "alice", now), Some(issued.connection_id));
    }

    #[test]
    fn tokens_are_url_safe_and_any_change_breaks_them() {
        let now = SystemTime::now();
        let token = tokens("k").issue("alice", 1, now).token;
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                tokens("k").verify(std::str::from_utf8(&changed).unwrap(), "alice", now),
                None,
                "{index}"
            );
        }
        for short in ["", "A", "AAAA", &token[..40]] {
            assert_eq!(tokens("k").verify(short, "alice", now), None);
        }
    }
}
