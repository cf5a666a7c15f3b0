//! This process's own standard input and output, as an MCP client on the other side uses them.
//!
//! Pipes and sockets are read through the event loop, which costs no thread and no hand-over per message;
//! anything else (a terminal, a file) goes through tokio's blocking threads.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::Pin;

use rustix::fs::FileType;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;

/// A byte stream to read.
pub type Input = Pin<Box<dyn AsyncRead + Send>>;
/// A byte stream to write.
pub type Output = Pin<Box<dyn AsyncWrite + Send>>;

/// Standard input.
///
/// # Errors
/// When the descriptor cannot be examined or registered.
pub fn input() -> io::Result<Input> {
    let stdin = io::stdin();
    let fd = stdin.as_fd();
    Ok(match kind(fd)? {
        FileType::Fifo => Box::pin(pipe::Receiver::from_file(own_description(fd, Access::Read)?)?),
        FileType::Socket => Box::pin(socket(fd)?),
        _ => Box::pin(tokio::io::stdin()),
    })
}

/// Standard output.
///
/// # Errors
/// When the descriptor cannot be examined or registered.
pub fn output() -> io::Result<Output> {
    let stdout = io::stdout();
    let fd = stdout.as_fd();
    Ok(match kind(fd)? {
        FileType::Fifo => Box::pin(pipe::Sender::from_file(own_description(fd, Access::Write)?)?),
        FileType::Socket => Box::pin(socket(fd)?),
        _ => Box::pin(tokio::io::stdout()),
    })
}

fn kind(fd: BorrowedFd<'_>) -> io::Result<FileType> {
    Ok(FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode))
}

fn socket(fd: BorrowedFd<'_>) -> io::Result<UnixStream> {
    let stream = StdUnixStream::from(fd.try_clone_to_owned()?);
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

#[derive(Clone, Copy)]
enum Access {
    Read,
    Write,
}

/// Opens a pipe anew where the system allows it. The event loop makes the description non-blocking, and the
/// one we inherited is shared: with a shell, or with the server's standard error under `2>&1`.
fn own_description(fd: BorrowedFd<'_>, access: Access) -> io::Result<File> {
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let mut options = File::options();
    // A named pipe whose other end has gone would hold the opening up; without one, it is refused.
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    match access {
        Access::Read => options.read(true),
        Access::Write => options.write(true),
    };
    match options.open(path) {
        Ok(file) => Ok(file),
        Err(_) => {
            let shared: OwnedFd = fd.try_clone_to_owned()?;
            Ok(File::from(shared))
        }
    }
}
