//! TLS as SQL Server does it until TDS 8.0: the handshake travels inside pre-login packets,
//! everything later does not (MS-TDS 2.2.6.5).

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, version::TLS12};
use tokio_rustls::server::TlsStream;

use super::wire::PRELOGIN;

/// A certificate for 127.0.0.1, and the authority that signed it.
pub struct Identity {
    acceptor: TlsAcceptor,
    ca: PathBuf,
    _folder: tempfile::TempDir,
}

impl Identity {
    /// A new authority and a new certificate.
    pub fn generate() -> Self {
        let ca_key = KeyPair::generate().expect("key");
        let mut ca = CertificateParams::new(Vec::new()).expect("parameters");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = ca.self_signed(&ca_key).expect("authority");
        let key = KeyPair::generate().expect("key");
        let names = vec!["127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .expect("parameters")
            .signed_by(&key, &ca, &ca_key)
            .expect("certificate");
        // The handshake ends with the server's last packet in TLS 1.2, which SQL Server speaks
        // here; 1.3 would send tickets after it.
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS12])
            .expect("TLS 1.2")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .expect("certificate and key");
        let folder = tempfile::tempdir().expect("temp dir");
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, ca.pem()).expect("ca.pem");
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), ca: path, _folder: folder }
    }

    /// The authority's certificate, as `ServerCertificate` takes it.
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// The server's side of the handshake; `None` when the client does not trust the certificate.
    pub async fn accept(&self, socket: TcpStream) -> Option<TlsStream<Wrapped>> {
        let mut stream = self.acceptor.accept(Wrapped::new(socket)).await.ok()?;
        stream.get_mut().0.handshaking = false;
        Some(stream)
    }
}

/// A socket that puts what is written into pre-login packets, and takes what is read out of them,
/// while the handshake lasts.
pub struct Wrapped {
    socket: TcpStream,
    handshaking: bool,
    header: Vec<u8>,
    left: usize,
    out: Vec<u8>,
}

impl Wrapped {
    fn new(socket: TcpStream) -> Self {
        Self { socket, handshaking: true, header: Vec::new(), left: 0, out: Vec::new() }
    }
}

impl AsyncRead for Wrapped {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.handshaking {
            return Pin::new(&mut this.socket).poll_read(cx, target);
        }
        while this.left == 0 {
            let mut byte = [0];
            let mut one = ReadBuf::new(&mut byte);
            ready!(Pin::new(&mut this.socket).poll_read(cx, &mut one))?;
            if one.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.header.push(byte[0]);
            if this.header.len() == 8 {
                assert_eq!(this.header[0], PRELOGIN);
                this.left = usize::from(u16::from_be_bytes([this.header[2], this.header[3]])) - 8;
                this.header.clear();
            }
        }
        let mut part = vec![0; this.left.min(target.remaining())];
        let mut read = ReadBuf::new(&mut part);
        ready!(Pin::new(&mut this.socket).poll_read(cx, &mut read))?;
        let count = read.filled().len();
        target.put_slice(read.filled());
        this.left -= count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wrapped {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.handshaking {
            return Pin::new(&mut this.socket).poll_write(cx, bytes);
        }
        let length = u16::try_from(bytes.len() + 8)
            .expect("a handshake message fits a packet")
            .to_be_bytes();
        this.out.extend([PRELOGIN, 1, length[0], length[1], 0, 0, 0, 0]);
        this.out.extend(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while !this.out.is_empty() {
            let count = ready!(Pin::new(&mut this.socket).poll_write(cx, &this.out))?;
            this.out.drain(..count);
        }
        Pin::new(&mut this.socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
