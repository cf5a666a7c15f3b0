//! Links by which a person decides about one call without a login: whoever has the link has the say.
//!
//! A link is signed, names one question, one answer and one person, and ends with the question. It is of use once,
//! because a person's opinion counts once. To open it only shows the call: programs that look at every link of a message
//! decide nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use interlock_audit::DigestKey;
use serde::{Deserialize, Serialize};

use super::Account;

/// Under which path of the admin listener links are answered.
const PATH: &str = "/console/links/";
/// What is signed begins so: a signature of anything else that this key digests is of no use here.
const MEANING: &str = "interlock decision link 1\n";
/// Letters of a link; names are short.
const LONGEST: usize = 2_048;

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionLink {
    /// The question, by its name.
    #[serde(rename = "q")]
    pub approval: String,
    /// Whether it approves, or denies.
    #[serde(rename = "a")]
    pub approves: bool,
    /// To whom it is given. They decide as `link:` and this name.
    #[serde(rename = "p")]
    pub person: String,
    /// Until when it is good, unix milliseconds by the ledger's clock.
    #[serde(rename = "e")]
    pub expires_ms: i64,
}

/// Why a link is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotALink {
    /// It was altered, or made elsewhere.
    #[error("this decision link was altered, or was not made by this gateway")]
    Altered,
    /// It was good until a while ago.
    #[error("this decision link has expired")]
    Expired,
}

impl DecisionLink {
    /// The address to give to the person, below the address at which the console is reached.
    pub fn url(&self, base: &str, key: &DigestKey) -> String {
        format!("{}{PATH}{}", base.trim_end_matches('/'), self.seal(key))
    }

    /// The signed text, fit for an address.
    pub fn seal(&self, key: &DigestKey) -> String {
        // A struct of texts and numbers is always written.
        let said = URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default());
        let signature = key.digest(&format!("{MEANING}{said}"));
        format!("{said}.{signature}")
    }

    /// Reads what was signed with the same key and is still good.
    ///
    /// # Errors
    /// [`NotALink`] otherwise.
    pub fn open(text: &str, key: &DigestKey, now_ms: i64) -> Result<Self, NotALink> {
        if text.len() > LONGEST {
            return Err(NotALink::Altered);
        }
        let (said, signature) = text.split_once('.').ok_or(NotALink::Altered)?;
        if !key.is_digest(&format!("{MEANING}{said}"), signature) {
            return Err(NotALink::Altered);
        }
        let said = URL_SAFE_NO_PAD.decode(said).map_err(|_| NotALink::Altered)?;
        let link: Self = serde_json::from_slice(&said).map_err(|_| NotALink::Altered)?;
        if link.expires_ms <= now_ms { Err(NotALink::Expired) } else { Ok(link) }
    }

    /// In whose name it decides.
    pub fn account(&self) -> Account {
        Account::Link(self.person.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> DecisionLink {
        DecisionLink { approval: "3f".repeat(16), approves: true, person: "ada".to_owned(), expires_ms: 100 }
    }

    #[test]
    fn what_was_signed_is_read_until_it_expires() {
        let data = tempfile::tempdir().unwrap();
        let key = DigestKey::open_for_links(data.path()).unwrap();
        let url = link().url("https://ops.example.com/", &key);
        let sealed = url.strip_prefix("https://ops.example.com/console/links/").unwrap();
        assert!(
            sealed.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)),
            "{url}"
        );
        assert_eq!(DecisionLink::open(sealed, &key, 99), Ok(link()));
        assert_eq!(DecisionLink::open(sealed, &key, 100), Err(NotALink::Expired));
        assert_eq!(link().account().to_string(), "link:ada");
    }

    #[test]
    fn no_letter_of_it_can_be_another() {
        let [data, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let key = DigestKey::open_for_links(data.path()).unwrap();
        let sealed = link().seal(&key);
        for at in 0..sealed.len() {
            let mut altered = sealed.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(DecisionLink::open(&altered, &key, 0), Err(NotALink::Altered), "{at}");
            assert_eq!(DecisionLink::open(&sealed[..at], &key, 0), Err(NotALink::Altered), "{at}");
        }
        let other = DigestKey::open_for_links(other.path()).unwrap();
        assert_eq!(DecisionLink::open(&sealed, &other, 0), Err(NotALink::Altered));
        // A digest of the same key that means something else.
        let (said, _) = sealed.split_once('.').unwrap();
        let digest = key.digest(said);
        for text in ["", ".", "é.é", &format!("{said}.{digest}"), &format!("{sealed}{}", "0".repeat(4_096))]
        {
            assert_eq!(DecisionLink::open(text, &key, 0), Err(NotALink::Altered), "{text}");
        }
    }
}
