//! The page on which somebody says who they are in Slack.

use axum::Router;
use rekindle::signin::{SignIn, behind_sign_in};
use reqwest::{Client, Method, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::stage::{By, Stage, chat_user};

#[tokio::test]
async fn a_member_who_is_signed_in_says_once_who_they_are() {
    let stage = Stage::set(By::Http).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let house = format!("http://{}", listener.local_addr().unwrap());
    let router = behind_sign_in(Router::new(), SignIn { store: stage.store.clone(), secure: false });
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });

    let ana = stage.store.team().named("ana").await.unwrap();
    let token = stage.store.team().link(&ana).await.unwrap();
    let session = stage.store.team().sign_in(&token).await.unwrap().unwrap();
    let invite = stage.store.chat().invite(&chat_user("U0NEW")).await.unwrap();
    let ask = async |method: Method, session: Option<&str>, site: &str| {
        let mut request = Client::new().request(method, format!("{house}/link-chat/{invite}"));
        request = request.header("sec-fetch-site", site);
        if let Some(session) = session {
            request = request.header("cookie", format!("rekindle_session={session}"));
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let member = async || stage.store.chat().member_of(&chat_user("U0NEW")).await.unwrap();

    for method in [Method::GET, Method::POST] {
        let (_, page) = ask(method, None, "same-origin").await;
        assert!(page.contains("You are signed out"), "{page}");
    }
    let (status, page) = ask(Method::GET, Some(&session), "same-origin").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("I am U0NEW in Slack") && page.contains("You are signed in as Ana"), "{page}");
    let (status, _) = ask(Method::POST, Some(&session), "cross-site").await;
    assert_eq!(status, StatusCode::FORBIDDEN, "no other page can say it for her");
    assert_eq!(member().await, None, "looking links nobody");

    let (status, page) = ask(Method::POST, Some(&session), "same-origin").await;
    assert!(status == StatusCode::OK && page.contains("In Slack you are Ana now"), "{page}");
    assert_eq!(member().await, Some(ana));
    let (status, page) = ask(Method::POST, Some(&session), "same-origin").await;
    assert!(status == StatusCode::NOT_FOUND && page.contains("good no more"), "{page}");
}
