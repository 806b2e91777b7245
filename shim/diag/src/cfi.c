/* SPDX-License-Identifier: MIT */
/* cfi.c - what .eh_frame says of an address: see cfi.h. */
#include <string.h>

#include "cfi.h"

enum {
	CFA_ADVANCE = 1, CFA_OFFSET, CFA_RESTORE,
	CFA_SET_LOC = 0x01, CFA_ADVANCE1, CFA_ADVANCE2, CFA_ADVANCE4, CFA_OFFSET_EXT, CFA_RESTORE_EXT,
	CFA_UNDEFINED, CFA_SAME, CFA_REGISTER, CFA_REMEMBER, CFA_RECALL, CFA_DEF, CFA_DEF_REGISTER,
	CFA_DEF_OFFSET, CFA_DEF_EXPR, CFA_EXPR, CFA_OFFSET_EXT_SF, CFA_DEF_SF, CFA_DEF_OFFSET_SF, CFA_VAL_OFFSET,
	CFA_VAL_OFFSET_SF, CFA_VAL_EXPR, CFA_ARGS_SIZE = 0x2e,
	PE_OMIT = 0xff, PE_PCREL = 0x10, PE_DATAREL = 0x30,
	STATES_MAX = 8,
};

struct cie {
	uint64_t	code_align;
	int64_t		data_align;
	unsigned int	return_reg;
	uint8_t		fde_encoding;
	bool		signal, augmented;
	struct cursor	init;
};

/* ---- finding the entry ---------------------------------------------------------------- */

/* A pointer of .eh_frame; @addr is where it stands, @data what datarel means. */
static uint64_t take_pointer(struct cursor *cursor, uint8_t encoding, uint64_t addr, uint64_t data)
{
	uint64_t value;

	switch (encoding & 0x0f) {
	case 0x00:
	case 0x04:
	case 0x0c:
		value = take_uint(cursor, 8);
		break;
	case 0x02:
		value = take_uint(cursor, 2);
		break;
	case 0x03:
		value = take_uint(cursor, 4);
		break;
	case 0x0a:
		value = (uint64_t)take_sint(cursor, 2);
		break;
	case 0x0b:
		value = (uint64_t)take_sint(cursor, 4);
		break;
	default:
		cursor->bad = true;
		return 0;
	}
	if ((encoding & 0x70) == PE_PCREL)
		value += addr;
	else if ((encoding & 0x70) == PE_DATAREL)
		value += data;
	return value;
}

