//! A client that says exactly what it is told to say, and reads responses one by one.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Nothing here takes a second by itself; a loaded machine may take its time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case, as they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

impl Client {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Client {
        Client::of(TcpStream::connect(address).expect("somebody listens"))
    }

    pub(crate) fn of(stream: TcpStream) -> Client {
        stream.set_nodelay(true).expect("an option");
        stream.set_read_timeout(Some(PATIENCE)).expect("an option");
        stream.set_write_timeout(Some(PATIENCE)).expect("an option");
        Client {
            stream,
            unread: Vec::new(),
        }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("it is taken");
    }

    /// As [`Client::send`], for those who may be cut off. `false` if they were.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    #[track_caller]
    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        self.response()
    }

    #[track_caller]
    pub(crate) fn post(&mut self, target: &str, body: &[u8]) -> Response {
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.send([head.as_bytes(), body].concat());
        self.response()
    }

    #[track_caller]
    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        if response.status == 204 {
            return response;
        }
        if let Some(length) = response.header("content-length") {
            let length = length.parse().expect("a number");
            response.body = self.take(length);
        } else if response.header("transfer-encoding") == Some("chunked") {
            loop {
                let size = usize::from_str_radix(&self.line(), 16).expect("a size");
                response.body.extend(self.take(size));
                assert_eq!(self.line(), "", "after a chunk");
                if size == 0 {
                    break;
                }
            }
        } else {
            response.body = self.rest();
        }
        response
    }

    /// The next response, unless the connection ends before it has begun.
    #[track_caller]
    pub(crate) fn response_or_end(&mut self) -> Option<Response> {
        if self.unread.is_empty() && matches!(self.stream.peek(&mut [0]), Ok(0) | Err(_)) {
            return None;
        }
        Some(self.response())
    }

    /// A response's head alone: that is all there is for HEAD.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Response {
        let line = self.line();
        let status = line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .unwrap_or_else(|| panic!("{line:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line:?}"));
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Response {
            status,
            headers,
            body: Vec::new(),
        }
    }

    /// What comes until the end of the connection. That it was reset counts as its end.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.unread);
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the connection does not end: {error}"),
        }
        rest
    }

    /// Fails unless the connection ends here.
    #[track_caller]
    pub(crate) fn ends(mut self) {
        let rest = self.rest();
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    }

    /// Says that nothing more will be sent.
    pub(crate) fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).expect("it is open");
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        let socket = socket2::SockRef::from(&self.stream);
        socket.set_linger(Some(Duration::ZERO)).expect("an option");
    }

    #[track_caller]
    fn line(&mut self) -> String {
        loop {
            if let Some(at) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.take(at);
                self.take(2);
                return String::from_utf8(line).expect("UTF-8");
            }
            self.more();
        }
    }

    #[track_caller]
    fn take(&mut self, n: usize) -> Vec<u8> {
        while self.unread.len() < n {
            self.more();
        }
        let rest = self.unread.split_off(n);
        std::mem::replace(&mut self.unread, rest)
    }

    #[track_caller]
    fn more(&mut self) {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => panic!(
                "the connection ends after {:?}",
                String::from_utf8_lossy(&self.unread)
            ),
            Ok(n) => self.unread.extend_from_slice(&buffer[..n]),
            Err(error) => panic!("{error} after {:?}", String::from_utf8_lossy(&self.unread)),
        }
    }
}
