/* A disk that refuses to be written, from one moment to the next and back.
 *
 *     FAIL_ROOT   the folder whose files are meant
 *     FAIL_FILE   eight bytes: the errno of every write below it (EROFS, EIO), 0 for none;
 *                 EIO is what a sync of a dying disk says, too
 *
 * What is written is not looked at: this is the mount that the kernel has made read-only after an
 * error, with all its files still open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static const int64_t *failure;
static const char *root;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAIL_FILE");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    root = getenv("FAIL_ROOT");
    if (fd < 0 || root == NULL)
        return;
    failure = mmap(NULL, sizeof *failure, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (failure == MAP_FAILED)
        abort();
    root = strdup(root);
}

static int is_below(const char *path)
{
    return strncmp(path, root, strlen(root)) == 0;
}

/* Whether a change to this open file fails now; errno says why. */
static int fails(int fd)
{
    char link[32], path[PATH_MAX];
    ssize_t length;
    int why = failure != NULL ? (int)*failure : 0;
    if (why == 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = '\0';
    if (!is_below(path))
        return 0;
    errno = why;
    return 1;
}

static int fails_at(const char *path)
{
    int why = failure != NULL ? (int)*failure : 0;
    if (why == 0 || !is_below(path))
        return 0;
    errno = why;
    return 1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
    return fails(fd) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, bytes, length, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    return fails(fd) ? -1 : (ssize_t)syscall(SYS_write, fd, bytes, length);
}

int ftruncate64(int fd, off64_t size)
{
    return fails(fd) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

/* A read-only mount has nothing left to sync, and says so by success. */
int fsync(int fd)
{
    if (failure != NULL && *failure == EIO && fails(fd))
        return -1;
    return (int)syscall(SYS_fsync, fd);
}

int unlink(const char *path)
{
    return fails_at(path) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static int do_open(int folder, const char *path, int flags, mode_t mode)
{
    struct stat found;
    int is_change = (flags & O_TRUNC) != 0;
    if (!is_change && (flags & O_CREAT) != 0)
        is_change = fstatat(folder, path, &found, 0) != 0;
    if (is_change && fails_at(path))
        return -1;
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

#define OPENING(folder)                                                                            \
    va_list rest;                                                                                  \
    va_start(rest, flags);                                                                         \
    mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;               \
    va_end(rest);                                                                                  \
    return do_open(folder, path, flags, mode)

int open(const char *path, int flags, ...) { OPENING(AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPENING(AT_FDCWD); }
