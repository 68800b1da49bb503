//! The server under test, its store, and the disk that both lie on.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TUBAN: &str = env!("CARGO_BIN_EXE_tuban");

/// Median and p99 of writing and flushing a page at the end of a file.
pub fn fsync_times(folder: &Path) -> String {
    let mut file = std::fs::File::create(folder.join("fsync")).unwrap();
    let mut times: Vec<Duration> = (0..500)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let millis = |at: usize| times[at].as_secs_f64() * 1e3;
    format!("median {:.2} ms, p99 {:.2} ms", millis(250), millis(495))
}

/// A store with `count` parcels of the generator, ids from 1.
pub fn make_store(folder: &Path, count: u64) -> PathBuf {
    let (parcels, store) = (folder.join("parcels.fgb"), folder.join("s.gpkg"));
    let run = |command: &mut Command| {
        let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(done.success());
    };
    run(Command::new(TUBAN)
        .args(["synth"])
        .arg(&parcels)
        .args(["--parcels", &count.to_string(), "--seed", "1", "--layer", "parcels"])
        .args(["--crs", "EPSG:4490"]));
    run(Command::new(TUBAN)
        .arg("import")
        .arg(&store)
        .arg(&parcels)
        .args(["--collection", "parcels"]));
    std::fs::remove_file(parcels).unwrap();
    store
}

/// A server that ends with the value.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Serves `store`; each fsync of it lasts `delay` milliseconds longer.
    pub fn start(store: &Path, delay: u64) -> Self {
        let mut command = match delay {
            0 => Command::new(TUBAN),
            delay => {
                let mut command = Command::new("strace");
                let inject = format!("fsync,fdatasync:delay_exit={}", delay * 1000);
                command.args(["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null"]);
                command.args(["-e", "trace=fsync,fdatasync", "-e"]);
                command.arg(format!("inject={inject}")).arg(TUBAN);
                command
            }
        };
        command.arg("serve").arg(store).args(["--listen", "127.0.0.1:0"]);
        let mut child = command.process_group(0).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the server did not start").unwrap();
            if let Some((_, address)) = line.split_once(" s on ") {
                break address.parse().unwrap();
            }
        };
        // What it prints later must not fill the pipe.
        std::thread::spawn(move || for _ in lines {});
        Self { child, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The whole group: what strace holds would go on without it.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}
