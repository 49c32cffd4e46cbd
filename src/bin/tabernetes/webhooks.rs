//! Who calls webhooks: HTTPS over the machine's network, with failures told as Go's `net/http` and
//! `crypto/tls` tell them.
#![expect(clippy::disallowed_types, reason = "what encrypts is shared as its library shares it")]

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore,
    SignatureScheme,
};
use tabernetes::api::webhook::{Caller, Incoming, Outgoing};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsConnector;

/// Where machines keep the authorities that everybody trusts.
const TRUSTED: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Calls webhooks.
pub struct Webhooks {
    runtime: Runtime,
}

impl Webhooks {
    /// # Errors
    /// There is nothing to wait with.
    pub fn new() -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| Self { runtime }).map_err(|why| format!("no runtime: {why}"))
    }
}

impl Caller for Webhooks {
    fn call(&self, request: &Outgoing) -> Result<Incoming, String> {
        self.runtime.block_on(async {
            let answer = tokio::time::timeout(request.timeout, exchange(request)).await;
            answer.unwrap_or_else(|_| Err("context deadline exceeded".to_owned()))
        })
    }
}

/// Makes a call.
async fn exchange(request: &Outgoing) -> Result<Incoming, String> {
    let rest = request.url.strip_prefix("https://").ok_or("unsupported protocol scheme")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = split(authority);
    let stream = match &request.dial {
        Some(place) => {
            let (host, port) = split(place);
            connect(host, port).await?
        }
        None => connect(host, port).await?,
    };
    let config = trusting(&request.authorities)?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| format!("tls: {host:?} is no name of a server"))?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name.clone(), stream).await.map_err(|why| told(&why, &name))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|why| broken(&why))?;
    tokio::spawn(connection);
    let request = hyper::Request::post(format!("/{path}"))
        .header(HOST, authority)
        .header(USER_AGENT, "kube-apiserver-admission")
        .header(ACCEPT, "application/json, */*")
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(request.body.clone())))
        .map_err(|why| why.to_string())?;
    let answer = sender.send_request(request).await.map_err(|why| broken(&why))?;
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let code = answer.status().as_u16();
    let body = answer.into_body().collect().await.map_err(|_| "unexpected EOF".to_owned())?;
    Ok(Incoming { code, content_type, body: body.to_bytes().to_vec() })
}

/// Host and port of an authority; `https` has a port of its own.
fn split(authority: &str) -> (&str, u16) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(443)),
        _ => (authority, 443),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    let found = tokio::net::lookup_host((host, port)).await;
    let unknown = || format!("dial tcp: lookup {host}: no such host");
    let addresses: Vec<SocketAddr> = found.map_err(|_| unknown())?.collect();
    let mut failure = unknown();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(why) => failure = format!("dial tcp {address}: connect: {}", refused(&why)),
        }
    }
    Err(failure)
}

/// What Go says of an error of the system.
fn refused(why: &io::Error) -> &'static str {
    match why.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::HostUnreachable => "no route to host",
        io::ErrorKind::NetworkUnreachable => "network is unreachable",
        io::ErrorKind::TimedOut => "connection timed out",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::AddrNotAvailable => "cannot assign requested address",
        _ => "connection reset by peer",
    }
}

/// A configuration that trusts some authorities, or those of the machine.
fn trusting(authorities: &[u8]) -> Result<ClientConfig, String> {
    let usual = || TRUSTED.iter().find_map(|path| std::fs::read(path).ok()).unwrap_or_default();
    let pem = if authorities.is_empty() { usual() } else { authorities.to_vec() };
    let known: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(known.iter().cloned());
    let provider = Arc::new(ring::default_provider());
    let usual = if roots.is_empty() {
        None
    } else {
        let made = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
        Some(made.build().map_err(|why| format!("tls: {why}"))?)
    };
    let verifier = Arc::new(Verifier { known, usual, provider: provider.clone() });
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| format!("tls: {why}"))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

/// Verifies as Go does: a certificate that is trusted itself needs nobody to sign it.
#[derive(Debug)]
struct Verifier {
    known: Vec<CertificateDer<'static>>,
    usual: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        if self.known.iter().any(|known| known == leaf) {
            rustls::client::verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        let Some(usual) = &self.usual else { return Err(CertificateError::UnknownIssuer.into()) };
        usual.verify_server_cert(leaf, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, leaf, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, leaf, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What Go says of a connection that did not come about.
fn told(why: &io::Error, name: &ServerName<'_>) -> String {
    let inner = why.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match inner {
        Some(TlsError::InvalidCertificate(why)) => {
            format!("tls: failed to verify certificate: x509: {}", untrusted(why, name))
        }
        Some(TlsError::InvalidMessage(_)) => {
            "http: server gave HTTP response to HTTPS client".to_owned()
        }
        Some(TlsError::AlertReceived(alert)) => {
            let words = format!("{alert:?}");
            let mut spelled = String::new();
            for letter in words.chars() {
                if letter.is_ascii_uppercase() && !spelled.is_empty() {
                    spelled.push(' ');
                }
                spelled.push(letter.to_ascii_lowercase());
            }
            format!("remote error: tls: {spelled}")
        }
        Some(other) => format!("tls: {other}"),
        None if why.kind() == io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        None => refused(why).to_owned(),
    }
}

/// What `crypto/x509` says of a certificate.
fn untrusted(why: &CertificateError, name: &ServerName<'_>) -> String {
    let wanted = name.to_str();
    match why {
        CertificateError::NotValidForNameContext { presented, .. } => {
            let is_address = wanted.parse::<IpAddr>().is_ok();
            let own = |one: &String| {
                let (kind, rest) = one.split_once('(')?;
                let value = rest.trim_end_matches(')').trim_matches('"').to_owned();
                (kind.starts_with("Ip") == is_address).then_some(value)
            };
            let valid: Vec<String> = presented.iter().filter_map(own).collect();
            match (valid.is_empty(), is_address) {
                (false, _) => {
                    format!("certificate is valid for {}, not {wanted}", valid.join(", "))
                }
                (true, true) => format!(
                    "cannot validate certificate for {wanted} because it doesn't contain any IP SANs"
                ),
                (true, false) => {
                    format!("certificate is not valid for any names, but wanted to match {wanted}")
                }
            }
        }
        CertificateError::NotValidForName => {
            format!("certificate is not valid for any names, but wanted to match {wanted}")
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "certificate has expired or is not yet valid".to_owned()
        }
        _ => "certificate signed by unknown authority".to_owned(),
    }
}

/// What Go says of an answer that broke off.
fn broken(why: &hyper::Error) -> String {
    if why.is_parse() {
        return "malformed HTTP response".to_owned();
    }
    "EOF".to_owned()
}
