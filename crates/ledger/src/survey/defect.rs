//! What can be wrong with a package, and what to do.

/// What is wrong with a row; counted by [`DefectKind::identifier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefectKind {
    /// A layer that is no table of a package.
    UnknownTable,
    /// A row that cannot be read, or whose place cannot be kept.
    RowLeftOut,
    /// A shape that was mended.
    ShapeRepaired,
    /// A parcel without its code.
    MissingParcelCode,
    /// A row that nothing names.
    NoNumber,
    /// A 宗地代码 that is none.
    BadParcelCode,
    /// A 不动产单元代码 that is none.
    BadUnitCode,
    /// A 自然幢号 that is none.
    BadBuildingCode,
    /// A county outside Beijing.
    OtherCounty,
    /// A homestead or collective parcel on land that is not collective.
    NotCollective,
    /// A 不动产单元代码 of another parcel.
    UnitOfOtherParcel,
    /// A 自然幢号 of another parcel.
    BuildingOfOtherParcel,
    /// A number that a row before it has.
    DuplicateNumber,
    /// A parcel that nobody holds.
    ParcelWithoutHousehold,
    /// A holder whose parcel is not there.
    HouseholdWithoutParcel,
    /// A building whose parcel is not there.
    BuildingWithoutParcel,
    /// A unit whose building is not there.
    UnitWithoutBuilding,
    /// 疑似超占.
    BuildingOutside,
    /// A boundary point or line whose parcel is not there.
    BoundaryWithoutParcel,
    /// A boundary point that lies on no vertex.
    PointOffVertex,
    /// Boundary lines that do not lead back to where they began.
    BoundaryOpen,
    /// A recorded length that is not that of the line.
    LengthDiffers,
    /// A registered area that is not that of the shape.
    AreaDiffers,
    /// A photo that names nobody.
    PhotoOfNobody,
    /// A photo that is none, or too large.
    BadPhoto,
    /// An identity number or credit code that fails its check.
    BadCertificate,
    /// A holder without a name.
    NamelessHolder,
    /// A field that its collection does not have.
    FieldNotKept,
    /// A column that should hold no persons and does.
    PersonalColumn,
}

use DefectKind as Kind;

impl DefectKind {
    /// Every one.
    pub const ALL: [Self; 29] = [
        Self::UnknownTable,
        Self::RowLeftOut,
        Self::ShapeRepaired,
        Self::MissingParcelCode,
        Self::NoNumber,
        Self::BadParcelCode,
        Self::BadUnitCode,
        Self::BadBuildingCode,
        Self::OtherCounty,
        Self::NotCollective,
        Self::UnitOfOtherParcel,
        Self::BuildingOfOtherParcel,
        Self::DuplicateNumber,
        Self::ParcelWithoutHousehold,
        Self::HouseholdWithoutParcel,
        Self::BuildingWithoutParcel,
        Self::UnitWithoutBuilding,
        Self::BuildingOutside,
        Self::BoundaryWithoutParcel,
        Self::PointOffVertex,
        Self::BoundaryOpen,
        Self::LengthDiffers,
        Self::AreaDiffers,
        Self::PhotoOfNobody,
        Self::BadPhoto,
        Self::BadCertificate,
        Self::NamelessHolder,
        Self::FieldNotKept,
        Self::PersonalColumn,
    ];

