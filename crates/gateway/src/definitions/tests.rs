//! How lists are read, and when they are read anew.

use interlock_json::scan;

use super::*;

fn page(list: &mut ToolList, source: &str) -> Result<Option<String>, DefinitionsError> {
    list.add_page(scan(source, &interlock_json::Limits::default()).unwrap().root(), 3)
}

#[test]
fn pages_add_up_and_the_limit_holds() {
    let mut list = ToolList::default();
    let next =
        page(&mut list, r#"{"tools":[{"name":"a","inputSchema":{"required":["x"]}}],"nextCursor":"2"}"#);
    assert_eq!(next, Ok(Some("2".to_owned())));
    assert_eq!(page(&mut list, r#"{"tools":[{"name":"b","annotations":null}]}"#), Ok(None));
    assert_eq!(list.get("a").unwrap().required(), ["x"]);
    assert_eq!(list.get("b").unwrap().required(), [""; 0]);
    assert!(list.headers_of("a").is_none());
    let many = page(&mut list, r#"{"tools":[{"name":"c"},{"name":"d"}]}"#);
    assert_eq!(many, Err(DefinitionsError::TooMany { what: "tools", limit: 3 }));
}

#[test]
fn a_list_that_cannot_be_understood_is_not_judged_by() {
    for source in
        [r#"{}"#, r#"{"tools":{}}"#, r#"{"tools":null}"#, r#"[{"name":"a"}]"#, r#"{"tools":[1,2,3,4]}"#]
    {
        assert!(page(&mut ToolList::default(), source).is_err(), "{source}");
    }
}

#[test]
fn one_entry_that_is_not_understood_takes_no_other_with_it() {
    let long = format!(r#"{{"name":"b","description":"{}"}}"#, "x".repeat(1 << 20));
    for (bad, is_refused_by_name) in [
        ("1", false),
        ("null", false),
        (r#"["name","b"]"#, false),
        ("{}", false),
        (r#"{"name":1}"#, false),
        (r#"{"name":""}"#, false),
        (r#"{"name":"b"},{"name":"b"}"#, true),
        (r#"{"name":"b","inputSchema":{"required":"x"}}"#, true),
        (r#"{"name":"b","inputSchema":{"required":[1]}}"#, true),
        (r#"{"name":"b","inputSchema":"object"}"#, true),
        (r#"{"name":"b","inputSchema":[]}"#, true),
        (r#"{"name":"b","inputSchema":true}"#, true),
        (&long, true),
    ] {
        let shown = bad.chars().take(80).collect::<String>();
        let mut list = ToolList::default();
        page(&mut list, &format!(r#"{{"tools":[{bad},{{"name":"a"}}]}}"#)).unwrap();
        assert_eq!(list.names().collect::<Vec<_>>(), ["a"], "{shown}");
        assert_eq!(list.is_malformed("b"), is_refused_by_name, "{shown}");
        assert!(!list.is_malformed("a"), "{shown}");
        assert!(list.described("b").is_none() && list.get("b").is_none(), "{shown}");
        let offers = list.take_offers();
        assert_eq!(offers.iter().map(|offer| offer.tool.as_str()).collect::<Vec<_>>(), ["a"], "{shown}");
    }
    let mut list = ToolList::default();
    page(&mut list, r#"{"tools":[{"name":"a"},{"name":"b"}],"nextCursor":"2"}"#).unwrap();
    page(&mut list, r#"{"tools":[{"name":"a","title":"A"}]}"#).unwrap();
    assert!(list.is_malformed("a"), "neither of two on different pages is the tool");
    assert_eq!(list.names().collect::<Vec<_>>(), ["b"]);
}

#[tokio::test]
async fn a_list_is_read_again_when_its_time_is_up() {
    for (ttl, holds) in [("5000", Some(5)), ("1", Some(1)), ("0", None), ("\"x\"", None)] {
        let mut list = ToolList::default();
        page(&mut list, r#"{"tools":[],"ttlMs":60000,"nextCursor":"2"}"#).unwrap();
        let longest = list.ttl;
        page(&mut list, &format!(r#"{{"tools":[],"ttlMs":{ttl}}}"#)).unwrap();
        assert_eq!(list.ttl, holds.map(Duration::from_secs).or(longest), "{ttl}");
    }
    let definitions = Definitions::default();
    let mut list = ToolList::default();
    page(&mut list, r#"{"tools":[],"ttlMs":5000}"#).unwrap();
    let Next::Ask(asking) = definitions.next(Instant::now()) else { panic!("nothing is known yet") };
    assert!(asking.learned(&Ok(Arc::new(list))));
    assert!(matches!(definitions.next(Instant::now()), Next::Use(_)));
    let later = Instant::now() + Duration::from_secs(5);
    let Next::Ask(_asking) = definitions.next(later) else { panic!("its time is up") };
    assert!(matches!(definitions.next(later), Next::Wait), "one reader at a time");
}

#[tokio::test]
async fn a_change_while_reading_makes_the_reader_start_over() {
    let definitions = Definitions::default();
    let Next::Ask(asking) = definitions.next(Instant::now()) else { panic!("nothing is known yet") };
    assert!(matches!(definitions.next(Instant::now()), Next::Wait), "one reader at a time");
    definitions.changed();
    assert!(!asking.learned(&Ok(Arc::default())));
    let Next::Ask(asking) = definitions.next(Instant::now()) else { panic!("the list was stale") };
    assert!(asking.learned(&Ok(Arc::default())));
    assert!(matches!(definitions.next(Instant::now()), Next::Use(_)));
    definitions.changed();
    assert!(matches!(definitions.next(Instant::now()), Next::Ask(_)));
}

#[tokio::test]
async fn whoever_was_asking_and_is_cut_off_lets_the_next_one_ask() {
    let definitions = Definitions::default();
    let Next::Ask(asking) = definitions.next(Instant::now()) else { panic!("nothing is known yet") };
    let waiting = definitions.reported();
    tokio::pin!(waiting);
    assert!(still_waits(waiting.as_mut()).await, "somebody is asking");
    drop(asking);
    assert_eq!(waiting.await, None);
    assert!(matches!(definitions.next(Instant::now()), Next::Ask(_)));
}

async fn still_waits<F: Future>(mut waiting: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())).await
}
