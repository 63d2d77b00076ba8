/* SPDX-License-Identifier: Apache-2.0
 * receivers/grpc_call.c - one call from the core's hands and back into them.
 *
 * Core's own decompression is off: it would inflate a bomb whole before it looks at the limit. And it holds a
 * message whole before it looks at the limit on that, so messages are asked for as read_gate.h says.
 */
#include "agent/receivers/grpc_call.h"

#include <assert.h>

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/slice.h>

#include "agent/base/clock.h"
#include "agent/base/pressure.h"
#include "agent/receivers/grpc_method.h"
#include "agent/receivers/reply.h"

#define WAIT_MS_MAX 5000  /* for room; then the client is better served by being told to come again */
#define PEER_MS_MAX 30000 /* for sending a whole request, and for taking the answer */
#define LINGER_MS   1000
#define SWEEP_MS    100

static struct slice slice_of_core(const grpc_slice *s)
{
	return (struct slice){ (const char *)GRPC_SLICE_START_PTR(*s), GRPC_SLICE_LENGTH(*s) };
}

/* From the moment the operation is with the core, the call may be the lane's thread's again, and over. */
static void start(struct call *c, enum call_stage stage, const grpc_op *ops, size_t count)
{
	grpc_call *core = c->core;

	c->since_ns = clock_mono_ns();
	c->stage = stage;
	grpc_call_error error = grpc_call_start_batch(core, ops, count, c, NULL);
	assert(error == GRPC_CALL_OK);
	(void)error;
}

/* ---------------------------------------------------------------- the slot */

static void close_slot(struct call *c)
{
	c->stage = CALL_CLOSED;
	c->lane->closed++;
}

static void post(struct call *c)
{
	struct grpc_lane *l = c->lane;

	c->stage = CALL_POSTED;
	c->core = NULL;
	c->cancelled = 0;
	c->metadata.count = 0;
	grpc_call_details_init(&c->details);
	if (grpc_server_request_call(l->server, &c->core, &c->details, &c->metadata, l->queue, l->queue, c) !=
	    GRPC_CALL_OK)
		close_slot(c);
}

/* Everything that belongs to the call, not to the slot. */
static void release(struct call *c)
{
	if (c->response != NULL)
		grpc_byte_buffer_destroy(c->response);
	c->response = NULL;
	grpc_slice_unref(c->status_message);
	grpc_slice_unref(c->trailer.value);
	c->status_message = c->trailer.value = grpc_empty_slice();
	grpc_call_details_destroy(&c->details);
	if (c->core != NULL)
		grpc_call_unref(c->core);
	c->core = NULL;
}

/* ---------------------------------------------------------------- answering */

static void reply(struct call *c, const struct answer *answer)
{
	grpc_op ops[4] = { { .op = GRPC_OP_SEND_INITIAL_METADATA }, { .op = GRPC_OP_RECV_CLOSE_ON_SERVER } };
	size_t count = 2;

	ops[1].data.recv_close_on_server.cancelled = &c->cancelled;
	grpc_op *status = &ops[count++];
	*status = (grpc_op){ .op = GRPC_OP_SEND_STATUS_FROM_SERVER };
	status->data.send_status_from_server.status = (grpc_status_code)answer->grpc_code;
	if (answer->grpc_code == GRPC_STATUS_OK) {
		grpc_slice body = grpc_slice_from_copied_buffer(answer->body.ptr, answer->body.len);
		c->response = grpc_raw_byte_buffer_create(&body, 1);
		grpc_slice_unref(body);
		ops[count] = (grpc_op){ .op = GRPC_OP_SEND_MESSAGE };
		ops[count++].data.send_message.send_message = c->response;
	} else {
		c->status_message = grpc_slice_from_copied_string(answer->message);
		status->data.send_status_from_server.status_details = &c->status_message;
	}
	if (answer->status_details.len > 0) {
		c->trailer.key = grpc_slice_from_static_string("grpc-status-details-bin");
		c->trailer.value =
			grpc_slice_from_copied_buffer(answer->status_details.ptr, answer->status_details.len);
		status->data.send_status_from_server.trailing_metadata_count = 1;
		status->data.send_status_from_server.trailing_metadata = &c->trailer;
	}
	start(c, CALL_REPLYING, ops, count);
}

static void refuse(struct call *c, struct status why)
{
	struct answer answer;

	method_refuse(c->lane, c->method != NULL ? c->method->signal : SIGNAL_COUNT, why, &answer);
	reply(c, &answer);
}

/* ---------------------------------------------------------------- reading */

static void read_message(struct call *c)
{
	grpc_op op = { .op = GRPC_OP_RECV_MESSAGE };

	op.data.recv_message.recv_message = &c->message;
	c->message = NULL;
	start(c, CALL_READING, &op, 1);
}

