/* message.c - the session's messages as bytes. Called by both sides' session and sync.
 *
 * Packing trusts its caller (a message we built ourselves); unpacking trusts nothing: what it lets
 * through has every id whole, every number in its range and every page in order. The two directions
 * are in this one file so that each message is read beside how it is written. */
#include "common/codec/message.h"

#include <string.h>

#include "common/base/bounds.h"
#include "common/base/check.h"
#include "common/codec/packing.h"
#include "common/codec/row.h"
#include "common/link/wire.h"
#include "proto/sluice.pb-c.h"
#include "common/base/banned.h"

const char *refusal_name(enum session_refusal refusal)
{
    switch (refusal) {
    case REFUSAL_NONE: return "none";
    case REFUSAL_UNKNOWN_DEVICE: return "unknown_device";
    case REFUSAL_REVOKED: return "revoked";
    case REFUSAL_INVITATION_UNKNOWN: return "invitation_unknown";
    case REFUSAL_INVITATION_USED: return "invitation_used";
    case REFUSAL_INVITATION_EXPIRED: return "invitation_expired";
    case REFUSAL_VERSION: return "version";
    case REFUSAL_BUSY: return "busy";
    case REFUSAL_INTERNAL: return "internal";
    }
    return "unknown";
}

static ProtobufCBinaryData array_pack(const uint8_t *bytes, size_t n)
{
    return packing_bytes((struct str){(const char *)bytes, n});
}

/* An id that must be there. */
static enum fault id_needed(protobuf_c_boolean has, ProtobufCBinaryData data, struct uuid *out)
{
    enum fault fault = unpacked_id(has, data, out);
    if (!fault && uuid_is_zero(*out)) fault = FAULT_FORMAT;
    return fault;
}

/* --- hello --- */

enum fault codec_hello_pack(const struct hello *hello, struct buffer *out)
{
    struct packer packer;
    packer_init(&packer);
    Sluice__Hello message = SLUICE__HELLO__INIT;
    message.has_protocol = 1;
    message.protocol = hello->protocol;
    message.program = packer_string(&packer, hello->program);
    message.has_replica = 1;
    message.replica = packing_id(&hello->replica);
    message.has_token = hello->has_token;
    message.token = array_pack(hello->token, TOKEN_BYTES);
    message.has_next_number = 1;
    message.next_number = hello->next_number;
    message.has_cursor_seq = hello->cursor_seq != 0;
    message.cursor_seq = hello->cursor_seq;
    message.has_cursor_mark = hello->has_mark;
    message.cursor_mark = array_pack(hello->cursor_mark, MARK_BYTES);
    message.has_invitation_code = hello->has_code;
    message.invitation_code = array_pack(hello->code, CODE_BYTES);
    message.device_name = packer_string(&packer, hello->device_name);
    message.has_live = message.live = hello->live;
    message.has_refill = message.refill = hello->refill;
    message.has_fill_seq = message.has_top_seq = message.has_top_mark = hello->has_fill;
    message.fill_seq = hello->fill_seq;
    message.top_seq = hello->top_seq;
    message.top_mark = array_pack(hello->top_mark, MARK_BYTES);
    enum fault fault = packer_append(&packer, &message.base, out);
    packer_finish(&packer);
    return fault;
}

/* Where to go on, in which history: one is nothing without the other. */
static enum fault hello_fill_unpack(const Sluice__Hello *from, struct hello *out)
{
    enum fault fault = unpacked_array(from->has_top_mark, from->top_mark, &out->has_fill,
                                      out->top_mark, MARK_BYTES);
    if (fault) return fault;
    bool whole = from->has_fill_seq == from->has_top_seq && from->has_top_seq == from->has_top_mark;
    if (!whole) return FAULT_FORMAT;
    if (!out->has_fill) return FAULT_NONE;
    out->fill_seq = from->fill_seq;
    out->top_seq = from->top_seq;
    bool fits = out->fill_seq > 0 && out->fill_seq <= out->top_seq && out->top_seq <= INT64_MAX;
    return fits ? FAULT_NONE : FAULT_FORMAT;
}

