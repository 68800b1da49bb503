//! A survey package as a company delivers it: Shapefiles and DBF in GBK, and photos. All of it is made up.

use std::path::Path;

use encoding_rs::GBK;

/// Where the town begins, EPSG:4548, easting and northing.
pub const CORNER: [f64; 2] = [443_400.0, 4_396_000.0];
/// Width of a courtyard, metres.
pub const SIDE: f64 = 20.0;
const PRJ: &str = "PROJCS[\"CGCS2000_3_Degree_GK_CM_117E\",GEOGCS[\"GCS_China_2000\",DATUM[\"D_China_2000\",\
    SPHEROID[\"S\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",\
    0.0174532925199433]],PROJECTION[\"Gauss_Kruger\"],PARAMETER[\"False_Easting\",500000.0],\
    PARAMETER[\"False_Northing\",0.0],PARAMETER[\"Central_Meridian\",117.0],\
    PARAMETER[\"Scale_Factor\",1.0],PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]";

/// The code of a parcel.
pub fn parcel(n: usize) -> String {
    format!("110115001002JC{n:05}")
}

/// 17 digits with the check character that fits.
pub fn identity(digits: &str) -> String {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", char::from(b"10X98765432"[(sum % 11) as usize]))
}

/// What a row looks like.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Nothing: a DBF alone.
    Nothing,
    Point([f64; 2]),
    Line(Vec<[f64; 2]>),
    Polygon(Vec<[f64; 2]>),
}

/// A table: names of columns, rows of texts, a shape each.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<&'static str>,
    pub rows: Vec<(Vec<String>, Shape)>,
    /// Whether a `.prj` lies beside it.
    pub has_prj: bool,
}

impl Table {
    /// The cell of a row, from 1.
    pub fn cell(&mut self, row: usize, column: &str) -> &mut String {
        let at = self.columns.iter().position(|one| *one == column).unwrap();
        &mut self.rows[row - 1].0[at]
    }

    fn write(&self, folder: &Path) {
        let file = |ending: &str| folder.join(format!("{}.{ending}", self.name));
        std::fs::write(file("dbf"), self.dbf()).unwrap();
        let kind = match self.rows.first() {
            Some((_, Shape::Point(_))) => 1,
            Some((_, Shape::Line(_))) => 3,
            Some((_, Shape::Polygon(_))) => 5,
            _ => return,
        };
        std::fs::write(file("shp"), self.shp(kind)).unwrap();
        if self.has_prj {
            std::fs::write(file("prj"), PRJ).unwrap();
        }
    }

    /// In GBK, as its language driver says.
    fn dbf(&self) -> Vec<u8> {
        const WIDTH: usize = 60;
        let mut bytes = vec![0; 32];
        bytes[0] = 3;
        bytes[4..8].copy_from_slice(&(self.rows.len() as u32).to_le_bytes());
        bytes[8..10].copy_from_slice(&((33 + 32 * self.columns.len()) as u16).to_le_bytes());
        bytes[10..12].copy_from_slice(&((1 + WIDTH * self.columns.len()) as u16).to_le_bytes());
        bytes[29] = 0x4D;
        for name in &self.columns {
            let mut descriptor = [0; 32];
            let name = GBK.encode(name).0;
            let length = name.len().min(10);
            descriptor[..length].copy_from_slice(&name[..length]);
            (descriptor[11], descriptor[16]) = (b'C', WIDTH as u8);
            bytes.extend(descriptor);
        }
        bytes.push(0x0D);
        for (cells, _) in &self.rows {
            bytes.push(b' ');
            for cell in cells {
                let mut cell = GBK.encode(cell).0.into_owned();
                cell.resize(WIDTH, b' ');
                bytes.extend(cell);
            }
        }
        bytes.push(0x1A);
        bytes
    }

