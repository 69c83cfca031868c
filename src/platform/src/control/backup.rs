//! What a control plane comes back with when its database of owners, promotions and approvals is lost: what a backup had.
//!
//! **Invariants.** Only those tables are lost. That they were is written down, so that whoever starts from this knows that
//! it does not know how far the epochs had got. Rows of the outbox keep their numbers: what a lost row told was told.

use super::{Image, Record};
use crate::id::OutboxId;
use crate::message::Event;
use crate::promotion::Event as Change;
use alloc::vec::Vec;
use machine::SortedMap;

/// The row of a commit, if it is one that gets lost: its table and its number.
const fn place(image: &Image) -> Option<(u8, u32)> {
    match image {
        Image::Route(id, _) => Some((0, id.0 as u32)),
        Image::Promotion(id, _) => Some((1, id.0)),
        Image::Approval(number, _) => Some((2, *number)),
        Image::Authority(_) => Some((3, 0)),
        Image::Wake(..)
        | Image::Allocation(..)
        | Image::Deployment(..)
        | Image::Drain(..)
        | Image::Collection(..)
        | Image::Wish(..)
        | Image::Setting(_)
        | Image::Line(_)
        | Image::PutBack => None,
    }
}

/// Brings owners, promotions and approvals back to what they were after the first `backup` records.
pub fn put_back(records: &mut Vec<Record>, backup: usize) {
    let mut kept: SortedMap<(u8, u32), Image> = SortedMap::new();
    for record in records.iter().take(backup) {
        if let Image::PutBack = record.image {
            kept.clear();
        } else if let Some(place) = place(&record.image) {
            kept.insert(place, record.image);
        }
    }
    let beside = |record: &&Record| matches!(record.image, Image::Line(_));
    let mut row = (records.len() - records.iter().filter(beside).count()) as u32;
    let mut add = |image| {
        records.push(Record {
            row: OutboxId(row),
            event: Event::Promotion(Change::PutBack { number: row }),
            image,
        });
        row += 1;
    };
    add(Image::PutBack);
    for image in kept.values() {
        let mut image = *image;
        if let Image::Authority(row) = &mut image {
            row.value.floor_due = true;
        }
        add(image);
    }
}