enum fault codec_hello_unpack(struct arena *arena, struct str bytes, struct hello *out)
{
    *out = (struct hello){.protocol = 0};
    enum fault fault = FAULT_NONE;
    const ProtobufCMessage *message =
        wire_unpack(&sluice__hello__descriptor, arena, bytes, &fault);
    if (!message) return fault == FAULT_MEMORY ? fault : FAULT_FORMAT;
    const Sluice__Hello *from = (const Sluice__Hello *)message;
    if (!from->has_protocol || from->protocol == 0) return FAULT_FORMAT;
    out->protocol = from->protocol;
    fault = id_needed(from->has_replica, from->replica, &out->replica);
    if (!fault) {
        fault = unpacked_array(from->has_token, from->token, &out->has_token, out->token,
                               TOKEN_BYTES);
    }
    if (!fault) {
        fault = unpacked_array(from->has_cursor_mark, from->cursor_mark, &out->has_mark,
                               out->cursor_mark, MARK_BYTES);
    }
    if (!fault) {
        fault = unpacked_array(from->has_invitation_code, from->invitation_code, &out->has_code,
                               out->code, CODE_BYTES);
    }
    if (!fault) fault = hello_fill_unpack(from, out);
    if (fault) return fault;
    out->program = str_from(from->program);
    out->device_name = str_from(from->device_name);
    out->next_number = from->has_next_number ? from->next_number : 0;
    out->cursor_seq = from->has_cursor_seq ? from->cursor_seq : 0;
    out->live = from->has_live && from->live;
    out->refill = from->has_refill && from->refill;
    /* Numbers are int64 in every store. */
    if (out->next_number == 0 || out->next_number > INT64_MAX) return FAULT_FORMAT;
    return out->cursor_seq > INT64_MAX ? FAULT_FORMAT : FAULT_NONE;
}

/* --- welcome --- */

static void welcome_pack(struct packer *packer, const struct welcome *welcome,
                         Sluice__Welcome *out)
{
    sluice__welcome__init(out);
    out->has_team = out->has_member = out->has_device = 1;
    out->team = packing_id(&welcome->team);
    out->member = packing_id(&welcome->member);
    out->device = packing_id(&welcome->device);
    out->has_role = 1;
    out->role = (uint32_t)welcome->role;
    out->has_next_token = 1;
    out->next_token = array_pack(welcome->next_token, TOKEN_BYTES);
    out->has_last_number = out->has_head_seq = out->has_server_time = 1;
    out->last_number = welcome->last_number;
    out->head_seq = welcome->head_seq;
    out->server_time = welcome->server_time;
    out->has_plan = 1;
    out->plan = (uint32_t)welcome->plan;
    out->team_name = packer_string(packer, welcome->team_name);
    out->member_name = packer_string(packer, welcome->member_name);
    out->program = packer_string(packer, welcome->program);
    out->has_delivers_only = welcome->delivers_only;
    out->delivers_only = welcome->delivers_only;
    out->revoked_by = packer_string(packer, welcome->revoked_by);
    out->has_revoked_at = welcome->revoked_at != 0;
    out->revoked_at = welcome->revoked_at;
    out->has_went_back = out->went_back = welcome->went_back;
}

