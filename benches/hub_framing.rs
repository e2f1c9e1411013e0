//! Hub messages: reading and writing frames, and what encoding a broadcast once saves over encoding
//! it for each connection.

use std::hint::black_box;

use contoso_shop::signalr::SerializedMessage;
use contoso_shop::signalr::protocol::{FrameReader, HubMessage, HubProtocol};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

const INVOCATION: &str = "{\"target\":\"RegisterOrder\",\"arguments\":[\"0195f0c4-77aa-7c3e-9d3b-0f5f3f1d2c11\"],\
                          \"invocationId\":\"12\",\"type\":1}\u{1e}";
const CONNECTIONS: [usize; 3] = [1, 100, 10_000];

fn notification() -> (serde_json::Value,) {
    (serde_json::json!({
        "correlationId": "0195f0c4-77aa-7c3e-9d3b-0f5f3f1d2c11",
        "orderId": "0195f0c4-77aa-7c3e-9d3b-0f5f3f1d2c12",
        "eventId": "0195f0c4-77aa-7c3e-9d3b-0f5f3f1d2c13",
        "status": "Completed",
        "occurredAt": "2025-04-01T12:00:00.000000Z",
    }),)
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Elements(100));
    let json = INVOCATION.repeat(100).into_bytes();
    let mut input = FrameReader::default();
    input.extend(INVOCATION.as_bytes());
    let message =
        HubProtocol::Json.read(&mut input, 32_768).expect("a message").expect("a whole one");
    let HubMessage::Invocation(mut invocation) = message else {
        unreachable!("it is an invocation")
    };
    let id: String = HubProtocol::Json.bind(&invocation.arguments[0]).expect("a string");
    invocation.arguments = HubProtocol::MessagePack.encode_arguments(&(id,)).expect("a sequence");
    let messagepack =
        HubProtocol::MessagePack.write(&HubMessage::Invocation(invocation)).as_bytes().repeat(100);
    for (protocol, bytes) in [(HubProtocol::Json, json), (HubProtocol::MessagePack, messagepack)] {
        group.bench_function(BenchmarkId::new("100 invocations", protocol.name()), |b| {
            b.iter_batched(
                || {
                    let mut input = FrameReader::default();
                    input.extend(&bytes);
                    input
                },
                |mut input| {
                    while let Some(message) =
                        protocol.read(&mut input, 32_768).expect("good messages")
                    {
                        black_box(message);
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn writing(c: &mut Criterion) {
    let arguments = notification();
    c.bench_function("write/notification in both protocols", |b| {
        b.iter(|| {
            SerializedMessage::invocation("Notification", black_box(&arguments))
                .expect("it can be written")
        });
    });
}

fn broadcasting(c: &mut Criterion) {
    let arguments = notification();
    let mut group = c.benchmark_group("broadcast");
    for connections in CONNECTIONS {
        group.throughput(Throughput::Elements(connections as u64));
        group.bench_with_input(
            BenchmarkId::new("encoded once", connections),
            &connections,
            |b, connections| {
                b.iter(|| {
                    let message = SerializedMessage::invocation("Notification", &arguments)
                        .expect("it can be written");
                    for _ in 0..*connections {
                        black_box(message.frame(HubProtocol::Json).cloned());
                    }
                });
            },
        );
        group.bench_with_input(
            BenchmarkId::new("encoded each time", connections),
            &connections,
            |b, connections| {
                b.iter(|| {
                    for _ in 0..*connections {
                        let message = SerializedMessage::invocation("Notification", &arguments)
                            .expect("it can be written");
                        black_box(message.frame(HubProtocol::Json).cloned());
                    }
                });
            },
        );
    }
    group.finish();
}

// Private, because the function the macro writes cannot carry a doc comment.
mod groups {
    use super::{broadcasting, reading, writing};

    criterion::criterion_group!(benches, reading, writing, broadcasting);
}

criterion::criterion_main!(groups::benches);
