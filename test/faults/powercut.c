/*
 * Writes down everything that a process does to the files of one folder, so that a test can rebuild the folder as a
 * disk would hold it after a power cut at any moment. Preloaded into the server (LD_PRELOAD); nothing is ever cut here.
 *
 *   POWERCUT_DIR   the folder, absolute, without a slash at its end
 *   POWERCUT_LOG   the file to write to; one line an operation, W followed by its bytes and a newline:
 *
 *     C <inode> <name>            a file was made
 *     W <inode> <offset> <length>
 *     T <inode> <length>          was truncated
 *     S <inode>                   was synced: fsync or fdatasync came back with success, or a write of a file that was opened
 *                                 with O_DSYNC, which is as if an fdatasync followed it
 *     R <name> <name>             was renamed
 *     U <name>                    was unlinked
 *     D                           the folder was synced
 *
 *   POWERCUT_LIE   "data": fdatasync of a file, also that behind a write, says success and does nothing; "folder": the same for fsync of the folder.
 *                  What a test must find out.
 *   POWERCUT_KILL  a number: the process is killed on its way into that fdatasync, so that a write is left unsynced
 *
 * One lock is held over each call and its line, so that the order of lines is the order of operations.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *dir;
static size_t dir_length;
static int log_fd = -1;
static const char *lie = "";
static long syncs_left = -1;

__attribute__((constructor)) static void begin(void) {
  const char *log = getenv("POWERCUT_LOG");
  dir = getenv("POWERCUT_DIR");
  if (!log || !dir) return;
  dir_length = strlen(dir);
  if (getenv("POWERCUT_LIE")) lie = getenv("POWERCUT_LIE");
  if (getenv("POWERCUT_KILL")) syncs_left = atol(getenv("POWERCUT_KILL"));
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int fd = real(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  log_fd = fcntl(fd, F_DUPFD_CLOEXEC, 700);
  if (log_fd < 0) abort();
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

static void note(const struct iovec *parts, int count) {
  ssize_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  if (REAL(writev)(log_fd, parts, count) != length) abort(); /* a log with a hole proves nothing */
}

static void note_line(const char *format, ...) {
  char line[2 * PATH_MAX];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  note(&(struct iovec){line, length}, 1);
}

static void note_write(unsigned long inode, off_t offset, const void *bytes, size_t length) {
  char head[96];
  int size = snprintf(head, sizeof head, "W %lu %lld %zu\n", inode, (long long)offset, length);
  struct iovec parts[] = {{head, size}, {(void *)bytes, length}, {"\n", 1}};
  note(parts, 3);
}

/* The name below the folder, or NULL when a path is elsewhere. */
static const char *name_of(const char *path) {
  if (log_fd < 0 || !path || strncmp(path, dir, dir_length) != 0 || path[dir_length] != '/') return NULL;
  return path + dir_length + 1;
}

/* 'f' for a file of the folder, 'd' for the folder itself, 0 for anything else. Sets the inode. */
static char kind_of(int fd, unsigned long *inode) {
  if (log_fd < 0) return 0;
  char link[48], path[PATH_MAX + 1];
  struct stat status;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX);
  if (length <= 0) return 0;
  path[length] = 0;
  if (strcmp(path, dir) == 0) return 'd';
  if (!name_of(path) || fstat(fd, &status) != 0) return 0;
  *inode = status.st_ino;
  return 'f';
}

#define LOCKED(type, body)          \
  {                                 \
    pthread_mutex_lock(&lock);      \
    type result;                    \
    body;                           \
    int kept = errno;               \
    pthread_mutex_unlock(&lock);    \
    errno = kept;                   \
    return result;                  \
  }

#define OPEN(open_name)                                                          \
  int open_name(const char *path, int flags, ...) {                              \
    va_list arguments;                                                           \
    va_start(arguments, flags);                                                  \
    mode_t mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0; \
    va_end(arguments);                                                           \
    const char *name = name_of(path);                                            \
    if (!name || !(flags & (O_CREAT | O_TRUNC))) return REAL(open_name)(path, flags, mode); \
    LOCKED(int, {                                                                \
      int is_new = access(path, F_OK) != 0;                                      \
      struct stat status;                                                        \
      result = REAL(open_name)(path, flags, mode);                               \
      if (result >= 0 && fstat(result, &status) == 0) {                          \
        if (is_new) note_line("C %lu %s\n", (unsigned long)status.st_ino, name); \
        else if (flags & O_TRUNC) note_line("T %lu 0\n", (unsigned long)status.st_ino); \
      }                                                                          \
    })                                                                           \
  }
