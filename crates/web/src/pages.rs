//! What the team reads: the dashboard, leads, and the mails that went to a folder.
//!
//! Who asks is known before ([`rekindle_core::team::Member`] as an extension of the request); whoever is
//! not known is shown the way in. Every page is for every role but the one that decides about deliveries.

mod assets;
mod campaign;
mod dashboard;
mod deliveries;
mod door;
mod frame;
mod lead;
mod leads;
mod mailbox;
mod preview;
mod refused;
mod saying;
mod segments;
mod templates;

pub use assets::assets;
pub use door::{chat_linked_page, link_chat_page, link_over_page, signed_out_page, signin_page};

use crate::{Doors, html};
use axum::{
    Router,
    middleware::map_response,
    routing::{get, post},
};

/// The routes of the team: `/`, `/overview.csv`, `/campaigns/ID`, `/leads`, `/leads/ID`, `/segments`, `/segments.csv`, `/mail`, `/mail/FILE`,
/// `/mail/FILE/html`, `/templates`, `/templates/NAME`, `/templates/NAME/html` and `POST /deliveries/ID`.
///
/// They want `Extension<Member>` on the request from who signs people in (401 and the way in without), and
/// a layer around them that refuses what other sites post.
pub fn staff_pages(doors: Doors) -> Router {
    Router::new()
        .route("/", get(dashboard::show))
        .route("/overview.csv", get(dashboard::csv))
        .route("/campaigns/{id}", get(campaign::show))
        .route("/leads", get(leads::show))
        .route("/leads/{id}", get(lead::show))
        .route("/segments", get(segments::show))
        .route("/segments.csv", get(segments::csv))
        .route("/mail", get(mailbox::list))
        .route("/mail/{file}", get(mailbox::read))
        .route("/mail/{file}/html", get(preview::html))
        .route("/templates", get(templates::list))
        .route("/templates/{name}", get(templates::one))
        .route("/templates/{name}/html", get(templates::html))
        .route("/deliveries/{id}", post(deliveries::decide))
        .layer(map_response(html::for_staff))
        .with_state(doors)
}
