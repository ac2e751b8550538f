// PID 1 after its boot: the container's init and the owner of its jobs' standard streams. One poll loop: clients, jobs,
// rings, reaping. No client can end it; a client's mistake costs that client its connection. Nothing here waits: what
// cannot be written now is kept, what cannot be kept holds its writer back.
#include "proto.h"
#include "wshd.h"

#define RING (64u << 10)
#define CLIENTS_MAX 64
#define JOBS_MAX 1024
#define FOLLOWERS_MAX 4 // of one job
#define OUT_SOFT (256u << 10) // a client with more than this unsent gets no further output for now
#define OUT_HARD (8u << 20) // a client with more than this unsent does not read: it is left
#define UNKNOWN UINT64_MAX
#define QUIETLY (MSG_NOSIGNAL | MSG_DONTWAIT)

// Bytes that grow. All zero is an empty one.
struct buf {
  char *data;
  size_t len, cap;
};

struct client {
  int fd;
  struct buf in, out;
};

// One of a job's two output streams.
struct ring {
  uint64_t total; // bytes ever written; the last RING of them are in data
  uint64_t end; // where the output ends; UNKNOWN while it runs
  char data[RING];
};

enum { STREAM_OUT, STREAM_ERR, STREAM_IN, CONTROL, FDS }; // of a job, PID 1's ends

// A client that gets a job's output: Warden itself, and beside it the log agent.
struct follower {
  struct client *client; // NULL: nobody
  bool lossless; // nothing that it still has to get may be overwritten; without a client, for whoever comes first
  uint64_t at[2]; // next positions to send
};

struct job {
  struct job *next;
  uint32_t id, status;
  pid_t pid; // 0 once reaped
  int fds[FDS];
  bool tty, in_ended, forgotten;
  struct client *client; // who spawned it, and is told its steps
  struct follower followers[FOLLOWERS_MAX];
  struct buf input;
  uint64_t taken; // bytes of stdin written
  struct ring rings[2];
};

static struct client clients[CLIENTS_MAX], *const clients_end = clients + CLIENTS_MAX;
static struct job *jobs;

// No memory is the end: PID 1 without its clients' bytes would be worse, and the kernel would kill it as well.
static void buf_add(struct buf *b, const void *data, size_t n) {
  while (b->len + n > b->cap) {
    b->cap = b->cap ? 2 * b->cap : 1024;
    b->data = realloc(b->data, b->cap);
    if (!b->data) abort();
  }
  if (n) memcpy(b->data + b->len, data, n);
  b->len += n;
}

static void buf_drop(struct buf *b, size_t n) {
  b->len -= n;
  if (b->len) memmove(b->data, b->data + n, b->len);
}

static void say(struct client *c, uint16_t type, uint32_t job, const void *payload, size_t n) {
  struct head head = {(uint32_t)n, type, 0, job};
  if (!c) return;
  buf_add(&c->out, &head, sizeof head);
  buf_add(&c->out, payload, n);
}

static void complain(struct client *c, uint32_t job, const char *text) { say(c, ERROR, job, text, strlen(text)); }

static void fd_close(int *fd) {
  if (*fd > 0) close(*fd);
  *fd = 0;
}

static bool later(ssize_t n) { return n < 0 && (errno == EAGAIN || errno == EINTR); }

static struct job *find(uint32_t id) {
  struct job *j = jobs;
  while (j && (j->id != id || j->forgotten)) j = j->next;
  return j;
}

/* ---- a job's streams ---- */

// How many bytes may go to the ring's next place: what a lossless follower still has to get may not be overwritten.
static size_t room(const struct job *j, int s) {
  const struct ring *r = &j->rings[s];
  uint64_t oldest = r->total;
  for (const struct follower *f = j->followers; f < j->followers + FOLLOWERS_MAX; f++)
    if (f->lossless && f->at[s] < oldest) oldest = f->at[s];
  uint64_t kept = r->total - oldest, straight = RING - r->total % RING;
  uint64_t free = kept < RING ? RING - kept : 0; // who asks for what is gone already is moved on by pump
  return (size_t)(free < straight ? free : straight);
}

// For a terminal, an empty one after its job's death is the end: the kernel has flushed it by then, and others may keep
// it open for ever.
static void stream_read(struct job *j, int s) {
  struct ring *r = &j->rings[s];
  size_t space = room(j, s);
  if (space == 0 || !j->fds[s]) return;
  ssize_t n = read(j->fds[s], r->data + r->total % RING, space);
  if (n > 0) r->total += (uint64_t)n;
  if (n <= 0 && !j->pid && r->end == UNKNOWN) r->end = r->total;
  if (n > 0 || later(n)) return;
  if (j->tty) fd_close(&j->fds[STREAM_IN]);
  fd_close(&j->fds[s]);
}

