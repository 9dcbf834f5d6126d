/*
 * Takes down how much of a node's vote logs is on disk.
 *
 * VEILMART_SYNCS is a folder. Once a file whose name begins with `votes-` has been synced, there is a file in that folder with
 * the length that it had before, a number of 64 bits. Its name is the number of the log's inode: a log that is written
 * anew gets its name when it was synced. Each of these syncs takes VEILMART_SYNC_TAKES milliseconds longer, as on a slow disk,
 * so that many moments fall into one.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_log(int file)
{
	char link[64], path[PATH_MAX];
	const char *name;
	ssize_t read;

	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	read = readlink(link, path, sizeof path - 1);
	if (read < 0)
		return 0;
	path[read] = 0;
	name = strrchr(path, '/');
	return name && strncmp(name, "/votes-", 7) == 0;
}

static void take_time(void)
{
	const char *takes = getenv("VEILMART_SYNC_TAKES");
	long milliseconds = takes ? atol(takes) : 0;
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* Whoever has synced learns of it after this. */
static void take_down(const struct stat *log)
{
	const char *folder = getenv("VEILMART_SYNCS");
	uint64_t length = (uint64_t) log->st_size;
	char path[PATH_MAX];
	int file = -1;

	if (folder) {
		snprintf(path, sizeof path, "%s/%llu", folder, (unsigned long long) log->st_ino);
		file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	}
	if (file < 0 || pwrite(file, &length, sizeof length, 0) != (ssize_t) sizeof length) {
		fprintf(stderr, "VEILMART_SYNCS is not what it should be\n");
		abort();
	}
	close(file);
}

static int synced(int file, long call)
{
	struct stat log;
	int result;

	if (!is_log(file))
		return (int) syscall(call, file);
	if (fstat(file, &log) != 0)
		return -1;
	take_time();
	result = (int) syscall(call, file);
	if (result == 0)
		take_down(&log);
	return result;
}

int fsync(int file)
{
	return synced(file, SYS_fsync);
}

int fdatasync(int file)
{
	return synced(file, SYS_fdatasync);
}
