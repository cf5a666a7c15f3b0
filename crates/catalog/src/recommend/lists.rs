//! Lists that a recommended policy names and its reader fills: where data may go, which folders may be written.

/// A list that guards refer to, with an entry in the shape of those that belong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum List {
    Places,
    MailDomains,
    Hosts,
    Folders,
    Roles,
    Commands,
}

impl List {
    pub(super) const ALL: [Self; 6] =
        [Self::Places, Self::MailDomains, Self::Hosts, Self::Folders, Self::Roles, Self::Commands];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Places => "places",
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
                "Where data may go without a person. End each with `/`, or a name that begins the same is meant, too."
            }
            Self::MailDomains => "Domains to which messages may go without a person.",
            Self::Hosts => "Hosts that may be reached without a person.",
            Self::Folders => "Folders in which may be changed without a person.",
            Self::Roles => "Roles that may be used without a person.",
            Self::Commands => {
                "Commands that may be run without a person, by the words with which they begin."
            }
        }
    }

    /// What stands in it until its reader has put in their own.
    pub(super) const fn entries(self) -> &'static [&'static str] {
        match self {
            Self::Places => &["s3://your-bucket/"],
            Self::MailDomains | Self::Hosts => &["your-company.example"],
            Self::Folders => &["/your/folder"],
            Self::Roles => &["arn:aws:iam::123456789012:role/your-role"],
            Self::Commands => &["ls", "pwd", "git status"],
        }
    }

    /// The operator by which a value is held against the list.
    pub(super) const fn operator(self) -> &'static str {
        match self {
            Self::Places => "starts_with",
            Self::MailDomains => "email_domain_in",
            Self::Hosts => "url_host_in",
            Self::Folders => "within_path",
            Self::Roles => "in",
            Self::Commands => "argv_in",
        }
    }

    /// A value that is on the list, and one that is not.
    pub(super) const fn samples(self) -> (&'static str, &'static str) {
        match self {
            Self::Places => ("s3://your-bucket/a", "s3://elsewhere/a"),
            Self::MailDomains => ("ada@your-company.example", "eve@elsewhere.example"),
            Self::Hosts => ("https://your-company.example/a", "https://elsewhere.example/a"),
            Self::Folders => ("/your/folder/a", "/elsewhere/a"),
            Self::Roles => {
                ("arn:aws:iam::123456789012:role/your-role", "arn:aws:iam::210987654321:role/other")
            }
            Self::Commands => ("ls", "curl https://elsewhere.example"),
        }
    }

    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Places => "this place is not on the list of places that data may go to",
            Self::MailDomains => "this address is not at one of the domains that messages may go to",
            Self::Hosts => "this host is not on the list of hosts that may be reached",
            Self::Folders => "this path is not in a folder that may be changed",
            Self::Roles => "this role is not on the list of roles that may be used",
            Self::Commands => "this command is not on the list of commands that may be run",
        }
    }
}
