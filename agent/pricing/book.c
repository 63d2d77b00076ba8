/* SPDX-License-Identifier: Apache-2.0
 * pricing/book.c - the tables of a book: opened, described, searched in order.
 */
#include "agent/pricing/book.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/base/clock.h"
#include "agent/base/log.h"
#include "agent/base/meter.h"
#include "agent/config/config.h"
#include "agent/pricing/names.h"
#include "agent/pricing/table_file.h"

#define SECONDS_PER_DAY 86400u
#define OLD_DAYS 30u
#define VERY_OLD_DAYS 90u

const char *const price_source_names[PRICE_SOURCE_COUNT] = { "override", "file", "embedded" };

/* A text made for a price with a multiplier; kept as long as the book. */
struct label {
	struct label *next;
	size_t len;
	char text[];
};

struct price_book {
	bool has[PRICE_SOURCE_COUNT];
	struct table tables[PRICE_SOURCE_COUNT];
	struct source_file {
		char *path; /* NULL: none */
		struct stat read; /* as it was when it was read */
	} files[PRICE_SOURCE_COUNT];
	pthread_mutex_t lock; /* guards labels, the one thing that grows */
	struct label *labels;
};

/* ---------------------------------------------------------------- opening */

static struct status open_file(struct price_book *b, enum price_source source, const char *path, struct buf *errors)
{
	struct source_file *file = &b->files[source];
	enum price_format format;

	if (path == NULL)
		return OK;
	file->path = strdup(path);
	if (file->path == NULL)
		return FAIL(NOMEM, "no memory for the price book");
	TRY(table_read_file(path, &b->tables[source], &format, &file->read, errors));
	b->has[source] = true;
	if ((format == PRICE_FORMAT_OVERRIDES) == (source == PRICE_OVERRIDE))
		return OK;
	buf_printf(errors, "%s: holds %s; it belongs under prices.%s\n", path, price_format_names[format],
		   source == PRICE_OVERRIDE ? "file" : "override_file");
	return FAIL(INVALID, "price file is of the wrong kind");
}

struct status price_book_open(const char *file, const char *override_file, struct price_book **out, struct buf *errors)
{
	struct price_book *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return FAIL(NOMEM, "no memory for the price book");
	pthread_mutex_init(&b->lock, NULL);
	struct status embedded = table_open_builtin(&b->tables[PRICE_EMBEDDED]);
	b->has[PRICE_EMBEDDED] = !FAILED(embedded);
	struct status override = open_file(b, PRICE_OVERRIDE, override_file, errors);
	struct status loaded = open_file(b, PRICE_FILE, file, errors);
	struct status status = FAILED(embedded) ? embedded : FAILED(override) ? override : loaded;
	if (FAILED(status)) {
		price_book_free(b);
		return status;
	}
	*out = b;
	return OK;
}

struct status price_book_new(const struct config *c, struct price_book **out, struct buf *errors)
{
	struct status s = price_book_open(c != NULL ? c->prices.file : NULL, c != NULL ? c->prices.override_file : NULL,
					  out, errors);

	if (s.code == STATUS_IO && errors->len > 0)
		buf_text(errors, "prices.file and prices.override_file name the files that are read\n");
	return s;
}

