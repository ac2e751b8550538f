// wshd: the container's PID 1 and its starter in one binary (warden: wshd.c main). This file only finds out which role
// is asked for.
#include "wshd.h"

int main(int argc, char **argv) {
  char *last = argv[argc - 1];
  if (argc == 2 && !strcmp(last, "--steps")) return steps_print(boot_table), steps_print(job_table), 0;
  if (argc > 2 && !strcmp(argv[1], "boot")) return boot(argv[0], last + strlen(last) + 1);
  fprintf(stderr, "usage: wshd boot key=value...   boots a container, fd 3 being the control socket\n"
                  "       wshd --steps             prints the boot and job steps, a tab between two fields\n");
  return 2;
}
