/* Writes down, in order and with the data, what a process does to the files of one folder.
 *
 * Preloaded into the appliance by recording.py. An entry of the log is a packed head and its bytes;
 * journal.py reads it. A call and its entry are one step under one lock, so that the log's order is
 * the order in which things happened. Clients append their own marks to the same file (O_APPEND).
 *
 *     RECORD_ROOT     the folder, absolute and without links; what lies below it is recorded
 *     RECORD_LOG      the file to write to
 *     RECORD_SYNC_US  how long a sync shall take at least: who does not wait for it is found out
 *
 * Left out are SQLite's index of the WAL (-shm), which it makes anew after a power cut, and the KV
 * snapshots (kv/), which are checked by their checksums. The kernel is called directly, so nothing
 * here depends on what else is preloaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_FILES 65536

struct __attribute__((packed)) head {
    char kind;
    uint64_t inode;
    uint64_t offset;
    uint32_t length;
};

static char root[4096];
static size_t root_length;
static int log_fd = -1;
static pid_t owner;
static useconds_t sync_us;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t inode_of[MOST_FILES]; /* 0: not one of ours */
static char *folder_of[MOST_FILES];   /* set for directories: the name below the root */

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("RECORD_LOG"), *wanted = getenv("RECORD_ROOT");
    const char *pause = getenv("RECORD_SYNC_US");
    unsetenv("LD_PRELOAD"); /* children are not recorded */
    if (path == NULL || wanted == NULL || strlen(wanted) >= sizeof root)
        return;
    strcpy(root, wanted);
    root_length = strlen(root);
    sync_us = pause != NULL ? (useconds_t)atoi(pause) : 0;
    owner = getpid();
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    if (log_fd < 0)
        abort();
}

static int is_on(void)
{
    return log_fd >= 0 && getpid() == owner;
}

/* The name below the root, or NULL when it is none of ours. The root's own name is "". */
static const char *known(const char *path)
{
    size_t length = strlen(path);
    if (!is_on() || strncmp(path, root, root_length) != 0)
        return NULL;
    if (path[root_length] != '/' && path[root_length] != '\0')
        return NULL;
    if (strstr(path, "/kv/") != NULL || (length > 4 && strcmp(path + length - 4, "-shm") == 0))
        return NULL;
    path += root_length;
    return *path == '/' ? path + 1 : path;
}

static int is_ours(int fd)
{
    return fd >= 0 && fd < MOST_FILES && inode_of[fd] != 0 && is_on();
}

static void note(char kind, uint64_t inode, uint64_t offset, const void *bytes, size_t length)
{
    int before = errno;
    struct head head = {kind, inode, offset, (uint32_t)length};
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, length}};
    if (syscall(SYS_writev, log_fd, parts, 2) != (long)(sizeof head + length))
        abort(); /* a log with a hole would prove nothing */
    errno = before;
}

static void note_name(char kind, uint64_t inode, const char *name)
{
    note(kind, inode, 0, name, strlen(name));
}

