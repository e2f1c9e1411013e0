use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use redis_protocol::codec::Resp2;
use redis_protocol::error::RedisProtocolError;
use redis_protocol::resp2::types::BytesFrame;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio_util::codec::{Decoder, FramedRead, FramedWrite};

/// The largest frame that is read, in bytes: more than any hub message, so that a broken sender
/// cannot fill our memory. A larger one ends the link.
const FRAME: usize = 64 * 1024 * 1024;

/// A socket, with TLS or without.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// A connection to one Redis node that speaks RESP2.
pub(super) struct Link {
    pub(super) reader: LinkReader,
    pub(super) writer: LinkWriter,
}

/// Reads what the node says, and no faster than it is asked to: Redis keeps what waits, and cuts
/// the link when that becomes too much (`client-output-buffer-limit`).
pub(super) struct LinkReader(FramedRead<ReadHalf<Box<dyn Socket>>, BoundedResp2>);

/// Writes commands.
pub(super) struct LinkWriter(FramedWrite<WriteHalf<Box<dyn Socket>>, Resp2>);

/// Why a link ended or did not begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("the socket failed: {0}")]
    Socket(#[from] io::Error),
    #[error("the node does not speak RESP: {0}")]
    Protocol(#[from] RedisProtocolError),
    #[error("a frame is larger than {FRAME} bytes")]
    TooLarge,
    #[error("the node refused: {0}")]
    Refused(String),
    #[error("the node closed the connection")]
    Closed,
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("no sentinel knows the primary")]
    NoPrimary,
    #[error("no node of the cluster is known")]
    NoNode,
}

/// What a subscribed connection is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Push {
    Message { channel: String, payload: Bytes },
    Subscribed(String),
    Pong,
    Other,
}

impl Link {
    pub(super) fn new(socket: Box<dyn Socket>) -> Self {
        let (reader, writer) = tokio::io::split(socket);
        Self {
            reader: LinkReader(FramedRead::new(reader, BoundedResp2(Resp2::default()))),
            writer: LinkWriter(FramedWrite::new(writer, Resp2::default())),
        }
    }

    /// Sends a command and waits for its answer; only before the first SUBSCRIBE.
    pub(super) async fn ask(&mut self, command: &[&str]) -> Result<BytesFrame, LinkError> {
        self.writer.send(command).await?;
        self.reader.next().await
    }
}

impl LinkReader {
    /// The next frame; an error that Redis answers is one here. Cancel-safe.
    async fn next(&mut self) -> Result<BytesFrame, LinkError> {
        match self.0.next().await {
            Some(Ok(BytesFrame::Error(text))) => Err(LinkError::Refused(text.to_string())),
            Some(frame) => frame,
            None => Err(LinkError::Closed),
        }
    }

    /// What comes next on a subscribed connection. Cancel-safe.
    pub(super) async fn push(&mut self) -> Result<Push, LinkError> {
        Ok(read_push(self.next().await?))
    }
}

impl LinkWriter {
    pub(super) async fn send<T: AsRef<str>>(&mut self, command: &[T]) -> Result<(), LinkError> {
        let word =
            |word: &T| BytesFrame::BulkString(Bytes::copy_from_slice(word.as_ref().as_bytes()));
        Ok(self.0.send(BytesFrame::Array(command.iter().map(word).collect())).await?)
    }
}

/// RESP2 with a limit.
struct BoundedResp2(Resp2);

impl Decoder for BoundedResp2 {
    type Item = BytesFrame;
    type Error = LinkError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<BytesFrame>, LinkError> {
        match self.0.decode(buffer)? {
            None if buffer.len() > FRAME => Err(LinkError::TooLarge),
            frame => Ok(frame),
        }
    }
}

fn read_push(frame: BytesFrame) -> Push {
    use BytesFrame::{Array, BulkString, SimpleString};
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).ok();
    let read = match frame {
        // Before the first SUBSCRIBE and after the last UNSUBSCRIBE.
        SimpleString(answer) if *answer == *b"PONG" => Some(Push::Pong),
        Array(parts) => match &parts[..] {
            [BulkString(kind), BulkString(channel), BulkString(payload)]
                if **kind == *b"message" =>
            {
                text(channel).map(|channel| Push::Message { channel, payload: payload.clone() })
            }
            [BulkString(kind), BulkString(channel), _] if **kind == *b"subscribe" => {
                text(channel).map(Push::Subscribed)
            }
            [BulkString(kind), _] if **kind == *b"pong" => Some(Push::Pong),
            _ => None,
        },
        _ => None,
    };
    read.unwrap_or(Push::Other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn message(channel: &str, payload: &'static [u8]) -> Push {
        Push::Message { channel: channel.to_owned(), payload: Bytes::from_static(payload) }
    }

    #[tokio::test]
    async fn pushes_are_read_however_they_are_cut() {
        let said = b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$4\r\n\r\n\0x\r\n\
            *2\r\n$4\r\npong\r\n$0\r\n\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n+PONG\r\n-NOPERM no\r\n";
        let (ours, mut node) = tokio::io::duplex(1);
        let mut link = Link::new(Box::new(ours));
        let speak = async move { node.write_all(said).await };
        let hear = async {
            let expected = [
                Push::Subscribed("a".to_owned()),
                message("a", b"\r\n\0x"),
                Push::Pong,
                Push::Other,
                Push::Pong,
            ];
            for expected in expected {
                assert_eq!(link.reader.push().await.expect("a push"), expected);
            }
            let refused = link.reader.push().await;
            assert!(
                matches!(&refused, Err(LinkError::Refused(why)) if why == "NOPERM no"),
                "{refused:?}"
            );
            assert!(matches!(link.reader.push().await, Err(LinkError::Closed)));
        };
        let (spoken, ()) = tokio::join!(speak, hear);
        spoken.expect("written");
    }

    #[test]
    fn a_frame_without_end_is_refused() {
        let mut buffer = BytesMut::from(&b"$99999999999\r\n"[..]);
        let mut codec = BoundedResp2(Resp2::default());
        assert!(matches!(codec.decode(&mut buffer), Ok(None)));
        buffer.resize(FRAME + 1, b'x');
        assert!(matches!(codec.decode(&mut buffer), Err(LinkError::TooLarge)));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut buffer = BytesMut::from(&bytes[..]);
            let mut codec = BoundedResp2(Resp2::default());
            while let Ok(Some(frame)) = codec.decode(&mut buffer) {
                read_push(frame);
            }
        }
    }
}
