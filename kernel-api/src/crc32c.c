/* SPDX-License-Identifier: MIT */
/*
 * crc32c.c - CRC32C by the SSE4.2 instruction, three streams at once, or by table.
 *
 * The instruction has a latency of three cycles and a throughput of one, so three
 * independent streams run as fast as one. Their results are joined by shifting the
 * first two over the length of what follows them: a multiplication by x^n modulo
 * the polynomial, from tables made once.
 */
#include <asm/unaligned.h>
#include <linux/crc32c.h>

#define POLYNOMIAL	0x82f63b78u	/* 0x1EDC6F41, bits reversed */
#define LONG_BLOCK	1024u
#define SHORT_BLOCK	128u

static u32 byte_table[8][256];
static u32 shift_long[4][256], shift_short[4][256];
static bool have_instruction;

static u32 crc_table(u32 crc, const u8 *p, unsigned int len)
{
	for (; len >= 8; p += 8, len -= 8) {
		u32 low = crc ^ get_unaligned_le32(p), high = get_unaligned_le32(p + 4);

		crc = byte_table[7][low & 255] ^ byte_table[6][low >> 8 & 255] ^ byte_table[5][low >> 16 & 255] ^
		      byte_table[4][low >> 24] ^ byte_table[3][high & 255] ^ byte_table[2][high >> 8 & 255] ^
		      byte_table[1][high >> 16 & 255] ^ byte_table[0][high >> 24];
	}
	while (len--)
		crc = crc >> 8 ^ byte_table[0][(crc ^ *p++) & 255];
	return crc;
}

/* @crc over @bytes zero bytes. */
static u32 zeroes(u32 crc, unsigned int bytes)
{
	while (bytes--)
		crc = crc >> 8 ^ byte_table[0][crc & 255];
	return crc;
}

static void make_shift(u32 table[4][256], unsigned int bytes)
{
	for (unsigned int i = 0; i < 4; i++)
		for (u32 n = 0; n < 256; n++)
			table[i][n] = zeroes(n << (i * 8), bytes);
}

static u32 shift(u32 table[4][256], u32 crc)
{
	return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^ table[3][crc >> 24];
}

__attribute__((__constructor__)) static void crc32c_init(void)
{
	for (u32 n = 0; n < 256; n++) {
		u32 crc = n;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		byte_table[0][n] = crc;
	}
	for (u32 n = 0; n < 256; n++)
		for (int i = 1; i < 8; i++)
			byte_table[i][n] = byte_table[i - 1][n] >> 8 ^ byte_table[0][byte_table[i - 1][n] & 255];
	make_shift(shift_long, LONG_BLOCK);
	make_shift(shift_short, SHORT_BLOCK);
	__builtin_cpu_init();
	have_instruction = __builtin_cpu_supports("sse4.2");
}

#define LOAD(p)	get_unaligned_le64(p)

__attribute__((__target__("sse4.2"))) static inline u64 three(u64 crc, const u8 *p, unsigned int block,
							      u32 table[4][256])
{
	u64 second = 0, third = 0;

	for (unsigned int i = 0; i < block; i += 8) {
		crc = __builtin_ia32_crc32di(crc, LOAD(p + i));
		second = __builtin_ia32_crc32di(second, LOAD(p + block + i));
		third = __builtin_ia32_crc32di(third, LOAD(p + 2 * block + i));
	}
	crc = shift(table, (u32)crc) ^ second;
	return shift(table, (u32)crc) ^ third;
}

__attribute__((__target__("sse4.2"))) static u32 crc_instruction(u32 start, const u8 *p, unsigned int len)
{
	u64 crc = start;

	for (; len >= 3 * LONG_BLOCK; p += 3 * LONG_BLOCK, len -= 3 * LONG_BLOCK)
		crc = three(crc, p, LONG_BLOCK, shift_long);
	for (; len >= 3 * SHORT_BLOCK; p += 3 * SHORT_BLOCK, len -= 3 * SHORT_BLOCK)
		crc = three(crc, p, SHORT_BLOCK, shift_short);
	for (; len >= 8; p += 8, len -= 8)
		crc = __builtin_ia32_crc32di(crc, LOAD(p));
	while (len--)
		crc = __builtin_ia32_crc32qi((u32)crc, *p++);
	return (u32)crc;
}

u32 crc32c(u32 crc, const void *address, unsigned int length)
{
	return have_instruction ? crc_instruction(crc, address, length) : crc_table(crc, address, length);
}

/* The table's way, for tests to compare. */
__visible u32 ring3_crc32c_table(u32 crc, const void *address, unsigned int length);
u32 ring3_crc32c_table(u32 crc, const void *address, unsigned int length)
{
	return crc_table(crc, address, length);
}
