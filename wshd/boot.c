// The boot, step by step (warden: wshd.c parent_run, child_run and the four hooks, without running one program).
// The order of a step is that of `boot_table` at the end; a comment at a step says why it cannot be elsewhere.
#include "wshd.h"
#include <linux/mount.h>

#define BINDS_MAX 64
#define CONTROL 3

// A detached copy of a mount: of the lower layer, or of a bind's source.
struct tree {
  int fd;
  bool plain; // could not be idmapped
  const char *target; // of a bind
};

int listener, leaf_cgroups[LEAVES][LEAF_CGROUPS_MAX];
// What the starter opens on its way is closed when it hands over.
static pid_t child_pid; // as the host sees it
static uid_t base; // host id of the container's root; 0 with era=2014
static int baton[2]; // starter's end and child's: the run goes down, a byte comes up; end of file: the other is gone
static int own_mounts; // the host's mount namespace, while the starter is in the child's
static struct tree trees[1 + BINDS_MAX];
static bool made_put_old;

// A step of one expression.
#define CALL(id, SIDE, NAME, FLAGS, NEEDS, ARGS, EXPRESSION) \
  STEP(id, SIDE, NAME, FLAGS, NEEDS, ARGS) { return EXPRESSION; }

/* ---- the starter ---- */

/// The socket that jobs will be asked for on; PID 1 inherits it.
STEP(listen, PARENT, "listen", 0, NULL, "$sock 64") {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = k("sock");
  if (!*path || strlen(path) >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(address.sun_path, path);
  unlink(path);
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  fchmod(listener, 0600); // the path will have the mode that its socket has
  int bound = attempt(bind(listener, (struct sockaddr *)&address, sizeof address), "bind %s", path);
  return bound < 0 ? -1 : listen(listener, 64);
}

// Before the clone: opened with the credentials of the host's root, so that writing `0` there is allowed to whoever
// has the descriptor. Moving PID 1 by its number instead, from outside, was measured at 11 ms more.
/// Descriptors of the container's cgroups, for PID 1 and its jobs to join.
STEP(open_cgroups, PARENT, "open", 0, "cgroup", "$cgroup $jobs_cgroup $visit_cgroup") {
  static const char *const names[LEAVES] = {"cgroup", "jobs_cgroup", "visit_cgroup"};
  const char *path;
  for (int leaf = 0; leaf < LEAVES; leaf++)
    for (int i = 0; (path = key(names[leaf], i)); i++) {
      if (i == LEAF_CGROUPS_MAX - 1) return errno = E2BIG, -1;
      leaf_cgroups[leaf][i] = open(path, O_WRONLY | O_CLOEXEC);
      if (attempt(leaf_cgroups[leaf][i], "open %s", path) < 0) return -1;
    }
  return 0;
}

static _Noreturn void child(void);

/// A child in namespaces of its own; it will be PID 1 and waits until the host's side is done.
STEP(clone, PARENT, "clone", 0, NULL,
     "CLONE_NEWUSER|CLONE_NEWNS|CLONE_NEWPID|CLONE_NEWNET|CLONE_NEWUTS|CLONE_NEWIPC|SIGCHLD") {
  unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD;
  if (base) flags |= CLONE_NEWUSER;
  else snprintf(run.note, sizeof run.note, "era=2014: without CLONE_NEWUSER");
  child_pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
  if (child_pid == 0) child();
  close(baton[1]);
  return child_pid;
}

static int proc_open(pid_t pid, const char *file, int flags) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  return attempt(open(path, flags | O_CLOEXEC), "open %s", path);
}

/// Ids 0..65535 inside are another range outside: root here is nobody there.
STEP(map_ids, PARENT, "write", OURS | MODERN, NULL, "uid_map,gid_map 0 $uid_base 65536") {
  static const char *const files[] = {"uid_map", "gid_map"};
  for (int i = 0; i < 2; i++) {
    int fd = proc_open(child_pid, files[i], O_WRONLY);
    if (fd < 0 || attempt(dprintf(fd, "0 %u 65536", base), "write %s", files[i]) < 0) return -1;
  }
  return 0;
}

