use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::redis_server::free_port;
use crate::support::{Pod, Rig, until};

/// A real nginx before the pods: round robin, no affinity, WebSocket upgrade. Stopped on drop.
pub struct Nginx {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    access_log: PathBuf,
}

impl Nginx {
    /// Starts it and waits until it accepts connections.
    pub async fn start(rig: &Rig, pods: &[&Pod]) -> Self {
        let port = free_port();
        let folder = rig.path(&format!("nginx-{port}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        let servers: String =
            pods.iter().map(|pod| format!("server 127.0.0.1:{};", pod.http)).collect();
        let folder_text = folder.display();
        let config = format!(
            r#"daemon off; worker_processes 1; pid {folder_text}/pid; error_log {folder_text}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log {folder_text}/access.log;
  client_body_temp_path {folder_text}/body; proxy_temp_path {folder_text}/proxy; fastcgi_temp_path {folder_text}/f;
  uwsgi_temp_path {folder_text}/u; scgi_temp_path {folder_text}/s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream web {{ {servers} keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://web; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
      proxy_connect_timeout 5s; proxy_read_timeout 60s; proxy_send_timeout 60s;
    }}
  }}
}}"#
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, config).expect("a configuration");
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is missing: apt-get install nginx-light");
        until("nginx to accept", Duration::from_secs(10), || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop)
        })
        .await;
        Self { child, port, access_log: folder.join("access.log") }
    }

    /// Base URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests seen so far.
    pub fn access_log(&self) -> String {
        std::fs::read_to_string(&self.access_log).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM, so that the master takes its worker along.
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap_or_default());
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}
