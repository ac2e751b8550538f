// wshd as warden's port: boots by the C starter, talks to PID 1 over one socket. The two halves are boot.ts and client.ts.
import type { WshdPort } from '../wshd-port.ts';
import { bootContainer } from './boot.ts';
import { connectWshd } from './client.ts';

export { type BootedContainer, type BootOptions, bootContainer } from './boot.ts';
export { connectWshd, type WshdClient } from './client.ts';
export type { KnownJob } from './frames.ts';
export type { JobListener, JobOptions } from './jobs.ts';
export type { StepLine } from './lines.ts';
export { stepPoint, wshdActor } from './steps.ts';

/** @param binary path of the wshd program */
export function wshdPort(binary: string): WshdPort {
  return {
    async boot({ onSample, ...options }) {
      const booted = await bootContainer({
        ...options,
        binary,
        onHeld: (_line, subject, cause) => onSample(subject, cause),
      });
      return {
        pid: booted.pid,
        get starter() {
          return booted.starter;
        },
        ended: booted.ended.then(() => undefined),
      };
    },
    async connect({ lab, socket, handle, init }) {
      const client = await connectWshd(lab, { path: socket, handle, init });
      return {
        spawn: ({ args, onSample, trail, ...options }) =>
          client.spawn(
            { ...options, argv: args, onHeld: (_line, subject, cause) => subject > 0 && onSample(subject, cause) },
            trail,
          ),
        attach: (job, lossless, listener) => client.attach(job, { lossless }, listener),
        stdin: client.stdin,
        endStdin: client.endStdin,
        signal: client.signal,
        forget: client.forget,
        list: async () =>
          (await client.list()).map(({ job, exited, status }) => ({ job, status: exited ? status : undefined })),
        onClose: client.onClosed,
        close: client.close,
      };
    },
  };
}
