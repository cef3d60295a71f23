/* LD_PRELOAD: the wall clock of one process, and of its children, is off by the seconds that the file $CLOCK holds.
 *
 * A time namespace has no CLOCK_REALTIME of its own, and the machine's clock is everybody's. CLOCK_MONOTONIC is left
 * alone, as a real step leaves it. OpenSSL, which judges certificates by time(2), is led astray as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long offset(void)
{
	long seconds = 0;
	FILE *file = fopen(getenv("CLOCK"), "r");
	if (file != NULL) {
		if (fscanf(file, "%ld", &seconds) != 1)
			seconds = 0;
		fclose(file);
	}
	return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	if (real == NULL)
		real = dlsym(RTLD_NEXT, "clock_gettime");
	int failed = real(clock, now);
	if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += offset();
	return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec exact;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &exact);
	now->tv_sec = exact.tv_sec;
	now->tv_usec = exact.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *result)
{
	struct timespec exact;
	clock_gettime(CLOCK_REALTIME, &exact);
	if (result != NULL)
		*result = exact.tv_sec;
	return exact.tv_sec;
}
