//! The chain of hashes: how a row becomes bytes, and whether rows and heads hold together.

use sm3::{Digest, Sm3};

use super::{
    AuditEntry, AuditFault, AuditHash, AuditHead, AuditRow, AuditVerification, HeadKey,
    MAX_GEOMETRY, MAX_TEXT,
};

/// What stands before the first row: no two stores have the same.
pub(crate) fn genesis(fingerprint: &str) -> AuditHash {
    digest(&[b"tuban-audit-1\n", fingerprint.as_bytes()])
}

/// The row that `entry` becomes as number `seq` after a row with the hash `previous`.
pub(crate) fn link(previous: &AuditHash, seq: u64, mut entry: AuditEntry) -> AuditRow {
    for text in [&mut entry.actor, &mut entry.action, &mut entry.object, &mut entry.reason] {
        cut(text, MAX_TEXT);
    }
    for text in [&mut entry.role, &mut entry.ip].into_iter().flatten() {
        cut(text, MAX_TEXT);
    }
    if let Some(geometry) = &mut entry.geometry {
        cut(geometry, MAX_GEOMETRY);
    }
    cut(&mut entry.result, MAX_TEXT);
    // A name a line, as it is kept.
    let mut named = entry.fields.iter().map(|name| name.replace('\n', " ")).collect::<Vec<_>>();
    named.truncate(MAX_TEXT);
    named.retain(|name| !name.is_empty());
    entry.fields = named;
    let hash = hash_of(previous, seq, &entry);
    AuditRow { seq, entry, hash }
}

fn cut(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
}

fn digest(parts: &[&[u8]]) -> AuditHash {
    let mut hasher = Sm3::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn hash_of(previous: &AuditHash, seq: u64, entry: &AuditEntry) -> AuditHash {
    digest(&[previous, &canonical(seq, entry)])
}

/// A row as bytes: numbers in eight bytes, little end first; of a text its length and then itself;
/// what may be missing begins with a byte that says whether it is there.
fn canonical(seq: u64, entry: &AuditEntry) -> Vec<u8> {
    let AuditEntry { at, actor, role, ip, action, object, fields, geometry, count, reason, result } =
        entry;
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(&seq.to_le_bytes());
    bytes.extend_from_slice(&at.0.to_le_bytes());
    let fields = fields.join("\n");
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    for said in [actor, action, object, &fields, reason, result] {
        text(&mut bytes, said);
    }
    for said in [role, ip, geometry] {
        bytes.push(u8::from(said.is_some()));
        text(&mut bytes, said.as_deref().unwrap_or_default());
    }
    bytes.push(u8::from(count.is_some()));
    bytes.extend_from_slice(&count.unwrap_or(0).to_le_bytes());
    bytes
}

/// A check under way: it is shown every row, oldest first, and then told what heads there are.
pub(crate) struct Chain<'a> {
    previous: AuditHash,
    expected: u64,
    heads: &'a [AuditHead],
    /// The next head, by the number of its row, that is not yet met.
    next_head: usize,
    key: Option<&'a HeadKey>,
    broken: u64,
    done: AuditVerification,
    tell: &'a mut dyn FnMut(AuditFault),
}

impl<'a> Chain<'a> {
    /// Begins. `heads` ascend; with a `key`, heads of others are faults.
    pub(crate) fn new(
        genesis: AuditHash,
        heads: &'a [AuditHead],
        key: Option<&'a HeadKey>,
        tell: &'a mut dyn FnMut(AuditFault),
    ) -> Self {
        let done = AuditVerification::default();
        Self { previous: genesis, expected: 1, heads, next_head: 0, key, broken: 0, done, tell }
    }

    fn fault(&mut self, seq: Option<u64>, reason: String) {
        (self.tell)(AuditFault { seq, reason });
    }

    /// Looks at the next row.
    pub(crate) fn row(&mut self, row: &AuditRow) {
        if row.seq != self.expected {
            let reason = match row.seq - 1 {
                last if last == self.expected => format!("row {last} is missing"),
                last => format!("rows {} to {last} are missing", self.expected),
            };
            self.fault(Some(self.expected), reason);
            self.pass_heads(row.seq - 1);
        }
        if hash_of(&self.previous, row.seq, &row.entry) != row.hash {
            if self.broken == 0 && row.seq == self.expected {
                let reason = "its hash is not that of the row before and of what it says: one of \
                              the two was changed";
                self.fault(Some(row.seq), reason.to_owned());
            }
            self.broken += 1;
        }
        self.previous = row.hash;
        self.expected = row.seq + 1;
        self.done.rows += 1;
        self.done.last = Some((row.seq, row.hash));
        while let Some(head) = self.heads.get(self.next_head).filter(|head| head.seq == row.seq) {
            self.next_head += 1;
            if head.hash != row.hash {
                let reason = format!("its hash is not the one that the head of {} signs", head.day);
                self.fault(Some(row.seq), reason);
            }
            self.signature(head);
        }
        self.pass_heads(row.seq);
    }

    /// Heads of rows up to `seq` that were not met.
    fn pass_heads(&mut self, seq: u64) {
        while let Some(head) = self.heads.get(self.next_head).filter(|head| head.seq <= seq) {
            self.next_head += 1;
            let reason = format!("the head of {} covers this row, which is missing", head.day);
            self.fault(Some(head.seq), reason);
            self.signature(head);
        }
    }

    fn signature(&mut self, head: &AuditHead) {
        self.done.heads += 1;
        if !head.holds() {
            let reason = format!("the signature of the head of {} does not hold", head.day);
            return self.fault(Some(head.seq), reason);
        }
        if self.key.is_some_and(|key| *key != head.key) {
            let reason = format!("the head of {} is signed with another key", head.day);
            return self.fault(Some(head.seq), reason);
        }
        self.done.covered = self.done.covered.max(head.seq);
        if !self.done.keys.contains(&head.key) {
            self.done.keys.push(head.key);
        }
    }

    /// Ends: `given` is the highest number that was ever given.
    pub(crate) fn finish(mut self, given: u64) -> AuditVerification {
        self.pass_heads(u64::MAX);
        if given >= self.expected {
            let reason = match given {
                last if last == self.expected => format!("row {last}, the last one, is missing"),
                last => format!("rows {} to {last}, the last ones, are missing", self.expected),
            };
            self.fault(Some(self.expected), reason);
        }
        if self.broken > 1 {
            let reason = format!("{} rows in all have a wrong hash", self.broken);
            self.fault(None, reason);
        }
        self.done
    }
}
