//! A server in this process, whose engine the test edits: for what happens while clients listen.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, EngineSettings};
use serde_json::Value;
use server::ServerSettings;
use spatial::{
    Change, ChangeOp, ChangeSet, Collection, CollectionId, Commit, Crs, CrsRegistry, Envelope,
    Feature, FeatureId, Field, FieldClass, FieldType, GeometryType, Timestamp, Value as Property,
    Zooms,
};
use store::{FeatureStore, GeoPackageStore, Load, LoadItem, LoadMode};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::running::Response;

pub const WEST: f64 = 116.30;
pub const SOUTH: f64 = 39.70;
/// Degrees along one side of a parcel.
pub const SIDE: f64 = 0.0004;

pub fn id(name: &str) -> CollectionId {
    CollectionId::try_from(name).unwrap()
}

pub fn fid(value: i64) -> FeatureId {
    FeatureId::try_from(value).unwrap()
}

/// Parcels with a state that all may read and an owner that nobody may.
pub fn parcels() -> Collection {
    let field = |name: &str, class| Field {
        name: name.to_owned(),
        alias: None,
        field_type: FieldType::Text,
        class,
    };
    Collection {
        id: id("parcels"),
        title: "宗地".to_owned(),
        description: String::new(),
        attribution: String::new(),
        crs: Crs::CGCS2000,
        geometry_type: GeometryType::MultiPolygon,
        has_z: false,
        has_m: false,
        fields: vec![field("state", FieldClass::L1), field("owner", FieldClass::L3)],
        key: None,
        zooms: Zooms { min: 0, max: 18 },
        style: None,
        extent: Envelope::EMPTY,
        count: 0,
    }
}

/// A square of one [`SIDE`] whose corner lies so many sides east and north of the town's.
pub fn parcel(x: f64, y: f64, state: &str) -> Feature {
    let low = geo_types::Coord { x: WEST + x * SIDE, y: SOUTH + y * SIDE };
    let high = geo_types::Coord { x: low.x + SIDE, y: low.y + SIDE };
    let shape = geo_types::MultiPolygon(vec![geo_types::Rect::new(low, high).to_polygon()]);
    Feature {
        id: None,
        geometry: Some(geo_types::Geometry::MultiPolygon(shape).into()),
        properties: vec![Property::Text(state.to_owned()), Property::Text("张三".to_owned())],
    }
}

pub fn change_set(ops: Vec<ChangeOp>) -> ChangeSet {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    ChangeSet {
        expect: None,
        actor: "王".to_owned(),
        reason: "复核".to_owned(),
        recorded_at: Timestamp(now.as_millis() as i64),
        changes: ops
            .into_iter()
            .map(|op| Change { collection: id("parcels"), op, unchanged_since: None })
            .collect(),
    }
}

/// A town that is served and can be edited.
pub struct Live {
    runtime: Runtime,
    pub engine: Arc<Engine>,
    pub address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

/// Makes a store with 100 parcels, ids row by row from 1, two sides apart.
pub fn town(path: &Path) {
    let runtime = Runtime::new().unwrap();
    let store = GeoPackageStore::create(path).unwrap();
    runtime.block_on(async {
        let (sender, receiver) = mpsc::channel(4);
        let feature = |n: i32| parcel(f64::from(n % 10) * 2.0, f64::from(n / 10) * 2.0, "open");
        sender.send(LoadItem::Features((0..100).map(feature).collect())).await.unwrap();
        sender.send(LoadItem::Finish).await.unwrap();
        let load = Load {
            collection: parcels(),
            mode: LoadMode::Create,
            actor: "local".to_owned(),
            reason: "import".to_owned(),
            recorded_at: Timestamp(1_700_000_000_000),
        };
        store.load(load, receiver).await.unwrap();
    });
}

impl Live {
    /// Serves the store at `path`.
    pub fn start(path: &Path, settings: ServerSettings) -> Self {
        let runtime = Runtime::new().unwrap();
        let (engine, address, end, serving) = runtime.block_on(async {
            let store = Arc::new(GeoPackageStore::open(path).unwrap());
            let engine = EngineSettings { threads: 2, ..EngineSettings::default() };
            let engine = Engine::open(store, Arc::new(CrsRegistry::default()), engine);
            let engine = Arc::new(engine.await.unwrap());
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (end, ended) = oneshot::channel::<()>();
            let shutdown = async move {
                let _ = ended.await;
            };
            let serving =
                tokio::spawn(server::serve(listener, Arc::clone(&engine), settings, shutdown));
            (engine, address, end, serving)
        });
        Self { runtime, engine, address, end: Some(end), serving: Some(serving) }
    }

    /// Applies these changes as one commit.
    pub fn apply(&self, ops: Vec<ChangeOp>) -> Commit {
        self.runtime.block_on(self.engine.apply(change_set(ops))).unwrap()
    }

    /// Starts `work` beside the server.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime.spawn(work)
    }

    /// Waits for `work` beside the server.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Sends one request and reads the whole answer.
    pub fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str("Content-Type: application/json\r\n");
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut answer).unwrap();
        Response::parse(&answer)
    }

    pub fn get(&self, target: &str) -> Response {
        self.ask("GET", target, &[], "")
    }

    /// Ends the server as SIGTERM does; how long that took.
    pub fn end(&mut self) -> Duration {
        let started = std::time::Instant::now();
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(serving) = self.serving.take() {
            self.runtime.block_on(serving).unwrap();
        }
        started.elapsed()
    }
}

/// One event of a stream.
#[derive(Clone, Debug)]
pub struct Event {
    pub name: String,
    pub id: u64,
    pub data: Value,
}

/// A reader of Server-Sent Events.
pub struct Events {
    pub head: Response,
    lines: BufReader<TcpStream>,
    /// Comments that were read so far.
    pub comments: Vec<String>,
}

impl Events {
    /// Opens a stream.
    pub fn open(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        (&stream).write_all(request.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).unwrap() > 0, "no head: {head}");
        }
        let head = head.replace("transfer-encoding: chunked\r\n", "");
        Self { head: Response::parse(head.as_bytes()), lines, comments: Vec::new() }
    }

    /// The next line of the body: sizes of chunks stand on lines of their own.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => panic!("nothing came: {error}"),
        }
    }

    /// The next event; none when the stream has ended.
    pub fn next(&mut self) -> Option<Event> {
        let (mut name, mut id) = ("message".to_owned(), 0);
        loop {
            let line = self.line()?;
            if let Some(text) = line.strip_prefix("event: ") {
                name = text.to_owned();
            } else if let Some(text) = line.strip_prefix("id: ") {
                id = text.parse().unwrap();
            } else if let Some(text) = line.strip_prefix("data: ") {
                return Some(Event { name, id, data: serde_json::from_str(text).unwrap() });
            } else if let Some(text) = line.strip_prefix(':') {
                self.comments.push(text.to_owned());
            }
        }
    }

    /// The next event that is no sign of being up to date.
    pub fn message(&mut self) -> Event {
        loop {
            let event = self.next().expect("the stream goes on");
            if event.name == "message" {
                return event;
            }
        }
    }

    /// Reads until the stream is up to date; what came before.
    pub fn until_current(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.next().expect("the stream goes on");
            if event.name == "current" {
                return events;
            }
            events.push(event);
        }
    }

    /// Reads comments until there are so many.
    pub fn await_comments(&mut self, count: usize) {
        while self.comments.len() < count {
            let line = self.line().expect("the stream goes on");
            if let Some(text) = line.strip_prefix(':') {
                self.comments.push(text.to_owned());
            }
        }
    }
}
