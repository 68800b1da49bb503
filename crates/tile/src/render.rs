//! One tile from its layers.

use std::cell::RefCell;

use spatial::{Portion, Shard, WorldBox};

use crate::census::Census;
use crate::draw::{Drawer, Drawn, Kind};
use crate::encode::{Buffers, Encoder};
use crate::frame::Frame;
use crate::kept::Borrowed;
use crate::plan::{Plan, fair_shares, is_limited};
use crate::select::{Selection, many};
use crate::share::{Part, Share, neighbours_are_light};
use crate::small::{SMALL_LAYER, SmallLayer};
use crate::tally::Tally;
use crate::writer::LayerWriter;
use crate::{LayerInput, Limits, MAX_BUFFER, TileCoord, TileMatrixSet};

/// A tile and what became of the features in it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Rendered {
    /// The tile, uncompressed; empty when no feature is in it.
    pub bytes: Vec<u8>,
    /// One entry a layer, in the order asked for.
    pub layers: Vec<LayerStats>,
    /// Present when not every feature is drawn as itself, with all of its attributes.
    pub aggregation: Option<Aggregation>,
}

/// What became of one layer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LayerStats {
    /// Name of the layer.
    pub name: String,
    /// Features written, those that stand for others too.
    pub features: usize,
    /// Of these, how many stand for others.
    pub cells: usize,
    /// Features that others stand for.
    pub summed: u64,
    /// Area from which on polygons are drawn as themselves, square tile units.
    pub least: u64,
    /// Attributes left out: texts of which hardly two are alike.
    pub left_out: Vec<String>,
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
    /// Their box meets the tile, they themselves do not; or they count in a neighbour.
    pub outside: usize,
    /// Beyond repair, in the buffer.
    pub broken: usize,
}

/// How a tile keeps its limits.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Aggregation {
    /// Features written as themselves.
    pub own: usize,
    /// Features written that stand for others.
    pub cells: usize,
    /// Features that these stand for.
    pub summed: u64,
    /// Area from which on polygons are drawn as themselves, square tile units; those that cross
    /// the border of the tile from 4 on. The largest of the layers.
    pub least: u64,
    /// Attributes left out, of any layer, ascending.
    pub left_out: Vec<String>,
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
    debug_assert!(set.zooms().contains(&coord.z()), "{coord} is not of {}", set.id);
    let mut scratch = SCRATCH.take();
    let rendered = render_with(&mut scratch, layers, (set, coord), limits);
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
    (set, coord): (&TileMatrixSet, TileCoord),
    limits: &Limits,
) -> Rendered {
    let buffer = limits.buffer.min(MAX_BUFFER);
    let area = coord.world_box(buffer);
    let place = Place { coord, frame: Frame::new(set, coord, buffer), area };
    let mut sketches: Vec<_> =
        layers.iter().map(|layer| Sketch::new(layer, &place, limits)).collect();
    if is_limited(limits) {
        let weigh = |sketch: &Sketch<'_, '_>| sketch.plan.weigh(&sketch.census, coord);
        let wants: Vec<_> = sketches.iter().map(weigh).collect();
        let bytes: Vec<_> = wants.iter().map(|(bytes, _)| bytes.ceil() as usize).collect();
        let features: Vec<_> = wants.iter().map(|(_, features)| features.ceil() as usize).collect();
        let bytes = fair_shares(&bytes, limits.raw_bytes());
        let features = fair_shares(&features, limits.features);
        for (position, sketch) in sketches.iter_mut().enumerate() {
            sketch.share = (bytes[position] as f64, features[position] as f64);
            sketch.plan = Plan::choose(&sketch.census, coord, sketch.share);
        }
    }
    let mut drawn: Vec<_> = sketches.iter().map(|sketch| sketch.draw(scratch, &place)).collect();

    // At most once more: the second plan follows from what the first one weighed.
    let sizes: Vec<_> = drawn.iter().map(|layer| layer.bytes.len()).collect();
    let shares = fair_shares(&sizes, limits.raw_bytes());
    for (position, layer) in drawn.iter_mut().enumerate() {
        if layer.bytes.len() > shares[position] {
            let sketch = &mut sketches[position];
            let (predicted, _) = sketch.plan.weigh(&sketch.census, coord);
            let part = predicted / layer.bytes.len() as f64 * MARGIN;
            let share = (shares[position] as f64 * part, sketch.share.1);
            sketch.plan = Plan::choose(&sketch.census, coord, share);
            *layer = sketch.draw(scratch, &place);
        }
    }

    let aggregation = aggregation(&drawn);
    let (mut pieces, layers): (Vec<_>, Vec<_>) =
        drawn.into_iter().map(|layer| (layer.bytes, layer.stats)).unzip();
    let bytes = if pieces.len() == 1 { pieces.swap_remove(0) } else { pieces.concat() };
    Rendered { bytes, layers, aggregation }
}