// Moves output from the rings to one follower; when it has it all it gets the status and follows no longer.
static void pump(struct job *j, struct follower *f) {
  for (int s = 0; s < 2; s++)
    for (struct ring *r = &j->rings[s]; f->at[s] < r->total && f->client->out.len < OUT_SOFT;) {
      if (f->at[s] + RING < r->total) f->at[s] = r->total - RING;
      size_t from = f->at[s] % RING, n = (size_t)(r->total - f->at[s]);
      if (n > RING - from) n = RING - from;
      struct head head = {(uint32_t)(8 + n), s ? ERR : OUT, 0, j->id};
      buf_add(&f->client->out, &head, sizeof head);
      buf_add(&f->client->out, &f->at[s], 8);
      buf_add(&f->client->out, r->data + from, n);
      f->at[s] += n;
    }
  if (j->pid || j->fds[CONTROL] || f->at[0] < j->rings[0].end || f->at[1] < j->rings[1].end) return;
  say(f->client, EXIT, j->id, &j->status, 4);
  *f = (struct follower){0};
}

static void input_write(struct job *j) {
  uint64_t before = j->taken;
  for (ssize_t n; j->input.len; j->taken += (uint64_t)n, buf_drop(&j->input, (size_t)n)) {
    n = write(j->fds[STREAM_IN], j->input.data, j->input.len);
    if (later(n)) break;
    if (n < 0) fd_close(&j->fds[STREAM_IN]); // nobody reads any more: /dev/null takes the rest, as the client waits
    if (n < 0) n = 0;
  }
  if (j->in_ended && !j->input.len && !j->tty) fd_close(&j->fds[STREAM_IN]);
  if (j->taken != before) say(j->client, TAKEN, j->id, &j->taken, 8);
}

static int terminal_open(struct job *j, int ends[3], const char *rows_cols) {
  struct winsize size = {24, 80, 0, 0};
  int unlock = 0, master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0) return -1;
  j->tty = true;
  j->fds[STREAM_OUT] = master;
  j->fds[STREAM_IN] = fcntl(master, F_DUPFD_CLOEXEC, 3);
  j->rings[STREAM_ERR].end = 0;
  sscanf(rows_cols, "%hu:%hu", &size.ws_row, &size.ws_col);
  if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCSWINSZ, &size) < 0) return -1;
  // By descriptor, not by name: what lies under /dev/pts is the container's business.
  return ends[0] = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static int pipes_open(struct job *j, int ends[3]) {
  static const int streams[] = {STREAM_IN, STREAM_OUT, STREAM_ERR};
  for (int i = 0; i < 3; i++) {
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) < 0) return -1;
    ends[i] = pair[i > 0];
    j->fds[streams[i]] = pair[i == 0];
    fcntl(pair[i == 0], F_SETFL, O_NONBLOCK);
  }
  return 0;
}

/* ---- a job's life ---- */

static void job_free(struct job *j) {
  for (int i = 0; i < FDS; i++) fd_close(&j->fds[i]);
  free(j->input.data);
  free(j);
}

// Its process between fork and execve. 0, or why there is none.
static int job_start(struct job *j) {
  int pair[2] = {0}, ends[3] = {0};
  const char *tty = key("tty", 0);
  bool opened = (tty ? terminal_open(j, ends, tty) : pipes_open(j, ends)) >= 0;
  j->pid = opened && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 ? fork() : -1;
  if (j->pid == 0) job_child(ends, pair[1]);
  int error = j->pid < 0 ? errno : 0;
  j->fds[CONTROL] = pair[0];
  fd_close(&pair[1]);
  for (int i = 0; i < 3; i++) fd_close(&ends[i]);
  return error;
}

static void spawn(struct client *c, uint32_t id, char *texts, size_t n) {
  int known = 0;
  for (struct job *j = jobs; j; j = j->next) known++;
  if (find(id)) return complain(c, id, "this job id is in use");
  if (n == 0 || texts[n - 1] != 0) return complain(c, id, "a SPAWN must be texts that end in NUL");
  struct job *j = known < JOBS_MAX ? calloc(1, sizeof *j) : NULL;
  if (!j) return complain(c, id, "too many jobs are remembered: FORGET some");
  j->id = id;
  j->client = c;
  j->followers[0].lossless = true; // until somebody follows, as in the original (warden: iomux-spawn)
  j->rings[0].end = j->rings[1].end = UNKNOWN;
  run = (struct run){.table = job_table, .texts = texts, .texts_end = texts + n};
  int error = job_start(j);
  if (error) return job_free(j), complain(c, id, strerror(error));
  j->next = jobs;
  jobs = j;
  say(c, SPAWNED, id, &j->pid, 4);
}

