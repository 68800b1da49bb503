//! The section `[audit]` of the configuration, and heads of the audit log: made by a command, and by
//! a server once a day.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use spatial::{Day, Timestamp};
use store::audit::{AuditHead, AuditRow};
use store::{AuditStore, GeoPackageStore, StoreError};

use crate::commands::CommandError;
use crate::meeting::key::{PublicKey, read_secret};

/// How often a server looks whether the day has a head.
const EVERY: Duration = Duration::from_secs(600);

/// The audit log.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditConfig {
    /// Secret key (`tuban meeting key`) with which a server signs the newest row of the audit log once
    /// a day; empty: nobody signs but `tuban audit head`. Keep it on another disk than the store.
    pub key: PathBuf,
}

/// The head of `row`, signed at `now`.
pub fn signed(pair: &Ed25519KeyPair, row: &AuditRow, now: Timestamp) -> AuditHead {
    let mut head = AuditHead {
        day: Day::of(now),
        seq: row.seq,
        hash: row.hash,
        signed_at: now,
        key: PublicKey::of(pair).head_key(),
        signature: Vec::new(),
    };
    head.signature = pair.sign(&head.message()).as_ref().to_vec();
    head
}

/// The key of the configuration, where it names one.
///
/// # Errors
/// When it cannot be read.
pub fn key(config: &AuditConfig) -> Result<Option<Ed25519KeyPair>, CommandError> {
    let named: &Path = &config.key;
    (!named.as_os_str().is_empty()).then(|| read_secret(named)).transpose()
}

/// Signs the newest row on each day that has no head yet, for as long as it is awaited.
pub async fn sign_daily(store: Arc<GeoPackageStore>, pair: Ed25519KeyPair) {
    loop {
        if let Err(error) = sign_today(&store, &pair, engine::now()).await {
            tracing::error!(%error, "the audit log is not signed");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Signs the newest row unless the day of `now` has a head.
async fn sign_today(
    store: &GeoPackageStore,
    pair: &Ed25519KeyPair,
    now: Timestamp,
) -> Result<(), StoreError> {
    let heads = store.audit_heads().await?;
    let Some(newest) = store.audit_newest().await? else { return Ok(()) };
    if heads.iter().any(|head| head.day == Day::of(now)) {
        return Ok(());
    }
    let head = signed(pair, &newest, now);
    tracing::info!(seq = head.seq, key = %head.key, "the audit log is signed");
    store.add_audit_head(head).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use store::audit::{AuditEntry, action};

    use super::*;

    #[tokio::test]
    async fn a_day_has_one_head() {
        let folder = tempfile::tempdir().unwrap();
        let store = GeoPackageStore::create(&folder.path().join("a.gpkg")).unwrap();
        let secret = folder.path().join("audit.key");
        crate::meeting::key::make(&secret).unwrap();
        assert!(key(&AuditConfig::default()).unwrap().is_none());
        let pair = key(&AuditConfig { key: secret }).unwrap().unwrap();
        let day = 86_400_000;
        sign_today(&store, &pair, Timestamp(0)).await.unwrap();
        assert_eq!(store.audit_heads().await.unwrap(), [], "there is nothing to sign");
        for hour in 0..49 {
            let now = Timestamp(20_000 * day + hour * 3_600_000);
            store.audit(AuditEntry::of(now, "wang", action::REVEAL, "x")).await.unwrap();
            sign_today(&store, &pair, now).await.unwrap();
        }
        let heads = store.audit_heads().await.unwrap();
        // From 08:00 of one day in Shanghai to 08:00 of the day after the next.
        assert_eq!(heads.iter().map(|head| head.seq).collect::<Vec<_>>(), [1, 17, 41]);
        let told = |_| {};
        let done = store.verify_audit(Some(heads[0].key), told).await.unwrap();
        assert_eq!((done.rows, done.heads, done.covered), (49, 3, 41));
    }
}
