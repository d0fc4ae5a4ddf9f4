/* Rows -> groups of rows with the same keys: how many rows each has, and what their values add up to. The compiled
 * counterpart of SQL's GROUP BY for the statistics of a segment; grouping.py says how it is called.
 *
 * A key is some int32 values: integers, or the places of texts in a dictionary that a whole segment shares. ABSENT
 * stands for null. Rows come in batches; what has been grouped stays until it is released.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ABSENT = INT32_MIN };
enum { NO_MEMORY = -2 };
enum { SUM = 0, MIN = 1, MAX = 2, BIT = 3, FIRST = 4, LAST = 5 };

typedef struct {
    uint32_t hash;
    uint32_t place; /* counted from 1; 0 for a free slot */
} Slot;

typedef struct {
    Slot *slots;
    uint64_t mask;
} Places;

typedef struct {
    /* given */
    int64_t most_bytes; /* of different texts, that are not to be exceeded */
    /* filled in */
    int64_t texts, text_bytes;
    int64_t *offsets;
    char *text;
    /* the library's own */
    int64_t offset_room, text_room;
    Places places;
} Dictionary;

typedef struct {
    /* given */
    int64_t keys, values;    /* of a row */
    int64_t kinds[8];        /* of the values: SUM, MIN, MAX of int64; of int32 BIT (the bits whose numbers they are,
                                modulo 63), and FIRST, LAST (in the order of the texts whose places they are) */
    const Dictionary *texts; /* for FIRST and LAST */
    int64_t most_bytes;      /* of groups, that are not to be exceeded */
    /* filled in */
    int64_t groups;
    /* the library's own */
    int64_t *data; /* a group: its rows, then what its `values` come to, then its key */
    int64_t room;
    Places places;
} Groups;

static inline uint64_t mixed(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
    return hash ^ (hash >> 32);
}

static int grow(Places *p) {
    uint64_t count = p->slots ? 2 * (p->mask + 1) : 256;
    Slot *slots = calloc(count, sizeof *slots);
    if (!slots) return 0;
    for (uint64_t i = 0; p->slots && i <= p->mask; i++) {
        if (!p->slots[i].place) continue;
        uint64_t j = p->slots[i].hash & (count - 1);
        while (slots[j].place) j = (j + 1) & (count - 1);
        slots[j] = p->slots[i];
    }
    free(p->slots);
    p->slots = slots, p->mask = count - 1;
    return 1;
}

/* Whether there is room for one more place than `used`. */
static inline int has_slot(Places *p, int64_t used) {
    return (p->slots && 2 * (uint64_t)used <= p->mask) || grow(p);
}

static inline int64_t words(const Groups *g) { return 1 + g->values + (g->keys + 1) / 2; }

static inline int32_t *key_of(const Groups *g, int64_t *data) { return (int32_t *)(data + 1 + g->values); }

/* A new group for the key of `row`; NULL without memory for it. */
static int64_t *add_group(Groups *g, const int32_t *const *keys, int64_t row) {
    if (g->groups == g->room) {
        int64_t room = g->room ? 2 * g->room : 128, bytes = 8 * room * words(g);
        int64_t *data = bytes > g->most_bytes ? NULL : realloc(g->data, (size_t)bytes);
        if (!data) return NULL;
        g->data = data, g->room = room;
    }
    int64_t *data = g->data + g->groups++ * words(g);
    data[0] = 0;
    for (int64_t v = 0; v < g->values; v++) {
        int64_t kind = g->kinds[v];
        data[v + 1] = kind == MIN ? INT64_MAX : kind == MAX ? INT64_MIN : kind >= FIRST ? ABSENT : 0;
    }
    for (int64_t k = 0; k < g->keys; k++) key_of(g, data)[k] = keys[k][row];
    return data;
}

/* Whether text a stands before text b. */
static int is_before(const Dictionary *d, int64_t a, int64_t b) {
    int64_t a_length = d->offsets[a + 1] - d->offsets[a], b_length = d->offsets[b + 1] - d->offsets[b];
    int order = memcmp(d->text + d->offsets[a], d->text + d->offsets[b],
                       (size_t)(a_length < b_length ? a_length : b_length));
    return order ? order < 0 : a_length < b_length;
}

static inline void take(const Groups *g, int64_t *data, int64_t v, const void *values, int64_t row) {
    int64_t *result = &data[v + 1], kind = g->kinds[v];
    if (kind <= MAX) {
        int64_t value = ((const int64_t *)values)[row];
        if (kind == SUM) *result += value;
        else if (kind == MIN ? value < *result : value > *result) *result = value;
        return;
    }
    int32_t code = ((const int32_t *)values)[row];
    if (kind == BIT) *result |= 1ll << ((uint32_t)code % 63);
    else if (code == ABSENT || code == *result) return;
    else if (*result == ABSENT || is_before(g->texts, code, *result) == (kind == FIRST)) *result = code;
}

