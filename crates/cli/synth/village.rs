//! One village: its features, layer by layer.

use spatial::{Feature, Value};

use super::SynthError;
use super::bend::Bend;
use super::ground::{self, Ground, area, length};
use super::lanes::{Lane, lanes};
use super::layers::Layer;
use super::layout::Layout;
use super::lots::{Lot, Lots, lots};
use super::naming;
use super::points::finding;
use super::random::Random;
use super::region::{Place, Region};
use super::yard::{House, houses};

/// Numbers of points that a village may give out within its town's 99,999.
const MAX_POINTS: u64 = 250;

/// A village that has been laid out.
pub(super) struct Village<'a> {
    pub(super) region: &'a Region,
    pub(super) ground: &'a Ground,
    pub(super) place: Place,
    layout: Layout,
    bend: Bend,
    parcel_prefix: String,
    pub(super) address: String,
}

/// A courtyard with what stands in it.
struct Yard {
    serial: u64,
    lot: Lot,
    houses: Vec<House>,
    random: Random,
}

impl Yard {
    /// How many households share the courtyard: now and then two. Draws.
    fn draw_households(&mut self) -> u64 {
        1 + u64::from(self.random.chance(0.04))
    }

    /// The same for whoever draws nothing more; none where nothing stands.
    fn households(&self) -> u64 {
        let mut random = self.random.clone();
        if self.houses.is_empty() { 0 } else { 1 + u64::from(random.chance(0.04)) }
    }
}

/// What is done with the walls' vertices and the courtyards of a block.
type EachBlock<'a> = dyn FnMut(&[[f64; 2]], Vec<Yard>) -> Result<(), SynthError> + 'a;

impl<'a> Village<'a> {
    pub fn new(region: &'a Region, ground: &'a Ground, position: usize) -> Self {
        let place = region.place(position);
        let mut random = Random::of(region.seed, &[b'v'.into(), place.cell[0], place.cell[1]]);
        let layout = Layout::new(&mut random, place.parcels);
        let bend = Bend::new(&mut random, region.middle(place.cell), layout.reach);
        Self {
            region,
            ground,
            place,
            layout,
            bend,
            parcel_prefix: naming::parcel_prefix(place.town, place.village),
            address: naming::town_name(place.town) + &naming::village_name(place.village),
        }
    }

    /// Appends the village's features of a layer. Towns are not of a village.
    pub fn features(&self, layer: Layer, features: &mut Vec<Feature>) -> Result<(), SynthError> {
        match layer {
            Layer::Towns => Ok(()),
            Layer::Villages => self.outline(features),
            Layer::Lanes => self.lanes(features),
            Layer::Parcels => self.parcels(features),
            Layer::Buildings => self.buildings(features),
            Layer::Households => self.households(features),
            Layer::Points => self.points(features),
        }
    }

    pub(super) fn code(&self) -> String {
        naming::village_code(self.place.town, self.place.village)
    }

    /// The stream of one thing of this village.
    pub(super) fn random(&self, kind: &[u8], number: u64) -> Random {
        let [column, row] = self.place.cell;
        let mut path: Vec<u64> = kind.iter().map(|byte| u64::from(*byte)).collect();
        path.extend([column, row, number]);
        Random::of(self.region.seed, &path)
    }

    fn outline(&self, features: &mut Vec<Feature>) -> Result<(), SynthError> {
        let [column, row] = self.place.cell;
        let mut random = Random::of(self.region.seed, &[b'c'.into(), column, row]);
        let properties = vec![
            Value::Text(self.code()),
            Value::Text(naming::village_name(self.place.village)),
            Value::Text(naming::town_name(self.place.town)),
            text(random.pick(&[(6, "220"), (3, "112"), (1, "122")])),
        ];
        let ring = self.region.ring([column, row], [column + 1, row + 1]);
        features.push(self.ground.polygon(ring, properties)?);
        Ok(())
    }