    /// Its word, in snake case; stable.
    pub fn identifier(self) -> &'static str {
        self.told().0
    }

    /// What to do, in a sentence.
    pub fn advice(self) -> &'static str {
        self.told().1
    }

    /// Whether something of the package is not in the store because of it.
    pub fn leaves_out(self) -> bool {
        matches!(
            self,
            Kind::RowLeftOut
                | Kind::NoNumber
                | Kind::DuplicateNumber
                | Kind::HouseholdWithoutParcel
                | Kind::PhotoOfNobody
                | Kind::BadPhoto
                | Kind::UnknownTable
                | Kind::FieldNotKept
                | Kind::PersonalColumn
        )
    }

    fn told(self) -> (&'static str, &'static str) {
        match self {
            Kind::UnknownTable => (
                "unknown_table",
                "no table of a package: say in the file of `[ledger] survey` which it is, or import it by \
                 itself",
            ),
            Kind::RowLeftOut => ("row_left_out", "mend the row and read the package again"),
            Kind::ShapeRepaired => {
                ("shape_repaired", "the shape was mended: look at it on the map")
            }
            Kind::MissingParcelCode => {
                ("missing_parcel_code", "the parcel goes by another number: give it its ZDDM")
            }
            Kind::NoNumber => {
                ("no_number", "nothing tells the row from others: give it its number")
            }
            Kind::BadParcelCode => {
                ("bad_parcel_code", "not of 19 characters as GB/T 37346: correct it")
            }
            Kind::BadUnitCode => {
                ("bad_unit_code", "not of 28 characters as GB/T 37346: correct it")
            }
            Kind::BadBuildingCode => {
                ("bad_building_code", "not a parcel code, F and four digits: correct it")
            }
            Kind::OtherCounty => ("other_county", "the county is not in Beijing: check the code"),
            Kind::NotCollective => (
                "not_collective",
                "of kind A or C, yet the land is not collective (J): check the code",
            ),
            Kind::UnitOfOtherParcel => (
                "unit_of_other_parcel",
                "the unit code is of another parcel: correct one of the two",
            ),
            Kind::BuildingOfOtherParcel => (
                "building_of_other_parcel",
                "the building number is of another parcel: correct one of the two",
            ),
            Kind::DuplicateNumber => (
                "duplicate_number",
                "a row before it has the number and went in: correct one of the two",
            ),
            Kind::ParcelWithoutHousehold => {
                ("parcel_without_household", "nobody holds the parcel: add its row of holders")
            }
            Kind::HouseholdWithoutParcel => (
                "household_without_parcel",
                "its parcel is neither in the package nor in the store: correct the code, or add the parcel",
            ),
            Kind::BuildingWithoutParcel => (
                "building_without_parcel",
                "its parcel is neither in the package nor in the store: correct the code, or add the parcel",
            ),
            Kind::UnitWithoutBuilding => (
                "unit_without_building",
                "its building is neither in the package nor in the store: correct the number, or add it",
            ),
            Kind::BuildingOutside => (
                "building_outside",
                "疑似超占: so much lies beyond its parcel: survey it again, or check",
            ),
            Kind::BoundaryWithoutParcel => (
                "boundary_without_parcel",
                "its parcel is neither in the package nor in the store: correct the code",
            ),
            Kind::PointOffVertex => (
                "point_off_vertex",
                "so far from any vertex of a parcel: correct the one or the other",
            ),
            Kind::BoundaryOpen => {
                ("boundary_open", "its boundary lines do not lead round: add or correct lines")
            }
            Kind::LengthDiffers => {
                ("length_differs", "recorded less measured: correct the length, or the line")
            }
            Kind::AreaDiffers => {
                ("area_differs", "registered less measured: correct the area, or the shape")
            }
            Kind::PhotoOfNobody => (
                "photo_of_nobody",
                "call it by the number of a household, parcel or building and _1, _2 …",
            ),
            Kind::BadPhoto => ("bad_photo", "no whole JPEG or PNG within the limit: send it anew"),
            Kind::BadCertificate => {
                ("bad_certificate", "the number fails its check: compare it with the certificate")
            }
            Kind::NamelessHolder => ("nameless_holder", "the name is missing: fill it in"),
            Kind::PersonalColumn => (
                "personal_column",
                "most values look like identity or mobile numbers: move them to the table of holders",
            ),
            Kind::FieldNotKept => (
                "field_not_kept",
                "the collection has no such field: add it there, or keep the values elsewhere",
            ),
        }
    }
}

/// One thing that is wrong. Never has a value of the row: a value may be personal.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveyDefect {
    /// The layer.
    pub layer: String,
    /// The row, from 1; 0 for the layer as a whole.
    pub row: u64,
    /// What is wrong.
    pub kind: DefectKind,
    /// The field, where it lies in one.
    pub field: Option<String>,
    /// What was measured, or which rule of a code is broken.
    pub detail: String,
}
