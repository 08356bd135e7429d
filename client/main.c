/* main.c - sluice, the program of a rep. Everything is in client/cli. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>

#include "client/cli/command.h"
#include "client/edge/memory.h"

int main(int argc, char **argv)
{
    /* A limit on the size of files is a full disk, and told like one. */
    (void)signal(SIGXFSZ, SIG_IGN);
    memory_prepare();
    return command_main(argc, argv);
}
