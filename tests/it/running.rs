//! The real binary: commands run to their end, and a server on a free port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::{LazyLock, Mutex, mpsc};
use std::time::Duration;

/// The binary under test, with an environment that no other installation of PROJ reaches into.
pub fn tuban() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tuban"));
    command.env_remove("PROJ_DATA").env_remove("PROJ_LIB").env_remove("RUST_LOG");
    command
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs `tuban` with these arguments in `folder`.
pub fn run(folder: &Path, arguments: &[&str]) -> Answer {
    let Output { status, stdout, stderr } =
        tuban().current_dir(folder).args(arguments).stdin(Stdio::null()).output().unwrap();
    Answer {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// A folder with these files in it.
pub fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Imports into `s.gpkg` with `--json`; the outcomes.
pub fn imported(folder: &Path, arguments: &[&str]) -> (Answer, serde_json::Value) {
    let answer = run(folder, &[&["import", "s.gpkg", "--json"], arguments].concat());
    let outcomes = serde_json::from_str(&answer.out).unwrap_or_default();
    (answer, outcomes)
}

/// A GeoJSON feature with a point.
pub fn point(properties: &str, lon: f64, lat: f64) -> String {
    format!(
        r#"{{"type":"Feature","properties":{properties},"geometry":{{"type":"Point","coordinates":[{lon},{lat}]}}}}"#
    )
}

/// A server that ends with the value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    lines: Mutex<mpsc::Receiver<String>>,
}

/// Ends a server with this process, if not before: those that tests share are never dropped.
fn end_with_the_tests(server: u32) {
    /// Reads process ids until whoever writes them is gone, and ends what still runs of them.
    const WATCH: &str = r#"
        while read -r id; do ids="$ids $id"; done
        for id in $ids; do [ "$(readlink "/proc/$id/exe")" = "$0" ] && kill "$id"; done"#;
    static WATCHER: LazyLock<Mutex<ChildStdin>> = LazyLock::new(|| {
        let mut watcher = Command::new("sh");
        watcher.args(["-c", WATCH, env!("CARGO_BIN_EXE_tuban")]);
        watcher.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Mutex::new(watcher.spawn().unwrap().stdin.take().unwrap())
    });
    writeln!(WATCHER.lock().unwrap(), "{server}").unwrap();
}

impl Server {
    /// Serves `store`; more arguments may follow.
    pub fn start(store: &Path, arguments: &[&str]) -> Self {
        Self::start_with(store, arguments, &[])
    }

    /// Serves `store` with these environment variables.
    pub fn start_with(store: &Path, arguments: &[&str], environment: &[(&str, &Path)]) -> Self {
        let mut child = tuban()
            .envs(environment.iter().copied())
            .arg("serve")
            .arg(store)
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        end_with_the_tests(child.id());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let Some(line) = lines.next() else {
                let mut err = String::new();
                child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
                panic!("the server did not start: {err}");
            };
            if let Some((_, address)) = line.unwrap().split_once(" s on ") {
                break address.parse().unwrap();
            }
        };
        // What it prints later must not fill the pipe.
        let (said, lines_said) = mpsc::channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| {
                let _unread = said.send(line);
            })
        });
        Self { child, address, lines: Mutex::new(lines_said) }
    }

    /// What it tells whoever starts it, to the last line of that.
    pub fn told_at_start(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let mut told = Vec::new();
        while !told.iter().any(|line: &String| line.contains("Ctrl-C")) {
            told.push(lines.recv_timeout(Duration::from_secs(10)).unwrap());
        }
        told
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends `method target` with these headers and reads the whole answer.
    pub fn ask(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        Response::parse(&self.send(request.as_bytes()))
    }

    /// Sends `body` by POST as JSON and reads the whole answer.
    pub fn post(&self, target: &str, body: &str) -> Response {
        self.post_as(target, "application/json", body.as_bytes())
    }

    /// Sends `body` by POST as `media_type` and reads the whole answer.
    pub fn post_as(&self, target: &str, media_type: &str, body: &[u8]) -> Response {
        let head = format!(
            "POST {target} HTTP/1.1\r\nConnection: close\r\nHost: {}\r\n\
             Content-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        Response::parse(&self.send(&[head.as_bytes(), body].concat()))
    }

    /// Sends `body` with these headers and reads the whole answer.
    pub fn change(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request.push_str(&format!("Host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        Response::parse(&self.send(request.as_bytes()))
    }

    pub fn get(&self, target: &str) -> Response {
        self.ask("GET", target, &[])
    }

    /// Sends bytes as they are; answers what comes back.
    pub fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        // A server that refuses early may close before all is written.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    /// Sends `body` by POST as JSON; none when the server does not answer to the end.
    pub fn try_post(&self, target: &str, body: &str) -> Option<Response> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = format!(
            "POST {target} HTTP/1.1\r\nConnection: close\r\nHost: {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        answer.windows(4).any(|w| w == b"\r\n\r\n").then(|| Response::parse(&answer))
    }

    /// Sends the process a signal, such as `-KILL`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Asks the process to end, as a service manager does; what it wrote on standard error.
    pub fn terminate(self) -> (bool, String) {
        self.signal("-TERM");
        self.ended()
    }

    /// Waits for the end of the process; whether it was a good one, and what it wrote on standard
    /// error.
    pub fn ended(mut self) -> (bool, String) {
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().success(), err)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").expect("a complete head");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<_> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_ascii_lowercase(), value.trim().to_owned())
            })
            .collect();
        let mut body = bytes[end + 4..].to_vec();
        if headers.iter().any(|(n, v)| n == "transfer-encoding" && v == "chunked") {
            body = unchunked(&body);
        }
        Self { status, headers, body }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    body
}

/// The personal values of a household file as they are masked, by field.
pub fn masks(file: &serde_json::Value) -> Vec<(&str, &str)> {
    file["personal"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["field"].as_str().unwrap(), one["masked"].as_str().unwrap()))
        .collect()
}

/// A folder of real data that is no part of the project, if this machine has it.
pub fn real_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("TUBAN_TEST_DATA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no real data at {}; name its folder in TUBAN_TEST_DATA", folder.display());
    None
}
