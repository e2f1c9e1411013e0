// nginx in front of the shop, for what only a proxy can do: block one path, or disappear.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, start } from './process.mjs';
import { until } from './wait.mjs';

const MISSING = 'nginx is missing: apt-get install nginx-light';

/** Starts nginx before `shop`; `blockHub` makes it answer 503 on the hub path. */
export async function startFront(shop, { blockHub = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'contoso-front-'));
  const port = await freePort();
  const config = join(folder, 'nginx.conf');
  const write = (blocked) => writeFile(config, configuration({ folder, port, upstream: shop.port, blocked }));
  let server = null;

  const up = async () => {
    server = start('nginx', ['-c', config, '-p', folder], { env: { PATH: `${process.env.PATH}:/usr/sbin` }, missing: MISSING });
    await until('nginx to accept connections', () => {
      server.check();
      return accepts(port);
    });
  };
  const down = async () => {
    await server.stop();
    await until('nginx to be gone', async () => !(await accepts(port)));
  };

  await write(blockHub);
  await up();
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    up,
    down,
    /** Lets the hub path through again. A restart, because after a reload the old worker still accepts for a moment. */
    async unblockHub() {
      await down();
      await write(false);
      await up();
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const configuration = ({ folder, port, upstream, blocked }) => `
daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen 127.0.0.1:${port};
    ${blocked ? 'location /hubs/ { return 503; }' : ''}
    location / {
      proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; proxy_read_timeout 60s;
    }
  }
}
`;

const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
