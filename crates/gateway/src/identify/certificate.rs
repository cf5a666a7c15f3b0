//! A client's certificate, whose chain TLS has verified already (RFC 5280), and what of it a grant asks for.

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{AttributeTypeAndValue, FromDer as _, X509Certificate, X509Name};

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

/// A certificate that a caller has shown, on a connection that may outlive it.
#[derive(Debug)]
pub(crate) struct ShownCertificate {
    pub(crate) certificate: Certificate,
    /// Ends when its authority is not trusted any more.
    pub(crate) withdrawn: CancellationToken,
}

impl ShownCertificate {
    /// Whether it still says who its holder is. TLS has looked at that when the connection was made, and no more since.
    pub(crate) fn holds(&self, now_ms: i64) -> bool {
        now_ms < self.certificate.until_ms && !self.withdrawn.is_cancelled()
    }
}

/// Names that a certificate must have, all of them, to the letter. A name that is not given may be any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CertificateRule {
    /// The whole subject as RFC 4514 writes it, the most particular name first: `CN=robot,O=Example`.
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
            subject: distinguished(read.subject()),
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

/// A name as RFC 4514 writes it. What could be taken for a border between two parts is escaped, so that no value can
/// pretend to be several.
fn distinguished(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> =
        name.iter_rdn().map(|part| part.iter().map(attribute).collect::<Vec<_>>().join("+")).collect();
    parts.reverse();
    parts.join(",")
}

/// RFC 4514, section 3: the names that everybody knows; others by their numbers.
const SHORT: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let number = attribute.attr_type().to_id_string();
    let kind = SHORT.iter().find(|(known, _)| *known == number).map_or(number.as_str(), |(_, short)| *short);
    match attribute.as_str() {
        Ok(text) => format!("{kind}={}", escaped(text)),
        Err(_) => format!("{kind}=#{}", hex::encode(attribute.as_slice())),
    }
}

fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (index, char) in text.chars().enumerate() {
        let is_border = (index == 0 && "# ".contains(char)) || (index == last && char == ' ');
        match char {
            _ if is_border || ",+\"\\<>;=".contains(char) => {
                out.push('\\');
                out.push(char);
            }
            _ if char.is_control() => {
                let mut bytes = [0; 4];
                char.encode_utf8(&mut bytes).bytes().for_each(|byte| out.push_str(&format!("\\{byte:02X}")));
            }
            _ => out.push(char),
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_name_looks_like_two() {
        for (text, expected) in [
            ("robot one", "robot one"),
            ("Example, CN=robot", r"Example\, CN\=robot"),
            (" a ", r"\ a\ "),
            ("#a", r"\#a"),
            ("a\\b\0", r"a\\b\00"),
            ("é", "é"),
        ] {
            assert_eq!(escaped(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_rule_that_asks_for_nothing_is_for_nobody() {
        let certificate = Certificate {
            thumbprint: Vec::new(),
            subject: "CN=a".to_owned(),
            common_name: Some("a".to_owned()),
            dns: vec!["a.example".to_owned()],
            uris: Vec::new(),
            emails: Vec::new(),
            until_ms: 0,
        };
        assert!(!CertificateRule::default().matches(&certificate));
        let mut rule = CertificateRule { common_name: Some("a".to_owned()), ..CertificateRule::default() };
        assert!(rule.matches(&certificate));
        rule.uri = Some("spiffe://a".to_owned());
        assert!(!rule.matches(&certificate), "all that is named must be there");
    }
}
