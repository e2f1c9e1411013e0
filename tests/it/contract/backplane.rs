//! What every backplane must do: the lifetimes of several servers behave as one hub.

use std::sync::Arc;
use std::time::Duration;

use contoso_shop::adapters::redis::{Dialer, RedisBackplane, command_client};
use contoso_shop::config::{RedisSettings, RedisTopology};
use contoso_shop::signalr::ConnectionId;
use contoso_shop::signalr::backplane::{Backplane, BackplaneError, BackplaneState, InProcessBus};
use contoso_shop::signalr::{
    HubOptions, MissingVersions, OrderedRecipients, OrderedSend, SendError, SerializedMessage,
};
use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::Builder;
use fred::types::config::{Config, ReconnectPolicy, ServerConfig};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::signalr::server::TestServer;
use crate::support::hub_client::{HubClient, Token};
use crate::support::redis::{client, settings};
use crate::support::redis_forms::{RedisCluster, cli};
use crate::support::redis_server::RedisServer;
use crate::support::tasks::tasks;
use crate::support::wait::until;

const SOON: Duration = Duration::from_secs(10);

/// Makes backplanes that reach each other when hub (and, where there is one, prefix) agree.
trait Fabric {
    fn join(&self, prefix: &str, hub: &str) -> Arc<dyn Backplane>;
}

struct InProcess(InProcessBus);

impl Fabric for InProcess {
    fn join(&self, prefix: &str, hub: &str) -> Arc<dyn Backplane> {
        self.0.join(&format!("{prefix}{hub}"))
    }
}

struct Redis {
    server: RedisServer,
}

impl Fabric for Redis {
    fn join(&self, prefix: &str, hub: &str) -> Arc<dyn Backplane> {
        let dialer = Dialer::new(&settings(self.server.port)).expect("good settings");
        let losses = tokio::sync::watch::channel(0).1;
        let publisher = client(self.server.port);
        RedisBackplane::start(publisher, dialer, prefix, hub, losses, &tasks())
    }
}

struct Clustered {
    settings: RedisSettings,
}

impl Fabric for Clustered {
    fn join(&self, prefix: &str, hub: &str) -> Arc<dyn Backplane> {
        let dialer = Dialer::new(&self.settings).expect("good settings");
        let publisher = command_client(&self.settings).expect("good settings");
        let losses = tokio::sync::watch::channel(0).1;
        RedisBackplane::start(publisher, dialer, prefix, hub, losses, &tasks())
    }
}

fn in_process() -> InProcess {
    InProcess(InProcessBus::new())
}

fn redis() -> Redis {
    Redis { server: RedisServer::start() }
}

macro_rules! over_every_backplane {
    ($($case:ident),+ $(,)?) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&super::in_process()).await;
            })+
        }
        mod redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(&super::redis()).await;
            })+
        }
    };
}

over_every_backplane!(
    everyone_is_reached_once,
    users_are_reached_on_every_server,
    groups_span_servers,
    one_connection_is_reached_wherever_it_is,
    group_changes_of_unknown_connections_are_not_acknowledged,
    names_are_literal,
    hubs_and_prefixes_do_not_mix,
    a_connection_that_left_gets_nothing,
    order_is_kept,
    versions_are_heard_in_order_and_once,
    what_was_not_heard_can_be_sent_here,
    a_message_whose_predecessor_was_lost_waits_for_it,
    the_same_text_is_heard_as_often_as_it_is_sent,
);

async fn server(fabric: &dyn Fabric) -> TestServer {
    server_of(fabric, "test", "Hub").await
}

async fn server_of(fabric: &dyn Fabric, prefix: &str, hub: &str) -> TestServer {
    let server = TestServer::on(fabric.join(prefix, hub), HubOptions::default());
    connected(&server).await;
    server
}

async fn connected(server: &TestServer) {
    let mut state = server.endpoint.lifetime().backplane_state();
    let wait = state.wait_for(|state| matches!(state, BackplaneState::Connected(_)));
    tokio::time::timeout(SOON, wait)
        .await
        .expect("a connected backplane within 10 s")
        .expect("a living backplane");
}

