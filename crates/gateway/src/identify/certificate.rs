//! A client's certificate, whose chain TLS has verified already (RFC 5280), and what of it a grant asks for.

use sha2::{Digest as _, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What a client's certificate says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    thumbprint: Vec<u8>,
    subject: String,
    common_name: Option<String>,
    dns: Vec<String>,
    uris: Vec<String>,
    emails: Vec<String>,
    /// When it ends, in milliseconds since 1970.
    pub(crate) until_ms: i64,
}

/// Names that a certificate must have, all of them, to the letter. A name that is not given may be any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateRule {
    /// The whole subject, as `openssl x509 -subject -nameopt RFC2253` says it.
    pub subject: Option<String>,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// A DNS name among the alternative names.
    pub dns: Option<String>,
    /// A URI among them, such as a SPIFFE ID.
    pub uri: Option<String>,
    /// An e-mail address among them.
    pub email: Option<String>,
}

/// A certificate that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the client's certificate cannot be read")]
pub(crate) struct Unreadable;

impl Certificate {
    /// Reads one that TLS has accepted.
    pub(crate) fn read(der: &[u8]) -> Result<Self, Unreadable> {
        let (rest, read) = X509Certificate::from_der(der).map_err(|_| Unreadable)?;
        if !rest.is_empty() {
            return Err(Unreadable);
        }
        let mut names = read.subject().iter_common_name();
        // Which of two would be meant?
        let common_name = names.next().filter(|_| names.next().is_none());
        let common_name = common_name.and_then(|name| name.as_str().ok()).map(str::to_owned);
        let mut certificate = Self {
            thumbprint: Sha256::digest(der).to_vec(),
            subject: read.subject().to_string(),
            common_name,
            dns: Vec::new(),
            uris: Vec::new(),
            emails: Vec::new(),
            until_ms: read.validity().not_after.timestamp().saturating_add(1).saturating_mul(1_000),
        };
        let alternative = read.subject_alternative_name().map_err(|_| Unreadable)?;
        for name in alternative.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(name) => certificate.dns.push((*name).to_owned()),
                GeneralName::URI(name) => certificate.uris.push((*name).to_owned()),
                GeneralName::RFC822Name(name) => certificate.emails.push((*name).to_owned()),
                _ => {}
            }
        }
        Ok(certificate)
    }

    /// SHA-256 of the whole certificate.
    pub(crate) fn thumbprint(&self) -> &[u8] {
        &self.thumbprint
    }
}

impl CertificateRule {
    /// Whether it asks for nothing: then every certificate would do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn matches(&self, certificate: &Certificate) -> bool {
        let one = |wanted: &Option<String>, found: &[String]| {
            wanted.as_ref().is_none_or(|wanted| found.contains(wanted))
        };
        let subject = self.subject.as_ref().is_none_or(|wanted| *wanted == certificate.subject);
        let common_name = self.common_name.is_none() || self.common_name == certificate.common_name;
        !self.is_empty()
            && subject
            && common_name
            && one(&self.dns, &certificate.dns)
            && one(&self.uri, &certificate.uris)
            && one(&self.email, &certificate.emails)
    }
}
