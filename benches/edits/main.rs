//! Edits over HTTP against a real server: how many a second become durable, how long one takes,
//! and whether every tile that is read after an acknowledgement shows it (Linux only).
//!
//! `TUBAN_BENCH_PARCELS=N` sets the number of parcels (1,000,000 when absent);
//! `TUBAN_BENCH_SECONDS=N` how long each part runs (10). `TUBAN_BENCH_FSYNC_MS=N` starts the
//! server under `strace`, which holds up each of its fsyncs and fdatasyncs for so long.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench fails by panicking and speaks on standard output"
)]

mod client;
mod parcels;
mod server;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client::Client;
use parcels::{Parcel, Parcels};
use server::Server;

/// Clients that send single edits at a time, as the target says.
const CLIENTS: usize = 32;
/// Edits of one batch.
const BATCH: usize = 100;
/// Edits a second while freshness is measured.
const PACE: u64 = 200;
/// Tiles that readers ask for a second meanwhile.
const READS: u64 = 50;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

fn main() {
    let seconds = Duration::from_secs(number("TUBAN_BENCH_SECONDS", 10));
    let delay = number("TUBAN_BENCH_FSYNC_MS", 0);
    let count = number("TUBAN_BENCH_PARCELS", 1_000_000);
    let folder = tempfile::tempdir().unwrap();
    println!("fsync of 4 kB: {}", server::fsync_times(folder.path()));
    let store = server::make_store(folder.path(), count);
    let server = Server::start(&store, delay);
    println!("{count} parcels, {delay} ms added to every fsync of the server");
    let parcels = Parcels::read(&server, count);

    let single = throughput(&server, &parcels, CLIENTS, 1, seconds);
    println!("single edits, {CLIENTS} clients: {single:.0} edits/s");
    for clients in [1, 4] {
        let batched = throughput(&server, &parcels, clients, BATCH, seconds);
        println!("batches of {BATCH}, {clients} clients: {batched:.0} edits/s");
    }
    freshness(&server, &parcels, seconds);
}

/// Edits a second that `clients` get acknowledged, each sending `batch` edits at a time.
fn throughput(
    server: &Server,
    parcels: &Parcels,
    clients: usize,
    batch: usize,
    seconds: Duration,
) -> f64 {
    let (done, start) = (AtomicU64::new(0), Instant::now());
    thread::scope(|scope| {
        for client in 0..clients {
            let done = &done;
            scope.spawn(move || {
                let mut connection = Client::new(server.address);
                let mut round = client;
                while start.elapsed() < seconds {
                    let moved: Vec<&Parcel> =
                        (0..batch).map(|step| parcels.west(round * batch + step)).collect();
                    let answer = connection.post("/transactions", &parcels::transaction(&moved));
                    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                    done.fetch_add(batch as u64, Ordering::Relaxed);
                    round += clients;
                }
            });
        }
    });
    done.into_inner() as f64 / start.elapsed().as_secs_f64()
}

/// Edits at a steady pace beside readers; tiles elsewhere must keep their tags.
fn freshness(server: &Server, parcels: &Parcels, seconds: Duration) {
    let elsewhere = parcels.east_tiles(200);
    let tags_before = tags(server, &elsewhere);
    let alone = readers(server, parcels, seconds);
    println!("{READS} tiles a second, no edits: {}", shown(alone));

    let read = AtomicUsize::new(0);
    let (beside, acknowledged) = thread::scope(|scope| {
        let reading = scope.spawn(|| readers(server, parcels, seconds));
        let acknowledged = editors(server, parcels, seconds, &read);
        (reading.join().unwrap(), acknowledged)
    });
    println!("{READS} tiles a second, beside {PACE} edits a second: {}", shown(beside));
    let edits = acknowledged.len();
    println!("{edits} edits at {PACE} a second, sent until acknowledged: {}", shown(acknowledged));
    println!("{} tiles read after an acknowledgement, each shows it", read.into_inner());
    let tags_after = tags(server, &elsewhere);
    let kept = tags_before.iter().zip(&tags_after).filter(|(before, after)| before == after);
    println!("{} of {} tiles elsewhere kept their tag", kept.count(), elsewhere.len());
    assert_eq!(tags_before, tags_after);
}

fn tags(server: &Server, tiles: &[String]) -> Vec<String> {
    let mut connection = Client::new(server.address);
    let mut tag = |tile: &String| connection.get(tile).header("etag").unwrap().to_owned();
    tiles.iter().map(&mut tag).collect()
}

/// Reads tiles at a steady pace; how long each took, from the moment when it was due.
fn readers(server: &Server, parcels: &Parcels, seconds: Duration) -> Vec<Duration> {
    at_pace(server, READS, seconds, 8, |connection, number| {
        let tile = parcels.some_tile(number);
        let answer = connection.get(&tile);
        assert!(matches!(answer.status, 200 | 204), "{tile}: {}", answer.status);
        Instant::now()
    })
}

/// Sends edits at a steady pace and reads a tile after each; how long each took to be
/// acknowledged. Tiles are counted in `read`.
fn editors(
    server: &Server,
    parcels: &Parcels,
    seconds: Duration,
    read: &AtomicUsize,
) -> Vec<Duration> {
    at_pace(server, PACE, seconds, CLIENTS, |connection, number| {
        let parcel = parcels.own(number);
        let answer = connection.post("/transactions", &parcels::transaction(&[parcel]));
        let acknowledged = Instant::now();
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let (path, place) = parcel.tile_and_place();
        let tile = connection.get(&path);
        let distance = parcels::distance_in_tile(&tile.body, parcel.fid, place);
        assert!(distance.is_some_and(|distance| distance <= 2.0), "{path}: {distance:?}");
        read.fetch_add(1, Ordering::Relaxed);
        acknowledged
    })
}

/// Does `work` `rate` times a second over `connections`; how long each took, from the moment
/// when it was due until the one that it answers: a late start counts.
fn at_pace(
    server: &Server,
    rate: u64,
    seconds: Duration,
    connections: usize,
    work: impl Fn(&mut Client, u64) -> Instant + Sync,
) -> Vec<Duration> {
    let (next, start) = (AtomicU64::new(0), Instant::now());
    let total = rate * seconds.as_secs();
    let run = || {
        let (mut connection, mut times) = (Client::new(server.address), Vec::new());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= total {
                return times;
            }
            let due = start + Duration::from_nanos(1_000_000_000 / rate * number);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            times.push(work(&mut connection, number) - due);
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

fn shown(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    format!("p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms", at(0.5), at(0.95), at(0.99))
}