async fn disconnected(server: &TestServer) {
    let mut state = server.endpoint.lifetime().backplane_state();
    let wait = state.wait_for(|state| *state == BackplaneState::Disconnected);
    tokio::time::timeout(SOON, wait)
        .await
        .expect("an outage noticed within 10 s")
        .expect("a living backplane");
}

struct Tab {
    client: HubClient,
    id: ConnectionId,
}

impl Tab {
    /// The client's connected hook has run when its first call is answered, so it can be reached
    /// from then on.
    async fn open(server: &TestServer, user: &str) -> Self {
        let mut client = HubClient::connect(&server.url(), Token::Header(user)).await;
        let me = client.invoke("WhoAmI", json!([])).await.expect("an answer");
        Self { client, id: ConnectionId::new(me[1].as_str().expect("an id")) }
    }

    async fn join(&mut self, group: &str) {
        self.client.invoke("Join", json!([group])).await.expect("joined");
    }
}

/// Hears whatever is published.
fn spy(port: u16) -> SubscriberClient {
    let server = ServerConfig::new_centralized("127.0.0.1", port);
    let mut builder = Builder::from_config(Config { server, ..Config::default() });
    builder.set_policy(ReconnectPolicy::new_constant(0, 50));
    let spy = builder.build_subscriber_client().expect("a client");
    spy.connect();
    spy
}

/// What each tab heard so far: the first arguments, in order. The tabs are all of the hub's.
///
/// A backplane keeps the order of one sender. Every server sends everyone a fence, twice: the
/// second is sent after the first has come, so behind it also the copies of a server's own messages
/// have come back.
async fn heard(servers: &[&TestServer], tabs: &mut [&mut Tab]) -> Vec<Vec<Value>> {
    let mut heard = vec![Vec::new(); tabs.len()];
    for _ in 0..2 {
        for server in servers {
            server.context().all().send("Fence", &()).await.expect("sent");
        }
        for (tab, heard) in tabs.iter_mut().zip(&mut heard) {
            for _ in servers {
                let events = tab.client.events_until("Fence").await;
                heard.extend(events.into_iter().map(|(_, arguments)| arguments[0].clone()));
            }
        }
    }
    heard
}

async fn everyone_is_reached_once(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let (mut one, mut two, mut three) =
        (Tab::open(&a, "alice").await, Tab::open(&b, "bob").await, Tab::open(&b, "carol").await);
    a.context().all().send("News", &("to all",)).await.unwrap();
    b.context()
        .all_except([one.id.clone(), two.id.clone()])
        .send("News", &("to carol",))
        .await
        .unwrap();
    let mut heard = heard(&[&a, &b], &mut [&mut one, &mut two, &mut three]).await;
    // Senders have no order among each other.
    heard.iter_mut().for_each(|heard| heard.sort_by_key(ToString::to_string));
    assert_eq!(
        heard,
        [vec![json!("to all")], vec![json!("to all")], vec![json!("to all"), json!("to carol")]]
    );
}

