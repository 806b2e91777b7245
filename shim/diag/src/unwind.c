/* SPDX-License-Identifier: MIT */
/*
 * unwind.c - from a thread's registers to its callers: by .eh_frame (LSB 5.0 section
 * 10.6, DWARF 5 section 6.4) where there is one for an address, else by the frame
 * pointer: so through libc, which keeps none, and through JavaScript, which has no
 * .eh_frame.
 *
 * Done by the collector, on a copy of the stack, long after the thread went on. So
 * nothing here hurries, and nothing here may loop: every frame lies above the last.
 */
#include <string.h>

#include "dwarf.h"
#include "space.h"

enum {
	CFA_ADVANCE = 1, CFA_OFFSET, CFA_RESTORE,
	CFA_SET_LOC = 0x01, CFA_ADVANCE1, CFA_ADVANCE2, CFA_ADVANCE4, CFA_OFFSET_EXT, CFA_RESTORE_EXT,
	CFA_UNDEFINED, CFA_SAME, CFA_REGISTER, CFA_REMEMBER, CFA_RECALL, CFA_DEF, CFA_DEF_REGISTER,
	CFA_DEF_OFFSET, CFA_DEF_EXPR, CFA_EXPR, CFA_OFFSET_EXT_SF, CFA_DEF_SF, CFA_DEF_OFFSET_SF, CFA_VAL_OFFSET,
	CFA_VAL_OFFSET_SF, CFA_VAL_EXPR, CFA_ARGS_SIZE = 0x2e,
	PE_OMIT = 0xff, PE_PCREL = 0x10, PE_DATAREL = 0x30,
	STATES_MAX = 8,
};

enum how { SAME, UNDEFINED, AT_OFFSET, IS_OFFSET, AT_EXPR, IS_EXPR, IN_REGISTER };

struct rule {
	enum how	how;
	int64_t		offset;
	struct span	expr;
};

struct rules {
	struct rule	reg[REGS], cfa;
	unsigned int	cfa_reg;
};

struct cie {
	uint64_t	code_align;
	int64_t		data_align;
	unsigned int	return_reg;
	uint8_t		fde_encoding;
	bool		signal, augmented;
	struct cursor	init;
};

struct walk {
	struct space	*space;
	const struct caught *caught;
	uint64_t	regs[REGS];
	uint32_t	known;
};

/* ---- memory ------------------------------------------------------------------------- */

static bool load(const struct walk *walk, uint64_t addr, uint64_t *word)
{
	const struct caught *caught = walk->caught;
	uint64_t offset = addr - caught->stack_at;

	if (caught->stack && offset < caught->stack_bytes && caught->stack_bytes - offset >= 8) {
		memcpy(word, caught->stack + offset, 8);
		return true;
	}
	return space_get(walk->space, addr, word, 8);
}

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

/* ---- expressions (DWARF 5 section 2.5): what linkers and libc's signal return use ---------- */

