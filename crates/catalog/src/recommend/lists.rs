//! Lists that a recommended policy names and its reader fills: where data may go, which folders may be written.

use super::Known;

/// A list that guards refer to, with an entry in the shape of those that belong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    Places,
    Buckets,
    MailDomains,
    Hosts,
    Folders,
    Roles,
    Commands,
}

impl List {
    pub(super) const ALL: [Self; 7] = [
        Self::Places,
        Self::Buckets,
        Self::MailDomains,
        Self::Hosts,
        Self::Folders,
        Self::Roles,
        Self::Commands,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Places => "places",
            Self::Buckets => "buckets",
            Self::MailDomains => "mail_domains",
            Self::Hosts => "hosts",
            Self::Folders => "folders",
            Self::Roles => "roles",
            Self::Commands => "commands",
        }
    }

    /// What it is a list of, for people.
    pub(super) const fn about(self) -> &'static str {
        match self {
            Self::Places => {
                "Where data may go to and come from without a person. End each with `/`, or a name that begins the same is meant, too."
            }
            Self::Buckets => "Buckets that may be changed without a person, by their names.",
            Self::MailDomains => "Domains to which messages may go without a person.",
            Self::Hosts => "Hosts that may be reached without a person.",
            Self::Folders => "Folders in which may be changed without a person.",
            Self::Roles => "Roles that may be used without a person.",
            Self::Commands => {
                "Commands that may be run without a person, by the words with which they begin."
            }
        }
    }

    /// What stands in it: what is known, or something in its shape until its reader has put in their own.
    pub(super) fn entries(self, known: Known<'_>) -> Vec<&str> {
        match self {
            Self::Folders if !known.folders.is_empty() => known.folders.iter().map(String::as_str).collect(),
            Self::Places => vec!["s3://your-bucket/"],
            Self::Buckets => vec!["your-bucket"],
            Self::MailDomains | Self::Hosts => vec!["your-company.example"],
            Self::Folders => vec!["/your/folder"],
            Self::Roles => vec!["arn:aws:iam::123456789012:role/your-role"],
            Self::Commands => vec!["ls", "pwd", "git status"],
        }
    }

    /// The operator by which a value is held against the list.
    pub(super) const fn operator(self) -> &'static str {
        match self {
            Self::Places => "starts_with",
            Self::Buckets => "in",
            Self::MailDomains => "email_domain_in",
            Self::Hosts => "url_host_in",
            Self::Folders => "within_path",
            Self::Roles => "in",
            Self::Commands => "argv_in",
        }
    }

    /// A value that is on the list.
    pub(super) fn on(self, known: Known<'_>) -> String {
        let first = self.entries(known).first().copied().unwrap_or_default();
        match self {
            Self::Places => format!("{first}a"),
            Self::Folders => format!("{}/a", first.trim_end_matches('/')),
            Self::MailDomains => format!("ada@{first}"),
            Self::Hosts => format!("https://{first}/a"),
            Self::Buckets | Self::Roles | Self::Commands => first.to_owned(),
        }
    }

    /// A value that is on no such list.
    pub(super) const fn off(self) -> &'static str {
        match self {
            Self::Places => "s3://elsewhere.example/a",
            Self::Buckets => "elsewhere.example",
            Self::MailDomains => "eve@elsewhere.example",
            Self::Hosts => "https://elsewhere.example/a",
            Self::Folders => "/elsewhere.example/a",
            Self::Roles => "arn:aws:iam::210987654321:role/elsewhere.example",
            Self::Commands => "curl https://elsewhere.example",
        }
    }

    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Places => "this place is not on the list of places that data may go to and come from",
            Self::Buckets => "this bucket is not on the list of buckets that may be changed",
            Self::MailDomains => "this address is not at one of the domains that messages may go to",
            Self::Hosts => "this host is not on the list of hosts that may be reached",
            Self::Folders => "this path is not in a folder that may be changed",
            Self::Roles => "this role is not on the list of roles that may be used",
            Self::Commands => "this command is not on the list of commands that may be run",
        }
    }
}