    fn shp(&self, kind: u32) -> Vec<u8> {
        let mut bytes = vec![0; 100];
        bytes[..4].copy_from_slice(&[0, 0, 0x27, 0x0A]);
        bytes[28..32].copy_from_slice(&1000_u32.to_le_bytes());
        bytes[32..36].copy_from_slice(&kind.to_le_bytes());
        for (slot, (_, shape)) in self.rows.iter().enumerate() {
            let mut content = kind.to_le_bytes().to_vec();
            let ordinates = |path: &[[f64; 2]]| -> Vec<u8> {
                path.iter().flatten().flat_map(|one| one.to_le_bytes()).collect()
            };
            match shape {
                Shape::Nothing => content = vec![0; 4],
                Shape::Point(at) => content.extend(ordinates(&[*at])),
                Shape::Line(path) | Shape::Polygon(path) => {
                    content.extend([0; 32]);
                    content.extend(1_u32.to_le_bytes());
                    content.extend((path.len() as u32).to_le_bytes());
                    content.extend(0_u32.to_le_bytes());
                    content.extend(ordinates(path));
                }
            }
            bytes.extend((slot as u32 + 1).to_be_bytes());
            bytes.extend((content.len() as u32 / 2).to_be_bytes());
            bytes.extend(content);
        }
        let words = bytes.len() as u32 / 2;
        bytes[24..28].copy_from_slice(&words.to_be_bytes());
        bytes
    }
}

/// A place so many metres from the corner of the town.
pub fn at(x: f64, y: f64) -> [f64; 2] {
    [CORNER[0] + x, CORNER[1] + y]
}

/// A rectangle, clockwise from the south-west, as Shapefiles have it.
pub fn rectangle([x, y]: [f64; 2], [width, height]: [f64; 2]) -> Vec<[f64; 2]> {
    [[x, y], [x, y + height], [x + width, y + height], [x + width, y], [x, y]]
        .map(|[x, y]| at(x, y))
        .to_vec()
}

/// Three courtyards in a row: the first two of one couple, the third of two who share it. Each has a house,
/// the second a second one; the first house has two units.
#[derive(Clone, Debug)]
pub struct Files {
    pub parcels: Table,
    pub points: Table,
    pub lines: Table,
    pub buildings: Table,
    pub units: Table,
    pub holders: Table,
    /// Name below the folder, and bytes.
    pub photos: Vec<(String, Vec<u8>)>,
    /// Which tables are delivered, by name; all when empty.
    pub leave_out: Vec<&'static str>,
}

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

