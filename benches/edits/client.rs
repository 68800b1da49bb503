//! One connection that stays open, as a browser's or a phone's does.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A connection, made at the first request.
pub struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n"), b"")
    }

    pub fn post(&mut self, path: &str, body: &str) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.ask(&head, body.as_bytes())
    }

    fn ask(&mut self, head: &str, body: &[u8]) -> Answer {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).unwrap();
            stream.set_nodelay(true).unwrap();
            self.stream = Some(stream);
        }
        let stream = self.stream.as_mut().unwrap();
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            read_some(stream, &mut bytes);
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut answer = Answer { status, head, body: bytes.split_off(end) };
        if answer.header("transfer-encoding") == Some("chunked") {
            while !answer.body.ends_with(b"0\r\n\r\n") {
                read_some(stream, &mut answer.body);
            }
            answer.body = unchunked(&answer.body);
        } else {
            let length = answer.header("content-length").map_or(0, |text| text.parse().unwrap());
            while answer.body.len() < length {
                read_some(stream, &mut answer.body);
            }
        }
        answer
    }
}

fn read_some(stream: &mut TcpStream, bytes: &mut Vec<u8>) {
    let mut some = [0; 16 << 10];
    let count = stream.read(&mut some).unwrap();
    assert!(count > 0, "the server hung up");
    bytes.extend_from_slice(&some[..count]);
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        body.extend_from_slice(&rest[line + 2..line + 2 + length]);
        rest = &rest[line + 4 + length..];
    }
    body
}
