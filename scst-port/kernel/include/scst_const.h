/* SPDX-License-Identifier: MIT */
#ifndef SCST_CONST_H
#define SCST_CONST_H

/* scst_const.h - numbers of SAM-5, SPC-4 and SBC-3, by their standards' names. */

/* SAM-5 5.3.1 */
#define SAM_STAT_GOOD			0x00
#define SAM_STAT_CHECK_CONDITION	0x02
#define SAM_STAT_CONDITION_MET		0x04
#define SAM_STAT_BUSY			0x08
#define SAM_STAT_RESERVATION_CONFLICT	0x18
#define SAM_STAT_TASK_SET_FULL		0x28
#define SAM_STAT_ACA_ACTIVE		0x30
#define SAM_STAT_TASK_ABORTED		0x40

/* SPC-4 4.5.6 */
#define NO_SENSE		0x0
#define RECOVERED_ERROR		0x1
#define NOT_READY		0x2
#define MEDIUM_ERROR		0x3
#define HARDWARE_ERROR		0x4
#define ILLEGAL_REQUEST		0x5
#define UNIT_ATTENTION		0x6
#define DATA_PROTECT		0x7
#define COPY_ABORTED		0xa
#define ABORTED_COMMAND		0xb
#define MISCOMPARE		0xe

/* Sense key, additional sense code, qualifier. */
#define scst_sense_no_medium			NOT_READY, 0x3a, 0x00
#define scst_sense_sanitize_in_progress		NOT_READY, 0x04, 0x1b
#define scst_sense_sanitize_failed		MEDIUM_ERROR, 0x31, 0x03
#define scst_sense_stopped			NOT_READY, 0x04, 0x02
#define scst_sense_medium_removal_prevented	ILLEGAL_REQUEST, 0x53, 0x02
#define scst_sense_medium_may_have_changed	UNIT_ATTENTION, 0x28, 0x00
#define scst_sense_no_sense			NO_SENSE, 0x00, 0x00
#define scst_sense_invalid_opcode		ILLEGAL_REQUEST, 0x20, 0x00
#define scst_sense_block_out_range_error	ILLEGAL_REQUEST, 0x21, 0x00
#define scst_sense_invalid_field_in_cdb		ILLEGAL_REQUEST, 0x24, 0x00
#define scst_sense_lun_not_supported		ILLEGAL_REQUEST, 0x25, 0x00
#define scst_sense_invalid_field_in_parm_list	ILLEGAL_REQUEST, 0x26, 0x00
#define scst_sense_invalid_release		ILLEGAL_REQUEST, 0x26, 0x04
#define scst_sense_parameter_list_length_invalid ILLEGAL_REQUEST, 0x1a, 0x00
#define scst_sense_saving_params_unsup		ILLEGAL_REQUEST, 0x39, 0x00
#define scst_sense_insufficient_registration_resources ILLEGAL_REQUEST, 0x55, 0x04
#define scst_sense_data_protect			DATA_PROTECT, 0x27, 0x00
#define scst_sense_space_alloc_failed		DATA_PROTECT, 0x27, 0x07
#define scst_sense_read_error			MEDIUM_ERROR, 0x11, 0x00
#define scst_sense_write_error			MEDIUM_ERROR, 0x0c, 0x00
#define scst_sense_internal_failure		HARDWARE_ERROR, 0x44, 0x00
#define scst_sense_miscompare_error		MISCOMPARE, 0x1d, 0x00
#define scst_sense_crc_error			ABORTED_COMMAND, 0x47, 0x05
#define scst_sense_aborted_command		ABORTED_COMMAND, 0x00, 0x00
#define scst_sense_write_phase_error		ABORTED_COMMAND, 0x4b, 0x00
#define scst_sense_tp_soft_threshold_reached	UNIT_ATTENTION, 0x38, 0x07
#define scst_sense_reset_UA			UNIT_ATTENTION, 0x29, 0x00
#define scst_sense_bus_device_reset_UA		UNIT_ATTENTION, 0x29, 0x03
#define scst_sense_nexus_loss_UA		UNIT_ATTENTION, 0x29, 0x07
#define scst_sense_mode_parameters_changed_UA	UNIT_ATTENTION, 0x2a, 0x01
#define scst_sense_capacity_data_changed	UNIT_ATTENTION, 0x2a, 0x09
#define scst_sense_reservation_preempted	UNIT_ATTENTION, 0x2a, 0x03
#define scst_sense_reservation_released		UNIT_ATTENTION, 0x2a, 0x04
#define scst_sense_registrations_preempted	UNIT_ATTENTION, 0x2a, 0x05
#define scst_sense_cleared_by_another_ini_UA	UNIT_ATTENTION, 0x2f, 0x00
#define scst_sense_operation_in_progress	ILLEGAL_REQUEST, 0x00, 0x16
#define scst_sense_too_many_cscds		ILLEGAL_REQUEST, 0x26, 0x06
#define scst_sense_unsupported_cscd_type	ILLEGAL_REQUEST, 0x26, 0x07
#define scst_sense_too_many_segments		ILLEGAL_REQUEST, 0x26, 0x08
#define scst_sense_unsupported_segment_type	ILLEGAL_REQUEST, 0x26, 0x09
#define scst_sense_inline_data_too_long		ILLEGAL_REQUEST, 0x26, 0x0b
#define scst_sense_insufficient_resources	ABORTED_COMMAND, 0x55, 0x03
#define scst_sense_copy_target_not_reachable	COPY_ABORTED, 0x0d, 0x02
#define scst_sense_copy_target_wrong_type	COPY_ABORTED, 0x0d, 0x03
#define scst_sense_reported_luns_data_changed	UNIT_ATTENTION, 0x3f, 0x0e

