//! Draws one feature in tile integers: quantise, clip, gather small parts, repair.
//!
//! Features too small to be seen are summed up elsewhere and do not come here. Of a polygon of
//! many parts those below four square units are drawn as squares, one for each four units of area
//! that come together.

use spatial::world::WorldPoint;
use spatial::{FeatureRef, GeometryType, Outline, PathRef, PathRole, Shard};

use crate::clip::{Wide, clip_line, clip_ring, sole_border};
use crate::figure::{ALL, Figure, Point};
use crate::frame::{Frame, LocalBox};
use crate::knots::Knots;
use crate::repair::mend;
use crate::validity::{Contact, Validity};

/// What a feature is drawn as; one feature of a tile has one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Points = 1,
    Lines = 2,
    Polygons = 3,
}

impl Kind {
    /// The kinds that `feature` is drawn as; more than one for a mixed collection.
    #[inline]
    pub fn of(feature: FeatureRef<'_>) -> [Option<Self>; 3] {
        match feature.geometry_type() {
            None => [None; 3],
            Some(GeometryType::Point | GeometryType::MultiPoint) => {
                [Some(Self::Points), None, None]
            }
            Some(GeometryType::LineString | GeometryType::MultiLineString) => {
                [Some(Self::Lines), None, None]
            }
            Some(GeometryType::Polygon | GeometryType::MultiPolygon) => {
                [Some(Self::Polygons), None, None]
            }
            Some(GeometryType::Any) => {
                let has = |kind: Self, role: PathRole| {
                    feature.paths().any(|path| path.role == role).then_some(kind)
                };
                [
                    has(Self::Points, PathRole::Points),
                    has(Self::Lines, PathRole::Line),
                    has(Self::Polygons, PathRole::Exterior),
                ]
            }
        }
    }
}

/// What became of a feature; the figure holds it unless it was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawn {
    /// As it is.
    Whole,
    /// After mending.
    Mended,
    /// Not: it does not meet the tile.
    Outside,
    /// Not: a line that shrank to a point, or a polygon that shrank to a line.
    Collapsed,
    /// Not: beyond repair.
    Broken,
}

/// Side of the squares that small parts make: a quarter of a pixel of a 512-pixel tile.
const SIDE: i32 = 2;
/// Area of one; parts below it are not drawn as they are.
const SQUARE: f64 = (SIDE * SIDE) as f64;
/// Rounding makes no polygon this many times larger, slivers apart.
const SURELY_DRAWN: f64 = 6.0;

/// Features up to which outlines that meet are tied: more than fit the limits of a tile.
const MOST_TIED: usize = 20_000;

/// Draws the features of one layer; holds the scratch for it.
#[derive(Debug, Default)]
pub(crate) struct Drawer {
    pub figure: Figure,
    /// Where outlines meet.
    knots: Knots,
    validity: Validity,
    wide: Vec<Wide>,
    spare: Vec<Wide>,
    ends: Vec<usize>,
}

