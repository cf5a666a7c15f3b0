//! What holds for the import of anything.

use proptest::prelude::*;

use crate::tests::properties::generate;
use crate::{Dialect, Source, Syntax, import, laid_out};

const PIECES: [&str; 24] = [
    "version: \"1\"\n",
    "default: deny\n",
    "hide: [a, \"*\", b*]\n",
    "tools:\n",
    "  t:\n",
    "    rules:\n",
    "      - name: r\n",
    "        action: deny\n",
    "        rate_limit: 5/hour\n",
    "        rate_limit: x/\n",
    "        state: { counter: c, window: day }\n",
    "        state:\n",
    "        conditions:\n",
    "          - { path: args.a.b, op: regex, value: '[\\w\\' }\n",
    "          - { path: state.t.c, op: lt, value: 1.5 }\n",
    "          - { path: \"args..\", op: in, value: [] }\n",
    "          -\n",
    "    limits: [{ reason: x }, 5, { amount: args.x }]\n",
    "    require: [{ reason: 1 }, 5]\n",
    "    deny_if:\n",
    "all_tools:\n",
    "  \"*\":\n",
    "# c\n",
    "1\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_policy_is_imported_whole_or_not_at_all(document in generate::document()) {
        whole_or_not(&document.to_string(), Syntax::Json)?;
    }

    #[test]
    fn no_heap_of_lines_makes_an_import_panic(lines in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14)) {
        whole_or_not(&lines.concat(), Syntax::Yaml)?;
    }
}

/// What is written is what was read (the import checks that itself, and says so where it is not), laid out as every
/// other policy is.
fn whole_or_not(text: &str, syntax: Syntax) -> Result<(), TestCaseError> {
    for dialect in [Some(Dialect::Intercept), Some(Dialect::PolicyLayer), None] {
        let (imported, found) = import(&Source { name: "p", text, syntax }, dialect, "s.json");
        prop_assert!(found.iter().all(|found| found.code != "import-failed"), "{}\n{:?}", text, found);
        let error = found.iter().any(|found| found.severity == crate::Severity::Error);
        prop_assert_ne!(imported.is_some(), error, "{}", text);
        if let Some(text) = imported.map(|imported| imported.text) {
            let written = laid_out(&Source { name: "p", text: &text, syntax: Syntax::Yaml });
            prop_assert_eq!(written.ok(), Some(text), "it is laid out already");
        }
    }
    Ok(())
}
