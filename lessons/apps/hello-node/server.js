// An app that tells where it runs. Every path is for one question of a lesson; no dependencies.
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');

const application = JSON.parse(process.env.VCAP_APPLICATION || '{}');
const eaten = [];

const answers = {
  '/': () => `Hello from ${os.hostname()}, instance ${application.instance_index ?? 0}, pid ${process.pid}\n`,
  '/json': () => ({
    hostname: os.hostname(),
    pid: process.pid,
    init: titleOf(1),
    port: Number(process.env.PORT),
    instance: application.instance_index ?? 0,
    uid: process.getuid(),
    cwd: process.cwd(),
    node: process.version,
  }),
  '/env': () => process.env,
  '/ps': () => processes(),
  '/burn': (query) => {
    const mb = Math.min(Math.max(Number(query.get('mb') || 16), 0), 4096);
    for (let i = 0; i < mb; i++) eaten.push(Buffer.alloc(1024 * 1024, 1));
    return { burned: eaten.length, rss: process.memoryUsage().rss };
  },
  '/exit': (query) => {
    const code = Number(query.get('code') || 0);
    console.log(`asked to exit with ${code}`);
    setTimeout(() => process.exit(code), 50);
    return `exiting with ${code}\n`;
  },
  '/crash': () => {
    console.error('asked to crash');
    setTimeout(() => {
      throw new Error('crashed on request');
    }, 50);
    return 'crashing\n';
  },
};

http
  .createServer((req, res) => {
    const url = new URL(req.url, 'http://app');
    const answer = answers[url.pathname];
    console.log(`${req.method} ${req.url} ${answer ? 200 : 404}`);
    const body = answer ? answer(url.searchParams) : 'no such page\n';
    const text = typeof body === 'string';
    res.writeHead(answer ? 200 : 404, { 'content-type': text ? 'text/plain; charset=utf-8' : 'application/json' });
    res.end(text ? body : `${JSON.stringify(body, null, 2)}\n`);
  })
  .listen(Number(process.env.PORT || 8080), () => console.log(`listening on port ${process.env.PORT || 8080}`));

/** How a process calls itself: the whole title, `wshd: …` for the container's PID 1. */
function titleOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || nameOf(pid);
  } catch {
    return nameOf(pid);
  }
}

function nameOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return null;
  }
}

function processes() {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid: Number(pid), title: titleOf(pid) }));
}
