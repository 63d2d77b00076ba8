/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_call.h - the life of one gRPC call, and the lane of slots in which calls live.
 *
 *     POSTED  asked the core for a call
 *     WAITING got one, but there is no room for its message
 *     READING asked for its message
 *     STORING its message is read, and on its way to the disk
 *     REPLYING answered; the core sends, and tells when the call is over
 *
 * In each stage but WAITING and STORING exactly one operation is with the core, and its tag is the call: so a slot is free
 * when its operation returns, whatever happened to the client meanwhile. A lane has a fixed number of slots; further calls stay
 * unread in the core, held back by HTTP/2 flow control. All of it belongs to the lane's completion-queue thread, but for a
 * call that is STORING: it is answered from the thread that stored it.
 */
#ifndef PLIMSOLL_RECEIVERS_GRPC_CALL_H
#define PLIMSOLL_RECEIVERS_GRPC_CALL_H

#include <stdatomic.h>

#include <grpc/grpc.h>

#include "agent/net/authenticator.h"
#include "agent/receivers/lane.h"
#include "agent/receivers/read_gate.h"

#define CALLS_PER_LANE 256

struct grpc_lane;
struct method;

enum call_stage { CALL_POSTED, CALL_WAITING, CALL_READING, CALL_STORING, CALL_REPLYING, CALL_CLOSED };

struct call {
	struct grpc_lane *lane;
	_Atomic enum call_stage stage;
	uint64_t since_ns; /* when it entered its stage, monotonic, set before stage; not kept for POSTED */
	struct read_permit permit;
	struct call *next; /* in lane->waiting */

	const struct method *method; /* NULL: unknown */
	grpc_call *core;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *message, *response;
	grpc_slice status_message;
	grpc_metadata trailer; /* grpc-status-details-bin */
	int cancelled;

	struct ingest_reply reply; /* of an export */
	struct ingest_later later;
	_Atomic int unsettled; /* STORING: the lane's thread and the storing one; who comes last answers */
};

struct grpc_lane {
	struct lane lane;
	grpc_server *server;
	grpc_completion_queue *queue;
	const atomic_bool *is_serving;
	struct authenticator *authenticator; /* NULL: everybody may send */
	struct buf scratch; /* answers are packed here */
	struct read_gate gate;
	struct call *waiting, **waiting_end;
	uint64_t next_sweep_ns;
	unsigned closed; /* slots that ask for no more calls */
	struct call calls[CALLS_PER_LANE];
};

/* What a call is answered with. All borrowed. */
struct answer {
	int grpc_code;
	const char *message;         /* of a failure */
	struct slice body;           /* of a success: the response message */
	struct slice status_details; /* google.rpc.Status; empty: none */
};

/* Asks the core for the first calls. On the lane's thread. */
void grpc_lane_open(struct grpc_lane *l);

/* The core returned the call's operation. */
void call_advance(struct call *c, bool success);

/* Once in a while: ends what takes too long. now_ns: monotonic. */
void grpc_lane_sweep(struct grpc_lane *l, uint64_t now_ns);

/* The server is shut down: nobody is connected any more, but calls may be under way here still. True once none is; until
 * then ask again after each operation. */
bool grpc_lane_end(struct grpc_lane *l);

/* Frees what the slots hold; nothing may be with the core any more. */
void grpc_lane_release(struct grpc_lane *l);

#endif