static bool evaluate(const struct walk *walk, struct span expr, bool has_cfa, uint64_t cfa, uint64_t *result)
{
	struct cursor cursor = cursor_of(expr, 0);
	uint64_t stack[16], a;
	unsigned int top = 0;

	if (has_cfa)
		stack[top++] = cfa;
	while (!cursor.bad && cursor.at < cursor.end) {
		unsigned int op = (unsigned int)take_uint(&cursor, 1);

		if (top >= 15)
			return false;
		if (op >= 0x30 && op <= 0x4f) {				/* lit */
			stack[top++] = op - 0x30;
		} else if (op >= 0x70 && op <= 0x80) {			/* breg */
			if (!(walk->known >> (op - 0x70) & 1))
				return false;
			stack[top++] = walk->regs[op - 0x70] + (uint64_t)take_sleb(&cursor);
		} else if (op == 0x08 || op == 0x0a || op == 0x0c || op == 0x0e) {	/* const u */
			stack[top++] = take_uint(&cursor, 1u << ((op - 0x08) / 2));
		} else if (op == 0x09 || op == 0x0b || op == 0x0d || op == 0x0f) {	/* const s */
			stack[top++] = (uint64_t)take_sint(&cursor, 1u << ((op - 0x09) / 2));
		} else if (!top) {
			return false;
		} else if (op == 0x06) {				/* deref */
			if (!load(walk, stack[top - 1], &stack[top - 1]))
				return false;
		} else if (op == 0x23) {				/* plus_uconst */
			stack[top - 1] += take_uleb(&cursor);
		} else if (top >= 2) {
			a = stack[--top];
			switch (op) {
			case 0x1a: stack[top - 1] &= a; break;
			case 0x1c: stack[top - 1] -= a; break;
			case 0x22: stack[top - 1] += a; break;
			case 0x24: stack[top - 1] = a < 64 ? stack[top - 1] << a : 0; break;
			case 0x2a: stack[top - 1] = (int64_t)stack[top - 1] >= (int64_t)a; break;
			default: return false;
			}
		} else {
			return false;
		}
	}
	if (cursor.bad || !top)
		return false;
	*result = stack[top - 1];
	return true;
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

/* The rules at @pc (as linked); false = there are none for it. */
static bool find_rules(const struct image *image, uint64_t pc, struct machine *machine, struct cie *cie)
{
	uint64_t fde = find_fde(image, pc), start, length;
	struct cursor cursor;
	const uint8_t *from;

	if (!fde || !open_entry(image, fde, &cursor))
		return false;
	from = cursor.at;
	start = take_uint(&cursor, 4);		/* how far back the CIE lies */
	if (!start || !read_cie(image, fde + 4 - start, cie))
		return false;
	start = take_pointer(&cursor, cie->fde_encoding, fde + 4 + (uint64_t)(cursor.at - from), 0);
	length = take_pointer(&cursor, cie->fde_encoding & 0x0f, 0, 0);
	if (cursor.bad || pc - start >= length)
		return false;
	if (cie->augmented)
		take(&cursor, take_uleb(&cursor));
	memset(machine, 0, sizeof(*machine));
	machine->cie = cie;
	machine->pc = UINT64_MAX;
	if (!run(machine, cie->init))
		return false;
	machine->init = machine->rules;
	machine->loc = start;
	machine->pc = pc;
	return run(machine, cursor);
}

/* ---- steps ------------------------------------------------------------------------------ */

static bool apply(const struct walk *walk, const struct rule *rule, unsigned int reg, uint64_t cfa, uint64_t *value)
{
	uint64_t at;

	switch (rule->how) {
	case SAME:
		*value = walk->regs[reg];
		return walk->known >> reg & 1;
	case UNDEFINED:
		return false;
	case AT_OFFSET:
		return load(walk, cfa + (uint64_t)rule->offset, value);
	case IS_OFFSET:
		*value = cfa + (uint64_t)rule->offset;
		return true;
	case AT_EXPR:
		return evaluate(walk, rule->expr, true, cfa, &at) && load(walk, at, value);
	case IS_EXPR:
		return evaluate(walk, rule->expr, true, cfa, value);
	case IN_REGISTER:
		if (rule->offset < 0 || rule->offset >= REGS)
			return false;
		*value = walk->regs[rule->offset];
		return walk->known >> rule->offset & 1;
	}
	return false;
}

/* Up to the caller by .eh_frame. 1 = done, 0 = no rules or not enough known, -1 = there is no caller. */
static int step_rules(struct walk *walk, bool exact, bool *signal)
{
	uint64_t bias, cfa, regs[REGS], pc = walk->regs[REG_PC] - !exact;
	struct image *image = space_image(walk->space, pc, &bias);
	struct machine machine;
	uint32_t known = 0;
	struct cie cie;

	if (!image || !image->eh_frame_hdr.at || !find_rules(image, pc - bias, &machine, &cie))
		return 0;
	if (machine.rules.cfa.how == IS_EXPR) {
		if (!evaluate(walk, machine.rules.cfa.expr, false, 0, &cfa))
			return 0;
	} else {
		if (machine.rules.cfa_reg >= REGS || !(walk->known >> machine.rules.cfa_reg & 1))
			return 0;
		cfa = walk->regs[machine.rules.cfa_reg] + (uint64_t)machine.rules.cfa.offset;
	}
	if (machine.rules.reg[cie.return_reg].how == UNDEFINED)
		return -1;
	for (unsigned int i = 0; i < REGS; i++)
		if (apply(walk, &machine.rules.reg[i], i, cfa, &regs[i]))
			known |= 1u << i;
	if (!(known >> cie.return_reg & 1))
		return -1;
	if (machine.rules.reg[REG_SP].how == SAME) {	/* by definition, unless a rule says otherwise */
		regs[REG_SP] = cfa;
		known |= 1u << REG_SP;
	}
	if (machine.rules.reg[cie.return_reg].how == SAME)
		return -1;
	regs[REG_PC] = regs[cie.return_reg];
	memcpy(walk->regs, regs, sizeof(regs));
	walk->known = known | 1u << REG_PC;
	*signal = cie.signal;
	return 1;
}

/*
 * Of a thread that did not answer only sp and pc are known. Our code keeps frame pointers: the first saved one that
 * points up the stack, and has an address of code behind it, is that of the next frame.
 */
static void guess_pointer(struct walk *walk)
{
	uint64_t sp = walk->regs[REG_SP] & ~7ul, next, pc;

	for (uint64_t at = sp; at < sp + 4096; at += 8) {
		if (!load(walk, at, &next) || !load(walk, at + 8, &pc))
			return;
		if (next > at && next - at < 1 << 20 && !(next & 7) && pc > 4096 &&
		    space_place(walk->space, pc, false)->executable) {
			walk->regs[REG_BP] = at;
			walk->known |= 1u << REG_BP;
			return;
		}
	}
}

static int step_pointer(struct walk *walk)
{
	uint64_t fp, next, pc;

	if (!(walk->known >> REG_BP & 1))
		guess_pointer(walk);
	fp = walk->regs[REG_BP];
	if (!(walk->known >> REG_BP & 1) || fp & 7 || fp < walk->regs[REG_SP] || fp - walk->regs[REG_SP] > 64 << 20 ||
	    !load(walk, fp, &next) || !load(walk, fp + 8, &pc))
		return -1;
	walk->regs[REG_SP] = fp + 16;
	walk->regs[REG_BP] = next;
	walk->regs[REG_PC] = pc;
	walk->known = 1u << REG_SP | 1u << REG_BP | 1u << REG_PC;
	return 1;
}

/*
 * A call through a wild pointer leaves the pc at no code: the return address is
 * what the call pushed.
 */
static bool step_wild_call(struct walk *walk)
{
	uint64_t pc;

	if (!load(walk, walk->regs[REG_SP], &pc) || !space_place(walk->space, pc, false)->executable)
		return false;
	walk->regs[REG_PC] = pc;
	walk->regs[REG_SP] += 8;
	return true;
}

unsigned int space_unwind(struct space *space, const struct caught *caught, struct frame frames[], unsigned int max)
{
	struct walk walk = { .space = space, .caught = caught, .known = caught->known };
	bool exact = true;
	unsigned int nr = 0;

	memcpy(walk.regs, caught->regs, sizeof(walk.regs));
	while (nr < max && walk.regs[REG_PC]) {
		uint64_t sp = walk.regs[REG_SP];
		bool signal = false;
		int step;

		frames[nr++] = (struct frame){
			.pc = walk.regs[REG_PC], .exact = exact,
			.fp = walk.known >> REG_BP & 1 ? walk.regs[REG_BP] : 0,
		};
		step = step_rules(&walk, exact, &signal);
		if (!step && nr == 1 && !space_place(space, walk.regs[REG_PC], true)->executable &&
		    step_wild_call(&walk))
			step = 1;
		if (!step)
			step = step_pointer(&walk);
		if (step < 0 || (walk.regs[REG_SP] <= sp && !signal))
			break;
		exact = signal;
		/* What is no code called nobody: the chain of frame pointers has led astray. */
		if (!exact && !space_place(space, walk.regs[REG_PC], false)->executable)
			break;
	}
	return nr;
}