OPEN(open)
OPEN(open64)

/* The second half of a write with O_DSYNC. */
static void synced_by_write(int fd, unsigned long inode) {
  if (!(fcntl(fd, F_GETFL) & O_DSYNC)) return;
  if (--syncs_left == 0) kill(getpid(), SIGKILL);
  if (strcmp(lie, "data") != 0) note_line("S %lu\n", inode);
}

#define PWRITE(pwrite_name)                                                      \
  ssize_t pwrite_name(int fd, const void *bytes, size_t count, off_t offset) {   \
    unsigned long inode;                                                         \
    if (kind_of(fd, &inode) != 'f') return REAL(pwrite_name)(fd, bytes, count, offset); \
    LOCKED(ssize_t, {                                                            \
      result = REAL(pwrite_name)(fd, bytes, count, offset);                      \
      if (result > 0) note_write(inode, offset, bytes, result);                  \
      if (result > 0) synced_by_write(fd, inode);                                \
    })                                                                           \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t write(int fd, const void *bytes, size_t count) {
  unsigned long inode;
  if (kind_of(fd, &inode) != 'f') return REAL(write)(fd, bytes, count);
  LOCKED(ssize_t, {
    result = REAL(write)(fd, bytes, count);
    /* Where the descriptor stands now is where these bytes end, with O_APPEND too. */
    if (result > 0) note_write(inode, lseek(fd, 0, SEEK_CUR) - result, bytes, result);
    if (result > 0) synced_by_write(fd, inode);
  })
}

#define TRUNCATE(ftruncate_name)                                                 \
  int ftruncate_name(int fd, off_t length) {                                     \
    unsigned long inode;                                                         \
    if (kind_of(fd, &inode) != 'f') return REAL(ftruncate_name)(fd, length);     \
    LOCKED(int, {                                                                \
      result = REAL(ftruncate_name)(fd, length);                                 \
      if (result == 0) note_line("T %lu %lld\n", inode, (long long)length);      \
    })                                                                           \
  }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define SYNC(sync_name)                                                          \
  int sync_name(int fd) {                                                        \
    unsigned long inode;                                                         \
    char kind = kind_of(fd, &inode);                                             \
    if (!kind) return REAL(sync_name)(fd);                                       \
    int is_data = strcmp(#sync_name, "fdatasync") == 0;                          \
    LOCKED(int, {                                                                \
      if (is_data && --syncs_left == 0) kill(getpid(), SIGKILL);                 \
      if (strcmp(lie, is_data ? "data" : kind == 'd' ? "folder" : "") == 0 && *lie) { \
        pthread_mutex_unlock(&lock);                                             \
        return 0;                                                                \
      }                                                                          \
      result = REAL(sync_name)(fd);                                              \
      if (result == 0 && kind == 'd') note_line("D\n");                          \
      else if (result == 0) note_line("S %lu\n", inode);                         \
    })                                                                           \
  }
SYNC(fsync)
SYNC(fdatasync)

int rename(const char *from, const char *to) {
  const char *old_name = name_of(from), *new_name = name_of(to);
  if (!old_name || !new_name) return REAL(rename)(from, to);
  LOCKED(int, {
    result = REAL(rename)(from, to);
    if (result == 0) note_line("R %s %s\n", old_name, new_name);
  })
}

int unlink(const char *path) {
  const char *name = name_of(path);
  if (!name) return REAL(unlink)(path);
  LOCKED(int, {
    result = REAL(unlink)(path);
    if (result == 0) note_line("U %s\n", name);
  })
}

/* Ways to change a file that are not written down: loud, so that nobody takes their absence for safety. */
#define REFUSED(type, name, parameters, fd, arguments)                           \
  type name parameters {                                                         \
    unsigned long inode;                                                         \
    if (kind_of(fd, &inode) != 'f') return REAL(name) arguments;                 \
    static const char told[] = "powercut.c does not record " #name "\n";         \
    (void)!REAL(write)(2, told, sizeof told - 1);                                \
    abort();                                                                     \
  }
REFUSED(ssize_t, writev, (int fd, const struct iovec *parts, int count), fd, (fd, parts, count))
REFUSED(ssize_t, pwritev, (int fd, const struct iovec *parts, int count, off_t at), fd, (fd, parts, count, at))
REFUSED(ssize_t, pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), fd, (fd, parts, count, at))
REFUSED(int, fallocate, (int fd, int mode, off_t at, off_t length), fd, (fd, mode, at, length))
