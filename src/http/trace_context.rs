use std::fmt;

/// A position in a distributed trace, as the header `traceparent` carries it (W3C Trace Context,
/// version 00; X-24).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceContext {
    /// Continues the trace of a received header with a span of our own, or begins a trace when it
    /// is missing or malformed.
    pub fn continue_from(header: Option<&str>) -> Self {
        let span = rand::random_range(1..=u64::MAX);
        match header.and_then(Self::parse) {
            Some(parent) => Self { span, ..parent },
            None => Self { trace: rand::random_range(1..=u128::MAX), span, flags: 1 },
        }
    }

    /// Reads `00-{32 hex}-{16 hex}-{2 hex}`; later versions may append fields (section 3.2.4).
    /// `None` when it breaks the rules.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(5, '-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let version = hex(version, 2)?;
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace, span, flags) = (hex(trace, 32)?, hex(span, 16)?, hex(flags, 2)?);
        (trace != 0 && span != 0).then_some(Self { trace, span: span as u64, flags: flags as u8 })
    }

    /// The trace's id, 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

fn hex(text: &str, digits: usize) -> Option<u128> {
    let legal = text.len() == digits
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    legal.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::TraceContext;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_is_continued_under_a_span_of_our_own() {
        assert_eq!(TraceContext::parse(PARENT).expect("legal").to_string(), PARENT);
        let ours = TraceContext::continue_from(Some(PARENT));
        assert_eq!(ours.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_ne!(ours.to_string(), PARENT);
        assert!(TraceContext::parse(&ours.to_string()).is_some());
    }

    #[test]
    fn a_malformed_parent_begins_a_new_trace() {
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ] {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
            assert_ne!(
                TraceContext::continue_from(Some(bad)).trace_id(),
                "0af7651916cd43dd8448eb211c80319c"
            );
        }
    }
}
