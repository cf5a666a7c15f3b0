//! Hosts and schemes of URLs, IP addresses, domains of email addresses.

use super::Is::{False, True, Unknown};
use super::check_texts;

#[test]
#[rustfmt::skip]
fn hosts_of_urls() {
    check_texts("url_host_in", r#"["example.com", "*.example.org", "bücher.example"]"#, &[
        ("https://example.com", True), ("https://example.com/", True), ("http://example.com/a?b#c", True), ("HTTPS://EXAMPLE.COM/", True), ("https://example.com:8443/", True), ("https://example.com./", True),
        ("https://a.example.org/", True), ("https://a.b.example.org/", True), ("https://bücher.example/", True), ("https://xn--bcher-kva.example/", True), ("https://BÜCHER.example/", True),
        ("https://example.com/?u=https://evil.example/", True), ("https://example.com/%2e%2e/", True), ("https://example.com/a@b", True), ("https://example.com?@evil.example", True),
        ("https://example.org/", False), ("https://evil.example/", False), ("https://example.com.evil.example/", False), ("https://notexample.com/", False), ("https://evilexample.org/", False), ("https://sub.example.com/", False),
        ("https://evil.example/example.com", False), ("https://evil.example?example.com", False), ("https://evil.example#example.com", False), ("https://evil.example/https://example.com", False), ("https://127.0.0.1/", False),
        ("https://ex\u{430}mple.com/", False), ("https://xn--exmple-cua.com/", False),
    ]);
}

#[test]
#[rustfmt::skip]
fn urls_that_readers_read_differently_are_not_judged() {
    check_texts("url_host_in", r#"["example.com", "*.example.org"]"#, &[
        // User names.
        ("https://example.com@evil.example/", Unknown), ("https://user:pass@example.com/", Unknown), ("https://@example.com/", Unknown), ("https://example.com%40evil.example/", Unknown), ("https://evil.example@example.com/", Unknown),
        // Blanks, control characters, backslashes.
        (" https://example.com/", Unknown), ("https://example.com/ ", Unknown), ("https://exa\tmple.com/", Unknown), ("https://exa\nmple.com/", Unknown), ("\u{0}https://example.com/", Unknown), ("https://example.com\u{0}.evil.example/", Unknown),
        ("https://example.com/a b", Unknown), ("https://exam\u{ad}ple.com/", Unknown), ("https://example.com\u{200b}/", Unknown), ("https://example.com\u{a0}/", Unknown), ("https://example.com/\u{202e}", Unknown),
        ("https://evil.example\\@example.com/", Unknown), ("https:\\\\example.com/", Unknown), ("https://example.com\\.evil.example/", Unknown),
        // Other ways to write one.
        ("https:example.com", Unknown), ("https:/example.com/", Unknown), ("https:///example.com/", Unknown), ("//example.com/", Unknown), ("example.com", Unknown), ("/a", Unknown), ("", Unknown), ("https://", Unknown), ("https://?example.com", Unknown),
        // Schemes that are not read.
        ("ftp://example.com/", Unknown), ("file:///example.com", Unknown), ("file://example.com/", Unknown), ("javascript://example.com/%0aalert(1)", Unknown), ("data:text/html,example.com", Unknown), ("gopher://example.com/", Unknown), ("view-source:https://example.com/", Unknown), ("blob:https://example.com/", Unknown), ("ws://example.com/", Unknown),
        // Hosts that become others by decoding or mapping.
        ("https://%65xample.com/", Unknown), ("https://example%2ecom/", Unknown), ("https://\u{ff45}xample.com/", Unknown), ("https://example\u{3002}com/", Unknown), ("https://example\u{ff0e}com/", Unknown), ("https://ⓔxample.com/", Unknown), ("https://example.c℡/", Unknown),
        ("https://stra\u{df}e.example.org/", Unknown), ("https://example.com../", Unknown), ("https://.example.com/", Unknown), ("https://example..com/", Unknown), ("https://example.com:99999/", Unknown), ("https://example.com:x/", Unknown), ("https://[example.com]/", Unknown), ("https://exam_ple!.com/", Unknown), ("https://exam<ple.com/", Unknown),
    ]);
}

