//! URIs that a server can read as another one.

/// `.` or `..` between its separators, a backslash, a control character; percent signs for any of these, for a letter,
/// a digit or a `/`, also encoded twice.
pub(super) fn can_be_read_as_another(uri: &str) -> bool {
    let plain =
        |letter: char| letter.is_ascii_alphanumeric() || "./\\%".contains(letter) || letter.is_control();
    let dots = |uri: &str| uri.split(['/', '?', '#']).any(|name| name == "." || name == "..");
    let encoded = uri.split('%').skip(1).any(|after| {
        let code = after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        code.is_some_and(|code| plain(char::from(code)))
    });
    dots(uri) || encoded || uri.chars().any(|letter| letter == '\\' || letter.is_control())
}