// Owners appear shifted by the container's map, so that a tree of root's shows as the container's root's without a copy
// of it. A bind whose file system knows no idmap is taken as it is.
static int tree_clone(struct tree *t, const char *path, uint64_t flags, int users) {
  struct mount_attr attr = {.attr_set = MOUNT_ATTR_NODEV | flags};
  t->fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (attempt(t->fd, "open_tree %s", path) < 0) return -1;
  int result = (int)syscall(SYS_mount_setattr, t->fd, "", AT_EMPTY_PATH, &attr, sizeof attr);
  if (attempt(result, "set attributes of %s", path) < 0 || users < 0) return result;
  attr = (struct mount_attr){.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (unsigned)users};
  result = (int)syscall(SYS_mount_setattr, t->fd, "", AT_EMPTY_PATH, &attr, sizeof attr);
  t->plain = result < 0 && errno == EINVAL && t->target;
  return t->plain ? 0 : attempt(result, "idmap %s", path);
}

// In the host's mount namespace, because only here mounts are not locked together: in the child's copy a directory
// with a mount below it could be cloned only with that mount. By the starter, because MOUNT_ATTR_IDMAP asks for
// CAP_SYS_ADMIN over the file system itself. (With era=2014 the same copies are made, not idmapped.)
/// Copies of the base tree's mount and of each bind's, seen through the container's id map.
STEP(idmap_lower, PARENT, "mount_setattr", OURS, NULL, "$lower $bind MOUNT_ATTR_IDMAP") {
  char source[4096];
  const char *text;
  int users = base ? proc_open(child_pid, "ns/user", O_RDONLY) : -1;
  if (base && users < 0) return -1;
  int result = tree_clone(&trees[0], k("lower"), MOUNT_ATTR_RDONLY, users);
  for (int i = 0; result >= 0 && (text = key("bind", i)); i++) {
    int at = 0;
    uint64_t flags = strncmp(text, "rw:", 3) ? MOUNT_ATTR_NOSUID | MOUNT_ATTR_RDONLY : MOUNT_ATTR_NOSUID;
    sscanf(text, "r%*1[ow]:%4095[^:]:%n", source, &at);
    if (i == BINDS_MAX || !at || text[at] != '/') return errno = EINVAL, attempt(-1, "read bind=%s", text);
    trees[i + 1].target = text + at;
    result = tree_clone(&trees[i + 1], source, flags, users);
  }
  return result;
}

// The overlay must come into being in the child's mount namespace (one copied into it with the clone would be locked
// there, and pivot_root would answer EINVAL), yet with the credentials of the host's root, who may read and write the
// layers.
/// The starter goes into the child's mount namespace for a while.
STEP(enter_mounts, PARENT, "setns", OURS, NULL, "/proc/PID/ns/mnt CLONE_NEWNS") {
  own_mounts = proc_open(getpid(), "ns/mnt", O_RDONLY);
  int fd = proc_open(child_pid, "ns/mnt", O_RDONLY);
  return own_mounts < 0 || fd < 0 ? -1 : setns(fd, CLONE_NEWNS);
}

// From here on nothing that is mounted on the host appears inside, and nothing of ours there; pivot_root needs it too.
/// Mounts no longer travel between host and container.
CALL(private_mounts, PARENT, "mount", OURS, NULL, "none / MS_REC|MS_PRIVATE",
     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))

static int tree_attach(const struct tree *t, const char *path) {
  unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS;
  return attempt((int)syscall(SYS_move_mount, t->fd, "", AT_FDCWD, path, flags), "attach a tree at %s", path);
}

