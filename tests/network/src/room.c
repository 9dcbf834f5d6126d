/*
 * Tells a process that the file system of one folder is full.
 *
 * VEILMART_ROOM_IN is the folder, with nothing symbolic in its path. VEILMART_ROOM is a file with the bytes that are left
 * there: a number of 64 bits, which the test changes as it likes. Whoever asks how much is left is told that; when it is 0,
 * what is written into files in the folder fails. Files that are mapped into memory grow on, and so do names: a file system
 * that is full would not let them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *folder;
static const volatile uint64_t *left;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("VEILMART_ROOM");
	void *mapped = MAP_FAILED;
	int file;

	folder = getenv("VEILMART_ROOM_IN");
	file = path && folder ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file >= 0) {
		mapped = mmap(NULL, sizeof *left, PROT_READ, MAP_SHARED, file, 0);
		close(file);
	}
	if (mapped == MAP_FAILED) {
		fprintf(stderr, "VEILMART_ROOM or VEILMART_ROOM_IN is not what it should be\n");
		_exit(1);
	}
	left = mapped;
}

static int is_in_folder(int file)
{
	char link[64], path[PATH_MAX];
	size_t length = strlen(folder);
	ssize_t read;

	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	read = readlink(link, path, sizeof path - 1);
	if (read < 0)
		return 0;
	path[read] = 0;
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* Before the library has begun nothing is full. */
static int is_full(int file)
{
	return left && *left == 0 && is_in_folder(file);
}

ssize_t write(int file, const void *bytes, size_t length)
{
	if (length > 0 && is_full(file)) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_write, file, bytes, length);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
	if (count > 0 && is_full(file)) {
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_writev, file, parts, count);
}

#define ASK(ask, asked, answer)                                          \
	int ask(const char *path, struct answer *to)                     \
	{                                                                \
		int file = open(path, O_PATH | O_CLOEXEC);               \
		int result;                                              \
                                                                         \
		if (file < 0)                                            \
			return -1;                                       \
		result = asked(file, to);                                \
		if (result == 0 && left && is_in_folder(file)) {         \
			if (to->f_bavail > *left / to->f_frsize)         \
				to->f_bavail = *left / to->f_frsize;     \
			to->f_bfree = to->f_bavail;                      \
		}                                                        \
		close(file);                                             \
		return result;                                           \
	}

ASK(statvfs, fstatvfs, statvfs)
ASK(statvfs64, fstatvfs64, statvfs64)
