/* Makes every commit as slow as on a real disk: preloaded into a program, it delays fsync and fdatasync by
 * SLOW_FSYNC_MICROSECONDS before it passes them on. Without the variable it changes nothing.
 *   cc -O2 -shared -fPIC -o slow_fsync.so slow_fsync.c -ldl
 *   SLOW_FSYNC_MICROSECONDS=2000 LD_PRELOAD=$PWD/slow_fsync.so COMMAND...
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

static struct timespec delay;
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("SLOW_FSYNC_MICROSECONDS");
  long microseconds = text ? atol(text) : 0;
  if (microseconds > 0) {
    delay.tv_sec = microseconds / 1000000;
    delay.tv_nsec = microseconds % 1000000 * 1000;
  }
  real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
}

static void wait_for_the_disk(void) {
  struct timespec left = delay;
  while (nanosleep(&left, &left) == -1 && errno == EINTR) {
  }
}

int fsync(int file) {
  wait_for_the_disk();
  return real_fsync(file);
}

int fdatasync(int file) {
  wait_for_the_disk();
  return real_fdatasync(file);
}
