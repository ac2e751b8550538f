// Serves site/ as it is. Only the Node.js buildpack starts this; the Staticfile asks for dist/, which nobody has built.
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

http
  .createServer((req, res) => {
    const file = path.join(__dirname, 'site', req.url === '/' ? 'index.html' : path.normalize(req.url));
    fs.readFile(file, (error, body) => {
      res.writeHead(error ? 404 : 200, { 'content-type': file.endsWith('.html') ? 'text/html' : 'text/plain' });
      res.end(error ? 'no such page\n' : body);
    });
  })
  .listen(process.env.PORT, () => console.log(`serving site/ on port ${process.env.PORT}`));
