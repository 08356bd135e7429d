/* socket.h - the socket that is listened on, and how many connections there are descriptors for. */
#ifndef SLUICE_SERVER_EDGE_SOCKET_H
#define SLUICE_SERVER_EDGE_SOCKET_H

#include <stddef.h>

#include <uv.h>

#include "server/edge/service_user.h"

enum { SOCKET_NAME_BYTES = 300 };

/* Binds HOST:PORT (port 0: any) and listens; `name`: the address really bound. FAULT_BUSY: another
 * program has it; FAULT_DENIED; FAULT_FORMAT: no address; FAULT_IO. */
MUST_USE enum fault socket_open(uv_tcp_t *socket, const char *listen, uv_connection_cb accept,
                                char name[SOCKET_NAME_BYTES], struct trouble *trouble);
/* Raises the limit as far as it goes. How many sessions there are descriptors for: connections must
 * not take those that the database's need. */
size_t descriptors_raise(void);

#endif
