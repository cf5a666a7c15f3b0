//! Authorities made for one test, the certificates that they sign, and requests over connections that they encrypt.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::http::{Request, Response, parse};

const PATIENCE: Duration = Duration::from_secs(20);

/// Who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

/// What a client's certificate says of it.
#[derive(Debug, Clone, Default)]
pub struct Named<'n> {
    /// The common name.
    pub common_name: &'n str,
    /// A DNS name.
    pub dns: Option<&'n str>,
    /// A URI.
    pub uri: Option<&'n str>,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// When none can be made.
    pub fn new(name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its own certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for the gateway at 127.0.0.1.
    ///
    /// # Errors
    /// When none can be made.
    pub fn server(&self) -> Result<Pair> {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(&params)
    }

    /// A certificate for a client.
    ///
    /// # Errors
    /// When none can be made.
    pub fn client(&self, named: &Named<'_>) -> Result<Pair> {
        self.client_until(named, None)
    }

    /// The same, of no use after this time.
    ///
    /// # Errors
    /// When none can be made.
    pub fn client_until(&self, named: &Named<'_>, until: Option<SystemTime>) -> Result<Pair> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, named.common_name);
        if let Some(dns) = named.dns {
            params.subject_alt_names.push(SanType::DnsName(dns.try_into()?));
        }
        if let Some(uri) = named.uri {
            params.subject_alt_names.push(SanType::URI(uri.try_into()?));
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if let Some(until) = until {
            params.not_after = until.into();
        }
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Result<Pair> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// A client that trusts this authority, and shows this certificate where it has one.
    ///
    /// # Errors
    /// When the certificate is none.
    pub fn trusting(&self, shown: Option<&Pair>, protocols: &[&str]) -> Result<TlsClient> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem().as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let mut config = match shown {
            None => builder.with_no_client_auth(),
            Some(pair) => builder.with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes())?],
                PrivateKeyDer::from_pem_slice(pair.key.as_bytes())?,
            )?,
        };
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(TlsClient(TlsConnector::from(Arc::new(config))))
    }
}

/// A client of one authority.
#[derive(Clone)]
pub struct TlsClient(TlsConnector);

impl TlsClient {
    /// Connects.
    ///
    /// # Errors
    /// When the other end is not who it should be, or does not want this client.
    pub async fn connect(&self, address: &str) -> Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("127.0.0.1")?;
        timeout(PATIENCE, self.0.connect(name, stream)).await.context("no handshake")?.context("a handshake")
    }

    /// Sends a request on a connection of its own and reads the whole response.
    ///
    /// # Errors
    /// When there is none.
    pub async fn send(&self, address: &str, request: &Request) -> Result<Response> {
        let mut stream = self.connect(address).await?;
        stream.write_all(&request.bytes()).await?;
        let mut all = Vec::new();
        // Not every end of a connection is announced.
        let read = timeout(PATIENCE, stream.read_to_end(&mut all)).await.context("no end")?;
        if all.is_empty() {
            read?;
        }
        parse(&String::from_utf8_lossy(&all))
    }
}