#[test]
#[rustfmt::skip]
fn addresses_in_urls_however_they_are_spelled() {
    check_texts("url_host_in", r#"["127.0.0.1", "10.0.0.0/8", "[2001:db8::1]", "169.254.169.254"]"#, &[
        ("http://127.0.0.1/", True), ("http://2130706433/", True), ("http://0x7f000001/", True), ("http://0x7f.1/", True), ("http://127.1/", True), ("http://127.0.0.1./", True), ("http://[::ffff:127.0.0.1]/", True), ("http://[::ffff:7f00:1]/", True), ("http://[0:0:0:0:0:ffff:7f00:0001]:80/", True),
        ("http://10.1.2.3:8080/", True), ("http://167838211/", True), ("http://[2001:db8::1]/", True), ("http://[2001:DB8:0:0::1]:443/", True), ("http://2852039166/latest/meta-data", True), ("http://0xa9fea9fe/", True),
        ("http://127.0.0.2/", False), ("http://11.0.0.1/", False), ("http://[2001:db8::2]/", False), ("http://localhost/", False), ("http://127.0.0.1.example/", False),
        ("http://0177.0.0.1/", Unknown), ("http://017700000001/", Unknown), ("http://127.0.0.01/", Unknown), ("http://010.1.2.3/", Unknown), ("http://256.0.0.1/", Unknown), ("http://1.2.3.4.5/", Unknown), ("http://127.0.0.1%2f@10.0.0.1/", Unknown), ("http://[::1%25eth0]/", Unknown), ("http://[::1/", Unknown),
        ("http://\u{2460}27.0.0.1/", Unknown), ("http://127\u{3002}0\u{3002}0\u{3002}1/", Unknown), ("http://[64:ff9b::7f00:1]/", Unknown), ("http://[2002:7f00:1::]/", Unknown), ("http://[::127.0.0.1]/", Unknown),
    ]);
    check_texts("url_host_in", r#""::1""#, &[("http://[::1]/", True), ("http://[0:0:0:0:0:0:0:1]/", True), ("http://127.0.0.1/", False)]);
}

#[test]
#[rustfmt::skip]
fn more_ways_to_name_a_host() {
    check_texts("url_host_in", r#"["kilo.example", "10.0.0.0/8", "fe80::/10"]"#, &[
        ("https://kilo.example:/", True), ("https://kilo.example:443/", True), ("https://KILO.EXAMPLE/", True), ("https://kilo.example/..//evil.example/", True), ("https://kilo.example/\u{ff0f}evil.example", True),
        ("https://\u{212a}ilo.example/", Unknown), ("https://kıło.example/", False), ("https://k\u{130}lo.example/", Unknown), ("https://ki\u{17f}o.example/", Unknown), ("https://ki\u{301}lo.example/", Unknown), ("https://кilo.example/", False), ("https://\u{fb01}lo.example/", Unknown),
        ("https://kilo.example,evil.example/", Unknown), ("https://kilo.example;evil.example/", Unknown), ("https://kilo.example&evil.example/", Unknown), ("https://kilo.example*/", Unknown), ("https://kilo.example|evil.example/", Unknown), ("https://kilo.example^evil.example/", Unknown), ("https://$kilo.example/", Unknown), ("https://kilo.example:443@evil.example/", Unknown), ("https://kilo.example:80:443/", Unknown), ("https://kilo.example:-1/", Unknown), ("https://kilo.example:65536/", Unknown), ("https://kilo.example:0x50/", Unknown),
        ("https:////kilo.example/", Unknown), ("https:\\/kilo.example/", Unknown), ("https://\u{ff0f}kilo.example/", Unknown), ("http:https://kilo.example/", Unknown), ("https://kilo.example%00.evil.example/", Unknown), ("https://kilo.example%2f@evil.example/", Unknown), ("https://xn--/", Unknown), ("https://xn--a/", Unknown), ("https://xn--kilo-.example/", Unknown),
        ("http://10.0.0.1.:80/", True), ("http://10.0.1/", True), ("http://0xa000001/", True), ("http://0XA.0.0.1/", True), ("http://10.0.0.1:80/", True), ("http://[::ffff:10.0.0.1]/", True), ("http://[::ffff:a00:1]/", True), ("http://[fe80::1]/", True),
        ("http://[fe80::1%25eth0]/", Unknown), ("http://[fe80::1%eth0]/", Unknown), ("http://[::ffff:0:10.0.0.1]/", Unknown), ("http://4294967296/", Unknown), ("http://0xffffffffff/", Unknown), ("http://10.0.0.1e1/", False), ("http://0x/", False), ("http://10..1/", Unknown), ("http://012.0.0.1/", Unknown), ("http://00012.1/", Unknown), ("http://0/", False), ("http://1.1/", False), ("http://[::ffff:10.0.0.01]/", Unknown), ("http://[1]/", Unknown), ("http://[v1.a]/", Unknown),
        ("data:text/html,https://kilo.example/", Unknown), ("javascript:alert('https://kilo.example/')", Unknown), ("about:blank", Unknown), ("https:", Unknown), ("http:kilo.example", Unknown), ("wss://kilo.example/", Unknown), ("jar:https://kilo.example/!/", Unknown), ("file:////kilo.example/a", Unknown),
    ]);
}