/* Address of the FDE whose start is the last at or below @pc: the table of .eh_frame_hdr is sorted. */
static uint64_t find_fde(const struct image *image, uint64_t pc)
{
	struct cursor cursor = cursor_of(image->eh_frame_hdr, 0);
	uint64_t at = image->eh_frame_hdr_addr, low = 0, high, nr;
	uint8_t version, frame, count, table;
	const uint8_t *rows;

	version = (uint8_t)take_uint(&cursor, 1);
	frame = (uint8_t)take_uint(&cursor, 1);
	count = (uint8_t)take_uint(&cursor, 1);
	table = (uint8_t)take_uint(&cursor, 1);
	if (cursor.bad || version != 1 || frame == PE_OMIT || count == PE_OMIT || table != (PE_DATAREL | 0x0b))
		return 0;
	take_pointer(&cursor, frame, at + 4, at);
	nr = take_pointer(&cursor, count, at + 8, at);
	rows = take(&cursor, nr * 8);
	if (!rows || nr > UINT32_MAX)
		return 0;
	for (high = nr; low < high;) {
		uint64_t middle = low + (high - low) / 2;
		int32_t start;

		memcpy(&start, rows + middle * 8, 4);
		if (at + (uint64_t)(int64_t)start <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return 0;
	int32_t fde;

	memcpy(&fde, rows + (low - 1) * 8 + 4, 4);
	return at + (uint64_t)(int64_t)fde;
}

/* The entry at @addr: its cursor behind the length and the address of what that points to. */
static bool open_entry(const struct image *image, uint64_t addr, struct cursor *cursor)
{
	const uint8_t *at = image_at(image, addr, 4);
	uint32_t length;

	if (!at)
		return false;
	memcpy(&length, at, 4);
	at = length && length < 0xfffffff0 ? image_at(image, addr + 4, length) : NULL;
	*cursor = (struct cursor){ at, at ? at + length : NULL, !at };
	return at;
}

static bool read_cie(const struct image *image, uint64_t addr, struct cie *cie)
{
	struct cursor cursor;
	const char *augmentation;
	const uint8_t *start;

	if (!open_entry(image, addr, &cursor))
		return false;
	start = cursor.at;
	if (take_uint(&cursor, 4))	/* not 0: an FDE */
		return false;
	*cie = (struct cie){ 0 };
	if (take_uint(&cursor, 1) != 1)
		return false;
	augmentation = take_string(&cursor);
	cie->code_align = take_uleb(&cursor);
	cie->data_align = take_sleb(&cursor);
	cie->return_reg = (unsigned int)take_uint(&cursor, 1);
	if (*augmentation == 'z') {
		uint64_t bytes = take_uleb(&cursor);
		struct cursor data = cursor;

		cie->augmented = true;
		take(&cursor, bytes);
		for (augmentation++; *augmentation; augmentation++) {
			if (*augmentation == 'R') {
				cie->fde_encoding = (uint8_t)take_uint(&data, 1);
			} else if (*augmentation == 'L') {
				take(&data, 1);
			} else if (*augmentation == 'P') {
				uint8_t encoding = (uint8_t)take_uint(&data, 1);

				take_pointer(&data, encoding, addr + 4 + (uint64_t)(data.at - start), 0);
			} else if (*augmentation == 'S') {
				cie->signal = true;
			}
		}
	}
	cie->init = cursor;
	return !cursor.bad && cie->return_reg < REGS;
}

/* ---- the program of an entry ------------------------------------------------------------ */

struct machine {
	const struct cie *cie;
	struct rules	rules, init, states[STATES_MAX];
	unsigned int	nr_states;
	uint64_t	loc, pc;
};

static struct span take_block(struct cursor *cursor)
{
	uint64_t bytes = take_uleb(cursor);
	const uint8_t *at = take(cursor, bytes);

	return (struct span){ at, at ? at + bytes : NULL };
}

static void set_rule(struct machine *machine, uint64_t reg, enum how how, int64_t offset, struct span expr)
{
	if (reg < REGS)
		machine->rules.reg[reg] = (struct rule){ how, offset, expr };
}

/* One instruction whose operands are all its own; false = unknown. */
static bool extended(struct machine *machine, struct cursor *cursor, unsigned int op)
{
	const struct cie *cie = machine->cie;
	struct rules *rules = &machine->rules;
	const struct span none = { 0 };
	uint64_t reg = 0;

	if (op >= CFA_OFFSET_EXT && op <= CFA_REGISTER)
		reg = take_uleb(cursor);
	switch (op) {
	case 0:
		return true;
	case CFA_ADVANCE1:
	case CFA_ADVANCE2:
	case CFA_ADVANCE4:
		machine->loc += take_uint(cursor, 1u << (op - CFA_ADVANCE1)) * cie->code_align;
		return true;
	case CFA_OFFSET_EXT:
		set_rule(machine, reg, AT_OFFSET, (int64_t)take_uleb(cursor) * cie->data_align, none);
		return true;
	case CFA_RESTORE_EXT:
		if (reg < REGS)
			rules->reg[reg] = machine->init.reg[reg];
		return true;
	case CFA_UNDEFINED:
		set_rule(machine, reg, UNDEFINED, 0, none);
		return true;
	case CFA_SAME:
		set_rule(machine, reg, SAME, 0, none);
		return true;
	case CFA_REGISTER:
		set_rule(machine, reg, IN_REGISTER, (int64_t)take_uleb(cursor), none);
		return true;
	case CFA_REMEMBER:
		if (machine->nr_states >= STATES_MAX)
			return false;
		machine->states[machine->nr_states++] = *rules;
		return true;
	case CFA_RECALL:
		if (!machine->nr_states)
			return false;
		*rules = machine->states[--machine->nr_states];
		return true;
	case CFA_DEF:
	case CFA_DEF_SF:
		rules->cfa_reg = (unsigned int)take_uleb(cursor);
		rules->cfa = (struct rule){ .how = AT_OFFSET };
		rules->cfa.offset = op == CFA_DEF ? (int64_t)take_uleb(cursor) : take_sleb(cursor) * cie->data_align;
		return true;
	case CFA_DEF_REGISTER:
		rules->cfa_reg = (unsigned int)take_uleb(cursor);
		return true;
	case CFA_DEF_OFFSET:
		rules->cfa.offset = (int64_t)take_uleb(cursor);
		return true;
	case CFA_DEF_OFFSET_SF:
		rules->cfa.offset = take_sleb(cursor) * cie->data_align;
		return true;
	case CFA_DEF_EXPR:
		rules->cfa = (struct rule){ IS_EXPR, 0, take_block(cursor) };
		return true;
	case CFA_EXPR:
	case CFA_VAL_EXPR:
		reg = take_uleb(cursor);
		set_rule(machine, reg, op == CFA_EXPR ? AT_EXPR : IS_EXPR, 0, take_block(cursor));
		return true;
	case CFA_OFFSET_EXT_SF:
	case CFA_VAL_OFFSET_SF:
		reg = take_uleb(cursor);
		set_rule(machine, reg, op == CFA_OFFSET_EXT_SF ? AT_OFFSET : IS_OFFSET,
			 take_sleb(cursor) * cie->data_align, none);
		return true;
	case CFA_VAL_OFFSET:
		reg = take_uleb(cursor);
		set_rule(machine, reg, IS_OFFSET, (int64_t)take_uleb(cursor) * cie->data_align, none);
		return true;
	case CFA_ARGS_SIZE:
		take_uleb(cursor);
		return true;
	}
	return false;
}

static bool run(struct machine *machine, struct cursor cursor)
{
	while (!cursor.bad && cursor.at < cursor.end && machine->loc <= machine->pc) {
		unsigned int op = (unsigned int)take_uint(&cursor, 1), low = op & 0x3f;

		switch (op >> 6) {
		case CFA_ADVANCE:
			machine->loc += low * machine->cie->code_align;
			break;
		case CFA_OFFSET:
			set_rule(machine, low, AT_OFFSET, (int64_t)take_uleb(&cursor) * machine->cie->data_align,
				 (struct span){ 0 });
			break;
		case CFA_RESTORE:
			if (low < REGS)
				machine->rules.reg[low] = machine->init.reg[low];
			break;
		default:
			if (!extended(machine, &cursor, low))
				return false;
		}
	}
	return !cursor.bad;
}

/* The FDE at @fde, its CIE, and the addresses it is for. The cursor is left behind those. */
static bool open_fde(const struct image *image, uint64_t fde, struct cie *cie, struct cursor *cursor, uint64_t *start,
		     uint64_t *length)
{
	const uint8_t *from;
	uint64_t back;

	if (!fde || !open_entry(image, fde, cursor))
		return false;
	from = cursor->at;
	back = take_uint(cursor, 4);		/* to the CIE */
	if (!back || !read_cie(image, fde + 4 - back, cie))
		return false;
	*start = take_pointer(cursor, cie->fde_encoding, fde + 4 + (uint64_t)(cursor->at - from), 0);
	*length = take_pointer(cursor, cie->fde_encoding & 0x0f, 0, 0);
	return !cursor->bad;
}

/* Programs that are linked statically have no table: one after the other. */
static uint64_t scan_for_fde(const struct image *image, uint64_t pc)
{
	const uint8_t *at = image->eh_frame.at;
	uint64_t start, length;
	struct cursor cursor;
	struct cie cie;
	uint32_t bytes;

	while (at && (size_t)(image->eh_frame.end - at) > sizeof(bytes)) {
		uint64_t addr = image->eh_frame_addr + (uint64_t)(at - image->eh_frame.at);

		memcpy(&bytes, at, sizeof(bytes));
		if (!bytes || bytes > (size_t)(image->eh_frame.end - at) - sizeof(bytes))
			return 0;
		if (open_fde(image, addr, &cie, &cursor, &start, &length) && pc - start < length)
			return addr;
		at += sizeof(bytes) + bytes;
	}
	return 0;
}

bool cfi_find(const struct image *image, uint64_t pc, struct cfi *cfi)
{
	uint64_t fde = image->eh_frame_hdr.at ? find_fde(image, pc) : scan_for_fde(image, pc), start, length;
	struct machine machine;
	struct cursor cursor;
	struct cie cie;

	if (!open_fde(image, fde, &cie, &cursor, &start, &length) || pc - start >= length)
		return false;
	if (cie.augmented)
		take(&cursor, take_uleb(&cursor));
	memset(&machine, 0, sizeof(machine));
	machine.cie = &cie;
	machine.pc = UINT64_MAX;
	if (!run(&machine, cie.init))
		return false;
	machine.init = machine.rules;
	machine.loc = start;
	machine.pc = pc;
	if (!run(&machine, cursor))
		return false;
	*cfi = (struct cfi){ machine.rules, cie.return_reg, cie.signal };
	return true;
}
