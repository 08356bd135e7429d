/* configuration.h - what `sluiced init` leaves in the data folder and every other command reads:
 * sluiced.conf (key = value) and server.key. */
#ifndef SLUICE_SERVER_EDGE_CONFIGURATION_H
#define SLUICE_SERVER_EDGE_CONFIGURATION_H

#include "common/base/id.h"
#include "common/link/secret.h"
#include "server/edge/service_user.h"

enum { CONFIGURATION_PATH_MAX = 512, CONFIGURATION_VALUE_MAX = 1024 };

struct configuration {
    char data[CONFIGURATION_PATH_MAX];      /* absolute */
    char listen[CONFIGURATION_VALUE_MAX];   /* HOST:PORT */
    char address[CONFIGURATION_VALUE_MAX];  /* what invitations say; empty: listen */
    char database[CONFIGURATION_VALUE_MAX]; /* of the owning role; empty: private cluster */
    char database_app[CONFIGURATION_VALUE_MAX]; /* of sluice_app; empty: database with that user */
    struct uuid team;
    char cluster[CONFIGURATION_PATH_MAX]; /* the folder whose private database it is: place.h */
};

/* Reads DATA/sluiced.conf; environment variables SLUICED_LISTEN, SLUICED_ADDRESS, SLUICED_DATABASE
 * and SLUICED_DATABASE_APP go before it. */
MUST_USE enum fault configuration_read(const char *data, struct configuration *out,
                                       struct trouble *trouble);
MUST_USE enum fault configuration_write(const struct configuration *configuration,
                                        struct trouble *trouble);
/* Makes the path absolute; FAULT_LIMIT when a socket below it could have no name. */
MUST_USE enum fault configuration_folder(const char *data, char out[CONFIGURATION_PATH_MAX],
                                         struct trouble *trouble);

MUST_USE enum fault server_key_read(const char *data, struct key_pair *out,
                                    struct trouble *trouble);
MUST_USE enum fault server_key_make(const char *data, struct key_pair *out,
                                    struct trouble *trouble);

/* HOST:PORT with port 0 to 65535 into two terminated texts; brackets are taken off. False when it
 * is none. */
bool listen_split(const char *listen, char host[256], char port[6]);

#endif