impl Drawer {
    /// Makes ready for a layer of these features, of which those of less than `least` square tile
    /// units are not drawn as they are. Of very many features the limits of a tile leave as little.
    /// `known` says of a feature whether it was found sound before.
    pub fn start<'a>(
        &mut self,
        runs: impl Iterator<Item = (&'a Shard, &'a [u16])> + Clone,
        least: f64,
        frame: &Frame,
        known: &mut dyn FnMut(&Shard, usize) -> bool,
    ) {
        self.knots.clear();
        let count: usize = runs.clone().map(|(_, slots)| slots.len()).sum();
        if count <= MOST_TIED {
            let Self { knots, figure, validity, .. } = self;
            knots.tie(runs, least, frame, &mut |shard, slot, local| {
                if known(shard, slot) {
                    return true;
                }
                let feature = shard.feature(slot);
                figure.clear();
                let mut paths = feature.paths();
                let (Some(path), None) = (paths.next(), paths.next()) else { return false };
                if path.role != PathRole::Exterior || !frame.holds(local) {
                    return false;
                }
                ring_inside(figure, &path, frame, local) != 0
                    && !figure.is_spiked()
                    && (figure.is_star() || validity.holds(figure, Contact::Refused))
            });
        }
    }

    /// Draws the paths of `kind` of a feature into the figure; `alike` is what
    /// [`Drawer::draws_alike`] says of it.
    #[inline]
    pub fn draw(
        &mut self,
        feature: FeatureRef<'_>,
        kind: Kind,
        alike: bool,
        frame: &Frame,
    ) -> Drawn {
        self.figure.clear();
        let outline = feature.outline();
        if alike
            && outline.is_firm_at(frame.firm)
            && let Some(path) = feature.paths().next()
        {
            let (points, kept) = vertices_inside(&path, frame);
            self.figure.push_firm(points, kept, outline.turns_right());
            return Drawn::Whole;
        }
        let local = frame.local_box(&feature.world_box());
        if frame.misses(&local) {
            return Drawn::Outside;
        }
        match kind {
            Kind::Points => self.points(feature, frame),
            Kind::Lines => self.lines(feature, frame, &local),
            Kind::Polygons => self.polygons(feature, frame, &local),
        }
    }

    /// Whether the feature is one ring that every tile draws alike which holds it whole, as this does.
    #[inline]
    pub fn draws_alike(&self, feature: FeatureRef<'_>, frame: &Frame) -> bool {
        let area = feature.world_box();
        frame.holds_world(&area)
            && feature.paths().len() == 1
            && (self.knots.is_empty() || !self.knots.touches(&frame.local_box(&area)))
    }

    fn points(&mut self, feature: FeatureRef<'_>, frame: &Frame) -> Drawn {
        let range = i64::from(frame.min)..=i64::from(frame.max);
        self.wide.clear();
        for path in feature.paths().filter(|path| path.role == PathRole::Points) {
            let local = path.world.iter().map(|point| frame.local(*point));
            self.wide.extend(local.filter(|p| range.contains(&p[0]) && range.contains(&p[1])));
        }
        if self.wide.is_empty() {
            return Drawn::Outside;
        }
        self.figure.push_points(self.wide.iter().map(narrow));
        Drawn::Whole
    }

    fn lines(&mut self, feature: FeatureRef<'_>, frame: &Frame, local: &LocalBox) -> Drawn {
        let mut met = false;
        for path in feature.paths().filter(|path| path.role == PathRole::Line) {
            if frame.holds(local) {
                met = true;
                let points = kept(&path, frame).map(|p| frame.local_inside(*p));
                self.figure.push_line(points, path.world.len());
                continue;
            }
            self.wide.clear();
            self.wide.extend(kept(&path, frame).map(|p| frame.local(*p)));
            clip_line(&mut self.wide, &mut self.ends, &mut self.spare, frame, local);
            let mut start = 0;
            for &end in &self.ends {
                met = true;
                self.figure.push_line(self.wide[start..end].iter().map(narrow), end - start);
                start = end;
            }
        }
        match (self.figure.is_empty(), met) {
            (false, _) => Drawn::Whole,
            (true, true) => Drawn::Collapsed,
            (true, false) => Drawn::Outside,
        }
    }

    #[inline]
    fn polygons(&mut self, feature: FeatureRef<'_>, frame: &Frame, local: &LocalBox) -> Drawn {
        let inside = frame.holds(local);
        let mut paths = feature.paths();
        let tied = self.knots.touches(local);
        if !tied
            && paths.len() == 1
            && let Some(path @ PathRef { role: PathRole::Exterior, .. }) = paths.next()
        {
            if inside {
                ring_inside(&mut self.figure, &path, frame, local);
                return if self.figure.is_empty() { Drawn::Collapsed } else { self.check() };
            }
            if feature.world_area() * frame.area_scale >= SQUARE {
                if self.firm_across(feature.outline(), &path, frame, local) {
                    return Drawn::Whole;
                }
                self.ring_across(&path, frame, local);
                return if self.figure.is_empty() { Drawn::Outside } else { self.check() };
            }
        }
        let mut parts = 0;
        let mut waiting = 0.0;
        let mut drawn = false;
        let mut small = false;
        for path in feature.paths() {
            match path.role {
                PathRole::Exterior => {
                    parts += 1;
                    let first = self.figure.paths().len();
                    let area = self.ring(&path, (inside, tied), frame, local);
                    let unrounded = self.small(&path, area, frame);
                    small = unrounded.is_some();
                    if let Some(unrounded) = unrounded {
                        self.figure.truncate(first);
                        waiting += unrounded;
                    }
                    drawn = self.figure.paths().len() > first;
                }
                PathRole::Hole => {
                    if drawn {
                        let first = self.figure.paths().len();
                        let area = self.ring(&path, (inside, tied), frame, local);
                        if let Some(unrounded) = self.small(&path, area, frame) {
                            self.figure.truncate(first);
                            waiting += unrounded;
                        }
                    } else if small {
                        waiting += path.world_area() * frame.area_scale;
                    }
                }
                PathRole::Points | PathRole::Line => {}
            }
            if parts > 1 && waiting >= SQUARE / 2.0 {
                waiting -= SQUARE;
                let middle = path.world.first().map(|p| frame.local(*p)).unwrap_or(local.middle());
                self.square(middle, frame);
            }
        }
        if self.figure.is_empty() {
            return if inside || small { Drawn::Collapsed } else { Drawn::Outside };
        }
        self.check()
    }

    /// Adds a ring of the feature, which lies `inside` the buffered tile or may have edges that are
    /// `tied`, and answers twice its area before clipping.
    #[inline]
    fn ring(
        &mut self,
        path: &PathRef<'_>,
        (inside, tied): (bool, bool),
        frame: &Frame,
        local: &LocalBox,
    ) -> f64 {
        if inside && !tied {
            return ring_inside(&mut self.figure, path, frame, local) as f64;
        }
        wide_ring(path, frame, &mut self.wide);
        if tied {
            self.knots.bend(&mut self.wide);
        }
        let area = wide_area2(&self.wide);
        self.push_clipped(path.role, frame, local);
        area
    }

    /// Adds what the buffered tile has of a ring that is not tied, if it crosses one border there and
    /// back, and is surely sound after that: firm a zoom before, its parts are so far apart that
    /// rounding the points on the border cannot make them meet either.
    #[inline]
    fn firm_across(
        &mut self,
        outline: Outline,
        path: &PathRef<'_>,
        frame: &Frame,
        local: &LocalBox,
    ) -> bool {
        if !frame.firm.checked_sub(1).is_some_and(|zoom| outline.is_firm_at(zoom))
            || !frame.is_near(local)
        {
            return false;
        }
        let Some(border) = sole_border(frame, local) else { return false };
        let (points, kept) = vertices_inside(path, frame);
        self.figure.push_firm_cut(points, kept, outline.turns_right(), border)
    }

    /// Adds what the buffered tile has of a ring that is not tied.
    fn ring_across(&mut self, path: &PathRef<'_>, frame: &Frame, local: &LocalBox) {
        wide_ring(path, frame, &mut self.wide);
        self.push_clipped(path.role, frame, local);
    }

    /// Clips the wide ring and adds it.
    fn push_clipped(&mut self, role: PathRole, frame: &Frame, local: &LocalBox) {
        clip_ring(&mut self.wide, &mut self.spare, frame, local);
        let about = frame.part_inside(local).middle2();
        self.figure.push_ring(role, self.wide.iter().map(narrow), ALL, about);
    }

    /// The area of a ring that is too small to draw, negative for a hole. It is told by the
    /// unrounded area: told by the rounded one, what rounding enlarged would be drawn, and what
    /// it shrank would count in full.
    #[inline]
    fn small(&self, path: &PathRef<'_>, rounded_area2: f64, frame: &Frame) -> Option<f64> {
        if rounded_area2 >= 2.0 * SQUARE * SURELY_DRAWN {
            return None;
        }
        let area = path.world_area() * frame.area_scale;
        (area.abs() < SQUARE).then_some(area)
    }

    /// Draws a square around `middle`, unless it is outside the buffered tile.
    fn square(&mut self, middle: [i64; 2], frame: &Frame) {
        let inside = |v: i64| (i64::from(frame.min)..=i64::from(frame.max)).contains(&v);
        if !middle.into_iter().all(inside) {
            return;
        }
        let corner = |v: i64| (v as i32 - SIDE / 2).clamp(frame.min, frame.max - SIDE);
        let (west, north) = (corner(middle[0]), corner(middle[1]));
        let (east, south) = (west + SIDE, north + SIDE);
        let ring = [[west, north], [east, north], [east, south], [west, south]];
        let about = [west + east, north + south];
        self.figure.push_ring(PathRole::Exterior, ring.into_iter(), ALL, about);
    }

    #[inline]
    fn check(&mut self) -> Drawn {
        if self.figure.is_star() || self.validity.holds(&self.figure, Contact::Refused) {
            return Drawn::Whole;
        }
        if !mend(&mut self.figure, &mut self.validity) {
            return Drawn::Broken;
        }
        if self.figure.is_empty() { Drawn::Outside } else { Drawn::Mended }
    }
}

