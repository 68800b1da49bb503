//! Events of fences posted to webhooks: in order, again until they are taken, over TLS.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{ServerSettings, WebhookSettings};

use crate::fences::{Town, commit_past_the_server, live_town, made, moved, square};
use crate::live::{Live, town};
use crate::running::{Response, Server, run};

/// A POST as a webhook gets it.
#[derive(Debug)]
struct Posted {
    head: String,
    body: Value,
    raw: String,
}

impl Posted {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// A small server that answers each POST with the next of `answers`, the last one for ever.
fn webhook(answers: &'static [&'static str]) -> (u16, Receiver<Posted>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for (round, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let Some(posted) = read_post(&mut stream) else { continue };
            let answer = answers.get(round).or(answers.last()).unwrap();
            let _ = write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
            if sender.send(posted).is_err() {
                return;
            }
        }
    });
    (port, receiver)
}

fn read_post(stream: &mut TcpStream) -> Option<Posted> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut part).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        })?;
        if body.len() >= length {
            let (head, raw) = (head.to_owned(), body.to_owned());
            return Some(Posted { head, body: serde_json::from_str(&raw).ok()?, raw });
        }
    }
}

fn insecure() -> ServerSettings {
    ServerSettings {
        webhooks: WebhookSettings {
            insecure_loopback: true,
            first_pause: Duration::from_millis(50),
            timeout: Duration::from_secs(2),
            ..WebhookSettings::default()
        },
        ..ServerSettings::default()
    }
}