static int do_open(int folder, const char *path, int flags, mode_t mode)
{
    const char *name = folder == AT_FDCWD || path[0] == '/' ? known(path) : NULL;
    struct stat found;
    int is_new, fd;
    if (name == NULL) {
        fd = (int)syscall(SYS_openat, folder, path, flags, mode);
        if (fd >= 0 && fd < MOST_FILES)
            inode_of[fd] = 0; /* should the one before have been closed behind our back */
        return fd;
    }
    pthread_mutex_lock(&lock);
    is_new = (flags & O_CREAT) != 0 && stat(path, &found) != 0;
    fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd >= 0 && fd < MOST_FILES && fstat(fd, &found) == 0) {
        inode_of[fd] = found.st_ino;
        if (S_ISDIR(found.st_mode))
            folder_of[fd] = strdup(name);
        else if (is_new)
            note_name('C', found.st_ino, name);
        else if ((flags & O_TRUNC) != 0)
            note('T', found.st_ino, 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

#define OPENING(folder)                                                                             \
    va_list rest;                                                                                  \
    va_start(rest, flags);                                                                         \
    mode_t mode = mode_of(flags, rest);                                                            \
    va_end(rest);                                                                                  \
    return do_open(folder, path, flags, mode)

int open(const char *path, int flags, ...) { OPENING(AT_FDCWD); }
int open64(const char *path, int flags, ...) { OPENING(AT_FDCWD); }
int openat(int folder, const char *path, int flags, ...) { OPENING(folder); }
int openat64(int folder, const char *path, int flags, ...) { OPENING(folder); }

int close(int fd)
{
    int closed;
    if (!is_ours(fd))
        return (int)syscall(SYS_close, fd);
    pthread_mutex_lock(&lock);
    inode_of[fd] = 0;
    free(folder_of[fd]);
    folder_of[fd] = NULL;
    closed = (int)syscall(SYS_close, fd);
    pthread_mutex_unlock(&lock);
    return closed;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
    ssize_t written;
    if (!is_ours(fd))
        return (ssize_t)syscall(SYS_pwrite64, fd, bytes, length, offset);
    pthread_mutex_lock(&lock);
    written = (ssize_t)syscall(SYS_pwrite64, fd, bytes, length, offset);
    if (written > 0)
        note('W', inode_of[fd], (uint64_t)offset, bytes, (size_t)written);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
    return pwrite64(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    ssize_t written;
    if (!is_ours(fd))
        return (ssize_t)syscall(SYS_write, fd, bytes, length);
    pthread_mutex_lock(&lock);
    written = (ssize_t)syscall(SYS_write, fd, bytes, length);
    if (written > 0) /* the position has moved past it, also when the file is appended to */
        note('W', inode_of[fd], (uint64_t)(lseek(fd, 0, SEEK_CUR) - written), bytes,
             (size_t)written);
    pthread_mutex_unlock(&lock);
    return written;
}

int ftruncate64(int fd, off64_t size)
{
    int done;
    if (!is_ours(fd))
        return (int)syscall(SYS_ftruncate, fd, size);
    pthread_mutex_lock(&lock);
    done = (int)syscall(SYS_ftruncate, fd, size);
    if (done == 0)
        note('T', inode_of[fd], (uint64_t)size, "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int ftruncate(int fd, off_t size)
{
    return ftruncate64(fd, size);
}

static int do_sync(int fd, long call)
{
    int done;
    if (!is_ours(fd))
        return (int)syscall(call, fd);
    pthread_mutex_lock(&lock);
    usleep(sync_us);
    done = (int)syscall(call, fd);
    if (done == 0 && folder_of[fd] != NULL)
        note_name('D', inode_of[fd], folder_of[fd]);
    else if (done == 0)
        note('S', inode_of[fd], 0, "", 0);
    pthread_mutex_unlock(&lock);
    return done;
}

int fsync(int fd)
{
    return do_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return do_sync(fd, SYS_fdatasync);
}

int unlink(const char *path)
{
    const char *name = known(path);
    int done;
    if (name == NULL)
        return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    pthread_mutex_lock(&lock);
    done = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (done == 0)
        note_name('U', 0, name);
    pthread_mutex_unlock(&lock);
    return done;
}

int rename(const char *from, const char *to)
{
    const char *old = known(from), *new = known(to);
    struct stat found;
    int done;
    if (old == NULL || new == NULL)
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    pthread_mutex_lock(&lock);
    done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (done == 0 && stat(to, &found) == 0) {
        note_name('R', found.st_ino, new);
        note_name('U', 0, old);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

int mkdir(const char *path, mode_t mode)
{
    const char *name = known(path);
    struct stat found;
    int done;
    if (name == NULL)
        return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    pthread_mutex_lock(&lock);
    done = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (done == 0 && stat(path, &found) == 0)
        note_name('K', found.st_ino, name);
    pthread_mutex_unlock(&lock);
    return done;
}
