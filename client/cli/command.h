/* command.h - one command line, from words to exit status. Called by main. */
#ifndef SLUICE_CLIENT_CLI_COMMAND_H
#define SLUICE_CLIENT_CLI_COMMAND_H

int command_main(int argc, char **argv);

#endif
