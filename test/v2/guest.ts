// Runs inside the virtual machine, as root of a kernel that has cgroup v2 only: one Warden, its requests, and what the
// kernel's files say of them. Prints a line for each check; scripts/qemu-lane.mjs counts them.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { examine } from '../../server/doctor/index.ts';
import { openCgroups } from '../../server/warden/cgroup/cgroup.ts';
import { createCgroupV2, sharesOf } from '../../server/warden/cgroup/v2.ts';
import { startWarden } from '../../server/warden/server.ts';
import { wshdPort } from '../../server/warden/wshd/index.ts';
import { startNode, WSHD } from '../warden/node.ts';
import { check, has, plan, refused, same, until } from './checks.ts';

const ROOT = '/sys/fs/cgroup';
const PIDS = 64;
const t = { cause: null };

const read = (path: string) => readFileSync(path, 'utf8').trim();
const words = (path: string) => read(path).split(/\s+/).filter(Boolean);
const left = () => readdirSync(ROOT).filter((name) => name.includes('wardenscope'));

await check('the kernel has v2 alone, and start-up chooses it by trying', () => {
  for (const name of ['memory', 'freezer', 'unified']) same(existsSync(`${ROOT}/${name}`), false, name);
  const tree = openCgroups('probe');
  same([tree.version, tree.controllers], [2, ['cpu', 'memory', 'pids']]);
  for (const name of tree.controllers) has(words(`${ROOT}/cgroup.subtree_control`), name);
  for (const name of tree.controllers) has(words(`${ROOT}/wardenscope-probe/cgroup.subtree_control`), name);
  tree.removeLab();
  same(left(), []);
});

await check('the doctor has tried it, and leaves nothing behind', async () => {
  const rows = await examine({ dir: '/tmp', wshd: WSHD });
  const row = rows.find((r) => r.name === 'cgroups');
  same([row?.here, row?.seen], ['yes', 'v2: cpu memory pids']);
  for (const name of ['overlay', 'user namespace', 'veth', 'nftables'])
    same(rows.find((r) => r.name === name)?.here, 'yes', name);
  same(left(), []);
});

await check('a cgroup with processes of its own is refused with what to type, and nothing is made in it', async () => {
  const inner = `${ROOT}/inner`;
  mkdirSync(inner);
  const inside = spawn('sleep', ['1000']);
  const gone = new Promise((resolve) => inside.once('exit', resolve));
  writeFileSync(`${ROOT}/cgroup.subtree_control`, '+cpu +memory +pids');
  writeFileSync(`${inner}/cgroup.procs`, String(inside.pid));
  const tree = createCgroupV2(inner, 'wardenscope-x');
  await refused(
    Promise.resolve().then(() => tree.makeLab()),
    `which has 1 processes of its own; move them into a leaf: mkdir ${inner}/leaf`,
  );
  same(existsSync(`${inner}/wardenscope-x`), false, 'a cgroup in it');
  mkdirSync(`${inner}/leaf`);
  writeFileSync(`${inner}/leaf/cgroup.procs`, String(inside.pid));
  tree.makeLab();
  tree.removeLab();
  inside.kill('SIGKILL');
  await gone;
  await until('the process is out of its leaf', () => read(`${inner}/leaf/cgroup.procs`) === '');
  rmdirSync(`${inner}/leaf`);
  rmdirSync(inner);
});

const starting = startNode({ pidsLimit: PIDS });
await check('a Warden starts', async () => {
  const { server } = await starting;
  same(server.warden.cgroups.version, 2);
});
const node = await starting;
const lab = `${ROOT}/wardenscope-${node.config.lab}`;
const w = await node.client();
const handle = 'two';
let at = '';
const record = () => node.server.warden.containers.get(handle)!;
const run = (script: string) => w.request('Run', { handle, script }, t);
const cgroupOf = (pid: number | bigint) => read(`/proc/${pid}/cgroup`).slice('0::'.length);
/** The processes of a leaf, as the kernel lists them. */
const inLeaf = (leaf: string) => words(`${at}/${leaf}/cgroup.procs`).map(Number);