static enum fault welcome_unpack(const Sluice__Welcome *from, struct welcome *out)
{
    enum fault fault = id_needed(from->has_team, from->team, &out->team);
    if (!fault) fault = id_needed(from->has_member, from->member, &out->member);
    if (!fault) fault = id_needed(from->has_device, from->device, &out->device);
    bool has_token = false;
    if (!fault) {
        fault = unpacked_array(from->has_next_token, from->next_token, &has_token,
                               out->next_token, TOKEN_BYTES);
    }
    if (fault) return fault;
    if (!has_token || !from->has_plan || !from->has_server_time) return FAULT_FORMAT;
    /* Another plan than these cannot be carried out, so it is not let through. */
    if (from->plan < PLAN_DELTA || from->plan > PLAN_NEW_REPLICA) return FAULT_FORMAT;
    out->plan = (enum plan)from->plan;
    out->role = from->has_role ? from->role : 0;
    out->last_number = from->has_last_number ? from->last_number : 0;
    out->head_seq = from->has_head_seq ? from->head_seq : 0;
    out->server_time = from->server_time;
    out->team_name = str_from(from->team_name);
    out->member_name = str_from(from->member_name);
    out->program = str_from(from->program);
    out->delivers_only = from->has_delivers_only && from->delivers_only;
    out->revoked_by = str_from(from->revoked_by);
    out->revoked_at = from->has_revoked_at ? from->revoked_at : 0;
    out->went_back = from->has_went_back && from->went_back;
    bool too_big = out->last_number > INT64_MAX || out->head_seq > INT64_MAX;
    return too_big ? FAULT_FORMAT : FAULT_NONE;
}

/* --- refusal, bye --- */

static enum fault refusal_unpack(const Sluice__Refusal *from, struct refusal *out)
{
    if (!from->has_code || from->code == REFUSAL_NONE) return FAULT_FORMAT;
    /* A refusal of a newer server is still a refusal; its detail says which. */
    out->code = from->code <= REFUSAL_INTERNAL ? (enum session_refusal)from->code
                                               : REFUSAL_INTERNAL;
    out->detail = str_from(from->detail);
    out->revoked_by = str_from(from->revoked_by);
    out->revoked_at = from->has_revoked_at ? from->revoked_at : 0;
    out->last_number = from->has_last_number ? from->last_number : 0;
    return out->last_number > INT64_MAX ? FAULT_FORMAT : FAULT_NONE;
}

static enum fault bye_unpack(const Sluice__Bye *from, enum bye_reason *out)
{
    if (!from->has_reason || from->reason == BYE_NONE || from->reason > BYE_REPLACED) {
        return FAULT_FORMAT;
    }
    *out = (enum bye_reason)from->reason;
    return FAULT_NONE;
}

/* --- push --- */

static void push_pack(struct packer *packer, const struct push *push, Sluice__Push *out)
{
    sluice__push__init(out);
    out->has_first_number = 1;
    out->first_number = push->first_number;
    out->mutations = packer_array(packer, push->count, sizeof *out->mutations);
    if (!out->mutations) return;
    for (size_t i = 0; i < push->count; i++) {
        out->mutations[i] = packing_bytes(push->mutations[i]);
    }
    out->n_mutations = push->count;
}

static enum fault push_unpack(struct arena *arena, const Sluice__Push *from, struct push *out)
{
    if (from->n_mutations == 0 || from->n_mutations > PUSH_MUTATIONS_MAX) return FAULT_FORMAT;
    if (!from->has_first_number || from->first_number == 0) return FAULT_FORMAT;
    if (from->first_number > INT64_MAX - PUSH_MUTATIONS_MAX) return FAULT_FORMAT;
    out->first_number = from->first_number;
    out->mutations = arena_array(arena, from->n_mutations, sizeof *out->mutations);
    if (!out->mutations) return FAULT_MEMORY;
    for (size_t i = 0; i < from->n_mutations; i++) {
        /* An empty or senseless one is content: it gets an outcome, not a closed connection. */
        out->mutations[i] = unpacked_bytes(1, from->mutations[i]);
    }
    out->count = from->n_mutations;
    return FAULT_NONE;
}

/* --- page --- */

static Sluice__Row **rows_pack(struct packer *packer, const struct page *page)
{
    Sluice__Row **out = packer_array(packer, page->count, sizeof *out);
    Sluice__Row *rows = packer_array(packer, page->count, sizeof *rows);
    if (!out || !rows) return NULL;
    for (size_t i = 0; i < page->count; i++) {
        const struct packed_row *row = &page->rows[i];
        sluice__row__init(&rows[i]);
        rows[i].has_kind = rows[i].has_id = rows[i].has_seq = 1;
        rows[i].kind = row->kind;
        rows[i].id = packing_id(&row->id);
        rows[i].seq = row->seq;
        rows[i].has_n = row->n != 0;
        rows[i].n = row->n;
        rows[i].has_removed = rows[i].removed = row->removed;
        rows[i].has_body = !row->removed;
        rows[i].body = packing_bytes(row->body);
        out[i] = &rows[i];
    }
    return out;
}