static void wait_for_room(struct call *c)
{
	struct grpc_lane *l = c->lane;

	c->stage = CALL_WAITING;
	c->since_ns = clock_mono_ns();
	c->next = NULL;
	*l->waiting_end = c;
	l->waiting_end = &c->next;
}

static struct call *first_waiting(struct grpc_lane *l)
{
	struct call *c = l->waiting;

	l->waiting = c->next;
	if (l->waiting == NULL)
		l->waiting_end = &l->waiting;
	return c;
}

static void admit_waiting(struct grpc_lane *l)
{
	while (l->waiting != NULL && read_gate_enter(&l->gate, &l->waiting->permit))
		read_message(first_waiting(l));
}

/* A header_lookup over the call's metadata, whose keys are in lower case. */
static struct slice metadata_of(void *context, const char *name)
{
	const struct call *c = context;

	for (size_t i = 0; i < c->metadata.count; i++)
		if (slice_equal_nocase(slice_of_core(&c->metadata.metadata[i].key), slice_of(name)))
			return slice_of_core(&c->metadata.metadata[i].value);
	return SLICE_NONE;
}

static void accept_call(struct call *c)
{
	const struct method *m = method_find(slice_of_core(&c->details.method));

	c->method = m;
	if (m == NULL) {
		refuse(c, FAIL(UNSUPPORTED, "unknown method"));
		return;
	}
	if (m->signal < SIGNAL_COUNT)
		meter_add(c->lane->lane.requests[m->signal], 1);
	struct status s = m->signal < SIGNAL_COUNT ? authenticator_check(c->lane->authenticator, metadata_of, c) : OK;
	if (FAILED(s)) {
		refuse(c, s);
		return;
	}
	if (m->signal < SIGNAL_COUNT && pressure_get() != PRESSURE_NONE) {
		refuse(c, FAIL(UNAVAILABLE, "short of memory: come again"));
		return;
	}
	if (c->lane->waiting == NULL && read_gate_enter(&c->lane->gate, &c->permit))
		read_message(c);
	else
		wait_for_room(c);
}

/* ---------------------------------------------------------------- running */

/* Core knows neither zstd nor snappy (the Collector's exporters know both): it forgets the encoding's name and hands the
 * bytes over. No OTLP message begins as a zstd frame does (RFC 8878: field 5 of the request) or a snappy stream (its framing
 * format, section 4.1: wire type 7). */
static bool begins_with(const grpc_byte_buffer *message, struct slice magic)
{
	const grpc_slice_buffer *parts = &message->data.raw.slice_buffer;

	return parts->count > 0 && slice_starts_with(slice_of_core(&parts->slices[0]), magic);
}

static enum coding coding_of(const grpc_byte_buffer *message)
{
	switch (message->data.raw.compression) {
	case GRPC_COMPRESS_GZIP:
		return CODING_GZIP;
	case GRPC_COMPRESS_DEFLATE:
		return CODING_DEFLATE;
	default:
		return begins_with(message, SLICE("\x28\xb5\x2f\xfd")) ? CODING_ZSTD : CODING_IDENTITY;
	}
}

static void drop_message(struct call *c)
{
	if (c->message != NULL)
		grpc_byte_buffer_destroy(c->message);
	c->message = NULL;
}

/* The message as plain, contiguous bytes: in place where it is one plain slice already. Else core gets its memory back
 * at once: what it reads next then lies where the cache still is. */
static struct status plain_bytes(struct call *c, struct slice *body)
{
	struct grpc_lane *l = c->lane;
	grpc_byte_buffer *message = c->message;
	grpc_byte_buffer_reader reader;
	grpc_slice *part;
	enum coding coding = coding_of(message);
	struct status s;

	if (begins_with(message, SLICE("\xff\x06\0\0sNaPpY")))
		return FAIL(UNSUPPORTED, "snappy is not taken: compress with gzip or zstd");
	if (!grpc_byte_buffer_reader_init(&reader, message))
		return FAIL(MALFORMED, "message cannot be read");
	s = inflater_begin(&l->lane.inflater, coding, l->lane.max_bytes, &l->lane.plain);
	bool in_place = coding == CODING_IDENTITY && message->data.raw.slice_buffer.count == 1;
	while (!FAILED(s) && grpc_byte_buffer_reader_peek(&reader, &part)) {
		*body = slice_of_core(part);
		if (!in_place)
			s = inflater_feed(&l->lane.inflater, *body);
	}
	grpc_byte_buffer_reader_destroy(&reader);
	TRY(s);
	TRY(inflater_end(&l->lane.inflater));
	if (!in_place) {
		*body = buf_view(&l->lane.plain);
		drop_message(c);
	}
	return OK;
}