#[test]
#[rustfmt::skip]
fn ports_and_schemes_of_hosts() {
    check_texts("url_host_in", r#"["example.com:8443", "[::1]:80", "127.0.0.1:443"]"#, &[
        ("https://example.com:8443/", True), ("https://example.com/", False), ("https://example.com:443/", False), ("http://[::1]/", True), ("http://[::1]:8080/", False), ("https://127.0.0.1/", True), ("http://127.0.0.1/", False),
        ("https://example.com:08443/", True), ("https://example.com:8443:1/", Unknown),
    ]);
    check_texts("url_host_in", r#"{"hosts": ["git.example.com"], "schemes": ["ssh", "https"]}"#, &[
        ("ssh://git.example.com/a", True), ("https://git.example.com/a", True), ("ssh://GIT.example.com/a", True), ("http://git.example.com/", Unknown), ("ssh://git@git.example.com/", Unknown), ("ssh://evil.example/", False), ("git@git.example.com:a", Unknown), ("ssh:git.example.com", Unknown), ("ssh://g%69t.example.com/", Unknown), ("ssh://\u{ff47}it.example.com/", Unknown),
    ]);
    check_texts("url_host_in", r#"{"hosts": "127.0.0.1", "schemes": "redis"}"#, &[("redis://127.0.0.1:6379", True), ("redis://2130706433", True), ("redis://127.0.0.2", False)]);
}

#[test]
#[rustfmt::skip]
fn schemes_of_urls() {
    check_texts("url_scheme_in", r#"["https", "mailto"]"#, &[
        ("https://a.example/", True), ("HTTPS://a.example/", True), ("mailto:a@b.example", True), ("https:a", True),
        ("http://a.example/", False), ("ftp://https/", False), ("httpsx://a/", False), ("javascript:alert(1)//https://", False), ("file:///etc/passwd", False), ("data:,https:", False),
        (" https://a/", Unknown), ("ht\ttps://a/", Unknown), ("\u{1}https://a/", Unknown), ("https", Unknown), ("", Unknown), ("//a.example/", Unknown), ("https://", Unknown), ("h\u{73}\u{200b}ttps://a/", Unknown), ("https:\\\\a", Unknown), ("1https://a/", Unknown), ("ʰttps://a/", Unknown),
    ]);
}

