//! One tile from its layers.

use std::cell::RefCell;

use crate::draw::{Drawer, Drawn, Kind};
use crate::encode::{Buffers, Encoder};
use crate::frame::Frame;
use crate::plan::{Plan, fair_shares};
use crate::select::Selection;
use crate::small::{SMALL_LAYER, SmallLayer};
use crate::writer::LayerWriter;
use crate::{LayerInput, Limits, MAX_BUFFER, TileCoord, TileMatrixSet};

/// A tile and what became of the features in it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rendered {
    /// The tile, uncompressed; empty when no feature is in it.
    pub bytes: Vec<u8>,
    /// One entry a layer, in the order asked for.
    pub layers: Vec<LayerStats>,
    /// Present when limits left features out.
    pub sampled: Option<Sampled>,
}

/// What became of one layer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LayerStats {
    /// Name of the layer.
    pub name: String,
    /// Features written.
    pub features: usize,
    /// Features not written, by kind.
    pub dropped: Dropped,
    /// Rings that did not survive rounding unharmed and were mended.
    pub repaired: usize,
    /// Bytes of the layer.
    pub bytes: usize,
}

/// Features that are not in the tile though their box meets it. A mixed geometry counts once a
/// kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Their box meets the tile, they themselves do not.
    pub outside: usize,
    /// Small polygons whose area went into the square of a neighbour.
    pub merged: usize,
    /// Lines that shrank to a point, and slivers that shrank to a line.
    pub collapsed: usize,
    /// Left out by the limits.
    pub sampled: usize,
    /// Beyond repair.
    pub broken: usize,
}

/// How much the limits left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// Features written.
    pub kept: usize,
    /// Features that the tile would have had.
    pub of: usize,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Memory that a thread uses again for its next tile.
#[derive(Default)]
struct Scratch {
    drawer: Drawer,
    buffers: Buffers,
    /// That of the bytes of a tile which nobody needs any more.
    bytes: Vec<u8>,
}

/// Bytes of a tile whose memory is kept for the next one at most.
const KEPT: usize = 1 << 26;

