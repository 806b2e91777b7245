/* SPDX-License-Identifier: MIT */
/*
 * symbol_headers.c - which kernel header declares which function or variable of Linux 6.1,
 * of those that modules of the kinds we host were seen to use. For error messages only.
 *
 * A line: the header, a space, then names, each with a space behind.
 */
#include "host/elf.h"
#include <string.h>

static const char *const headers[] = {
	"asm/checksum_64.h csum_and_copy_from_user csum_and_copy_to_user csum_partial_copy_nocheck "
	  "ip_compute_csum ",
	"asm/fpu/api.h kernel_fpu_end ",
	"asm/page_64.h copy_page ",
	"asm/processor.h boot_cpu_data ",
	"asm/string_64.h memcpy memmove memset ",
	"asm/uaccess.h copy_mc_to_kernel copy_mc_to_user ",
	"crypto/acompress.h acomp_request_alloc acomp_request_free crypto_alloc_acomp ",
	"crypto/aead.h crypto_aead_decrypt crypto_aead_encrypt crypto_aead_setauthsize crypto_aead_setkey "
	  "crypto_alloc_aead ",
	"crypto/aes.h aes_expandkey ",
	"crypto/akcipher.h crypto_alloc_akcipher ",
	"crypto/algapi.h crypto_attr_alg_name crypto_check_attr_type crypto_inc crypto_inst_setname "
	  "crypto_register_notifier crypto_register_template crypto_register_templates crypto_unregister_notifier "
	  "crypto_unregister_template crypto_unregister_templates ",
	"crypto/chacha.h chacha_crypt_generic hchacha_block_generic ",
	"crypto/hash.h crypto_ahash_digest crypto_ahash_final crypto_ahash_finup crypto_ahash_setkey "
	  "crypto_alloc_ahash crypto_alloc_shash crypto_shash_digest crypto_shash_final crypto_shash_finup "
	  "crypto_shash_setkey crypto_shash_update ",
	"crypto/internal/aead.h aead_register_instance crypto_grab_aead ",
	"crypto/internal/blake2s.h blake2s_selftest ",
	"crypto/internal/cipher.h crypto_cipher_decrypt_one crypto_cipher_encrypt_one crypto_cipher_setkey ",
	"crypto/internal/hash.h crypto_grab_ahash crypto_grab_shash crypto_register_shash crypto_register_shashes "
	  "crypto_unregister_shash crypto_unregister_shashes shash_free_singlespawn_instance "
	  "shash_register_instance ",
	"crypto/internal/poly1305.h poly1305_core_blocks poly1305_core_setkey ",
	"crypto/internal/scompress.h crypto_register_scomp crypto_register_scomps crypto_unregister_scomp "
	  "crypto_unregister_scomps ",
	"crypto/internal/skcipher.h crypto_grab_skcipher crypto_register_skcipher crypto_register_skciphers "
	  "crypto_unregister_skcipher crypto_unregister_skciphers skcipher_alloc_instance_simple "
	  "skcipher_register_instance skcipher_walk_done skcipher_walk_virt ",
	"crypto/kpp.h crypto_alloc_kpp ",
	"crypto/null.h crypto_get_default_null_skcipher crypto_put_default_null_skcipher ",
	"crypto/poly1305.h poly1305_final_generic ",
	"crypto/rng.h crypto_alloc_rng crypto_rng_reset ",
	"crypto/scatterwalk.h memcpy_sglist scatterwalk_ffwd scatterwalk_map_and_copy ",
	"crypto/sha1.h sha1_transform ",
	"crypto/sha2.h sha224_final sha256_final sha256_update ",
	"crypto/skcipher.h crypto_alloc_skcipher crypto_alloc_sync_skcipher crypto_skcipher_decrypt "
	  "crypto_skcipher_encrypt crypto_skcipher_setkey ",
	"fs/internal.h invalidate_inodes ",
	"lib/crc32table.h crc32ctable_le crc32table_be crc32table_le ",
	"lib/crc64table.h crc64rocksofttable crc64table ",
	"lib/kstrtox.h _parse_integer _parse_integer_fixup_radix _parse_integer_limit ",
	"linux/async.h async_synchronize_full ",
	"linux/async_tx.h async_gen_syndrome async_memcpy async_raid6_2data_recov async_raid6_datap_recov "
	  "async_syndrome_val async_trigger_callback async_tx_quiesce async_xor async_xor_offs async_xor_val_offs ",
	"linux/backing-dev.h bdi_alloc bdi_init bdi_put bdi_register bdi_set_max_ratio bdi_set_owner "
	  "bdi_unregister inode_to_bdi noop_backing_dev_info wb_writeout_inc ",
	"linux/badblocks.h ack_all_badblocks badblocks_check badblocks_clear badblocks_exit badblocks_init "
	  "badblocks_set badblocks_show badblocks_store ",
	"linux/bio.h __bio_add_page bio_add_page bio_add_pc_page bio_add_zone_append_page bio_alloc_bioset "
	  "bio_alloc_clone bio_chain bio_copy_data bio_endio bio_free_pages bio_init bio_init_clone "
	  "bio_integrity_add_page bio_integrity_alloc bio_integrity_trim bio_kmalloc bio_put bio_reset bio_split "
	  "bio_trim bio_uninit bioset_exit bioset_init bioset_integrity_create fs_bio_set submit_bio "
	  "submit_bio_wait zero_fill_bio ",
	"linux/bitmap.h bitmap_find_free_region bitmap_find_next_zero_area_off bitmap_free bitmap_parse "
	  "bitmap_release_region bitmap_zalloc ",
	"linux/blk-integrity.h blk_integrity_compare blk_integrity_register blk_integrity_unregister "
	  "blk_rq_count_integrity_sg blk_rq_map_integrity_sg ",
	"linux/blk-mq.h __blk_mq_end_request __blk_rq_map_sg blk_abort_request blk_execute_rq "
	  "blk_execute_rq_nowait blk_insert_cloned_request blk_mq_alloc_disk_for_queue blk_mq_alloc_request "
	  "blk_mq_alloc_tag_set blk_mq_complete_request blk_mq_delay_kick_requeue_list blk_mq_delay_run_hw_queues "
	  "blk_mq_destroy_queue blk_mq_end_request blk_mq_end_request_batch blk_mq_free_request "
	  "blk_mq_free_tag_set blk_mq_freeze_queue blk_mq_init_allocated_queue blk_mq_init_queue "
	  "blk_mq_kick_requeue_list blk_mq_map_queues blk_mq_queue_inflight blk_mq_quiesce_queue "
	  "blk_mq_quiesce_queue_nowait blk_mq_requeue_request blk_mq_rq_cpu blk_mq_run_hw_queues "
	  "blk_mq_start_request blk_mq_start_stopped_hw_queues blk_mq_stop_hw_queues blk_mq_tagset_busy_iter "
	  "blk_mq_unfreeze_queue blk_mq_unique_tag blk_mq_unquiesce_queue blk_mq_update_nr_hw_queues "
	  "blk_mq_wait_quiesce_done blk_rq_append_bio blk_rq_init blk_rq_map_kern blk_rq_map_user_io "
	  "blk_rq_prep_clone blk_rq_unmap_user blk_rq_unprep_clone blk_update_request ",
	"linux/blkdev.h I_BDEV __blkdev_issue_discard __invalidate_device __register_blkdev add_disk_randomness "
	  "bd_abort_claiming bd_link_disk_holder bd_prepare_to_claim bd_unlink_disk_holder bdev_alignment_offset "
	  "bdev_check_media_change bdev_discard_alignment bdev_disk_changed bdev_end_io_acct bdev_start_io_acct "
	  "bio_end_io_acct_remapped bio_poll bio_split_to_limits bio_start_io_acct blk_check_plugged "
	  "blk_clear_pm_only blk_finish_plug blk_get_queue blk_limits_io_min blk_limits_io_opt blk_mark_disk_dead "
	  "blk_put_queue blk_queue_alignment_offset blk_queue_dma_alignment blk_queue_flag_clear "
	  "blk_queue_flag_set blk_queue_io_min blk_queue_io_opt blk_queue_logical_block_size "
	  "blk_queue_max_discard_sectors blk_queue_max_hw_sectors blk_queue_max_segment_size "
	  "blk_queue_max_segments blk_queue_max_write_zeroes_sectors blk_queue_physical_block_size "
	  "blk_queue_rq_timeout blk_queue_segment_boundary blk_queue_virt_boundary blk_queue_write_cache "
	  "blk_queue_zone_write_granularity blk_set_pm_only blk_set_queue_depth blk_set_stacking_limits "
	  "blk_stack_limits blk_start_plug blk_status_to_errno blk_sync_queue blkdev_get_by_dev "
	  "blkdev_get_by_path blkdev_issue_discard blkdev_issue_flush blkdev_issue_zeroout blkdev_put block_class "
	  "del_gendisk device_add_disk disk_alloc_independent_access_ranges disk_force_media_change "
	  "disk_set_independent_access_ranges disk_set_zoned disk_stack_limits disk_update_readahead "
	  "errno_to_blk_status freeze_bdev invalidate_bdev invalidate_disk iocb_bio_iopoll kblockd_schedule_work "
	  "lookup_bdev part_type put_disk rand_initialize_disk set_blocksize set_capacity set_capacity_and_notify "
	  "set_disk_ro submit_bio_noacct sync_blockdev sync_blockdev_nowait thaw_bdev unregister_blkdev ",
	"linux/bsearch.h bsearch ",
	"linux/bsg-lib.h bsg_job_done bsg_remove_queue bsg_setup_queue ",
	"linux/bsg.h bsg_unregister_queue ",
	"linux/buffer_head.h __bforget __block_write_begin __brelse __find_get_block alloc_buffer_head "
	  "alloc_page_buffers bh_uptodate_or_lock block_commit_write block_dirty_folio block_invalidate_folio "
	  "block_is_partially_uptodate block_page_mkwrite block_read_full_folio block_truncate_page "
	  "block_write_begin block_write_end block_write_full_page buffer_check_dirty_writeback "
	  "clean_bdev_aliases clean_page_buffers cont_write_begin create_empty_buffers end_buffer_read_sync "
	  "end_buffer_write_sync free_buffer_head generic_block_bmap generic_cont_expand_simple generic_write_end "
	  "invalidate_bh_lrus invalidate_inode_buffers mark_buffer_dirty mark_buffer_dirty_inode set_bh_page "
	  "submit_bh sync_dirty_buffer sync_mapping_buffers try_to_free_buffers unlock_buffer write_dirty_buffer ",
	"linux/capability.h capable capable_wrt_inode_uidgid has_capability_noaudit ns_capable_noaudit ",
	"linux/cdev.h cdev_add cdev_alloc cdev_del cdev_device_add cdev_device_del cdev_init ",
	"linux/completion.h complete complete_all completion_done try_wait_for_completion wait_for_completion "
	  "wait_for_completion_interruptible wait_for_completion_interruptible_timeout wait_for_completion_io "
	  "wait_for_completion_io_timeout wait_for_completion_killable wait_for_completion_killable_timeout "
	  "wait_for_completion_timeout ",
	"linux/configfs.h config_group_init config_group_init_type_name config_item_get_unless_zero "
	  "config_item_init_type_name config_item_put configfs_depend_item configfs_register_subsystem "
	  "configfs_remove_default_groups configfs_undepend_item configfs_unregister_subsystem ",
	"linux/console.h console_unblank ",
	"linux/cpu.h cpu_device_down cpu_device_up cpus_read_lock cpus_read_unlock ",
	"linux/cpumask.h __cpu_online_mask __cpu_possible_mask __cpu_present_mask nr_cpu_ids ",
	"linux/crc-t10dif.h crc_t10dif crc_t10dif_generic crc_t10dif_update ",
	"linux/crc16.h crc16 ",
	"linux/crc32.h __crc32c_le crc32_be crc32_le ",
	"linux/crc32c.h crc32c crc32c_impl ",
	"linux/crc64.h crc64_be crc64_rocksoft ",
	"linux/cred.h in_group_p override_creds prepare_creds prepare_kernel_cred revert_creds ",
	"linux/crypto.h alg_test crypto_comp_compress crypto_comp_decompress crypto_has_alg crypto_register_alg "
	  "crypto_register_algs crypto_req_done crypto_unregister_alg crypto_unregister_algs ",
	"linux/dax.h dax_file_unshare dax_finish_sync_fault dax_get_private dax_iomap_rw "
	  "dax_remap_file_range_prep dax_truncate_page dax_zero_range set_dax_nocache set_dax_nomc ",
	"linux/dcache.h __d_drop d_add d_add_ci d_alloc d_alloc_anon d_alloc_parallel d_delete d_drop "
	  "d_find_alias d_find_any_alias d_instantiate d_instantiate_anon d_instantiate_new d_invalidate d_lookup "
	  "d_make_root d_move d_obtain_alias d_path d_prune_aliases d_splice_alias d_tmpfile dget_parent "
	  "dotdot_name dput release_dentry_name_snapshot shrink_dcache_parent shrink_dcache_sb "
	  "take_dentry_name_snapshot ",
	"linux/delay.h msleep msleep_interruptible ",
	"linux/device-mapper.h dm_accept_partial_bio dm_bio_from_per_bio_data dm_bio_get_target_bio_nr "
	  "dm_consume_args dm_device_name dm_disk dm_get_dev_t dm_get_device dm_get_md dm_hold "
	  "dm_noflush_suspending dm_per_bio_data dm_post_suspending dm_put dm_put_device dm_read_arg "
	  "dm_read_arg_group dm_register_target dm_set_target_max_io_len dm_shift_arg dm_submit_bio_remap "
	  "dm_suspended dm_table_device_name dm_table_event dm_table_get_md dm_table_get_mode dm_table_get_size "
	  "dm_unregister_target ",
	"linux/device.h dev_set_name device_add device_create device_create_file device_del device_destroy "
	  "device_find_child device_for_each_child device_initialize device_register device_remove_file "
	  "device_reprobe device_unregister devm_kfree devres_add devres_find devres_free get_device put_device "
	  "root_device_unregister ",
	"linux/device/bus.h bus_register bus_unregister ",
	"linux/device/class.h class_destroy class_dev_iter_exit class_dev_iter_init class_dev_iter_next "
	  "class_find_device class_interface_register class_unregister sysfs_dev_block_kobj ",
	"linux/device/driver.h driver_register driver_unregister ",
	"linux/dlm.h dlm_new_lockspace ",
	"linux/dm-bufio.h dm_bufio_client_create dm_bufio_client_destroy dm_bufio_client_reset dm_bufio_forget "
	  "dm_bufio_get dm_bufio_get_aux_data dm_bufio_get_block_data dm_bufio_get_block_number "
	  "dm_bufio_get_block_size dm_bufio_get_client dm_bufio_get_device_size dm_bufio_get_dm_io_client "
	  "dm_bufio_mark_buffer_dirty dm_bufio_mark_partial_buffer_dirty dm_bufio_new dm_bufio_prefetch "
	  "dm_bufio_read dm_bufio_release dm_bufio_set_minimum_buffers dm_bufio_set_sector_offset "
	  "dm_bufio_write_dirty_buffers dm_bufio_write_dirty_buffers_async ",
	"linux/dm-dirty-log.h dm_dirty_log_create dm_dirty_log_destroy ",
	"linux/dm-io.h dm_io dm_io_client_create dm_io_client_destroy ",
	"linux/dm-kcopyd.h dm_kcopyd_client_create dm_kcopyd_client_destroy dm_kcopyd_client_flush dm_kcopyd_copy "
	  "dm_kcopyd_do_callback dm_kcopyd_prepare_callback dm_kcopyd_zero ",
	"linux/dm-region-hash.h dm_region_hash_create dm_region_hash_destroy dm_rh_bio_to_region dm_rh_dec "
	  "dm_rh_delay dm_rh_dirty_log dm_rh_flush dm_rh_get_region_key dm_rh_get_region_size dm_rh_get_state "
	  "dm_rh_inc_pending dm_rh_mark_nosync dm_rh_recovery_end dm_rh_recovery_in_flight dm_rh_recovery_prepare "
	  "dm_rh_recovery_start dm_rh_region_context dm_rh_region_to_sector dm_rh_start_recovery "
	  "dm_rh_stop_recovery dm_rh_update_states ",
	"linux/dma-mapping.h dma_get_merge_boundary dma_max_mapping_size ",
	"linux/errseq.h errseq_check errseq_check_and_advance errseq_sample errseq_set ",
	"linux/exportfs.h exportfs_decode_fh exportfs_encode_fh generic_fh_to_dentry generic_fh_to_parent ",
	"linux/fiemap.h fiemap_fill_next_extent fiemap_prep ",
	"linux/file.h fd_install fget fput get_unused_fd_flags put_unused_fd ",
	"linux/fileattr.h copy_fsxattr_to_user fileattr_fill_flags fileattr_fill_xflags vfs_fileattr_get "
	  "vfs_fileattr_set ",
	"linux/fs.h __destroy_inode __generic_file_fsync __iget __insert_inode_hash __mark_inode_dirty "
	  "alloc_chrdev_region always_delete_dentry bmap clear_inode clear_nlink current_time current_umask "
	  "d_alloc_name d_mark_dontcache deactivate_locked_super deactivate_super default_llseek dentry_open "
	  "direct_write_fallback discard_new_inode do_clone_file_range do_splice_direct drop_nlink drop_super "
	  "evict_inodes fasync_helper file_check_and_advance_wb_err file_modified file_path file_ra_state_init "
	  "file_remove_privs file_update_time file_write_and_wait_range filemap_invalidate_lock_two "
	  "filemap_invalidate_unlock_two filemap_read filp_close filp_open find_inode_by_ino_rcu "
	  "find_inode_nowait finish_no_open finish_open fixed_size_llseek free_anon_bdev free_inode_nonrcu "
	  "freeze_super fs_kobj generic_check_addressable generic_copy_file_range generic_delete_inode "
	  "generic_fadvise generic_file_direct_write generic_file_fsync generic_file_llseek "
	  "generic_file_llseek_size generic_file_mmap generic_file_open generic_file_read_iter "
	  "generic_file_readonly_mmap generic_file_splice_read generic_file_write_iter generic_fill_statx_attr "
	  "generic_fillattr generic_perform_write generic_permission generic_read_dir "
	  "generic_remap_file_range_prep generic_ro_fops generic_set_encrypted_ci_d_ops generic_update_time "
	  "generic_write_checks generic_write_checks_count get_active_super get_anon_bdev get_next_ino get_super "
	  "iget5_locked iget_failed iget_locked igrab ihold ilookup ilookup5 inc_nlink init_special_inode "
	  "inode_add_bytes inode_dio_wait inode_get_bytes inode_init_always inode_init_once inode_init_owner "
	  "inode_insert5 inode_needs_sync inode_newsize_ok inode_nohighmem inode_owner_or_capable "
	  "inode_permission inode_sb_list_add inode_set_bytes inode_set_ctime_current inode_set_flags "
	  "inode_sub_bytes inode_update_time insert_inode_locked insert_inode_locked4 iput is_bad_inode is_subdir "
	  "iter_file_splice_write iterate_dir iunique kernel_read kernel_write kfree_link kill_anon_super "
	  "kill_block_super kill_fasync kill_litter_super kiocb_modified lock_two_nondirectories make_bad_inode "
	  "make_empty_dir_inode may_open_dev mount_bdev mount_nodev mount_subtree new_inode nonseekable_open "
	  "noop_direct_IO noop_fsync noop_llseek notify_change open_with_fake_path page_get_link "
	  "page_get_link_raw page_put_link page_symlink page_symlink_inode_operations ram_aops "
	  "register_chrdev_region register_filesystem retire_super rw_verify_area sb_min_blocksize "
	  "sb_set_blocksize set_anon_super set_anon_super_fc set_nlink setattr_copy setattr_prepare "
	  "setattr_should_drop_suidgid sget sget_fc simple_dir_inode_operations simple_dir_operations "
	  "simple_empty simple_fill_super simple_get_link simple_getattr simple_link simple_lookup "
	  "simple_nosetlease simple_pin_fs simple_read_from_buffer simple_release_fs simple_rename simple_rmdir "
	  "simple_setattr simple_statfs simple_unlink stream_open super_setup_bdi super_setup_bdi_name "
	  "sync_filesystem sync_inode_metadata thaw_super touch_atime unlock_new_inode unlock_two_nondirectories "
	  "unregister_chrdev_region unregister_filesystem vfs_clone_file_range vfs_copy_file_range vfs_create "
	  "vfs_dedupe_file_range_one vfs_fadvise vfs_fallocate vfs_fsync vfs_fsync_range vfs_get_link vfs_getattr "
	  "vfs_iocb_iter_read vfs_iocb_iter_write vfs_iter_read vfs_iter_write vfs_link vfs_llseek vfs_mkdir "
	  "vfs_mknod vfs_readlink vfs_rename vfs_rmdir vfs_setpos vfs_statfs vfs_symlink vfs_tmpfile_open "
	  "vfs_unlink ",
	"linux/fs_context.h fs_context_for_submount get_tree_bdev get_tree_nodev get_tree_single put_fs_context "
	  "vfs_parse_fs_param_source ",
	"linux/fs_parser.h fs_lookup_param ",
	"linux/fs_types.h fs_ftype_to_dtype fs_umode_to_ftype ",
	"linux/fsnotify_backend.h fsnotify ",
	"linux/gcd.h gcd ",
	"linux/genetlink.h genl_lock genl_unlock ",
	"linux/gfp.h __free_pages __get_free_pages alloc_pages_exact free_pages free_pages_exact get_zeroed_page ",
	"linux/hrtimer.h hrtimer_active hrtimer_cancel hrtimer_init hrtimer_sleeper_start_expires "
	  "schedule_hrtimeout ",
	"linux/idr.h ida_alloc_range ida_destroy ida_free idr_alloc idr_alloc_cyclic idr_destroy idr_find "
	  "idr_for_each idr_get_next idr_preload idr_remove idr_replace ",
	"linux/inet.h inet_addr_is_any inet_pton_with_scope ",
	"linux/init.h initcall_debug ",
	"linux/interrupt.h __raise_softirq_irqoff irq_calc_affinity_vectors irq_create_affinity_masks "
	  "irq_update_affinity_desc open_softirq raise_softirq tasklet_init ",
	"linux/iomap.h __iomap_dio_rw iomap_bmap iomap_dio_complete iomap_dio_rw iomap_fiemap "
	  "iomap_file_buffered_write iomap_file_buffered_write_punch_delalloc iomap_file_unshare "
	  "iomap_finish_ioends iomap_invalidate_folio iomap_ioend_try_merge iomap_is_partially_uptodate "
	  "iomap_page_mkwrite iomap_read_folio iomap_readahead iomap_release_folio iomap_seek_data "
	  "iomap_seek_hole iomap_sort_ioends iomap_swapfile_activate iomap_truncate_page iomap_writepages "
	  "iomap_zero_range ",
	"linux/ioport.h insert_resource iomem_resource ioport_resource release_resource ",
	"linux/ioprio.h set_task_ioprio ",
	"linux/irq.h irq_get_irq_data ",
	"linux/irqdomain.h irq_dispose_mapping ",
	"linux/iversion.h inode_maybe_inc_iversion ",
	"linux/jbd2.h jbd2__journal_restart jbd2__journal_start jbd2_complete_transaction jbd2_fc_begin_commit "
	  "jbd2_fc_end_commit jbd2_fc_end_commit_fallback jbd2_fc_get_buf jbd2_fc_release_bufs jbd2_fc_wait_bufs "
	  "jbd2_journal_abort jbd2_journal_begin_ordered_truncate jbd2_journal_blocks_per_page "
	  "jbd2_journal_check_available_features jbd2_journal_clear_err jbd2_journal_clear_features "
	  "jbd2_journal_destroy jbd2_journal_dirty_metadata jbd2_journal_errno jbd2_journal_extend "
	  "jbd2_journal_finish_inode_data_buffers jbd2_journal_flush jbd2_journal_force_commit "
	  "jbd2_journal_force_commit_nested jbd2_journal_forget jbd2_journal_free_reserved "
	  "jbd2_journal_get_create_access jbd2_journal_get_write_access jbd2_journal_init_dev "
	  "jbd2_journal_init_inode jbd2_journal_init_jbd_inode jbd2_journal_inode_ranged_wait "
	  "jbd2_journal_inode_ranged_write jbd2_journal_invalidate_folio jbd2_journal_load "
	  "jbd2_journal_lock_updates jbd2_journal_release_jbd_inode jbd2_journal_revoke jbd2_journal_set_features "
	  "jbd2_journal_set_triggers jbd2_journal_start jbd2_journal_start_commit jbd2_journal_start_reserved "
	  "jbd2_journal_stop jbd2_journal_submit_inode_data_buffers jbd2_journal_try_to_free_buffers "
	  "jbd2_journal_unlock_updates jbd2_journal_update_sb_errno jbd2_journal_wipe jbd2_log_wait_commit "
	  "jbd2_submit_inode_data jbd2_trans_will_send_data_barrier jbd2_transaction_committed "
	  "jbd2_wait_inode_data ",
	"linux/jiffies.h clock_t_to_jiffies jiffies jiffies_to_clock_t jiffies_to_msecs nsecs_to_jiffies "
	  "timespec64_to_jiffies ",
	"linux/kernel.h bin2hex get_options hex2bin hex_asc_upper hex_to_bin kasprintf kvasprintf "
	  "kvasprintf_const memparse parse_option_str scnprintf snprintf sprintf sscanf system_state vscnprintf "
	  "vsnprintf ",
	"linux/kernfs.h __kernfs_create_file kernfs_break_active_protection kernfs_create_dir_ns "
	  "kernfs_create_empty_dir kernfs_create_link kernfs_create_root kernfs_destroy_root "
	  "kernfs_find_and_get_ns kernfs_free_fs_context kernfs_get kernfs_get_parent kernfs_get_tree "
	  "kernfs_kill_sb kernfs_notify kernfs_put kernfs_remove kernfs_remove_by_name_ns kernfs_remove_self "
	  "kernfs_rename_ns kernfs_root_to_node kernfs_setattr kernfs_super_ns kernfs_unbreak_active_protection ",
	"linux/klist.h klist_add_tail klist_del klist_init klist_iter_exit klist_iter_init klist_iter_init_node "
	  "klist_next klist_node_attached klist_prev klist_remove ",
	"linux/kobject.h add_uevent_var kernel_kobj kobj_sysfs_ops kobject_add kobject_create_and_add kobject_del "
	  "kobject_get kobject_get_ownership kobject_get_path kobject_get_unless_zero kobject_init "
	  "kobject_init_and_add kobject_move kobject_namespace kobject_put kobject_rename kobject_set_name "
	  "kobject_set_name_vargs kobject_synth_uevent kobject_uevent kobject_uevent_env kset_create_and_add "
	  "kset_find_obj kset_init kset_register kset_unregister ",
	"linux/kobject_ns.h kobj_ns_current_may_mount kobj_ns_drop kobj_ns_grab_current kobj_ns_ops ",
	"linux/kstrtox.h kstrtobool kstrtoint kstrtoll kstrtos8 kstrtou16 kstrtou8 kstrtouint kstrtoul_from_user "
	  "kstrtoull simple_strtol simple_strtoul simple_strtoull ",
	"linux/kthread.h kthread_complete_and_exit kthread_create_on_node kthread_park kthread_parkme "
	  "kthread_should_park kthread_should_stop kthread_stop kthread_unpark ",
	"linux/lcm.h lcm_not_zero ",
	"linux/list_lru.h list_lru_add list_lru_del list_lru_destroy list_lru_isolate_move ",
	"linux/list_sort.h list_sort ",
	"linux/llist.h llist_add_batch llist_reverse_order ",
	"linux/lockdep.h lock_is_held lockdep_is_held ",
	"linux/lru_cache.h lc_committed lc_create lc_del lc_destroy lc_element_by_index lc_find lc_get "
	  "lc_get_cumulative lc_is_used lc_put lc_reset lc_seq_printf_stats lc_try_get lc_try_lock ",
	"linux/lz4.h LZ4_compress_default LZ4_decompress_safe ",
	"linux/lzo.h lzo1x_1_compress lzo1x_1_compress_safe lzo1x_decompress_safe ",
	"linux/math.h int_pow int_sqrt ",
	"linux/mbcache.h mb_cache_create mb_cache_destroy mb_cache_entry_create mb_cache_entry_delete_or_get "
	  "mb_cache_entry_find_first mb_cache_entry_find_next mb_cache_entry_get mb_cache_entry_touch "
	  "mb_cache_entry_wait_unused ",
	"linux/memblock.h max_low_pfn max_pfn ",
	"linux/mempool.h mempool_alloc mempool_alloc_slab mempool_create mempool_destroy mempool_exit "
	  "mempool_free mempool_free_slab mempool_init ",
	"linux/miscdevice.h misc_deregister misc_register ",
	"linux/mm.h filemap_fault filemap_map_pages folio_mapped folio_mark_dirty generic_error_remove_page "
	  "get_cmdline get_user_pages get_user_pages_fast is_vmalloc_addr mem_dump_obj page_mapped "
	  "pagecache_isize_extended release_pages set_page_dirty set_page_dirty_lock si_meminfo "
	  "truncate_inode_pages truncate_inode_pages_final truncate_inode_pages_range truncate_pagecache "
	  "truncate_pagecache_range truncate_setsize unmap_mapping_range vma_set_file vmalloc_to_page ",
	"linux/mmdebug.h dump_page ",
	"linux/module.h __module_get module_kset module_put register_module_notifier try_module_get "
	  "unregister_module_notifier ",
	"linux/moduleparam.h param_get_int param_get_uint param_get_ulong param_set_int param_set_uint "
	  "param_set_ulong ",
	"linux/mount.h __mnt_is_readonly clone_private_mount fc_mount kern_mount kern_unmount_array "
	  "mnt_drop_write mnt_drop_write_file mnt_want_write mnt_want_write_file mntget mntput name_to_dev_t "
	  "vfs_kern_mount ",
	"linux/mpage.h mpage_read_folio mpage_readahead mpage_writepages ",
	"linux/mutex.h __mutex_init mutex_is_locked mutex_lock mutex_lock_interruptible mutex_lock_io "
	  "mutex_lock_killable mutex_trylock mutex_unlock ",
	"linux/namei.h kern_path lock_rename lookup_one lookup_one_len lookup_one_positive_unlocked "
	  "lookup_one_unlocked lookup_positive_unlocked unlock_rename ",
	"linux/net.h kernel_accept kernel_bind kernel_getpeername kernel_getsockname kernel_listen kernel_sendmsg "
	  "kernel_sock_shutdown sock_create sock_create_kern sock_recvmsg sock_release sock_sendmsg sockfd_lookup ",
	"linux/netfs.h netfs_read_folio netfs_readahead netfs_subreq_terminated netfs_write_begin ",
	"linux/netlink.h __nlmsg_put netlink_ack netlink_broadcast netlink_capable netlink_has_listeners "
	  "netlink_kernel_release netlink_ns_capable netlink_unicast ",
	"linux/nls.h load_nls unload_nls utf16s_to_utf8s utf8s_to_utf16s ",
	"linux/notifier.h blocking_notifier_call_chain blocking_notifier_chain_register "
	  "blocking_notifier_chain_unregister ",
	"linux/page-flags.h set_page_writeback ",
	"linux/pagemap.h __filemap_get_folio __set_page_dirty_nobuffers add_to_page_cache_lru "
	  "clear_page_dirty_for_io end_page_writeback fault_in_readable fault_in_safe_writeable "
	  "fault_in_subpage_writeable filemap_check_errors filemap_fdatawait_keep_errors filemap_fdatawait_range "
	  "filemap_fdatawait_range_keep_errors filemap_fdatawrite filemap_fdatawrite_range filemap_fdatawrite_wbc "
	  "filemap_flush filemap_get_folios filemap_get_folios_contig filemap_range_has_page "
	  "filemap_release_folio filemap_write_and_wait_range folio_clear_dirty_for_io folio_end_writeback "
	  "folio_invalidate folio_mapping folio_unlock folio_wait_stable folio_wait_writeback "
	  "grab_cache_page_write_begin invalidate_inode_pages2 invalidate_inode_pages2_range "
	  "invalidate_mapping_pages kiocb_invalidate_pages kiocb_invalidate_post_direct_write noop_dirty_folio "
	  "page_endio pagecache_get_page read_cache_page_gfp readahead_expand replace_page_cache_page unlock_page "
	  "wait_for_stable_page wait_on_page_writeback write_inode_now ",
	"linux/pagevec.h pagevec_lookup_range_tag ",
	"linux/panic.h add_taint panic print_tainted ",
	"linux/parser.h match_int match_octal match_strdup match_strlcpy match_token match_u64 ",
	"linux/path.h path_get path_put ",
	"linux/percpu-refcount.h percpu_ref_exit percpu_ref_init percpu_ref_is_zero percpu_ref_kill_and_confirm "
	  "percpu_ref_resurrect percpu_ref_switch_to_atomic_sync percpu_ref_switch_to_percpu ",
	"linux/percpu-rwsem.h percpu_down_write percpu_free_rwsem percpu_up_write ",
	"linux/percpu.h __alloc_percpu __alloc_percpu_gfp free_percpu ",
	"linux/percpu_counter.h __percpu_counter_compare percpu_counter_add_batch percpu_counter_destroy "
	  "percpu_counter_set ",
	"linux/pid.h find_pid_ns find_vpid pid_nr_ns ",
	"linux/pid_namespace.h init_pid_ns task_active_pid_ns ",
	"linux/pipe_fs_i.h nosteal_pipe_buf_ops pipe_lock pipe_unlock ",
	"linux/platform_device.h platform_bus ",
	"linux/posix_acl.h forget_all_cached_acls get_acl get_cached_acl_rcu posix_acl_chmod posix_acl_clone "
	  "posix_acl_create ",
	"linux/posix_acl_xattr.h posix_acl_access_xattr_handler posix_acl_default_xattr_handler "
	  "posix_acl_from_xattr posix_acl_to_xattr vfs_set_acl_prepare ",
	"linux/printk.h _printk console_verbose dump_stack hex_dump_to_buffer oops_in_progress print_hex_dump "
	  "vprintk vprintk_emit wake_up_klogd ",
	"linux/proc_fs.h proc_create proc_create_data proc_create_single_data proc_mkdir proc_symlink "
	  "remove_proc_entry remove_proc_subtree ",
	"linux/projid.h init_user_ns ",
	"linux/property.h fwnode_count_parents fwnode_get_name fwnode_get_name_prefix fwnode_get_nth_parent "
	  "fwnode_handle_put ",
	"linux/pseudo_fs.h init_pseudo ",
	"linux/radix-tree.h __radix_tree_lookup __radix_tree_replace idr_get_free radix_tree_delete "
	  "radix_tree_delete_item radix_tree_gang_lookup radix_tree_gang_lookup_tag radix_tree_insert "
	  "radix_tree_iter_replace radix_tree_iter_tag_clear radix_tree_lookup radix_tree_lookup_slot "
	  "radix_tree_maybe_preload radix_tree_preload radix_tree_replace_slot radix_tree_tag_clear "
	  "radix_tree_tag_get radix_tree_tag_set radix_tree_tagged ",
	"linux/raid/pq.h raid6_2data_recov raid6_call raid6_datap_recov ",
	"linux/raid/xor.h xor_blocks ",
	"linux/random.h get_random_bytes get_random_u32 rng_is_initialized ",
	"linux/ratelimit_types.h ___ratelimit ",
	"linux/rbtree.h rb_erase rb_first rb_first_postorder rb_insert_color rb_last rb_next rb_prev "
	  "rb_replace_node ",
	"linux/rcupdate.h call_rcu rcu_callback_map synchronize_rcu ",
	"linux/rcutree.h rcu_barrier synchronize_rcu_expedited ",
	"linux/reboot.h kernel_restart register_reboot_notifier unregister_reboot_notifier ",
	"linux/refcount.h refcount_dec_and_mutex_lock ",
	"linux/rhashtable-types.h rhashtable_init ",
	"linux/rhashtable.h rhashtable_destroy ",
	"linux/rwsem.h down_read down_read_trylock down_write down_write_killable down_write_trylock "
	  "downgrade_write up_read up_write ",
	"linux/sbitmap.h __sbitmap_queue_get __sbitmap_queue_get_batch sbitmap_any_bit_set sbitmap_finish_wait "
	  "sbitmap_get sbitmap_init_node sbitmap_prepare_to_wait sbitmap_queue_clear sbitmap_queue_clear_batch "
	  "sbitmap_queue_get_shallow sbitmap_queue_init_node sbitmap_queue_recalculate_wake_batch "
	  "sbitmap_queue_resize sbitmap_queue_wake_all sbitmap_queue_wake_up sbitmap_resize sbitmap_weight ",
	"linux/scatterlist.h __sg_alloc_table __sg_free_table sg_alloc_table sg_alloc_table_chained "
	  "sg_copy_buffer sg_copy_from_buffer sg_copy_to_buffer sg_free_table sg_free_table_chained sg_init_one "
	  "sg_init_table sg_miter_next sg_miter_start sg_miter_stop sg_nents_for_len sg_next sg_pcopy_from_buffer "
	  "sg_zero_buffer sgl_alloc sgl_alloc_order sgl_free sgl_free_n_order ",
	"linux/sched.h find_task_by_vpid io_schedule io_schedule_timeout sched_set_fifo_low schedule "
	  "schedule_timeout schedule_timeout_idle schedule_timeout_interruptible schedule_timeout_killable "
	  "schedule_timeout_uninterruptible set_cpus_allowed_ptr set_user_nice wake_up_process ",
	"linux/sched/debug.h show_stack ",
	"linux/sched/signal.h flush_signals send_sig ",
	"linux/sched/task.h init_task tasklist_lock ",
	"linux/sched/topology.h cpus_share_cache ",
	"linux/sched/user.h find_user free_uid ",
	"linux/semaphore.h down down_interruptible down_trylock up ",
	"linux/seq_file.h mangle_path seq_dentry seq_file_path seq_lseek seq_open seq_printf seq_putc seq_puts "
	  "seq_read seq_read_iter seq_release seq_write single_start ",
	"linux/shrinker.h register_shrinker unregister_shrinker ",
	"linux/siphash.h siphash_1u64 ",
	"linux/skbuff.h skb_abort_seq_read skb_copy_expand skb_prepare_seq_read skb_pull skb_put skb_seq_read "
	  "skb_trim ",
	"linux/slab.h kfree kfree_sensitive kmem_cache_alloc kmem_cache_alloc_bulk kmem_cache_alloc_lru "
	  "kmem_cache_alloc_node kmem_cache_create kmem_cache_create_usercopy kmem_cache_destroy kmem_cache_free "
	  "kmem_cache_free_bulk kmem_cache_shrink kmem_cache_size krealloc ksize kvfree kvrealloc ",
	"linux/smp.h smp_call_function_single_async ",
	"linux/sort.h sort ",
	"linux/spinlock_api_smp.h __builtin_return_address ",
	"linux/splice.h add_to_pipe default_pipe_buf_ops page_cache_pipe_buf_ops ",
	"linux/srcu.h cleanup_srcu_struct init_srcu_struct synchronize_srcu ",
	"linux/stop_machine.h print_stop_info ",
	"linux/string.h __sysfs_match_string kfree_const kmemdup kmemdup_nul kstrdup kstrdup_const kstrndup "
	  "match_string memchr memchr_inv memcmp memdup_user memdup_user_nul memory_read_from_buffer memscan "
	  "memweight skip_spaces strcasecmp strcat strchr strchrnul strcmp strcpy strcspn strim strlcat strlcpy "
	  "strlen strncasecmp strncat strnchr strnchrnul strncmp strncpy strndup_user strnlen strnstr strrchr "
	  "strreplace strscpy strscpy_pad strsep strspn strstr sysfs_streq ",
	"linux/string_helpers.h string_escape_mem string_get_size ",
	"linux/stringhash.h full_name_hash ",
	"linux/swab.h __builtin_constant_p ",
	"linux/swap.h add_swap_extent lru_add_drain_all lru_cache_add mark_page_accessed ",
	"linux/swiotlb.h io_tlb_default_mem ",
	"linux/sysctl.h proc_dointvec proc_dointvec_minmax register_sysctl register_sysctl_table "
	  "unregister_sysctl_table ",
	"linux/sysfs.h sysfs_break_active_protection sysfs_change_owner sysfs_create_bin_file sysfs_create_dir_ns "
	  "sysfs_create_file_ns sysfs_create_files sysfs_create_group sysfs_create_groups sysfs_create_link "
	  "sysfs_create_mount_point sysfs_delete_link sysfs_emit sysfs_emit_at sysfs_file_change_owner "
	  "sysfs_groups_change_owner sysfs_link_change_owner sysfs_merge_group sysfs_move_dir_ns sysfs_notify "
	  "sysfs_remove_bin_file sysfs_remove_dir sysfs_remove_file_ns sysfs_remove_file_self sysfs_remove_files "
	  "sysfs_remove_group sysfs_remove_groups sysfs_remove_link sysfs_remove_mount_point sysfs_rename_dir_ns "
	  "sysfs_rename_link_ns sysfs_unbreak_active_protection sysfs_unmerge_group ",
	"linux/t10-pi.h t10_pi_type1_crc t10_pi_type1_ip t10_pi_type3_crc t10_pi_type3_ip ",
	"linux/tcp.h tcp_sock_set_cork tcp_sock_set_nodelay tcp_sock_set_quickack ",
	"linux/textsearch.h textsearch_register textsearch_unregister ",
	"linux/time.h sys_tz time64_to_tm ",
	"linux/timekeeping.h ktime_get ktime_get_coarse_real_ts64 ktime_get_real_seconds ktime_get_real_ts64 "
	  "ktime_get_seconds ",
	"linux/timer.h add_timer mod_timer round_jiffies_up timer_delete_sync timer_reduce ",
	"linux/transport_class.h transport_add_device transport_class_register transport_class_unregister "
	  "transport_configure_device transport_destroy_device transport_remove_device transport_setup_device ",
	"linux/uaccess.h copy_to_user_nofault ",
	"linux/uio.h copy_page_from_iter copy_page_from_iter_atomic copy_page_to_iter fault_in_iov_iter_readable "
	  "fault_in_iov_iter_writeable import_iovec import_single_range iov_iter_advance iov_iter_alignment "
	  "iov_iter_bvec iov_iter_gap_alignment iov_iter_get_pages2 iov_iter_get_pages_alloc2 iov_iter_init "
	  "iov_iter_kvec iov_iter_npages iov_iter_revert iov_iter_single_seg_count iov_iter_xarray iov_iter_zero ",
	"linux/uio_driver.h uio_event_notify uio_unregister_device ",
	"linux/umh.h call_usermodehelper ",
	"linux/user_namespace.h init_user_ns ",
	"linux/utsname.h init_user_ns ",
	"linux/uuid.h generate_random_guid generate_random_uuid guid_index guid_null uuid_gen uuid_index "
	  "uuid_is_valid ",
	"linux/vmalloc.h __vmalloc vfree vm_map_ram vm_unmap_aliases vm_unmap_ram vmalloc vmalloc_node vmap "
	  "vunmap vzalloc vzalloc_node ",
	"linux/vmstat.h dec_node_page_state inc_node_page_state ",
	"linux/wait.h add_wait_queue add_wait_queue_exclusive finish_wait prepare_to_wait prepare_to_wait_event "
	  "prepare_to_wait_exclusive remove_wait_queue wait_woken woken_wake_function ",
	"linux/wait_bit.h bit_waitqueue wake_up_bit wake_up_var ",
	"linux/workqueue.h alloc_workqueue cancel_delayed_work cancel_delayed_work_sync cancel_work_sync "
	  "destroy_workqueue drain_workqueue execute_in_process_context flush_delayed_work flush_work "
	  "mod_delayed_work_on print_worker_info queue_work_on system_freezable_power_efficient_wq "
	  "system_unbound_wq system_wq work_busy workqueue_set_max_active ",
	"linux/writeback.h balance_dirty_pages_ratelimited balance_dirty_pages_ratelimited_flags "
	  "filemap_dirty_folio folio_account_redirty folio_redirty_for_writepage generic_writepages "
	  "inode_io_list_del laptop_io_completion laptop_mode redirty_page_for_writepage sync_inodes_sb "
	  "tag_pages_for_writeback try_to_writeback_inodes_sb write_cache_pages ",
	"linux/xarray.h __xa_alloc __xa_clear_mark xa_clear_mark xa_destroy xa_erase xa_get_mark xa_load "
	  "xa_set_mark xa_store xas_clear_mark xas_find_marked xas_load xas_nomem xas_set_mark xas_store ",
	"linux/xattr.h simple_xattr_get simple_xattr_list simple_xattr_set vfs_getxattr vfs_listxattr "
	  "vfs_removexattr vfs_setxattr xattr_full_name ",
	"linux/xxhash.h xxh64 xxh64_digest xxh64_reset xxh64_update ",
	"linux/zlib.h zlib_deflate zlib_deflateEnd zlib_deflateInit2 zlib_deflateReset "
	  "zlib_deflate_dfltcc_enabled zlib_deflate_workspacesize zlib_inflate zlib_inflateEnd zlib_inflateInit2 "
	  "zlib_inflateReset zlib_inflate_workspacesize ",
	"linux/zsmalloc.h zs_compact zs_create_pool zs_destroy_pool zs_free zs_get_total_pages zs_huge_class_size "
	  "zs_malloc zs_map_object zs_pool_stats zs_unmap_object ",
	"linux/zstd.h zstd_cctx_workspace_bound zstd_compress_cctx zstd_compress_stream "
	  "zstd_cstream_workspace_bound zstd_dctx_workspace_bound zstd_decompress_dctx zstd_decompress_stream "
	  "zstd_dstream_workspace_bound zstd_end_stream zstd_get_error_code zstd_get_params zstd_init_cctx "
	  "zstd_init_cstream zstd_init_dctx zstd_init_dstream zstd_is_error ",
	"linux/zstd_lib.h ZSTD_defaultCMem ",
	"mm/internal.h gfpflag_names pageflag_names vmaflag_names ",
	"net/9p/client.h p9_client_attach p9_client_begin_disconnect p9_client_create p9_client_create_dotl "
	  "p9_client_destroy p9_client_disconnect p9_client_fcreate p9_client_fsync p9_client_getattr_dotl "
	  "p9_client_getlock_dotl p9_client_link p9_client_lock_dotl p9_client_mkdir_dotl p9_client_mknod_dotl "
	  "p9_client_open p9_client_read p9_client_read_once p9_client_readdir p9_client_readlink "
	  "p9_client_remove p9_client_rename p9_client_renameat p9_client_setattr p9_client_stat p9_client_statfs "
	  "p9_client_symlink p9_client_unlinkat p9_client_walk p9_client_write p9_client_wstat "
	  "p9_client_xattrcreate p9_client_xattrwalk p9_is_proto_dotl p9_is_proto_dotu p9_show_client_options "
	  "p9dirent_read p9stat_free p9stat_read ",
	"net/genetlink.h genl_register_family genl_unregister_family genlmsg_multicast_allns genlmsg_put ",
	"net/ip.h ip_sock_set_freebind ",
	"net/net_namespace.h init_net register_pernet_subsys ",
	"net/netlink.h netlink_rcv_skb nla_find nla_put nla_put_64bit nla_put_nohdr nla_reserve nla_strcmp "
	  "nla_strdup ",
	"net/secure_seq.h init_net ",
	"net/sock.h release_sock sk_set_memalloc sock_no_linger sock_no_sendpage sock_no_shutdown "
	  "sock_set_reuseaddr ",
	"net/tcp.h tcp_read_sock ",
	"scsi/scsi_cmnd.h scsi_alloc_request scsi_alloc_sgtables scsi_build_sense scsi_done scsi_free_sgtables ",
	"scsi/scsi_common.h int_to_scsilun scsi_build_sense_buffer scsi_device_type scsi_normalize_sense "
	  "scsi_set_sense_information scsilun_to_int ",
	"scsi/scsi_dbg.h __scsi_print_sense scsi_print_command scsi_print_sense_hdr ",
	"scsi/scsi_device.h __scsi_execute scmd_printk scsi_add_device scsi_change_queue_depth scsi_device_get "
	  "scsi_device_lookup scsi_device_put scsi_device_set_state scsi_get_vpd_page scsi_mode_select "
	  "scsi_mode_sense scsi_remove_device scsi_remove_target scsi_report_opcode scsi_scan_target "
	  "scsi_set_medium_removal scsi_target_block scsi_target_unblock scsi_test_unit_ready ",
	"scsi/scsi_driver.h scsi_register_driver scsi_register_interface ",
	"scsi/scsi_eh.h scsi_block_when_processing_errors scsi_command_normalize_sense scsi_get_sense_info_fld ",
	"scsi/scsi_host.h scsi_host_alloc scsi_host_get scsi_host_lookup scsi_host_put scsi_is_host_device "
	  "scsi_remove_host scsi_scan_host ",
	"scsi/scsi_ioctl.h get_sg_io_hdr put_sg_io_hdr scsi_cmd_allowed scsi_ioctl "
	  "scsi_ioctl_block_when_processing_errors ",
	"scsi/scsi_transport.h __scsi_init_queue ",
	"scsi/scsi_transport_fc.h fc_host_fpin_rcv ",
	"scsi/scsicam.h scsicam_bios_param ",
	"xen/xen.h xen_biovec_phys_mergeable ",
};

const char *host_symbol_header(const char *name, unsigned long *bytes)
{
	unsigned long length = strlen(name);

	for (unsigned int i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const char *at = headers[i];

		while ((at = strstr(at, name))) {
			if (at > headers[i] && at[-1] == ' ' && at[length] == ' ') {
				*bytes = (unsigned long)(strchr(headers[i], ' ') - headers[i]);
				return headers[i];
			}
			at += length;
		}
	}
	return NULL;
}
