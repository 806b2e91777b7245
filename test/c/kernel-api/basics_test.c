/* SPDX-License-Identifier: MIT */
#include <asm/unaligned.h>
#include <linux/crc32c.h>
#include <linux/errno.h>
#include <linux/ioctl.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/numa.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/kref.h>
#include <linux/bitops.h>

#include "harness.h"

struct item {
	struct list_head list;
	int number;
};

TEST(lists_keep_their_order)
{
	LIST_HEAD(head);
	struct item items[5], *item, *next;
	int expected = 0;

	for (int i = 0; i < 5; i++) {
		items[i].number = i;
		list_add_tail(&items[i].list, &head);
	}
	list_for_each_entry(item, &head, list)
		CHECK_EQ(item->number, expected++);
	list_move(&items[4].list, &head);
	CHECK_EQ(list_first_entry(&head, struct item, list)->number, 4);
	list_for_each_entry_safe(item, next, &head, list)
		list_del_init(&item->list);
	CHECK(list_empty(&head));
	CHECK(!list_first_entry_or_null(&head, struct item, list));
}

/* RFC 3720, B.4, and the check value of the CRC catalogue. */
TEST(crc32c_of_known_vectors)
{
	u8 data[32];

	CHECK_EQ(~crc32c(~0u, "123456789", 9), 0xe3069283u);
	memset(data, 0, sizeof(data));
	CHECK_EQ(~crc32c(~0u, data, 32), 0x8a9136aau);
	memset(data, 0xff, sizeof(data));
	CHECK_EQ(~crc32c(~0u, data, 32), 0x62a8ab43u);
	for (int i = 0; i < 32; i++)
		data[i] = (u8)i;
	CHECK_EQ(~crc32c(~0u, data, 32), 0x46dd794eu);
}

u32 ring3_crc32c_table(u32 crc, const void *address, unsigned int length);

TEST(crc32c_by_instruction_and_by_table_agree)
{
	u8 *data = kmalloc(16384, GFP_KERNEL);

	for (int i = 0; i < 16384; i++)
		data[i] = (u8)(i * 31 + (i >> 7));
	for (unsigned int len = 0; len < 16000; len += len / 5 + 1)
		for (unsigned int at = 0; at < 9; at++)
			CHECK_EQ(crc32c(len, data + at, len), ring3_crc32c_table(len, data + at, len));
	kfree(data);
}

TEST(numbers_are_parsed_as_the_kernel_does)
{
	unsigned long long ull = 7;
	int i = 7;
	bool b;
	char *end;

	CHECK_EQ(kstrtoull("0x10", 0, &ull), 0);
	CHECK_EQ(ull, 16);
	CHECK_EQ(kstrtoull("18446744073709551615\n", 10, &ull), 0);
	CHECK_EQ(ull, ~0ull);
	CHECK_EQ(kstrtoull("18446744073709551616", 10, &ull), -ERANGE);
	CHECK_EQ(kstrtoull("", 10, &ull), -EINVAL);
	CHECK_EQ(kstrtoull("12x", 10, &ull), -EINVAL);
	CHECK_EQ(kstrtoull("-1", 10, &ull), -EINVAL);
	CHECK_EQ(kstrtoint("-2147483648", 10, &i), 0);
	CHECK_EQ(i, INT_MIN);
	CHECK_EQ(kstrtoint("2147483648", 10, &i), -ERANGE);
	CHECK_EQ(kstrtobool("on", &b), 0);
	CHECK(b);
	CHECK_EQ(kstrtobool("maybe", &b), -EINVAL);
	CHECK_EQ(memparse("3G,", &end), 3ull << 30);
	CHECK_EQ(*end, ',');
}

TEST(text_is_cut_and_said_so)
{
	char buf[8];

	CHECK_EQ(strscpy(buf, "abc", sizeof(buf)), 3);
	CHECK_EQ(strscpy(buf, "abcdefghij", sizeof(buf)), -E2BIG);
	CHECK_STREQ(buf, "abcdefg");
	CHECK_EQ(scnprintf(buf, sizeof(buf), "%d", 123456789), 7);
	CHECK_STREQ(buf, "1234567");
	strscpy(buf, " a b ", sizeof(buf));
	CHECK_STREQ(strim(buf), "a b");
	CHECK(sysfs_streq("on\n", "on"));
}

TEST(words_are_big_endian_on_the_wire)
{
	u8 wire[8];

	put_unaligned_be32(0x01020304, wire + 1);
	CHECK_EQ(wire[1], 1);
	CHECK_EQ(get_unaligned_be16(wire + 3), 0x0304);
	put_unaligned_be24(0x0a0b0c, wire);
	CHECK_EQ(get_unaligned_be24(wire), 0x0a0b0c);
	put_unaligned_be64(0x0102030405060708ull, wire);
	CHECK_EQ(get_unaligned_le64(wire), 0x0807060504030201ull);
}

