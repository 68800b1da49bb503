//! The schemes in which offices give codes to a unit.

use crate::point::named::named;
use crate::{DivisionCode, normal_form};

named! {
    /// Whose code it is. Schemes differ for the same unit and are never made of one another.
    CodeScheme
    Stat12 "stat12" "统计用区划代码" "Twelve digits of the statistics office."
    Db11064 "db11_064" "街乡代码" "Of DB11/T 064, on which grid codes rest."
    Civil "civil" "民政代码" "Of the civil affairs office."
    Police15 "police15" "公安社区代码" "Fifteen digits of the police (GA/T 2000.33)."
    CadastralDjq "cadastral_djq" "地籍区代码" "The cadastral district; no statistical code."
}

impl CodeScheme {
    /// What is wrong with `code`, in words; `None` when nothing is.
    pub fn fault(self, code: &str) -> Option<String> {
        let code = normal_form(code);
        let digits = code.chars().all(|c| c.is_ascii_digit());
        match self {
            Self::Stat12 => DivisionCode::try_from(code.as_str()).err().map(|e| e.to_string()),
            Self::Police15 if !digits || code.len() != 15 => {
                Some("a police code has 15 digits".to_owned())
            }
            Self::Db11064 | Self::Civil | Self::CadastralDjq if !digits => {
                Some("only digits stand in such a code".to_owned())
            }
            _ => None,
        }
    }
}
