//! Photos and documents as phones and scanners send them: what they are by their first bytes, and
//! copies without what a photo says of person, place and device.
//!
//! Nothing is encoded anew: parts are left out, and every byte of the image stays.
//!
//! *Invariant:* what is answered begins and ends as its format says, and holds no part that is not
//! listed as harmless.

mod jpeg;
#[cfg(test)]
mod photo_tests;
mod png;

use thiserror::Error;

/// What the bytes of a photo or document are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// PDF.
    Pdf,
}

impl PhotoFormat {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Pdf];

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// The ending of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Pdf => "pdf",
        }
    }

    /// The format of a media type, written in lower case.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.media_type() == media_type)
    }

    /// Whether bytes begin as this format does.
    pub fn begins(self, bytes: &[u8]) -> bool {
        bytes.starts_with(match self {
            Self::Jpeg => jpeg::MAGIC,
            Self::Png => png::MAGIC,
            Self::Pdf => b"%PDF-",
        })
    }

    /// A copy that says nothing of person, place and device. A JPEG keeps which way is up, and both
    /// kinds of image what their colours mean; a document is copied as it is.
    ///
    /// # Errors
    /// When the bytes do not begin as the format does, or are cut off or broken before their end.
    pub fn stripped(self, bytes: &[u8]) -> Result<Vec<u8>, BrokenPhoto> {
        match self {
            Self::Jpeg => jpeg::stripped(bytes),
            Self::Png => png::stripped(bytes),
            Self::Pdf if self.begins(bytes) => Ok(bytes.to_vec()),
            Self::Pdf => Err(BrokenPhoto { format: "PDF", at: 0, reason: "it does not begin so" }),
        }
    }
}

/// Bytes that are no whole photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is no whole {format}: {reason}, at byte {at}")]
pub struct BrokenPhoto {
    /// What it should be.
    pub format: &'static str,
    /// How far it could be read.
    pub at: usize,
    /// What is wrong there.
    pub reason: &'static str,
}