TEST(pages_are_found_from_addresses)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 2);
	char *addr = page_address(page);

	CHECK_EQ(virt_to_page(addr) == page, 1);
	CHECK_EQ(virt_to_page(addr + 3 * PAGE_SIZE + 17) == page + 3, 1);
	CHECK_EQ(page_count(page), 1);
	get_page(page);
	put_page(page);
	CHECK_EQ(page_count(page), 1);
	__free_pages(page, 2);
}

TEST(scatterlists_copy_across_entries)
{
	struct scatterlist sg[3];
	char *parts[3], out[100], in[100];

	sg_init_table(sg, 3);
	for (int i = 0; i < 3; i++) {
		parts[i] = kmalloc(40, GFP_KERNEL);
		sg_set_buf(&sg[i], parts[i], 33);
		CHECK_EQ((char *)sg_virt(&sg[i]) == parts[i], 1);
	}
	for (int i = 0; i < 99; i++)
		out[i] = (char)i;
	CHECK_EQ(sg_copy_from_buffer(sg, 3, out, 99), 99);
	CHECK_EQ(sg_copy_to_buffer(sg, 3, in, 100), 99);
	CHECK_MEMEQ(in, out, 99);
	CHECK_EQ(sg_pcopy_to_buffer(sg, 3, in, 10, 30), 10);
	CHECK_MEMEQ(in, out + 30, 10);
	for (int i = 0; i < 3; i++)
		kfree(parts[i]);
}

TEST(slab_gives_zeroes_when_asked)
{
	struct kmem_cache *cache = kmem_cache_create("test", 72, 64, 0, NULL);
	u8 *obj = kmem_cache_alloc(cache, GFP_KERNEL);

	memset(obj, 0xff, 72);
	kmem_cache_free(cache, obj);
	obj = kmem_cache_zalloc(cache, GFP_KERNEL);
	CHECK(!memchr_inv(obj, 0, 72));
	kmem_cache_free(cache, obj);
	kmem_cache_destroy(cache);
	CHECK(!kmalloc_array(1ul << 40, 1ul << 40, GFP_KERNEL));
	obj = kvmalloc(5ul << 20, GFP_KERNEL | __GFP_ZERO);
	CHECK_EQ(obj[(5 << 20) - 1], 0);
	kvfree(obj);
}

TEST(vmalloc_aligns_as_it_is_told)
{
	unsigned long sizes[] = { 1, PAGE_SIZE, 5 * PAGE_SIZE + 1 };
	char *p[3];

	for (unsigned int shift = 0; shift < 24; shift++) {
		for (int i = 0; i < 3; i++) {
			p[i] = __vmalloc_node(sizes[i], 1ul << shift, GFP_KERNEL, NUMA_NO_NODE, NULL);
			CHECK(p[i] && IS_ALIGNED((unsigned long)p[i], max(1ul << shift, PAGE_SIZE)));
			CHECK(!memchr_inv(p[i], 0, sizes[i]));
			memset(p[i], 0xff, PAGE_ALIGN(sizes[i]));
		}
		for (int i = 0; i < 3; i++)
			vfree(p[i]);
	}
	CHECK(!__vmalloc_node(PAGE_SIZE, 1ul << 63, GFP_KERNEL, NUMA_NO_NODE, NULL));
	CHECK(!__vmalloc_node(0, 1ul << 20, GFP_KERNEL, NUMA_NO_NODE, NULL));
}

TEST(ioctl_numbers_are_those_of_the_system)
{
	CHECK_EQ(_IO(0x12, 95), 0x125f);			/* BLKRRPART */
	CHECK_EQ(_IOR(0x12, 114, size_t), 0x80081272);		/* BLKGETSIZE64 */
	CHECK_EQ(_IOWR('U', 1, u32), 0xc0045501);
	CHECK_EQ(_IOC_DIR(_IOW('U', 1, u64)), _IOC_WRITE);
	CHECK_EQ(_IOC_SIZE(_IOW('U', 1, u64)), 8);
	CHECK_EQ(_IOC_TYPE(_IOW('U', 1, u64)), 'U');
	CHECK_EQ(_IOC_NR(_IOW('U', 77, u64)), 77);
}

TEST(bits_and_logarithms)
{
	unsigned long map[2] = { 0, 0 };

	CHECK(!test_and_set_bit(70, map));
	CHECK(test_bit(70, map));
	CHECK_EQ(map[1], 64);
	clear_bit(70, map);
	CHECK_EQ(map[1], 0);
	CHECK_EQ(ilog2(4096), 12);
	CHECK_EQ(roundup_pow_of_two(513), 1024);
	CHECK_EQ(fls(0), 0);
	CHECK_EQ(get_order(4097), 1);
}
