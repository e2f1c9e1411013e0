use std::sync::Arc;

use fred::rustls::pki_types::ServerName;
use redis_protocol::resp2::types::{BytesFrame, Resp2Frame};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::link::{Link, LinkError, Socket};
use crate::adapters::redis::tls;
use crate::config::{RedisSettings, RedisTopology};
use crate::ports::StoreError;

/// Connects to a Redis that can be subscribed to: the one node, the primary that a sentinel names,
/// or any node of a cluster, since each passes on what is published on the others. Each call tries
/// the next sentinel or node.
pub struct Dialer {
    settings: RedisSettings,
    tls: Option<TlsConnector>,
    /// Nodes that the cluster told of: those of the settings may all be gone one day.
    learned: Vec<(String, u16)>,
    calls: usize,
}

impl Dialer {
    /// A dialer that has not connected yet.
    ///
    /// # Errors
    /// A fault when the certificate authority cannot be read.
    pub fn new(settings: &RedisSettings) -> Result<Self, StoreError> {
        let tls = tls::client_config(settings)?.map(|config| TlsConnector::from(Arc::new(config)));
        // Pods that start together spread over the nodes.
        let calls = usize::from(rand::random::<u16>());
        Ok(Self { settings: settings.clone(), tls, learned: Vec::new(), calls })
    }

    /// A link that is logged in.
    pub(super) async fn dial(&mut self) -> Result<Link, LinkError> {
        self.calls = self.calls.wrapping_add(1);
        let limit = self.settings.connect_timeout;
        timeout(limit, self.connect()).await.unwrap_or(Err(LinkError::Silent(limit)))
    }

    async fn connect(&mut self) -> Result<Link, LinkError> {
        match &self.settings.topology {
            RedisTopology::Single(host, port) => self.log_in((host, *port)).await,
            RedisTopology::Sentinel { service, sentinels } => {
                let (host, port) = self.next_of(sentinels.iter()).ok_or(LinkError::NoPrimary)?;
                let mut sentinel = self.open((host, *port)).await?;
                let question = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", service];
                let (host, port) =
                    address(&sentinel.ask(&question).await?).ok_or(LinkError::NoPrimary)?;
                self.log_in((&host, port)).await
            }
            RedisTopology::Cluster(nodes) => {
                let known = nodes.iter().chain(&self.learned);
                let (host, port) = self.next_of(known).ok_or(LinkError::NoNode)?;
                let mut link = self.log_in((host, *port)).await?;
                // A user who may not ask goes on with what the settings name.
                if let Ok(slots) = link.ask(&["CLUSTER", "SLOTS"]).await {
                    let new = |node: &(String, u16)| !nodes.contains(node);
                    self.learned = cluster_nodes(&slots, host).into_iter().filter(new).collect();
                }
                Ok(link)
            }
        }
    }

    /// Whose turn it is.
    fn next_of<'a>(
        &self,
        nodes: impl Iterator<Item = &'a (String, u16)> + Clone,
    ) -> Option<&'a (String, u16)> {
        let count = nodes.clone().count();
        nodes.cycle().nth(self.calls.checked_rem(count)?)
    }

    async fn log_in(&self, node: (&str, u16)) -> Result<Link, LinkError> {
        let mut link = self.open(node).await?;
        if let Some(password) = &self.settings.password {
            let mut command = vec!["AUTH"];
            command.extend(self.settings.username.as_deref());
            command.push(password);
            link.ask(&command).await?;
        }
        Ok(link)
    }

    async fn open(&self, (host, port): (&str, u16)) -> Result<Link, LinkError> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        let socket: Box<dyn Socket> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
                Box::new(tls.connect(name, stream).await?)
            }
        };
        Ok(Link::new(socket))
    }
}

/// `[host, port]`, both as text.
fn address(answer: &BytesFrame) -> Option<(String, u16)> {
    let BytesFrame::Array(parts) = answer else { return None };
    let [host, port] = &parts[..] else { return None };
    Some((host.as_str()?.to_owned(), port.as_str()?.parse().ok()?))
}

/// The nodes that CLUSTER SLOTS lists, primaries and replicas, each once. One without a name is
/// the node that was `asked`.
fn cluster_nodes(answer: &BytesFrame, asked: &str) -> Vec<(String, u16)> {
    let BytesFrame::Array(ranges) = answer else { return Vec::new() };
    let mut found = Vec::new();
    for range in ranges {
        let BytesFrame::Array(range) = range else { continue };
        for node in range.iter().skip(2) {
            let BytesFrame::Array(node) = node else { continue };
            let [host, BytesFrame::Integer(port), ..] = &node[..] else { continue };
            let host = host.as_str().filter(|host| !host.is_empty()).unwrap_or(asked);
            let Ok(port) = u16::try_from(*port) else { continue };
            if !found.contains(&(host.to_owned(), port)) {
                found.push((host.to_owned(), port));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use redis_protocol::resp2::decode::decode_bytes;

    use super::*;

    fn answer(text: &'static str) -> BytesFrame {
        decode_bytes(&text.into()).expect("RESP").expect("a whole frame").0
    }

    #[test]
    fn every_node_of_a_cluster_is_learned_once() {
        let slots = answer(
            "*2\r\n*4\r\n:0\r\n:99\r\n*3\r\n$1\r\na\r\n:1\r\n$2\r\nid\r\n*3\r\n$1\r\nb\r\n:2\r\n$2\r\nid\r\n\
             *3\r\n:100\r\n:199\r\n*3\r\n$-1\r\n:1\r\n$2\r\nid\r\n",
        );
        let node = |host: &str, port| (host.to_owned(), port);
        assert_eq!(cluster_nodes(&slots, "asked"), [node("a", 1), node("b", 2), node("asked", 1)]);
        assert_eq!(cluster_nodes(&answer("+OK\r\n"), "asked"), []);
    }

    #[test]
    fn a_sentinel_names_the_primary_or_nobody() {
        assert_eq!(address(&answer("*2\r\n$1\r\nh\r\n$2\r\n17\r\n")), Some(("h".to_owned(), 17)));
        assert_eq!(address(&answer("*-1\r\n")), None);
    }
}