/// The base tree read-only below, the container's own layer above: one tree, the root to be.
STEP(overlay, PARENT, "mount", 0, NULL,
     "overlay $root overlay MS_NODEV lowerdir=$root,upperdir=$upper,workdir=$work") {
  const char *root = k("root"), *upper = k("upper"), *work = k("work");
  char options[12288 + 64];
  if (strpbrk(root, ",:\\") || strpbrk(upper, ",:\\") || strpbrk(work, ",:\\")) return errno = EINVAL, -1;
  // The idmapped copy lies on the mount point and the overlay on top of it, so that no further directory is needed.
  if (tree_attach(&trees[0], root) < 0) return -1;
  if (attempt(chown(upper, base, base), "chown %s", upper) < 0) return -1;
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", root, upper, work);
  return attempt(mount("overlay", root, "overlay", MS_NODEV, options), "mount overlay %s", options);
}

// The tree may be anybody's, and this is still the host's root who will walk in it.
/// The starter's own root is the new tree while it places the binds: no link in it can lead out.
CALL(enter_root, PARENT, "chroot", OURS, "bind", "$root", chroot(k("root")))

// Makes what is missing of the way to a bind's target; what cannot be made, the bind itself will miss.
static void place(const char *path, bool directory) {
  char part[4096];
  for (const char *end = path + strspn(path, "/"); *end; end += strspn(end, "/")) {
    end += strcspn(end, "/");
    snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
    int made = *end || directory ? mkdir(part, 0755) : mknod(part, S_IFREG | 0644, 0);
    if (made == 0) (void)!lchown(part, base, base);
  }
}

// By the starter, because the copies are its; before the pivot, because afterwards the host's tree is out of its reach.
/// One of the host's directories or files appears in the container.
STEP(bind, PARENT, "move_mount", EACH, "bind", "$bind") {
  const struct tree *t = &trees[run.turn + 1];
  struct stat info;
  if (fstat(t->fd, &info) < 0) return -1;
  place(t->target, S_ISDIR(info.st_mode));
  if (t->plain) snprintf(run.note, sizeof run.note, "not idmapped: its file system cannot");
  return tree_attach(t, t->target);
}

/// The starter goes back to the host's mounts, and to the host's root.
CALL(leave_mounts, PARENT, "setns", OURS, NULL, "own-mount-namespace CLONE_NEWNS",
     setns(own_mounts, CLONE_NEWNS))

/// A cable with one end here and one in the child's network namespace.
CALL(veth, PARENT, "RTM_NEWLINK", 0, "host_if", "$host_if $container_if mtu=$mtu",
     net_veth(k("host_if"), k("container_if"), child_pid, (unsigned)atoi(k("mtu"))))

/// The host's end gets its address and is switched on.
CALL(host_address, PARENT, "RTM_NEWADDR", 0, "host_if", "$host_if $host_ip/$prefix",
     net_address(k("host_if"), k("host_ip")))

/* ---- the child ---- */

int cgroups_join(enum leaf leaf) {
  for (const int *cgroup = leaf_cgroups[leaf]; *cgroup; cgroup++)
    if (attempt((int)write(*cgroup, "0", 1), "join a cgroup") < 0) return -1;
  return 0;
}

// First of all inside: whatever the child allocates from here on is counted where it belongs.
/// PID 1 puts itself into the container's cgroups.
CALL(join_cgroups, CHILD, "write", 0, "cgroup", "$cgroup 0", cgroups_join(LEAF_INIT))

/// From inside, the cgroup it is in now looks like the top.
CALL(unshare_cgroup, CHILD, "unshare", OURS | MODERN, "cgroup", "CLONE_NEWCGROUP", unshare(CLONE_NEWCGROUP))

// Before become_root: the way there may lead through a directory that only the host's root may enter, and until then
// the child's user is still that root.
/// The new root becomes the working directory.
CALL(chdir_root, CHILD, "chdir", 0, NULL, "$root", chdir(k("root")))

// After map_ids, which gives the number a meaning; before everything that makes files, which shall be this root's.
/// The child becomes root of its own user namespace.
STEP(become_root, CHILD, "setresuid", OURS | MODERN, NULL, "0 0 0") {
  if (attempt((int)syscall(SYS_setgroups, 0, NULL), "setgroups") < 0) return -1;
  return attempt(setresgid(0, 0, 0), "setresgid") < 0 ? -1 : setresuid(0, 0, 0);
}

