// The engine of both tables: gates, lines, order. What a step does is beside its name in boot.c and job.c.
#include "steps.h"

enum { BEFORE, AFTER };
static const char *const whens[] = {"before", "after"};
struct run run;

const char *key(const char *name, int n) {
  size_t length = strlen(name);
  for (const char *t = run.texts; t < run.texts_end; t += strlen(t) + 1)
    if (!strncmp(t, name, length) && t[length] == '=' && n-- == 0) return t + length + 1;
  return NULL;
}

const char *k(const char *name) {
  const char *value = key(name, 0);
  return value ? value : "";
}

int attempt(int result, const char *format, ...) {
  if (result >= 0) return result;
  int error = errno;
  va_list args;
  va_start(args, format);
  vsnprintf(run.attempted, sizeof run.attempted, format, args);
  va_end(args);
  for (char *c = run.attempted; *c; c++)
    if (*c == '\n') *c = '?'; // a path may have one, a line may not
  errno = error;
  return result;
}

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// One line: 1; 0 where there is none and nobody waits; -1 at the end. Byte by byte, because starter and child read the
// same descriptor by turns. Waiting is a plain read(2), so that /proc/PID/syscall says where it stands.
static int line_read(char *line, size_t size, bool wait) {
  char c;
  for (size_t n = 0;;) {
    ssize_t got = wait || n ? read(fileno(run.up), &c, 1) : recv(fileno(run.up), &c, 1, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : -1;
    line[n] = c == '\n' ? 0 : c;
    if (c == '\n') return 1;
    if (n < size - 1) n++;
  }
}

// What is neither of the two words is passed over: a newer peer may say more.
int control_read(bool held) {
  char line[sizeof run.closed];
  int got;
  while ((got = line_read(line, sizeof line, held)) > 0) {
    if (held && !strcmp(line, "go")) return 0;
    if (!strncmp(line, "closed ", 7)) strcpy(run.closed, line + 6);
  }
  return got;
}

static int gate(const struct step *s, int when, int result, uint64_t ns) {
  char name[64];
  snprintf(name, sizeof name, " %s/%s ", s->name, whens[when]);
  int ended = control_read(false);
  bool held = !ended && result >= 0 && (strstr(run.closed, name) || strchr(run.closed, '*'));
  if (when == AFTER || held)
    fprintf(run.up, "%s/%s %d %d %" PRIu64 " %d %s\n", s->name, whens[when], run.pid, result, ns, held, run.note);
  if (held) fflush(run.up);
  return held ? control_read(true) : ended;
}

// One step between its two gates.
static int run_step(const struct step *s) {
  run.note[0] = run.attempted[0] = 0;
  if (gate(s, BEFORE, 0, 0) < 0) return -1;
  uint64_t start = now_ns();
  int result = s->act(), error = errno;
  if (gate(s, AFTER, result < 0 ? -error : result, now_ns() - start) < 0) return -1;
  if (result >= 0) return 0;
  const char *words = run.attempted[0] ? run.attempted : s->name;
  fprintf(run.up, "failed %s %d could not %s: %s\n", s->name, error, words, strerror(error));
  fflush(run.up);
  errno = error;
  return -1;
}

int run_steps(enum side side) {
  for (const struct step *s, *const *at = run.table; (s = *at); at++) {
    if (s->side != side || (s->needs && !key(s->needs, 0))) continue;
    if ((s->flags & MODERN) && key("era", 0)) continue;
    for (run.turn = 0; run.turn == 0 || ((s->flags & EACH) && key(s->needs, run.turn)); run.turn++)
      if (run_step(s) < 0) return -1;
  }
  return 0;
}

// What `wshd --steps` says, a line for each step and a tab between its fields: scripts/wshd-steps.mjs reads it.
void steps_print(const struct step *const *table) {
  for (const struct step *s; (s = *table); table++)
    printf("%s\t%s\t%s\t%s\t%d\t%d\t%s\t%d\n", s->name, s->call, s->args, s->needs ? s->needs : "", s->side, s->flags,
           s->file, s->line);
}