// What comes from a job's set-up is passed on. At its end execve has happened, or the process is dead; when that was is
// all that is said here.
static void setup_read(struct job *j) {
  char lines[8192];
  ssize_t n = j->fds[CONTROL] ? recv(j->fds[CONTROL], lines, sizeof lines, MSG_DONTWAIT) : -1;
  if (!j->fds[CONTROL] || later(n)) return;
  if (n <= 0) fd_close(&j->fds[CONTROL]);
  if (n <= 0) n = snprintf(lines, sizeof lines, "over %" PRIu64 "\n", now_ns());
  say(j->client, STEP_LINES, j->id, lines, (size_t)n);
}

static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    struct job *j = jobs;
    while (j && j->pid != pid) j = j->next;
    if (!j) continue; // an orphan of the container's: waiting for it was all
    j->pid = 0;
    j->status = WIFSIGNALED(status) ? 128u + (uint32_t)WTERMSIG(status) : (uint32_t)WEXITSTATUS(status);
    // All that the job itself wrote is in the pipes now; what its orphans write later no longer counts.
    for (int s = STREAM_OUT, waiting = 0; s <= STREAM_ERR; s++, waiting = 0)
      if (!j->fds[s] || (!j->tty && ioctl(j->fds[s], FIONREAD, &waiting) == 0))
        j->rings[s].end = j->rings[s].total + (uint64_t)waiting;
  }
}

// Before its setsid the job has no group of its own yet.
static void job_signal(const struct job *j, int number) {
  if (j->pid > 0 && kill(-j->pid, number) < 0) kill(j->pid, number);
}

static void unfollow(struct job *j, const struct client *c) {
  for (struct follower *f = j->followers; f < j->followers + FOLLOWERS_MAX; f++)
    if (f->client == c) *f = (struct follower){0};
}

// Its owner listens no more: a held one goes on without gates, and its output may be lost.
static void job_leave(struct job *j, bool forget) {
  unfollow(j, j->client);
  unfollow(j, NULL);
  j->client = NULL;
  j->forgotten |= forget;
  if (j->fds[CONTROL]) (void)!send(j->fds[CONTROL], "closed \ngo\n", 11, QUIETLY);
}

/* ---- clients ---- */

static void client_leave(struct client *c) {
  fd_close(&c->fd);
  free(c->in.data);
  free(c->out.data);
  c->in = c->out = (struct buf){0};
  for (struct job *j = jobs; j; j = j->next) {
    unfollow(j, c);
    if (j->client != c) continue;
    job_leave(j, j->id >= BOUND);
    if (j->id >= BOUND) job_signal(j, SIGHUP);
  }
}

// Whoever follows without loss is the one that answers for the job from now on; a log agent only listens.
static void attach(struct client *c, struct job *j, bool lossless, const char *payload) {
  struct follower *f = j->followers;
  unfollow(j, c);
  while (f < j->followers + FOLLOWERS_MAX && f->client) f++;
  if (f == j->followers + FOLLOWERS_MAX) return complain(c, j->id, "too many clients follow this job");
  *f = (struct follower){.client = c, .lossless = lossless};
  memcpy(f->at, payload, sizeof f->at);
  if (lossless) j->client = c;
}

static void list(struct client *c) {
  for (const struct job *j = jobs; j; j = j->next)
    if (!j->forgotten) say(c, KNOWN, j->id, (uint64_t[]){(uint64_t)j->pid, j->status, j->rings[0].total}, 24);
  say(c, LISTED, 0, NULL, 0);
}

static void input_add(struct job *j, const char *bytes, size_t n) {
  buf_add(&j->input, n ? bytes : "\004", n ? n : j->tty);
  j->in_ended |= n == 0;
  input_write(j);
}

