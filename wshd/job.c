// The set-up of a job, step by step, in the original's order (warden: wshd.c child_handle_request_process).
#include "wshd.h"

static const int *ends; // of its pipes, or of its terminal
static const struct passwd *user;

/// The job's ends of the pipes, or of the terminal, become its standard streams.
STEP(stdio, JOB, "dup2", 0, NULL, "0 1 2") {
  for (int fd = 0; fd < 3; fd++)
    if (dup2(ends[fd] ? ends[fd] : ends[0], fd) < 0) return -1;
  return 0;
}

/// A session and a process group of its own: signals to the job reach all of it.
STEP(setsid, JOB, "setsid", 0, NULL, "") { return setsid() < 0 ? -1 : 0; }

/// The terminal becomes the one that controls this session.
STEP(ctty, JOB, "ioctl", 0, "tty", "0 TIOCSCTTY") { return ioctl(0, TIOCSCTTY, 0); }

/// The job leaves PID 1's cgroups for those of its leaf.
STEP(join_cgroups, JOB, "write", 0, "leaf", "$leaf 0") {
  return cgroups_join(strcmp(k("leaf"), "visit") ? LEAF_JOBS : LEAF_VISIT);
}

// This one file and nothing else: no name service of the host's libc is asked (warden: pwd.c).
/// Who shall it be: number, group, home and shell from the container's own list.
STEP(user, JOB, "read", 0, NULL, "/etc/passwd $user") {
  const char *name = *k("user") ? k("user") : "root";
  FILE *file = fopen("/etc/passwd", "re");
  if (attempt(file ? 0 : -1, "read /etc/passwd") < 0) return -1;
  while ((user = fgetpwent(file)) && strcmp(user->pw_name, name)) {}
  fclose(file);
  errno = ENOENT;
  return attempt(user ? 0 : -1, "find the user %s in /etc/passwd", name);
}

// While still root, as in the original. Raising a hard limit asks for a capability over the whole host, which nobody
// has here: then as much as is allowed is set, and the step says so.
/// What one process may use: what was asked for, as far as the host allows.
STEP(rlimits, JOB, "setrlimit", 0, NULL, "$rlimit") {
  for (int i = 0; i < RLIM_NLIMITS; i++) {
    struct rlimit limit;
    char name[32];
    snprintf(name, sizeof name, "limit%d", i);
    if (!*k(name)) continue;
    limit.rlim_cur = limit.rlim_max = strtoull(k(name), NULL, 10);
    if (setrlimit(i, &limit) == 0) continue;
    if (errno != EPERM || getrlimit(i, &limit) < 0) return attempt(-1, "set limit %d", i);
    limit.rlim_cur = limit.rlim_max;
    if (attempt(setrlimit(i, &limit), "set limit %d", i) < 0) return -1;
    snprintf(run.note, sizeof run.note, "limit %d refused above %llu", i, (unsigned long long)limit.rlim_max);
  }
  return 0;
}

/// The user's group, and no other group.
STEP(setgid, JOB, "setresgid", 0, NULL, "$user") {
  gid_t group = user->pw_gid;
  if (attempt((int)syscall(SYS_setgroups, 0, NULL), "setgroups") < 0) return -1;
  if (key("tty", 0) && attempt(fchown(0, user->pw_uid, -1), "give the terminal away") < 0) return -1;
  return setresgid(group, group, group);
}

// After the group, which only root may change.
/// From here on it is the user.
STEP(setuid, JOB, "setresuid", 0, NULL, "$user") { return setresuid(user->pw_uid, user->pw_uid, user->pw_uid); }

// As the user, so that a home that is not theirs is refused.
/// Home, or where it was asked to be.
STEP(chdir, JOB, "chdir", 0, NULL, "$cwd") {
  const char *path = *k("cwd") ? k("cwd") : user->pw_dir;
  return attempt(chdir(path), "chdir %s", path);
}

// The environment is exactly HOME, USER and PATH, and what was given, which wins over these.
/// The program takes the process over.
STEP(execve, JOB, "execve", 0, NULL, "$arg") {
  char **args = calloc((size_t)(run.texts_end - run.texts) / strlen("arg=.") + 2, sizeof *args);
  if (!args) return -1;
  clearenv();
  setenv("HOME", user->pw_dir, 1);
  setenv("USER", user->pw_name, 1);
  setenv("PATH", user->pw_uid ? "/bin:/usr/bin" : "/sbin:/bin:/usr/sbin:/usr/bin", 1);
  args[0] = *user->pw_shell ? user->pw_shell : "/bin/sh";
  int n = 0;
  for (char *t = run.texts; t < run.texts_end; t += strlen(t) + 1) {
    if (!strncmp(t, "env=", 4)) putenv(t + 4);
    if (!strncmp(t, "arg=", 4)) args[n++] = t + 4;
  }
  fprintf(run.up, "execve/exec %d %" PRIu64 "\n", run.pid, now_ns());
  fflush(run.up);
  return execvp(args[0], args);
}

const struct step *const job_table[] = {&stdio_step, &setsid_step, &ctty_step, &join_cgroups_step, &user_step,
    &rlimits_step, &setgid_step, &setuid_step, &chdir_step, &execve_step, NULL};

// The job's process before it is the job. Tells PID 1 over `control`; what it holds besides is closed by execve.
void job_child(const int stdio[3], int control) {
  sigset_t none;
  ends = stdio;
  run.pid = getpid();
  run.up = fdopen(control, "w");
  snprintf(run.closed, sizeof run.closed, "%s", k("closed"));
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  if (run.up) run_steps(JOB);
  int error = errno;
  dprintf(2, "wshd: could not %s: %s\n", run.attempted[0] ? run.attempted : "start the job", strerror(error));
  _exit(run.attempted[0] ? 255 : error == ENOENT ? 127 : 126);
}
