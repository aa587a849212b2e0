/* Stands between a program and the C library: a clock that jumps, a disk that is slow or fails.
 *
 * Loaded with LD_PRELOAD into every process of a scratch installation, PostgreSQL included. Each
 * process maps the control file of its role, CHAOS_CONTROL/<role>, and obeys it from one call to
 * the next: three 64-bit integers, written by `ground.py`:
 *   [0] microseconds added to CLOCK_REALTIME (monotonic clocks are left alone, as a real step does)
 *   [1] microseconds that every fsync and fdatasync takes longer
 *   [2] errno that every fsync and fdatasync fails with; 0: none
 * Without a control file it changes nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CLOCK_US, SYNC_DELAY_US, SYNC_ERRNO, WORDS };
static const int64_t NOTHING[WORDS];
static volatile const int64_t *told = NOTHING;
static int (*next_clock_gettime)(clockid_t, struct timespec *);
static int (*next_fsync)(int);
static int (*next_fdatasync)(int);

static const char *ROLES[][2] = {
    {"processes.door", "door"},
    {"jusha.config.wsgi", "web"},
    {"jusha_sandbox.cashier", "cashier"},
    {"processes.settlement", "settlement"},
    {"processes.publisher", "publisher"},
    {"processes.jobs", "jobs"},
    {"postgres", "postgres"},
};

static const char *role_of(const char *line, size_t length) {
    for (size_t i = 0; i < sizeof ROLES / sizeof *ROLES; i++)
        if (memmem(line, length, ROLES[i][0], strlen(ROLES[i][0])))
            return ROLES[i][1];
    return NULL;
}

__attribute__((constructor)) static void begin(void) {
    next_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    next_fsync = dlsym(RTLD_NEXT, "fsync");
    next_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    const char *folder = getenv("CHAOS_CONTROL");
    char line[4096], path[4096];
    int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, line, sizeof line);
    if (file >= 0)
        close(file);
    const char *role = length > 0 ? role_of(line, (size_t)length) : NULL;
    if (!folder || !role)
        return;
    snprintf(path, sizeof path, "%s/%s", folder, role);
    if ((file = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return;
    void *mapped = mmap(NULL, sizeof NOTHING, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        told = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!next_clock_gettime)
        next_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int done = next_clock_gettime(clock, now);
    int64_t ahead = told[CLOCK_US];
    if (done == 0 && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ns = now->tv_nsec + ahead % 1000000 * 1000;
        now->tv_sec += ahead / 1000000 + (ns < 0 ? -1 : ns >= 1000000000 ? 1 : 0);
        now->tv_nsec = ns < 0 ? ns + 1000000000 : ns >= 1000000000 ? ns - 1000000000 : ns;
    }
    return done;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &exact))
        return -1;
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *kept) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (kept)
        *kept = exact.tv_sec;
    return exact.tv_sec;
}

static int held_up(int (*sync)(int), int file) {
    if (told[SYNC_DELAY_US])
        usleep((useconds_t)told[SYNC_DELAY_US]);
    if (told[SYNC_ERRNO]) {
        errno = (int)told[SYNC_ERRNO];
        return -1;
    }
    return sync(file);
}

int fsync(int file) {
    return held_up(next_fsync ? next_fsync : (int (*)(int))dlsym(RTLD_NEXT, "fsync"), file);
}

int fdatasync(int file) {
    return held_up(next_fdatasync ? next_fdatasync : (int (*)(int))dlsym(RTLD_NEXT, "fdatasync"),
                   file);
}
