/* Blocks of flow log lines -> columns. The compiled counterpart of reading a block with pyarrow.csv; native.py says
 * how it is called, and what it promises.
 *
 * Values are parted by single blanks and lines by line feeds. Anything else that a line could hold (two blanks in a
 * row, control characters, a wrong number of values, a number that is negative, hexadecimal or too large) ends the
 * parsing with REFUSED: such a block is for the careful path.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the first byte of a word is taken to be its lowest"
#endif

enum { TEXT = 0, INT32 = 1, INT64 = 2 };
enum { REFUSED = -1, NO_MEMORY = -2 };

typedef struct {
    uint64_t hash;
    int32_t place; /* in the dictionary, counted from 1; 0 for a free slot */
} Slot;

typedef struct {
    /* given */
    int64_t kind;
    int64_t limit;   /* integers have to be smaller */
    void *values;    /* int32 or int64, one a row; of text the place in the dictionary */
    uint8_t *valid;  /* a bit a row, all 0 at first */
    /* filled in */
    int64_t nulls;
    int64_t largest; /* integer; -1 without any */
    int64_t texts;   /* in the dictionary */
    int64_t text_bytes;
    int32_t *offsets; /* texts + 1 of them; this and `text` are to be released */
    char *text;
    /* the parser's own */
    Slot *slots;
    int64_t slot_count, text_room, offset_room, last;
} Column;

#define EVERY_BYTE(b) (0x0101010101010101ull * (uint8_t)(b))

/* Eight bytes from `at`, with line feeds for what lies behind the end. */
static inline uint64_t word_at(const char *at, const char *end) {
    uint64_t word = EVERY_BYTE('\n');
    memcpy(&word, at, end - at >= 8 ? 8 : end > at ? (size_t)(end - at) : 0);
    return word;
}

/* The top bit of every byte up to a blank or control character (exact for the first of them). */
static inline uint64_t stops_in(uint64_t word) {
    return (word - EVERY_BYTE(0x21)) & ~word & EVERY_BYTE(0x80);
}

static inline uint64_t low_bytes(uint64_t word, int bytes) {
    return bytes >= 8 ? word : word & ((1ull << (8 * bytes)) - 1);
}

static inline uint64_t mixed(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
    return hash ^ (hash >> 32);
}

/* The end of the value that begins at `at`, and a hash of it. */
static inline const char *scan(const char *at, const char *end, uint64_t *hash) {
    uint64_t h = 0x243F6A8885A308D3ull;
    for (;; at += 8) {
        uint64_t word = word_at(at, end), stops = stops_in(word);
        if (stops) {
            int length = __builtin_ctzll(stops) >> 3;
            *hash = mixed(h, low_bytes(word, length) + (uint64_t)length);
            return at + length;
        }
        h = mixed(h, word);
    }
}

/* The number of eight decimal digits; -1 if any is none. */
static inline int64_t eight_digits(uint64_t word) {
    uint64_t digits = word - EVERY_BYTE('0');
    if ((digits | (digits + EVERY_BYTE(0x76))) & EVERY_BYTE(0x80)) return -1;
    digits = digits * 10 + (digits >> 8);
    digits = ((digits & 0x000000FF000000FFull) * (100 + (1000000ull << 32)) +
              ((digits >> 16) & 0x000000FF000000FFull) * (1 + (10000ull << 32))) >> 32;
    return (int64_t)digits;
}

/* The end of the number that begins at `at`, below 10^18; NULL if it is no plain one. */
static inline const char *number(const char *at, const char *end, int64_t *value) {
    uint64_t word = word_at(at, end), stops = stops_in(word);
    int length = stops ? __builtin_ctzll(stops) >> 3 : 8;
    if (!length) return NULL;
    /* Shorter ones get zeros in front. */
    int missing = 8 * (8 - length);
    int64_t result = eight_digits(missing ? (word << missing) | (EVERY_BYTE('0') >> (64 - missing)) : word);
    if (result < 0) return NULL;
    at += length;
    if (!stops) {
        for (int more = 0; at < end && (uint8_t)*at > 0x20; at++) {
            unsigned digit = (unsigned)*at - '0';
            if (digit > 9 || ++more > 10) return NULL;
            result = result * 10 + digit;
        }
    }
    *value = result;
    return at;
}

/* memcmp for texts as short as most values are. */
static inline int is_same(const char *a, const char *b, int64_t length) {
    uint64_t a_start, b_start, a_end, b_end;
    if (length < 8 || length > 16) return !memcmp(a, b, (size_t)length);
    memcpy(&a_start, a, 8), memcpy(&b_start, b, 8);
    memcpy(&a_end, a + length - 8, 8), memcpy(&b_end, b + length - 8, 8);
    return a_start == b_start && a_end == b_end;
}

static int grow_slots(Column *c) {
    int64_t count = c->slot_count * 4;
    Slot *slots = calloc((size_t)count, sizeof *slots);
    if (!slots) return 0;
    for (int64_t i = 0; i < c->slot_count; i++) {
        if (!c->slots[i].place) continue;
        int64_t j = (int64_t)(c->slots[i].hash & (uint64_t)(count - 1));
        while (slots[j].place) j = (j + 1) & (count - 1);
        slots[j] = c->slots[i];
    }
    free(c->slots);
    c->slots = slots, c->slot_count = count;
    return 1;
}

