// Serves a folder on $PORT: files as they are, index.html for folders, nothing above the folder.
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const root = fs.realpathSync(process.argv[2] || 'public');
const types = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.gif': 'image/gif',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
};

http
  .createServer((req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return answer(req, res, 405, 'method not allowed\n');
    const file = locate(req.url);
    if (!file) return answer(req, res, 404, 'not found\n');
    console.log(`${req.method} ${req.url} 200`);
    res.writeHead(200, {
      'content-type': types[path.extname(file).toLowerCase()] || 'application/octet-stream',
      'content-length': fs.statSync(file).size,
    });
    if (req.method === 'HEAD') return res.end();
    fs.createReadStream(file)
      .on('error', () => res.destroy())
      .pipe(res);
  })
  .listen(Number(process.env.PORT || 8080), () => console.log(`serving ${root} on port ${process.env.PORT || 8080}`));

/** The file a URL names, or undefined. Links that lead out of the folder name nothing. */
function locate(url) {
  try {
    const asked = path.join(root, decodeURIComponent(new URL(url, 'http://x').pathname));
    const file = fs.statSync(asked).isDirectory() ? path.join(asked, 'index.html') : asked;
    const real = fs.realpathSync(file);
    return real.startsWith(root + path.sep) && fs.statSync(real).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}

function answer(req, res, status, text) {
  console.log(`${req.method} ${req.url} ${status}`);
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  res.end(text);
}
