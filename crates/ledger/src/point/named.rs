//! Enumerations whose members have a name for files and interfaces and one for people.

/// `named! { Name Member "identifier" "中文" "What it is." … }`: the enumeration, every member in order
/// as `ALL`, both names, and the way back from the identifier.
macro_rules! named {
    ($(#[$about:meta])* $name:ident $($member:ident $identifier:literal $chinese:literal $doc:literal)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!($chinese, ": ", $doc)] $member,)*
        }

        impl $name {
            /// Every one, in order.
            pub const ALL: [Self; [$($identifier),*].len()] = [$(Self::$member),*];

            /// The name that files and interfaces use.
            pub fn identifier(self) -> &'static str {
                match self { $(Self::$member => $identifier,)* }
            }

            /// The name that people see.
            pub fn chinese(self) -> &'static str {
                match self { $(Self::$member => $chinese,)* }
            }

            /// The one of an identifier.
            pub fn from_identifier(identifier: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.identifier() == identifier)
            }
        }
    };
}
pub(crate) use named;
