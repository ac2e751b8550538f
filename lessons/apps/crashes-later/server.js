// Answers for a few seconds, then fails on a mistake that any program could contain. AFTER: seconds until then.
const http = require('node:http');

const seconds = Number(process.env.AFTER || 4);

http
  .createServer((_req, res) => res.end(`still here, not for longer than ${seconds} s\n`))
  .listen(process.env.PORT, () => {
    console.log(`listening on port ${process.env.PORT}, reading the settings in ${seconds} s`);
    setTimeout(readSettings, seconds * 1000);
  });

function readSettings() {
  const settings = JSON.parse(process.env.SETTINGS || '{}');
  console.log(`the shop opens at ${settings.shop.opens}`);
}
