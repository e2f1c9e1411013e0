use super::reader::SettingsReader;
use super::{RedisSettings, Role, StoreConnection};

/// `[ConnectionStrings]`: what the shop stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// The system of record.
    pub contoso: StoreConnection,
    /// A SQL Server replica for reports; `None` means the system of record serves them.
    pub contoso_read_only: Option<StoreConnection>,
    /// Redis; `None` means in-process fan-out only.
    pub redis: Option<RedisSettings>,
}

impl ConnectionSettings {
    pub(super) fn read(r: &mut SettingsReader, role: Role) -> Self {
        let settings = Self {
            contoso: r.get("ConnectionStrings__Contoso"),
            contoso_read_only: r.optional("ConnectionStrings__ContosoReadOnly"),
            redis: r.optional("ConnectionStrings__Redis"),
        };
        if settings
            .contoso_read_only
            .as_ref()
            .is_some_and(|replica| !(replica.is_sql_server() && settings.contoso.is_sql_server()))
        {
            r.problem(
                "ConnectionStrings__ContosoReadOnly",
                "is a replica, which only SQL Server has",
                "Remove it, or use SQL Server for ConnectionStrings__Contoso and for it.",
            );
        }
        if role != Role::All && !r.is_set("ConnectionStrings__Contoso") {
            r.warn("ConnectionStrings__Contoso is not set: web and worker share orders only when they run in the same folder of one machine");
        }
        settings
    }
}