// One frame. False: it is malformed.
static bool handle(struct client *c, const struct head *head, char *payload) {
  static const uint32_t sizes[LIST + 1] = {[ATTACH] = 16, [SIGNAL] = 4, [RESIZE] = sizeof(struct winsize)};
  struct job *j = find(head->job);
  if (head->type < SPAWN || head->type > LIST) return false;
  if (sizes[head->type] && head->length != sizes[head->type]) return false;
  if (head->type == SPAWN) return spawn(c, head->job, payload, head->length), true;
  if (head->type == LIST) return list(c), true;
  if (!j) return complain(c, head->job, "no such job"), true;
  if (head->type == STDIN && j->input.len + head->length > STDIN_MAX) return false;
  if (head->type == STDIN) input_add(j, payload, head->length);
  if (head->type == ATTACH) attach(c, j, head->flags & LOSSLESS, payload);
  if (head->type == SIGNAL) job_signal(j, *payload & 0x7f);
  if (head->type == RESIZE && j->tty) ioctl(j->fds[STREAM_OUT], TIOCSWINSZ, payload);
  if (head->type == GATES && j->fds[CONTROL]) (void)!send(j->fds[CONTROL], payload, head->length, QUIETLY);
  if (head->type == FORGET) job_leave(j, true);
  return true;
}

static void client_read(struct client *c) {
  char bytes[64 << 10];
  struct head head;
  ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (later(n)) return;
  if (n <= 0) return client_leave(c);
  buf_add(&c->in, bytes, (size_t)n);
  for (; c->in.len >= sizeof head; buf_drop(&c->in, sizeof head + head.length)) {
    memcpy(&head, c->in.data, sizeof head);
    if (head.length <= PROTO_MAX && c->in.len < sizeof head + head.length) return;
    if (head.length <= PROTO_MAX && handle(c, &head, c->in.data + sizeof head)) continue;
    complain(c, head.job, "malformed frame");
    (void)!send(c->fd, c->out.data, c->out.len, QUIETLY);
    return client_leave(c);
  }
}

static void client_write(struct client *c) {
  ssize_t n = send(c->fd, c->out.data, c->out.len, QUIETLY);
  if (n > 0) buf_drop(&c->out, (size_t)n);
  if ((n < 0 && !later(n)) || c->out.len > OUT_HARD) client_leave(c);
}

static void client_accept(int fd) {
  struct client *c = clients;
  while (c < clients_end && c->fd) c++;
  if (c == clients_end) return fd_close(&fd);
  c->fd = fd;
  say(c, HELLO, 0, &(uint32_t){PROTO_VERSION}, 4);
}

/* ---- the loop ---- */

static struct pollfd polls[1 + CLIENTS_MAX + FDS * JOBS_MAX];
static nfds_t awaited;

static void await(int fd, short events) {
  if (fd > 0 && events) polls[awaited++] = (struct pollfd){fd, events, 0};
}

// Sleeps until something can be read or written, or a child has died.
static void sleep_well(const sigset_t *awake) {
  awaited = 0;
  await(listener, POLLIN);
  // Pumped before waiting, not only after reading: a client that has taken all it was sent wakes nobody, and a full
  // ring with a lossless follower is not read either. So one of the two is always waited for.
  for (struct job *j = jobs; j; j = j->next) {
    for (struct follower *f = j->followers; f < j->followers + FOLLOWERS_MAX; f++)
      if (f->client) pump(j, f);
    await(j->fds[STREAM_IN], j->input.len ? POLLOUT : 0);
    await(j->fds[CONTROL], POLLIN);
    for (int s = STREAM_OUT; s <= STREAM_ERR; s++) await(j->fds[s], room(j, s) ? POLLIN : 0);
  }
  for (struct client *c = clients; c < clients_end; c++) await(c->fd, c->out.len ? POLLIN | POLLOUT : POLLIN);
  ppoll(polls, awaited, NULL, awake);
}

// What is not ready answers EAGAIN, which is cheaper than remembering which was. The dead first: what is read of their
// streams after that is the end.
static void work(void) {
  reap();
  for (struct client *c = clients; c < clients_end; c++)
    if (c->fd) client_read(c);
  for (struct job **at = &jobs, *j; (j = *at);) {
    setup_read(j);
    input_write(j);
    stream_read(j, STREAM_OUT);
    stream_read(j, STREAM_ERR);
    bool over = j->forgotten && !j->pid;
    if (over) *at = j->next;
    else at = &j->next;
    if (over) job_free(j);
  }
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) client_accept(fd);
  for (struct client *c = clients; c < clients_end; c++)
    if (c->out.len) client_write(c);
}

static void wake(int number) { (void)number; }

void serve(void) {
  sigset_t child, awake;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, &awake);
  signal(SIGCHLD, wake);
  for (;; work()) sleep_well(&awake);
}