    fn lanes(&self, features: &mut Vec<Feature>) -> Result<(), SynthError> {
        for NamedLane { name, kind, line } in self.named_lanes() {
            let length = Value::Real((length(&line) * 10.0).round() / 10.0);
            let properties = vec![Value::Text(name), text(kind), length, Value::Text(self.code())];
            features.push(self.ground.line(line, properties)?);
        }
        Ok(())
    }

    /// The lanes with their names.
    pub(super) fn named_lanes(&self) -> Vec<NamedLane> {
        let gates = self.region.gates(self.place.cell);
        let village = naming::village_name(self.place.village);
        let mut numbers = [0; 2];
        let named = |lane: Lane| {
            let mut line: Vec<_> = lane.line.iter().map(|point| self.bend.ground(*point)).collect();
            line.extend(lane.gate.map(|gate| gates[gate]));
            let name = match lane.kind {
                "主街" => format!("{village}主街"),
                "村路" => format!("{village}村路"),
                kind => {
                    let number = &mut numbers[usize::from(kind == "胡同")];
                    *number += 1;
                    format!("{village}{number}{}", if kind == "胡同" { "胡同" } else { "巷" })
                }
            };
            NamedLane { name, kind: lane.kind, line }
        };
        lanes(&self.layout).into_iter().map(named).collect()
    }

    /// Calls `each` with every courtyard as records know it.
    pub(super) fn each_spot(
        &self,
        each: &mut dyn FnMut(Spot) -> Result<(), SynthError>,
    ) -> Result<(), SynthError> {
        self.each_block(&mut |vertices, yards| {
            yards.into_iter().try_for_each(|yard| {
                let ring: Vec<_> = yard.lot.ring.iter().map(|at| vertices[*at]).collect();
                let main = yard.houses.first().map(|house| (house.floors, house.structure));
                let (floors, structure) = main.unwrap_or((1, "5"));
                each(Spot {
                    households: yard.households(),
                    houses: yard.houses.len() as u64,
                    picture: Spot::picture_of(yard.houses.len(), floors, structure),
                    yard: yard.serial,
                    parcel: self.parcel_code(yard.serial),
                    place: self.bend.ground(gate(&yard.lot, -1.2)),
                    inside: self.bend.ground(gate(&yard.lot, 3.0)),
                    ring: self.ring(&ring),
                })
            })
        })
    }

    /// Calls `each` with the walls' vertices and the courtyards of every block.
    fn each_block(&self, each: &mut EachBlock<'_>) -> Result<(), SynthError> {
        let [column, row] = self.place.cell;
        let path = |kind: u8, last: [u64; 2]| {
            Random::of(self.region.seed, &[kind.into(), column, row, last[0], last[1]])
        };
        let mut serial = 0;
        for block in &self.layout.blocks {
            let mut random = path(b'l', [block.column as u64, block.strip as u64]);
            let Lots { vertices, lots } = lots(&mut random, block);
            let yards = lots.into_iter().map(|lot| {
                serial += 1;
                let mut random = path(b'y', [serial, 0]);
                let houses = houses(&mut random, &lot);
                Yard { serial, lot, houses, random }
            });
            each(&vertices, yards.collect())?;
        }
        Ok(())
    }

    /// Calls `each` with every courtyard of the village.
    fn each_yard(
        &self,
        each: &mut dyn FnMut(Yard) -> Result<(), SynthError>,
    ) -> Result<(), SynthError> {
        self.each_block(&mut |_vertices, yards| yards.into_iter().try_for_each(&mut *each))
    }

    fn ring(&self, ring: &[[f64; 2]]) -> Vec<[f64; 2]> {
        let mut ground = Vec::with_capacity(ring.len() + 1);
        ground.extend(ring.iter().map(|point| self.bend.ground(*point)));
        ground.push(ground[0]);
        ground
    }

    fn parcel_code(&self, serial: u64) -> String {
        format!("{}{serial:05}", self.parcel_prefix)
    }

    fn household_code(&self, serial: u64, number: u64) -> String {
        format!("H{}-{serial:05}-{number}", self.code())
    }