#[test]
fn a_webhook_gets_every_event_in_order_again_until_it_takes_them() {
    let Town { mut live, folder } = live_town(insecure());
    // A redirect is no success, and is not followed.
    let answers = &["500 No", "302 Found\r\nLocation: http://127.0.0.1:1/", "204 Taken"];
    let (port, posts) = webhook(answers);
    let url = format!("http://127.0.0.1:{port}/hook?a=b");
    let hook = json!({ "url": url, "secret": "0123456789abcdef" });
    let fence =
        made(&live, &json!({ "name": "a", "geometry": square(20.0, 20.0, 4.0), "webhook": hook }));
    assert_eq!(fence["webhook"], json!({ "url": url, "signed": true, "delivered": 0 }));
    live.apply(moved(1, 21.0, 21.0));
    let wait = Duration::from_secs(20);
    let tries: Vec<Posted> = (0..3).map(|_| posts.recv_timeout(wait).unwrap()).collect();
    for posted in &tries {
        assert!(posted.head.starts_with("POST /hook?a=b HTTP/1.1"), "{}", posted.head);
        assert_eq!(posted.header("host"), Some(format!("127.0.0.1:{port}").as_str()));
        assert_eq!(posted.body["fence"], json!({ "id": fence["id"], "name": "a" }));
        assert_eq!(posted.body["events"][0]["event"], "enter");
        let id = posted.body["events"][0]["id"].to_string();
        assert_eq!(posted.header("tuban-event-id"), Some(id.as_str()));
        let signature = posted.header("tuban-signature").unwrap();
        assert!(signature.starts_with("sha256=") && signature.len() == 71);
        assert_eq!(signature, signed(posted.header("tuban-timestamp").unwrap(), &posted.raw));
    }
    let target = format!("/fences/{}", fence["id"]);
    let delivered = |live: &Live, expected: u64| {
        for _ in 0..500 {
            if live.get(&target).json()["webhook"]["delivered"] == expected {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    };
    assert!(delivered(&live, 1), "what was taken is noted");
    let metrics = live.get("/metrics").text().to_owned();
    assert!(metrics.contains("tuban_webhook_failures_total 2"), "{metrics}");
    assert!(metrics.contains("tuban_webhook_deliveries_total 1"), "{metrics}");
    live.end();
    drop(live);

    // What happened while nobody posted is posted afterwards; what was taken is not again.
    let path = folder.path().join("t.gpkg");
    commit_past_the_server(&path, moved(1, 40.0, 40.0));
    let live = Live::start(&path, insecure());
    let posted = posts.recv_timeout(wait).unwrap();
    let kinds: Vec<&str> = posted.body["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["event"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["exit"]);
    assert!(delivered(&live, 2));
    assert!(posts.recv_timeout(Duration::from_millis(1500)).is_err(), "nothing is left to post");
}

/// The signature by another implementation.
fn signed(timestamp: &str, body: &str) -> String {
    let mut child = std::process::Command::new("python3")
        .args([
            "-c",
            "import hmac,sys;print('sha256='+hmac.new(b'0123456789abcdef',sys.stdin.buffer.read(),'sha256').hexdigest())",
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{timestamp}.{body}").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn plain_http_is_allowed_by_the_setting_for_tests_alone_which_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.gpkg");
    town(&path);
    let printed = run(folder.path(), &["config"]);
    assert!(printed.out.contains("[webhooks]") && !printed.out.contains("insecure"));
    let fence = json!({
        "geometry": square(1.0, 1.0, 3.0), "webhook": { "url": "http://127.0.0.1:9/" }
    });
    for (config, status) in [("", 400), ("[webhooks]\ninsecure_loopback = true\n", 201)] {
        let file = folder.path().join("c.toml");
        std::fs::write(&file, config).unwrap();
        let server = Server::start(&path, &["--config", file.to_str().unwrap()]);
        let answer: Response = server.post("/fences", &fence.to_string());
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

/// Answers every POST over TLS with 204, and prints its body as a line.
const TLS_SERVER: &str = "
import http.server, ssl, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        print(body.decode(), flush=True)
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.HTTPServer(('127.0.0.1', 0), Hook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
";

/// An authority `ca.pem` in `folder`, and a certificate for 127.0.0.1 that it signed; false where
/// there is no openssl.
fn certified(folder: &Path) -> bool {
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1").unwrap();
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    [
        format!("req -x509 {ec} -keyout ca.key -out ca.pem -days 2 -subj /CN=tests"),
        format!("req {ec} -keyout leaf.key -out leaf.csr -subj /CN=hook"),
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 2 \
         -extfile names"
            .to_owned(),
    ]
    .iter()
    .all(|arguments| {
        let mut openssl = std::process::Command::new("openssl");
        openssl.args(arguments.split_whitespace()).current_dir(folder);
        openssl.output().is_ok_and(|output| output.status.success())
    })
}

#[test]
fn a_webhook_over_tls_is_posted_to_only_when_its_certificate_is_trusted() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.gpkg");
    town(&path);
    if !certified(folder.path()) {
        eprintln!("skipped: no openssl");
        return;
    }
    let mut hook = std::process::Command::new("python3")
        .args(["-c", TLS_SERVER, "leaf.pem", "leaf.key"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(hook.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    let (sender, posts) = channel();
    std::thread::spawn(move || {
        lines.map_while(Result::ok).for_each(|line| {
            let _ = sender.send(line);
        });
    });
    let config = folder.path().join("c.toml");
    std::fs::write(&config, "[webhooks]\ninsecure_loopback = true\n").unwrap();
    let arguments = ["--config", config.to_str().unwrap()];
    let failures = |server: &Server| {
        let text = server.get("/metrics").text().to_owned();
        let line =
            text.lines().find(|line| line.starts_with("tuban_webhook_failures_total ")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };

    // An authority that nobody knows: nothing is told.
    let server = Server::start(&path, &arguments);
    let url = format!("https://127.0.0.1:{port}/hook");
    let fence = json!({ "geometry": square(20.0, 20.0, 4.0), "webhook": { "url": url } });
    assert_eq!(server.post("/fences", &fence.to_string()).status, 201);
    let moved = json!({
        "type": "Feature", "properties": { "state": "open" }, "geometry": square(21.0, 21.0, 1.0)
    });
    let body = moved.to_string();
    let put = format!(
        "PUT /collections/parcels/items/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Content-Type: application/geo+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = Response::parse(&server.send(put.as_bytes()));
    assert!(answer.status < 300, "{}", answer.text());
    let started = Instant::now();
    while failures(&server) == 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "a delivery is tried");
        std::thread::sleep(Duration::from_millis(50));
    }
    posts.try_recv().unwrap_err();
    drop(server);

    let authority = folder.path().join("ca.pem");
    let _server = Server::start_with(&path, &arguments, &[("SSL_CERT_FILE", &authority)]);
    let posted: Value =
        serde_json::from_str(&posts.recv_timeout(Duration::from_secs(20)).unwrap()).unwrap();
    assert_eq!(posted["events"][0]["event"], "enter");
    hook.kill().unwrap();
    hook.wait().unwrap();
}