#[test]
#[rustfmt::skip]
fn ranges_of_addresses() {
    check_texts("ip_in", r#"["10.0.0.0/8", "192.168.1.7", "2001:db8::/32", "::ffff:172.16.0.0/108"]"#, &[
        ("10.0.0.0", True), ("10.255.255.255", True), ("192.168.1.7", True), ("2001:db8::1", True), ("2001:DB8:ffff::", True), ("::ffff:10.1.2.3", True), ("::ffff:a01:203", True), ("0:0:0:0:0:ffff:10.1.2.3", True), ("172.31.0.1", True), ("::ffff:172.16.0.1", True),
        ("9.255.255.255", False), ("11.0.0.0", False), ("192.168.1.8", False), ("2001:db9::", False), ("::1", False), ("::", False), ("172.32.0.1", False), ("::ffff:11.0.0.1", False),
        ("10.1", Unknown), ("010.0.0.1", Unknown), ("10.0.0.01", Unknown), ("0xa.0.0.1", Unknown), ("167772161", Unknown), ("10.0.0.1 ", Unknown), (" 10.0.0.1", Unknown), ("10.0.0.1\n", Unknown), ("10.0.0.1:80", Unknown), ("[2001:db8::1]", Unknown), ("10.0.0.0/8", Unknown), ("fe80::1%eth0", Unknown), ("10.0.0.256", Unknown), ("10.0.0.1.1", Unknown), ("", Unknown), ("localhost", Unknown), ("\u{ff11}0.0.0.1", Unknown), ("10\u{3002}0.0.1", Unknown), ("10.0.0.1\0", Unknown),
        ("64:ff9b::a00:1", Unknown), ("2002:a00:1::", Unknown), ("::10.0.0.1", Unknown), ("2001:0:a00:1::", Unknown), ("::ffff:0:a00:1", Unknown), ("64:ff9b:1::a00:1", Unknown), ("1.2.3.4/32", Unknown), ("10.0.0.1%eth0", Unknown), ("+10.0.0.1", Unknown), ("10.0.0.1\t", Unknown), ("10.0.0.1,11.0.0.1", Unknown), ("10.0.0.1 11.0.0.1", Unknown), ("::ffff:10.1", Unknown), ("::ffff:010.0.0.1", Unknown), ("1::2::3", Unknown), ("12345::", Unknown), ("10.0.0.\u{661}", Unknown), ("۱0.0.0.1", Unknown), ("0xa000001", Unknown), ("012.0.0.1", Unknown), ("10.0.1", Unknown),
    ]);
    check_texts("ip_in", r#"["10.0.0.1/32", "2001:db8::1/128", "128.0.0.0/1"]"#, &[("10.0.0.1", True), ("10.0.0.0", False), ("2001:db8::1", True), ("2001:db8::", False), ("255.255.255.255", True), ("127.255.255.255", False)]);
    check_texts("ip_in", r#"["0.0.0.0/0"]"#, &[("1.2.3.4", True), ("::ffff:1.2.3.4", True), ("::1", False)]);
    check_texts("ip_in", r#"["::/0"]"#, &[("::1", True), ("64:ff9b::1", True), ("1.2.3.4", False), ("::ffff:1.2.3.4", False)]);
}

#[test]
#[rustfmt::skip]
fn domains_of_email_addresses() {
    check_texts("email_domain_in", r#"["example.com", "*.example.org", "bücher.example"]"#, &[
        ("a@example.com", True), ("first.last+tag@example.com", True), ("A@EXAMPLE.COM", True), ("o'neil@example.com", True), ("a@x.example.org", True), ("a@bücher.example", True), ("a@xn--bcher-kva.example", True),
        ("a@example.org", False), ("a@evil.example", False), ("a@example.com.evil.example", False), ("a@notexample.com", False), ("a@sub.example.com", False), ("a@ex\u{430}mple.com", False), ("a@localhost", False),
        ("a@example.com@evil.example", Unknown), ("a@evil.example,b@example.com", Unknown), ("a@evil.example b@example.com", Unknown), ("a@example.com; b@evil.example", Unknown), ("Ann <a@example.com>", Unknown), ("<a@example.com>", Unknown), ("a@example.com <b@evil.example>", Unknown),
        ("\"a@evil.example\"@example.com", Unknown), ("\"a b\"@example.com", Unknown), ("a(comment)@example.com", Unknown), ("a@example.com(evil.example)", Unknown), ("a@(x)example.com", Unknown),
        ("evil.example!a@example.com", Unknown), ("a%evil.example@example.com", Unknown), ("@evil.example:a@example.com", Unknown), ("mailto:a@example.com", Unknown), ("a@[127.0.0.1]", Unknown), ("a@127.0.0.1", Unknown), ("a@2130706433", Unknown),
        ("a@example.com\n", Unknown), ("a\r\nBcc: b@evil.example\r\n@example.com", Unknown), ("a@example.com\0.evil.example", Unknown), (" a@example.com", Unknown), ("a@example.com.", Unknown), ("a@.example.com", Unknown), ("a@example..com", Unknown), ("@example.com", Unknown), ("a@", Unknown), ("a", Unknown), ("", Unknown), (".a@example.com", Unknown), ("a..b@example.com", Unknown), ("a.@example.com", Unknown),
        ("ä@example.com", Unknown), ("a@\u{ff45}xample.com", Unknown), ("a@example\u{3002}com", Unknown), ("a@exam\u{ad}ple.com", Unknown), ("a\u{200b}@example.com", Unknown), ("a\\@evil.example@example.com", Unknown), ("a@-example.com", Unknown), ("a@%65xample.com", Unknown), ("a@x%2eexample.org", Unknown), ("a@example%2ecom", Unknown), ("a@evil.example%00.example.org", Unknown),
        ("a@exa\u{17f}ple.com", Unknown), ("a@b\u{fc}cher.example", True), ("a@bu\u{308}cher.example", Unknown), ("a@\u{212a}.example.org", Unknown), ("a@\u{130}.example.org", Unknown), ("\u{202e}a@example.com", Unknown), ("a@example.com,", Unknown), ("a@example.com>", Unknown), ("\"a\"@example.com", Unknown), ("a@example.com:25", Unknown), ("a@example.com/x", Unknown), ("a@example.com?cc=b@evil.example", Unknown), ("a@[IPv6:::1]", Unknown), ("group:a@example.com;", Unknown), ("=?utf-8?q?a@evil.example?=@example.com", Unknown), ("a|sh@example.com", Unknown), ("`id`@example.com", Unknown),
    ]);
    let long = format!("{}@example.com", "a".repeat(65));
    check_texts("email_domain_in", r#""example.com""#, &[(&long, Unknown), (long.get(1..).unwrap(), True)]);
}