    fn parcels(&self, features: &mut Vec<Feature>) -> Result<(), SynthError> {
        self.each_block(&mut |vertices, yards| {
            let ground: Vec<_> = vertices.iter().map(|vertex| self.bend.ground(*vertex)).collect();
            let coords = self.ground.project(ground.clone())?;
            for yard in yards {
                let ring = &yard.lot.ring;
                let closed = || ring.iter().chain(ring.first());
                let square_metres = area(closed().map(|at| ground[*at]));
                let code = self.parcel_code(yard.serial);
                // One building is a unit of its own, several are one unit together.
                let (unit, right) = match yard.houses.len() {
                    0 => ("W00000000", "5"),
                    1 => ("F00010001", "6"),
                    _ => ("F99990001", "6"),
                };
                let properties = vec![
                    Value::Text(code.clone()),
                    Value::Text(code + unit),
                    Value::Text(format!("{}{}号", self.address, yard.serial)),
                    Value::Real((square_metres * 100.0).round() / 100.0),
                    text(right),
                ];
                features.push(ground::polygon(closed().map(|at| coords[*at]), properties));
            }
            Ok(())
        })
    }

    fn buildings(&self, features: &mut Vec<Feature>) -> Result<(), SynthError> {
        self.each_yard(&mut |yard| {
            let code = self.parcel_code(yard.serial);
            for (number, house) in (1..).zip(&yard.houses) {
                let ring = self.ring(&house.ring);
                let properties = vec![
                    Value::Text(building_code(&code, number)),
                    Value::Text(code.clone()),
                    text(house.name),
                    Value::Int(house.floors),
                    text(house.structure),
                    Value::Real((area(ring.iter().copied()) * 100.0).round() / 100.0),
                ];
                features.push(self.ground.polygon(ring, properties)?);
            }
            Ok(())
        })
    }

    fn households(&self, features: &mut Vec<Feature>) -> Result<(), SynthError> {
        self.each_yard(&mut |mut yard| {
            if yard.houses.is_empty() {
                return Ok(());
            }
            let households = yard.draw_households();
            for household in 0..households {
                let usage =
                    yard.random.pick(&[(70, "自住"), (14, "出租"), (10, "空置"), (6, "经营")]);
                let properties = vec![
                    Value::Text(self.household_code(yard.serial, household + 1)),
                    Value::Text(self.parcel_code(yard.serial)),
                    Value::Text(format!("{}号", yard.serial)),
                    text(usage),
                ];
                let inward = 2.0 + 2.0 * household as f64;
                let place = self.bend.ground(gate(&yard.lot, inward));
                features.push(self.ground.point(place, properties)?);
            }
            Ok(())
        })
    }

    /// Calls `each` with every place of the village where something is wrong.
    pub(super) fn each_find(
        &self,
        each: &mut dyn FnMut(Find) -> Result<(), SynthError>,
    ) -> Result<(), SynthError> {
        let mut number = self.place.village * MAX_POINTS;
        let last = number + MAX_POINTS;
        self.each_yard(&mut |yard| {
            let mut random = Random::of(
                self.region.seed,
                &[b'p'.into(), self.place.cell[0], self.place.cell[1], yard.serial],
            );
            let mut numbered = (1..).zip(&yard.houses);
            let beyond = numbered.find(|(_, house)| house.beyond > 0.0);
            let is_found = random.chance(if beyond.is_some() { 0.55 } else { 0.025 });
            if !is_found || number == last {
                return Ok(());
            }
            number += 1;
            let place = match beyond {
                Some((_, house)) => middle(&house.ring),
                // Before the gate, in the lane.
                None => gate(&yard.lot, -1.2),
            };
            each(Find {
                number,
                parcel: self.parcel_code(yard.serial),
                yard: yard.serial,
                place: self.bend.ground(place),
                household: (yard.households() > 0).then(|| self.household_code(yard.serial, 1)),
                beyond: beyond.map(|(number, house)| Beyond {
                    building: building_code(&self.parcel_code(yard.serial), number),
                    ground: house.beyond,
                    floors: house.floors as f64,
                    ring: self.ring(&house.ring),
                }),
                random,
            })
        })
    }

