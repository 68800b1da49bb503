//! Shares of households in courtyards, and photos of them: some courtyards have two households
//! (一宅多户), some households a second courtyard (一户多宅), some files lack the one or the other.

use ledger::record::dossiers::{PHOTOS, SHARES};
use spatial::Value;

use super::super::SynthError;
use super::super::pictures::Picture;
use super::super::village::Spot;
use super::{Records, Teller, any_day, text, time};

impl Teller<'_> {
    pub(super) fn dossiers(&self, records: &mut Records) -> Result<(), SynthError> {
        let mut last: Option<&Spot> = None;
        for spot in &self.spots {
            let mut random = self.random(b"rd", spot.yard);
            if spot.households == 0 {
                // Whose it is, the neighbour's file says, or nobody's.
                if let Some(owner) = last.take_if(|_| random.chance(0.5)) {
                    self.share(owner, 1, 2, (spot, "全部", String::new()), records);
                }
                continue;
            }
            last = Some(spot);
            for number in 1..=spot.households {
                let is_shared = spot.households > 1;
                // A second courtyard asks for a row of the first.
                let has_row = is_shared || number == 1 && random.chance(0.97);
                if has_row {
                    let portion = if is_shared { "1/2" } else { "全部" };
                    let own = if is_shared { spot.own_houses(number) } else { String::new() };
                    self.share(spot, number, 1, (spot, portion, own), records);
                }
                if random.chance(0.92) {
                    self.photo(spot, number, &mut random, records);
                }
            }
        }
        Ok(())
    }

    fn household(&self, spot: &Spot, number: u64) -> String {
        format!("H{}-{:05}-{number}", self.code, spot.yard)
    }

    fn share(
        &self,
        owner: &Spot,
        number: u64,
        row: u64,
        (on, portion, buildings): (&Spot, &'static str, String),
        records: &mut Records,
    ) {
        let household = self.household(owner, number);
        let values = [
            ("code", text(format!("{household}/{row}"))),
            ("household", text(household)),
            ("parcel", text(&on.parcel)),
            ("portion", text(portion)),
            ("buildings", if buildings.is_empty() { Value::Null } else { Value::Text(buildings) }),
        ];
        records.add(SHARES, None, values);
    }

    fn photo(&self, spot: &Spot, number: u64, random: &mut super::Random, records: &mut Records) {
        let household = self.household(spot, number);
        let hash = records.picture(spot.picture);
        let values = [
            ("code", text(format!("{household}/1"))),
            ("subject_kind", text("household")),
            ("subject", text(household)),
            ("title", text("院落照片（虚构示意）")),
            ("captured_at", time(any_day(random), random.below(480))),
            ("hash", text(hash)),
        ];
        records.add(PHOTOS, None, values);
    }
}

impl Spot {
    /// The houses of one of two households: every other one.
    fn own_houses(&self, number: u64) -> String {
        let own = (1..=self.houses).filter(|house| house % 2 == number % 2);
        let code = |house: u64| format!("{}F{house:04}", self.parcel);
        own.map(code).collect::<Vec<_>>().join("、")
    }

    /// The picture of a courtyard.
    pub(in crate::synth) fn picture_of(houses: usize, floors: i64, structure: &str) -> usize {
        Picture::of(houses, floors, structure).number()
    }
}
