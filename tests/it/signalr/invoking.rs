//! Invocations, completions and their texts.

use serde_json::{Value, json};

use super::server::TestServer;
use crate::support::hub_client::{HubClient, Token};
use contoso_shop::signalr::HubOptions;

async fn client(server: &TestServer) -> HubClient {
    HubClient::connect(&server.url(), Token::Header("alice")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_answer_and_names_ignore_case() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    assert_eq!(client.invoke("Echo", json!(["hä"])).await, Ok(json!("hä")));
    assert_eq!(client.invoke("aDD", json!([1, 2])).await, Ok(json!(3)));
    assert_eq!(
        client.invoke("Nothing", json!([])).await,
        Ok(Value::Null),
        "void completes with a null result"
    );
    let me = client.invoke("WhoAmI", json!([])).await.unwrap();
    assert_eq!(me[0], "alice");
    assert_eq!(me[1].as_str().unwrap().len(), 22);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_have_microsofts_texts_and_do_not_end_the_connection() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    let cases = [
        (
            "Missing",
            json!([]),
            "Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist.",
        ),
        ("add", json!([1]), "Failed to invoke 'add' due to an error on the server."),
        ("Add", json!([1, "x"]), "Failed to invoke 'Add' due to an error on the server."),
        (
            "Refuse",
            json!(["no"]),
            "An unexpected error occurred invoking 'Refuse' on the server. HubException: no",
        ),
        ("Break", json!([]), "An unexpected error occurred invoking 'Break' on the server."),
        ("Panic", json!([true]), "An unexpected error occurred invoking 'Panic' on the server."),
        ("Panic", json!([false]), "An unexpected error occurred invoking 'Panic' on the server."),
    ];
    for (target, arguments, text) in cases {
        assert_eq!(client.invoke(target, arguments).await, Err(text.to_owned()));
    }
    assert_eq!(client.invoke("Echo", json!(["still here"])).await, Ok(json!("still here")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn detailed_errors_name_the_reason() {
    let server = TestServer::with(HubOptions { detailed_errors: true, ..HubOptions::default() });
    let mut client = client(&server).await;
    let prefix = "Failed to invoke 'Add' due to an error on the server. InvalidDataException: ";
    assert_eq!(
        client.invoke("Add", json!([1])).await,
        Err(format!("{prefix}Invocation provides 1 argument(s) but target expects 2."))
    );
    assert_eq!(
        client.invoke("Add", json!([1, "x"])).await,
        Err(format!(
            "{prefix}Error binding arguments. Make sure that the types of the provided values match the types of the hub method \
             being invoked."
        ))
    );
    assert_eq!(
        client.invoke("Break", json!([])).await,
        Err(
            "An unexpected error occurred invoking 'Break' on the server. Exception: secret detail"
                .into()
        )
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streaming_calls_of_what_does_not_stream_are_refused() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    let cases = [
        (
            r#"{"type":4,"invocationId":"9","target":"Echo","arguments":["x"]}"#,
            "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.",
        ),
        (
            r#"{"type":4,"invocationId":"9","target":"Nope","arguments":[]}"#,
            "Failed to invoke 'Nope' due to an error on the server. HubException: Method does not exist.",
        ),
        (
            r#"{"type":1,"invocationId":"9","target":"Nothing","arguments":[],"streamIds":["1"]}"#,
            "An unexpected error occurred invoking 'Nothing' on the server. HubException: Client sent 1 stream(s), Hub method \
             expects 0.",
        ),
    ];
    for (message, text) in cases {
        client.text(format!("{message}\u{1e}")).await;
        assert_eq!(
            client.next().await,
            Some(json!({"type": 3, "invocationId": "9", "error": text}))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_without_an_answer_are_not_answered() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    let silent = [
        r#"{"type":1,"target":"Missing","arguments":[]}"#,
        r#"{"type":1,"target":"Echo","arguments":["x"]}"#,
        r#"{"type":99,"what":"ever"}"#,
        r#"{"type":2,"invocationId":"7","item":1}"#,
        r#"{"type":3,"invocationId":"7","result":1}"#,
        r#"{"type":5,"invocationId":"7"}"#,
        r#"{"type":6}"#,
        r#"{"type":8,"sequenceId":1}"#,
    ];
    client.text(silent.map(|message| format!("{message}\u{1e}")).concat()).await;
    let id = client.start("Nothing", json!([])).await;
    assert_eq!(client.next().await, Some(json!({"type": 3, "invocationId": id, "result": null})));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_runs_one_invocation_at_a_time_and_others_go_on() {
    let server = TestServer::start();
    let (mut one, mut other) = (client(&server).await, client(&server).await);
    let first = one.start("Wait", json!(["a"])).await;
    let second = one.start("Wait", json!(["b"])).await;
    assert_eq!(other.invoke("Echo", json!(["x"])).await, Ok(json!("x")));
    server.gate.add_permits(2);
    assert_eq!(one.next().await.unwrap()["invocationId"], first.as_str());
    assert_eq!(one.next().await.unwrap()["invocationId"], second.as_str());
    let waits: Vec<_> =
        server.logged().into_iter().filter(|line| !line.starts_with("conn")).collect();
    assert_eq!(waits, ["start a", "end a", "start b", "end b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_sent_before_it_left_is_still_done() {
    let server = TestServer::start();
    let mut client = client(&server).await;
    client.start("Wait", json!(["a"])).await;
    client.start("Wait", json!(["b"])).await;
    client.text("{\"type\":7}\u{1e}").await;
    server.gate.add_permits(2);
    let closed = client.closed().await;
    assert_eq!((closed.message, closed.code), (Some(json!({"type": 7})), Some(1000)));
    server.wait_connections(0).await;
    assert_eq!(
        server.logged(),
        ["connected alice", "start a", "end a", "start b", "end b", "disconnected alice"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messagepack_clients_are_served_in_binary_frames() {
    use futures_util::StreamExt;
    use tokio_tungstenite::tungstenite::Message;

    let server = TestServer::start();
    let mut client = HubClient::open(&server.url(), Token::Query("alice"), &[]).await.unwrap();
    client.text("{\"protocol\":\"messagepack\",\"version\":1}\u{1e}").await;
    assert_eq!(client.socket().next().await.unwrap().unwrap(), Message::Binary("{}\u{1e}".into()));
    let add = [0x0D, 0x95, 0x01, 0x80, 0xA1, 0x30, 0xA3, b'a', b'd', b'd', 0x92, 0x01, 0xCC, 0x02];
    client.frame(Message::Binary(add.to_vec().into())).await.unwrap();
    let completion = [0x07, 0x95, 0x03, 0x80, 0xA1, 0x30, 0x03, 0x03];
    assert_eq!(
        client.socket().next().await.unwrap().unwrap(),
        Message::Binary(completion.to_vec().into())
    );
    server.context().user("alice").send("Hi", &(1,)).await.unwrap();
    let event = [0x0A, 0x96, 0x01, 0x80, 0xC0, 0xA2, b'H', b'i', 0x91, 0x01, 0x90];
    assert_eq!(
        client.socket().next().await.unwrap().unwrap(),
        Message::Binary(event.to_vec().into())
    );
}
