use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError, RwLock};

use super::backplane::Target;
use super::connection::{Connection, ConnectionId};

/// The connections of this server, found by id, user and group.
#[derive(Debug, Default)]
pub struct Registry(RwLock<Tables>);

type Members = HashMap<ConnectionId, Arc<Connection>>;

#[derive(Debug, Default)]
struct Tables {
    connections: Members,
    users: HashMap<String, Members>,
    groups: HashMap<String, Members>,
}

impl Registry {
    /// Adds a connection; false if its id is taken.
    pub fn add(&self, connection: &Arc<Connection>) -> bool {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let Entry::Vacant(vacant) = tables.connections.entry(connection.id().clone()) else {
            return false;
        };
        vacant.insert(connection.clone());
        insert(&mut tables.users, connection.user_id(), connection);
        true
    }

    /// Takes a connection out of every table and returns the groups it was in.
    pub fn remove(&self, connection: &Connection) -> Vec<String> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        tables.connections.remove(connection.id());
        take(&mut tables.users, connection.user_id(), connection.id());
        let groups = connection.leave_all();
        for group in &groups {
            take(&mut tables.groups, group, connection.id());
        }
        groups.into_iter().collect()
    }

    /// Adds a connection to a group: `None` if the connection is not here, false if it was a member
    /// already.
    pub fn join(&self, id: &ConnectionId, group: &str) -> Option<bool> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let connection = tables.connections.get(id)?.clone();
        let joined = connection.join(group);
        if joined {
            insert(&mut tables.groups, group, &connection);
        }
        Some(joined)
    }

    /// Takes a connection out of a group: `None` if the connection is not here, false if it was no
    /// member.
    pub fn leave(&self, id: &ConnectionId, group: &str) -> Option<bool> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let left = tables.connections.get(id)?.leave(group);
        if left {
            take(&mut tables.groups, group, id);
        }
        Some(left)
    }

    /// The connections of a target, without the excluded ones. Cloned, so that sending holds no
    /// lock.
    pub fn find(&self, target: &Target, excluded: &[ConnectionId]) -> Vec<Arc<Connection>> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let members = match target {
            Target::All => Some(&tables.connections),
            Target::User(user) => tables.users.get(user),
            Target::Group(group) => tables.groups.get(group),
            Target::Connection(id) => {
                return tables
                    .connections
                    .get(id)
                    .filter(|_| !excluded.contains(id))
                    .cloned()
                    .into_iter()
                    .collect();
            }
        };
        members
            .into_iter()
            .flatten()
            .filter(|(id, _)| !excluded.contains(id))
            .map(|(_, found)| found.clone())
            .collect()
    }

    /// Whether a connection is here.
    pub fn contains(&self, id: &ConnectionId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).connections.contains_key(id)
    }
}

fn insert(table: &mut HashMap<String, Members>, name: &str, connection: &Arc<Connection>) {
    // Looked up first: most joins meet an existing entry and need no new name.
    match table.get_mut(name) {
        Some(members) => members.insert(connection.id().clone(), connection.clone()),
        None => table
            .entry(name.to_owned())
            .or_default()
            .insert(connection.id().clone(), connection.clone()),
    };
}

fn take(table: &mut HashMap<String, Members>, name: &str, id: &ConnectionId) {
    if let Some(members) = table.get_mut(name) {
        members.remove(id);
        if members.is_empty() {
            table.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signalr::HubOptions;

    fn connection(id: &str, user: &str) -> Arc<Connection> {
        Arc::new(Connection::new(ConnectionId::new(id), user, &HubOptions::default()))
    }

    fn ids(registry: &Registry, target: &Target, excluded: &[&str]) -> Vec<String> {
        let excluded: Vec<_> = excluded.iter().map(|id| ConnectionId::new(id)).collect();
        let mut ids: Vec<_> =
            registry.find(target, &excluded).iter().map(|found| found.id().to_string()).collect();
        ids.sort();
        ids
    }

    #[test]
    fn connections_are_found_by_id_user_and_group_until_they_leave() {
        let registry = Registry::default();
        let (a, b, c) = (connection("a", "u"), connection("b", "u"), connection("c", "v"));
        for each in [&a, &b, &c] {
            assert!(registry.add(each));
        }
        assert!(!registry.add(&connection("a", "x")), "an id belongs to one connection");
        assert_eq!(registry.join(a.id(), "g"), Some(true));
        assert_eq!(registry.join(a.id(), "g"), Some(false));
        assert_eq!(registry.join(&ConnectionId::new("z"), "g"), None);
        registry.join(c.id(), "g");

        assert_eq!(ids(&registry, &Target::All, &["b"]), ["a", "c"]);
        assert_eq!(ids(&registry, &Target::User("u".into()), &[]), ["a", "b"]);
        assert_eq!(ids(&registry, &Target::Group("g".into()), &["a"]), ["c"]);
        assert_eq!(ids(&registry, &Target::Connection(b.id().clone()), &[]), ["b"]);
        assert!(ids(&registry, &Target::User("*".into()), &[]).is_empty());

        assert_eq!(registry.leave(c.id(), "g"), Some(true));
        assert_eq!(registry.leave(c.id(), "g"), Some(false));
        assert_eq!(registry.remove(&a), ["g"]);
        assert!(ids(&registry, &Target::Group("g".into()), &[]).is_empty());
        assert_eq!(ids(&registry, &Target::User("u".into()), &[]), ["b"]);
        assert!(!registry.contains(a.id()));
    }
}
