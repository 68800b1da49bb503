//! Who posts what: one task a fence that has events, until its webhook has taken them all.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::fences::{Fence, FenceId, Fences};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::client::{Failure, post};
use super::{MAX_PAUSE, Webhooks, signature};
use crate::fence_document::event;

/// Most events of one delivery.
const BATCH: usize = 100;
/// Most deliveries at a time.
const AT_ONCE: usize = 16;
/// How often it is looked whether the fences are still there.
const LOOK: Duration = Duration::from_secs(1);

/// Starts a task for every fence whose webhook has something to take.
pub async fn watch(webhooks: Arc<Webhooks>, fences: Weak<Fences>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut working: BTreeMap<FenceId, JoinHandle<()>> = BTreeMap::new();
    let Some(mut newest) = fences.upgrade().map(|fences| fences.newest()) else { return };
    let mut waiting = std::collections::BTreeSet::new();
    loop {
        newest.borrow_and_update();
        {
            let Some(fences) = fences.upgrade() else { return };
            working.retain(|_, task| !task.is_finished());
            waiting.extend(fences.take_posting());
            let free: Vec<FenceId> =
                waiting.iter().filter(|id| !working.contains_key(id)).copied().collect();
            for id in free {
                waiting.remove(&id);
                let task = deliver_all(
                    Arc::clone(&webhooks),
                    Arc::downgrade(&fences),
                    id,
                    Arc::clone(&places),
                );
                working.insert(id, tokio::spawn(task));
            }
        }
        // A task that has just looked for the last time leaves the newest events to the next.
        let changed = tokio::time::timeout(LOOK, newest.changed()).await;
        if matches!(changed, Ok(Err(_))) {
            return;
        }
    }
}

/// Posts what the webhook of one fence has not taken, trying again until it has or the fence is
/// gone. The pauses between attempts are bounded, their number is not: what is let go is decided
/// by how long events are kept.
async fn deliver_all(
    webhooks: Arc<Webhooks>,
    fences: Weak<Fences>,
    id: FenceId,
    places: Arc<Semaphore>,
) {
    let mut pause = webhooks.settings.first_pause;
    loop {
        let outcome = {
            let Some(fences) = fences.upgrade() else { return };
            let Some(fence) = fences.one(id).await else { return };
            let Ok(_place) = places.acquire().await else { return };
            let delivered = deliver(&webhooks, &fences, &fence).await;
            let counts = fences.engine().watching();
            match &delivered {
                Ok(Some(_)) => counts.webhook_deliveries.fetch_add(1, Ordering::Relaxed),
                Ok(None) => return,
                Err(_) => counts.webhook_failures.fetch_add(1, Ordering::Relaxed),
            };
            delivered
        };
        match outcome {
            Ok(_) => pause = webhooks.settings.first_pause,
            Err(error) => {
                let seconds = pause.as_secs_f64();
                tracing::warn!(fence = %id, %error, "a webhook took nothing; again in {seconds} s");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
        }
    }
}

/// Posts the next events; the last of them, or none when there are no more.
async fn deliver(
    webhooks: &Webhooks,
    fences: &Fences,
    fence: &Fence,
) -> Result<Option<u64>, Failure> {
    let Some(webhook) = &fence.definition.webhook else { return Ok(None) };
    let failed = |error: engine::EngineError| Failure::Io(std::io::Error::other(error));
    let page = fences.events(fence.id, fence.delivered, BATCH).await.map_err(failed)?;
    let Some(last) = page.events.last().map(|event| event.id) else { return Ok(None) };
    // Read anew each time: the operator may have listed less since the fence was made.
    let target = webhooks.check(&webhook.url)?;
    let body = json!({
        "fence": { "id": fence.id.0, "name": fence.definition.name },
        "events": page.events.iter().map(event).collect::<Vec<_>>()
    });
    let body = body.to_string().into_bytes();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let timestamp = now.as_secs().to_string();
    let mut headers = vec![("tuban-event-id", last.to_string())];
    if let Some(secret) = &webhook.secret {
        headers.push(("tuban-signature", signature(secret, &timestamp, &body)));
    }
    headers.push(("tuban-timestamp", timestamp));
    let posted = tokio::time::timeout(webhooks.settings.timeout, post(&target, &headers, body));
    posted.await.unwrap_or(Err(Failure::Timeout))?;
    fences.delivered(fence.id, last).await.map_err(failed)?;
    Ok(Some(last))
}
