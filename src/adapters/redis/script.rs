use fred::clients::Client;
use fred::error::Error;
use fred::interfaces::LuaInterface;
use fred::types::scripts::Script;
use fred::types::{FromValue, MultipleKeys, Value};

/// A Lua script over the keys of one slot, so that it runs on any topology. Called by its hash; the text
/// is sent only to a server that does not know it, as after a restart or failover.
pub struct SlotScript {
    script: Script,
    text: &'static str,
}

impl SlotScript {
    /// Wraps the text.
    pub fn new(text: &'static str) -> Self {
        Self { script: Script::from_lua(text), text }
    }

    /// Runs it.
    pub async fn call<R: FromValue>(
        &self,
        client: &Client,
        keys: impl Into<MultipleKeys>,
        args: Vec<Value>,
    ) -> Result<R, Error> {
        let keys = keys.into();
        match client.evalsha(self.script.sha1().clone(), keys.clone(), args.clone()).await {
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                client.eval(self.text, keys, args).await
            }
            answer => answer,
        }
    }
}