/// Part of a byte budget that is planned for: features differ in size.
const MARGIN: f64 = 0.95;

fn aggregation(drawn: &[DrawnLayer]) -> Option<Aggregation> {
    let mut all = Aggregation::default();
    for DrawnLayer { stats, .. } in drawn {
        all.own += stats.features - stats.cells;
        all.cells += stats.cells;
        all.summed += stats.summed;
        all.least = all.least.max(stats.least);
        all.left_out.extend_from_slice(&stats.left_out);
    }
    all.left_out.sort_unstable();
    all.left_out.dedup();
    (all.summed > 0 || !all.left_out.is_empty()).then_some(all)
}

/// Where a tile lies.
struct Place {
    coord: TileCoord,
    frame: Frame,
    /// Everything that may show in it.
    area: WorldBox,
}

/// A layer before it is drawn.
struct Sketch<'l, 'a> {
    layer: &'l LayerInput<'a>,
    /// Its features one by one, unless they are too many for that.
    selection: Option<Selection<'a>>,
    census: Census,
    plan: Plan,
    /// Bytes and features that it may take.
    share: (f64, f64),
    /// Whether what lies in the buffer alone is drawn.
    guests: bool,
}

impl<'l, 'a> Sketch<'l, 'a> {
    fn new(layer: &'l LayerInput<'a>, place: &Place, limits: &Limits) -> Self {
        let limited = is_limited(limits);
        let shards = if limited { many(layer, &place.area, limits.one_by_one) } else { None };
        let selection = shards.is_none().then(|| Selection::of(layer, &place.area));
        let census = match (&shards, &selection) {
            (Some(shards), _) => Census::of_shards(layer, shards.iter().copied()),
            (None, Some(selection)) if limited => Census::of_selection(layer, selection),
            (None, _) => Census::of_shards(layer, std::iter::empty()),
        };
        let plan = Plan::everything(place.coord);
        let guests = !limited || neighbours_are_light(layer, place.coord, limits, census.all());
        Self { layer, selection, census, plan, share: (f64::MAX, f64::MAX), guests }
    }

