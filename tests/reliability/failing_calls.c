/* Preloaded into a process: lets the Nth call of a kind fail, or die in it, for files below one path.
   Nothing happens before fail_arm() is called; calls are counted over all threads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, RENAME = 2, FSYNC = 4, OPEN = 8, REMOVE = 16, MKDIR = 32 };
enum { FAIL_ONCE, FAIL_ON, DIE_BEFORE, DIE_AFTER, DIE_TORN, FULL };

static char prefix[PATH_MAX];
static int kinds, action, code;
static atomic_long countdown, seen, budget;

void fail_arm(const char *path, int which, int what, long nth, int error) {
    strncpy(prefix, path, sizeof prefix - 1);
    action = what; code = error; countdown = nth; budget = nth; seen = 0; kinds = which;
}

long fail_seen(void) { return seen; }

static void die(void) { kill(getpid(), SIGKILL); }

static int ours(const char *path) { return path && strncmp(path, prefix, strlen(prefix)) == 0; }

static int ours_fd(int fd) {
    char link[64], path[PATH_MAX];
    int kept = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = kept;
    if (size < 0) return 0;
    path[size] = 0;
    return ours(path);
}

static int ours_at(int fd, const char *path) {
    return path && (path[0] == '/' ? ours(path) : fd == AT_FDCWD ? 0 : ours_fd(fd));
}

/* -1: the call fails; 1: the process dies after it; 2: it dies half-way; 0: go on. */
static int due(int kind, size_t bytes) {
    if (action == FULL) {
        if (kind != WRITE || atomic_fetch_sub(&budget, (long)bytes) >= (long)bytes) return 0;
        errno = ENOSPC;
        return -1;
    }
    seen++;
    long left = atomic_fetch_sub(&countdown, 1);
    if (left > 1 || (left < 1 && action != FAIL_ON)) return 0;
    if (action == DIE_BEFORE) die();
    if (action == DIE_AFTER) return 1;
    if (action == DIE_TORN) return 2;
    errno = code;
    return -1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)
#define GUARDED(kind, mine, bytes, failed, torn, whole) \
    int fate = (kinds & (kind)) && (mine) ? due(kind, bytes) : 0; \
    if (fate < 0) return failed; \
    if (fate == 2) { torn; die(); } \
    __auto_type result = whole; \
    if (fate == 1) die(); \
    return result

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    GUARDED(WRITE, ours_fd(fd), size, -1, real(fd, data, size / 2), real(fd, data, size));
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    GUARDED(WRITE, ours_fd(fd), size, -1, real(fd, data, size / 2, at), real(fd, data, size, at));
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    GUARDED(WRITE, ours_fd(fd), size, -1, real(fd, data, size / 2, at), real(fd, data, size, at));
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    GUARDED(WRITE, ours_fd(fd), parts[0].iov_len, -1, real(fd, parts, 1), real(fd, parts, count));
}
size_t fwrite(const void *data, size_t size, size_t count, FILE *file) {
    REAL(size_t, "fwrite", const void *, size_t, size_t, FILE *);
    GUARDED(WRITE, ours_fd(fileno(file)), size * count, 0, real(data, size, count / 2, file); fflush(file),
            real(data, size, count, file));
}
int ftruncate(int fd, off_t size) {
    REAL(int, "ftruncate", int, off_t);
    GUARDED(WRITE, ours_fd(fd), 0, -1, , real(fd, size));
}
int ftruncate64(int fd, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    GUARDED(WRITE, ours_fd(fd), 0, -1, , real(fd, size));
}
int fsync(int fd) {
    REAL(int, "fsync", int);
    GUARDED(FSYNC, ours_fd(fd), 0, -1, , real(fd));
}
int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    GUARDED(FSYNC, ours_fd(fd), 0, -1, , real(fd));
}
int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    GUARDED(RENAME, ours(from), 0, -1, , real(from, to));
}
int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    GUARDED(REMOVE, ours(path), 0, -1, , real(path));
}
int unlinkat(int fd, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    GUARDED(REMOVE, ours_at(fd, path), 0, -1, , real(fd, path, flags));
}
int rmdir(const char *path) {
    REAL(int, "rmdir", const char *);
    GUARDED(REMOVE, ours(path), 0, -1, , real(path));
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    GUARDED(MKDIR, ours(path), 0, -1, , real(path, mode));
}

#define OPENING(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        int writes = (flags & O_ACCMODE) != O_RDONLY; \
        GUARDED(OPEN, writes && ours(path), 0, -1, , real(path, flags, mode)); \
    }
OPENING(open)
OPENING(open64)
