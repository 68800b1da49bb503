//! A plane in metres about a position: within some kilometres of it distances are right to a
//! centimetre in a hundred metres.

/// East and north of a position, in metres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plane {
    origin: [f64; 2],
    /// Metres of a degree of longitude and of latitude there, on the ellipsoid of WGS 84.
    metres: [f64; 2],
}

impl Plane {
    /// The plane about `origin`, longitude and latitude in degrees.
    pub fn about(origin: [f64; 2]) -> Self {
        let latitude = origin[1].to_radians();
        // Series of the meridian and the parallel of the ellipsoid, right to a centimetre.
        let north = 111_132.954 - 559.822 * (2.0 * latitude).cos() + 1.175 * (4.0 * latitude).cos();
        let east = 111_412.84 * latitude.cos() - 93.5 * (3.0 * latitude).cos()
            + 0.118 * (5.0 * latitude).cos();
        // At a pole a degree of longitude has no length, and nobody walks there.
        Self { origin, metres: [east.max(1.0), north] }
    }

    /// Metres east and north of the origin.
    pub fn metres(&self, [lon, lat]: [f64; 2]) -> [f64; 2] {
        [(lon - self.origin[0]) * self.metres[0], (lat - self.origin[1]) * self.metres[1]]
    }

    /// Longitude and latitude of a place of the plane.
    pub fn lon_lat(&self, [east, north]: [f64; 2]) -> [f64; 2] {
        [self.origin[0] + east / self.metres[0], self.origin[1] + north / self.metres[1]]
    }

    /// Degrees of longitude and latitude that are so many metres.
    pub fn degrees(&self, metres: f64) -> [f64; 2] {
        self.metres.map(|of_degree| metres / of_degree)
    }
}