/* SPC-4 table F.2, SBC-3 table 12 */
#define TEST_UNIT_READY		0x00
#define REQUEST_SENSE		0x03
#define READ_6			0x08
#define WRITE_6			0x0a
#define INQUIRY			0x12
#define MODE_SELECT		0x15
#define RESERVE			0x16
#define RELEASE			0x17
#define MODE_SENSE		0x1a
#define START_STOP		0x1b
#define ALLOW_MEDIUM_REMOVAL	0x1e
#define READ_CAPACITY		0x25
#define READ_10			0x28
#define WRITE_10		0x2a
#define WRITE_VERIFY		0x2e
#define VERIFY			0x2f
#define PRE_FETCH		0x34
#define SYNCHRONIZE_CACHE	0x35
#define READ_DEFECT_DATA	0x37
#define WRITE_SAME		0x41
#define UNMAP			0x42
#define SANITIZE		0x48
#define MODE_SELECT_10		0x55
#define RESERVE_10		0x56
#define RELEASE_10		0x57
#define MODE_SENSE_10		0x5a
#define PERSISTENT_RESERVE_IN	0x5e
#define PERSISTENT_RESERVE_OUT	0x5f
#define EXTENDED_COPY		0x83
#define RECEIVE_COPY_RESULTS	0x84
#define READ_16			0x88
#define COMPARE_AND_WRITE	0x89
#define WRITE_16		0x8a
#define ORWRITE_16		0x8b
#define WRITE_VERIFY_16		0x8e
#define VERIFY_16		0x8f
#define PRE_FETCH_16		0x90
#define SYNCHRONIZE_CACHE_16	0x91
#define WRITE_SAME_16		0x93
#define WRITE_ATOMIC_16		0x9c
#define SERVICE_ACTION_IN_16	0x9e
#define REPORT_LUNS		0xa0
#define MAINTENANCE_IN		0xa3
#define READ_12			0xa8
#define WRITE_12		0xaa
#define WRITE_VERIFY_12		0xae
#define VERIFY_12		0xaf
#define READ_DEFECT_DATA_12	0xb7

#define SAI_READ_CAPACITY_16	0x10
#define SAI_GET_LBA_STATUS	0x12
#define MI_REPORT_SUPPORTED_OPERATION_CODES	0x0c
#define MI_REPORT_SUPPORTED_TASK_MGMT_FUNCTIONS	0x0d

/* SPC-4 6.15, 6.16 */
#define PRIN_READ_KEYS			0x00
#define PRIN_READ_RESERVATION		0x01
#define PRIN_REPORT_CAPABILITIES	0x02
#define PRIN_READ_FULL_STATUS		0x03
#define PROUT_REGISTER			0x00
#define PROUT_RESERVE			0x01
#define PROUT_RELEASE			0x02
#define PROUT_CLEAR			0x03
#define PROUT_PREEMPT			0x04
#define PROUT_PREEMPT_AND_ABORT		0x05
#define PROUT_REGISTER_AND_IGNORE	0x06
#define PROUT_REGISTER_AND_MOVE		0x07

/* SPC-4 6.24 to 6.26 */
#define RCR_COPY_STATUS			0x00
#define RCR_OPERATING_PARAMETERS	0x03

/* SBC-4 5.34 */
#define SANITIZE_OVERWRITE		0x01
#define SANITIZE_BLOCK_ERASE		0x02
#define SANITIZE_CRYPTO_ERASE		0x03
#define SANITIZE_EXIT_FAILURE_MODE	0x1f

#define TYPE_DISK		0x00

#endif /* SCST_CONST_H */
