//! What stands in a courtyard: main house at the north, wings, a front house; sometimes a part
//! that reaches beyond the parcel, which is what an inspector looks for.

use super::lots::Lot;
use super::random::Random;

/// A building, in sheet coordinates.
#[derive(Clone, Debug)]
pub(super) struct House {
    /// 正房, 东厢房, 西厢房, 倒座房.
    pub name: &'static str,
    /// Its vertices, counter-clockwise, the first not repeated.
    pub ring: Vec<[f64; 2]>,
    /// Storeys.
    pub floors: i64,
    /// 房屋结构 code: 3 reinforced concrete, 4 mixed, 5 brick and timber.
    pub structure: &'static str,
    /// Footprint beyond the parcel, m²; 0 for nearly all.
    pub beyond: f64,
}

/// Distance of a house from the wall, metres.
const OFF_WALL: f64 = 0.35;

/// The houses of a courtyard; none in a vacant one.
pub(super) fn houses(random: &mut Random, lot: &Lot) -> Vec<House> {
    if random.chance(0.03) {
        return Vec::new();
    }
    let [west, south, east, north] = lot.inside;
    let [west, south] = [west + OFF_WALL, south + OFF_WALL];
    let [east, north] = [east - OFF_WALL, north - OFF_WALL];
    let encroaches = random.chance(0.07);
    let reach = if encroaches { random.between(0.9, 2.1) } else { 0.0 };
    let structure = random.pick(&[(2, "3"), (5, "4"), (3, "5")]);
    let floors = random.pick(&[(84, 1), (14, 2), (2, 3)]);
    let mut houses = Vec::with_capacity(4);
    let mut add = |name, ring: Vec<[f64; 2]>, floors, beyond| {
        houses.push(House { name, ring, floors, structure, beyond });
    };

    let main_depth = random.between(5.2, 6.8);
    let [main_west, main_east] = [west + random.between(0.0, 1.2), east - random.between(0.0, 0.9)];
    let main_south = north - main_depth;
    let front_depth = random.between(3.0, 4.0);
    let has_front = north - south > main_depth + front_depth + 3.2
        && (random.chance(0.5) || (encroaches && !lot.faces_north));
    let main_north = if encroaches && lot.faces_north { north + reach } else { north };
    let wing_south = south + if has_front { front_depth + 0.7 } else { random.between(0.0, 2.5) };
    let wing_length = (main_south - 0.8 - wing_south).min(random.between(4.0, 7.0));
    let wing_width = random.between(2.8, 3.7);
    let has_wings = [random.chance(0.72), random.chance(0.58)].map(|is| is && wing_length > 2.6);
    let is_joined = has_wings[1] && random.chance(0.2);

    let beyond = |width: f64| if encroaches { width * (reach - OFF_WALL) } else { 0.0 };
    let main_beyond = if lot.faces_north { beyond(main_east - main_west) } else { 0.0 };
    if is_joined {
        // The western wing and the main house under one roof.
        let inner = main_west + wing_width;
        let wing_south = main_south - wing_length;
        let ring = vec![
            [main_west, wing_south],
            [inner, wing_south],
            [inner, main_south],
            [main_east, main_south],
            [main_east, main_north],
            [main_west, main_north],
        ];
        add("正房", ring, floors, main_beyond);
    } else {
        add("正房", rectangle([main_west, main_south, main_east, main_north]), floors, main_beyond);
    }
    let wing_north = main_south - 0.8;
    if has_wings[0] {
        let ring = rectangle([east - wing_width, wing_north - wing_length, east, wing_north]);
        add("东厢房", ring, 1, 0.0);
    }
    if has_wings[1] && !is_joined {
        let ring = rectangle([west, wing_north - wing_length, west + wing_width, wing_north]);
        add("西厢房", ring, 1, 0.0);
    }
    if has_front {
        // The gate is in the south-eastern corner.
        let front_east = east - random.between(2.2, 3.2);
        let goes_out = encroaches && !lot.faces_north;
        let front_south = if goes_out { south - reach } else { south };
        let ring = rectangle([west, front_south, front_east, south + front_depth]);
        add("倒座房", ring, 1, if goes_out { beyond(front_east - west) } else { 0.0 });
    }
    houses
}

fn rectangle([west, south, east, north]: [f64; 4]) -> Vec<[f64; 2]> {
    vec![[west, south], [east, south], [east, north], [west, north]]
}
