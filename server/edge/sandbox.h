/* sandbox.h - what the worker may still ask of the system once it runs: to talk, to remember, to
 * tell the time. It executes nothing, becomes nobody else, looks into no other process. */
#ifndef SLUICE_SERVER_EDGE_SANDBOX_H
#define SLUICE_SERVER_EDGE_SANDBOX_H

#include "common/base/fault.h"

/* For this process and all its threads, for good; before it has any thread. What is forbidden fails with
 * EPERM, what the list does not know with ENOSYS; executing a program ends the process with SIGSYS. FAULT_NOT_FOUND: this system
 * knows no such filter (errno says why); then nothing has changed. */
MUST_USE enum fault sandbox_enter(void);

#endif
