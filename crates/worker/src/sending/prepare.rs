//! What was claimed is made ready: the first, cheap gate for all of it, then rendered and frozen, a batch at a time.

use super::{Ready, Shared};
use crate::letters::Written;
use rekindle_core::{ids::DeliveryId, outflow::Wish, playbook::Playbooks};
use rekindle_storage::{
    Result, StoreError,
    outbox::{Claimed, Frozen, Passage, Sender, Ticket},
};
use std::{collections::HashSet, sync::Arc};

/// Makes a batch ready. What the gate stopped, and what cannot be written, has landed; the others are returned.
pub(super) async fn prepare(
    shared: &Arc<Shared>,
    sender: &Sender,
    claimed: Vec<Claimed>,
    playbooks: Arc<Playbooks>,
) -> Result<Vec<Ready>> {
    let outbox = shared.store.outbox();
    let claimed = in_pace(shared, sender, claimed).await?;
    let tickets: Vec<Ticket> = claimed.iter().map(|c| c.ticket).collect();
    let rules = shared.rules(&playbooks);
    let passages = match outbox.look(sender, &tickets, rules).await {
        Ok(passages) => passages,
        Err(error @ (StoreError::Away(_) | StoreError::Busy(_))) => return Err(error),
        Err(error) => {
            // One bad row must not hold up its neighbours: the gatekeeper asks one by one.
            tracing::warn!(%error, "the first gate failed; each mail is asked about at its own");
            vec![Passage::Clear; tickets.len()]
        }
    };
    let clear: Vec<Claimed> = claimed
        .into_iter()
        .zip(passages)
        .filter_map(|(claimed, passage)| (passage == Passage::Clear).then_some(claimed))
        .collect();
    let mut landed = tickets.len() - clear.len();

    let (known, new): (Vec<Claimed>, Vec<Claimed>) = clear.into_iter().partition(|c| c.frozen.is_some());
    let mut mails: Vec<(Ticket, Frozen)> =
        known.into_iter().filter_map(|mut claimed| Some((claimed.ticket, claimed.frozen.take()?))).collect();
    if !new.is_empty() {
        shared.letters.number_links(&shared.store, &new).await?;
        let mut to_freeze = Vec::with_capacity(new.len());
        let mut offers = Vec::new();
        let mut given_up = Vec::new();
        for (ticket, written) in render(shared, new, playbooks).await {
            match written {
                Ok(Written { frozen, offer }) => {
                    offers.extend(offer);
                    to_freeze.push((ticket.id, frozen.clone()));
                    mails.push((ticket, frozen));
                }
                Err(why) => given_up.push((ticket, why)),
            }
        }
        outbox.freeze(&to_freeze, &offers).await?;
        for (ticket, why) in given_up {
            outbox.give_up(sender, ticket, &why).await?;
            landed += 1;
        }
    }
    shared.flight.ended(landed);
    let ready = mails.into_iter().map(|(ticket, frozen)| Ready {
        ticket,
        recipient: frozen.recipient,
        bytes: frozen.bytes,
    });
    Ok(ready.collect())
}

/// Those that may leave now; the others have landed, back in the outbox.
async fn in_pace(shared: &Arc<Shared>, sender: &Sender, claimed: Vec<Claimed>) -> Result<Vec<Claimed>> {
    let limits = &shared.settings.pace;
    if !limits.is_any() {
        return Ok(claimed);
    }
    let from = &shared.settings.from;
    // One without an address goes on, to be told so.
    let wish = |claimed: &Claimed| Some((claimed.ticket, Wish::between(from, claimed.to.email.as_ref()?)));
    let wishes: Vec<(Ticket, Wish)> = claimed.iter().filter_map(wish).collect();
    let may = shared.store.outbox().admit(sender, &wishes, limits).await?;
    let waits: HashSet<DeliveryId> =
        wishes.iter().zip(may).filter(|(_, may)| !may).map(|((ticket, _), _)| ticket.id).collect();
    shared.flight.ended(waits.len());
    Ok(claimed.into_iter().filter(|claimed| !waits.contains(&claimed.ticket.id)).collect())
}

/// Renders on all cores, off the loop; in the order in which they came.
async fn render(
    shared: &Arc<Shared>,
    claimed: Vec<Claimed>,
    playbooks: Arc<Playbooks>,
) -> Vec<(Ticket, Result<Written, String>)> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = claimed.len().div_ceil(cores).max(1);
    let now = shared.store.clock().calendar();
    let mut claimed = claimed.into_iter().peekable();
    let mut parts = Vec::new();
    while claimed.peek().is_some() {
        let part: Vec<Claimed> = claimed.by_ref().take(share).collect();
        let tickets: Vec<Ticket> = part.iter().map(|c| c.ticket).collect();
        let (shared, playbooks) = (shared.clone(), playbooks.clone());
        let work = tokio::task::spawn_blocking(move || {
            let write = |claimed: &Claimed| {
                let written = shared.letters.write(claimed, &playbooks, shared.store.ring(), now);
                written.map_err(|error| {
                    let (delivery, mail) = (claimed.ticket.id, claimed.mail.as_str());
                    let why =
                        if error.may_be_logged() { error.to_string() } else { "see its reason".to_owned() };
                    tracing::error!(%delivery, mail, why, "a mail cannot be written; its run ends");
                    error.to_string()
                })
            };
            part.iter().map(write).collect::<Vec<_>>()
        });
        parts.push((tickets, work));
    }
    let mut all = Vec::new();
    for (tickets, work) in parts {
        let written = work.await.unwrap_or_else(|error| {
            tracing::error!(%error, "rendering broke off");
            vec![Err("rendering broke off".to_owned()); tickets.len()]
        });
        all.extend(tickets.into_iter().zip(written));
    }
    all
}
