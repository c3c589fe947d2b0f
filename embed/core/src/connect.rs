//! Connections: names become addresses that are allowed, and the very addresses that were looked at are connected to, so
//! that a name that changes its address in between gains nothing.
//!
//! Looking up and connecting cannot be interrupted. They run on a thread of their own, which owns all that it uses and ends by
//! itself; who waits for it can leave. Reading and writing happen in slices.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, Timeout};

use crate::address;

/// A stop is noticed this soon.
const SLICE: Duration = Duration::from_millis(10);
/// As many addresses of a name are tried.
const ADDRESSES: usize = 8;

/// The address may not be connected to.
#[derive(Debug)]
pub struct Forbidden {
    /// The reason, with the address.
    pub message: String,
}

impl std::fmt::Display for Forbidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Forbidden {}

fn forbidden(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, Forbidden { message })
}

fn stopped() -> io::Error {
    // Not `Interrupted`, after which readers try again.
    io::Error::other("stopped")
}

/// Runs `work` beside this thread, which waits for it until the time is over or it is told to stop.
fn beside<T: Send + 'static>(
    stopping: &AtomicBool,
    timeout: NextTimeout,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let end = Instant::now().checked_add(*timeout.after);
    let (sender, receiver) = sync_channel(1);
    std::thread::Builder::new()
        .name("reviewpro connect".into())
        .spawn(move || {
            // Nobody may be waiting any more.
            let _ = sender.send(work());
        })
        .map_err(Error::Io)?;
    loop {
        match receiver.recv_timeout(SLICE) {
            Ok(result) => return result.map_err(Error::Io),
            Err(RecvTimeoutError::Disconnected) => return Err(Error::ConnectionFailed),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if stopping.load(Ordering::Relaxed) {
            return Err(Error::Io(stopped()));
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            return Err(Error::Timeout(timeout.reason));
        }
    }
}

/// Looks names up, and keeps the addresses that are allowed.
#[derive(Debug)]
pub(crate) struct AllowedAddresses {
    pub networks: Vec<IpNet>,
    pub stopping: Arc<AtomicBool>,
}

impl AllowedAddresses {
    /// Those of the addresses that may be connected to.
    ///
    /// # Errors
    /// [`Forbidden`] when it is none, naming the first.
    fn filter(&self, found: &[SocketAddr], is_encrypted: bool) -> io::Result<Vec<SocketAddr>> {
        let may = |ip: IpAddr| {
            // Without encryption only where somebody has said that the network may be trusted.
            if is_encrypted {
                address::is_allowed(ip, &self.networks)
            } else {
                address::is_listed(ip, &self.networks)
            }
        };
        let kept: Vec<SocketAddr> = found
            .iter()
            .filter(|address| may(address.ip()))
            .copied()
            .collect();
        match (kept.is_empty(), found.first()) {
            (true, Some(first)) if is_encrypted => Err(forbidden(format!(
                "the endpoint's address {} is private",
                first.ip()
            ))),
            (true, Some(first)) => Err(forbidden(format!(
                "the endpoint's address {} is not in an allowed network, which http:// needs",
                first.ip()
            ))),
            _ => Ok(kept),
        }
    }
}

impl Resolver for AllowedAddresses {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let is_encrypted = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => beside(&self.stopping, timeout, move || {
                Ok((host.as_str(), port).to_socket_addrs()?.collect())
            })
            .map_err(|error| match error {
                // Systems have different words for an unknown name.
                Error::Io(_) if !self.stopping.load(Ordering::Relaxed) => Error::HostNotFound,
                other => other,
            })?,
        };
        let mut kept = self.empty();
        for address in self.filter(&found, is_encrypted)?.into_iter().take(ADDRESSES) {
            kept.push(address);
        }
        if kept.is_empty() {
            Err(Error::HostNotFound)
        } else {
            Ok(kept)
        }
    }
}

/// Opens plain connections, whose waits look at a flag.
#[derive(Debug)]
pub(crate) struct Stoppable {
    pub stopping: Arc<AtomicBool>,
}

impl Connector for Stoppable {
    type Out = Socket;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Socket>, Error> {
        let addresses: Vec<SocketAddr> = details.addrs.iter().copied().collect();
        let each = *details.timeout.after / u32::try_from(addresses.len().max(1)).unwrap_or(1);
        let stream = beside(&self.stopping, details.timeout, move || {
            let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for address in addresses {
                match TcpStream::connect_timeout(&address, each.max(Duration::from_millis(1))) {
                    Ok(stream) => return Ok(stream),
                    Err(error) => last = error,
                }
            }
            Err(last)
        })?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SLICE))?;
        stream.set_write_timeout(Some(SLICE))?;
        Ok(Some(Socket {
            stream,
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            stopping: self.stopping.clone(),
        }))
    }
}

/// A plain connection.
pub(crate) struct Socket {
    stream: TcpStream,
    buffers: LazyBuffers,
    stopping: Arc<AtomicBool>,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Socket")
    }
}

/// Whether a slice of waiting is over, and nothing else.
fn is_slice(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// An error when it is time to leave.
fn go_on(stopping: &AtomicBool, end: Option<Instant>, reason: Timeout) -> Result<(), Error> {
    if stopping.load(Ordering::Relaxed) {
        return Err(Error::Io(stopped()));
    }
    if end.is_some_and(|end| Instant::now() >= end) {
        return Err(Error::Timeout(reason));
    }
    Ok(())
}

impl Transport for Socket {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let end = Instant::now().checked_add(*timeout.after);
        let mut output = self.buffers.output().get(..amount).unwrap_or_default();
        while !output.is_empty() {
            go_on(&self.stopping, end, timeout.reason)?;
            match self.stream.write(output) {
                Ok(0) => return Err(Error::Io(io::ErrorKind::WriteZero.into())),
                Ok(written) => output = output.get(written..).unwrap_or_default(),
                Err(error) if is_slice(&error) => {}
                Err(error) => return Err(Error::Io(error)),
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let end = Instant::now().checked_add(*timeout.after);
        loop {
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if is_slice(&error) => go_on(&self.stopping, end, timeout.reason)?,
                Err(error) => return Err(Error::Io(error)),
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // Nothing may have come, not even an end.
        let mut byte = [0];
        let open = self.stream.set_nonblocking(true).is_ok()
            && matches!(self.stream.peek(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        open && self.stream.set_nonblocking(false).is_ok()
    }
}