static void page_pack(struct packer *packer, const struct page *page, Sluice__Page *out)
{
    sluice__page__init(out);
    out->has_from_seq = out->has_to_seq = out->has_head_seq = 1;
    out->from_seq = page->from_seq;
    out->to_seq = page->to_seq;
    out->head_seq = page->head_seq;
    out->has_to_mark = page->has_mark;
    out->to_mark = array_pack(page->to_mark, MARK_BYTES);
    out->has_head_mark = 1;
    out->head_mark = array_pack(page->head_mark, MARK_BYTES);
    out->rows = rows_pack(packer, page);
    if (out->rows) out->n_rows = page->count;
}

static void checked_pack(struct packer *packer, const struct message *message,
                         Sluice__Checked *out)
{
    const struct page *page = &message->page;
    sluice__checked__init(out);
    out->has_from_seq = out->has_to_seq = out->has_head_seq = 1;
    out->from_seq = page->from_seq;
    out->to_seq = page->to_seq;
    out->head_seq = page->head_seq;
    out->has_count = out->has_sum = 1;
    out->count = message->digest.count;
    out->sum = message->digest.sum;
    out->rows = rows_pack(packer, page);
    if (out->rows) out->n_rows = page->count;
}

static enum fault row_unpack(const Sluice__Row *from, struct packed_row *out)
{
    enum fault fault = id_needed(from->has_id, from->id, &out->id);
    if (fault) return fault;
    out->kind = from->has_kind ? from->kind : 0;
    out->seq = from->has_seq ? from->seq : 0;
    out->n = from->has_n ? from->n : 0;
    out->removed = from->has_removed && from->removed;
    out->body = unpacked_bytes(from->has_body, from->body);
    if (out->kind == 0) return FAULT_FORMAT;
    /* Either it is gone, or it is here: no entity packs to nothing, its id is in it. */
    return out->removed == (out->body.n > 0) ? FAULT_FORMAT : FAULT_NONE;
}

/* Into the page whose span is set already. */
static enum fault rows_unpack(struct arena *arena, Sluice__Row *const *from, size_t count,
                              struct page *out)
{
    out->rows = arena_array(arena, count ? count : 1, sizeof *out->rows);
    if (!out->rows) return FAULT_MEMORY;
    uint64_t lowest = out->from_seq + 1;
    for (size_t i = 0; i < count; i++) {
        struct packed_row *row = &out->rows[i];
        enum fault fault = row_unpack(from[i], row);
        if (fault) return fault;
        if (row->seq < lowest || row->seq > out->to_seq) return FAULT_FORMAT;
        lowest = row->seq;
    }
    out->count = count;
    return FAULT_NONE;
}

static enum fault page_unpack(struct arena *arena, const Sluice__Page *from, struct page *out)
{
    bool has_head_mark = false;
    enum fault fault = unpacked_array(from->has_to_mark, from->to_mark, &out->has_mark,
                                      out->to_mark, MARK_BYTES);
    if (!fault) {
        fault = unpacked_array(from->has_head_mark, from->head_mark, &has_head_mark,
                               out->head_mark, MARK_BYTES);
    }
    if (fault) return fault;
    if (!has_head_mark) return FAULT_FORMAT; /* of which history is it? */
    out->from_seq = from->has_from_seq ? from->from_seq : 0;
    out->to_seq = from->has_to_seq ? from->to_seq : 0;
    out->head_seq = from->has_head_seq ? from->head_seq : 0;
    if (out->from_seq > out->to_seq || out->to_seq > out->head_seq) return FAULT_FORMAT;
    if (out->head_seq > INT64_MAX) return FAULT_FORMAT;
    return rows_unpack(arena, from->rows, from->n_rows, out);
}

