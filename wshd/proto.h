// The frames between wshd and its clients on wshd.sock. One connection carries any number of jobs.
//
//   client                                   wshd
//                       <------------------  HELLO version
//   SPAWN key=value\0…  ------------------>  (job ids are the client's; ids live until FORGET)
//                       <------------------  SPAWNED pid inside
//                       <------------------  STEP   lines of the job's set-up (steps.h); a held one waits for `go`
//   GATES lines         ------------------>  which gates are closed, and `go`
//   ATTACH out err      ------------------>  two u64 positions to go on from; flag 1: lossless
//                       <------------------  OUT, ERR   u64 position, bytes
//   STDIN bytes         ------------------>  at most STDIN_MAX not yet taken; empty: end of input
//                       <------------------  TAKEN  u64 bytes of stdin that the job has taken so far
//                       <------------------  EXIT   u32 status, after all output that this client asked for
//   FORGET              ------------------>  frees the rings and the status
//   LIST                ------------------>
//                       <------------------  KNOWN  of each job: u64 pid inside (0 once it has ended), u64 status, u64
//                                                   bytes of stdout so far
//                       <------------------  LISTED after the last
//
// A frame is a head, then `length` bytes. All numbers are little-endian. A malformed frame is answered by ERROR and
// ends that connection, nothing else. Up to four clients follow a job.
#pragma once
#include "system.h"

#define PROTO_VERSION 3u
#define PROTO_MAX (1u << 20)
#define STDIN_MAX (1u << 20)

enum { SPAWN = 1, STDIN, ATTACH, SIGNAL, RESIZE, FORGET, GATES, LIST };
enum { HELLO = 100, SPAWNED, OUT, ERR, EXIT, STEP_LINES, ERROR, KNOWN, LISTED, TAKEN };
enum { LOSSLESS = 1 };
// Ids from here on are for clients that come and go: a job of theirs is hung up and forgotten with its client.
#define BOUND 0x80000000u

struct head {
  uint32_t length; // of the payload, bytes
  uint16_t type, flags;
  uint32_t job;
};
_Static_assert(sizeof(struct head) == 12 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "heads go out as they lie");
