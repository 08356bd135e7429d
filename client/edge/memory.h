/* memory.h - where a short-lived program gets its memory from. Called by client/main.c, first of all. */
#ifndef SLUICE_CLIENT_EDGE_MEMORY_H
#define SLUICE_CLIENT_EDGE_MEMORY_H

/* Lets the heap grow in large steps, of large pages where the kernel has them. Nothing but time
 * depends on it. */
void memory_prepare(void);

#endif