/// The vertices of a ring that the zoom needs, without those that repeat their predecessor.
pub(crate) fn wide_ring(path: &PathRef<'_>, frame: &Frame, ring: &mut Vec<Wide>) {
    ring.clear();
    ring.resize(path.world.len(), [0; 2]);
    let mut len = 0;
    let mut last = None;
    for (point, first) in path.world.iter().zip(path.levels) {
        let point = frame.local(*point);
        let stays = *first <= frame.level && last != Some(point);
        // Written in any case and counted when it stays: no branch to guess wrong.
        ring[len] = point;
        len += usize::from(stays);
        last = if stays { Some(point) } else { last };
    }
    ring.truncate(len);
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
}

fn narrow(point: &Wide) -> [i32; 2] {
    // Clipped: within the buffered tile.
    [point[0] as i32, point[1] as i32]
}

/// The vertices of a path that the zoom needs.
fn kept<'a>(path: &PathRef<'a>, frame: &Frame) -> impl Iterator<Item = &'a WorldPoint> + use<'a> {
    let level = frame.level;
    let vertices = path.world.iter().zip(path.levels);
    vertices.filter_map(move |(point, first)| (*first <= level).then_some(point))
}

/// Adds a ring inside the buffered tile, of the vertices that the zoom needs.
#[inline]
fn ring_inside(figure: &mut Figure, path: &PathRef<'_>, frame: &Frame, local: &LocalBox) -> i64 {
    let (points, kept) = vertices_inside(path, frame);
    figure.push_ring(path.role, points, kept, local.middle2())
}

/// The vertices of a ring inside the buffered tile or [near it](Frame::is_near), and which of them the zoom needs.
#[inline]
fn vertices_inside(
    path: &PathRef<'_>,
    frame: &Frame,
) -> (impl ExactSizeIterator<Item = Point>, impl ExactSizeIterator<Item = bool>) {
    let world = open(path.world);
    let points = world.iter().map(|point| frame.local_inside(*point));
    let kept = path.levels[..world.len()].iter().map(|first| *first <= frame.level);
    (points, kept)
}

/// The ring without its closing vertex.
fn open(ring: &[WorldPoint]) -> &[WorldPoint] {
    match ring {
        [first, rest @ .., last] if first == last && !rest.is_empty() => &ring[..ring.len() - 1],
        _ => ring,
    }
}

fn wide_area2(ring: &[Wide]) -> f64 {
    let Some(&origin) = ring.first() else { return 0.0 };
    let relative = |p: &Wide| [(p[0] - origin[0]) as f64, (p[1] - origin[1]) as f64];
    let mut sum = 0.0;
    let mut previous = [0.0; 2];
    for point in ring {
        let point = relative(point);
        sum += previous[0] * point[1] - point[0] * previous[1];
        previous = point;
    }
    sum.abs()
}
