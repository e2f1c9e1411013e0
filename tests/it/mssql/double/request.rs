//! Requests: `sp_executesql` with its statement and parameters (MS-TDS 2.2.6.6).

use uuid::Uuid;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    Null,
    Number(i64),
    Text(String),
    Guid(Uuid),
    Bytes(Vec<u8>),
}

/// A statement with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which connection it came on, from 1.
    pub connection: usize,
    /// The statement.
    pub text: String,
    /// `@P1` and so on.
    pub parameters: Vec<Parameter>,
}

impl Request {
    /// Reads the message of an RPC packet.
    pub fn parse(connection: usize, message: &[u8]) -> Self {
        let mut reader = Reader { bytes: message };
        let headers = reader.u32() as usize;
        reader.take(headers - 4);
        assert_eq!((reader.u16(), reader.u16()), (0xffff, 10), "a call of sp_executesql");
        reader.u16();
        let mut values = Vec::new();
        while !reader.bytes.is_empty() {
            values.push(reader.parameter());
        }
        let mut values = values.into_iter();
        let Some(Parameter::Text(text)) = values.next() else { panic!("a statement") };
        // The declaration of the parameters.
        values.next();
        Self { connection, text, parameters: values.collect() }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.bytes.split_at(count);
        self.bytes = rest;
        taken
    }

    fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take(2).try_into().expect("two"))
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().expect("four"))
    }

    fn parameter(&mut self) -> Parameter {
        let name = usize::from(self.u8());
        self.take(name * 2);
        self.u8();
        match self.u8() {
            // NULL, whatever the declaration says of its type.
            0x1f => Parameter::Null,
            // Integers and bits.
            0x26 | 0x68 => {
                self.u8();
                let length = usize::from(self.u8());
                let bytes = self.take(length);
                if bytes.is_empty() {
                    return Parameter::Null;
                }
                let mut wide =
                    if bytes[length - 1] & 0x80 == 0 || length == 1 { [0; 8] } else { [0xff; 8] };
                wide[..length].copy_from_slice(bytes);
                Parameter::Number(i64::from_le_bytes(wide))
            }
            0x24 => {
                self.u8();
                let length = usize::from(self.u8());
                match self.take(length).try_into() {
                    Ok(bytes) => Parameter::Guid(Uuid::from_bytes_le(bytes)),
                    Err(_) => Parameter::Null,
                }
            }
            0xe7 => {
                let most = self.u16();
                self.take(5);
                self.sized(most).map_or(Parameter::Null, |bytes| {
                    let units: Vec<u16> = bytes
                        .chunks(2)
                        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                        .collect();
                    Parameter::Text(String::from_utf16(&units).expect("UTF-16"))
                })
            }
            0xa5 => {
                let most = self.u16();
                self.sized(most).map_or(Parameter::Null, Parameter::Bytes)
            }
            other => panic!("a parameter of type {other:#x}"),
        }
    }

    /// A value of up to `most` bytes, or in chunks when there is no limit.
    fn sized(&mut self, most: u16) -> Option<Vec<u8>> {
        if most < 0xffff {
            let length = self.u16();
            return (length < 0xffff).then(|| self.take(usize::from(length)).to_vec());
        }
        let total = u64::from_le_bytes(self.take(8).try_into().expect("eight"));
        if total == u64::MAX {
            return None;
        }
        let mut bytes = Vec::new();
        loop {
            match self.u32() as usize {
                0 => return Some(bytes),
                length => bytes.extend(self.take(length)),
            }
        }
    }
}
