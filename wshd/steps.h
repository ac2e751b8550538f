// A run through a table of steps: the boot of a container, or the set-up of a job. Before and after each step stands a
// gate. Lines on the control descriptor:
//
//   up    NAME/WHEN PID RESULT NANOSECONDS HELD NOTE   after each step; before it only where it is held
//         execve/exec PID MONOTONIC                    it is about to be tried; that it worked only silence can tell
//         failed NAME ERRNO WORDS                      what could not be done; the run is over
//   down  closed NAME/WHEN NAME/WHEN …                 which gates are closed from now on, a blank behind each; `*` for
//                                                      all; read at each gate, without waiting
//         go                                           the held one goes on
#pragma once
#include "system.h"

enum side { PARENT, CHILD, JOB };
// OURS: not of 2014. MODERN: also left out with era=2014. EACH: once for each value of the key that it needs.
enum { OURS = 1, MODERN = 2, EACH = 4 };

struct step {
  const char *name, *call;
  const char *args; // how to show them: words split at blanks; $key stands for the key's values
  const char *needs; // left out unless this key was given; NULL: always done
  enum side side;
  int flags;
  const char *file;
  int line;
  int (*act)(void);
};

// Declares a step beside its code; a line of three slashes above it is what people read about it.
// Usage: STEP(name, SIDE, call, flags, needs, args) { …; return result; }
#define STEP(id, SIDE, CALL, FLAGS, NEEDS, ARGS)                                                            \
  static int id##_act(void);                                                                                \
  static const struct step id##_step = {#id, CALL, ARGS, NEEDS, SIDE, FLAGS, __FILE__, __LINE__, id##_act}; \
  static int id##_act(void)

// The one run that a process is in; in PID 1, that of the job which it forks.
extern struct run {
  const struct step *const *table; // ends with NULL
  char *texts, *texts_end; // `key=value`, each with its NUL, as they lie in argv or in a SPAWN frame
  FILE *up; // to the control socket: by lines, or in one piece when the run is held or over
  pid_t pid; // as it is reported
  char closed[2048]; // ` NAME/WHEN NAME/WHEN `
  int turn; // which value of an EACH step's key
  char note[128]; // what a step wants to say of itself
  char attempted[256]; // what was refused, in words
} run;

extern const struct step *const boot_table[], *const job_table[];

// The n-th value of a key, or NULL.
const char *key(const char *name, int n);
// The value of a key; empty if it was not given.
const char *k(const char *name);
// Passes the result of a call through; a refusal is remembered in words, with errno untouched.
int attempt(int result, const char *format, ...) __attribute__((format(printf, 2, 3)));
uint64_t now_ns(void);

// Reads lines: what is there, or, held, until `go`; -1 when the control descriptor ends instead, which ends the run.
int control_read(bool held);
// Does every step of one side in order. -1: one failed, and its words were sent, or the control descriptor ended.
int run_steps(enum side side);
void steps_print(const struct step *const *table);
