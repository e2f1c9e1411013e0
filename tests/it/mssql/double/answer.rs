//! Tokens of an answer (MS-TDS 2.2.7).

use uuid::Uuid;

use super::wire::{b_varchar, us_varchar, utf16};

const COLLATION: [u8; 5] = [0x09, 0x04, 0xd0, 0x00, 0x34];

/// A value with its SQL type.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Int(i32),
    BigInt(i64),
    Bit(bool),
    /// nvarchar(4000).
    Text(String),
    /// nvarchar(max).
    LongText(String),
    Guid(Uuid),
    NullText,
    NullInt,
    NullBigInt,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Columns and rows. The types are those of the first row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResultSet {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// A result set.
pub fn set(columns: &[&'static str], rows: Vec<Vec<Cell>>) -> ResultSet {
    ResultSet { columns: columns.to_vec(), rows }
}

/// The tokens of these result sets, without an end.
pub fn results(sets: &[ResultSet]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for ResultSet { columns, rows } in sets {
        bytes.push(0x81);
        bytes.extend(u16::try_from(columns.len()).expect("columns").to_le_bytes());
        for (n, column) in columns.iter().enumerate() {
            // User type, then flags: nullable.
            bytes.extend([0, 0, 0, 0, 1, 0]);
            bytes.extend(
                rows.first().map_or_else(|| type_of(&Cell::NullText), |row| type_of(&row[n])),
            );
            bytes.extend(b_varchar(column));
        }
        for row in rows {
            bytes.push(0xd1);
            row.iter().for_each(|cell| bytes.extend(value_of(cell)));
        }
        // DONEINPROC: more to come, with a count.
        bytes.push(0xff);
        bytes.extend(0x11u16.to_le_bytes());
        bytes.extend(0xc1u16.to_le_bytes());
        bytes.extend((rows.len() as u64).to_le_bytes());
    }
    bytes
}

/// RETURNSTATUS and DONEPROC: the end of a stored procedure such as `sp_executesql`.
pub fn end(failed: bool) -> Vec<u8> {
    let mut bytes = vec![0x79, 0, 0, 0, 0, 0xfe];
    bytes.extend(if failed { 2u16 } else { 0 }.to_le_bytes());
    bytes.extend([0; 10]);
    bytes
}

/// DONE, as after a login.
pub fn done(failed: bool) -> Vec<u8> {
    let mut bytes = vec![0xfd];
    bytes.extend(if failed { 2u16 } else { 0 }.to_le_bytes());
    bytes.extend([0; 10]);
    bytes
}

/// ERROR. The message quotes what must never be seen anywhere.
pub fn error(number: u32) -> Vec<u8> {
    let class = if number == 18456 { 14 } else { 16 };
    let mut body = number.to_le_bytes().to_vec();
    body.extend([1, class]);
    body.extend(us_varchar("The value (hunter2) is secret."));
    body.extend(b_varchar("secret-host"));
    body.extend(b_varchar(""));
    body.extend(7u32.to_le_bytes());
    with_length(0xaa, &body)
}

/// LOGINACK: TDS 7.4.
pub fn login_ack() -> Vec<u8> {
    let mut body = vec![1, 0x74, 0, 0, 4];
    body.extend(b_varchar("Microsoft SQL Server"));
    body.extend([14, 0, 0, 0]);
    with_length(0xad, &body)
}

fn with_length(token: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![token];
    bytes.extend(u16::try_from(body.len()).expect("token length").to_le_bytes());
    bytes.extend(body);
    bytes
}

fn type_of(cell: &Cell) -> Vec<u8> {
    let text = |length: u16| [&[0xe7][..], &length.to_le_bytes(), &COLLATION].concat();
    match cell {
        Cell::Int(_) | Cell::NullInt => vec![0x26, 4],
        Cell::BigInt(_) | Cell::NullBigInt => vec![0x26, 8],
        Cell::Bit(_) => vec![0x68, 1],
        Cell::Guid(_) => vec![0x24, 16],
        Cell::Text(_) | Cell::NullText => text(8000),
        Cell::LongText(_) => text(0xffff),
    }
}

fn value_of(cell: &Cell) -> Vec<u8> {
    match cell {
        Cell::Int(n) => [&[4][..], &n.to_le_bytes()].concat(),
        Cell::BigInt(n) => [&[8][..], &n.to_le_bytes()].concat(),
        Cell::Bit(on) => vec![1, u8::from(*on)],
        Cell::Guid(id) => [&[16][..], &id.to_bytes_le()].concat(),
        Cell::Text(text) => {
            let bytes = utf16(text);
            [&u16::try_from(bytes.len()).expect("text length").to_le_bytes()[..], &bytes].concat()
        }
        Cell::LongText(text) => {
            let bytes = utf16(text);
            let mut plp = (bytes.len() as u64).to_le_bytes().to_vec();
            for chunk in bytes.chunks(1000) {
                plp.extend(u32::try_from(chunk.len()).expect("chunk").to_le_bytes());
                plp.extend(chunk);
            }
            plp.extend([0; 4]);
            plp
        }
        Cell::NullText => vec![0xff, 0xff],
        Cell::NullInt | Cell::NullBigInt => vec![0],
    }
}
