//! How a message's turn travels to our own pods, within Microsoft's layout: as one of the excluded
//! connection ids. No connection is called so, thus a .NET pod sends the message to everybody.

use crate::signalr::{Turn, TurnPart};

const PREFIX: &str = "contoso-turn";

/// The marker.
pub(super) fn encode(TurnPart { turn: Turn { key, version }, part }: &TurnPart) -> String {
    format!("{PREFIX}:{version}:{part}:{key}")
}

/// Reads a marker; `None` when the id is another.
pub(super) fn decode(id: &str) -> Option<TurnPart> {
    let mut fields = id.strip_prefix(PREFIX)?.strip_prefix(':')?.splitn(3, ':');
    let (version, part, key) = (fields.next()?, fields.next()?, fields.next()?);
    let turn = Turn { key: key.to_owned(), version: version.parse().ok()? };
    Some(TurnPart { turn, part: part.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_reads_back_and_nothing_else_does() {
        let part = TurnPart { turn: Turn { key: "a:b".to_owned(), version: 3 }, part: 1 };
        assert_eq!(decode(&encode(&part)), Some(part));
        for other in [
            "",
            "contoso-turn",
            "contoso-turn:1:2",
            "contoso-turn:x:0:k",
            "contoso-turn:1:300:k",
            "c",
        ] {
            assert_eq!(decode(other), None, "{other}");
        }
    }
}