/* The lane's thread is through with the call, or the storing one; the later of them answers. */
static void settle(struct call *c)
{
	struct buf scratch = BUF_INIT;
	struct answer answer;

	if (atomic_fetch_sub(&c->unsettled, 1) != 1)
		return;
	method_answer(c, &scratch, &answer);
	reply(c, &answer);
	buf_release(&scratch);
}

static void on_stored(struct ingest_later *later, struct status result)
{
	struct call *c = (struct call *)((char *)later - offsetof(struct call, later));

	if (FAILED(result))
		c->reply.status = result;
	settle(c);
}

static void run_message(struct call *c)
{
	bool is_answered = true;
	struct grpc_lane *l = c->lane;
	const struct method *m = c->method;
	struct answer answer;
	struct slice body = SLICE_NONE;
	size_t bytes = grpc_byte_buffer_length(c->message);

	read_gate_arrived(&l->gate, &c->permit, bytes);
	lane_received(&l->lane, bytes);
	struct status s = plain_bytes(c, &body);
	c->later.done = on_stored;
	c->unsettled = 2;
	if (FAILED(s))
		method_refuse(l, m->signal, s, &answer);
	else
		is_answered = m->run(c, body, &answer);
	drop_message(c);
	lane_rest(&l->lane);
	read_gate_leave(&l->gate, &c->permit);
	if (is_answered) {
		reply(c, &answer);
	} else {
		c->stage = CALL_STORING;
		settle(c);
	}
}

/* No message: the client left, or the core refused its size and has told the client so already. */
static void run_nothing(struct call *c)
{
	c->lane->lane.is_busy = true;
	read_gate_leave(&c->lane->gate, &c->permit);
	refuse(c, FAIL(IO, "the request did not arrive"));
}

void call_advance(struct call *c, bool success)
{
	switch (c->stage) {
	case CALL_POSTED:
		if (success) {
			accept_call(c);
		} else { /* the server is shutting down */
			release(c);
			close_slot(c);
		}
		break;
	case CALL_READING:
		if (c->message != NULL)
			run_message(c);
		else
			run_nothing(c);
		admit_waiting(c->lane);
		break;
	case CALL_REPLYING:
		release(c);
		post(c);
		break;
	case CALL_WAITING:
	case CALL_STORING:
	case CALL_CLOSED:
		assert(!"an operation returned that was never started");
	}
}

/* ---------------------------------------------------------------- the lane */

void grpc_lane_open(struct grpc_lane *l)
{
	l->waiting_end = &l->waiting;
	for (size_t i = 0; i < CALLS_PER_LANE; i++) {
		struct call *c = &l->calls[i];
		c->lane = l;
		c->status_message = c->trailer.value = grpc_empty_slice();
		grpc_metadata_array_init(&c->metadata);
		post(c);
	}
}

static void refuse_overdue(struct grpc_lane *l, uint64_t now_ns)
{
	while (l->waiting != NULL && now_ns - l->waiting->since_ns > WAIT_MS_MAX * NS_PER_MS)
		refuse(first_waiting(l), FAIL(UNAVAILABLE, "too many request bytes in flight"));
}

static void look_after(struct call *c, uint64_t now_ns)
{
	enum call_stage stage = c->stage;

	if (stage != CALL_READING && stage != CALL_REPLYING)
		return;
	uint64_t for_ms = now_ns > c->since_ns ? (now_ns - c->since_ns) / NS_PER_MS : 0;
	if (for_ms > LINGER_MS)
		read_gate_linger(&c->lane->gate, &c->permit);
	if (for_ms > PEER_MS_MAX)
		grpc_call_cancel_with_status(c->core, GRPC_STATUS_DEADLINE_EXCEEDED, "client is too slow", NULL);
}

void grpc_lane_sweep(struct grpc_lane *l, uint64_t now_ns)
{
	if (now_ns < l->next_sweep_ns)
		return;
	l->next_sweep_ns = now_ns + SWEEP_MS * NS_PER_MS;
	refuse_overdue(l, now_ns);
	for (size_t i = 0; i < CALLS_PER_LANE; i++)
		look_after(&l->calls[i], now_ns);
	admit_waiting(l);
	lane_trim(&l->lane, now_ns);
}

bool grpc_lane_end(struct grpc_lane *l)
{
	while (l->waiting != NULL)
		refuse(first_waiting(l), FAIL(UNAVAILABLE, "shutting down"));
	return l->closed == CALLS_PER_LANE;
}

void grpc_lane_release(struct grpc_lane *l)
{
	for (size_t i = 0; i < CALLS_PER_LANE; i++)
		grpc_metadata_array_destroy(&l->calls[i].metadata);
	buf_release(&l->scratch);
	lane_release(&l->lane);
}
