/* SPDX-License-Identifier: Apache-2.0
 * receivers/rpc_status.h - the bodies of answers: google.rpc.Status for a refusal, Export*ServiceResponse otherwise.
 *
 * Each in protobuf and in its JSON mapping; appended to out. A refusal that may be retried carries RetryInfo.
 */
#ifndef PLIMSOLL_RECEIVERS_RPC_STATUS_H
#define PLIMSOLL_RECEIVERS_RPC_STATUS_H

#include "agent/base/buf.h"
#include "agent/receivers/receiver.h"

void rpc_status_pack(const struct ingest_reply *reply, struct buf *out);
void rpc_status_json(const struct ingest_reply *reply, struct buf *out);

/* Full success appends nothing as protobuf (the empty message) and {} as JSON. */
void export_response_pack(const struct ingest_reply *reply, struct buf *out);
void export_response_json(const struct ingest_reply *reply, enum signal signal, struct buf *out);

#endif