/// Renders `layers` in the tile at `coord` of `set`, on whose world grid the sources lie.
/// Equal sources give equal bytes.
pub fn render(
    layers: &[LayerInput<'_>],
    set: &TileMatrixSet,
    coord: TileCoord,
    limits: &Limits,
) -> Rendered {
    debug_assert!(coord.z() <= set.max_zoom(), "{coord} is not of {}", set.id);
    let mut scratch = SCRATCH.take();
    let rendered = render_with(&mut scratch, layers, coord, limits);
    SCRATCH.set(scratch);
    rendered
}

/// Renders as [`render`] does, shows the tile to `see` and keeps its memory for the next tile:
/// for who compresses or copies the bytes anyway. Fresh memory for a large tile costs as much
/// as writing it.
pub fn render_and<T>(
    layers: &[LayerInput<'_>],
    set: &TileMatrixSet,
    coord: TileCoord,
    limits: &Limits,
    see: impl FnOnce(&Rendered) -> T,
) -> T {
    let rendered = render(layers, set, coord, limits);
    let seen = see(&rendered);
    if rendered.bytes.capacity() <= KEPT {
        SCRATCH.with_borrow_mut(|scratch| scratch.bytes = rendered.bytes);
    }
    seen
}

fn render_with(
    scratch: &mut Scratch,
    layers: &[LayerInput<'_>],
    coord: TileCoord,
    limits: &Limits,
) -> Rendered {
    let buffer = limits.buffer.min(MAX_BUFFER);
    let frame = Frame::new(coord, buffer);
    let area = coord.world_box(buffer);
    let selections: Vec<_> = layers.iter().map(|layer| Selection::of(layer, &area)).collect();
    let wants: Vec<_> = selections.iter().map(Selection::len).collect();
    let shares = fair_shares(&wants, limits.features);
    let mut drawn: Vec<_> = layers
        .iter()
        .zip(&selections)
        .zip(&shares)
        .map(|((layer, selection), share)| {
            let plan = if selection.len() <= *share {
                Plan::ALL
            } else {
                Plan::within(*share, selection, &frame)
            };
            DrawnLayer::new(scratch, layer, selection, &frame, plan)
        })
        .collect();

    // At most once more: the second plan follows from what the first one weighed.
    let sizes: Vec<_> = drawn.iter().map(|layer| layer.bytes.len()).collect();
    let shares = fair_shares(&sizes, limits.raw_bytes());
    for (position, layer) in drawn.iter_mut().enumerate() {
        if layer.bytes.len() > shares[position] {
            let part = shares[position] as f64 / layer.bytes.len() as f64 * MARGIN;
            let share = (layer.stats.features as f64 * part) as usize;
            let plan = Plan::within(share, &selections[position], &frame);
            *layer =
                DrawnLayer::new(scratch, &layers[position], &selections[position], &frame, plan);
        }
    }

    let limited = drawn.iter().any(|layer| layer.plan != Plan::ALL);
    let sampled = limited.then(|| Sampled {
        kept: drawn.iter().map(|layer| layer.stats.features).sum(),
        of: wants.iter().zip(&drawn).map(|(want, layer)| want - layer.stats.dropped.outside).sum(),
    });
    let (mut pieces, layers): (Vec<_>, Vec<_>) =
        drawn.into_iter().map(|layer| (layer.bytes, layer.stats)).unzip();
    let bytes = if pieces.len() == 1 { pieces.swap_remove(0) } else { pieces.concat() };
    Rendered { bytes, layers, sampled }
}

/// Part of a byte budget that is planned for: features differ in size.
const MARGIN: f64 = 0.95;

/// One layer, encoded.
struct DrawnLayer {
    bytes: Vec<u8>,
    stats: LayerStats,
    plan: Plan,
}

impl DrawnLayer {
    fn new(
        scratch: &mut Scratch,
        layer: &LayerInput<'_>,
        selection: &Selection<'_>,
        frame: &Frame,
        plan: Plan,
    ) -> Self {
        let Scratch { drawer, buffers, bytes } = scratch;
        let (bytes, stats) = if layer.source.count() <= SMALL_LAYER {
            let writer = SmallLayer::new(layer.name, layer.columns);
            write_layer(selection, frame, plan, drawer, writer)
        } else {
            let bytes = std::mem::take(bytes);
            let named = (layer.name, layer.columns);
            let writer = Encoder::new(named, buffers, bytes, selection.len());
            write_layer(selection, frame, plan, drawer, writer)
        };
        let stats = LayerStats { name: layer.name.to_owned(), bytes: bytes.len(), ..stats };
        Self { bytes, stats, plan }
    }
}

/// Draws the selected features into `writer`.
fn write_layer<'a>(
    selection: &Selection<'a>,
    frame: &Frame,
    plan: Plan,
    drawer: &mut Drawer,
    mut writer: impl LayerWriter<'a>,
) -> (Vec<u8>, LayerStats) {
    let mut stats = LayerStats::default();
    drawer.start(selection.runs(), plan, frame);
    for (shard, slots) in selection.runs() {
        writer.enter(shard);
        for slot in slots {
            let slot = usize::from(*slot);
            let feature = shard.feature(slot);
            for kind in Kind::of(feature).into_iter().flatten() {
                let drawn = drawer.draw(feature, kind, frame);
                let dropped = match drawn {
                    Drawn::Whole | Drawn::Mended | Drawn::Square => {
                        if plan.keeps(feature.id()) {
                            writer.write(shard, slot, kind, &drawer.figure);
                            stats.features += 1;
                            stats.repaired += usize::from(drawn == Drawn::Mended);
                            continue;
                        }
                        &mut stats.dropped.sampled
                    }
                    Drawn::Merged => &mut stats.dropped.merged,
                    Drawn::Outside => &mut stats.dropped.outside,
                    Drawn::Collapsed => &mut stats.dropped.collapsed,
                    Drawn::Broken => &mut stats.dropped.broken,
                };
                *dropped += 1;
            }
        }
    }
    (writer.finish(), stats)
}