enum { AHEAD = 64 };

/* The compiler makes one of these for each number of keys, with its loops over them unrolled. Memory is asked for
 * some rows ahead: most of the time would go into waiting for it. */
static inline int64_t group(Groups *g, const int32_t *const *keys, const void *const *values, const int64_t *rows,
                            int64_t count, int32_t *places, const int64_t width) {
    uint64_t hashes[AHEAD];
    if (!has_slot(&g->places, 0)) return NO_MEMORY;
    for (int64_t start = 0; start < count; start += AHEAD) {
        int64_t end = count - start < AHEAD ? count : start + AHEAD;
        for (int64_t i = start; i < end; i++) {
            int64_t row = rows ? rows[i] : i;
            uint64_t hash = 0;
            for (int64_t k = 0; k < width; k++) hash = mixed(hash, (uint32_t)keys[k][row]);
            hashes[i - start] = hash & UINT32_MAX;
            __builtin_prefetch(&g->places.slots[hash & UINT32_MAX & g->places.mask]);
        }
        for (int64_t i = start; i < end; i++)
            __builtin_prefetch(
                g->data + words(g) * ((int64_t)g->places.slots[hashes[i - start] & g->places.mask].place - 1));
        for (int64_t i = start; i < end; i++) {
            int64_t row = rows ? rows[i] : i, *data = NULL;
            uint64_t hash = hashes[i - start];
            if (!has_slot(&g->places, g->groups)) return NO_MEMORY;
            Slot *slots = g->places.slots;
            uint64_t j = hash & g->places.mask;
            for (; slots[j].place; j = (j + 1) & g->places.mask) {
                if (slots[j].hash != hash) continue;
                data = g->data + (int64_t)(slots[j].place - 1) * words(g);
                int64_t k = 0;
                while (k < width && key_of(g, data)[k] == keys[k][row]) k++;
                if (k == width) break;
            }
            if (!slots[j].place) {
                if (!(data = add_group(g, keys, row))) return NO_MEMORY;
                slots[j].hash = (uint32_t)hash, slots[j].place = (uint32_t)g->groups;
            }
            data[0]++;
            for (int64_t v = 0; v < g->values; v++) take(g, data, v, values[v], row);
            if (places) places[i] = (int32_t)slots[j].place - 1;
        }
    }
    return g->groups;
}

/* Groups `count` more rows, those numbered in `rows` or the first ones; the number of groups, or NO_MEMORY. `places`,
 * if given, gets the group of each. */
int64_t flowsql_group(Groups *g, const int32_t *const *keys, const void *const *values, const int64_t *rows,
                      int64_t count, int32_t *places) {
    switch (g->keys) {
    case 1: return group(g, keys, values, rows, count, places, 1);
    case 2: return group(g, keys, values, rows, count, places, 2);
    case 3: return group(g, keys, values, rows, count, places, 3);
    case 4: return group(g, keys, values, rows, count, places, 4);
    case 5: return group(g, keys, values, rows, count, places, 5);
    default: return group(g, keys, values, rows, count, places, g->keys);
    }
}

/* One code of the key of every group. */
void flowsql_group_keys(const Groups *g, int64_t k, int32_t *codes) {
    for (int64_t i = 0; i < g->groups; i++) codes[i] = key_of(g, g->data + i * words(g))[k];
}

/* The rows (v = 0) of every group, or what value v - 1 comes to. */
void flowsql_group_results(const Groups *g, int64_t v, int64_t *results) {
    for (int64_t i = 0; i < g->groups; i++) results[i] = g->data[i * words(g) + v];
}

void flowsql_release_groups(Groups *g) {
    free(g->data), free(g->places.slots);
    g->data = NULL, g->places.slots = NULL, g->groups = g->room = 0;
}

/* The rows with the `most` greatest values of their group, and those that equal the least of these; how many, or
 * NO_MEMORY. No value is negative. */
int64_t flowsql_greatest(const int32_t *group, const int64_t *values, int64_t count, int64_t groups, int64_t most,
                         int64_t *rows) {
    int64_t *greatest = calloc((size_t)(groups * most + 1), sizeof *greatest), found = 0;
    if (!greatest) return NO_MEMORY;
    for (int64_t i = 0; i < count; i++) {
        int64_t *of_group = greatest + group[i] * most, at = most - 1;
        if (values[i] <= of_group[at]) continue;
        for (; at > 0 && of_group[at - 1] < values[i]; at--) of_group[at] = of_group[at - 1];
        of_group[at] = values[i];
    }
    for (int64_t i = 0; i < count; i++)
        if (values[i] >= greatest[group[i] * most + most - 1]) rows[found++] = i;
    free(greatest);
    return found;
}

