// Takes MB megabytes of memory, STEP at a time, and keeps them. Within its limit it then serves; above it the kernel's
// out-of-memory killer ends it. Buffers live outside of V8's heap: the cgroup's limit is what counts.
const http = require('node:http');

const wanted = Number(process.env.MB || 400);
const step = Number(process.env.STEP || 100);
let taken = 0;
const kept = [];

http
  .createServer((_req, res) => res.end(`${taken} MB taken of ${wanted}\n`))
  .listen(process.env.PORT, () => {
    console.log(`listening on port ${process.env.PORT}, taking ${wanted} MB`);
    setTimeout(take, 1500);
  });

function take() {
  const more = Math.min(step, wanted - taken);
  // One block, filled at once: a program that grows slowly would drive its own code out of memory page by page first.
  kept.push(Buffer.alloc(more * 1024 * 1024, 1));
  taken += more;
  console.log(`${taken} MB taken`);
  if (taken < wanted) setTimeout(take, 500);
  else console.log('that is enough');
}