static int has_room(Column *c, int64_t length) {
    if (c->text_bytes + length > c->text_room) {
        int64_t room = 2 * (c->text_bytes + length) + 1024;
        char *text = realloc(c->text, (size_t)room);
        if (!text) return 0;
        c->text = text, c->text_room = room;
    }
    if (c->texts + 2 > c->offset_room) {
        int64_t room = 2 * c->offset_room + 64;
        int32_t *offsets = realloc(c->offsets, (size_t)room * sizeof *offsets);
        if (!offsets) return 0;
        c->offsets = offsets, c->offset_room = room;
        if (!c->texts) offsets[0] = 0;
    }
    return 2 * c->texts < c->slot_count || grow_slots(c);
}

/* The place of a text in the column's dictionary, which takes it in if it is new. */
static inline int64_t place_of(Column *c, const char *text, int64_t length, uint64_t hash) {
    int64_t i = (int64_t)(hash & (uint64_t)(c->slot_count - 1));
    for (; c->slots[i].place; i = (i + 1) & (c->slot_count - 1)) {
        int32_t place = c->slots[i].place - 1;
        if (c->slots[i].hash == hash && c->offsets[place + 1] - c->offsets[place] == length &&
            is_same(c->text + c->offsets[place], text, length))
            return place;
    }
    if (!has_room(c, length)) return NO_MEMORY;
    i = (int64_t)(hash & (uint64_t)(c->slot_count - 1));
    while (c->slots[i].place) i = (i + 1) & (c->slot_count - 1);
    memcpy(c->text + c->text_bytes, text, (size_t)length);
    c->text_bytes += length;
    c->offsets[++c->texts] = (int32_t)c->text_bytes;
    c->slots[i].hash = hash, c->slots[i].place = (int32_t)c->texts;
    return c->texts - 1;
}

static inline void mark_valid(Column *c, int64_t row) { c->valid[row >> 3] |= (uint8_t)(1u << (row & 7)); }

/* Reads one value into `row`; its end, or NULL with `*status` set. */
static inline const char *read_value(Column *c, int64_t row, const char *at, const char *end, int64_t *status) {
    if (*at == '-' && (at + 1 == end || (uint8_t)at[1] <= 0x20)) {
        if (c->kind == INT64) ((int64_t *)c->values)[row] = 0;
        else ((int32_t *)c->values)[row] = 0;
        c->nulls++;
        return at + 1;
    }
    if (c->kind != TEXT) {
        int64_t value;
        const char *stop = number(at, end, &value);
        if (!stop || value >= c->limit) return *status = REFUSED, NULL;
        if (c->kind == INT32) ((int32_t *)c->values)[row] = (int32_t)value;
        else ((int64_t *)c->values)[row] = value;
        if (value > c->largest) c->largest = value;
        mark_valid(c, row);
        return stop;
    }
    if (c->last >= 0) { /* most often it is the text of the record before */
        int64_t start = c->offsets[c->last], length = c->offsets[c->last + 1] - start;
        if (end - at >= length && (end - at == length || (uint8_t)at[length] <= 0x20) &&
            is_same(at, c->text + start, length)) {
            ((int32_t *)c->values)[row] = (int32_t)c->last;
            mark_valid(c, row);
            return at + length;
        }
    }
    uint64_t hash;
    const char *stop = scan(at, end, &hash);
    if (stop == at) return *status = REFUSED, NULL;
    c->last = place_of(c, at, stop - at, hash);
    if (c->last < 0) return *status = NO_MEMORY, NULL;
    ((int32_t *)c->values)[row] = (int32_t)c->last;
    mark_valid(c, row);
    return stop;
}

static int64_t read_lines(const char *at, const char *end, Column *columns, int64_t fields, int64_t rows) {
    int64_t status = REFUSED;
    int64_t row = 0;
    for (; at < end; row++) {
        if (row == rows) return REFUSED;
        for (int64_t i = 0; i < fields; i++) {
            if (at == end || !(at = read_value(&columns[i], row, at, end, &status))) return status;
            if (i + 1 < fields) {
                if (at == end || *at++ != ' ') return REFUSED;
            } else if (at < end && *at++ != '\n') return REFUSED;
        }
    }
    return row;
}

/* The number of lines; the last one need not end with a line feed. */
int64_t flowsql_lines(const char *block, int64_t size) {
    int64_t lines = size && block[size - 1] != '\n';
    for (int64_t start = 0; start < size; start += 255) {
        /* Never more than a byte holds: so many bytes are compared and added up at a time. */
        uint8_t found = 0;
        int64_t end = size - start < 255 ? size : start + 255;
        for (int64_t i = start; i < end; i++) found += block[i] == '\n';
        lines += found;
    }
    return lines;
}

void flowsql_release(Column *columns, int64_t fields) {
    for (int64_t i = 0; i < fields; i++) {
        free(columns[i].text), free(columns[i].offsets), free(columns[i].slots);
        columns[i].text = NULL, columns[i].offsets = NULL, columns[i].slots = NULL;
    }
}

/* The number of lines read into `columns`, which have room for `rows`; negative if the block is refused. The columns
 * are to be released whatever comes back. */
int64_t flowsql_tokenize(const char *block, int64_t size, Column *columns, int64_t fields, int64_t rows) {
    for (int64_t i = 0; i < fields; i++) {
        Column *c = &columns[i];
        c->nulls = c->texts = c->text_bytes = 0;
        c->largest = c->last = -1;
        c->text = NULL, c->offsets = NULL, c->slots = NULL;
        c->text_room = c->offset_room = 0;
        if (c->kind != TEXT) continue;
        c->slot_count = 256;
        if (!(c->slots = calloc(256, sizeof(Slot)))) return NO_MEMORY;
    }
    return read_lines(block, block + size, columns, fields, rows);
}