static enum fault checked_unpack(struct arena *arena, const Sluice__Checked *from,
                                 struct message *out)
{
    struct page *page = &out->page;
    page->from_seq = from->has_from_seq ? from->from_seq : 0;
    page->to_seq = from->has_to_seq ? from->to_seq : 0;
    page->head_seq = from->has_head_seq ? from->head_seq : 0;
    out->digest.count = from->has_count ? from->count : 0;
    out->digest.sum = from->has_sum ? from->sum : 0;
    if (page->from_seq > page->to_seq || page->to_seq > page->head_seq) return FAULT_FORMAT;
    if (page->head_seq > INT64_MAX) return FAULT_FORMAT;
    return rows_unpack(arena, from->rows, from->n_rows, page);
}

static enum fault check_unpack(const Sluice__Check *from, struct check_request *out)
{
    out->from_seq = from->has_from_seq ? from->from_seq : 0;
    out->rows = from->has_rows && from->rows;
    return out->from_seq > INT64_MAX ? FAULT_FORMAT : FAULT_NONE;
}

/* --- digests --- */

static void big_endian(uint8_t *out, size_t n, uint64_t value)
{
    for (size_t i = 0; i < n; i++) out[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
}

uint64_t codec_row_hash(const struct packed_row *row)
{
    uint8_t bytes[4 + 4 + 16 + 8 + 32], hash[32];
    uint64_t out = 0;
    big_endian(bytes, 4, row->kind);
    big_endian(bytes + 4, 4, row->n);
    memcpy(bytes + 8, row->id.b, sizeof row->id.b);
    big_endian(bytes + 24, 8, row->seq);
    codec_payload_hash(row->body, bytes + 32);
    codec_payload_hash((struct str){(const char *)bytes, sizeof bytes}, hash);
    for (size_t i = 0; i < 8; i++) out = out << 8 | hash[i];
    return out;
}

void codec_digest_add(struct digest *digest, const struct packed_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].removed || rows[i].kind == ENTITY_OUTCOME) continue;
        digest->count++;
        digest->sum += codec_row_hash(&rows[i]);
    }
}

/* --- the envelope --- */

union bodies {
    Sluice__Welcome welcome;
    Sluice__Refusal refusal;
    Sluice__Push push;
    Sluice__Page page;
    Sluice__Ping ping;
    Sluice__Pong pong;
    Sluice__Bye bye;
    Sluice__Check check;
    Sluice__Checked checked;
};

static void envelope_fill(struct packer *packer, const struct message *message,
                          union bodies *body, Sluice__Envelope *out)
{
    switch (message->kind) {
    case MESSAGE_NONE: break;
    case MESSAGE_WELCOME:
        welcome_pack(packer, &message->welcome, &body->welcome);
        out->body_case = SLUICE__ENVELOPE__BODY_WELCOME;
        out->welcome = &body->welcome;
        return;
    case MESSAGE_REFUSAL:
        sluice__refusal__init(&body->refusal);
        body->refusal.has_code = 1;
        body->refusal.code = (uint32_t)message->refusal.code;
        body->refusal.detail = packer_string(packer, message->refusal.detail);
        body->refusal.revoked_by = packer_string(packer, message->refusal.revoked_by);
        body->refusal.has_revoked_at = message->refusal.revoked_at != 0;
        body->refusal.revoked_at = message->refusal.revoked_at;
        body->refusal.has_last_number = message->refusal.last_number > 0;
        body->refusal.last_number = message->refusal.last_number;
        out->body_case = SLUICE__ENVELOPE__BODY_REFUSAL;
        out->refusal = &body->refusal;
        return;
    case MESSAGE_PUSH:
        push_pack(packer, &message->push, &body->push);
        out->body_case = SLUICE__ENVELOPE__BODY_PUSH;
        out->push = &body->push;
        return;
    case MESSAGE_PAGE:
        page_pack(packer, &message->page, &body->page);
        out->body_case = SLUICE__ENVELOPE__BODY_PAGE;
        out->page = &body->page;
        return;
    case MESSAGE_PING:
        sluice__ping__init(&body->ping);
        body->ping.has_nonce = 1;
        body->ping.nonce = message->nonce;
        out->body_case = SLUICE__ENVELOPE__BODY_PING;
        out->ping = &body->ping;
        return;
    case MESSAGE_PONG:
        sluice__pong__init(&body->pong);
        body->pong.has_nonce = 1;
        body->pong.nonce = message->nonce;
        out->body_case = SLUICE__ENVELOPE__BODY_PONG;
        out->pong = &body->pong;
        return;
    case MESSAGE_BYE:
        sluice__bye__init(&body->bye);
        body->bye.has_reason = 1;
        body->bye.reason = (uint32_t)message->bye;
        out->body_case = SLUICE__ENVELOPE__BODY_BYE;
        out->bye = &body->bye;
        return;
    case MESSAGE_CHECK:
        sluice__check__init(&body->check);
        body->check.has_from_seq = body->check.has_rows = 1;
        body->check.from_seq = message->check.from_seq;
        body->check.rows = message->check.rows;
        out->body_case = SLUICE__ENVELOPE__BODY_CHECK;
        out->check = &body->check;
        return;
    case MESSAGE_CHECKED:
        checked_pack(packer, message, &body->checked);
        out->body_case = SLUICE__ENVELOPE__BODY_CHECKED;
        out->checked = &body->checked;
        return;
    }
    bug("message_kind", __FILE__, __LINE__);
}