// A step that mounts a file system of the kernel's own; its arguments are shown as they are written here.
#define MOUNT(id, TYPE, TARGET, FLAGS, OPTIONS)                                                    \
  STEP(id, CHILD, "mount", 0, NULL, TYPE " " TARGET " " TYPE " " #FLAGS " " OPTIONS) {             \
    mkdir(TARGET, 0755);                                                                           \
    return attempt(mount(TYPE, TARGET, TYPE, FLAGS, OPTIONS), "mount %s on %s", TYPE, TARGET);     \
  }

/// An own /dev.
MOUNT(dev, "tmpfs", "dev", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k")

// Before the pivot: the host's device nodes are still there to be bound. Own ones are refused in a user namespace.
/// Five of the host's device nodes, and the usual links.
STEP(nodes, CHILD, "mount", 0, NULL, "/dev/{null,zero,random,urandom,tty} dev MS_BIND") {
  static const char *const nodes[] = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/tty"};
  static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"}, {"/proc/self/fd/0", "dev/stdin"},
      {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"}};
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
    const char *node = nodes[i] + 1;
    if (attempt(mknod(node, S_IFREG | 0666, 0), "make %s", node) < 0) return -1;
    if (attempt(mount(nodes[i], node, NULL, MS_BIND, NULL), "bind %s", node) < 0) return -1;
  }
  for (size_t i = 0; i < sizeof links / sizeof *links; i++)
    if (attempt(symlink(links[i][0], links[i][1]), "link %s", links[i][1]) < 0) return -1;
  return 0;
}

/// The container's tree becomes /; the host's hangs under /mnt.
STEP(pivot_root, CHILD, "pivot_root", 0, NULL, ". mnt") {
  made_put_old = mkdir("mnt", 0755) == 0;
  return syscall(SYS_pivot_root, ".", "mnt") < 0 ? -1 : attempt(chdir("/"), "chdir /");
}

/// Terminals of its own.
MOUNT(devpts, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")

// Before umount_old: in a user namespace the kernel allows a new proc only where another one is in sight.
/// The processes of this pid namespace, and no others.
MOUNT(proc, "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "")

/// 64 KiB of shared memory, as in the original.
MOUNT(shm, "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "size=65536,mode=1777")

/// Its own name, the handle.
CALL(hostname, CHILD, "sethostname", 0, NULL, "$hostname", sethostname(k("hostname"), strlen(k("hostname"))))

/// The loopback interface is switched on.
CALL(lo_up, CHILD, "RTM_NEWLINK", 0, NULL, "lo up", net_up("lo"))

/// The container's end of the cable gets its address and is switched on.
CALL(address, CHILD, "RTM_NEWADDR", 0, "host_if", "$container_if $container_ip/$prefix",
     net_address(k("container_if"), k("container_ip")))

/// Everything else goes to the host's end.
CALL(route, CHILD, "RTM_NEWROUTE", 0, "host_if", "default via $host_ip", net_default_route(k("host_ip")))

/// The host's tree is let go, however many mounts are stacked in it.
STEP(umount_old, CHILD, "umount2", 0, NULL, "/mnt MNT_DETACH") {
  if (umount2("/mnt", MNT_DETACH) < 0) return -1;
  return made_put_old ? attempt(rmdir("/mnt"), "remove /mnt") : 0;
}

/// A session of its own: no terminal of the host can reach it.
CALL(setsid, CHILD, "setsid", 0, NULL, "", setsid() < 0 ? -1 : 0)

// Last: until here the child needs its capabilities and may be looked at. PID 1 itself keeps them; a program it starts
// gets at most those of the mask `capabilities`. Without CAP_SYS_ADMIN a job cannot make a read-only bind writable
// again. Also with era=2014: the host is shared with others now as it was not then.
/// No job can trace PID 1 or look into it, and none gets a capability that could harm the host.
STEP(guard, CHILD, "prctl", OURS, NULL, "PR_SET_DUMPABLE 0 PR_CAPBSET_DROP ~$capabilities") {
  uint64_t kept = strtoull(k("capabilities"), NULL, 16);
  for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
    if (!(kept >> cap & 1) && attempt(prctl(PR_CAPBSET_DROP, cap, 0, 0, 0), "drop capability %d", cap) < 0) return -1;
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

const struct step *const boot_table[] = {
    &listen_step, &open_cgroups_step, &clone_step, &map_ids_step, &idmap_lower_step, &enter_mounts_step,
    &private_mounts_step, &overlay_step, &enter_root_step, &bind_step, &leave_mounts_step, &veth_step,
    &host_address_step, &join_cgroups_step, &unshare_cgroup_step, &chdir_root_step, &become_root_step, &dev_step,
    &nodes_step, &pivot_root_step, &devpts_step, &proc_step, &shm_step, &hostname_step, &lo_up_step, &address_step,
    &route_step, &umount_old_step, &setsid_step, &guard_step, NULL};

/* ---- the two processes ---- */

// PID 1 inside. Waits for the host's side, does the child's steps, says ready, then serves for ever. Holds nothing of
// the host afterwards but the listening socket and the cgroup descriptors.
static void child(void) {
  close(baton[0]);
  if (recv(baton[1], &run, sizeof run, MSG_WAITALL) != sizeof run || run_steps(CHILD) < 0) _exit(1);
  // The keys name paths of the host, and /proc/1/cmdline can be read inside. A last byte that is no NUL makes the
  // kernel show only the first word: `wshd: <id>`.
  char *title_end = run.texts + strlen(run.texts);
  memset(title_end, 0, (size_t)(run.texts_end - title_end));
  run.texts_end[-1] = 1;
  if (fprintf(run.up, "ready %d\n", run.pid) < 0 || write(baton[1], "r", 1) != 1) _exit(1);
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < CONTROL; fd++) dup2(null, fd);
  close(null);
  fclose(run.up);
  close(baton[1]);
  serve();
}

// The starter. It stays outside, does its steps, hands over, and then only waits for PID 1 and reaps it: no descriptor
// of warden's is left that could end it.
int boot(char *texts, char *texts_end) {
  char byte;
  int status = 0;
  syscall(SYS_close_range, CONTROL + 1, ~0u, 0); // whatever the launcher forgot to close
  signal(SIGPIPE, SIG_IGN);
  umask(0022);
  run = (struct run){.table = boot_table, .texts = texts, .texts_end = texts_end, .pid = getpid()};
  run.up = fdopen(CONTROL, "w");
  if (!run.up || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, baton) < 0) return 1;
  setlinebuf(run.up);
  base = key("era", 0) ? 0 : (uid_t)strtoul(k("uid_base"), NULL, 10);
  // The first `go` starts the boot, so that gates can be closed before its first step.
  bool going = control_read(true) == 0 && run_steps(PARENT) == 0;
  run.pid = child_pid; // the child goes on with this run: the same gates, another process
  bool handed = going && send(baton[0], &run, sizeof run, 0) == sizeof run;
  bool ready = handed && read(baton[0], &byte, 1) == 1;
  if (!ready) setns(own_mounts, CLONE_NEWNS); // it may have stopped elsewhere
  if (!ready) unlink(k("sock"));
  if (child_pid <= 0) return 1;
  if (!ready) kill(child_pid, SIGKILL);
  else syscall(SYS_close_range, 0, ~0u, 0);
  while (waitpid(child_pid, &status, 0) < 0 && errno == EINTR) {}
  // The child says itself which step failed; a death by signal only its starter can report.
  if (going && !ready && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
    fprintf(run.up, "failed - 0 PID 1 died of signal %d during its boot\n", WTERMSIG(status));
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