static int has_text_room(Dictionary *d, int64_t length) {
    if (d->text_bytes + length > d->text_room) {
        int64_t room = 2 * (d->text_bytes + length) + 1024;
        if (room > d->most_bytes) return 0;
        char *text = realloc(d->text, (size_t)room);
        if (!text) return 0;
        d->text = text, d->text_room = room;
    }
    if (d->texts + 2 > d->offset_room) {
        int64_t room = 2 * d->offset_room + 64;
        int64_t *offsets = realloc(d->offsets, (size_t)room * sizeof *offsets);
        if (!offsets) return 0;
        d->offsets = offsets, d->offset_room = room;
        if (!d->texts) offsets[0] = 0;
    }
    return has_slot(&d->places, d->texts);
}

/* memcmp for texts as short as most values are. */
static inline int is_same(const char *a, const char *b, int64_t length) {
    uint64_t a_start, b_start, a_end, b_end;
    if (length < 8 || length > 16) return !memcmp(a, b, (size_t)length);
    memcpy(&a_start, a, 8), memcpy(&b_start, b, 8);
    memcpy(&a_end, a + length - 8, 8), memcpy(&b_end, b + length - 8, 8);
    return a_start == b_start && a_end == b_end;
}

static inline uint64_t hash_of(const char *text, int64_t length) {
    uint64_t hash = (uint64_t)length;
    for (; length >= 8; text += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, text, 8);
        hash = mixed(hash, word);
    }
    uint64_t word = 0;
    memcpy(&word, text, (size_t)length);
    return mixed(hash, word);
}

/* The places of `count` texts in the dictionary, which takes in those that are new; 0, or NO_MEMORY. */
int64_t flowsql_places(Dictionary *d, const int32_t *offsets, const char *text, int64_t count, int32_t *places) {
    for (int64_t i = 0; i < count; i++) {
        const char *value = text + offsets[i];
        int64_t length = offsets[i + 1] - offsets[i];
        if (!has_text_room(d, length)) return NO_MEMORY;
        uint64_t hash = hash_of(value, length);
        Slot *slots = d->places.slots;
        uint64_t j = hash & d->places.mask & UINT32_MAX;
        for (; slots[j].place; j = (j + 1) & d->places.mask) {
            int64_t place = slots[j].place - 1;
            if (slots[j].hash == (uint32_t)hash && d->offsets[place + 1] - d->offsets[place] == length &&
                is_same(d->text + d->offsets[place], value, length))
                break;
        }
        if (!slots[j].place) {
            memcpy(d->text + d->text_bytes, value, (size_t)length);
            d->text_bytes += length;
            d->offsets[++d->texts] = d->text_bytes;
            slots[j].hash = (uint32_t)hash, slots[j].place = (uint32_t)d->texts;
        }
        places[i] = (int32_t)slots[j].place - 1;
    }
    return 0;
}

void flowsql_release_dictionary(Dictionary *d) {
    free(d->offsets), free(d->text), free(d->places.slots);
    d->offsets = NULL, d->text = NULL, d->places.slots = NULL, d->texts = 0;
}

/* values[i], or what `places` has at that index, where bit `offset + i` of `valid` is set or there is no `valid`;
 * else ABSENT. */
void flowsql_codes(const int32_t *values, const uint8_t *valid, int64_t offset, int64_t count, const int32_t *places,
                   int32_t *codes) {
    for (int64_t i = 0; i < count; i++) {
        int64_t bit = offset + i;
        if (valid && !(valid[bit >> 3] >> (bit & 7) & 1)) codes[i] = ABSENT;
        else codes[i] = places ? places[values[i]] : values[i];
    }
}

/* Takes the codes of `others` where `codes` has none. */
void flowsql_coalesce(int32_t *codes, const int32_t *others, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (codes[i] == ABSENT) codes[i] = others[i];
}

/* The rows whose `port` is there and not 0, and whose `peer_port` is there; `some`: those in which the hash of their
 * sum has its upper three bits clear, one in eight. */
int64_t flowsql_exchanges(const int32_t *port, const int32_t *peer_port, int64_t count, int64_t some, int64_t *rows) {
    int64_t found = 0;
    for (int64_t i = 0; i < count; i++) {
        int is_there = (port[i] != ABSENT) & (port[i] != 0) & (peer_port[i] != ABSENT);
        int is_chosen = !some | !((((int64_t)port[i] + peer_port[i]) * 40503) & 0xE000);
        rows[found] = i;
        found += is_there & is_chosen;
    }
    return found;
}
