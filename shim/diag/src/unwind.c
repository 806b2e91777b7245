/* SPDX-License-Identifier: MIT */
/*
 * unwind.c - from a thread's registers to its callers: by .eh_frame (cfi.h) where there is
 * one for an address, else by the frame pointer: so through libc, which keeps none, and
 * through JavaScript, which has no .eh_frame.
 *
 * Done by the collector, on a copy of the stack, long after the thread went on. So
 * nothing here hurries, and nothing here may loop: every frame lies above the last.
 */
#include <string.h>

#include "cfi.h"

enum { DEPTH_MAX = 20000 };	/* of a stack that recursion has filled: where it stops is told as its end */

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
	const struct rules *rules;
	uint32_t known = 0;
	struct cfi cfi;

	if (!image || !cfi_find(image, pc - bias, &cfi))
		return 0;
	rules = &cfi.rules;
	if (rules->cfa.how == IS_EXPR) {
		if (!evaluate(walk, rules->cfa.expr, false, 0, &cfa))
			return 0;
	} else {
		if (rules->cfa_reg >= REGS || !(walk->known >> rules->cfa_reg & 1))
			return 0;
		cfa = walk->regs[rules->cfa_reg] + (uint64_t)rules->cfa.offset;
	}
	if (rules->reg[cfi.return_reg].how == UNDEFINED)
		return -1;
	for (unsigned int i = 0; i < REGS; i++)
		if (apply(walk, &rules->reg[i], i, cfa, &regs[i]))
			known |= 1u << i;
	if (!(known >> cfi.return_reg & 1))
		return -1;
	if (rules->reg[REG_SP].how == SAME) {	/* by definition, unless a rule says otherwise */
		regs[REG_SP] = cfa;
		known |= 1u << REG_SP;
	}
	if (rules->reg[cfi.return_reg].how == SAME)
		return -1;
	regs[REG_PC] = regs[cfi.return_reg];
	memcpy(walk->regs, regs, sizeof(regs));
	walk->known = known | 1u << REG_PC;
	*signal = cfi.signal;
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

/* Where frame @index goes: behind the innermost, in place of the one that is no more among the last. */
static struct frame *place_of(struct frame frames[], unsigned int max, unsigned int index)
{
	unsigned int head = max - max / 3;

	return &frames[index < max ? index : head + (index - head) % (max / 3)];
}

/* The outermost third stands in a ring; into order. */
static void straighten(struct frame frames[], unsigned int max, unsigned int nr)
{
	unsigned int head = max - max / 3, size = max / 3, first = (nr - head) % size;
	struct frame *ring = &frames[head];

	for (unsigned int i = 0; i < first; i++) {
		struct frame moved = ring[0];

		memmove(ring, ring + 1, (size - 1) * sizeof(*ring));
		ring[size - 1] = moved;
	}
	ring[0].skipped = nr - max;
}

unsigned int space_unwind(struct space *space, const struct caught *caught, struct frame frames[], unsigned int max)
{
	struct walk walk = { .space = space, .caught = caught, .known = caught->known };
	bool exact = true;
	unsigned int nr = 0;

	memcpy(walk.regs, caught->regs, sizeof(walk.regs));
	/* The innermost may be a call of NULL. */
	while (nr < DEPTH_MAX && (walk.regs[REG_PC] || !nr)) {
		uint64_t sp = walk.regs[REG_SP];
		bool signal = false;
		int step;

		*place_of(frames, max, nr++) = (struct frame){
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
	if (nr <= max)
		return nr;
	straighten(frames, max, nr);
	return max;
}
