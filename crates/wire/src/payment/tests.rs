use crate::{Message, Shape};

use super::*;

const OFFER: &str = r#"{"scheme":"exact","network":"eip155:84532","amount":"10000","asset":"0x036C","payTo":"0x2096","maxTimeoutSeconds":60,"extra":{"name":"USDC","version":"2"}}"#;
const OFFER_V1: &str = r#"{"scheme":"exact","network":"base-sepolia","maxAmountRequired":"10000","asset":"0x036C","payTo":"0x2096"}"#;
const CHARGE: &str = r#"{"id":"c-1","realm":"api","method":"stripe","intent":"charge","request":{"amount":"1500","currency":"usd"}}"#;

fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    canonical::write_str(text, &mut quoted);
    quoted
}

fn read(outcome: &str) -> Option<Challenge> {
    let line = format!(r#"{{"jsonrpc":"2.0","id":1,{outcome}}}"#);
    let message = Message::parse(line.into_bytes(), &Limits::default()).unwrap();
    let Shape::Response(response) = message.shape() else { panic!("{outcome}") };
    Challenge::read(&response.outcome)
}

fn error(code: i64, data: &str) -> String {
    format!(r#""error":{{"code":{code},"message":"pay","data":{data}}}"#)
}

fn accepts(offers: &str) -> String {
    format!(r#"{{"x402Version":2,"error":"pay","accepts":[{offers}]}}"#)
}

#[test]
fn challenges_are_known_by_their_shape() {
    let x402 = accepts(OFFER);
    for outcome in [
        error(402, &x402),
        error(-32_042, &x402),
        error(-32_603, &format!(r#"{{"x402":{x402}}}"#)),
        error(402, &accepts(OFFER_V1)),
        error(-32_042, &format!(r#"{{"httpStatus":402,"challenges":[{CHARGE}]}}"#)),
        error(7, &format!(r#"{{"challenges":[{CHARGE}],"x402":{x402}}}"#)),
        format!(
            r#""result":{{"isError":true,"structuredContent":{x402},"content":[{{"type":"text","text":{}}}]}}"#,
            quoted(&x402)
        ),
        format!(r#""result":{{"isError":true,"structuredContent":{x402},"content":[]}}"#),
        format!(
            r#""result":{{"isError":true,"structuredContent":{x402},"content":[{{"type":"text","text":"please pay"}}]}}"#
        ),
        format!(
            r#""result":{{"isError":true,"content":[{{"type":"text","text":{}}}]}}"#,
            quoted(&format!(" {x402}"))
        ),
        // What clients and servers of both conventions do beside their specifications, or did before.
        format!(r#""result":{{"resultType":"payment_required","paymentRequired":{x402}}}"#),
        format!(
            r#""result":{{"isError":true,"content":[{{"type":"text","text":{}}}],"_meta":{{"x402/error":{x402}}}}}"#,
            quoted(&x402)
        ),
        format!(
            r#""result":{{"isError":true,"content":[{{"type":"text","text":{}}}]}}"#,
            quoted(&format!(r#"{{"x402/error":{{"code":402,"message":"pay","data":{x402}}}}}"#))
        ),
        error(402, &format!(r#"{{"x402/payment-required":{x402}}}"#)),
        error(402, &format!(r#"{{"accepts":[{OFFER}],"x402":{x402}}}"#)),
        format!(
            r#""result":{{"isError":true,"structuredContent":{{"challenges":[{CHARGE}]}},"content":[]}}"#
        ),
        format!(
            r#""result":{{"content":[{{"type":"text","text":"Payment Required"}}],"_meta":{{"org.paymentauth/payment-required":{{"httpStatus":402,"challenges":[{CHARGE}]}}}}}}"#
        ),
    ] {
        assert!(read(&outcome).is_some(), "{outcome}");
    }
}

#[test]
fn everything_else_is_none() {
    let x402 = accepts(OFFER);
    let edited = |from: &str, to: &str| error(402, &accepts(&OFFER.replace(from, to)));
    for outcome in [
        error(402, "{}"),
        error(402, "[]"),
        error(402, &accepts("")),
        error(402, &accepts("{}")),
        error(402, &accepts(&format!("{OFFER},{{}}"))),
        error(402, r#"{"accepts":{}}"#),
        error(402, &accepts(&vec![OFFER; 33].join(","))),
        error(402, &format!(r#"{{"accepts":[{OFFER}],"x402":{}}}"#, x402.replace("10000", "99999"))),
        r#""error":{"code":402,"message":"pay"}"#.to_owned(),
        edited(r#""amount":"10000""#, r#""amount":"a lot""#),
        edited(r#""amount":"10000""#, r#""amount":"-1""#),
        edited(r#""amount":"10000""#, r#""amount":"0x10""#),
        edited(r#""amount":"10000""#, r#""amount":null"#),
        edited(r#""amount":"10000""#, r#""amount":"1","maxAmountRequired":"10000""#),
        edited(r#""asset":"0x036C""#, r#""asset":"""#),
        edited(r#""asset":"0x036C","#, ""),
        edited(r#""network":"eip155:84532","#, ""),
        edited(r#""scheme":"exact""#, r#""scheme":7"#),
        error(402, &format!(r#"{{"challenges":[{}]}}"#, CHARGE.replace("charge", "session"))),
        error(402, &format!(r#"{{"challenges":[{}]}}"#, CHARGE.replace(r#""id":"c-1","#, ""))),
        format!(r#""result":{{"structuredContent":{x402}}}"#),
        format!(r#""result":{{"isError":false,"structuredContent":{x402}}}"#),
        format!(
            r#""result":{{"isError":true,"structuredContent":{x402},"content":[{{"type":"text","text":{}}}]}}"#,
            quoted(&x402.replace("10000", "99999"))
        ),
        r#""result":{"isError":true,"content":[{"type":"text","text":"{"}]}"#.to_owned(),
        // Held by what is not known, or where it says something else.
        format!(r#""result":{{"isError":true,"content":[],"_meta":{{"example.com/pay":{x402}}}}}"#),
        format!(r#""result":{{"isError":true,"content":[],"_meta":{x402}}}"#),
        format!(r#""result":{{"resultType":"complete","content":[],"paymentRequired":{x402}}}"#),
        format!(
            r#""result":{{"isError":true,"content":[],"structuredContent":{x402},"_meta":{{"x402/error":{}}}}}"#,
            x402.replace("10000", "99999")
        ),
        r#""result":{"resultType":"payment_required"}"#.to_owned(),
        r#""result":{"content":[],"_meta":{"org.paymentauth/payment-required":"pay"}}"#.to_owned(),
    ] {
        assert_eq!(read(&outcome), None, "{outcome}");
    }
}

fn price(challenge: &Challenge, meta: &str) -> Result<String, Unpriced> {
    let text = format!(r#"{{"_meta":{{{meta}}}}}"#);
    let document = scan(&text, &Limits::default()).unwrap();
    let payment = Payment::of(Some(document.root())).unwrap();
    challenge.price(&payment).map(|asked| format!("{} {}", asked.amount, asked.currency))
}

#[test]
fn a_payment_takes_one_offer() {
    let dear = OFFER.replace("10000", "70000");
    let euro = OFFER.replace("0x036C", "0xE0");
    let challenge = read(&error(402, &accepts(&format!("{OFFER},{dear},{euro}")))).unwrap();
    let pays = |accepted: &str, payload: &str| {
        format!(r#""x402/payment":{{"x402Version":2,"accepted":{accepted},"payload":{payload}}}"#)
    };
    for (meta, expected) in [
        (pays(OFFER, "{}"), Ok("10000 0x036C")),
        (pays(&dear, "{}"), Ok("70000 0x036C")),
        (pays(&euro, "{}"), Ok("10000 0xE0")),
        (pays(OFFER, r#"{"authorization":{"value":"10000"}}"#), Ok("10000 0x036C")),
        (pays(OFFER, r#"{"authorization":{"value":"10001"}}"#), Err(Unpriced::TooMuch)),
        (pays(OFFER, r#"{"authorization":{"value":null}}"#), Err(Unpriced::TooMuch)),
        (pays(OFFER, r#"{"permit2Authorization":{"permitted":{"amount":"10001"}}}"#), Err(Unpriced::TooMuch)),
        (pays(&OFFER.replace("10000", "9999"), "{}"), Err(Unpriced::NoOffer)),
        (pays(&OFFER.replace("84532", "1"), "{}"), Err(Unpriced::NoOffer)),
        (pays("{}", "{}"), Err(Unpriced::NoOffer)),
        (pays("null", "{}"), Err(Unpriced::NoOffer)),
        (
            r#""x402/payment":{"scheme":"exact","network":"eip155:84532"}"#.to_owned(),
            Err(Unpriced::Ambiguous),
        ),
        (r#""x402/payment":{}"#.to_owned(), Err(Unpriced::NoOffer)),
        (r#""x402/payment":"e30=""#.to_owned(), Err(Unpriced::Unknown { name: "x402/payment".to_owned() })),
        (r#""example.com/Pay":{}"#.to_owned(), Err(Unpriced::Unknown { name: "example.com/Pay".to_owned() })),
        (r#""x402/payment":{},"org.paymentauth/credential":{}"#.to_owned(), Err(Unpriced::Several)),
    ] {
        assert_eq!(price(&challenge, &meta), expected.map(str::to_owned), "{meta}");
    }
}

#[test]
fn the_first_version_names_scheme_and_network() {
    let challenge = read(&error(402, &accepts(OFFER_V1))).unwrap();
    let pays = |scheme: &str, network: &str, value: &str| {
        format!(
            r#""x402/payment":{{"x402Version":1,"scheme":"{scheme}","network":"{network}","payload":{{"authorization":{{"value":"{value}"}}}}}}"#
        )
    };
    for (meta, expected) in [
        (pays("exact", "base-sepolia", "10000"), Ok("10000 0x036C")),
        (pays("exact", "base-sepolia", "10001"), Err(Unpriced::TooMuch)),
        (pays("exact", "base", "10000"), Err(Unpriced::NoOffer)),
        (pays("upto", "base-sepolia", "10000"), Err(Unpriced::NoOffer)),
    ] {
        assert_eq!(price(&challenge, &meta), expected.map(str::to_owned), "{meta}");
    }
}

#[test]
fn a_credential_names_its_challenge() {
    let other = CHARGE.replace("c-1", "c-2").replace("1500", "2000").replace("usd", "eur");
    let challenge = read(&error(-32_042, &format!(r#"{{"challenges":[{CHARGE},{other}]}}"#))).unwrap();
    let with = |challenge: &str, payload: &str| {
        format!(r#""org.paymentauth/credential":{{"challenge":{challenge},"payload":{payload}}}"#)
    };
    let pays = |challenge: &str| with(challenge, "{}");
    for (meta, expected) in [
        (pays(CHARGE), Ok("1500 usd")),
        (pays(&other), Ok("2000 eur")),
        // What it repeats is what was asked, in whatever notation.
        (pays(&CHARGE.replace(r#""1500""#, "1.5e3")), Ok("1500 usd")),
        (pays(&CHARGE.replace("c-1", "c-3")), Err(Unpriced::NoOffer)),
        (pays(&CHARGE.replace("\"c-1\"", "1")), Err(Unpriced::NoOffer)),
        // A challenge of the same name that asks for something else, or does not say for what.
        (pays(&CHARGE.replace("1500", "9000")), Err(Unpriced::NoOffer)),
        (pays(&CHARGE.replace("usd", "eur")), Err(Unpriced::NoOffer)),
        (pays(&CHARGE.replace("charge", "session")), Err(Unpriced::NoOffer)),
        (pays(r#"{"id":"c-1"}"#), Err(Unpriced::NoOffer)),
        (with(CHARGE, r#"{"authorization":{"value":"1501"}}"#), Err(Unpriced::TooMuch)),
        (with(CHARGE, r#"{"authorization":{"value":"1500"}}"#), Ok("1500 usd")),
        (r#""org.paymentauth/credential":{}"#.to_owned(), Err(Unpriced::NoOffer)),
    ] {
        assert_eq!(price(&challenge, &meta), expected.map(str::to_owned), "{meta}");
    }
}

#[test]
fn calls_without_a_payment() {
    for params in [
        "{}",
        r#"{"_meta":{}}"#,
        r#"{"_meta":[]}"#,
        r#"{"_meta":{"progressToken":1,"traceparent":"00-","example.com/use":{"x402/payment":{}}}}"#,
        r#"{"arguments":{"_meta":{"x402/payment":{}}}}"#,
    ] {
        let document = scan(params, &Limits::default()).unwrap();
        assert!(Payment::of(Some(document.root())).is_none(), "{params}");
    }
    assert!(Payment::of(None).is_none());
}
