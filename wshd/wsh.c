// wsh: runs a command in a container and stands in for it, on the terminal or in a pipe (warden: wsh.c). It may simply
// wait in its writes and reads: wshd never waits for a client.
#include "proto.h"

static struct termios saved;
static bool raw;
static int wshd;
static uint64_t sent, taken; // bytes of stdin

static _Noreturn void leave(int status, const char *why) {
  if (raw) tcsetattr(0, TCSADRAIN, &saved);
  if (why) fprintf(stderr, "wsh: %s%s%s\n", why, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(status);
}

static void write_all(int fd, const void *data, size_t n) {
  for (ssize_t done; n > 0; data = (const char *)data + done, n -= (size_t)done)
    if ((done = write(fd, data, n)) < 0) leave(255, fd == wshd ? "could not reach wshd" : "could not write the output");
}

static void tell(uint16_t type, const void *payload, size_t n) {
  // If wsh is killed nobody is left to FORGET: wshd does it for the numbers from BOUND on.
  struct head head = {(uint32_t)n, type, type == ATTACH ? LOSSLESS : 0, BOUND | (uint32_t)getpid()};
  write_all(wshd, &head, sizeof head);
  write_all(wshd, payload, n);
}

static void reach(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) errno = ENAMETOOLONG, leave(255, "could not reach wshd");
  strcpy(address.sun_path, path);
  wshd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(wshd, (struct sockaddr *)&address, sizeof address) < 0) leave(255, "could not reach wshd");
}

static void go_raw(void) {
  struct termios t;
  if (tcgetattr(0, &saved) < 0) return;
  t = saved;
  cfmakeraw(&t);
  raw = tcsetattr(0, TCSADRAIN, &t) == 0;
}

// Tells wshd the terminal's size if it is another one than before.
static void resize(void) {
  static struct winsize told;
  struct winsize size;
  if (ioctl(0, TIOCGWINSZ, &size) < 0 || !memcmp(&size, &told, sizeof size)) return;
  tell(RESIZE, &size, sizeof size);
  told = size;
}

// One frame from wshd; the last one ends wsh.
static void take(void) {
  static char payload[PROTO_MAX + 1];
  struct head head = {0};
  bool whole = recv(wshd, &head, sizeof head, MSG_WAITALL) == sizeof head && head.length <= PROTO_MAX;
  if (!whole || recv(wshd, payload, head.length, MSG_WAITALL) < head.length) leave(255, "wshd closed the connection");
  uint32_t number = 0;
  payload[head.length] = 0;
  if (head.length >= 4) memcpy(&number, payload, 4);
  errno = 0;
  if (head.type == HELLO && number != PROTO_VERSION) leave(255, "this wshd speaks another version of the protocol");
  if (head.type == OUT || head.type == ERR) write_all(head.type == OUT ? 1 : 2, payload + 8, head.length - 8);
  if (head.type == TAKEN) memcpy(&taken, payload, 8);
  if (head.type == EXIT) leave((int)number, NULL);
  if (head.type == ERROR) leave(255, payload);
}

static _Noreturn void pump(void) {
  static char bytes[64 << 10];
  for (bool input = true;;) {
    if (raw) resize();
    struct pollfd polls[] = {{wshd, POLLIN, 0}, {input && sent - taken < STDIN_MAX / 4 ? 0 : -1, POLLIN, 0}};
    poll(polls, 2, raw ? 250 : -1); // now and then the terminal's size is looked at
    if (polls[0].revents) take();
    ssize_t n = polls[1].revents ? read(0, bytes, sizeof bytes) : -1;
    if (n >= 0) tell(STDIN, bytes, (size_t)n);
    if (n > 0) sent += (uint64_t)n;
    if (polls[1].revents) input = n > 0;
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return fputs("usage: wsh SOCKET key=value...   runs a job; its keys: wshd/README.md\n", stderr), 255;
  char *last = argv[argc - 1];
  size_t n = (size_t)(last + strlen(last) + 1 - argv[2]); // they lie behind each other, as a SPAWN has them
  if (n > PROTO_MAX) errno = E2BIG, leave(255, "could not pass the arguments");
  signal(SIGPIPE, SIG_IGN);
  reach(argv[1]);
  tell(SPAWN, argv[2], n);
  tell(ATTACH, (uint64_t[2]){0, 0}, 16);
  for (int i = 2; i < argc; i++)
    if (!strncmp(argv[i], "tty=", 4)) go_raw();
  pump();
}
