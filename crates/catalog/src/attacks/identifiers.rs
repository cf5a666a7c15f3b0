//! What the identifiers of others look like.

/// Says of a text whether it has the form.
pub(super) type Form = fn(&str) -> bool;

/// Whether a text is `PREFIX` and a number of so many digits that lies in a range.
fn numbered(text: &str, prefix: &str, digits: usize, range: std::ops::RangeInclusive<u32>) -> bool {
    let number = text.strip_prefix(prefix).filter(|number| number.len() == digits && all_digits(number));
    number.and_then(|number| number.parse().ok()).is_some_and(|number| range.contains(&number))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `MCP01` to `MCP10`.
pub(super) fn owasp_mcp(text: &str) -> bool {
    numbered(text, "MCP", 2, 1..=10)
}

/// `ASI01` to `ASI10`.
pub(super) fn owasp_agentic(text: &str) -> bool {
    numbered(text, "ASI", 2, 1..=10)
}

/// `AML.T0053`, `AML.T0051.001`.
pub(super) fn mitre_atlas(text: &str) -> bool {
    let (technique, part) = match text.get(.."AML.T0000".len()) {
        Some(technique) => (technique, text.strip_prefix(technique).unwrap_or_default()),
        None => return false,
    };
    numbered(technique, "AML.T", 4, 0..=9999) && (part.is_empty() || numbered(part, ".", 3, 0..=999))
}

/// `MCP-T1` to `MCP-T12`.
pub(super) fn cosai(text: &str) -> bool {
    numbered(text, "MCP-T", 1, 1..=9) || numbered(text, "MCP-T", 2, 10..=12)
}

/// `SAFE-T1001`.
pub(super) fn safe_mcp(text: &str) -> bool {
    numbered(text, "SAFE-T", 4, 1000..=3999)
}

/// `2025`, `2025-07` or `2025-07-18`.
pub(super) fn date(text: &str) -> bool {
    let mut parts = text.split('-');
    let year = parts.next().is_some_and(|year| numbered(year, "", 4, 2000..=2100));
    let month = parts.next().is_none_or(|month| numbered(month, "", 2, 1..=12));
    let day = parts.next().is_none_or(|day| numbered(day, "", 2, 1..=31));
    year && month && day && parts.next().is_none()
}

/// Lower case words with `-` between.
pub(super) fn kebab(text: &str) -> bool {
    text.split('-').all(|word| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_one_form() {
        let right: [(Form, &str); 10] = [
            (owasp_mcp, "MCP01"),
            (owasp_mcp, "MCP10"),
            (owasp_agentic, "ASI10"),
            (mitre_atlas, "AML.T0053"),
            (mitre_atlas, "AML.T0051.001"),
            (cosai, "MCP-T4"),
            (cosai, "MCP-T12"),
            (safe_mcp, "SAFE-T1001"),
            (date, "2025-07"),
            (kebab, "rug-pull-2"),
        ];
        for (form, text) in right {
            assert!(form(text), "{text}");
        }
        let wrong: [(Form, &str); 12] = [
            (owasp_mcp, "MCP11"),
            (owasp_mcp, "MCP1"),
            (owasp_agentic, "ASI00"),
            (mitre_atlas, "AML.T53"),
            (mitre_atlas, "AML.T0051.1"),
            (mitre_atlas, "AML.T00é"),
            (cosai, "MCP-T13"),
            (cosai, "MCP-T01"),
            (safe_mcp, "SAFE-T100"),
            (date, "2025-13"),
            (date, "2025-07-18-1"),
            (kebab, "Rug--pull"),
        ];
        for (form, text) in wrong {
            assert!(!form(text), "{text}");
        }
    }
}
