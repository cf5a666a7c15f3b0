use super::*;

fn tasks() -> (tempfile::TempDir, Tasks) {
    let data = tempfile::tempdir().unwrap();
    let tasks = Tasks::new(&DigestKey::open(data.path()).unwrap());
    (data, tasks)
}

fn owner(grant: &str) -> Owner {
    Owner { grant: Arc::from(grant), server: Arc::from("s") }
}

fn made(tasks: &Tasks, owner: &Owner, own: &str, ttl: Option<u64>) -> Made {
    let state = State { ttl: ttl.map(Duration::from_secs), ..State::default() };
    let name = tasks.name(owner, "t", own).unwrap();
    Made { own: own.to_owned(), name, ticket: None, connection: Some(1), state }
}

#[test]
fn a_task_is_known_to_its_owner_until_its_time_is_up() {
    let (_data, tasks) = tasks();
    let (limits, now) = (Limits::default(), Instant::now());
    let (alice, bob) = (owner("alice"), owner("bob"));
    tasks.insert(&alice, made(&tasks, &alice, "x", Some(60)), now, &limits);
    assert_eq!(tasks.name_of(&alice, "x"), tasks.name(&alice, "t", "x"));
    assert_eq!(tasks.name_of(&bob, "x"), None);
    assert_eq!(tasks.name_of(&alice, "y"), None);
    tasks.expired(now + Duration::from_secs(59));
    assert!(tasks.name_of(&alice, "x").is_some());
    tasks.expired(now + Duration::from_secs(61));
    assert!(tasks.name_of(&alice, "x").is_none());
}

#[test]
fn a_task_without_an_end_is_kept_no_longer_than_the_limit() {
    let (_data, tasks) = tasks();
    let (limits, now, alice) = (Limits::default(), Instant::now(), owner("alice"));
    for (own, ttl) in [("x", None), ("y", Some(u64::MAX / 1_000))] {
        tasks.insert(&alice, made(&tasks, &alice, own, ttl), now, &limits);
    }
    tasks.expired(now + limits.task);
    assert!(tasks.name_of(&alice, "x").is_none() && tasks.name_of(&alice, "y").is_none());
}

#[test]
fn the_tasks_of_one_grant_are_bounded() {
    let (_data, tasks) = tasks();
    let limits = Limits { tasks_of_grant: 2, ..Limits::default() };
    let (now, alice) = (Instant::now(), owner("alice"));
    for (at, own) in ["x", "y", "z"].into_iter().enumerate() {
        tasks.insert(&alice, made(&tasks, &alice, own, None), now + Duration::from_secs(at as u64), &limits);
    }
    assert!(tasks.name_of(&alice, "x").is_none(), "the oldest makes room");
    assert!(tasks.name_of(&alice, "z").is_some());
}

#[test]
fn a_connection_takes_its_own_tasks_with_it() {
    let (_data, tasks) = tasks();
    let (limits, now, alice) = (Limits::default(), Instant::now(), owner("alice"));
    let other = Made { connection: None, ..made(&tasks, &alice, "y", None) };
    tasks.insert(&alice, made(&tasks, &alice, "x", None), now, &limits);
    tasks.insert(&alice, other, now, &limits);
    tasks.end_connection(2);
    assert!(tasks.name_of(&alice, "x").is_some());
    tasks.end_connection(1);
    assert!(tasks.name_of(&alice, "x").is_none() && tasks.name_of(&alice, "y").is_some());
}
