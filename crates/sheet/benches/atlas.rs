//! How fast atlases of villages are written, and how much memory that takes: with tables and plans alone, and with
//! an image and photographs in each dossier.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

#[path = "../tests/it/courtyards.rs"]
mod courtyards;

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use sheet::{Atlas, Dossier, Fonts, Image, Orientation, Paper};

/// Counts bytes and keeps none.
#[derive(Default)]
struct Sink(u64);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Most memory that the process has held, in MB.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes: Option<u64> = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kilobytes.map_or_else(String::new, |kilobytes| (kilobytes / 1024).to_string())
}

/// One household after the other, each with bytes of its own as a reader of a store brings them.
fn households(count: usize, photo: Option<&[u8]>) -> impl Iterator<Item = Result<Dossier, String>> {
    let photo = photo.map(<[u8]>::to_vec);
    (0..count).map(move |number| {
        let mut dossier = courtyards::numbered(number);
        match &photo {
            None => {
                dossier.photos.clear();
                dossier.ortho = None;
            }
            Some(bytes) => {
                for photo in &mut dossier.photos {
                    photo.image = Arc::new(Image::new(bytes.clone()).unwrap());
                }
            }
        }
        Ok(dossier)
    })
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let fonts = Fonts::shipped().unwrap();
    let atlas = Atlas { title: "一户一档图集".to_owned(), ..Atlas::default() };
    let picture = courtyards::png(640, 480);
    println!("threads {}", rayon::current_num_threads());
    println!("images  households  pages  MB  seconds  sheets/s  peak MB");
    for (photo, counts) in [(None, [100, 500, 5000]), (Some(&picture[..]), [100, 500, 2000])] {
        for count in counts {
            let begin = Instant::now();
            let (sink, summary) = sheet::atlas(
                Sink::default(),
                &atlas,
                (Paper::A4, Orientation::Fitting),
                &fonts,
                households(count, photo),
            )
            .unwrap();
            let seconds = begin.elapsed().as_secs_f64();
            println!(
                "{:6}  {count:10}  {:5}  {:.1}  {seconds:.2}  {:.0}  {}",
                if photo.is_some() { "4" } else { "none" },
                summary.pages,
                sink.0 as f64 / 1e6,
                count as f64 / seconds,
                peak()
            );
        }
    }
}