await check('a Create of hand-made bytes puts PID 1 into the leaf init of its own cgroup', async () => {
  same(await rawCreate(handle), handle);
  at = `${lab}/instance-${record().id}`;
  const pid = record().init!.pid;
  same(cgroupOf(pid), `${at.slice(ROOT.length)}/init`, 'its cgroup');
  same(inLeaf('init'), [pid]);
  same(words(`${at}/cgroup.procs`), [], 'what is beside the leaves');
  for (const ns of ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'])
    same(readlinkSync(`/proc/${pid}/ns/${ns}`) === readlinkSync(`/proc/self/ns/${ns}`), false, `sharing ${ns}`);
  for (const name of ['cpu', 'memory', 'pids']) has(words(`${at}/cgroup.controllers`), name);
});

await check('Run answers status, both streams and Info', async () => {
  const r = await run('echo out; echo err >&2; id -un; exit 7');
  same([r.exitStatus, r.stdout, r.stderr, r.info?.state], [7, 'out\nvcap\n', 'err\n', 'active']);
});

await check('a job runs in the leaf jobs, from where nothing above its own leaf is to be seen', async () => {
  const { jobId } = await w.request('Spawn', { handle, script: 'cat /proc/self/cgroup; exec sleep 1000' }, t);
  await until(
    'a process in jobs',
    () => inLeaf('jobs').length === 1 && read(`/proc/${inLeaf('jobs')[0]}/comm`) === 'sleep',
  );
  same(cgroupOf(inLeaf('jobs')[0]!), `${at.slice(ROOT.length)}/jobs`);
  process.kill(inLeaf('jobs')[0]!, 'SIGKILL');
  const r = await w.request('Link', { handle, jobId }, t);
  same([r.exitStatus, r.stdout], [137, '0::/../jobs\n']);
});

await check('LimitMemory, raised and lowered, is memory.max, memory.swap.max and what Info says', async () => {
  for (const mib of [64n, 256n, 128n]) {
    same((await w.request('LimitMemory', { handle, limitInBytes: mib << 20n }, t)).limitInBytes, mib << 20n);
    same(read(`${at}/memory.max`), String(mib << 20n), 'memory.max');
    same(read(`${at}/memory.swap.max`), '0', 'memory.swap.max');
    const info = await w.request('Info', { handle }, t);
    same(info.memoryStat?.hierarchicalMemoryLimit, mib << 20n, 'Info');
  }
  same((await w.request('LimitMemory', { handle }, t)).limitInBytes, 128n << 20n, 'asked without a value');
});

await check('Info has memory and processor use from the unified files', async () => {
  const before = await w.request('Info', { handle }, t);
  await run('i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done');
  const after = await w.request('Info', { handle }, t);
  if (!((after.cpuStat?.usage ?? 0n) > (before.cpuStat?.usage ?? 0n))) throw new Error('no processor time was counted');
  if (!((after.memoryStat?.totalRss ?? 0n) > 0n)) throw new Error('no memory was counted');
});

await check('LimitCpu is cpu.weight, and answers the shares that the weight stands for', async () => {
  for (const [shares, weight] of [
    [1024n, 39n],
    [2n, 1n],
    [262144n, 10000n],
    [256n, 10n],
  ] as const) {
    same((await w.request('LimitCpu', { handle, limitInShares: shares }, t)).limitInShares, sharesOf(weight));
    same(read(`${at}/cpu.weight`), String(weight), 'cpu.weight');
  }
});

await check('pids.max is set at Create, and a fork beyond it is refused', async () => {
  same(read(`${at}/pids.max`), String(PIDS), 'pids.max');
  // dash says so at once; bash would try again for 15 seconds.
  const r = await run(`exec sh -c 'i=0; while [ $i -lt ${PIDS * 2} ]; do i=$((i+1)); sleep 1000 & done'`);
  has(r.stderr, 'annot fork');
  // Older kernels count it where the fork was, newer ones where the limit is.
  const counted = ['', '/jobs'].map((leaf) => Number(/^max (\d+)/m.exec(read(`${at}${leaf}/pids.events`))?.[1]));
  if (!counted.some((n) => n > 0)) throw new Error('pids.events counts no refusal');
  for (const pid of inLeaf('jobs')) process.kill(pid, 'SIGKILL');
  await until('all of them gone', () => inLeaf('jobs').length === 0);
});

await check('frozen jobs stand still while CopyIn works in the leaf visit, and go on when thawed', async () => {
  const out = '/home/vcap/count';
  await w.request('Spawn', { handle, script: `while :; do echo x >> ${out}; sleep 0.02; done` }, t);
  const size = () => {
    const path = `/proc/${record().init!.pid}/root${out}`;
    return existsSync(path) ? read(path).length : 0;
  };
  await until('the job counts', () => size() > 4);
  record().cgroup.freezeJobs(true);
  await until('the kernel says frozen', () => read(`${at}/jobs/cgroup.events`).includes('frozen 1'));
  const still = size();
  // Held in its leaf for as long as we look: so it is seen there and nowhere else.
  writeFileSync(`${at}/visit/cgroup.freeze`, '1');
  writeFileSync(`${node.dir}/file`, 'copied');
  const copied = (await node.client('copy')).request(
    'CopyIn',
    { handle, srcPath: `${node.dir}/file`, dstPath: '/home/vcap/file' },
    { cause: null },
  );
  await until('the helper in visit', () => inLeaf('visit').length > 0);
  writeFileSync(`${at}/visit/cgroup.freeze`, '0');
  await copied;
  same(size(), still, 'the count of the frozen job');
  record().cgroup.freezeJobs(false);
  await until('the job counts on', () => size() > still + 4);
  same((await run('cat /home/vcap/file')).stdout, 'copied');
});

await check('another server adopts the container with its limits, and its jobs in their leaf', async () => {
  const jobs = inLeaf('jobs');
  const pid = record().init!.pid;
  for (const c of node.clients.splice(0)) if (c !== w) c.close();
  w.close();
  await node.server.drain();
  node.server = await startWarden({ lab: node.lab, config: node.config, socket: node.socket, wshd: wshdPort(WSHD) });
  const again = await node.client('again');
  Object.assign(w, { request: again.request.bind(again) });
  same((await again.request('List', {}, t)).handles, [handle]);
  same([record().init!.pid, read(`${at}/memory.max`), read(`${at}/cpu.weight`)], [pid, String(128n << 20n), '10']);
  if (!inLeaf('jobs').includes(jobs[0]!)) throw new Error('the job is not in its leaf any more');
});

await check('memory over the limit: killed with 137, the event says so, and the container is stopped', async () => {
  await w.request('LimitMemory', { handle, limitInBytes: 48n << 20n }, t);
  const r = await run('exec tail /dev/zero');
  same(r.exitStatus, 137);
  has(r.info?.events, 'out of memory');
  if (Number(/^oom_kill (\d+)/m.exec(read(`${at}/memory.events`))?.[1]) < 1)
    throw new Error('the kernel counts no kill');
  await until('stopped', async () => (await w.request('Info', { handle }, t)).state === 'stopped');
  await until('PID 1 alone', () => inLeaf('jobs').length === 0);
  same(inLeaf('init'), [record().init!.pid]);
});

await check('Destroy leaves no cgroup, no process and no link of it', async () => {
  const { id, init } = record();
  await w.request('Destroy', { handle }, t);
  same(existsSync(at), false, 'its cgroup');
  same(existsSync(`/proc/${init!.pid}`), false, 'its PID 1');
  same(existsSync(`/sys/class/net/w-${id}-0`), false, 'its link');
  same(
    readdirSync(lab).filter((name) => name.startsWith('instance-')),
    [],
  );
});

await check('Destroy of a frozen container with a job that ignores TERM', async () => {
  await w.request('Create', { handle }, t);
  at = `${lab}/instance-${record().id}`;
  await w.request('Spawn', { handle, script: 'trap "" TERM; while :; do sleep 1000; done' }, t);
  await until('the job runs', () => inLeaf('jobs').length > 0);
  record().cgroup.freezeJobs(true);
  await w.request('Destroy', { handle }, t);
  same(existsSync(at), false, 'its cgroup');
});

await check('the end of the lab leaves no cgroup', async () => {
  await node.end();
  same(left(), []);
});

plan();
// Whatever a failed check left open must not keep the machine running.
setTimeout(() => process.exit(0), 100);

/** Speaks Warden's wire by hand: request type 11, field 3 is the handle. Returns the handle out of the answer's bytes. */
function rawCreate(name: string): Promise<string> {
  const create = Buffer.concat([Buffer.from([0x1a, name.length]), Buffer.from(name)]);
  const message = Buffer.concat([Buffer.from([0x08, 11, 0x12, create.length]), create]);
  return new Promise((resolve, reject) => {
    const socket = connect(node.socket);
    let inbox = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      inbox = Buffer.concat([inbox, bytes]);
      const start = inbox.indexOf('\r\n') + 2;
      if (start < 2 || inbox.length < start + Number(inbox.subarray(0, start - 2).toString()) + 2) return;
      socket.destroy();
      // 08 0b 12 <length> 0a <length> <handle>
      const [type, answer, field, length = 0] = [
        inbox[start + 1],
        inbox[start + 2],
        inbox[start + 4],
        inbox[start + 5],
      ];
      if (type !== 11 || answer !== 0x12 || field !== 0x0a) reject(new Error(`answered ${inbox.toString('latin1')}`));
      resolve(inbox.subarray(start + 6, start + 6 + length).toString());
    });
    socket.write(Buffer.concat([Buffer.from(`${message.length}\r\n`), message, Buffer.from('\r\n')]));
  });
}
