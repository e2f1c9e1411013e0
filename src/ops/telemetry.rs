//! Log lines on standard error: JSON for collectors, text for people.

use std::io::IsTerminal;

use serde::Serializer as _;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, JsonFields, Writer};
use tracing_subscriber::fmt::{self, FmtContext, FormattedFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, registry};

use crate::config::{LogFormat, LogSettings};

/// Starts logging for the whole process, panics included. Errors when logging was started before or
/// the level cannot be read.
pub fn init(
    settings: &LogSettings,
    role: &'static str,
    pod: &str,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // tiberius logs the server's error messages, which may quote rows: names, keys, mails.
    let filter = settings.level.parse::<Targets>()?.with_target("tiberius", LevelFilter::OFF);
    let terminal = std::io::stderr().is_terminal();
    let lines = match settings.format {
        LogFormat::Auto if terminal => LogFormat::Text,
        LogFormat::Auto => LogFormat::Json,
        chosen => chosen,
    };
    let layer = if lines == LogFormat::Text {
        fmt::layer().with_ansi(terminal).with_writer(std::io::stderr).boxed()
    } else {
        let json = JsonLines { role, pod: pod.to_owned() };
        fmt::layer()
            .event_format(json)
            .fmt_fields(JsonFields::new())
            .with_writer(std::io::stderr)
            .boxed()
    };
    registry().with(layer.with_filter(filter)).try_init()?;
    std::panic::set_hook(Box::new(|panic| tracing::error!(panic = %panic, "panicked")));
    Ok(())
}

/// One flat JSON object per event: who and when, the enclosing spans' fields from the outermost in,
/// then the event's own.
pub struct JsonLines {
    /// What the process is for.
    pub role: &'static str,
    /// Which process it is.
    pub pod: String,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = Map::new();
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<FormattedFields<N>>() {
                line.extend(parsed(&fields.fields));
            }
        }
        line.extend(fields_of(event)?);
        let timestamp = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        let metadata = event.metadata();
        let head = [
            ("timestamp", Value::from(timestamp)),
            ("level", metadata.level().as_str().into()),
            ("message", line.remove("message").unwrap_or_default()),
            ("target", metadata.target().into()),
            ("role", self.role.into()),
            ("pod", self.pod.as_str().into()),
        ];
        let rest = line.iter().filter(|(name, _)| head.iter().all(|(taken, _)| taken != name));
        let mut text = Vec::new();
        let fields = head
            .iter()
            .map(|(name, value)| (*name, value))
            .chain(rest.map(|(name, value)| (name.as_str(), value)));
        serde_json::Serializer::new(&mut text).collect_map(fields).map_err(|_| std::fmt::Error)?;
        writeln!(writer, "{}", String::from_utf8_lossy(&text))
    }
}

fn fields_of(fields: impl RecordFields) -> Result<Map<String, Value>, std::fmt::Error> {
    let mut text = String::new();
    JsonFields::new().format_fields(Writer::new(&mut text), fields)?;
    Ok(parsed(&text))
}

/// What [`JsonFields`] wrote; nothing when there are no fields.
fn parsed(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::{JsonFields, JsonLines};
    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::{fmt, registry};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_json_line_is_flat_and_carries_its_spans_fields() {
        let lines = Lines::default();
        let writer = lines.clone();
        let json = JsonLines { role: "web", pod: "web-1".to_owned() };
        let layer = fmt::layer()
            .event_format(json)
            .fmt_fields(JsonFields::new())
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(registry().with(layer), || {
            let request = tracing::info_span!(
                "request",
                requestId = "r1",
                correlationId = tracing::field::Empty
            )
            .entered();
            request.record("correlationId", "c1");
            let _inner = tracing::info_span!("inner", requestId = "r2").entered();
            tracing::warn!(status = 503, pod = "forged", "slow \"store\"\nsecond line");
        });
        let bytes = lines.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(text.starts_with("{\"timestamp\":"), "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        for (field, value) in [
            ("level", "WARN"),
            ("message", "slow \"store\"\nsecond line"),
            ("role", "web"),
            ("pod", "web-1"),
            ("requestId", "r2"),
            ("correlationId", "c1"),
        ] {
            assert_eq!(line[field], value, "{field}");
        }
        assert_eq!(line["status"], 503);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
        assert!(line["target"].as_str().unwrap().starts_with("contoso_shop"));
    }
}
