use std::pin::Pin;
use std::task::{Context, Poll};

use interlock_audit::{ArgumentPolicy, DigestKey, InstanceId, Log};
use interlock_policy::{Source, Syntax, compile};
use interlock_store::Embedded;
use tokio::io::ReadBuf;

use super::*;
use crate::gateway::Options;
use crate::snapshot::Snapshot;
use crate::transport::child::ServerCommand;

/// An input whose reading panics.
struct Panicking;

impl AsyncRead for Panicking {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        panic!("the input is not what it seemed")
    }
}

/// Wraps `cat` behind this input; gives how that ended and the records.
async fn wrap(input: impl AsyncRead + Unpin + Send + 'static) -> (Result<Ended, RunError>, String) {
    let data = tempfile::tempdir().unwrap();
    let text = "version: \"1\"\ndefault: allow\n";
    let source = Source { name: "policy.yaml", text, syntax: Syntax::Yaml };
    let instance = InstanceId::generate(1).unwrap();
    let log = Arc::new(Log::open(data.path(), &instance, interlock_audit::Options::default()).unwrap());
    let gateway = Arc::new(Gateway::new(
        Arc::new(Embedded::open(data.path(), interlock_store::Options::default()).unwrap()),
        Arc::clone(&log),
        ArgumentPolicy::None,
        DigestKey::open(data.path()).unwrap(),
        Options::default(),
    ));
    let wrapped = Wrapped {
        server: Server::Child(ServerCommand {
            program: "cat".into(),
            args: Vec::new(),
            env: Vec::new(),
            directory: None,
        }),
        access: Arc::new(Access::new("cat", Vec::new(), Snapshot::of_server(compile(&source).0.unwrap()))),
        identity: Identity { grant: "g".to_owned(), session: "s".to_owned(), client: None },
    };
    let ended = run(gateway, &wrapped, input, tokio::io::sink()).await;
    let mut segments: Vec<_> =
        std::fs::read_dir(log.dir()).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    (ended, segments.iter().map(read).collect())
}

#[tokio::test]
async fn a_reader_that_panics_is_not_a_client_that_has_gone() {
    let (ended, records) = wrap(Panicking).await;
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("reading from the client"), "{error}");
    let stop = records.lines().last().unwrap_or_default();
    assert!(stop.contains(r#""kind":"stop""#) && stop.contains(&error), "{records}");
    // The twin: an input that ends.
    let (ended, records) = wrap(tokio::io::empty()).await;
    assert_eq!(ended.unwrap(), Ended::ClientGone);
    assert!(!records.contains("fault"), "{records}");
}
