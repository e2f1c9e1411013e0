use serde::de::DeserializeOwned;

use super::InvokeError;
use crate::signalr::protocol::{Encoded, HubProtocol};

/// What a hub method takes: a tuple of up to six types that serde can read, `()` for none.
pub trait Arguments: Sized + Send + 'static {
    /// Gives the encoded arguments their types.
    #[doc(hidden)]
    fn bind(protocol: HubProtocol, arguments: &[Encoded]) -> Result<Self, InvokeError>;
}

fn one<T: DeserializeOwned>(
    protocol: HubProtocol,
    arguments: &[Encoded],
    index: usize,
) -> Result<T, InvokeError> {
    arguments
        .get(index)
        .and_then(|argument| protocol.bind(argument).ok())
        .ok_or(InvokeError::WrongArgument)
}

macro_rules! arguments {
    ($count:literal $(, $type:ident $index:literal)*) => {
        impl<$($type: DeserializeOwned + Send + 'static),*> Arguments for ($($type,)*) {
            #[allow(unused_variables)] // No argument, nothing to decode.
            fn bind(protocol: HubProtocol, arguments: &[Encoded]) -> Result<Self, InvokeError> {
                if arguments.len() != $count {
                    return Err(InvokeError::WrongCount { given: arguments.len(), expected: $count });
                }
                Ok(($(one::<$type>(protocol, arguments, $index)?,)*))
            }
        }
    };
}

arguments!(0);
arguments!(1, A 0);
arguments!(2, A 0, B 1);
arguments!(3, A 0, B 1, C 2);
arguments!(4, A 0, B 1, C 2, D 3);
arguments!(5, A 0, B 1, C 2, D 3, E 4);
arguments!(6, A 0, B 1, C 2, D 3, E 4, F 5);