enum fault codec_message_pack(const struct message *message, struct buffer *out)
{
    struct packer packer;
    packer_init(&packer);
    union bodies body;
    Sluice__Envelope envelope = SLUICE__ENVELOPE__INIT;
    envelope_fill(&packer, message, &body, &envelope);
    enum fault fault = packer_append(&packer, &envelope.base, out);
    packer_finish(&packer);
    return fault;
}

enum fault codec_message_unpack(struct arena *arena, struct str bytes, struct message *out)
{
    *out = (struct message){.kind = MESSAGE_NONE};
    enum fault fault = FAULT_NONE;
    const ProtobufCMessage *message =
        wire_unpack(&sluice__envelope__descriptor, arena, bytes, &fault);
    if (!message) return fault == FAULT_MEMORY ? fault : FAULT_FORMAT;
    const Sluice__Envelope *from = (const Sluice__Envelope *)message;
    switch (from->body_case) {
    case SLUICE__ENVELOPE__BODY_WELCOME:
        out->kind = MESSAGE_WELCOME;
        return welcome_unpack(from->welcome, &out->welcome);
    case SLUICE__ENVELOPE__BODY_REFUSAL:
        out->kind = MESSAGE_REFUSAL;
        return refusal_unpack(from->refusal, &out->refusal);
    case SLUICE__ENVELOPE__BODY_PUSH:
        out->kind = MESSAGE_PUSH;
        return push_unpack(arena, from->push, &out->push);
    case SLUICE__ENVELOPE__BODY_PAGE:
        out->kind = MESSAGE_PAGE;
        return page_unpack(arena, from->page, &out->page);
    case SLUICE__ENVELOPE__BODY_PING:
        out->kind = MESSAGE_PING;
        out->nonce = from->ping->has_nonce ? from->ping->nonce : 0;
        return FAULT_NONE;
    case SLUICE__ENVELOPE__BODY_PONG:
        out->kind = MESSAGE_PONG;
        out->nonce = from->pong->has_nonce ? from->pong->nonce : 0;
        return FAULT_NONE;
    case SLUICE__ENVELOPE__BODY_BYE:
        out->kind = MESSAGE_BYE;
        return bye_unpack(from->bye, &out->bye);
    case SLUICE__ENVELOPE__BODY_CHECK:
        out->kind = MESSAGE_CHECK;
        return check_unpack(from->check, &out->check);
    case SLUICE__ENVELOPE__BODY_CHECKED:
        out->kind = MESSAGE_CHECKED;
        return checked_unpack(arena, from->checked, out);
    case SLUICE__ENVELOPE__BODY__NOT_SET:
    default: return FAULT_FORMAT; /* nothing, or a message of a newer version */
    }
}
