use std::fmt::Write as _;
use std::time::Duration;

use super::reader::{Effective, SettingsReader};
use super::{
    ConnectionSettings, DrainSettings, EventSettings, HangfireSettings, JobSettings, JwtSettings,
    ListenSettings, LogSettings, OpsSettings, Parts, Problems, RateLimitSettings,
    RecurringSettings, ResilienceSettings, Role, SettingsFile, SignalRSettings, signalr, validate,
};

/// Every setting, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What this process is for.
    pub role: Role,
    /// What this process is called in logs: the pod's or the machine's name.
    pub pod: String,
    /// Job processing.
    pub hangfire: HangfireSettings,
    /// What the shop stands on.
    pub connections: ConnectionSettings,
    /// The public listener.
    pub http: ListenSettings,
    /// The ops listener.
    pub ops: OpsSettings,
    /// The hub.
    pub signalr: SignalRSettings,
    /// Origins of web pages that may call the API.
    pub cors_allowed_origins: Vec<String>,
    /// How long Redis keeps an order's owner and status after the last write.
    pub workflow_state_ttl: Duration,
    /// Whose tokens are believed; `None` in a worker.
    pub jwt: Option<JwtSettings>,
    /// How long processing an order takes at least.
    pub orders_processing_time: Duration,
    /// Leases and retries.
    pub jobs: JobSettings,
    /// How the process leaves.
    pub drain: DrainSettings,
    /// When calls to SQL and Redis are given up and refused.
    pub resilience: ResilienceSettings,
    /// How order events are delivered again.
    pub events: EventSettings,
    /// Work that is done again and again.
    pub recurring: RecurringSettings,
    /// What one caller may do.
    pub rate_limits: RateLimitSettings,
    /// Log lines.
    pub log: LogSettings,
    /// What is allowed but should be known; to be logged at start.
    pub warnings: Vec<String>,
    effective: Vec<Effective>,
}

impl Settings {
    /// Puts the layers together and checks them. Errors with every problem there is. Reads nothing
    /// from outside.
    pub fn resolve(
        variables: impl IntoIterator<Item = (String, String)>,
        file: Option<&SettingsFile>,
    ) -> Result<Self, Problems> {
        let mut reader = SettingsReader::new(variables, file);
        let mut settings = read(&mut reader);
        let (problems, warnings, effective) = reader.finish();
        (settings.warnings, settings.effective) = (warnings, effective);
        if problems.is_empty() { Ok(settings) } else { Err(Problems(problems)) }
    }

    /// The parts that run in this process.
    pub fn parts(&self) -> Parts {
        Parts::of(self.role, self.hangfire.processing_enabled)
    }

    /// Every setting with its value and where it comes from, secrets as `***`, one per line.
    pub fn dump(&self) -> String {
        let width = |of: fn(&Effective) -> usize| self.effective.iter().map(of).max().unwrap_or(0);
        let (name, value) = (width(|line| line.name.len()), width(|line| line.value.len()).min(48));
        self.effective.iter().fold(String::new(), |mut text, line| {
            let shown = if line.value.is_empty() { "-" } else { &line.value };
            let _ = writeln!(text, "{:name$}  {shown:value$}  {}", line.name, line.origin);
            text
        })
    }
}

/// Reads every section. The order is that of default.toml.
pub(super) fn read(r: &mut SettingsReader) -> Settings {
    let role = r.optional::<Role>("ROLE");
    let role_is_known = role.is_some();
    let role = role.unwrap_or(Role::All);
    let hangfire = HangfireSettings::read(r, role);
    let pod = r.or("POD_NAME", gethostname::gethostname().to_string_lossy().into_owned());
    let connections = ConnectionSettings::read(r, role);
    let http = ListenSettings::read(r, role);
    let loopback = http.listen.ip().is_loopback();
    let jwt = JwtSettings::read(r, role, loopback, &connections.contoso);
    let settings = Settings {
        role,
        pod,
        hangfire,
        connections,
        ops: OpsSettings::read(r, role),
        signalr: SignalRSettings::read(r),
        cors_allowed_origins: signalr::origins(r, "Cors__AllowedOrigins"),
        workflow_state_ttl: r.positive("WorkflowState__Ttl"),
        jwt,
        http,
        orders_processing_time: r
            .or("Orders__ProcessingTime", Duration::from_secs(u64::from(role == Role::All))),
        jobs: JobSettings::read(r),
        drain: DrainSettings::read(r),
        resilience: ResilienceSettings::read(r),
        events: EventSettings::read(r),
        recurring: RecurringSettings::read(r),
        rate_limits: RateLimitSettings::read(r),
        log: LogSettings::read(r),
        warnings: Vec::new(),
        effective: Vec::new(),
    };
    // With an unknown role, everything that depends on it would be a guess.
    if role_is_known {
        validate::check(r, &settings);
    }
    settings
}
