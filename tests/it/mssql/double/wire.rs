//! Packets (MS-TDS 2.2.3).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Packet types (MS-TDS 2.2.3.1.1).
pub const RPC: u8 = 3;
pub const RESPONSE: u8 = 4;
pub const LOGIN: u8 = 16;
pub const PRELOGIN: u8 = 18;

/// Bytes a packet may have before another size is negotiated, header included.
const PACKET: usize = 4096;

/// Reads a whole message; `None` when the client is gone.
pub async fn read(socket: &mut (impl AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let mut message = Vec::new();
    loop {
        let mut header = [0; 8];
        socket.read_exact(&mut header).await.ok()?;
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let start = message.len();
        message.resize(start + length - header.len(), 0);
        socket.read_exact(&mut message[start..]).await.ok()?;
        if header[1] & 1 == 1 {
            return Some((header[0], message));
        }
    }
}

/// Splits a message into packets.
pub fn packets(message: &[u8]) -> Vec<u8> {
    let chunks: Vec<_> = message.chunks(PACKET - 8).collect();
    let mut bytes = Vec::new();
    for (n, chunk) in chunks.iter().enumerate() {
        let length = u16::try_from(chunk.len() + 8).expect("packet length");
        bytes.extend([RESPONSE, u8::from(n + 1 == chunks.len())]);
        bytes.extend(length.to_be_bytes());
        bytes.extend([0, 0, u8::try_from(n % 256).expect("number"), 0]);
        bytes.extend(*chunk);
    }
    bytes
}

/// Sends a message.
pub async fn write(socket: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> Option<()> {
    socket.write_all(&packets(message)).await.ok()?;
    socket.flush().await.ok()
}

/// UTF-16 as TDS writes it.
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A text with its length in characters in one byte.
pub fn b_varchar(text: &str) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(text.encode_utf16().count()).expect("short text")];
    bytes.extend(utf16(text));
    bytes
}

/// A text with its length in characters in two bytes.
pub fn us_varchar(text: &str) -> Vec<u8> {
    let mut bytes =
        u16::try_from(text.encode_utf16().count()).expect("text length").to_le_bytes().to_vec();
    bytes.extend(utf16(text));
    bytes
}
