use std::sync::Arc;

use fred::rustls::crypto::ring::default_provider;
use fred::rustls::pki_types::CertificateDer;
use fred::rustls::pki_types::pem::PemObject;
use fred::rustls::{ClientConfig, RootCertStore};

use crate::config::RedisSettings;
use crate::ports::StoreError;

/// Trusts the authorities of `ca_file`, else those of the machine. `None` when the settings ask for
/// no TLS.
pub fn client_config(settings: &RedisSettings) -> Result<Option<ClientConfig>, StoreError> {
    if !settings.tls {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    match &settings.ca_file {
        Some(path) => {
            let problem = |error: &dyn std::fmt::Display| {
                StoreError::fault(format!(
                    "Redis certificate authority {} cannot be used: {error}",
                    path.display()
                ))
            };
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| problem(&error))?
            {
                let certificate = certificate.map_err(|error| problem(&error))?;
                roots.add(certificate).map_err(|error| problem(&error))?;
            }
            if roots.is_empty() {
                return Err(problem(&"it holds no certificate"));
            }
        }
        None => {
            roots.add_parsable_certificates(fred::rustls_native_certs::load_native_certs().certs);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(StoreError::fault)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Some(config))
}
