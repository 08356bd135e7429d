/* main.c - sluice, the program of a rep. Everything is in client/cli. */
#include "client/cli/command.h"

int main(int argc, char **argv)
{
    return command_main(argc, argv);
}
