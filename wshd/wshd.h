// What the parts of wshd want of each other: boot.c makes a container, serve.c is its PID 1 for ever after, job.c is
// what happens between fork and execve of a job, net.c asks the kernel for interfaces.
// Descriptors are 0 where there is none: 0 itself is always open, and in PID 1 /dev/null for ever.
#pragma once
#include "steps.h"

// The leaves of the container's cgroups.
#define LEAF_CGROUPS_MAX 16
enum leaf { LEAF_INIT, LEAF_JOBS, LEAF_VISIT, LEAVES };

// What PID 1 keeps of its boot. The cgroup descriptors were opened before the clone with the starter's credentials:
// they work from inside the user namespace, where the paths do not.
extern int listener, leaf_cgroups[LEAVES][LEAF_CGROUPS_MAX]; // 0 ends

// Boots a container from `key=value` texts with fd 3 as control. Returns the starter's exit status, which is PID 1's;
// in the child it never returns.
int boot(char *texts, char *texts_end);
// Writes `0`, whoever is writing, to each. A group that was removed meanwhile is an error.
int cgroups_join(enum leaf leaf);

_Noreturn void serve(void);

// Does the set-up, in the run that PID 1 has prepared, and becomes the program; ends the process with 126, 127 or 255
// where that fails. `ends` become 0, 1, 2 (where there is none: the first); `control` is a socket to PID 1.
_Noreturn void job_child(const int ends[3], int control);

// A veth pair whose second end appears at once in the network namespace of pid: never moved, which costs 19 ms.
int net_veth(const char *host, const char *peer, pid_t pid, unsigned mtu);
// Gives an interface its address, in a network of the size `prefix`, and switches it on.
int net_address(const char *interface, const char *ip);
int net_up(const char *interface);
int net_default_route(const char *via);