async fn users_are_reached_on_every_server(fabric: &dyn Fabric) {
    let (a, b, c) = (server(fabric).await, server(fabric).await, server(fabric).await);
    let (mut here, mut there) = (Tab::open(&a, "alice").await, Tab::open(&b, "alice").await);
    let (mut bob, mut other_case) = (Tab::open(&b, "bob").await, Tab::open(&a, "Alice").await);
    for sender in [&a, &b, &c] {
        sender.context().user("alice").send("News", &(1,)).await.unwrap();
    }
    c.context().users(["alice", "bob", ""]).send("News", &(2,)).await.unwrap();
    let heard = heard(&[&a, &b, &c], &mut [&mut here, &mut there, &mut bob, &mut other_case]).await;
    // Senders have no order among each other.
    let sorted = |heard: &Vec<Value>| {
        let mut numbers: Vec<_> = heard.iter().map(|value| value.as_i64().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(
        heard.iter().map(sorted).collect::<Vec<_>>(),
        [vec![1, 1, 1, 2], vec![1, 1, 1, 2], vec![2], vec![]]
    );
}

async fn groups_span_servers(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let (mut one, mut two, mut three) =
        (Tab::open(&a, "alice").await, Tab::open(&b, "bob").await, Tab::open(&b, "carol").await);
    one.join("g").await;
    one.join("g").await;
    // A change of a connection of the other server, both ways.
    a.context().add_to_group(&two.id, "g").await.unwrap();
    b.context().add_to_group(&three.id, "g").await.unwrap();
    a.context().remove_from_group(&three.id, "g").await.unwrap();
    a.context().remove_from_group(&three.id, "never joined").await.unwrap();
    a.context().group("g").send("News", &(1,)).await.unwrap();
    a.context().group_except("g", [two.id.clone()]).send("News", &(2,)).await.unwrap();
    b.context().groups(["g", "", "empty"]).send("News", &(3,)).await.unwrap();
    let mut heard = heard(&[&a, &b], &mut [&mut one, &mut two, &mut three]).await;
    heard.iter_mut().for_each(|heard| heard.sort_by_key(Value::as_i64));
    assert_eq!(heard, [vec![json!(1), json!(2), json!(3)], vec![json!(1), json!(3)], vec![]]);
}

async fn one_connection_is_reached_wherever_it_is(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let (mut one, mut two) = (Tab::open(&a, "alice").await, Tab::open(&b, "alice").await);
    for sender in [&a, &b] {
        sender.context().client(&two.id).send("News", &(1,)).await.unwrap();
        sender
            .context()
            .clients([one.id.clone(), ConnectionId::new("unknown")])
            .send("News", &(2,))
            .await
            .unwrap();
    }
    let heard = heard(&[&a, &b], &mut [&mut one, &mut two]).await;
    assert_eq!(heard, [vec![json!(2), json!(2)], vec![json!(1), json!(1)]]);
}

async fn group_changes_of_unknown_connections_are_not_acknowledged(fabric: &dyn Fabric) {
    let (a, _b) = (server(fabric).await, server(fabric).await);
    let result = a.context().add_to_group(&ConnectionId::new("unknown"), "g").await;
    assert!(matches!(result, Err(BackplaneError::NotAcknowledged)), "{result:?}");
}

async fn names_are_literal(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let (mut star, mut plain) = (Tab::open(&b, "*").await, Tab::open(&b, "alice").await);
    star.join("*").await;
    plain.join("[a-z]").await;
    a.context().user("*").send("News", &("user",)).await.unwrap();
    a.context().group("*").send("News", &("group",)).await.unwrap();
    a.context().group("a").send("News", &("no one",)).await.unwrap();
    a.context().user("alice:x").send("News", &("no one",)).await.unwrap();
    let heard = heard(&[&a, &b], &mut [&mut star, &mut plain]).await;
    assert_eq!(heard, [vec![json!("user"), json!("group")], vec![]]);
}

async fn hubs_and_prefixes_do_not_mix(fabric: &dyn Fabric) {
    let servers = [
        server(fabric).await,
        server_of(fabric, "test", "Other").await,
        server_of(fabric, "other", "Hub").await,
    ];
    for (index, server) in servers.iter().enumerate() {
        server.context().user("alice").send("News", &(index,)).await.unwrap();
    }
    for (index, server) in servers.iter().enumerate() {
        let mut tab = Tab::open(server, "alice").await;
        for sender in &servers {
            sender.context().user("alice").send("News", &(index,)).await.unwrap();
            sender.context().all().send("News", &(index,)).await.unwrap();
        }
        assert_eq!(heard(&[server], &mut [&mut tab]).await, [[json!(index), json!(index)]]);
    }
}

async fn a_connection_that_left_gets_nothing(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let (mut stays, mut leaves) = (Tab::open(&b, "alice").await, Tab::open(&b, "alice").await);
    stays.join("g").await;
    leaves.join("g").await;
    drop(leaves);
    b.wait_connections(1).await;
    a.context().user("alice").send("News", &(1,)).await.unwrap();
    a.context().group("g").send("News", &(2,)).await.unwrap();
    assert_eq!(heard(&[&a, &b], &mut [&mut stays]).await, [[json!(1), json!(2)]]);
    assert_eq!(b.endpoint.lifetime().stats().dropped, 0);
}

async fn order_is_kept(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let (mut here, mut there) = (Tab::open(&a, "alice").await, Tab::open(&b, "alice").await);
    for number in 0..500 {
        a.context().user("alice").send("News", &(number,)).await.unwrap();
    }
    let expected: Vec<Value> = (0..500).map(Value::from).collect();
    assert_eq!(heard(&[&a, &b], &mut [&mut here, &mut there]).await, [expected.clone(), expected]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_shows_microsofts_channels_and_payloads() {
    let fabric = redis();
    let a = server_of(&fabric, "contoso-signalr", "OrderStatusHub").await;
    let spy = spy(fabric.server.port);
    until("a spy", SOON, || async { spy.psubscribe("contoso-signalr*").await.ok() }).await;
    let mut overheard = spy.message_rx();
    let mut tab = Tab::open(&a, "alice").await;
    let commands = client(fabric.server.port);
    let mut channels: Vec<String> = until("channels", SOON, || async {
        commands.pubsub_channels("contoso-signalr*").await.ok()
    })
    .await;
    channels.sort();
    assert_eq!(channels[0], "contoso-signalrOrderStatusHub:all");
    assert_eq!(channels[1], format!("contoso-signalrOrderStatusHub:connection:{}", tab.id));
    assert!(channels[2].starts_with("contoso-signalrOrderStatusHub:internal:ack:"));
    assert_eq!(
        channels[3..],
        [
            "contoso-signalrOrderStatusHub:internal:groups",
            "contoso-signalrOrderStatusHub:user:alice"
        ]
    );

    a.context().user("bob").send("Hi", &(1,)).await.unwrap();
    let message = tokio::time::timeout(SOON, overheard.recv()).await.expect("a message").unwrap();
    assert_eq!(&*message.channel, "contoso-signalrOrderStatusHub:user:bob");
    let json = b"{\"type\":1,\"target\":\"Hi\",\"arguments\":[1]}\x1e";
    let mut expected = vec![0x92, 0x90, 0x82, 0xA4];
    expected.extend_from_slice(b"json\xC4");
    expected.push(u8::try_from(json.len()).unwrap());
    expected.extend_from_slice(json);
    expected.extend_from_slice(b"\xABmessagepack\xC4\x0B\x0A\x96\x01\x80\xC0\xA2Hi\x91\x01\x90");
    assert_eq!(message.value.as_bytes().unwrap(), expected);

    // A .NET pod's message, with one protocol only, and garbage before it.
    let channel = "contoso-signalrOrderStatusHub:user:alice";
    for payload in [&b"garbage"[..], b"\x92\x90\x81\xA4json\xC4\x02{}", b"", b"\x91\x90"] {
        commands.publish::<(), _, _>(channel, payload).await.unwrap();
    }
    let dotnet = payload(str::from_utf8(json).unwrap());
    commands.publish::<(), _, _>(channel, dotnet.as_slice()).await.unwrap();
    assert_eq!(tab.client.event("Hi").await, json!([1]));
    assert_eq!(a.endpoint.lifetime().stats().bad_payloads, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_messages_in_one_write_are_all_taken() {
    const MESSAGES: u64 = 5_000;
    let fabric = redis();
    let a = server_of(&fabric, "contoso-signalr", "OrderStatusHub").await;
    let _tab = Tab::open(&a, "alice").await;
    let before = a.endpoint.lifetime().stats();
    let payload = b"\x92\x90\x81\xA4json\xC4\x02{}";
    let channel = b"contoso-signalrOrderStatusHub:user:alice";
    let mut socket =
        tokio::net::TcpStream::connect(("127.0.0.1", fabric.server.port)).await.expect("Redis");
    let publish = command(&[b"PUBLISH", channel, payload]);
    socket.write_all(&publish.repeat(MESSAGES as usize)).await.expect("written");
    until("all messages", SOON, || async {
        (a.endpoint.lifetime().stats().received - before.received == MESSAGES).then_some(())
    })
    .await;
    assert_eq!(generation(&a), 1, "without a gap");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_redis_cuts_for_what_waits_in_it_is_a_gap() {
    let limit = ["--client-output-buffer-limit", "pubsub 1mb 0 0"];
    let fabric = Redis { server: RedisServer::start_with(&limit) };
    let a = server_of(&fabric, "contoso-signalr", "OrderStatusHub").await;
    let mut tab = Tab::open(&a, "alice").await;
    assert_eq!(generation(&a), 1);
    let channel = b"contoso-signalrOrderStatusHub:user:alice";
    let publish = command(&[b"PUBLISH", channel, &[0; 64 * 1024]]);
    // One transaction: Redis writes nothing to anybody before its end.
    let flood = [command(&[b"MULTI"]), publish.repeat(100), command(&[b"EXEC"])].concat();
    let mut socket =
        tokio::net::TcpStream::connect(("127.0.0.1", fabric.server.port)).await.expect("Redis");
    socket.write_all(&flood).await.expect("written");
    until("the gap", SOON, || async { (generation(&a) == 2).then_some(()) }).await;
    let b = server_of(&fabric, "contoso-signalr", "OrderStatusHub").await;
    b.context().user("alice").send("News", &("heard again",)).await.expect("sent");
    assert_eq!(tab.client.event("News").await, json!(["heard again"]));
}

/// A .NET pod's message with a JSON frame only.
fn payload(frame: &str) -> Vec<u8> {
    let mut payload = b"\x92\x90\x81\xA4json\xC4".to_vec();
    payload.push(u8::try_from(frame.len()).expect("a short frame"));
    payload.extend_from_slice(frame.as_bytes());
    payload
}

/// A command as it is written to the socket.
fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        command.extend_from_slice(word);
        command.extend_from_slice(b"\r\n");
    }
    command
}

/// How often the backplane was connected.
fn generation(server: &TestServer) -> u64 {
    match *server.endpoint.lifetime().backplane_state().borrow() {
        BackplaneState::Connected(generation) => generation,
        BackplaneState::Disconnected => 0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_redis_spares_local_connections_and_heals() {
    let mut fabric = redis();
    let port = fabric.server.port;
    let (a, b) = (server(&fabric).await, server(&fabric).await);
    let (mut here, mut there) = (Tab::open(&a, "alice").await, Tab::open(&b, "alice").await);
    here.join("g").await;
    there.join("g").await;
    fabric.server.stop();
    disconnected(&a).await;
    disconnected(&b).await;
    let started = std::time::Instant::now();
    let result = a.context().user("alice").send("News", &("outage",)).await;
    assert!(
        matches!(result, Err(SendError::Backplane(BackplaneError::Unavailable(_)))),
        "{result:?}"
    );
    assert_eq!(here.client.event("News").await, json!(["outage"]), "local connections have it");
    let mut newcomer = Tab::open(&a, "bob").await;
    assert!(started.elapsed() < Duration::from_secs(2), "nobody waits for what is not there");

    fabric.server = RedisServer::start_on(port);
    connected(&a).await;
    connected(&b).await;
    b.context().users(["alice", "bob"]).send("News", &("healed",)).await.unwrap();
    a.context().group("g").send("News", &("group",)).await.unwrap();
    let mut heard = heard(&[&a, &b], &mut [&mut here, &mut there, &mut newcomer]).await;
    heard.iter_mut().for_each(|heard| heard.sort_by_key(ToString::to_string));
    assert_eq!(
        heard,
        [
            vec![json!("group"), json!("healed")],
            vec![json!("group"), json!("healed")],
            vec![json!("healed")]
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_is_an_outage_too() {
    let fabric = redis();
    let (a, b) = (server(&fabric).await, server(&fabric).await);
    let (mut here, mut there) = (Tab::open(&a, "alice").await, Tab::open(&b, "alice").await);
    let process = nix::unistd::Pid::from_raw(fabric.server.pid().try_into().unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGSTOP).unwrap();
    let sent =
        tokio::time::timeout(SOON, a.context().user("alice").send("News", &("hanging",))).await;
    assert!(matches!(
        sent.expect("an answer"),
        Err(SendError::Backplane(BackplaneError::Unavailable(_)))
    ));
    assert_eq!(here.client.event("News").await, json!(["hanging"]), "local connections have it");
    disconnected(&a).await;
    disconnected(&b).await;

    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGCONT).unwrap();
    connected(&a).await;
    connected(&b).await;
    b.context().user("alice").send("News", &("healed",)).await.unwrap();
    // What was sent into the hanging socket may have come through after all: once, never twice.
    let heard = heard(&[&a, &b], &mut [&mut here, &mut there]).await;
    assert_eq!(heard[0], [json!("healed")], "{heard:?}");
    let count = |text| heard[1].iter().filter(|heard| **heard == text).count();
    assert!(count("healed") == 1 && count("hanging") <= 1, "{heard:?}");
}

fn in_turn(server: &TestServer, version: u32) -> OrderedRecipients {
    server.context().user_in_order("alice", "order 1", version)
}

fn news(text: &str) -> Vec<SerializedMessage> {
    vec![SerializedMessage::invocation("News", &(text,)).expect("a message")]
}

/// Whoever sends, and in whatever order they come.
async fn versions_are_heard_in_order_and_once(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let (mut here, mut there) = (Tab::open(&a, "alice").await, Tab::open(&b, "alice").await);
    let send = async |server, version, text: &str| {
        in_turn(server, version).send(news(text)).await.expect("sent")
    };
    assert!(matches!(send(&b, 2, "two").await, OrderedSend::Early { last: 0, .. }));
    assert_eq!(send(&a, 1, "one").await, OrderedSend::Sent);
    assert_eq!(send(&b, 1, "one again").await, OrderedSend::NotNewer);
    let OrderedSend::Early { last, remembered } = send(&b, 3, "too early").await else {
        panic!("not early")
    };
    assert_eq!(last, 1);
    assert!(remembered < SOON || remembered == Duration::MAX, "{remembered:?}");
    let both = [news("two"), news("and more")].concat();
    assert_eq!(in_turn(&b, 2).send(both).await.expect("sent"), OrderedSend::Sent);
    let skips = in_turn(&a, 4).send_without_predecessor(news("four")).await.expect("sent");
    assert_eq!(skips, OrderedSend::Sent);
    assert_eq!(send(&b, 3, "too late").await, OrderedSend::NotNewer);
    for server in [&a, &b] {
        until("version 3 to be given up", SOON, || async {
            (server.endpoint.lifetime().stats().skipped == 1).then_some(())
        })
        .await;
    }
    let heard = heard(&[&a, &b], &mut [&mut here, &mut there]).await;
    let expected = [json!("one"), json!("two"), json!("and more"), json!("four")];
    assert_eq!(heard, [expected.clone(), expected]);
}

/// A catch-up brings what a connection did not hear, and nothing else.
async fn what_was_not_heard_can_be_sent_here(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let (mut here, mut there) = (Tab::open(&a, "alice").await, Tab::open(&b, "alice").await);
    in_turn(&a, 1).send(news("one")).await.expect("sent");
    heard(&[&a, &b], &mut [&mut here, &mut there]).await;
    let began = tokio::time::Instant::now();
    let mut late = Tab::open(&a, "alice").await;
    for version in [1, 2] {
        in_turn(&a, version).send_here(news(&format!("{version} from the outbox")), Some(began));
    }
    in_turn(&b, 2).send(news("two")).await.expect("sent");
    let heard = heard(&[&a, &b], &mut [&mut here, &mut there, &mut late]).await;
    assert_eq!(heard[0], [json!("2 from the outbox")]);
    assert_eq!(heard[1], [json!("two")]);
    assert_eq!(heard[2], [json!("two")], "it began after the catch-up's events");
    assert_eq!(a.endpoint.lifetime().stats().not_newer, 2);
}

/// The message waits, the missing one is asked for, and it is not waited for long.
async fn a_message_whose_predecessor_was_lost_waits_for_it(fabric: &dyn Fabric) {
    let a = server(fabric).await;
    let mut tab = Tab::open(&a, "alice").await;
    in_turn(&a, 1).send(news("one")).await.expect("sent");
    heard(&[&a], &mut [&mut tab]).await;
    in_turn(&a, 3).send_here(news("three"), None);
    until("the missing version to be asked for", SOON, || async {
        let missing = MissingVersions { key: "order 1".to_owned(), after: 1, before: 3 };
        (*a.missing.lock().expect("missing") == [missing]).then_some(())
    })
    .await;
    in_turn(&a, 2).send_here(news("two"), None);
    assert_eq!(heard(&[&a], &mut [&mut tab]).await, [[json!("two"), json!("three")]]);
    in_turn(&a, 5).send_here(news("five"), None);
    until("the wait to end", SOON, || async {
        (a.endpoint.lifetime().stats().skipped == 1).then_some(())
    })
    .await;
    assert_eq!(heard(&[&a], &mut [&mut tab]).await, [[json!("five")]]);
}

/// Whoever sends it: no text is too like an earlier one.
async fn the_same_text_is_heard_as_often_as_it_is_sent(fabric: &dyn Fabric) {
    let (a, b) = (server(fabric).await, server(fabric).await);
    let mut tab = Tab::open(&b, "alice").await;
    for _ in 0..5 {
        a.context().user("alice").send("News", &("tick",)).await.expect("sent");
    }
    assert_eq!(heard(&[&a, &b], &mut [&mut tab]).await, [vec![json!("tick"); 5]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_node_that_hangs_is_left_for_another() {
    let cluster = RedisCluster::start().await;
    let nodes = cluster.servers.iter().map(|server| ("127.0.0.1".to_owned(), server.port));
    let topology = RedisTopology::Cluster(nodes.collect());
    let fabric = Clustered { settings: RedisSettings { topology, ..settings(0) } };
    let a = server(&fabric).await;
    let mut tab = Tab::open(&a, "alice").await;
    let holds =
        |node: &&RedisServer| cli(node.port, &["pubsub", "channels"]).contains("internal:ack:");
    let holder = cluster.servers.iter().find(holds).expect("a node with our subscriptions");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(holder.pid()).expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGSTOP).expect("stopped");
    disconnected(&a).await;
    let others: Vec<_> = cluster.servers.iter().filter(|node| node.port != holder.port).collect();
    let moved = || async { others.iter().any(holds).then_some(()) };
    until("the subscriptions to move", SOON, moved).await;
    let json = r#"{"type":1,"target":"News","arguments":["meanwhile"]}"#;
    let payload = payload(&format!("{json}\u{1e}"));
    let publish = command(&[b"PUBLISH", b"testHub:user:alice", &payload]);
    let mut socket =
        tokio::net::TcpStream::connect(("127.0.0.1", others[0].port)).await.expect("Redis");
    socket.write_all(&publish).await.expect("written");
    assert_eq!(tab.client.event("News").await, json!(["meanwhile"]));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGCONT).expect("continued");
    connected(&a).await;
    let b = server(&fabric).await;
    b.context().user("alice").send("News", &("well again",)).await.expect("sent");
    assert_eq!(tab.client.event("News").await, json!(["well again"]));
}
