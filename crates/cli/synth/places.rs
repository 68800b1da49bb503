//! The places of the fictional towns: towns and villages as units, cells of the unit grid, areas that a
//! working group has drawn, layers of plans, and which posts answer for what.

use geo::{BoundingRect, ConvexHull};
use geo_types::{Geometry as Shape, MultiPoint, MultiPolygon, Point};
use ledger::ShippedCollection;
use ledger::place::GRID_CELLS;
use spatial::{Feature, Value};

use super::ledger_rows::{many, row, text_of};
use super::naming;
use super::village;
use super::{Layer, Synth, SynthError};

/// The first day of every unit, place and responsibility.
const VALID_FROM: &str = "2020-01-01";
/// Posts that answer for a town, for a village, and for a cell of the grid.
const TOWN_POSTS: [[&str; 2]; 2] = [["责任规划师", "责任规划师团队"], ["街乡镇", "人民政府"]];
const VILLAGE_POST: [&str; 2] = ["街巷长", "村民委员会"];
const CELL_POST: &str = "网格员";
/// Cells of a village.
const CELLS: usize = 4;

/// What a plan says of a part of a town.
struct Planned {
    name: &'static str,
    kind: &'static str,
    plan: &'static str,
    policy: &'static str,
    /// West, south, east and north, each as a part of the town's own extent.
    part: [f64; 4],
}

const GREEN_BELT: &str = "绿隔";
const DETAILED: &str = "控规";
/// Of every town: a belt along its north, and plots about its middle.
const PLANNED: [Planned; 5] = [
    Planned {
        name: "绿化隔离地区",
        kind: GREEN_BELT,
        plan: "绿化隔离地区规划（虚构）",
        policy: "拆违还绿，建设用地只减不增（虚构）",
        part: [0.04, 0.84, 0.96, 0.96],
    },
    Planned {
        name: "01-01 居住地块",
        kind: DETAILED,
        plan: "街区控制性详细规划（虚构）",
        policy: "控制高度 18 米（虚构）",
        part: [0.30, 0.40, 0.44, 0.54],
    },
    Planned {
        name: "01-02 公共服务地块",
        kind: DETAILED,
        plan: "街区控制性详细规划（虚构）",
        policy: "优先补建便民网点（虚构）",
        part: [0.46, 0.40, 0.56, 0.54],
    },
    Planned {
        name: "01-03 公园绿地地块",
        kind: DETAILED,
        plan: "街区控制性详细规划（虚构）",
        policy: "腾退后还绿（虚构）",
        part: [0.58, 0.40, 0.70, 0.54],
    },
    Planned {
        name: "02-01 产业地块",
        kind: DETAILED,
        plan: "街区控制性详细规划（虚构）",
        policy: "按新增产业禁限目录准入（虚构）",
        part: [0.30, 0.22, 0.50, 0.36],
    },
];

impl Synth {
    /// Towns and villages as rows of the units of `places`.
    pub fn units(&self, collection: &ShippedCollection) -> Result<Vec<Feature>, SynthError> {
        let fields = collection.fields();
        let unit = |feature: Feature, level: &str| {
            let text = |at: usize| match &feature.properties[at] {
                Value::Text(text) => text.clone(),
                _ => String::new(),
            };
            let stat12 = text(0);
            let (code, parent) = match level {
                "town" => (&stat12[..9], &stat12[..6]),
                _ => (&stat12[..], &stat12[..9]),
            };
            let values = [
                ("code", Value::Text(code.to_owned())),
                ("stat12", Value::Text(stat12.clone())),
                ("name", Value::Text(text(1))),
                ("level", Value::Text(level.to_owned())),
                ("parent", Value::Text(parent.to_owned())),
                (
                    "urban_rural_class",
                    if level == "village" { Value::Text(text(3)) } else { Value::Null },
                ),
                ("valid_from", Value::Text(VALID_FROM.to_owned())),
            ];
            Feature {
                id: None,
                geometry: feature.geometry.map(many),
                properties: row(&fields, values),
            }
        };
        let towns = (0..self.region.towns)
            .map(|town| Ok(unit(village::town(&self.region, &self.ground, town)?, "town")));
        let villages = self.features(Layer::Villages).map(|one| Ok(unit(one?, "village")));
        towns.chain(villages).collect()
    }

