use std::time::SystemTime;

use actix_web::HttpResponse;
use serde::Serialize;

use super::access::{Authenticated, ConnectQuery};
use super::endpoint::HubEndpoint;
use super::transports::{AVAILABLE, AvailableTransport};

/// The answer to a negotiation (B2).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Negotiated<'a> {
    negotiate_version: u8,
    connection_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_token: Option<&'a str>,
    available_transports: &'a [AvailableTransport],
}

/// Answers `POST {path}/negotiate`. Stateless: what was agreed is in the token.
pub(super) fn negotiate(
    endpoint: &HubEndpoint,
    user: &Authenticated,
    query: &ConnectQuery,
) -> HttpResponse {
    let version = match query.get("negotiateVersion").map(str::parse::<i64>) {
        None => 0,
        Some(Ok(version)) => u8::from(version > 0),
        Some(Err(_)) => {
            let error = "The client requested a non-integer protocol version.";
            return HttpResponse::Ok().json(serde_json::json!({ "error": error }));
        }
    };
    let issued = endpoint.tokens.issue(&user.user_id, version, SystemTime::now());
    HttpResponse::Ok().json(Negotiated {
        negotiate_version: version,
        connection_id: issued.connection_id.as_str(),
        connection_token: (version > 0).then_some(&issued.token),
        available_transports: AVAILABLE,
    })
}
