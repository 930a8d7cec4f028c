/* builtin.S - the model file inside the library, for nct_m1_builtin(). Its licence is m1-default.LICENSE, not the code's. */
	.section .rodata
	.balign 8
	.globl nct_m1_default
	.hidden nct_m1_default
	.type nct_m1_default, %object
nct_m1_default:
	.incbin "m1/m1-default.safetensors"
	.size nct_m1_default, . - nct_m1_default

	.globl nct_m1_default_end
	.hidden nct_m1_default_end
	.type nct_m1_default_end, %object
nct_m1_default_end:

	.section .note.GNU-stack, "", %progbits