    fn draw(&self, scratch: &mut Scratch, place: &Place) -> DrawnLayer {
        let Self { layer, plan, .. } = self;
        let Scratch { drawer, buffers, bytes } = scratch;
        let kept = |(position, _): &(usize, &(usize, &'a str))| {
            plan.keys || !self.census.is_key(*position)
        };
        let all = layer.columns.iter().enumerate();
        let columns: Vec<_> = all.filter(kept).map(|(_, column)| *column).collect();
        let (bytes, mut stats) = if layer.source.count() <= SMALL_LAYER {
            let writer = SmallLayer::new(layer.name, &columns);
            self.write(place, drawer, &columns, writer)
        } else {
            let expected = self.selection.as_ref().map_or(0, Selection::len);
            let named = (layer.name, columns.as_slice());
            let at = (place.coord.z(), place.frame.level);
            let kept = Borrowed::new(layer.commands, at, place.frame.corner);
            let writer = Encoder::new(named, buffers, std::mem::take(bytes), (expected, kept));
            self.write(place, drawer, &columns, writer)
        };
        if !plan.keys && !bytes.is_empty() {
            let names = layer.columns.iter().filter(|column| !columns.contains(column));
            stats.left_out = names.map(|(_, name)| (*name).to_owned()).collect();
        }
        stats.least = plan.least_area(place.coord);
        stats.name = layer.name.to_owned();
        stats.bytes = bytes.len();
        DrawnLayer { bytes, stats }
    }

    /// Draws the features into `writer`.
    fn write<'w>(
        &self,
        place: &Place,
        drawer: &mut Drawer,
        columns: &[(usize, &'a str)],
        mut writer: impl LayerWriter<'w>,
    ) -> (Vec<u8>, LayerStats)
    where
        'a: 'w,
    {
        let mut stats = LayerStats::default();
        let mut tally = Tally::new(columns, place.coord, &self.plan);
        let share = Share::new(place.coord, self.plan, self.guests);
        let large;
        let selection = match &self.selection {
            Some(selection) => selection,
            None => {
                large = Selection::large(self.layer, &place.area, self.plan.least);
                let core = place.coord.world_box(0);
                let mut add = |portion: Portion<'a, '_>| {
                    tally.add_portion(&portion, |size| share.sums(size));
                };
                self.layer.source.portions(&core, &mut add);
                &large
            }
        };
        let least = self.plan.least_area(place.coord) as f64;
        drawer.start(selection.runs(), least, &place.frame, &mut |shard, slot| {
            writer.knows(shard, slot)
        });
        let mut draw = |tally: &mut Tally<'a>, writer: &mut _, shard: &'a Shard, slot: usize| {
            draw_feature((shard, slot), &place.frame, drawer, writer, (tally, &mut stats));
        };
        for (shard, slots) in selection.runs() {
            writer.enter(shard);
            for slot in slots {
                let slot = usize::from(*slot);
                match share.part(shard, slot) {
                    Part::Drawn => draw(&mut tally, &mut writer, shard, slot),
                    Part::Summed if self.selection.is_some() => tally.add(shard, slot),
                    Part::Summed | Part::Left => {}
                }
            }
        }
        if self.selection.is_none() {
            share.each_crossing(self.layer, &mut |shard, slot| {
                tally.take(shard, slot);
                writer.enter(shard);
                draw(&mut tally, &mut writer, shard, slot);
            });
        }
        let drawn = tally.drawn(place.frame.area_scale);
        for summed in &drawn {
            if let Some((shard, slot)) = summed.only {
                writer.enter(shard);
                summed.draw(&mut drawer.figure);
                writer.write(shard, slot, summed.kind, &drawer.figure);
            }
        }
        let keys = if drawn.is_empty() { Vec::new() } else { tally.keys() };
        for summed in drawn.iter().filter(|summed| summed.only.is_none()) {
            summed.draw(&mut drawer.figure);
            writer.write_summed(summed, &keys, &drawer.figure);
            stats.cells += 1;
            stats.summed += summed.count;
        }
        stats.features += drawn.len();
        (writer.finish(), stats)
    }
}

/// Draws one feature into `writer`; what cannot be drawn is counted.
#[inline]
fn draw_feature<'a: 'w, 'w>(
    (shard, slot): (&'a Shard, usize),
    frame: &Frame,
    drawer: &mut Drawer,
    writer: &mut impl LayerWriter<'w>,
    (tally, stats): (&mut Tally<'a>, &mut LayerStats),
) {
    let feature = shard.feature(slot);
    let alike = drawer.draws_alike(feature, frame);
    if alike && writer.write_kept(slot) {
        stats.features += 1;
        return;
    }
    for kind in Kind::of(feature).into_iter().flatten() {
        let drawn = drawer.draw(feature, kind, alike, frame);
        match drawn {
            Drawn::Whole | Drawn::Mended => {
                writer.write(shard, slot, kind, &drawer.figure);
                if alike && drawn == Drawn::Whole && drawer.figure.is_sound_ring() {
                    writer.keep(slot, &drawer.figure);
                }
                stats.features += 1;
                stats.repaired += usize::from(drawn == Drawn::Mended);
            }
            Drawn::Outside => stats.dropped.outside += 1,
            Drawn::Collapsed | Drawn::Broken => {
                tally.add(shard, slot);
                stats.dropped.broken += usize::from(drawn == Drawn::Broken);
            }
        }
    }
}

/// One layer, encoded.
struct DrawnLayer {
    bytes: Vec<u8>,
    stats: LayerStats,
}
