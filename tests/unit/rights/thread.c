/* A thread that a role has besides its loop's: started before the rights go, it waits for one act,
 * and tries what the loop's thread tries elsewhere; see inside.h. */
#include <pthread.h>

#include "inside.h"

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int (*job)(void);
static int result;

static void *work(void *arg)
{
    pthread_mutex_lock(&lock);
    while (!job)
        pthread_cond_wait(&changed, &lock);
    result = job();
    pthread_mutex_unlock(&lock);
    return arg;
}

bool inside_start_thread(void)
{
    return pthread_create(&thread, NULL, work, NULL) == 0;
}

int inside_on_thread(int (*act)(void))
{
    pthread_mutex_lock(&lock);
    job = act;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    return result;
}

int inside_read_key_on_thread(void)
{
    return inside_on_thread(inside_read_key);
}

int inside_exec_on_thread(void)
{
    return inside_on_thread(inside_exec);
}
