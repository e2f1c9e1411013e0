use crate::signalr::ConnectionId;
use crate::signalr::backplane::Target;

/// The channel names of one hub, letter for letter those of
/// Microsoft.AspNetCore.SignalR.StackExchangeRedis (D7): the prefix is glued in front without a
/// separator, and every name is literal.
#[derive(Debug)]
pub(super) struct Channels {
    root: String,
    server: String,
}

/// What a message is, by the channel it came on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    Invocation(Target),
    GroupCommand,
    Ack,
}

impl Channels {
    /// `server` names this process among all others.
    pub(super) fn new(prefix: &str, hub: &str, server: String) -> Self {
        Self { root: format!("{prefix}{hub}:"), server }
    }

    /// What all names begin with.
    pub(super) fn hub(&self) -> &str {
        self.root.trim_end_matches(':')
    }

    pub(super) fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn target(&self, target: &Target) -> String {
        let root = &self.root;
        match target {
            Target::All => format!("{root}all"),
            Target::User(user) => format!("{root}user:{user}"),
            Target::Group(group) => format!("{root}group:{group}"),
            Target::Connection(id) => format!("{root}connection:{id}"),
        }
    }

    pub(super) fn group_commands(&self) -> String {
        format!("{}internal:groups", self.root)
    }

    pub(super) fn acks_of(&self, server: &str) -> String {
        format!("{}internal:ack:{server}", self.root)
    }

    /// What every server listens to from start to end.
    pub(super) fn permanent(&self) -> [String; 3] {
        [self.target(&Target::All), self.group_commands(), self.acks_of(&self.server)]
    }

    pub(super) fn parse(&self, channel: &str) -> Option<Incoming> {
        let rest = channel.strip_prefix(&self.root)?;
        Some(match rest.split_once(':') {
            None if rest == "all" => Incoming::Invocation(Target::All),
            Some(("user", user)) => Incoming::Invocation(Target::User(user.to_owned())),
            Some(("group", group)) => Incoming::Invocation(Target::Group(group.to_owned())),
            Some(("connection", id)) => {
                Incoming::Invocation(Target::Connection(ConnectionId::new(id)))
            }
            Some(("internal", "groups")) => Incoming::GroupCommand,
            Some(("internal", rest)) if rest.strip_prefix("ack:") == Some(&self.server) => {
                Incoming::Ack
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_microsofts_and_read_back() {
        let channels = Channels::new("contoso-signalr", "OrderStatusHub", "pod_1".into());
        let targets = [
            (Target::All, "contoso-signalrOrderStatusHub:all"),
            (Target::User("a:b*".into()), "contoso-signalrOrderStatusHub:user:a:b*"),
            (Target::Group("g".into()), "contoso-signalrOrderStatusHub:group:g"),
            (
                Target::Connection(ConnectionId::new("c")),
                "contoso-signalrOrderStatusHub:connection:c",
            ),
        ];
        for (target, name) in targets {
            assert_eq!(channels.target(&target), name);
            assert_eq!(channels.parse(name), Some(Incoming::Invocation(target)));
        }
        assert_eq!(channels.group_commands(), "contoso-signalrOrderStatusHub:internal:groups");
        assert_eq!(channels.acks_of("pod_1"), "contoso-signalrOrderStatusHub:internal:ack:pod_1");
        assert_eq!(channels.parse(&channels.group_commands()), Some(Incoming::GroupCommand));
        assert_eq!(channels.parse(&channels.acks_of("pod_1")), Some(Incoming::Ack));
        for foreign in [
            channels.acks_of("pod_2"),
            "contoso-signalrOther:all".into(),
            "x".into(),
            "contoso-signalrOrderStatusHub:no".into(),
        ] {
            assert_eq!(channels.parse(&foreign), None);
        }
    }
}
