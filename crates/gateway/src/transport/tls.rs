//! The listener's certificate, and the authorities whose clients' certificates it takes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate with those that lead to its authority, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
    /// The authorities of clients' certificates, in PEM.
    pub client_ca: Option<PathBuf>,
    /// Whether who shows no certificate is turned away, whatever else is shown.
    pub clients_required: bool,
}

/// Why the files are not taken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that cannot be read, or is not what it should be.
    #[error("cannot read `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// A file without a certificate.
    #[error("`{}` holds no certificate", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A certificate and a key that do not belong together, or are of no use.
    #[error("the certificate `{}` and the key `{}` cannot be used together", certificate.display(), key.display())]
    Pair {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// An authority that is none.
    #[error("`{}` holds a certificate that is of no authority", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// Authorities that cannot be used.
    #[error("the authorities in `{}` cannot be used", path.display())]
    Verifier {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: VerifierBuilderError,
    },
}

/// The certificate in force.
#[derive(Debug)]
pub struct Tls {
    current: ArcSwap<InForce>,
}

/// What a connection is made with.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) config: Arc<ServerConfig>,
    /// Cancelled when one of the authorities of clients' certificates is not trusted any more.
    pub(crate) clients: CancellationToken,
    authorities: BTreeSet<[u8; 32]>,
    /// What the files held, so that the same is not taken twice: that would end what clients resume.
    digest: [u8; 32],
}

/// Files that were read and are good.
#[derive(Debug)]
pub struct ReadTls {
    config: Arc<ServerConfig>,
    /// Digests of the authorities of clients' certificates.
    authorities: BTreeSet<[u8; 32]>,
    digest: [u8; 32],
}

impl ReadTls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] where they cannot be used as they are.
    pub fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let chain = certificates(&files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable(&files.key))?;
        let mut digest = Sha256::new();
        chain.iter().for_each(|certificate| digest.update(certificate));
        digest.update(key.secret_der());
        let provider = Arc::new(ring::default_provider());
        let pair = |source| TlsError::Pair {
            certificate: files.certificate.clone(),
            key: files.key.clone(),
            source,
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().map_err(pair)?;
        let mut authorities = BTreeSet::new();
        let builder = match &files.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(path)? {
                    digest.update(&authority);
                    authorities.insert(Sha256::digest(&authority).into());
                    let wrong = |source| TlsError::Authority { path: path.clone(), source };
                    roots.add(authority).map_err(wrong)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                let verifier =
                    if files.clients_required { verifier } else { verifier.allow_unauthenticated() };
                let wrong = |source| TlsError::Verifier { path: path.clone(), source };
                builder.with_client_cert_verifier(verifier.build().map_err(wrong)?)
            }
        };
        digest.update([u8::from(files.clients_required)]);
        let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), authorities, digest: digest.finalize().into() })
    }
}

impl Tls {
    /// Begins with these.
    pub fn new(read: ReadTls) -> Self {
        Self { current: ArcSwap::from_pointee(read.in_force(CancellationToken::new())) }
    }

    /// Puts these in force for every connection that is made from now on; `false` where they are already. Who was known
    /// by the certificate of an authority that is not among them is known by it no longer.
    pub fn replace(&self, read: ReadTls) -> bool {
        let before = self.current.load();
        if before.digest == read.digest {
            return false;
        }
        let are_kept = before.authorities.is_subset(&read.authorities);
        let clients = if are_kept { before.clients.clone() } else { CancellationToken::new() };
        self.current.store(Arc::new(read.in_force(clients)));
        if !are_kept {
            before.clients.cancel();
        }
        true
    }

    pub(crate) fn current(&self) -> Arc<InForce> {
        self.current.load_full()
    }
}

impl ReadTls {
    fn in_force(self, clients: CancellationToken) -> InForce {
        InForce { config: self.config, clients, authorities: self.authorities, digest: self.digest }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(path).map_err(unreadable(path))?;
    let found: Vec<_> = found.collect::<Result<_, _>>().map_err(unreadable(path))?;
    if found.is_empty() {
        return Err(TlsError::Empty { path: path.to_owned() });
    }
    Ok(found)
}

fn unreadable(path: &Path) -> impl Fn(pem::Error) -> TlsError {
    move |source| TlsError::File { path: path.to_owned(), source }
}
