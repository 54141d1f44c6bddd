/*
 * What programs share, for their readers of tables and models: they die of what
 * is wrong, and here that is a jump back.  Nothing is printed, the file is the
 * fuzzer's input, and memory of a run that died is freed.
 *
 * Programs that include this are linked with --wrap for the calls below.
 */
#ifndef FUZZ_CLI_H
#define FUZZ_CLI_H

#include <setjmp.h>
#include <stdarg.h>

#include "../../tools/cli/cli.h"
#include "../../tools/cli/interval.h"
#include "stream.h"

/* ----------------------------------------------------------------- memory */

void *__real_malloc(size_t n);
void *__real_realloc(void *old, size_t n);
void __real_free(void *memory);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_reallocarray(void *old, size_t n, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);
void __wrap_free(void *memory);

static struct block {
	struct block *next, *before;
} blocks = {&blocks, &blocks};
static bool reading; /* what others allocate is theirs */

static void *
link_block(struct block *block)
{
	if (block == NULL)
		return NULL;
	block->next = block->before = block;
	if (!reading)
		return block + 1;
	block->next = blocks.next;
	block->before = &blocks;
	block->next->before = blocks.next = block;
	return block + 1;
}

static struct block *
unlink_block(void *memory)
{
	struct block *block = (struct block *)memory - 1;

	block->next->before = block->before;
	block->before->next = block->next;
	return block;
}

void *
__wrap_malloc(size_t n)
{
	return n > PTRDIFF_MAX ? NULL :
	    link_block(__real_malloc(sizeof(struct block) + n));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	size_t all;
	void *memory = __builtin_mul_overflow(n, size, &all) ? NULL :
	    __wrap_malloc(all);

	return memory == NULL ? NULL : memset(memory, 0, all);
}

void *
__wrap_realloc(void *old, size_t n)
{
	struct block *block = old == NULL ? NULL : unlink_block(old), *new;

	new = n > PTRDIFF_MAX ? NULL :
	    __real_realloc(block, sizeof *block + n);
	if (new == NULL && block != NULL)
		link_block(block);
	return link_block(new);
}

void *
__wrap_reallocarray(void *old, size_t n, size_t size)
{
	size_t all;

	return __builtin_mul_overflow(n, size, &all) ? NULL :
	    __wrap_realloc(old, all);
}

char *
__wrap_strndup(const char *text, size_t n)
{
	size_t length = strnlen(text, n);
	char *copy = __wrap_malloc(length + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *
__wrap_strdup(const char *text)
{
	return __wrap_strndup(text, SIZE_MAX);
}

void
__wrap_free(void *memory)
{
	if (memory != NULL)
		__real_free(unlink_block(memory));
}

/* ------------------------------------------------------------------ files */

#define PIECES 2

static struct {
	const uint8_t *data;
	size_t size;
	FILE *file;
	int fd;
} input[PIECES];

static FILE *nowhere;

int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);

int
__wrap_fclose(FILE *file)
{
	size_t i;

	for (i = 0; i < PIECES; i++)
		if (input[i].file == file)
			input[i].file = NULL;
	return __real_fclose(file);
}

/* The paths of inputs are their numbers. */
FILE *
cli_text_input(const char *path)
{
	size_t i = (size_t)(path[0] - '0');

	must(i < PIECES);
	input[i].file = input[i].size == 0 ? fopen("/dev/null", "r") :
	    fmemopen((void *)(uintptr_t)input[i].data, input[i].size, "r");
	must(input[i].file != NULL);
	return input[i].file;
}

int
cli_open(const char *path)
{
	size_t i = (size_t)(path[0] - '0');

	must(i < PIECES);
	input[i].fd = memory_file(input[i].data, input[i].size);
	return input[i].fd;
}

FILE *
cli_table(const char *path)
{
	(void)path;
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	must(nowhere != NULL);
	return nowhere;
}

void
cli_print(FILE *table, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	must(vfprintf(table, format, ap) >= 0);
	va_end(ap);
}

/* --------------------------------------------------------------------- ends */

static jmp_buf back;
static struct bsp_error death;

void
cli_die(const struct bsp_error *e)
{
	death = *e;
	longjmp(back, 1);
}

void
cli_usage(const char *format, ...)
{
	va_list ap;

	death.status = BSP_USAGE;
	va_start(ap, format);
	vsnprintf(death.text, sizeof death.text, format, ap);
	va_end(ap);
	longjmp(back, 1);
}

void
cli_note(const char *format, ...)
{
	(void)format;
}

void
cli_warn(const char *format, ...)
{
	(void)format;
}

/* What only whole programs call. */
struct bsp_reader *
cli_reader(const char *path, enum bsp_content content)
{
	(void)path;
	(void)content;
	abort();
}

void
cli_parse(const struct cli_program *program, int argc, char **argv,
    struct cli_command *command)
{
	(void)program;
	(void)argc;
	(void)argv;
	(void)command;
	abort();
}

const char *
cli_command_line(const char *const *without)
{
	(void)without;
	abort();
}

int
cli_finish(bool said_no)
{
	(void)said_no;
	abort();
}

/* Does a reader take the inputs?  What it dies of is wrong with them. */
static bool
takes(void (*reader)(void))
{
	static bool taken;
	size_t i;

	death = (struct bsp_error){.status = BSP_OK};
	for (i = 0; i < PIECES; i++) {
		input[i].file = NULL;
		input[i].fd = -1;
	}
	taken = false;
	reading = true;
	if (setjmp(back) == 0) {
		reader();
		taken = true;
	}
	reading = false;
	must(taken || death.status == BSP_DATA || death.status == BSP_USAGE);
	must(taken || death.text[0] != '\0');
	for (i = 0; i < PIECES; i++)
		if (input[i].file != NULL)
			__real_fclose(input[i].file);
	for (i = 0; i < PIECES; i++)
		if (input[i].fd >= 0)
			close(input[i].fd);
	while (blocks.next != &blocks)
		__wrap_free(blocks.next + 1);
	return taken;
}

#endif