impl Files {
    pub fn new() -> Self {
        let mut parcels = Vec::new();
        let (mut points, mut lines) = (Vec::new(), Vec::new());
        for n in 1..=3 {
            let corner = [(n - 1) as f64 * SIDE, 0.0];
            let ring = rectangle(corner, [SIDE, SIDE]);
            let code = parcel(n);
            // As it is printed.
            let shown = format!("{} {} {}", &code[..6], &code[6..12], &code[12..]);
            let address = format!("北京市大兴区试验镇甲村{}号", 10 + n);
            let cells = [&shown, &address, "400.00", "5", &n.to_string(), "调查甲"];
            parcels.push((texts(cells), Shape::Polygon(ring.clone())));
            for corner in 0..4 {
                let number = format!("J{}", corner + 1);
                // A few centimetres beside.
                let [x, y] = ring[corner];
                let kind = if corner == 0 { "钢钉" } else { "墙角" };
                points.push((texts([&code, &number, kind]), Shape::Point([x + 0.02, y - 0.01])));
                let next = format!("J{}", (corner + 1) % 4 + 1);
                let path = vec![ring[corner], ring[corner + 1]];
                lines.push((texts([&code, &number, &next, "20.00", "中"]), Shape::Line(path)));
            }
        }
        let house = |n: usize, number: usize, x: f64| {
            let code = format!("{}F{number:04}", parcel(n));
            let shape = rectangle([(n - 1) as f64 * SIDE + x, 2.0], [6.0, 8.0]);
            (texts([&code, &parcel(n), "正房", "2", "4"]), Shape::Polygon(shape))
        };
        let unit = |n: usize| {
            let building = format!("{}F0001", parcel(1));
            let unit = format!("{building}{n:04}");
            let room = format!("{n}01");
            (texts([&building, &unit, &room, "72.5"]), Shape::Nothing)
        };
        let people = people();
        let holder = |of: usize, who: usize, holding: &str, portion: &str| {
            let [name, number, phone, address] = &people[who];
            let cells = [&parcel(of), name, "1", number, phone, address, holding, portion];
            (texts(cells), Shape::Nothing)
        };
        Self {
            parcels: Table {
                name: "ZD",
                columns: vec!["zddm", "ZL", "ZDMJ", "QLLX", "BSM", "DCR"],
                rows: parcels,
                has_prj: true,
            },
            points: Table {
                name: "JZD",
                columns: vec!["ZDZHDM", "JZDH", "JZDLX"],
                rows: points,
                has_prj: false,
            },
            lines: Table {
                name: "JZX",
                columns: vec!["ZDDM", "QDH", "ZDH", "界址线长度（米）", "JZXWZ"],
                rows: lines,
                has_prj: true,
            },
            buildings: Table {
                name: "KTT_ZRZ",
                columns: vec!["ZRZH", "ZDDM", "JZWMC", "ZCS", "FWJG"],
                rows: vec![house(1, 1, 2.0), house(2, 1, 2.0), house(2, 2, 10.0), house(3, 1, 2.0)],
                has_prj: true,
            },
            units: Table {
                name: "H",
                columns: vec!["ZRZH", "BDCDYH", "SHBW", "SCJZMJ"],
                rows: vec![unit(1), unit(2)],
                has_prj: false,
            },
            holders: Table {
                name: "QLR",
                columns: vec!["ZDDM", "QLRMC", "ZJZL", "ZJH", "DH", "DZ", "GYFS", "QLBL"],
                rows: vec![
                    holder(1, 0, "1", ""),
                    holder(1, 1, "1", ""),
                    holder(2, 0, "0", ""),
                    holder(3, 2, "2", "1/2"),
                    holder(3, 3, "2", "1/2"),
                ],
                has_prj: false,
            },
            photos: vec![
                (format!("photos/{}_1.png", parcel(3)), grey(1)),
                (format!("photos/{}/gate.png", parcel(1)), grey(2)),
            ],
            leave_out: Vec::new(),
        }
    }

    fn tables(&self) -> [&Table; 6] {
        let Self { parcels, points, lines, buildings, units, holders, .. } = self;
        [parcels, points, lines, buildings, units, holders]
    }

    /// Writes the package as the folder `name`.
    pub fn write(&self, folder: &Path, name: &str) {
        let place = folder.join(name);
        let _ = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place).unwrap();
        for table in self.tables().into_iter().filter(|one| !self.leave_out.contains(&one.name)) {
            table.write(&place);
        }
        for (name, bytes) in &self.photos {
            let file = place.join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }
}

/// Name, certificate, telephone and address of four persons whom nobody is.
pub fn people() -> [[String; 4]; 4] {
    [
        ("欧阳试验", "11010119900307002", "13800005678", 12),
        ("司徒样例", "11010119910307004", "13900001234", 12),
        ("诸葛虚构", "11010119920307006", "13700002345", 14),
        ("东方示例", "11010119930307008", "13600003456", 15),
    ]
    .map(|(name, digits, phone, door)| {
        let address = format!("北京市试验区试验镇甲村{door}号");
        [name.to_owned(), identity(digits), phone.to_owned(), address]
    })
}

/// A picture of one pixel as grey as `shade` says.
fn grey(shade: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let header = [&1_u32.to_be_bytes()[..], &1_u32.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    // One stored block of deflate within zlib: filter 0, then the pixel.
    let raw = [0, shade];
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in raw {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let data =
        [&[0x78, 0x01, 1, 2, 0, 0xFD, 0xFF][..], &raw, &(b << 16 | a).to_be_bytes()].concat();
    bytes.extend([0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n']);
    for (kind, body) in [(b"IHDR", &header), (b"IDAT", &data), (b"IEND", &Vec::new())] {
        bytes.extend((body.len() as u32).to_be_bytes());
        let content = [&kind[..], body].concat();
        bytes.extend(&content);
        bytes.extend(crc(&content).to_be_bytes());
    }
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (0_u32.wrapping_sub(crc & 1)));
        }
        crc
    })
}
