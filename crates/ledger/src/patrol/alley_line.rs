//! The middle line of an alley, of one part or several, with places along it.

/// The line of an alley in metres. Its parts stand one after the other along it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlleyLine {
    parts: Vec<Part>,
    length: f64,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    /// Vertices, each with its place along the whole line.
    vertices: Vec<([f64; 2], f64)>,
}

/// The nearest place of an alley.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnAlley {
    /// Which part of the line.
    pub part: usize,
    /// How far along the whole line, metres.
    pub along: f64,
    /// How far away, metres.
    pub distance: f64,
}

impl AlleyLine {
    /// The line of these parts, each at least two vertices; shorter ones count for nothing.
    pub fn new(parts: impl IntoIterator<Item = Vec<[f64; 2]>>) -> Self {
        let mut line = Self::default();
        for vertices in parts.into_iter().filter(|vertices| vertices.len() > 1) {
            let mut placed: Vec<([f64; 2], f64)> = Vec::with_capacity(vertices.len());
            for vertex in vertices {
                if let Some((before, _)) = placed.last() {
                    line.length += (vertex[0] - before[0]).hypot(vertex[1] - before[1]);
                }
                placed.push((vertex, line.length));
            }
            line.parts.push(Part { vertices: placed });
        }
        line
    }

    /// How long it is.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// The place of the line that is nearest to `position`; the first of several. None of a line
    /// without parts.
    pub fn nearest(&self, position: [f64; 2]) -> Option<OnAlley> {
        let mut best: Option<OnAlley> = None;
        for (part, line) in self.parts.iter().enumerate() {
            for pair in line.vertices.windows(2) {
                let &[(a, from), (b, to)] = pair else { continue };
                let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
                let squared = dx * dx + dy * dy;
                let share = match squared > 0.0 {
                    true => ((position[0] - a[0]) * dx + (position[1] - a[1]) * dy) / squared,
                    false => 0.0,
                };
                let share = share.clamp(0.0, 1.0);
                let foot = [a[0] + share * dx, a[1] + share * dy];
                let distance = (position[0] - foot[0]).hypot(position[1] - foot[1]);
                if best.is_none_or(|best| distance < best.distance) {
                    best = Some(OnAlley { part, along: from + share * (to - from), distance });
                }
            }
        }
        best
    }

    /// The part of the line between two places along it, a line for each of its parts that it
    /// touches.
    pub fn cut(&self, [from, to]: [f64; 2]) -> Vec<Vec<[f64; 2]>> {
        self.parts.iter().filter_map(|part| part.cut(from, to)).collect()
    }
}

impl Part {
    fn cut(&self, from: f64, to: f64) -> Option<Vec<[f64; 2]>> {
        let (start, end) = (self.vertices.first()?.1.max(from), self.vertices.last()?.1.min(to));
        if start >= end {
            return None;
        }
        let mut line = vec![self.at(start)?];
        let inner = self.vertices.iter().filter(|(_, along)| *along > start && *along < end);
        line.extend(inner.map(|(vertex, _)| *vertex));
        line.push(self.at(end)?);
        Some(line)
    }

    /// The position so far along the whole line.
    fn at(&self, along: f64) -> Option<[f64; 2]> {
        let next = self.vertices.partition_point(|(_, place)| *place < along);
        let (b, to) = self.vertices.get(next).or(self.vertices.last())?;
        let (a, from) = self.vertices.get(next.saturating_sub(1))?;
        let share = if to > from { ((along - from) / (to - from)).clamp(0.0, 1.0) } else { 1.0 };
        Some([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])])
    }
}