void price_book_free(struct price_book *b)
{
	if (b == NULL)
		return;
	for (int i = 0; i < PRICE_SOURCE_COUNT; i++) {
		if (b->has[i])
			table_release(&b->tables[i]);
		free(b->files[i].path);
	}
	while (b->labels != NULL) {
		struct label *next = b->labels->next;
		free(b->labels);
		b->labels = next;
	}
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static bool is_changed(const struct source_file *file)
{
	struct stat now;

	if (file->path == NULL)
		return false;
	return stat(file->path, &now) != 0 || now.st_ino != file->read.st_ino || now.st_dev != file->read.st_dev ||
	       now.st_size != file->read.st_size || now.st_mtim.tv_sec != file->read.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != file->read.st_mtim.tv_nsec;
}

bool price_book_is_stale(const struct price_book *b)
{
	return is_changed(&b->files[PRICE_FILE]) || is_changed(&b->files[PRICE_OVERRIDE]);
}

/* ---------------------------------------------------------------- what it says about itself */

static void describe_table(const struct table *t, enum price_source source, struct buf *out)
{
	const struct image_header *header = t->image.header;
	struct slice name = image_slice(&t->image, header->source), version = image_slice(&t->image, header->version);
	char date[21];

	clock_format_utc(header->date_unix_s, date);
	buf_printf(out, "%s%.*s %.*s (%.10s, %s)", out->len > 0 ? "; " : "", SLICE_ARG(name), SLICE_ARG(version), date,
		   price_source_names[source]);
}

void price_book_describe(const struct price_book *b, struct buf *out)
{
	struct buf line = BUF_INIT;

	for (enum price_source i = 0; i < PRICE_SOURCE_COUNT; i++)
		if (b->has[i])
			describe_table(&b->tables[i], i, &line);
	buf_slice(out, buf_view(&line));
	buf_release(&line);
}

void price_book_own_providers(const struct price_book *b, void (*visit)(void *context, struct slice provider), void *context)
{
	for (int source = 0; source < PRICE_EMBEDDED; source++) {
		const struct image *image = &b->tables[source].image;
		for (uint32_t i = 0; b->has[source] && i < image_count(image, IMAGE_providers); i++)
			visit(context, image_slice(image, image->providers[i].id));
	}
}

void price_book_table(const struct price_book *b, struct slice *source, struct slice *version, uint64_t *date_unix_s)
{
	const struct image *image = &b->tables[b->has[PRICE_FILE] ? PRICE_FILE : PRICE_EMBEDDED].image;

	*source = image_slice(image, image->header->source);
	*version = image_slice(image, image->header->version);
	*date_unix_s = image->header->date_unix_s;
}

/* Of the table in use; one that was in use before a reload would be told as old for good. */
static void show_date(struct slice source, struct slice version, uint64_t date_s)
{
	static struct meter *shown;
	struct buf labels = BUF_INIT;

	buf_printf(&labels, "source=\"%.*s\",version=\"%.*s\"", SLICE_ARG(source), SLICE_ARG(version));
	struct meter *table = meter_get(METER_PRICE_TABLE_TIME, buf_string(&labels));
	if (shown != NULL && shown != table)
		meter_set(shown, METER_GONE);
	meter_set(table, (int64_t)date_s);
	shown = table;
	buf_release(&labels);
}

void price_book_report(const struct price_book *b, uint64_t now_unix_s)
{
	struct slice source, version;
	uint64_t date_s;

	price_book_table(b, &source, &version, &date_s);
	show_date(source, version, date_s);

	uint64_t days = now_unix_s > date_s ? (now_unix_s - date_s) / SECONDS_PER_DAY : 0;
	if (days >= VERY_OLD_DAYS)
		LOG(ERROR, "pricing", "price_table_old",
		    "source=%.*s version=%.*s age_days=%llu remedy=\"set prices.file\"", SLICE_ARG(source),
		    SLICE_ARG(version), (unsigned long long)days);
	else if (days >= OLD_DAYS)
		LOG(WARN, "pricing", "price_table_old",
		    "source=%.*s version=%.*s age_days=%llu remedy=\"set prices.file\"", SLICE_ARG(source),
		    SLICE_ARG(version), (unsigned long long)days);
}

/* ---------------------------------------------------------------- overrides */

/* Both may be named as telemetry does or as the tables do. */
static bool is_for_provider(struct slice wanted, struct slice provider)
{
	struct slice table_name = provider_table_name(wanted);

	return slice_equal(wanted, SLICE("*")) || slice_equal_nocase(wanted, slice_trim(provider)) ||
	       (table_name.len > 0 && slice_equal_nocase(table_name, provider_table_name(provider)));
}

/* The first override for this provider and model. */
static const struct image_model *find_override(const struct price_book *b, struct scratch *s, struct slice provider,
					       struct slice model)
{
	const struct table *t = &b->tables[PRICE_OVERRIDE];
	char buffer[MODEL_NAME_MAX];
	struct slice lower = table_lower_case(model, buffer);

	if (!b->has[PRICE_OVERRIDE] || lower.ptr == NULL)
		return NULL;
	for (uint32_t i = 0; i < image_count(&t->image, IMAGE_providers); i++) {
		const struct image_provider *row = &t->image.providers[i];
		const struct image_model *m = &t->image.models[row->first_model];
		if (is_for_provider(image_slice(&t->image, row->id), provider) &&
		    table_clause_accepts(t, s, m->match, lower))
			return m;
	}
	return NULL;
}

/* ---------------------------------------------------------------- search */

static enum find_result find_in_tables(const struct price_book *b, struct scratch *s, struct slice provider,
				       struct slice url, struct slice model, struct price_hit *hit)
{
	enum find_result best = FIND_NO_PROVIDER;

	for (enum price_source i = PRICE_FILE; i < PRICE_SOURCE_COUNT; i++) {
		if (!b->has[i])
			continue;
		enum find_result result = table_find(&b->tables[i], s, provider, url, model, &hit->found);
		hit->source = i;
		if (result == FIND_OK)
			return FIND_OK;
		if (result == FIND_NO_MODEL)
			best = FIND_NO_MODEL;
	}
	return best;
}

/* The forms of the name in turn; then, where neither name nor address tells the provider, by the model alone. */
static enum find_result find_by_forms(const struct price_book *b, struct scratch *s, struct slice provider,
				      struct slice url, struct slice model, struct price_hit *hit)
{
	struct name_forms forms;
	enum find_result best = FIND_NO_PROVIDER;

	name_forms_of(provider, model, &forms);
	for (int with_url = url.ptr != NULL; with_url >= 0; with_url--) {
		for (size_t i = 0; i < forms.count; i++) {
			enum find_result result = find_in_tables(
				b, s, forms.forms[i].provider, with_url ? url : SLICE_NONE, forms.forms[i].model, hit);
			if (result == FIND_OK)
				return FIND_OK;
			if (result == FIND_NO_MODEL)
				best = FIND_NO_MODEL;
		}
		if (best == FIND_NO_MODEL)
			return best;
	}
	return best;
}

static struct slice keep_label(const struct price_book *book, struct slice text)
{
	struct price_book *b =
		(struct price_book *)(uintptr_t)book; /* labels are behind the lock, all else is constant */
	struct label *found;

	pthread_mutex_lock(&b->lock);
	for (found = b->labels; found != NULL; found = found->next)
		if (slice_equal((struct slice){ found->text, found->len }, text))
			break;
	if (found == NULL && (found = malloc(sizeof(*found) + text.len)) != NULL) {
		found->len = text.len;
		memcpy(found->text, text.ptr, text.len);
		found->next = b->labels;
		b->labels = found;
	}
	pthread_mutex_unlock(&b->lock);
	return found != NULL ? (struct slice){ found->text, found->len } : SLICE_NONE;
}

static void apply_factor(const struct price_book *b, const struct image_model *override, struct price_hit *hit)
{
	struct buf text = BUF_INIT;

	hit->factor_digits = override->factor_digits;
	hit->factor_scale = override->factor_scale;
	buf_slice(&text, hit->label);
	buf_text(&text, " x ");
	decimal_format(&text, (struct decimal){ (__int128_t)hit->factor_digits, hit->factor_scale });
	hit->label = keep_label(b, buf_view(&text));
	buf_release(&text);
}

static struct slice label_of(const struct price_hit *hit)
{
	return image_slice(&hit->found.table->image, hit->found.model->label);
}

static void use_own_price(const struct price_book *b, const struct image_model *override, struct price_hit *hit)
{
	const struct table *t = &b->tables[PRICE_OVERRIDE];
	const struct image_provider *own = &t->image.providers[override - t->image.models];

	hit->found = (struct found){ t, own, own, override }; /* each override is a provider of its own */
	hit->source = PRICE_OVERRIDE;
	hit->label = label_of(hit);
}

/* override: for this model, or NULL. */
static enum find_result find_model(const struct price_book *b, struct scratch *s, const struct price_names *names,
				   struct slice model, const struct image_model *override, struct price_hit *hit)
{
	const struct image *image = &b->tables[PRICE_OVERRIDE].image;
	struct slice provider = names->provider;

	if (override != NULL && override->alias_model.len > 0) {
		struct slice other = image_slice(image, override->alias_provider);
		provider = other.len > 0 ? other : provider;
		model = image_slice(image, override->alias_model);
	}
	return names->as_written ? find_in_tables(b, s, provider, names->url, model, hit) :
				   find_by_forms(b, s, provider, names->url, model, hit);
}

/* An alias stands for the name that it accepts. A price or multiplier is for the call, whichever of its models it
 * accepts: a deployment's name is the one that was asked for. */
enum find_result price_book_find(const struct price_book *b, struct scratch *s, const struct price_names *names,
				 struct price_hit *hit)
{
	const struct image_model *overrides[PRICE_MODELS_MAX] = { NULL }, *decides = NULL;
	enum find_result best = FIND_NO_PROVIDER;

	*hit = (struct price_hit){ .factor_digits = 1 };
	for (size_t i = 0; i < names->model_count && b->has[PRICE_OVERRIDE]; i++) {
		const struct image_model *o = overrides[i] = find_override(b, s, names->provider, names->models[i]);
		if (o != NULL && o->alias_model.len == 0 && (decides == NULL || o < decides))
			decides = o;
	}
	if (decides != NULL && decides->row_count > 0) {
		use_own_price(b, decides, hit);
		return FIND_OK;
	}
	for (size_t i = 0; i < names->model_count && best != FIND_OK; i++) {
		enum find_result result = find_model(b, s, names, names->models[i], overrides[i], hit);
		if (result != FIND_NO_PROVIDER)
			best = result;
	}
	if (best != FIND_OK)
		return best;
	hit->label = label_of(hit);
	if (decides != NULL)
		apply_factor(b, decides, hit);
	return FIND_OK;
}