    /// Areas (片区) that a working group has drawn, across villages and towns: one where the towns meet and
    /// one about the first village.
    pub fn focus_areas(
        &self,
        units: &ShippedCollection,
        collection: &ShippedCollection,
    ) -> Result<Vec<Feature>, SynthError> {
        let (of_units, fields) = (units.fields(), collection.fields());
        let units = self.units(units)?;
        let villages = units.iter().filter(|unit| text_of(&of_units, unit, "level") == "village");
        let middles: Vec<Point> = villages
            .filter_map(|unit| unit.geometry.as_ref()?.shape.bounding_rect())
            .map(|bounds| bounds.center().into())
            .collect();
        let Some(first) = middles.first().copied() else { return Ok(Vec::new()) };
        let all = MultiPoint::new(middles);
        let heart = all.bounding_rect().map_or(first, |bounds| bounds.center().into());
        let near = |at: Point, most: usize| {
            let mut near = all.0.clone();
            let far = |one: &Point| (one.x() - at.x()).hypot(one.y() - at.y());
            near.sort_by(|one, other| far(one).total_cmp(&far(other)));
            near.truncate(most);
            Shape::from(MultiPolygon::new(vec![MultiPoint::new(near).convex_hull()]))
        };
        let area = |code: &str, name: &str, kind: &str, shape: Shape| {
            let values = [
                ("code", text(code)),
                ("name", text(name)),
                ("kind", text(kind)),
                ("valid_from", text(VALID_FROM)),
            ];
            Feature { id: None, geometry: Some(shape.into()), properties: row(&fields, values) }
        };
        Ok(vec![
            area("PQ-1", "两镇交界片区（虚构）", "片区", near(heart, 9)),
            area("PQ-2", "示例城乡接合部（虚构）", "城乡接合部", near(first, 5)),
        ])
    }

    /// The cells of the grid: four a village, parted where its roads meet, numbered from west to east and
    /// north to south.
    pub fn grid_cells(&self, collection: &ShippedCollection) -> Result<Vec<Feature>, SynthError> {
        let fields = collection.fields();
        let mut cells = Vec::new();
        for position in 0..self.villages() {
            let place = self.region.place(position);
            let village = naming::village_code(place.town, place.village);
            let station = naming::village_name(place.village) + "网格服务站（虚构）";
            for (serial, ring) in (1..).zip(self.region.quarters(place.cell)) {
                let values = [
                    ("code", Value::Text(format!("{village}{serial:03}"))),
                    ("village", Value::Text(village.clone())),
                    ("land_use", text("农村宅基地")),
                    ("mgmt_level", text(if serial % 2 == 0 { "二级" } else { "一级" })),
                    ("responsible_party", text(&station)),
                    ("valid_from", text(VALID_FROM)),
                ];
                let cell = self.ground.polygon(ring, row(&fields, values))?;
                cells.push(Feature { geometry: cell.geometry.map(many), ..cell });
            }
        }
        Ok(cells)
    }

    /// What plans say of each town.
    pub fn planning_layers(
        &self,
        collection: &ShippedCollection,
    ) -> Result<Vec<Feature>, SynthError> {
        let fields = collection.fields();
        let mut layers = Vec::new();
        for town in 0..self.region.towns {
            let (code, name) = (naming::town_code(town), naming::town_name(town));
            let corners = self.region.town_ring(town).into_iter().map(Point::from);
            let Some(extent) = corners.collect::<MultiPoint>().bounding_rect() else { continue };
            for (number, planned) in (1..).zip(&PLANNED) {
                let [west, south, east, north] = planned.part;
                let corners = [[west, south], [east, south], [east, north], [west, north]];
                let mut ring = corners
                    .map(|[x, y]| {
                        [extent.min().x + x * extent.width(), extent.min().y + y * extent.height()]
                    })
                    .to_vec();
                ring.push(ring[0]);
                let values = [
                    ("code", Value::Text(format!("GH{code}-{number:02}"))),
                    ("name", Value::Text(format!("{name}{}（虚构）", planned.name))),
                    ("kind", text(planned.kind)),
                    ("plan", Value::Text(format!("{name}{}", planned.plan))),
                    ("policy", text(planned.policy)),
                    ("valid_from", text(VALID_FROM)),
                ];
                let layer = self.ground.polygon(ring, row(&fields, values))?;
                layers.push(Feature { geometry: layer.geometry.map(many), ..layer });
            }
        }
        Ok(layers)
    }

    /// Who answers for which town, village and cell: posts, and no persons.
    pub fn responsibilities(
        &self,
        units: &ShippedCollection,
        collection: &ShippedCollection,
    ) -> Result<Vec<Feature>, SynthError> {
        let (of_units, fields) = (units.fields(), collection.fields());
        let post = |role: &str, unit: String, [area, code]: [&str; 2]| {
            let values = [
                ("role", text(role)),
                ("unit", Value::Text(unit + "（虚构）")),
                ("area_collection", text(area)),
                ("area_code", text(code)),
                ("valid_from", text(VALID_FROM)),
            ];
            Feature { id: None, geometry: None, properties: row(&fields, values) }
        };
        let mut all = Vec::new();
        for unit in self.units(units)? {
            let [name, code, level] =
                ["name", "code", "level"].map(|f| text_of(&of_units, &unit, f));
            if level == "town" {
                let posts = TOWN_POSTS.iter();
                all.extend(posts.map(|[role, office]| {
                    post(role, format!("{name}{office}"), [units.id, &code])
                }));
                continue;
            }
            let [role, office] = VILLAGE_POST;
            all.push(post(role, format!("{name}{office}"), [units.id, &code]));
            all.extend((1..=CELLS).map(|serial| {
                let cell = format!("{code}{serial:03}");
                post(CELL_POST, format!("{name}{serial}号网格员岗"), [GRID_CELLS, &cell])
            }));
        }
        Ok(all)
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
