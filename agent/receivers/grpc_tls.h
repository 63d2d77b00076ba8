/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_tls.h - credentials of one gRPC port that follow the files they come from.
 */
#ifndef PLIMSOLL_RECEIVERS_GRPC_TLS_H
#define PLIMSOLL_RECEIVERS_GRPC_TLS_H

#include <grpc/grpc_security.h>

#include "agent/net/tls_server.h"

/* What one port has been given last. Its memory must outlive the server. */
struct grpc_port_tls {
	struct tls_server *files;
	struct tls_material *given;
};

/* For one port; files NULL: without TLS. The caller's to release. NULL where the core takes none. */
grpc_server_credentials *grpc_port_credentials(struct grpc_port_tls *port, struct tls_server *files);

/* Once the server is gone. */
void grpc_port_tls_release(struct grpc_port_tls *port);

#endif