    fn points(&self, features: &mut Vec<Feature>) -> Result<(), SynthError> {
        let town = naming::town_code(self.place.town);
        self.each_find(&mut |Find { number, parcel, place, beyond, mut random, .. }| {
            let finding = finding(&mut random, beyond.is_some());
            let area = beyond.map_or(Value::Null, |beyond| {
                Value::Real((beyond.ground * beyond.floors * 10.0).round() / 10.0)
            });
            let code = finding.registered.as_ref().map_or(Value::Null, |_| {
                Value::Text(format!("{town}-{}-2026-{number:05}", finding.task))
            });
            let (registered, deadline) = match finding.registered {
                Some((day, deadline)) => (Value::Text(day), Value::Text(deadline)),
                None => (Value::Null, Value::Null),
            };
            let properties = vec![
                Value::Text(finding.id),
                code,
                text(finding.action),
                text(finding.source),
                text(finding.state),
                Value::Text(finding.state_since),
                registered,
                deadline,
                Value::Int(finding.rebound_count),
                area,
                text(finding.lead_unit),
                Value::Text(parcel),
            ];
            features.push(self.ground.point(place, properties)?);
            Ok(())
        })
    }
}

/// A lane and its name.
pub(super) struct NamedLane {
    pub name: String,
    pub kind: &'static str,
    /// EPSG:4548 metres.
    pub line: Vec<[f64; 2]>,
}

/// A courtyard.
pub(super) struct Spot {
    pub yard: u64,
    /// Code of the parcel.
    pub parcel: String,
    /// Before its gate, EPSG:4548 metres.
    pub place: [f64; 2],
    /// Behind it.
    pub inside: [f64; 2],
    /// Its closed outline, EPSG:4548 metres.
    pub ring: Vec<[f64; 2]>,
    /// How many households it has; none where nothing stands.
    pub households: u64,
    /// How many houses.
    pub houses: u64,
    /// The number of its picture.
    pub picture: usize,
}

/// A place where something is wrong.
pub(super) struct Find {
    /// Its number among those of the town.
    pub number: u64,
    /// Code of the parcel and number of the courtyard.
    pub parcel: String,
    pub yard: u64,
    /// EPSG:4548 metres.
    pub place: [f64; 2],
    /// A household that lives there, if one does.
    pub household: Option<String>,
    /// A house that reaches beyond its parcel.
    pub beyond: Option<Beyond>,
    /// What has drawn it.
    pub random: Random,
}

/// A house that reaches beyond its parcel.
pub(super) struct Beyond {
    /// 自然幢号.
    pub building: String,
    /// How far, m² of ground.
    pub ground: f64,
    pub floors: f64,
    /// EPSG:4548 metres, closed.
    pub ring: Vec<[f64; 2]>,
}

/// A town's feature.
pub(super) fn town(region: &Region, ground: &Ground, town: u64) -> Result<Feature, SynthError> {
    let properties =
        vec![Value::Text(naming::town_code(town) + "000"), Value::Text(naming::town_name(town))];
    ground.polygon(region.town_ring(town), properties)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// 自然幢号 of a building of a parcel.
pub(super) fn building_code(parcel: &str, number: u64) -> String {
    format!("{parcel}F{number:04}")
}

/// Sheet point `inward` metres behind the gate of a courtyard.
fn gate(lot: &Lot, inward: f64) -> [f64; 2] {
    let [_, south, east, north] = lot.inside;
    if lot.faces_north { [east - 2.5, north - inward] } else { [east - 2.0, south + inward] }
}

/// Mean of the vertices.
fn middle(ring: &[[f64; 2]]) -> [f64; 2] {
    [0, 1].map(|axis| ring.iter().map(|point| point[axis]).sum::<f64>() / ring.len() as f64)
}
