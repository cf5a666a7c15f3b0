//! What of the file a running `serve` does not take: it takes a new start.

use super::Settings;

impl Settings {
    /// The keys whose values another version of the file has otherwise, and that are not read again.
    pub(crate) fn fixed_otherwise(&self, other: &Self) -> Vec<&'static str> {
        let keys = [
            ("listen", self.listen != other.listen),
            ("admin", self.admin != other.admin),
            ("console", self.console != other.console),
            ("hosts", self.hosts != other.hosts),
            ("origins", self.origins != other.origins),
            ("data", self.data != other.data),
            ("durability", self.durability != other.durability),
            ("on_store_failure", self.on_store_failure != other.on_store_failure),
            ("audit", self.audit != other.audit),
            ("limits", self.limits != other.limits),
            ("telemetry", self.telemetry != other.telemetry),
        ];
        keys.into_iter().filter(|(_, is_other)| *is_other).map(|(key, _)| key).collect()
    }
}
