use std::borrow::Cow;

use actix_web::http::Method;
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETag, EntityTag, REFERRER_POLICY,
};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::conditional::is_known;
use super::{HttpState, Problem, PublicUrl};

/// The storefront's files (D13).
#[derive(RustEmbed)]
#[folder = "web/"]
struct Files;

/// Nothing but our own scripts, styles and pictures; `'self'` covers the hub's sockets too.
/// Pictures may come from the public address, under whatever name the page was opened.
pub(super) fn policy(public_url: &PublicUrl) -> String {
    let pictures = public_url.origin().unwrap_or_default();
    format!(
        "default-src 'self'; connect-src 'self'; img-src 'self' data: {pictures}; object-src 'none'; \
        base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Paths that never fall back to the page.
const NOT_PAGES: [&str; 4] = ["api", "hubs", "dev", "health"];

/// Serves a file of `web/`, or the page itself for a path its own router knows.
pub(super) async fn serve(
    request: HttpRequest,
    state: Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let policy = state.page_policy.as_str();
    let unknown = || Problem::not_found("This path is unknown.");
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(unknown());
    }
    let path = request.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if NOT_PAGES.contains(&first) {
        return Err(unknown());
    }
    let name = match path {
        "" => "index.html",
        "docs" => "docs.html",
        _ => path,
    };
    if let Some(file) = Files::get(name) {
        return Ok(answer(&request, name, file, policy));
    }
    let wants_page = request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|a| a.contains("text/html"));
    match Files::get("index.html") {
        Some(page) if wants_page => Ok(answer(&request, "index.html", page, policy)),
        _ => Err(unknown()),
    }
}

fn answer(request: &HttpRequest, name: &str, file: EmbeddedFile, policy: &str) -> HttpResponse {
    let digest = file.metadata.sha256_hash();
    let tag =
        EntityTag::new_strong(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect());
    // File names carry no digest, so code is always asked after; pictures may be a day old.
    let mimetype = file.metadata.mimetype();
    let caching = if mimetype.starts_with("image/") { "public, max-age=86400" } else { "no-cache" };
    let unchanged = is_known(request, &tag);
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header(ETag(tag)).insert_header((CACHE_CONTROL, caching));
    // Also without a body: a browser takes the headers of a 304 over the stored ones, and the API's
    // policy would block the page.
    response
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((REFERRER_POLICY, "same-origin"));
    if unchanged {
        return response.finish();
    }
    let is_text = mimetype.starts_with("text/") || name.ends_with(".js") || name.ends_with(".mjs");
    response.content_type(if is_text {
        format!("{mimetype}; charset=utf-8")
    } else {
        mimetype.to_owned()
    });
    response.body(match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    })
}
